/// What a node remembers only while it leads; forgotten as a whole when it stops, so that nothing
/// of it survives into a later term (hashicorp/raft #570).
struct Leadership: Equatable, Sendable {
    /// A follower or learner, and what is known of it.
    struct Peer: Equatable, Sendable {
        let id: NodeID
        /// When this leader began to keep progress of it: until it is heard, it counts as heard
        /// then.
        let knownSince: SteadyTime
        var progress: Progress
    }

    /// A handing over of leadership (dissertation §3.10).
    struct Transfer: Equatable, Sendable {
        /// Who is to lead; nil while the best one is looked for.
        var target: NodeID?
        /// Whether the leader chooses, and may choose again when its choice refuses.
        var isChoiceFree: Bool
        /// Nodes that refused or were lost in this transfer.
        var excluded: [NodeID] = []
        /// Whether the target was told to campaign. From here on no read is confirmed.
        var isTargetTold = false
        /// When it is given up.
        var deadline: SteadyTime
    }

    /// Everybody else in the configuration, and who departs, sorted.
    var peers: [Peer] = []
    /// The index of the empty entry that begins the term. Once it is committed, so is everything
    /// that earlier leaders committed (Raft §8).
    var firstIndex: LogIndex = .zero
    /// The rounds of heartbeats that were sent.
    var rounds = HeartbeatRounds()
    /// When the next heartbeats go out.
    var heartbeatDue: SteadyTime = .zero
    /// When this leader last tried to hand over because its disk stood still.
    var stallNoticedAt: SteadyTime = .zero
    /// Bytes of the entries that are not committed.
    var uncommittedBytes = 0
    /// Reads that wait for a round, or for the one under way.
    var reads = ReadRounds()
    /// Present while leadership is being handed over.
    var transfer: Transfer?
    /// Who ceased to be a member by the configuration in force, and is still told of it; until when
    /// at most, once that is committed.
    var departing: [NodeID] = []
    var departingUntil: SteadyTime?
    /// The joint configuration that may be left though somebody ceases to be a member by that.
    var droppingPermitted: LogIndex?

    /// The position of `node` in `peers`; nil for this node and for strangers.
    func position(of node: NodeID) -> Int? { peers.firstIndex { $0.id == node } }
}

/// Reads that a leader must confirm with a quorum before they are answered (dissertation §6.4).
///
/// One round is under way at a time; reads that come meanwhile wait for the next one, because the
/// quorum's answers to the present round say nothing about moments after it began. A round has a
/// number made by the leader and never used again, so that a late answer cannot be taken for one
/// to a later question (etcd #20418).
struct ReadRounds: Equatable, Sendable {
    /// Reads of the round under way; empty when none is.
    var confirming: [UInt64] = []
    /// The number of the round under way.
    var sequence: UInt64 = 0
    /// The commit index when the round began: what its reads must see.
    var index: LogIndex = .zero
    /// Reads that came after the round began.
    var waiting: [UInt64] = []

    /// Everything that is not answered.
    var count: Int { confirming.count + waiting.count }

    /// Begins a round numbered `sequence` with everything that waits.
    mutating func begin(sequence: UInt64, index: LogIndex) {
        precondition(confirming.isEmpty, "round \(self.sequence) is under way")
        precondition(sequence > self.sequence, "round \(sequence) again")
        swap(&confirming, &waiting)
        self.sequence = sequence
        self.index = index
    }

    /// Takes the reads of the round under way, which is confirmed.
    mutating func finish() -> [UInt64] {
        defer { confirming.removeAll() }
        return confirming
    }

    /// Gives up the round under way: its reads wait for a fresh one.
    mutating func restart() {
        waiting = confirming + waiting
        confirming.removeAll()
    }
}
