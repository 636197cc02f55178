import RaftCore

extension SwarmOptions {
    /// What read leases have to bear, by a chance of its own, so that everything else of a seed is
    /// the same without it.
    mutating func drawLeases(_ seed: UInt64) {
        var random = RandomSource(seed: seed ^ 0x4C45_4153_4553_2121)
        func pick(oneIn rarity: UInt64, _ values: [UInt64]) -> UInt64 {
            let value = values[Int(random.next(below: UInt64(values.count)))]
            return random.chance(1, in: rarity) ? value : 0
        }
        leaseDelayMax = pick(oneIn: 4, [20_000, 200_000, 1_000_000])
        isOutlivingRestarts = pick(oneIn: 4, [1]) == 1
        coldApplyMax = pick(oneIn: 4, [20_000, 100_000, 400_000])
        dawdleMax = pick(oneIn: 2, [2_000, 50_000, 1_000_000])
        isPrying = pick(oneIn: 2, [1]) == 1
    }
}
