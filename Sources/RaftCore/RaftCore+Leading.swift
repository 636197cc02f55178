internal import ByteCodec

// What a leader does by the clock and at the end of each batch of events.

extension RaftCore {
    /// When the leader has something to do by the clock.
    var leadershipDue: SteadyTime? {
        var due: SteadyTime?
        func consider(_ moment: SteadyTime?) {
            guard let moment else { return }
            due = due.map { min($0, moment) } ?? moment
        }
        if !leading.peers.isEmpty { consider(leading.heartbeatDue) }
        consider(quorumContactEnd)
        consider(leading.transfer?.deadline ?? diskStallEnd)
        // A snapshot that is due already waits for a sign of life and not for the clock.
        for peer in leading.peers {
            if let moment = peer.progress.snapshotDue, moment > now { consider(moment) }
        }
        return due
    }

    /// When this leader must have heard a quorum again, or else stop (dissertation §6.2); nil if
    /// it is a quorum by itself.
    private var quorumContactEnd: SteadyTime? {
        let always = SteadyTime(nanoseconds: .max)
        // The closure takes what it needs and not the whole core, of which it would make a copy.
        let contact = Quorum.reached(by: configuration) { [id, peers = leading.peers] node in
            guard node != id else { return always }
            guard let peer = peers.first(where: { $0.id == node }) else { return .zero }
            return peer.progress.lastContact ?? peer.knownSince
        }
        guard let contact, contact != always else { return nil }
        return contact.advanced(milliseconds: options.checkQuorumMilliseconds)
    }

    /// When this leader's disk has done nothing for too long, so that another should lead; nil if
    /// nothing is asked of the disk, or nobody else could.
    private var diskStallEnd: SteadyTime? {
        guard let since = storage.waitingSince, configuration.voters.contains(where: { $0 != id })
        else { return nil }
        return max(since, leading.stallNoticedAt)
            .advanced(milliseconds: options.diskStallMilliseconds)
    }

    /// Some deadline of the leader has passed.
    mutating func leadershipTimerFired() {
        if let end = quorumContactEnd, now >= end {
            sometimes(.checkQuorumFailed)
            // Without a quorum it can commit nothing, and would only keep those who still hear it
            // from electing another (openraft #2080).
            stepDown()
            return
        }
        if let transfer = leading.transfer, now >= transfer.deadline {
            abortTransfer()
            guard role == .leader else { return }
        }
        if leading.transfer == nil, let end = diskStallEnd, now >= end {
            // If no heir is found in time, it is tried again after as long.
            leading.stallNoticedAt = now
            beginTransfer(to: nil)
        }
        if now >= leading.heartbeatDue {
            // What was kept for who was only slow may be done with by now.
            cutLog()
            broadcastHeartbeat()
            repeatTimeoutNow()
        }
    }

    /// Stops leading, says so, and names no heir. Who hears it need not wait for a time-out.
    public mutating func stepDown(now: SteadyTime) {
        advance(to: now)
        if role == .leader { stepDown() }
    }

    /// Stops leading and says so.
    mutating func stepDown() {
        precondition(role == .leader, "a \(role) steps down")
        for peer in leading.peers { send(.steppingDown, to: peer.id) }
        becomeFollower(term: term, leader: nil)
    }

    /// Sends a heartbeat to everybody. It tells no follower to commit what it may not have: the
    /// log behind what is known to match may be another's (Raft §5.3).
    mutating func broadcastHeartbeat() {
        heartbeatSequence += 1
        leading.rounds.begin(heartbeatSequence, now: now)
        for position in leading.peers.indices {
            let peer = leading.peers[position]
            let commit = min(peer.progress.match, log.committed)
            send(.heartbeat(commit: commit, sequence: heartbeatSequence), to: peer.id)
            leading.peers[position].progress.sentCommit = max(peer.progress.sentCommit, commit)
        }
        leading.heartbeatDue = now.advanced(milliseconds: options.heartbeatMilliseconds)
    }

    /// A follower answered a heartbeat: it is there, and follows this leader.
    mutating func heartbeatAnswered(by follower: NodeID, sequence: UInt64) {
        guard role == .leader, let position = leading.position(of: follower) else { return }
        contacted(position)
        // A number that was never asked confirms nothing.
        if sequence <= leading.rounds.newest {
            let known = leading.peers[position].progress.acknowledgedSequence
            leading.peers[position].progress.acknowledgedSequence = max(known, sequence)
        }
        let match = leading.peers[position].progress.match
        switch leading.peers[position].progress.state {
        case .probe:
            // The probe or its answer was lost, or is being written: ask again.
            leading.peers[position].progress.isProbeSent = false
        case .replicate:
            if match < log.lastIndex { leading.peers[position].progress.isCheckWanted = true }
        case .snapshot:
            leading.peers[position].progress.isCheckWanted = true
        }
        confirmReads()
    }

    /// Notes a sign of life in the present term.
    mutating func contacted(_ position: Int) {
        leading.peers[position].progress.lastContact = now
    }

    /// Says everything that the leader has to say after a batch of events: that a change of members
    /// is finished, one read round, and to each follower the entries that it may have, or the new
    /// commit index.
    mutating func flushLeadership() {
        leaveJoint()
        beginReadRound()
        offerTransfer()
        let areDroppedTold =
            leading.departing.isEmpty || configurations.currentIndex <= log.committed
        for position in leading.peers.indices {
            // Who is dropped is told when that is certain: before, it still votes by what it has.
            if !areDroppedTold, leading.departing.contains(leading.peers[position].id) { continue }
            flush(toPeerAt: position)
        }
        dismissDeparted()
    }
}
