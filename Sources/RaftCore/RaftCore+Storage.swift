internal import ByteCodec

// What the disk is asked to keep, and what follows when it has (dissertation §3.8, §10.2.1).

extension RaftCore {
    /// The next request to the disk; nil if nothing is new. Term, vote and entries share one
    /// ordered stream, so no entry can be durable before the term that it belongs to.
    mutating func takePersistRequest() -> PersistRequest? {
        let entries = log.takeUnrequested()
        let isNewVote = term != storage.requested.term || vote != storage.requested.vote
        // The commit index is a hint: alone it is not worth a write. It speaks only of what the
        // disk holds already. A log that is writing several requests may keep the first of them
        // with the newest hard state, and then entries that are about to be replaced would be
        // taken for committed.
        let commit = min(log.committed, log.durable)
        let isNewCommit = !entries.isEmpty && commit != storage.requested.commit
        guard isNewVote || !entries.isEmpty else { return nil }
        let hardState =
            isNewVote || isNewCommit
            ? HardState(term: term, vote: vote, commit: commit) : nil
        let token = StorageToken(
            generation: log.generation, term: term, lastIndex: log.lastIndex,
            sequence: storage.request(hardState, now: now))
        return PersistRequest(token: token, hardState: hardState, entries: entries)
    }

    /// The disk has kept a request.
    mutating func persisted(_ token: StorageToken) {
        let wasHeld = storage.holds(term: term, vote: vote)
        guard storage.complete(token.sequence, now: now) else { return }
        // The entries that it names may have been replaced meanwhile, by others with the same
        // indexes (etcd/raft `append_aba_race`).
        if token.generation == log.generation || Planted.staleCompletion.isOn {
            log.becomeDurable(upTo: token.lastIndex)
        } else {
            sometimes(.staleCompletionIgnored)
        }
        endRepair()
        if !wasHeld, storage.holds(term: term, vote: vote) { hardStateBecameDurable() }
        // A leader counts itself only now (Raft §5.3; etcd #14370).
        if role == .leader { advanceCommit() }
    }

    /// The disk is full, or is no longer.
    ///
    /// A full node gives leadership away and does not campaign. It still votes and hears its
    /// leader: what that needs is kept in reserve below.
    mutating func storageBecame(full isFull: Bool) {
        guard isFull != isStorageFull else { return }
        isStorageFull = isFull
        mayLeadChanged(isFull)
    }

    /// This node must not lead, or may again.
    mutating func becameBarred(_ isNow: Bool) {
        guard isNow != isBarred else { return }
        isBarred = isNow
        mayLeadChanged(isNow)
        // Without an heir: nobody is served better by a leader that must not lead.
        if isNow, role == .leader, leading.transfer == nil { stepDown() }
    }

    private mutating func mayLeadChanged(_ isHindered: Bool) {
        switch (isHindered, role) {
        case (true, .leader): beginTransfer(to: nil)
        case (true, .preCandidate), (true, .candidate): becomeFollower(term: term, leader: nil)
        case (true, .follower): break
        case (false, _): wakeElectionTimer()
        }
    }
}
