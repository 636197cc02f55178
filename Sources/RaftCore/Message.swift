/// What one node's core says to another's. Everything that a node sends carries its term.
public struct Message: Equatable, Sendable {
    public var from: NodeID
    public var to: NodeID
    /// The sender's term; for a pre-vote request the term that it would campaign for.
    public var term: Term
    public var body: Body

    public init(from: NodeID, to: NodeID, term: Term, body: Body) {
        self.from = from
        self.to = to
        self.term = term
        self.body = body
    }

    public enum Body: Equatable, Sendable {
        /// Would you vote for me? Changes nobody's term (dissertation §9.6).
        case preVote(last: EntryID)
        /// `term` is the one asked for when granted, the voter's own when refused.
        case preVoteReply(granted: Bool)
        /// Raft §5.2. `isTransfer`: the leader asked for it, so a live leader is no reason to
        /// refuse (dissertation §4.2.3).
        case vote(last: EntryID, isTransfer: Bool)
        case voteReply(granted: Bool)
        /// Raft §5.3. `commit` may lie behind the entries.
        case append(previous: EntryID, entries: [Entry], commit: LogIndex)
        case appendReply(AppendReply)
        /// Sent by a path that never waits for a disk. `sequence` is the leader's count of read
        /// rounds, echoed; `commit` never lies past what the follower is known to match.
        case heartbeat(commit: LogIndex, sequence: UInt64)
        case heartbeatReply(sequence: UInt64)
        /// A snapshot is to come, past the core (Raft §7).
        case snapshot(SnapshotMetadata)
        /// Campaign now, if your durable log ends just here (dissertation §3.10).
        case timeoutNow(last: EntryID)
        /// The transfer cannot be done: the target's durable log ends elsewhere, or it may not
        /// vote.
        case transferRefused
        /// The leader stops leading and names no heir.
        case steppingDown
    }
}

/// A follower's answer to an append (Raft §5.3) or to an installed snapshot.
public enum AppendReply: Equatable, Sendable {
    /// The follower's *durable* log matches the leader's up to and with `match`.
    case accepted(match: LogIndex)
    /// No entry `rejected` there; the last possible match is at or before `hint`.
    case rejected(previous: LogIndex, hint: EntryID)
    /// The same from a follower whose log has lost a part that it may have acknowledged: what it
    /// holds ends at or before `hint`, and what the leader believed of it counts no longer. It says
    /// nothing about what the follower once had.
    case damaged(previous: LogIndex, hint: EntryID)
}
