internal import ByteCodec

extension RaftCore {
    /// Checks what must hold between any two events (S3, S9–S12 as far as one node can see).
    /// Costly: for tests and simulation.
    ///
    /// - Parameter isWhole: whether what takes as long as the log is looked at too. A sum that is
    ///   wrong stays wrong, so it is found as well if that is done now and then.
    public func checkInvariants(isWhole: Bool = true) {
        log.checkInvariants(isWhole: isWhole)
        storage.checkInvariants()
        configurations.checkInvariants(last: log.lastIndex)
        options.checkInvariants()
        checkTerms()
        checkRole()
        if role == .leader { checkLeadership() }
    }

    private func checkTerms() {
        precondition(term >= log.last.term, "an entry of a term that was never entered")
        precondition(term >= storage.requested.term, "the term went back")
        precondition(
            term > storage.requested.term || storage.requested.vote == nil
                || vote == storage.requested.vote, "the vote of term \(term.rawValue) changed")
        precondition(
            ready.messages.allSatisfy { $0.from == id && $0.to != id && $0.term >= term },
            "a message of an older term is about to leave")
        precondition(term >= promised.term, "promised in a term that was never entered")
        precondition(
            !isRepairing || !log.lastDurable.isAtLeastAsUpToDate(as: promised),
            "a kept promise is remembered")
        precondition(!storage.isGrantHeld || vote != nil, "a grant without a vote")
    }

    private func checkRole() {
        precondition(
            !isRepairing || role == .follower || Planted.campaignWhileRepairing.isOn,
            "a \(role) with a damaged log")
        switch role {
        case .follower:
            precondition(leader != id, "a follower of itself")
            precondition(ballots.isEmpty, "a follower counts ballots")
            precondition(following.acknowledged <= following.matched, "accepted without a match")
        case .preCandidate:
            precondition(leader == nil, "a candidate that has a leader")
            precondition(ballots.contains { $0.node == id }, "it would elect itself")
        case .candidate:
            precondition(leader == nil && vote == id, "a candidate votes for itself")
        case .leader:
            precondition(leader == id && vote == id, "a leader elected by others only")
            precondition(installing == nil, "a leader's log is replaced")
            precondition(ballots.isEmpty, "a leader counts ballots")
        }
        precondition(role == .leader || leading == Leadership(), "leadership outlived its term")
        precondition(electionDue == nil || role != .leader, "a leader waits to campaign")
    }

    private func checkLeadership() {
        precondition(log.last.term == term, "a leader without an entry of its term")
        precondition(
            log.term(at: leading.firstIndex) ?? term == term, "the term's first entry is another's")
        precondition(
            log.sizeBytes(after: log.committed, upTo: log.lastIndex) == leading.uncommittedBytes,
            "\(leading.uncommittedBytes) uncommitted bytes are not the sum")
        checkPeers()
        precondition(leading.reads.count <= options.pendingReadsMax, "too many reads wait")
        precondition(
            leading.reads.sequence <= leading.rounds.newest
                && leading.rounds.newest <= heartbeatSequence, "a round without a number")
        if let transfer = leading.transfer {
            precondition(transfer.target != id, "an heir to itself")
            precondition(!transfer.isTargetTold || transfer.target != nil, "nobody was told")
        }
    }

    /// Progress is kept of the members and of who departs, each once and in order.
    private func checkPeers() {
        let members = configuration.members
        var count = leading.departing.count(where: { $0 != id })
        for member in members where member != id { count += 1 }
        precondition(leading.peers.count == count, "progress of others than the members")
        for position in leading.peers.indices {
            let peer = leading.peers[position].id
            precondition(
                peer != id && (members.contains(peer) || leading.departing.contains(peer)),
                "progress of \(peer), which is no member")
            precondition(
                position == 0 || leading.peers[position - 1].id < peer, "\(peer) out of order")
            leading.peers[position].progress.checkInvariants(last: log.lastIndex)
            precondition(
                leading.peers[position].progress.acknowledgedSequence <= leading.rounds.newest,
                "an early answer")
        }
    }
}

extension RaftOptions {
    /// Checks that times and limits fit together.
    func checkInvariants() {
        precondition(heartbeatMilliseconds > 0, "heartbeats without a pause")
        precondition(
            electionTimeoutMilliseconds > heartbeatMilliseconds,
            "a healthy leader would be deposed between two heartbeats")
        precondition(
            checkQuorumMilliseconds > heartbeatMilliseconds, "contact is lost between heartbeats")
        precondition(campaignRetryMilliseconds > 0, "campaigns without a pause")
        precondition(diskStallMilliseconds > 0, "every write would be too slow")
        precondition(appendBytesMax > 0 && appendEntriesMax > 0, "appends without room")
        precondition(inflightMessagesMax > 0 && inflightBytesMax > 0, "no append may be sent")
        precondition(
            uncommittedBytesMax >= Entry.sizeBytes(payload: entryBytesMax),
            "the largest entry could never be proposed")
        precondition(committedBytesMax > 0 && pendingReadsMax > 0, "limits of nothing")
        precondition(retainedBytesMax >= 0 && graceBytesMax >= 0, "a negative limit")
        precondition(unappliedBytesMax > 0, "nothing may ever be committed")
    }
}
