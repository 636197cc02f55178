import AuthCore
import RaftCore

// Who belongs to the cluster, as the onlooker sees it: by every node's log and not by what its core
// makes of it (S10, and rule 7 of leases).

extension Oracle {
    /// The configuration that is in force on a node: the last one in its log.
    func inForce(_ node: Int) -> ConfState {
        guard let last = views[node].configurations.last else {
            preconditionFailure("n\(node + 1) never started")
        }
        return last.configuration
    }

    /// Whether a node's quorum may be these, by what was in force at some moment of its turn.
    func mayCount(_ node: Int, _ holders: Set<NodeID>) -> Bool {
        inForce(node).isQuorum(holders)
            || views[node].configurationsBefore.last?.configuration.isQuorum(holders) == true
    }

    /// Whether a node votes by its log, or did before an entry that it does not know to be
    /// committed (dissertation §4.2.2).
    func mayCampaign(_ node: Int) -> Bool {
        let id = NodeID(UInt64(node + 1))
        let seen = views[node].configurations
        guard let last = seen.last, !last.configuration.isVoter(id) else { return true }
        return last.index > views[node].commit
            && seen.dropLast().last?.configuration.isVoter(id) == true
    }

    /// A node begins with a state, and entries some of which lie behind it.
    func begin(
        _ node: Int, _ state: StateMeta, _ entries: [Entry], from index: LogIndex? = nil
    ) {
        let index = index ?? state.applied.index
        views[node].configurations = [.init(index: index, configuration: state.configuration)]
        for entry in entries where entry.index > index { note(node, entry) }
        views[node].configurationsBefore = views[node].configurations
        views[node].configurationsMade = 0
    }

    /// An entry comes into a node's log, in the place of what was there.
    func note(_ node: Int, _ entry: Entry) {
        while let last = views[node].configurations.last, last.index >= entry.index,
            views[node].configurations.count > 1
        {
            views[node].configurations.removeLast()
        }
        guard let next = entry.configurationHeld else { return }
        views[node].configurations.append(.init(index: entry.index, configuration: next))
        if views[node].role == .leader, entry.term == views[node].term {
            views[node].configurationsMade += 1
        }
    }

    /// Checks the configurations that a leader has appended in its turn, and says who ceases to be
    /// a member by them.
    func configured(_ node: Int, _ glance: RaftGlance) -> [NodeID] {
        let made = views[node].configurationsMade
        guard made > 0, glance.role == .leader else { return [] }
        let seen = views[node].configurations
        var dropped: [NodeID] = []
        for (before, next) in zip(seen, seen.dropFirst()).suffix(made) {
            let (old, new) = (before.configuration, next.configuration)
            if !old.everyQuorumMeets(new) {
                fail("S10", "n\(node + 1) puts \(new) behind \(old)")
            }
            if before.index > glance.commit {
                fail("S10", "n\(node + 1) changes members twice at once")
            }
            if entry(at: glance.commit)?.term != glance.term {
                fail("S10", "n\(node + 1) changes members before it has committed in its term")
            }
            let gone = old.members.filter { !new.members.contains($0) }
            if let early = gone.first(where: { old.keeps($0) }) {
                fail("lease 7", "n\(node + 1) drops \(early), which was not leaving")
            }
            dropped += gone
        }
        return dropped
    }

    /// A node grants a lease (rule 7): to a member that stays one, in the committed configuration
    /// and in every later one of the leader's log.
    func grants(_ node: Int, to peer: NodeID) {
        let commit = views[node].commit
        // It may have become one, or ceased to be one, in this very turn.
        let isLasting = [views[node].configurationsBefore, views[node].configurations].contains {
            let from = $0.lastIndex { $0.index <= commit } ?? 0
            return $0[from...].allSatisfy { $0.configuration.keeps(peer) }
        }
        if !isLasting {
            fail("lease 7", "n\(node + 1) grants a lease to \(peer), which may not hold one")
        }
    }

    /// A change of members was said to have ended, with this configuration at this index.
    func changed(to final: ConfState, at index: LogIndex) {
        if final.isJoint || index > lastCommitted.index {
            fail("S10", "a change has ended in \(final) at \(index.rawValue)")
        }
    }

    /// A machine was taken away for good.
    func forget(_ node: Int) { views[node] = NodeView() }
}

extension ConfState {
    /// Whether a set of nodes is a quorum, by a way of its own.
    func isQuorum(_ nodes: Set<NodeID>) -> Bool {
        guard !voters.isEmpty else { return false }
        return [voters, votersOutgoing].allSatisfy { half in
            half.isEmpty || 2 * half.count(where: nodes.contains) > half.count
        }
    }

    /// Whether a node is a member and stays one, by a way of its own.
    fileprivate func keeps(_ node: NodeID) -> Bool {
        [voters, learners, learnersNext].contains { $0.contains(node) }
    }

    /// Whether no quorum of the one and quorum of the other are apart: every set of nodes and the
    /// rest are tried.
    fileprivate func everyQuorumMeets(_ other: ConfState) -> Bool {
        let all = Set(voters + votersOutgoing + other.voters + other.votersOutgoing).sorted()
        return (0..<(1 << all.count)).allSatisfy { mask in
            let some = Set(all.indices.filter { mask >> $0 & 1 == 1 }.map { all[$0] })
            return !(isQuorum(some) && other.isQuorum(Set(all).subtracting(some)))
        }
    }
}

extension Entry {
    /// The configuration that the entry holds; nil for another kind.
    var configurationHeld: ConfState? {
        guard kind == .configuration else { return nil }
        do {
            return try ConfState(decoding: payload)
        } catch {
            preconditionFailure("an unreadable configuration at \(index.rawValue): \(error)")
        }
    }
}
