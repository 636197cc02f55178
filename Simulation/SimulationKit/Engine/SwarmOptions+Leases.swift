import RaftCore

extension SwarmOptions {
    /// How wrong a clock runs, in parts per million, by a number drawn up to twice the most.
    func drift(_ drawn: UInt64) -> Int64 {
        let most = Int64(driftMax)
        guard isDriftExtreme else { return Int64(drawn) - most }
        return drawn.isMultiple(of: 2) ? most : -most
    }

    /// What read leases have to bear, by a chance of its own, so that everything else of a seed is
    /// the same without it.
    mutating func drawLeases(_ seed: UInt64, returns: Bool) {
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
        // The ratio of any two clocks is then 1 or 1.247: just what leases promise to bear.
        if pick(oneIn: 5, [1]) == 1 {
            isDriftExtreme = true
            driftMax = 110_000
        }
        // What was answered before the next leader was elected then comes after its wait.
        if pick(oneIn: 8, [1]) == 1 {
            isAnsweredLate = true
            slowLinkEvery = 1_500_000
            leaseMilliseconds = 50
        }
        // Grants of before a power cut, to a node that is back at once and behind.
        if pick(oneIn: 6, [1]) == 1 || returns {
            drawReturns(pick(oneIn: 1, [500_000, 1_500_000]))
        }
    }

    private mutating func drawReturns(_ interval: UInt64) {
        leaseDelayMax = 1_000_000
        isOutlivingRestarts = true
        coldApplyMax = 400_000
        powerLossEvery = interval
        restartMax = 100_000
        leaseMilliseconds = 2_000
    }
}
