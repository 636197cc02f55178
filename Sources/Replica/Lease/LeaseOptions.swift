internal import ByteCodec

/// How long read leases last, and how far clocks are trusted (docs/lease.md).
public struct LeaseOptions: Equatable, Sendable {
    /// L: a lease ends at most so long after the heartbeats on whose answers it rests.
    public var milliseconds: UInt64 = 2_000
    /// ε: by how much the clocks of any two nodes may differ in their rates over the span of a
    /// lease. 25 covers what chrony and the kernel slew at most, on both nodes at once.
    public var clockRatePercent: UInt64 = 25

    public init() {}

    /// How long whoever grants or inherits a lease of a duration waits for its end: d·(1+ε),
    /// rounded up.
    func wait(forNanoseconds duration: UInt64) -> UInt64 {
        let percent = Planted.leaseWithoutRateBound.isOn ? 0 : clockRatePercent
        return duration + (duration * percent + 99) / 100
    }

    /// L in nanoseconds.
    var nanoseconds: UInt64 { milliseconds * 1_000_000 }
}
