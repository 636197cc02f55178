public import RaftCore

/// Times and limits of a replica. Every queue has one.
public struct ReplicaOptions: Equatable, Sendable {
    /// Of the consensus underneath.
    public var raft = RaftOptions()
    /// Of read leases.
    public var lease = LeaseOptions()
    /// A proposal that could be handed to nobody is given up after this long, and so is a read
    /// when nobody has led for this long.
    public var parkMilliseconds: UInt64 = 500
    /// A forwarded proposal without an answer is sent again after this long.
    public var forwardRetryMilliseconds: UInt64 = 250
    /// A refused proposal is tried again after this long, or when the leader changes.
    public var refusalRetryMilliseconds: UInt64 = 20
    /// A follower's question for a read index without an answer is asked anew after this long.
    public var readRetryMilliseconds: UInt64 = 150
    /// How far a leader's wall clock may be from the time in the log before it is no longer
    /// followed at once.
    public var clockToleranceMilliseconds: UInt64 = 5_000
    /// From `shutdown` to `stopped`, at most.
    public var shutdownMilliseconds: UInt64 = 4_000
    /// Own proposals that wait.
    public var proposalsMax = 65_536
    /// How far apart the counters of own proposals that wait may lie, see `Proposal.window`.
    public var proposalSpanMax = Proposal.window - 1
    /// Bytes of the own proposals that wait.
    public var proposalBytesMax = 64 << 20
    /// In one message to the leader.
    public var forwardEntriesMax = 1_024
    /// In one message to the leader; one proposal may be larger.
    public var forwardBytesMax = 1 << 20
    /// Own reads that wait, in every stage together.
    public var readsMax = 262_144
    /// Rounds of reads that peers asked for and that wait for a quorum.
    public var remoteReadsMax = 4_096
    /// A node that has lost its state asks another peer for one after this long.
    public var stateRetryMilliseconds: UInt64 = 1_000
    /// The log is trimmed in steps of at least this many entries.
    public var trimStepEntries: UInt64 = 256
    /// The log is trimmed in steps of fewer entries if they have at least this many bytes.
    public var trimStepBytes: UInt64 = 8 << 20

    public init() {}
}
