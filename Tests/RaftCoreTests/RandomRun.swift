import RaftCore

/// A run of a cluster under a seed: messages are lost, doubled and reordered, disks are slow,
/// nodes crash and come back with what was synced, links are cut, and clients write and read.
struct RandomRun {
    var cluster: Cluster
    var checker: Checker
    var random: RandomSource
    /// Chances in a thousand, drawn for each seed so that whole kinds of trouble may be absent.
    private let lossChance: UInt64
    private let copyChance: UInt64
    private let crashChance: UInt64
    private let isOrdered: Bool
    private let changesMembers: Bool
    private var contexts: UInt64 = 0
    private(set) var crashes = 0
    private(set) var installs = 0
    private(set) var changes = 0
    /// Changes of members that were asked for and could not be begun.
    private(set) var refusals = 0

    init(seed: UInt64, nodes: Int, changesMembers: Bool) {
        var random = RandomSource(seed: seed)
        var options = RaftOptions()
        // Small limits, so that every one of them is met.
        options.appendEntriesMax = 3
        options.inflightMessagesMax = 3
        options.inflightBytesMax = 300
        options.uncommittedBytesMax = 1000
        options.entryBytesMax = 100
        options.retainedBytesMax = random.chance(1, in: 2) ? 0 : 200
        options.graceBytesMax = options.retainedBytesMax
        options.unappliedBytesMax = 400
        options.committedBytesMax = 120
        options.pendingReadsMax = 8
        lossChance = random.chance(1, in: 2) ? random.next(below: 200) : 0
        copyChance = random.chance(1, in: 2) ? random.next(below: 200) : 0
        crashChance = random.chance(3, in: 4) ? random.next(below: 12) : 0
        isOrdered = random.chance(1, in: 2)
        self.changesMembers = changesMembers
        let configuration =
            changesMembers
            ? ConfState(voters: [n1, n2, n3], learners: nodes > 3 ? [n4] : []) : nil
        cluster = Cluster(nodes, options: options, seed: seed, configuration: configuration)
        cluster.isDiskFast = false
        cluster.isApplyFast = false
        cluster.permitsDropping = changesMembers
        checker = Checker(nodes: nodes)
        self.random = random
    }

    /// One event, and every check.
    mutating func step() throws {
        let known = cluster.network
        let id = cluster.ids[Int(random.next(below: UInt64(cluster.nodes.count)))]
        switch random.next(below: 1000) {
        case ..<450: transport()
        case ..<560: cluster.persist(id, count: 1 + Int(random.next(below: 3)))
        case ..<650: cluster.apply(id, count: 1 + Int(random.next(below: 3)))
        case ..<800: passTime()
        case ..<870: write()
        case ..<910: read(id)
        case ..<940: trouble(id)
        case ..<960: cluster.compact(id)
        case ..<980: install(id)
        default: administer(id)
        }
        var fresh = cluster.network[...]
        for old in known { if let at = fresh.firstIndex(of: old) { fresh.remove(at: at) } }
        try checker.check(cluster, newMessages: fresh)
    }

    private mutating func transport() {
        guard !cluster.network.isEmpty else { return }
        // A network that forgets the oldest when too much is on its way.
        if cluster.network.count > 200 {
            for _ in 0..<50 { cluster.lose(cluster.network.removeFirst()) }
        }
        let count = UInt64(cluster.network.count)
        let position = isOrdered ? 0 : Int(random.next(below: min(count, 20)))
        if random.chance(lossChance, in: 1000) {
            cluster.lose(cluster.network.remove(at: position))
        } else if random.chance(copyChance, in: 1000) {
            cluster.hand(over: cluster.network[position])
        } else {
            cluster.deliver(at: position)
        }
    }

    private mutating func passTime() {
        cluster.now = cluster.now.advanced(nanoseconds: random.next(below: 12_000_000))
        for id in cluster.ids where cluster[id].isUp {
            guard let deadline = cluster[id].core.deadline, deadline <= cluster.now,
                random.chance(3, in: 4)
            else { continue }
            cluster.step(id, .timer)
        }
    }

    private mutating func write() {
        guard let leader = cluster.leaders.last else { return }
        for _ in 0...random.next(below: 3) {
            let text = "\(contexts)"
            contexts += 1
            // A refusal is as good an outcome as any other here.
            do { try cluster.propose(leader, text) } catch { return }
        }
    }

    private mutating func read(_ id: NodeID) {
        let target = random.chance(1, in: 2) ? id : cluster.leaders.first ?? id
        contexts += 1
        checker.readAsked(contexts)
        cluster.read(target, context: contexts)
    }

