/// What an entry holds.
public enum EntryKind: UInt8, Sendable {
    /// A command for the state machine.
    case command = 0
    /// A configuration of the cluster.
    case configuration = 1
    /// Nothing: a leader's first entry in its term (Raft §8).
    case empty = 2
}

/// One entry of the replicated log. The payload is shared, never copied, on its way to the disk
/// and to every follower.
public struct Entry: Equatable, Sendable {
    public let index: LogIndex
    public let term: Term
    public let kind: EntryKind
    public let payload: [UInt8]

    public init(index: LogIndex, term: Term, kind: EntryKind, payload: [UInt8]) {
        self.index = index
        self.term = term
        self.kind = kind
        self.payload = payload
    }

    /// What the entry counts against limits in bytes: its payload and a fixed overhead.
    public var sizeBytes: Int { Self.sizeBytes(payload: payload.count) }
    /// What an entry with a payload of `byteCount` bytes counts.
    public static func sizeBytes(payload byteCount: Int) -> Int { byteCount + 32 }
}

/// Index and term of an entry, which name it for ever (Raft §5.3, log matching).
public struct EntryID: Hashable, Sendable {
    public let index: LogIndex
    public let term: Term
    public init(index: LogIndex, term: Term) {
        self.index = index
        self.term = term
    }
    /// Before the first entry.
    public static let zero = EntryID(index: .zero, term: .zero)
    /// Whether a log that ends here is at least as up to date as one that ends at `other`
    /// (Raft §5.4.1).
    public func isAtLeastAsUpToDate(as other: EntryID) -> Bool {
        (term, index) >= (other.term, other.index)
    }
}

/// What a node must not forget (Raft figure 2, persistent state), with the commit index as a hint.
public struct HardState: Equatable, Sendable {
    public var term: Term
    public var vote: NodeID?
    public var commit: LogIndex
    public init(term: Term = .zero, vote: NodeID? = nil, commit: LogIndex = .zero) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }
}

/// Who belongs to the cluster (dissertation §4.3, joint consensus). Every list is sorted and has
/// no repetitions; a node is a voter, a learner, or neither.
public struct ConfState: Hashable, Sendable {
    /// The voters, of the incoming half in a joint configuration.
    public var voters: [NodeID]
    /// The voters of the outgoing half; empty outside a joint configuration.
    public var votersOutgoing: [NodeID]
    /// Nodes that receive the log and do not vote (dissertation §4.2.1).
    public var learners: [NodeID]
    /// Outgoing voters that become learners when the joint configuration is left.
    public var learnersNext: [NodeID]
    /// Learners that are no members any more when the joint configuration is left. A learner is
    /// removed in two steps like a voter, since it may hold a lease (docs/lease.md, rule 7).
    public var learnersOutgoing: [NodeID]

    public init(
        voters: [NodeID], votersOutgoing: [NodeID] = [], learners: [NodeID] = [],
        learnersNext: [NodeID] = [], learnersOutgoing: [NodeID] = []
    ) {
        self.voters = voters.sorted()
        self.votersOutgoing = votersOutgoing.sorted()
        self.learners = learners.sorted()
        self.learnersNext = learnersNext.sorted()
        self.learnersOutgoing = learnersOutgoing.sorted()
    }

    /// Whether two quorums are needed. Both halves may be the same, where only learners leave.
    public var isJoint: Bool { !votersOutgoing.isEmpty }
    /// Everybody, sorted.
    public var members: [NodeID] {
        // Asked after every event: as a rule there are only voters, and they are sorted.
        if votersOutgoing.isEmpty, learners.isEmpty, learnersNext.isEmpty,
            learnersOutgoing.isEmpty
        {
            return voters
        }
        var all = voters + votersOutgoing + learners + learnersNext + learnersOutgoing
        all.sort()
        return all.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
    /// Whether `node` votes in either half.
    public func isVoter(_ node: NodeID) -> Bool {
        voters.contains(node) || votersOutgoing.contains(node)
    }
}

/// What a snapshot stands for: the state after `last`, and the configuration then.
public struct SnapshotMetadata: Equatable, Sendable {
    public var last: EntryID
    public var configuration: ConfState
    public init(last: EntryID, configuration: ConfState) {
        self.last = last
        self.configuration = configuration
    }
}
