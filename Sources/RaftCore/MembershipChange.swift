/// What is to be changed about who belongs to the cluster (dissertation §4).
public enum MembershipChange: Equatable, Sendable {
    /// A node that is no member receives the log from now on, and does not vote.
    case addLearner(NodeID)
    /// Learners become voters, together.
    case promote([NodeID])
    /// Voters become learners, together.
    case demote([NodeID])
    /// Voters or learners cease to be members, together.
    case remove([NodeID])
    /// A learner becomes a voter in the place of one that ceases to be a member, in one go: the
    /// number of voters never differs.
    case replace(NodeID, by: NodeID)
}

/// Why a change of members was not begun. Nothing of it is in any log.
public enum MembershipRefusal: Error, Equatable, Sendable {
    /// Another node leads, or nobody does.
    case notLeader(leader: NodeID?)
    /// Leadership is being handed over: try again shortly, at the new leader.
    case transferring
    /// The disk is full.
    case storageFull
    /// This leader does not know yet what was committed before its term (Ongaro 2015).
    case termNotCommitted
    /// The configuration before is not committed.
    case changeNotCommitted
    /// A joint configuration is in force: the change before is not finished.
    case changeUnderWay
    /// It is no member.
    case unknown(NodeID)
    /// It is a member already.
    case alreadyMember(NodeID)
    /// It is no learner.
    case notLearner(NodeID)
    /// It does not vote.
    case notVoter(NodeID)
    /// Nobody is named, or somebody twice, or node 0.
    case malformed
    /// Nobody would vote.
    case noVoterLeft
    /// There would be more than `ConfState.listCountMax` of a kind.
    case tooManyMembers
    /// The leader has not heard it lately.
    case notActive(NodeID)
    /// It lacks this many of the committed entries.
    case notCaughtUp(NodeID, missing: UInt64)
    /// Too few of those who would vote are heard: nothing could be committed any more.
    case quorumOutOfReach
}

/// A change of members that was begun.
public struct MembershipStep: Equatable, Sendable {
    /// The first entry of it.
    public var entry: EntryID
    /// The configuration in which it ends, which is that of the entry or the one behind it.
    public var final: ConfState
    public init(entry: EntryID, final: ConfState) {
        self.entry = entry
        self.final = final
    }
}

extension MembershipChange {
    /// Who would become a voter.
    var promoted: [NodeID] {
        switch self {
        case .promote(let nodes): nodes
        case .replace(_, let node): [node]
        case .addLearner, .demote, .remove: []
        }
    }

    private var named: [NodeID] {
        switch self {
        case .addLearner(let node): [node]
        case .promote(let nodes), .demote(let nodes), .remove(let nodes): nodes
        case .replace(let old, let new): [old, new]
        }
    }

    fileprivate var isWellFormed: Bool {
        let sorted = named.sorted()
        return !sorted.isEmpty && sorted[0] != NodeID(0)
            && zip(sorted, sorted.dropFirst()).allSatisfy { $0 < $1 }
    }

    fileprivate func changed(_ present: ConfState) throws(MembershipRefusal) -> ConfState {
        var next = present
        if case .addLearner(let node) = self {
            guard !present.members.contains(node) else { throw .alreadyMember(node) }
            next.learners = (next.learners + [node]).sorted()
            return next
        }
        next.votersOutgoing = present.voters
        switch self {
        case .addLearner: break
        case .promote(let nodes):
            for node in nodes { try next.promote(node) }
        case .demote(let nodes):
            for node in nodes {
                try next.retire(node)
                next.learnersNext = (next.learnersNext + [node]).sorted()
            }
        case .remove(let nodes):
            for node in nodes {
                guard present.members.contains(node) else { throw .unknown(node) }
                if present.voters.contains(node) {
                    try next.retire(node)
                } else {
                    next.learners.removeAll { $0 == node }
                    next.learnersOutgoing = (next.learnersOutgoing + [node]).sorted()
                }
            }
        case .replace(let old, let new):
            try next.retire(old)
            try next.promote(new)
        }
        return next
    }
}

extension ConfState {
    /// The configuration that begins a change: joint if the voters change or somebody leaves.
    ///
    /// - Precondition: this one is not joint.
    /// - Throws: what is wrong with the change itself.
    public func following(_ change: MembershipChange) throws(MembershipRefusal) -> ConfState {
        precondition(!isJoint, "a change within a change")
        guard change.isWellFormed else { throw .malformed }
        let next = try change.changed(self)
        guard !next.voters.isEmpty else { throw .noVoterLeft }
        guard next.isValid, next.left.isValid else { throw .tooManyMembers }
        precondition(mayBeFollowed(by: next), "\(next) behind \(self)")
        return next
    }

    fileprivate mutating func promote(_ node: NodeID) throws(MembershipRefusal) {
        guard members.contains(node) else { throw .unknown(node) }
        guard learners.contains(node) else { throw .notLearner(node) }
        learners.removeAll { $0 == node }
        voters = (voters + [node]).sorted()
    }

    /// Takes a voter out of the incoming half.
    fileprivate mutating func retire(_ node: NodeID) throws(MembershipRefusal) {
        guard members.contains(node) else { throw .unknown(node) }
        guard voters.contains(node) else { throw .notVoter(node) }
        voters.removeAll { $0 == node }
    }
}