    private mutating func trouble(_ id: NodeID) {
        let other = cluster.ids[Int(random.next(below: UInt64(cluster.nodes.count)))]
        switch random.next(below: 8) {
        case 0, 1:
            if cluster[id].isUp {
                guard random.chance(crashChance, in: 12) else { return }
                crashes += 1
                cluster.crash(id, keepingWrites: Int(random.next(below: 3)))
                let loss: ConnectionLoss = random.chance(3, in: 4) ? .closed : .silent
                for peer in cluster.ids where peer != id {
                    cluster.step(peer, .connectionLost(id, loss))
                }
            } else {
                cluster.restart(id)
            }
        case 2:
            cluster.restart(id)
            for peer in cluster.ids where peer != id {
                cluster.step(peer, .connected(id))
                cluster.step(id, .connected(peer))
            }
        case 3: if other != id { cluster.cut.append([id, other]) }
        case 4: cluster.partition([id], cluster.ids.filter { $0 != id })
        case 5, 6: cluster.cut = []
        default:
            if other != id { cluster.step(id, .connectionLost(other, .closed)) }
        }
    }

    private mutating func install(_ id: NodeID) {
        guard cluster[id].isUp, cluster[id].installing != nil else { return }
        if random.chance(1, in: 4) {
            cluster[id].installing = nil
            cluster.step(id, .snapshotInstallFailed)
        } else {
            installs += 1
            cluster.install(id)
        }
    }

    private mutating func administer(_ id: NodeID) {
        guard let leader = cluster.leaders.last else { return }
        switch random.next(below: 6) {
        case 0: cluster.step(leader, .transferLeadership(to: id))
        case 1: cluster.step(leader, .transferLeadership(to: nil))
        case 2:
            cluster.step(
                id,
                random.chance(1, in: 2)
                    ? .storageFull(random.chance(1, in: 3)) : .barred(random.chance(1, in: 3)))
        default: if changesMembers { change(leader) }
        }
    }

    private mutating func change(_ leader: NodeID) {
        let now = cluster[leader].core.status.configuration
        if random.chance(1, in: 3), !now.isJoint {
            // What no operator can ask for: voters that were no learners before.
            let voters = cluster.ids.filter { _ in random.chance(2, in: 3) }
            let stays = now.voters.filter { !voters.contains($0) && random.chance(1, in: 2) }
            let next = ConfState(
                voters: voters, votersOutgoing: now.voters,
                learners: now.learners.filter { !voters.contains($0) }, learnersNext: stays)
            let moment = cluster.now
            do {
                if let made = try cluster[leader].core.proposeConfiguration(next, now: moment) {
                    changes += 1
                    cluster[leader].proposed.append(made)
                }
            } catch { refusals += 1 }
            return cluster.drain(leader)
        }
        do {
            _ = try cluster.change(leader, drawChange(now))
            changes += 1
        } catch { refusals += 1 }
    }

    private mutating func drawChange(_ now: ConfState) -> MembershipChange {
        let id = cluster.ids[Int(random.next(below: UInt64(cluster.nodes.count)))]
        switch random.next(below: 5) {
        case 0: return .addLearner(id)
        case 1: return .promote(now.learners.isEmpty ? [id] : now.learners)
        case 2: return .demote([id])
        case 3: return .remove(random.chance(1, in: 2) ? [id] : now.learners)
        default: return .replace(id, by: now.learners.first ?? id)
        }
    }

    /// Everything is mended: a leader must be found, and every node must come to the same state.
    mutating func recover() throws {
        cluster.cut = []
        cluster.isDiskFast = true
        cluster.isApplyFast = true
        for id in cluster.ids {
            cluster.step(id, .storageFull(false))
            cluster.step(id, .barred(false))
            cluster.restart(id)
            cluster.persist(id)
            cluster.apply(id)
            cluster.install(id)
        }
        for _ in 0..<60 {
            cluster.advance(50)
            cluster.settle()
            let known = cluster.network.count
            try checker.check(cluster, newMessages: cluster.network[known...])
            if let leader = cluster.leaders.last {
                do { try cluster.propose(leader, "end") } catch { continue }
                cluster.settle()
            }
        }
        cluster.advance(100)
        try checker.check(cluster, newMessages: [])
        guard cluster.leaders.count == 1, let leader = cluster.leaders.first else {
            throw Violation(description: "L1 leaders in the end: \(cluster.leaders)")
        }
        let members = cluster[leader].core.status.configuration.members
        for id in members where cluster[id].applied.last != cluster[leader].applied.last {
            throw Violation(description: "L2 \(id) stays behind: \(cluster[id].core.status)")
        }
        guard cluster[leader].core.status.commit == cluster[leader].core.status.last.index else {
            throw Violation(description: "L2 what was written last is not committed")
        }
    }
}
