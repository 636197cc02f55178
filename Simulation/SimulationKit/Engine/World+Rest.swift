import RaftCore
import Replica
import StateStore

// The second phase: everything heals, and then everything must come to rest.

extension World {
    /// A look from time to time.
    func checkUp() {
        guard !isFinished else { return }
        oracle.prune()
        checkReleases()
        checkBounds()
        for node in nodes.indices where shown[node] != nodes[node].store.applied.index {
            preconditionFailure("n\(node + 1) shows another state than is noted")
        }
        lookForRemoved()
        schedule(.check, in: 1_000_000)
    }

    /// Faults end: links heal, machines run, disks have room.
    func calmDown() {
        isStormy = false
        say(.fault, nil, "the storm is over")
        for number in cuts.indices {
            // As often as it was imposed; a flapping link may still do so once more.
            while cuts[number].contains(where: { network[link: $0.from, $0.to].cuts > 0 }) {
                heal(number)
            }
        }
        for number in slowdowns.indices { linksRecover(number) }
        for index in nodes.indices where !nodes[index].isCasualty && nodes[index].isUsed {
            let node = nodes[index]
            node.slowExtra = 0
            node.disk.failsNextSync = false
            thaw(index)
            node.disk.capacityBytes = options.diskBytes
            if let process = node.process { resume(index, process.epoch) }
            upgradeAtLast(node)
            if node.process == nil {
                node.isRestartScheduled = true
                schedule(.start(node: index), in: node.random.upTo(100_000))
            }
        }
        if plan.workload == .drawn {
            for client in clients.indices where clients[client].state == .idle {
                schedule(.client(client), in: clients[client].random.upTo(100_000))
            }
        }
        acknowledgedBeforeCalm = counters[.writesAcknowledged]
        // Who was told to stop in the storm takes up to 4 s to end.
        let asking = 10_000_000 + longestCatchUp()
        quietFrom = now + asking
        schedule(.deadline, in: asking + patience * 2_000 + 10_000_000)
    }

    /// How long the node that is furthest behind applies what is committed, in microseconds, if
    /// that takes so long that no write would be answered while clients ask: 0 for less than 5 s.
    /// A node that ends all the time has begun to apply again and again, and not come far.
    private func longestCatchUp() -> UInt64 {
        let behind = nodes.map { node -> UInt64 in
            let applied = node.store.applied.index
            guard !node.isCasualty, node.isUsed, node.store.lost == nil,
                oracle.lastCommitted.index > applied
            else { return 0 }
            return oracle.lastCommitted.index.distance(from: applied)
        }
        let time = timeToApply(behind.max() ?? 0)
        return time < 5_000_000 ? 0 : time
    }

    /// The time that applying so many entries one by one takes at most, in microseconds.
    private func timeToApply(_ count: UInt64) -> UInt64 {
        let turn = options.turnDelayMax + options.applyMin + options.applySpread
        return count * (turn + options.applyTail / 128)
    }

    /// The end of a run; or, once, a while before it, where a node has everything and has yet to
    /// apply it. In a world whose batches are of one entry, on a node that applies slowly, that
    /// takes longer than the rest of the calm.
    func comeToRest() {
        let waiting = nodes.map { node -> UInt64 in
            let applied = node.store.applied.index
            guard let commit = node.process?.glance.commit, commit > applied else { return 0 }
            return commit.distance(from: applied)
        }
        guard !hasWaitedForAppliers, let longest = waiting.max(), longest > 0 else {
            return checkRest()
        }
        hasWaitedForAppliers = true
        schedule(.deadline, in: timeToApply(longest))
    }

    /// By now all that was asked is answered, somebody leads, and all are the same.
    private func checkRest() {
        isFinished = true
        for node in nodes { if let process = node.process { dutiesEnd(process) } }
        oracle.fail(options.isPastPromises ? nil : history.finish())
        for client in clients where client.state != .idle {
            oracle.fail("L2", "client \(client.index) still waits for an answer")
        }
        guard !options.isPastPromises else { return }
        let leaders = nodes.filter { $0.process?.glance.role == .leader }
        if leaders.count != 1 { oracle.fail("L1", "\(leaders.count) nodes lead at the end") }
        if oracle.configuration.isJoint { oracle.fail("L2", "a change of members never ended") }
        for node in nodes
        where !node.isCasualty && oracle.configuration.members.contains(node.id) {
            guard let process = node.process else {
                oracle.fail("L5", "n\(node.index + 1) is not up at the end")
                continue
            }
            if node.store.lost != nil {
                oracle.fail("L2", "n\(node.index + 1) has no state at the end")
                continue
            }
            // What only others can tell takes a checkpoint.
            if !isHurtOverdue(node) { continue }
            oracle.setHurt(node.index, false)
            let glance = process.glance
            if glance.isRepairing {
                oracle.fail("R8", "n\(node.index + 1) has not repaired its log at the end")
            }
            if node.hasLatentDamage {
                oracle.fail("R10", "n\(node.index + 1) has not found the damage of its log")
            }
            if glance.leader != leaders.first?.id {
                oracle.fail("L1", "n\(node.index + 1) follows \(String(describing: glance.leader))")
            }
            if node.store.applied != oracle.lastCommitted {
                oracle.fail(
                    "L2",
                    "n\(node.index + 1) stands at \(node.store.applied), committed is "
                        + "\(oracle.lastCommitted)")
            }
            oracle.compare(node.index, node.store)
            twin(node) { try $0.compare(node.store) }
            counters[.comparisons] += 1
        }
        http?.finish()
        if writesBegunInCalm > 0, counters[.writesAcknowledged] == acknowledgedBeforeCalm {
            oracle.fail("L2", "no write was acknowledged after the storm")
        }
    }
}
