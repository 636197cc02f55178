public import ByteCodec
import Dispatch
internal import Foundation
public import RaftCore

/// The clocks of this process, read afresh each time.
public struct NodeClock: Sendable {
    private let origin = ContinuousClock.now

    /// A clock whose steady readings count from now.
    public init() {}

    /// The steady clock. It counts suspended time (`CLOCK_BOOTTIME`), as leases need it.
    public var steady: SteadyTime {
        let (seconds, attoseconds) = origin.duration(to: .now).components
        // Starts above zero, so that a moment before the start can be written.
        return SteadyTime(
            nanoseconds: 1_000_000_000 + UInt64(seconds) * 1_000_000_000
                + UInt64(attoseconds / 1_000_000_000))
    }

    /// The wall clock.
    public var wall: Timestamp {
        Timestamp(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1000)))
    }

    /// When to wake up for a deadline on the steady clock, for a thread that sleeps.
    func wakeUp(at deadline: SteadyTime) -> DispatchTime {
        .now() + .nanoseconds(Int(deadline.nanoseconds(since: steady)))
    }
}
