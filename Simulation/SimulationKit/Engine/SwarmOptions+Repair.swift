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

    /// Has answers of disks outlive truncations: a leader with a slow disk is cut off, goes on
    /// appending for as long as it may lead unheard, and is back while its disk is still slow. It
    /// hears of the new term by a heartbeat, and has its entries replaced while that term is being
    /// written, with which the disk will answer for all that the log had.
    mutating func overtakeDisks() {
        isOvertaken = true
        slowDiskEvery = 1_000_000
        syncMin = min(syncMin, 1_000)
        clients = 16
        thinkTime = 160_000
        readShare = 16
        deadline = max(deadline, 1_000)
        raft.appendEntriesMax = 1_024
    }
}
