import ByteCodec
import RaftCore
import Replica

/// A node's clocks: a steady one that runs at its own speed from its own zero, and a wall clock
/// that is also wrong, and is stepped. The steady one never goes back, but may stand still.
struct NodeClock {
    // Nanoseconds of the node for 2³² nanoseconds of the world, while it does not stand still.
    private var rate: UInt64
    // What it showed when its speed last changed, and when that was.
    private var shown: UInt64
    private var since: UInt64 = 0
    private var isFrozen = false
    /// What the wall clock shows too much, in milliseconds.
    var wallError: Int64

    private static let worldBegins: Int64 = 1_750_000_000_000

    init(zero: UInt64, driftPartsPerMillion: Int64, wallError: Int64) {
        shown = zero
        self.wallError = wallError
        rate = Self.rate(driftPartsPerMillion)
    }

    private static func rate(_ partsPerMillion: Int64) -> UInt64 {
        UInt64(Int64(1 << 32) + (Int64(1 << 32) / 1_000_000) * partsPerMillion)
    }

    /// The steady clock at a moment of the world, given in microseconds.
    func steady(at world: UInt64) -> SteadyTime {
        guard !isFrozen else { return SteadyTime(nanoseconds: shown) }
        let product = ((world - since) * 1_000).multipliedFullWidth(by: rate)
        return SteadyTime(nanoseconds: shown + (product.high << 32 | product.low >> 32))
    }

    /// The first moment of the world at which the steady clock shows `time` or later; nil while it
    /// stands still before that.
    func world(at time: SteadyTime) -> UInt64? {
        guard time.nanoseconds > shown else { return since }
        guard !isFrozen else { return nil }
        let passed = time.nanoseconds - shown
        let dividend = (high: passed >> 32, low: passed << 32)
        let nanoseconds = rate.dividingFullWidth(dividend).quotient
        // Rounded up, twice, and then to be sure.
        var moment = since + nanoseconds / 1_000
        while steady(at: moment) < time { moment += 1 }
        return moment
    }

    /// Runs at another speed from now on.
    mutating func drift(_ partsPerMillion: Int64, at world: UInt64) {
        settle(at: world)
        rate = Self.rate(partsPerMillion)
    }

    /// Stands still from now on.
    mutating func freeze(at world: UInt64) {
        settle(at: world)
        isFrozen = true
    }

    /// Goes on, if it stood still.
    mutating func thaw(at world: UInt64) {
        settle(at: world)
        isFrozen = false
    }

    private mutating func settle(at world: UInt64) {
        shown = steady(at: world).nanoseconds
        since = world
    }

    func wall(at world: UInt64) -> Timestamp {
        Timestamp(milliseconds: UInt64(max(1, Self.worldBegins + Int64(world / 1_000) + wallError)))
    }

    func clocks(at world: UInt64) -> ReplicaClocks {
        ReplicaClocks(steady: steady(at: world), wall: wall(at: world))
    }
}
