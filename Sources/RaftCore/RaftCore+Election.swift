internal import ByteCodec

// Elections: Raft §5.2 and §5.4.1; pre-vote, dissertation §9.6; leader lease, §4.2.3.

extension RaftCore {
    /// Whether this node has a leader that it has no reason to doubt.
    ///
    /// It doubts a leader that (a) closed its connection, or (b) was silent for an election
    /// time-out, or (c) said that it steps down (then there is no leader). One broken link
    /// therefore deposes nobody, because the others still hear the leader; a killed leader is
    /// doubted by everybody at once.
    var isLeaderAlive: Bool {
        switch role {
        case .leader: return true
        case .preCandidate, .candidate: return false
        case .follower:
            let silence = now.nanoseconds(since: following.heardAt)
            return leader != nil && !following.isConnectionClosed
                && silence < options.electionTimeoutMilliseconds * 1_000_000
        }
    }

    /// Whether this node could lead if elected. A node whose disk is full must not lead, nor one
    /// that is barred; one that is about to be replaced by a snapshot does not know its own log,
    /// and one whose log was damaged does not have all of it.
    var mayCampaign: Bool {
        isElectable && !isStorageFull && !isBarred && installing == nil && !isStateLost
            && (!isRepairing || Planted.campaignWhileRepairing.isOn)
            && term.next.rawValue < Message.numberMax
    }

    /// Whether this node votes; or does not by an entry that is not known to be committed.
    ///
    /// It may be the only one that has that entry: a leader sends what its own disk may yet lose.
    /// Then nobody with an older log gets its vote, and somebody must lead to commit the entry, by
    /// the votes of the others alone (dissertation §4.2.2). Once it is committed its voters hold
    /// it.
    var isElectable: Bool {
        if configuration.isVoter(id) { return true }
        return configurations.currentIndex > log.committed
            && configurations.previous?.isVoter(id) == true
    }

    /// The timer passed without word from a leader, or a campaign without a result.
    mutating func electionTimerFired() {
        guard role != .leader, let due = electionDue, now >= max(due, timersNotBefore) else {
            return
        }
        guard mayCampaign else {
            // It stays a follower, of nobody: others may no longer be sent to the old leader.
            becomeFollower(term: term, leader: nil)
            electionDue = nil
            return
        }
        // A new term would void this node's own vote, which its disk is still writing, and the
        // grants of others: on slow disks nobody would ever be elected.
        guard role != .candidate || storage.holds(term: term, vote: vote) else {
            return scheduleCampaignRetry()
        }
        campaignForPreVotes()
    }

    /// Asks whether an election could be won, without disturbing anybody (dissertation §9.6).
    mutating func campaignForPreVotes() {
        precondition(mayCampaign, "\(id) may not lead")
        leaveRole()
        role = .preCandidate
        leader = nil
        scheduleCampaignRetry()
        requestVotes(.preVote(last: log.lastDurable), term: term.next)
        record(Ballot(node: id, isGranted: true))
    }

    /// Enters the next term and asks for votes in it.
    ///
    /// The requests leave in parallel with this node's own disk write, so they claim only what is
    /// durable. If the node crashes before its term is, it may ask again in the same term; a late
    /// grant to the first question is then still true, because its log holds at least that much.
    mutating func campaign(isTransfer: Bool) {
        precondition(mayCampaign, "\(id) may not lead")
        leaveRole()
        enter(term.next, vote: id)
        role = .candidate
        leader = nil
        scheduleCampaignRetry()
        requestVotes(.vote(last: log.lastDurable, isTransfer: isTransfer), term: term)
        // Its own vote counts when it is durable: see `hardStateBecameDurable`.
        if Planted.voteNotDurable.isOn { record(Ballot(node: id, isGranted: true)) }
    }

    private mutating func requestVotes(_ body: Message.Body, term: Term) {
        for node in configuration.members where node != id && configuration.isVoter(node) {
            send(body, to: node, term: term)
        }
    }

    private mutating func scheduleCampaignRetry() {
        let base = options.campaignRetryMilliseconds
        electionDue = after(milliseconds: base, jitter: base)
    }

    // MARK: Voting

    /// A node asks whether it would get this one's vote for `asked`.
    ///
    /// Granting changes nothing here, not even the timer: a node that kept granting and never
    /// campaigned would leave the cluster without a leader (hashicorp/raft #609).
    mutating func preVoteRequested(by candidate: NodeID, term asked: Term, last: EntryID) {
        let granted = asked > term && !isLeaderAlive && isUpToDate(last)
        if isLeaderAlive { sometimes(.preVoteRefusedForLeader) }
        if !isUpToDate(last) { sometimes(.preVoteRefusedForLog) }
        send(.preVoteReply(granted: granted), to: candidate, term: granted ? asked : term)
    }

    /// A node asks for a vote in the present term. One vote for each term, to the first that asks
    /// with a log at least as up to date (Raft §5.2, §5.4.1).
    mutating func voteRequested(by candidate: NodeID, last: EntryID, isTransfer: Bool) {
        let isFree = vote == candidate || (vote == nil && leader == nil)
        guard isFree, isUpToDate(last) else {
            sometimes(.voteRefused)
            send(.voteReply(granted: false), to: candidate)
            return
        }
        // Who only asked whether it might campaign lets the other go first.
        if role == .preCandidate { becomeFollower(term: term, leader: nil) }
        if vote == nil { enter(term, vote: candidate) }
        // A vote given is time given to the candidate; nothing else but a leader resets the timer.
        resetElectionTimer()
        if storage.holds(term: term, vote: vote) || Planted.voteNotDurable.isOn {
            send(.voteReply(granted: true), to: candidate)
        } else {
            // The grant leaves when the disk has it: see `hardStateBecameDurable`.
            storage.isGrantHeld = true
        }
    }

