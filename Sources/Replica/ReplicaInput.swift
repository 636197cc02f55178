public import Budgets
public import ByteCodec
public import RaftCore
public import RaftWire

/// What a node's clocks showed when a turn of its replica began.
public struct ReplicaClocks: Equatable, Sendable {
    /// For deadlines; must count the time that a machine is suspended.
    public var steady: SteadyTime
    /// For the stamps that a leader puts into entries.
    public var wall: Timestamp
    public init(steady: SteadyTime, wall: Timestamp) {
        self.steady = steady
        self.wall = wall
    }
}

/// Names somebody who waits for an answer of this replica. Drawn by the caller, never reused in
/// a run.
public struct Ticket: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }
}

/// What came of one of this run's own proposals when its entry was applied here.
public struct OwnOutcome: Equatable, Sendable {
    public var id: ProposalID
    /// Of the entry that was applied.
    public var index: LogIndex
    /// Encoded by the state machine. For a repeated proposal that of its first application.
    public var outcome: [UInt8]
    public init(id: ProposalID, index: LogIndex, outcome: [UInt8]) {
        self.id = id
        self.index = index
        self.outcome = outcome
    }
}

/// What happens to a replica.
public enum ReplicaInput: Equatable, Sendable {
    /// `Replica.deadline` has passed. Within a turn it counts as the last input, so that what
    /// arrived while the process stood still is heard before any time-out (etcd #20418).
    case timer
    /// Something came from a peer. The transport hands on each sent message at most once.
    case received(PeerMessage, from: NodeID)
    /// This node's own connection to a peer stands, so that messages can be sent.
    case connected(NodeID)
    /// A connection to or from a peer ended.
    case connectionLost(NodeID, ConnectionLoss)
    /// A command of this node's own. Answered exactly once by `ReplicaAction.complete`. One that
    /// narrows access, which is for the caller to say, is answered only when no node can answer on
    /// a view without it.
    case propose(Ticket, command: [UInt8], isNarrowing: Bool, deadline: SteadyTime)
    /// Asks for a moment from which a view opened here shows everything that was acknowledged
    /// anywhere before this input. Answered exactly once by `ReplicaAction.completeRead`.
    case confirmRead(Ticket, deadline: SteadyTime)
    /// Waits until views opened here show this index. Answered by `completeRead`.
    case awaitIndex(Ticket, LogIndex, deadline: SteadyTime)
    /// Waits until no node can answer on a view that lacks what narrows access up to and with this
    /// index. Answered by `completeRead`.
    case awaitRelease(Ticket, LogIndex, deadline: SteadyTime)
    /// Nobody waits any more. A proposal is not repeated from now on; one completion may still
    /// come and is to be ignored.
    case abandon(Ticket)
    /// A `persist` action was carried out and is durable.
    case persisted(StorageToken)
    /// Entries were applied: new views show everything up to and with `upTo`; a crash leaves
    /// at least `durable`. `outcomes` are those of this node's own run, in order of their index.
    case applied(upTo: EntryID, durable: LogIndex, outcomes: [OwnOutcome])
    /// A crash leaves at least the effects of what was applied up to and with this index.
    case stateSynced(upTo: LogIndex)
    /// A peer's snapshot is here, whole and verified, beside the state and not in its place.
    case snapshotReceived(SnapshotMetadata, from: NodeID)
    /// Whether a stream of a peer's snapshot is coming in, whole in the end or not.
    case receivingSnapshot(Bool)
    /// An `install` action was carried out: the state is the snapshot, durably, and the log
    /// begins anew behind it. `lastStamp` is the newest stamp that the state has applied.
    case snapshotInstalled(SnapshotMetadata, lastStamp: Timestamp)
    /// An `install` action failed and left state and log as they were.
    case snapshotInstallFailed
    /// A `sendSnapshot` action came to its end.
    case snapshotSent(to: NodeID, SnapshotMetadata, succeeded: Bool)
    /// Leadership is to go to this node, or with nil to the best one. Answered exactly once by
    /// `ReplicaAction.completeTransfer`.
    case transfer(Ticket, to: NodeID?)
    /// Other members are wanted. Answered exactly once by `ReplicaAction.completeChange`, when the
    /// configuration in which the change ends is applied here, and at the deadline at the latest.
    /// The change goes on whether anybody waits for it or not.
    case changeMembers(Ticket, MembershipChange, deadline: SteadyTime)
    /// The process is to end: hand leadership over, bring what waits to an end, then `stopped`.
    case shutdown
    /// The log on the disk is damaged somewhere, as a look at what was synced has shown.
    case logDamaged
    /// Whether the disk has room for more of the log.
    case storageFull(Bool)
    /// Whether this node's state may be answered from; `fit` until something else is said.
    case fitness(Fitness)
    /// What this node used of limits, for the leader. Only in a cluster at feature level 2. An
    /// answer may come as `ReplicaAction.budgets`, or none.
    case claimBudgets(BudgetClaims)
}

/// Whether a node may lead and answer. One that may not still votes and keeps the log, so that the
/// others lose nothing by it.
public enum Fitness: Equatable, Sendable {
    case fit
    /// The cluster uses what this release cannot apply: the feature level, if it is known.
    case tooOld(cluster: UInt32?)
    /// The state is known to be damaged, and not yet repaired. When this is said of a state that
    /// the run began with, the run ends before long, with `stopped`, and the next one is to begin
    /// without a state; that one is fit again when it has installed another node's.
    case stateDamaged
}
