import RaftCore

extension SwarmOptions {
    /// What makes repair necessary, by a chance of its own: entries that are damaged in the log
    /// before the state has them. Where each batch is in the state at once there are hardly any.
    mutating func drawDamage(_ seed: UInt64) {
        // One entry at a time would be less than clients ask for, and then nothing is in time ever.
        guard damageEvery > 0, raft.committedBytesMax > 1 else { return }
        var random = RandomSource(seed: seed ^ 0x5245_5041_4952_2121)
        func pick(_ values: [UInt64]) -> UInt64 {
            values[Int(random.next(below: UInt64(values.count)))]
        }
        applySpread = pick([applySpread, 30_000, 60_000])
        guard random.chance(2, in: 3) else { return }
        slowAppliers = (nodes - 1) / 2
        slowApplyMax = pick([100_000, 400_000])
    }
}
