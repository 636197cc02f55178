/// Times and limits of a core. Every queue has one.
public struct RaftOptions: Equatable, Sendable {
    /// Between a leader's heartbeats.
    public var heartbeatMilliseconds: UInt64 = 30
    /// A follower that heard nothing for this long, times a random factor in [1, 2), campaigns.
    public var electionTimeoutMilliseconds: UInt64 = 120
    /// A campaign without a result is repeated after this long, times a random factor in [1, 2).
    public var campaignRetryMilliseconds: UInt64 = 60
    /// A leader without contact to a quorum for this long stops leading (dissertation §6.2).
    public var checkQuorumMilliseconds: UInt64 = 240
    /// After the loss of the leader's connection a follower waits a random time up to this long,
    /// so that normally one node alone campaigns.
    public var connectionLossJitterMilliseconds: UInt64 = 20
    /// A transfer that has not happened after this long is given up.
    public var transferTimeoutMilliseconds: UInt64 = 500
    /// A leader whose disk has not finished a write after this long hands leadership over: it can
    /// commit by the disks of others, but apply and answer nothing.
    public var diskStallMilliseconds: UInt64 = 1_000
    /// In one append.
    public var appendBytesMax = 1 << 20
    /// In one append.
    public var appendEntriesMax = 1024
    /// Appends on the way to one follower.
    public var inflightMessagesMax = 64
    /// Bytes on the way to one follower.
    public var inflightBytesMax = 8 << 20
    /// Bytes proposed to this leader and not yet committed; more are refused.
    public var uncommittedBytesMax = 64 << 20
    /// In one entry.
    public var entryBytesMax = 1 << 20
    /// Bytes of applied entries kept in memory for followers that are behind, whether they answer
    /// or not.
    public var retainedBytesMax = 64 << 20
    /// Bytes that a leader keeps on top of that for followers that were heard lately, and for those
    /// that a snapshot is on its way to: who is only slow needs no other copy of the whole state.
    public var graceBytesMax = 64 << 20
    /// Between two offers of a snapshot to a follower that takes none, at most.
    public var snapshotRetryMaxMilliseconds: UInt64 = 3_000
    /// How long a silent follower still counts as one that is only slow.
    public var graceMilliseconds: UInt64 = 10_000
    /// Handed out for applying and not yet applied.
    public var committedBytesMax = 4 << 20
    /// Bytes committed and not yet applied here. With more a leader refuses proposals, and a
    /// follower takes no more entries, until the state has caught up.
    public var unappliedBytesMax = 64 << 20
    /// A learner that lacks more of the committed entries is not made a voter.
    public var promotionLagEntriesMax: UInt64 = 1_024
    /// Reads that wait for one confirmation round or the next.
    public var pendingReadsMax = 65_536

    public init() {}

    /// The longest that a follower which hears nothing waits before it campaigns, exclusive.
    public var electionTimeoutMillisecondsMax: UInt64 { 2 * electionTimeoutMilliseconds }

    /// Makes every time longer, for nodes that are farther apart.
    public mutating func stretch(by factor: UInt64) {
        precondition((1...100).contains(factor), "factor \(factor)")
        heartbeatMilliseconds *= factor
        electionTimeoutMilliseconds *= factor
        campaignRetryMilliseconds *= factor
        checkQuorumMilliseconds *= factor
        connectionLossJitterMilliseconds *= factor
        transferTimeoutMilliseconds *= factor
    }
}

/// What was found on the disk at start.
public struct RestoredState: Equatable, Sendable {
    public var hardState: HardState
    /// Index and term that the state has applied, durably, and the configuration then.
    public var snapshot: SnapshotMetadata
    /// The entry before the first one in `entries`: the log begins behind it. At or before
    /// `snapshot.last`.
    public var logStart: EntryID
    /// All entries of the log, in order and without gaps.
    public var entries: [Entry]
    /// The last entry that the log promised to hold, if it lost a part and did not get it back yet;
    /// or zero.
    public var promised: EntryID
    /// Whether there is a log and no state: `snapshot` is then where the log begins, and says
    /// nothing of the configuration.
    public var isStateLost = false
    public init(
        hardState: HardState, snapshot: SnapshotMetadata, logStart: EntryID, entries: [Entry],
        promised: EntryID = .zero
    ) {
        self.hardState = hardState
        self.snapshot = snapshot
        self.logStart = logStart
        self.entries = entries
        self.promised = promised
    }

    /// A node that has its log and its promises, and whose state was given up.
    public static func withoutState(
        hardState: HardState, logStart: EntryID, entries: [Entry], promised: EntryID
    ) -> RestoredState {
        var restored = RestoredState(
            hardState: hardState,
            snapshot: SnapshotMetadata(last: logStart, configuration: ConfState(voters: [])),
            logStart: logStart, entries: entries, promised: promised)
        restored.isStateLost = true
        return restored
    }
}
