public import Budgets
public import RaftCore
public import RaftWire

/// What a replica wants done. Actions of one kind are carried out in order; `persist`,
/// `rewriteLog` and `install` share one order, and so do `apply` and `install`.
public enum ReplicaAction: Equatable, Sendable {
    /// May be lost, and is never waited for.
    case send(PeerMessage, to: NodeID)
    /// To be made durable, then `ReplicaInput.persisted`. May be grouped with others behind it.
    case persist(PersistRequest)
    /// Committed entries in order, to be applied, then `ReplicaInput.applied`.
    case apply([Entry])
    /// The one answer to `ReplicaInput.propose`.
    case complete(Ticket, ProposalCompletion)
    /// The one answer to `confirmRead` or `awaitIndex`.
    case completeRead(Ticket, ReadCompletion)
    /// The one answer to `transfer`.
    case completeTransfer(Ticket, TransferCompletion)
    /// The one answer to `changeMembers`.
    case completeChange(Ticket, MembershipCompletion)
    /// The configuration that is in force now, committed or not: connections to its members are
    /// wanted.
    case configuration(ConfState)
    /// Make a consistent copy of the state and stream it, then `ReplicaInput.snapshotSent`.
    case sendSnapshot(to: NodeID)
    /// Behind every earlier `persist` and `apply`: put the received snapshot in the place of the
    /// state, begin the log anew behind it, then `snapshotInstalled` or `snapshotInstallFailed`.
    case install(SnapshotMetadata)
    /// As `install`, but the log stays as it is: the state was lost, and is applied again from the
    /// snapshot on. What was to be persisted before must be durable before.
    case replaceState(SnapshotMetadata)
    /// The received snapshot is of no use: remove it.
    case discardSnapshot(SnapshotMetadata)
    /// Until then, and by views that show its index, *allow* may be answered without asking
    /// anybody; nil: not at all. Takes the place of the one before.
    case lease(ReadLease?)
    /// Entries up to and with this index are no longer needed on the disk.
    case trimLog(upTo: LogIndex)
    /// Behind every earlier `persist`: write the log anew behind this entry, which the state holds
    /// durably, with these entries, which are all. It may be left, if there is no room for it.
    case rewriteLog(startingAfter: EntryID, [Entry])
    /// The leader's answer to `claimBudgets`, for a cluster of so many members.
    case budgets(BudgetGrants, members: Int)
    /// The last action of a run: everything that waited was answered.
    case stopped
}

/// Why a proposal was certainly not put into any log.
public enum NotProposedReason: UInt8, Equatable, Sendable {
    /// Nobody is known to lead, though a quorum is in reach.
    case noLeader
    /// Too few nodes are in reach to have a leader.
    case noQuorum
    /// Too much waits already.
    case tooBusy
    /// The command is larger than an entry may be.
    case tooLarge
    /// The leader's disk is full, and nobody else could take over.
    case storageFull
    /// This node is on its way out.
    case draining
    /// This node's state must not be answered from (`Fitness`).
    case unfit
}

/// How a proposal ended.
public enum ProposalCompletion: Equatable, Sendable {
    /// It is committed, and applied on this node: views opened here show it.
    case applied(index: LogIndex, outcome: [UInt8])
    /// It is in no log and never will be.
    case notProposed(NotProposedReason, leader: NodeID?)
    /// It may take effect yet, or never.
    case unknown
}

/// How a wait for a read ended.
public enum ReadCompletion: Equatable, Sendable {
    /// A view opened from now on is new enough; this index is applied here.
    case confirmed(LogIndex)
    case failed(ReadFailure, leader: NodeID?)
}

/// Why a read was not confirmed.
public enum ReadFailure: UInt8, Equatable, Sendable {
    case noLeader, noQuorum, timeout, tooBusy, draining, unfit
}

/// How a hand-over of leadership ended.
public enum TransferCompletion: Equatable, Sendable {
    /// This node leads.
    case done(leader: NodeID)
    /// Leadership stayed, or who leads now did not become known in time.
    case failed
    /// Only the leader can hand over.
    case notLeader(leader: NodeID?)
}

/// How a change of members ended.
public enum MembershipCompletion: Equatable, Sendable {
    /// The configuration in which it ends is committed, and applied on this node, by the entry at
    /// this index.
    case done(ConfState, at: LogIndex)
    /// Nothing of it is in any log.
    case refused(MembershipRefusal)
    /// Another leader's entry took its place: it has no effect and never will.
    case replaced
    /// It may take effect yet, or never: look at the members.
    case unknown
}
