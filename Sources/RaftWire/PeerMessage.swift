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
}

/// A proposal on its way to the leader, who gives it its stamp.
public struct ForwardedProposal: Equatable, Sendable {
    public var id: ProposalID
    /// As in `Proposal`.
    public var oldestPending: UInt64
    public var command: [UInt8]
    public init(id: ProposalID, oldestPending: UInt64, command: [UInt8]) {
        self.id = id
        self.oldestPending = oldestPending
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
