import RaftCore

/// What has a chance of its own, so that a change in one place leaves the chance of the others as
/// it was: a plan with one fault less is much the same run.
enum ChanceDomain: UInt64 {
    case node = 1
    case link, client, front
}

extension RandomSource {
    /// The chance of one thing in the world of a seed.
    init(_ seed: UInt64, _ domain: ChanceDomain, _ index: Int) {
        var mixed = RandomSource(seed: seed ^ (domain.rawValue << 56) ^ (UInt64(index) << 40))
        self.init(seed: mixed.next())
    }

    /// A number from 0 up to and with `maximum`.
    mutating func upTo(_ maximum: UInt64) -> UInt64 { next(below: maximum + 1) }

    /// A delay: a minimum, a usual spread, and seldom a long tail.
    mutating func delay(_ minimum: UInt64, _ spread: UInt64, tail: UInt64, oneIn rarity: UInt64)
        -> UInt64
    {
        let usual = minimum + upTo(spread)
        guard tail > 0, chance(1, in: rarity) else { return usual }
        return usual + upTo(tail)
    }
}