    private func isUpToDate(_ last: EntryID) -> Bool {
        // Compared with all of this node's log, durable or not: that is the careful side.
        if Planted.voteForOlderLog.isOn { return true }
        guard last.isAtLeastAsUpToDate(as: log.last) else { return false }
        // And with what it held before it was damaged: somebody may have counted that.
        guard isRepairing, !last.isAtLeastAsUpToDate(as: promised) else { return true }
        sometimes(.voteRefusedForPromise)
        return Planted.promiseForgottenInVote.isOn
    }

    /// An answer to a pre-vote.
    mutating func preVoteAnswered(by voter: NodeID, term answered: Term, granted: Bool) {
        guard role == .preCandidate, configuration.isVoter(voter) else { return }
        // A grant names the term asked for; one for another campaign does not count.
        guard !granted || answered == term.next else { return }
        record(Ballot(node: voter, isGranted: granted))
    }

    /// An answer to a request for a vote in the present term.
    mutating func voteAnswered(by voter: NodeID, granted: Bool) {
        guard role == .candidate, configuration.isVoter(voter) else { return }
        record(Ballot(node: voter, isGranted: granted))
    }

    /// Counts an answer, the first of each voter, and acts on the result.
    private mutating func record(_ ballot: Ballot) {
        guard !ballots.contains(where: { $0.node == ballot.node }) else { return }
        ballots.append(ballot)
        let result = Quorum.result(in: configuration) { node in
            ballots.first { $0.node == node }?.isGranted
        }
        switch (result, role) {
        case (.pending, _): break
        case (.won, .preCandidate): campaign(isTransfer: false)
        case (.won, .candidate):
            // Not before its own vote is durable, though others may be a quorum without it: after
            // a crash it would not know that it led, could be elected in the same term again, and
            // put another entry where its followers have one of that term (S2).
            let isOwnVoteDurable = ballots.contains { $0.node == id }
            if isOwnVoteDurable { becomeLeader() }
        case (.lost, .preCandidate), (.lost, .candidate):
            // Not before the retry is due: whoever has the better log shall have its turn.
            let due = electionDue
            becomeFollower(term: term, leader: nil)
            electionDue = due
        case (.won, .follower), (.lost, .follower), (.won, .leader), (.lost, .leader):
            preconditionFailure("a ballot was counted by a \(role)")
        }
    }

    /// The disk holds the present term and vote: what was promised may be said now.
    mutating func hardStateBecameDurable() {
        if storage.isGrantHeld, let candidate = vote, candidate != id {
            send(.voteReply(granted: true), to: candidate)
        }
        storage.isGrantHeld = false
        if role == .candidate, vote == id { record(Ballot(node: id, isGranted: true)) }
    }

    // MARK: Roles

    /// Follows `leader` in `term`, or nobody.
    mutating func becomeFollower(term newTerm: Term, leader newLeader: NodeID?) {
        precondition(newTerm >= term, "term \(newTerm.rawValue) behind \(term.rawValue)")
        leaveRole()
        if newTerm > term { enter(newTerm, vote: nil) }
        role = .follower
        leader = newLeader
        following = Following()
        following.heardAt = now
        resetElectionTimer()
    }

    /// Notes that something came from the leader of the present term. False if this node leads
    /// itself: two leaders in one term cannot be, so what the other says is not believed.
    mutating func hear(leader sender: NodeID) -> Bool {
        guard role != .leader else { return false }
        if role != .follower || leader != sender {
            if role == .candidate { sometimes(.candidateMeetsLeader) }
            becomeFollower(term: term, leader: sender)
        }
        following.heardAt = now
        following.isConnectionClosed = false
        resetElectionTimer()
        return true
    }

    /// The leader says that it stops (dissertation §6.2), naming no heir; or it asks for votes in a
    /// later term, which nobody does who still leads this one: it was restarted, most likely.
    mutating func leaderSteppedDown(_ sender: NodeID) {
        guard role == .follower, leader == sender else { return }
        becomeFollower(term: term, leader: nil)
        electionDue = after(milliseconds: 0, jitter: options.connectionLossJitterMilliseconds)
    }

    /// Leads the present term, for which a quorum voted (Raft §5.2).
    private mutating func becomeLeader() {
        precondition(role == .candidate, "a \(role) was elected")
        leaveRole()
        role = .leader
        leader = id
        electionDue = nil
        // The first appends announce the new leader; heartbeats follow.
        leading.heartbeatDue = now.advanced(milliseconds: options.heartbeatMilliseconds)
        trackMembers()
        leading.uncommittedBytes = log.entries(after: log.committed, upTo: log.lastIndex)
            .reduce(0) { $0 + $1.sizeBytes }
        // Only an entry of the own term can be committed by counting (Raft §5.4.2), and only then
        // is everything committed before known to be (Raft §8).
        leading.firstIndex = appendOwn(kind: .empty, payload: []).index
    }

    /// Forgets what belongs to the role that ends. Reads that wait are dropped: another leader may
    /// commit from now on.
    private mutating func leaveRole() {
        ballots.removeAll()
        if role == .leader {
            let reads = leading.reads
            ready.droppedReads += reads.confirming + reads.waiting
        }
        leading = Leadership()
    }

    /// Enters a term, or votes in the present one. What was promised in an older term is void, and
    /// what was to be said in it is not said any more (RATIS-2154).
    private mutating func enter(_ newTerm: Term, vote newVote: NodeID?) {
        precondition(newTerm > term || vote == nil, "a second vote in term \(term.rawValue)")
        if newTerm > term {
            storage.isGrantHeld = false
            ready.messages.removeAll { $0.term < newTerm }
            following = Following()
        }
        term = newTerm
        vote = newVote
    }
}
