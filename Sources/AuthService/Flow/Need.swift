public import AuthCore
public import RaftCore

/// What must happen before a use case can go on. The shell carries it out and comes back with the
/// completion.
public enum Need: Sendable {
    /// Propose a command; completes with `applied`, `notProposed` or `unknown`.
    case propose(Command)
    /// Learn from a quorum how far the log was committed, and wait until that is applied here
    /// (ReadIndex); completes with `readConfirmed` or `readFailed`.
    case confirmRead
    /// Wait until this index is applied here; completes with `indexReached` or `readFailed`.
    case awaitIndex(LogIndex)
    /// Wait until no node can answer *allow* on a view that lacks what narrows access up to and
    /// with this index; completes with `released` or `readFailed`.
    case awaitRelease(LogIndex)
    /// Work with a password, on the hashing pool; completes with `hashed` or `hashingRefused`.
    case hash(HashJob)
    /// Hand leadership to this node, or to the best one; completes with `transferred`.
    case transfer(to: NodeID?)
    /// Wait until the plan for this member that was ordered by the entry at `order` has ended;
    /// completes with `planEnded`.
    case awaitPlan(NodeID, order: LogIndex)
}

/// How what was needed has ended.
public enum Completion: Sendable {
    /// The command was applied on this node, in the entry at `index`.
    case applied(index: LogIndex, outcome: Outcome)
    /// The command is in no log and never will be.
    case notProposed(ProposalFailure)
    /// The command may be in the log or not.
    case unknown
    /// A view opened from now on holds everything that was acknowledged before the need arose.
    case readConfirmed(LogIndex)
    /// No quorum could be asked in time.
    case readFailed(ReadFailure)
    /// The index is applied.
    case indexReached
    /// What narrows access up to and with the index may be acknowledged.
    case released
    /// The password work is done.
    case hashed(HashResult)
    /// The hashing pool's queue is full.
    case hashingRefused
    /// What became of a hand-over.
    case transferred(TransferResult)
    /// How far a plan for a member has come.
    case planEnded(PlanEnd)
}

/// How far a plan for a member has come.
public enum PlanEnd: Equatable, Sendable {
    /// It is carried out.
    case done
    /// It was given up.
    case refused(PlanRefusal)
    /// It goes on.
    case pending
}

/// What became of a hand-over of leadership.
public enum TransferResult: Equatable, Sendable {
    /// This node leads now.
    case done(leader: NodeID)
    /// It did not come about in time.
    case failed
    /// The node that was asked does not lead.
    case notLeader(leader: NodeID?)
}

/// Why a command never reached a log.
public enum ProposalFailure: Equatable, Sendable {
    case noLeader, noQuorum, tooBusy, tooLarge, storageFull, draining
}

/// Why a read could not be confirmed.
public enum ReadFailure: Equatable, Sendable {
    case noLeader, noQuorum, timeout, tooBusy
}
