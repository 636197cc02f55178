/// Names one request for durability, so that its completion cannot be taken for another's.
///
/// A completion counts only if its generation is still current: a conflicting suffix that was
/// replaced raises the generation (etcd/raft `append_aba_race`).
public struct StorageToken: Hashable, Sendable {
    /// Raised with each truncation of the log and each installed snapshot.
    public let generation: UInt64
    /// The term in which the request was made.
    public let term: Term
    /// The last index of the log as it then was.
    public let lastIndex: LogIndex
    /// Counts every request of this run, so that completions come in order.
    public let sequence: UInt64
    public init(generation: UInt64, term: Term, lastIndex: LogIndex, sequence: UInt64) {
        self.generation = generation
        self.term = term
        self.lastIndex = lastIndex
        self.sequence = sequence
    }
}

/// What must become durable, in this order and together: hard state and entries share one log.
public struct PersistRequest: Equatable, Sendable {
    /// Handed back with the completion.
    public var token: StorageToken
    /// Present when term or vote changed, or the commit index with entries.
    public var hardState: HardState?
    /// Entries to append. The first may lie at or before the end of the durable log: then
    /// everything from it on is replaced.
    public var entries: [Entry]
    public init(token: StorageToken, hardState: HardState?, entries: [Entry]) {
        self.token = token
        self.hardState = hardState
        self.entries = entries
    }
}

/// What a node does in its cluster now.
public enum Role: UInt8, Equatable, Sendable {
    case follower, preCandidate, candidate, leader
}

/// What others may know of a node without asking the disk.
public struct SoftState: Equatable, Sendable {
    public var role: Role
    public var term: Term
    public var leader: NodeID?
    public init(role: Role, term: Term, leader: NodeID?) {
        self.role = role
        self.term = term
        self.leader = leader
    }
}

/// A read that may be answered once `index` is applied (dissertation §6.4).
public struct ReadState: Equatable, Sendable {
    /// What the caller of `readIndex` gave.
    public var context: UInt64
    public var index: LogIndex
    public init(context: UInt64, index: LogIndex) {
        self.context = context
        self.index = index
    }
}

/// Everything that the core wants done, to be carried out in any order except as said.
public struct Ready: Equatable, Sendable {
    /// To be sent at once: nothing in them waits for this node's disk.
    public var messages: [Message] = []
    /// To be made durable, then reported by `Event.persisted`. Requests are carried out in order.
    public var persist: PersistRequest?
    /// Newly committed entries that this node's disk holds, in order, each exactly once in a run;
    /// to be applied in order. At most `committedBytesMax` are out at a time: more come as
    /// `Event.applied` says that these are done.
    public var committed: [Entry] = []
    /// Reads that a quorum has confirmed.
    public var readStates: [ReadState] = []
    /// Reads that will never be confirmed, since leadership was lost or never held: ask again.
    public var droppedReads: [UInt64] = []
    /// The state must be replaced by this snapshot before anything else is applied, and the log
    /// begin anew behind it, after every `persist` handed out before or with this; then
    /// `Event.snapshotInstalled`.
    public var install: SnapshotMetadata?
    /// With `install`: the log stays as it is, and is applied again behind the snapshot.
    public var isLogKept = false
    /// Followers to be sent a snapshot, past the core; then `Event.snapshotSent`, always: until it
    /// comes the follower is sent nothing else, and is not named again.
    public var snapshotsToSend: [NodeID] = []
    /// Present when it changed.
    public var softState: SoftState?
    /// The configuration in force, when it changed.
    public var configuration: ConfState?

    public init() {}
    public var isEmpty: Bool { self == Ready() }
}

/// How a connection to a peer ended.
public enum ConnectionLoss: Equatable, Sendable {
    /// It was closed or reset, or a new one was refused: the process is gone (strong).
    case closed
    /// Nothing came, and a new connection timed out (weak).
    case silent
}

/// What happens to a core.
public enum Event: Equatable, Sendable {
    /// The deadline `RaftCore.deadline` has passed.
    case timer
    /// Something arrived from a peer.
    case message(Message)
    /// What `token` names is durable.
    case persisted(StorageToken)
    /// The state machine has applied everything up to and with this index.
    case applied(LogIndex)
    /// The state was replaced and is durable, and the log begins anew behind it.
    case snapshotInstalled(SnapshotMetadata)
    /// The stream could not be finished or was not valid: the leader will offer it again.
    case snapshotInstallFailed
    /// A follower has (or has not) received the whole snapshot that stands at `metadata`.
    case snapshotSent(to: NodeID, metadata: SnapshotMetadata, succeeded: Bool)
    /// The connection to a peer ended.
    case connectionLost(NodeID, ConnectionLoss)
    /// A connection to a peer was made.
    case connected(NodeID)
    /// Leadership is to go to this node, or with nil to the best one.
    case transferLeadership(to: NodeID?)
    /// A snapshot that stands here is durable in this node's store, so that the log in memory may
    /// be cut up to and with it.
    case compacted(upTo: LogIndex)
    /// This node can no longer write: it must not lead, and acknowledges no appends.
    case storageFull(Bool)
    /// This node must not lead, because its state is damaged or its release too old for what the
    /// log holds; or it may again. It votes and takes entries as before.
    case barred(Bool)
}

/// Why a proposal was not taken. Nothing of it is in any log.
public enum ProposalRefusal: Error, Equatable, Sendable {
    /// Another node leads, or nobody does.
    case notLeader(leader: NodeID?)
    /// Leadership is being handed over: try again shortly, at the new leader.
    case transferring
    /// Too many bytes are not yet committed, or not yet applied on the leader.
    case tooManyUncommittedBytes
    /// The payload is larger than an entry may be.
    case entryTooLarge(limitBytes: Int)
    /// The disk is full.
    case storageFull
}
