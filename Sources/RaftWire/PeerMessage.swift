public import Budgets
public import RaftCore

/// Everything that one node says to another over an established connection, but for snapshots,
/// which have connections of their own.
public enum PeerMessage: Equatable, Sendable {
    /// Core to core.
    case raft(Message)
    /// To the node that is believed to lead. One hop only: a node that does not lead refuses.
    case propose([ForwardedProposal])
    /// What became of forwarded proposals.
    case proposalReplies([ProposalReply])
    /// A follower asks the leader for an index to read at (dissertation §6.4). `request` is unique
    /// in the asker's run.
    case readIndex(request: UInt64)
    /// A quorum has confirmed `index`; nil when the asked node does not lead, or lost the lead.
    case readIndexReply(request: UInt64, index: LogIndex?)
    /// A member asks for a read lease, and reports what it has applied.
    case leaseAsk(LeaseAsk)
    /// The leader's answer.
    case leaseGrant(LeaseGrant)
    /// What narrows access up to and with this index may be acknowledged by anybody.
    case released(upTo: LogIndex)
    /// The sender has lost its state, and asks for a copy that holds this index at least, to go on
    /// with its log from there.
    case stateWanted(atLeast: LogIndex)
    /// A node tells the leader what it used of limits, and what it wants. Only of a cluster at
    /// feature level 2: older releases cannot read these.
    case budgetClaims(BudgetClaims)
    /// The leader's answer.
    case budgetGrants(BudgetGrants)
    /// The leader tells a node that claims what the buckets hold.
    case budgetLevels([BudgetLevel])
}

/// A member asks its leader for a read lease (docs/lease.md, rule 1).
public struct LeaseAsk: Equatable, Sendable {
    /// The run of the asker's process: no other process of its node has the same.
    public var incarnation: UInt64
    /// The asker's clock, read before it sends this; means nothing to anybody else.
    public var reading: SteadyTime
    /// Views opened by the asker from now on show this index.
    public var applied: LogIndex
    /// The newest index whose release somebody waits for there; zero when nobody does.
    public var awaited: LogIndex
    public init(
        incarnation: UInt64, reading: SteadyTime, applied: LogIndex, awaited: LogIndex
    ) {
        self.incarnation = incarnation
        self.reading = reading
        self.applied = applied
        self.awaited = awaited
    }
}

/// The leader's answer to a `LeaseAsk` (docs/lease.md, rules 2 and 3).
public struct LeaseGrant: Equatable, Sendable {
    /// As asked.
    public var incarnation: UInt64
    /// As asked: the lease ends `durationNanoseconds` after it, on the asker's clock.
    public var reading: SteadyTime
    /// 0: no lease.
    public var durationNanoseconds: UInt64
    /// The lease serves views that show this index.
    public var index: LogIndex
    /// What narrows access up to and with this index may be acknowledged by anybody.
    public var released: LogIndex
    public init(
        incarnation: UInt64, reading: SteadyTime, durationNanoseconds: UInt64, index: LogIndex,
        released: LogIndex
    ) {
        self.incarnation = incarnation
        self.reading = reading
        self.durationNanoseconds = durationNanoseconds
        self.index = index
        self.released = released
    }
}

/// A proposal on its way to the leader, who gives it its stamp.
public struct ForwardedProposal: Equatable, Sendable {
    public var id: ProposalID
    /// As in `Proposal`.
    public var oldestPending: UInt64
    /// As in `Proposal`.
    public var isNarrowing: Bool
    public var command: [UInt8]
    public init(id: ProposalID, oldestPending: UInt64, isNarrowing: Bool, command: [UInt8]) {
        self.id = id
        self.oldestPending = oldestPending
        self.isNarrowing = isNarrowing
        self.command = command
    }
}

/// What the leader did with a forwarded proposal.
public struct ProposalReply: Equatable, Sendable {
    public enum Result: Equatable, Sendable {
        /// It stands in the leader's log here; whether it stays there is not known yet.
        case accepted(EntryID)
        /// Nothing of it is in any log.
        case refused(ProposalRefusal)
    }
    public var id: ProposalID
    public var result: Result
    public init(id: ProposalID, result: Result) {
        self.id = id
        self.result = result
    }
}
