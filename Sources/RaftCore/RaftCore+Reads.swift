internal import ByteCodec

// Reads without a log entry: dissertation §6.4.

extension RaftCore {
    /// Asks for an index that a read may be answered at. The answer comes through
    /// `Ready.readStates`, or `Ready.droppedReads` if this node does not lead, too many reads
    /// wait, or leadership ends first.
    ///
    /// - Parameter context: given back with the answer; not looked at.
    public mutating func readIndex(context: UInt64, now: SteadyTime) {
        advance(to: now)
        guard role == .leader, leading.reads.count < options.pendingReadsMax else {
            ready.droppedReads.append(context)
            return
        }
        if Planted.readJoinsOldRound.isOn, !leading.reads.confirming.isEmpty {
            return leading.reads.confirming.append(context)
        }
        leading.reads.waiting.append(context)
    }

    /// Whether an entry of the present term is committed: before, this leader does not know
    /// everything that was (Raft §8; etcd #7331).
    var hasCommittedInTerm: Bool { role == .leader && log.committed >= leading.firstIndex }

    /// Begins a round if reads wait and none is under way. Its heartbeats leave after every read
    /// in it was asked for, so their answers prove that nobody else led when it was.
    mutating func beginReadRound() {
        if Planted.readIndexUnconfirmed.isOn { return answerUnconfirmed() }
        guard leading.reads.confirming.isEmpty, !leading.reads.waiting.isEmpty,
            hasCommittedInTerm || Planted.readIndexBeforeOwnTerm.isOn,
            // While another was told to campaign, reads wait for its success or failure.
            leading.transfer?.isTargetTold != true
        else { return }
        let index = log.committed
        broadcastHeartbeat()
        leading.reads.begin(sequence: leading.rounds.newest, index: index)
        confirmReads()
    }

    /// Answers the reads of the round under way once a quorum has answered its heartbeats.
    mutating func confirmReads() {
        guard !leading.reads.confirming.isEmpty, leading.transfer?.isTargetTold != true else {
            return
        }
        let round = leading.reads.sequence
        let confirmed = Quorum.reached(by: configuration) { node in
            if node == id { return round }
            return leading.position(of: node)
                .map { leading.peers[$0].progress.acknowledgedSequence } ?? 0
        }
        guard let confirmed, confirmed >= round else { return }
        let index = leading.reads.index
        ready.readStates += leading.reads.finish().map { ReadState(context: $0, index: index) }
    }

    private mutating func answerUnconfirmed() {
        let index = log.committed
        ready.readStates += leading.reads.waiting.map { ReadState(context: $0, index: index) }
        leading.reads.waiting.removeAll()
    }
}
