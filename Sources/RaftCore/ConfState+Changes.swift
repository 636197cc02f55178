extension ConfState {
    /// Whether this can be a cluster: well-formed, within the bounds, and with voters.
    public var isValid: Bool {
        isWellFormed && !voters.isEmpty && lists.allSatisfy { $0.count <= Self.listCountMax }
    }

    /// Whether this names nobody: what a node knows that is to join a cluster, before it has heard
    /// anything of it. It follows whoever leads, and neither campaigns nor is counted.
    public var isEmpty: Bool { lists.allSatisfy(\.isEmpty) }

    /// Whether a node is a member, and stays one when a change that is under way has ended.
    func isStaying(_ node: NodeID) -> Bool {
        voters.contains(node) || learners.contains(node) || learnersNext.contains(node)
    }

    /// Whether a node belongs to it in any way.
    public func isMember(_ node: NodeID) -> Bool {
        isVoter(node) || isLearner(node)
    }

    /// Whether a node only receives the log.
    public func isLearner(_ node: NodeID) -> Bool {
        learners.contains(node) || learnersOutgoing.contains(node)
    }

    /// Who is no member any more when this joint configuration is left, sorted.
    public var leaving: [NodeID] {
        // Asked after every event of a leader that is not changing anything.
        isJoint ? (votersOutgoing + learnersOutgoing).filter { !isStaying($0) }.sorted() : []
    }

    /// What a joint configuration becomes when it is left: its incoming half.
    public var left: ConfState {
        ConfState(voters: voters, learners: learners + learnersNext)
    }

    /// Whether `next` may follow this configuration, so that every quorum of the one meets every
    /// quorum of the other (S10), and nobody ceases to be a member who was not leaving before
    /// (docs/lease.md, rule 7).
    ///
    /// Voters change through a joint configuration only (dissertation §4.3): from a simple one
    /// into a joint one that keeps the old voters as its outgoing half, and from there into the
    /// incoming half. The single-server change (dissertation §4.1) is not offered: it is safe only
    /// with a guard that its first publication lacked, and it cannot replace a node in one go.
    /// Learners may be added at once, since they are in no quorum.
    public func mayBeFollowed(by next: ConfState) -> Bool {
        guard isValid, next.isValid else { return false }
        switch (isJoint, next.isJoint) {
        case (false, false):
            return next.voters == voters && learners.allSatisfy(next.learners.contains)
        case (false, true):
            return next.votersOutgoing == voters && learners.allSatisfy(next.members.contains)
        case (true, false): return next == left
        case (true, true): return false
        }
    }
}
