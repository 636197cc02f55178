import RaftCore
import Replica

// Who runs the machines: adds them, asks for changes of members, takes away what was removed.

extension SimulatedNode {
    /// Whether the machine runs, or is to run again.
    var isUsed: Bool {
        switch service {
        case .joining, .inUse, .leaving: true
        case .spare, .gone: false
        }
    }
}

extension World {
    /// How long a removed machine is left alone: it must disturb nobody.
    private static let lingering: UInt64 = 4_000_000

    /// Asks whoever leads for other members.
    func ask(for wanted: Fault.MemberChange) {
        let leader = nodes.first { $0.process?.glance.role == .leader }
        guard let leader, let process = leader.process,
            let change = change(wanted, process.replica.consensus.configuration)
        else { return }
        say(.fault, leader.index, "n\(leader.index + 1) is asked to \(change)")
        let ticket = takeTicket()
        changes[ticket] = change
        let deadline = leader.clock.steady(at: now).advanced(milliseconds: 10_000)
        give(.changeMembers(ticket, change, deadline: deadline), to: process, leader.index)
    }

    private func change(
        _ wanted: Fault.MemberChange, _ configuration: ConfState
    ) -> MembershipChange? {
        switch wanted {
        case .add: return newcomer().map { .addLearner($0) }
        case .promote(let all):
            let learners = configuration.learners
            return learners.isEmpty ? nil : .promote(all ? learners : [learners[0]])
        case .demote(let target): return .demote([voter(target, configuration)])
        case .remove(let target):
            let id = nodes[node(target)].id
            // Learners too.
            let isMember = configuration.members.contains(id)
            return .remove([isMember ? id : voter(target, configuration)])
        case .replace(let target):
            return configuration.learners.first.map {
                .replace(voter(target, configuration), by: $0)
            }
        }
    }

    private func voter(_ target: Fault.Target, _ configuration: ConfState) -> NodeID {
        let index = node(target)
        let voters = configuration.voters
        return voters.contains(nodes[index].id)
            ? nodes[index].id : voters[index % voters.count]
    }

    /// A machine that waits to be added, or one that is started for it.
    private func newcomer() -> NodeID? {
        if let waiting = nodes.first(where: { $0.service == .joining }) { return waiting.id }
        guard let spare = nodes.first(where: { $0.service == .spare }) else { return nil }
        spare.service = .joining
        say(.process, spare.index, "n\(spare.index + 1) is new, and knows nobody")
        schedule(.start(node: spare.index), in: 1)
        for peer in nodes where peer.index != spare.index {
            guard let process = peer.process else { continue }
            schedule(
                .dial(from: peer.index, to: spare.index, epoch: process.epoch),
                in: 1_000 + latency(peer.index, spare.index))
        }
        return spare.id
    }

    /// A change was answered.
    func changed(_ ticket: Ticket, _ completion: MembershipCompletion, _ node: Int) {
        nodes[node].process?.waiting.remove(ticket)
        guard changes.removeValue(forKey: ticket) != nil else { return }
        say(.fault, node, "the change of members is \(completion)")
        switch completion {
        case .done(let configuration, let index):
            counters[.changesDone] += 1
            oracle.changed(to: configuration, at: index)
            lookForRemoved()
        case .refused: counters[.changesRefused] += 1
        case .replaced, .unknown: break
        }
    }

    /// Finds out what has become of the machines, from what is committed.
    func lookForRemoved() {
        let members = oracle.configuration.members
        for node in nodes {
            switch node.service {
            case .joining where members.contains(node.id):
                node.service = .inUse
                counters[.nodesAdded] += 1
            case .inUse where !members.contains(node.id):
                node.service = .leaving
                counters[.nodesRemoved] += 1
                schedule(.remove(node: node.index), in: 1 + node.random.upTo(Self.lingering))
            case .spare, .joining, .inUse, .leaving, .gone: break
            }
        }
    }

    /// Takes a machine away for good.
    func takeAway(_ index: Int) {
        let node = nodes[index]
        guard node.service == .leaving else { return }
        // Somebody may have added it again meanwhile, which is an ordinary addition.
        guard !oracle.configuration.members.contains(node.id) else {
            node.service = .inUse
            return
        }
        say(.process, index, "n\(index + 1) is taken away")
        node.service = .gone
        end(index, .powerLoss, restartAfter: 0)
        oracle.forget(index)
    }

    /// Rule 7 of leases: who is dropped by the entry that was just appended holds none.
    func checkDropped(_ id: NodeID, by leader: Int) {
        let node = nodes[Int(id.rawValue) - 1]
        guard let lease = leases[node.index], node.clock.steady(at: now) < lease.end else {
            return
        }
        oracle.fail("lease 7", "n\(leader + 1) drops \(id), which holds a lease")
    }
}
