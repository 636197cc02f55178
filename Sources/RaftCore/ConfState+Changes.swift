extension ConfState {
    /// Whether this can be a cluster: well-formed, within the bounds, and with voters.
    public var isValid: Bool {
        isWellFormed && !voters.isEmpty
            && [voters, votersOutgoing, learners, learnersNext].allSatisfy {
                $0.count <= Self.listCountMax
            }
    }

    /// Whether a node is a member, and stays one when a change that is under way has ended.
    func isStaying(_ node: NodeID) -> Bool {
        voters.contains(node) || learners.contains(node) || learnersNext.contains(node)
    }

    /// Whether `next` may follow this configuration, so that every quorum of the one meets every
    /// quorum of the other (S10).
    ///
    /// Voters change through a joint configuration only (dissertation §4.3): from a simple one
    /// into a joint one that keeps the old voters as its outgoing half, and from there into the
    /// incoming half. The single-server change (dissertation §4.1) is not offered: it is safe only
    /// with a guard that its first publication lacked, and it cannot replace a node in one go.
    /// Learners alone may change at once, since they are in no quorum.
    public func mayBeFollowed(by next: ConfState) -> Bool {
        guard isValid, next.isValid else { return false }
        switch (isJoint, next.isJoint) {
        case (false, false): return next.voters == voters
        case (false, true): return next.votersOutgoing == voters
        case (true, false):
            return next.voters == voters
                && next.learners == (learners + learnersNext).sorted()
        case (true, true): return false
        }
    }
}
