internal import ByteCodec

// Handing leadership over: dissertation §3.10.

extension RaftCore {
    /// Begins to hand leadership to `target`, or to the best voter. Proposals are refused from
    /// here on; the heir is told when its durable log is this one's. Nothing happens if this node
    /// does not lead, or `target` cannot.
    mutating func beginTransfer(to target: NodeID?) {
        guard role == .leader, target != id else { return }
        let heirs = configuration.voters.filter { $0 != id }
        guard target.map(heirs.contains) ?? !heirs.isEmpty else { return }
        // Who was told to campaign may be doing so: that must end first.
        if let present = leading.transfer {
            if present.isTargetTold || present.target == target { return }
        }
        leading.transfer = Leadership.Transfer(
            target: target, isChoiceFree: target == nil,
            deadline: now.advanced(milliseconds: options.transferTimeoutMilliseconds))
    }

    /// Tells the heir to campaign as soon as its durable log equals this one's.
    mutating func offerTransfer() {
        guard var transfer = leading.transfer, !transfer.isTargetTold else { return }
        guard let heir = transfer.target ?? bestHeir(excluding: transfer.excluded),
            let position = leading.position(of: heir),
            leading.peers[position].progress.match == log.lastIndex
        else { return }
        transfer.target = heir
        transfer.isTargetTold = true
        if isRetired {
            // Nobody tells this node of the next leader. What it said may be lost, so before long
            // it tells the others too that it stops.
            transfer.deadline = min(
                transfer.deadline, now.advanced(milliseconds: options.heartbeatMilliseconds))
        }
        leading.transfer = transfer
        send(.timeoutNow(last: log.last), to: heir)
    }

    /// The message may have been lost; a second one does no harm.
    mutating func repeatTimeoutNow() {
        guard let transfer = leading.transfer, transfer.isTargetTold, let heir = transfer.target
        else { return }
        send(.timeoutNow(last: log.last), to: heir)
    }

    /// The voter that has most of the log, of those heard within an election time-out.
    private func bestHeir(excluding excluded: [NodeID]) -> NodeID? {
        var best: Leadership.Peer?
        for peer in leading.peers where configuration.voters.contains(peer.id) {
            guard !excluded.contains(peer.id), isActive(peer.progress) else { continue }
            if peer.progress.match > best?.progress.match ?? .zero { best = peer }
        }
        return best?.id
    }

    /// Whether a follower was heard within an election time-out.
    func isActive(_ progress: Progress) -> Bool {
        guard let contact = progress.lastContact else { return false }
        return now.nanoseconds(since: contact)
            < options.electionTimeoutMilliseconds * 1_000_000
    }

    /// The heir cannot lead, or cannot be reached: at once back to work, or to the next best
    /// (openraft #2088 stood still for seconds).
    mutating func heirFailed(_ heir: NodeID) {
        guard role == .leader, var transfer = leading.transfer, transfer.target == heir else {
            return
        }
        guard transfer.isChoiceFree else { return abortTransfer() }
        transfer.target = nil
        transfer.isTargetTold = false
        transfer.excluded.append(heir)
        leading.transfer = transfer
        let isAnyoneLeft = configuration.voters.contains {
            $0 != id && !transfer.excluded.contains($0)
        }
        if !isAnyoneLeft { abortTransfer() }
    }

    /// Leads on as before; a node whose disk is full cannot, and stops, and so does one that is
    /// barred or no voter any more.
    mutating func abortTransfer() {
        precondition(leading.transfer != nil, "no transfer to give up")
        sometimes(.transferGivenUp)
        leading.transfer = nil
        // A round that was under way when the heir was told may have been overtaken by its
        // election: its reads are asked again.
        leading.reads.restart()
        if isStorageFull || isBarred || isRetired { stepDown() }
    }

    /// The heir refused.
    mutating func transferRefused(by heir: NodeID) { heirFailed(heir) }

    /// The leader wants this node to lead (dissertation §3.10). It skips the pre-vote, since the
    /// leader itself gives way, but only with the very log that the leader named: anything else
    /// would lose entries or the election (openraft #1806).
    mutating func toldToCampaign(by sender: NodeID, last: EntryID) {
        switch role {
        case .leader, .candidate:
            // It leads already, or campaigns: a repeated message.
            return
        case .preCandidate, .follower:
            break
        }
        let isCaughtUp = log.last == last && log.lastDurable == last
        guard mayCampaign, isCaughtUp, leader == sender || role == .preCandidate else {
            sometimes(.transferRefused)
            send(.transferRefused, to: sender)
            return
        }
        campaign(isTransfer: true)
    }
}
