import ByteCodec
import RaftCore
import Replica

/// A node's clocks: a steady one that runs at its own speed from its own zero, and a wall clock
/// that is also wrong, and is stepped.
struct NodeClock {
    /// Nanoseconds of the node for 2³² nanoseconds of the world.
    private var rate: UInt64 = 1 << 32
    private var zero: UInt64
    /// What the wall clock shows too much, in milliseconds.
    var wallError: Int64

    private static let worldBegins: Int64 = 1_750_000_000_000

    init(zero: UInt64, driftPartsPerMillion: Int64, wallError: Int64) {
        self.zero = zero
        self.wallError = wallError
        rate = UInt64(Int64(1 << 32) + (Int64(1 << 32) / 1_000_000) * driftPartsPerMillion)
    }

    /// The steady clock at a moment of the world, given in microseconds.
    func steady(at world: UInt64) -> SteadyTime {
        let product = (world * 1_000).multipliedFullWidth(by: rate)
        return SteadyTime(nanoseconds: zero + (product.high << 32 | product.low >> 32))
    }

    /// The first moment of the world at which the steady clock shows `time` or later.
    func world(at time: SteadyTime) -> UInt64 {
        guard time.nanoseconds > zero else { return 0 }
        let passed = time.nanoseconds - zero
        let dividend = (high: passed >> 32, low: passed << 32)
        let nanoseconds = rate.dividingFullWidth(dividend).quotient
        // Rounded up, twice, and then to be sure.
        var moment = nanoseconds / 1_000
        while steady(at: moment) < time { moment += 1 }
        return moment
    }

    func wall(at world: UInt64) -> Timestamp {
        Timestamp(milliseconds: UInt64(max(1, Self.worldBegins + Int64(world / 1_000) + wallError)))
    }

    func clocks(at world: UInt64) -> ReplicaClocks {
        ReplicaClocks(steady: steady(at: world), wall: wall(at: world))
    }
}
