import ByteCodec
import RaftCore
import RaftWire

// Own proposals: from the ticket to the outcome.

extension Replica {
    /// Takes a command of this node's own.
    mutating func propose(
        _ ticket: Ticket, _ command: [UInt8], isNarrowing: Bool, deadline: SteadyTime
    ) {
        guard fitness == .fit else { return refuse(ticket, .unfit) }
        guard command.count + Proposal.headerBytes <= options.raft.entryBytesMax else {
            return refuse(ticket, .tooLarge)
        }
        guard pending.count + lease.waiters.count < options.proposalsMax,
            pending.bytes + command.count <= options.proposalBytesMax,
            pendingSpan < options.proposalSpanMax
        else { return refuse(ticket, .tooBusy) }
        // It waited too long to be heard.
        guard deadline > now.steady else { return refuse(ticket, .tooBusy) }
        let counter = nextCounter
        nextCounter += 1
        let parkedUntil = now.steady.advanced(milliseconds: options.parkMilliseconds)
        pending.append(
            PendingProposal(
                counter: counter, ticket: ticket, command: command, isNarrowing: isNarrowing,
                deadline: deadline, parkedUntil: parkedUntil))
        timers.insert(deadline, .deadline(counter))
        if parkedUntil < deadline { timers.insert(parkedUntil, .park(counter)) }
        enqueue(counter)
    }

    /// How far the next counter lies from the oldest one that waits.
    ///
    /// Apply forgets a run's proposals below a floor: the greatest of min(q.oldestPending,
    /// q.counter) and q.counter - window + 1 over the proposals q applied so far. A proposal p
    /// that waits here is never below it. Every q sent while p waits says q.oldestPending ≤ p; a q
    /// sent before p was made has q.counter < p; so the first is at most p. And a counter q is
    /// given out only while q - p ≤ `proposalSpanMax` ≤ window - 1, so the second is too. Who no
    /// longer waits is never proposed again by this node; copies that are still on their way find
    /// their outcome, or the floor above them, and take effect at most once either way.
    var pendingSpan: UInt64 { nextCounter - (pending.oldestCounter ?? nextCounter) }

    /// Nobody waits for this proposal any more: it is not sent again.
    mutating func abandon(_ ticket: Ticket) {
        if let counter = pending.counter(of: ticket) { pending.remove(counter) }
    }

    /// Hands everything that is unsent, own and of peers, to the leader. Returns whether anything
    /// was given to the own core.
    mutating func sendProposals() -> Bool {
        let batches = forwarded
        forwarded.removeAll()
        var isAnyForwarded = false
        for batch in batches where acceptForwarded(batch.proposals, from: batch.from) {
            isAnyForwarded = true
        }
        guard !unsent.isEmpty, let leader else { return isAnyForwarded }
        guard leader != id else { return proposeLocally() || isAnyForwarded }
        // Without a connection nothing would arrive; `connected` comes before long.
        if connected.contains(leader) {
            sometimes(.proposalForwarded)
            forward(to: leader)
        }
        return isAnyForwarded
    }

    /// The leader changed: whatever is not known to be applied is proposed anew, under the same
    /// identifiers.
    mutating func resendAll() {
        for counter in pending.counters {
            withdraw(counter)
            enqueue(counter)
        }
    }

    /// Puts a proposal into the queue of those to be sent, once.
    private mutating func enqueue(_ counter: UInt64) {
        guard let proposal = pending[counter], !proposal.isQueued else { return }
        pending.update(counter) { $0.isQueued = true }
        unsent.append(counter)
        // With nobody to send to, those that were answered meanwhile would gather.
        if unsent.count > 2 * pending.count + 1_024 { unsent.removeAll { pending[$0] == nil } }
    }

    /// Takes a proposal back from whom it is with; that hand-over has no known end.
    private mutating func withdraw(_ counter: UInt64) {
        pending.update(counter) { proposal in
            if proposal.stage != .waiting { proposal.mayBeInLog = true }
            proposal.stage = .waiting
        }
    }

    /// The connection to a leader is there again: what was sent over the one before may be lost.
    mutating func resendUnanswered(to peer: NodeID) {
        for counter in pending.counters where pending[counter]?.stage == .sent(to: peer) {
            withdraw(counter)
            enqueue(counter)
        }
    }
}

// MARK: - Handing over

extension Replica {
    private mutating func proposeLocally() -> Bool {
        // What comes behind the entry that drops this node it would not see applied.
        guard !core.isTransferring, core.isMember(id) else { return false }
        let batch = takeUnsent()
        let stamp = clock.stamp(now)
        let oldest = pending.oldestCounter ?? nextCounter
        let payloads = batch.map { proposal in
            Proposal(
                id: identifier(proposal.counter), oldestPending: oldest, stamp: stamp,
                isNarrowing: proposal.isNarrowing, command: proposal.command
            ).encoded()
        }
        var isAnyTaken = false
        for range in slices(of: payloads) {
            do {
                let places = try core.propose(Array(payloads[range]), now: now.steady)
                for (proposal, place) in zip(batch[range], places) {
                    count(sent: proposal)
                    if proposal.isNarrowing { appendedNarrowing(at: place.index) }
                    accepted(proposal.counter, at: place)
                }
                isAnyTaken = true
            } catch {
                for proposal in batch[range] { refused(proposal.counter, error) }
            }
        }
        return isAnyTaken
    }

    private mutating func forward(to leader: NodeID) {
        let batch = takeUnsent()
        let oldest = pending.oldestCounter ?? nextCounter
        let wait =
            Buggify.repeatProposalEarly.isUnlucky ? 1 : options.forwardRetryMilliseconds
        let retryAt = now.steady.advanced(milliseconds: wait)
        for range in slices(of: batch.map(\.command)) {
            var message: [ForwardedProposal] = []
            for proposal in batch[range] {
                count(sent: proposal)
                pending.update(proposal.counter) { $0.stage = .sent(to: leader) }
                timers.insert(retryAt, .retry(proposal.counter))
                message.append(
                    ForwardedProposal(
                        id: identifier(proposal.counter), oldestPending: oldest,
                        isNarrowing: proposal.isNarrowing, command: proposal.command))
            }
            counters.forwardBatches += 1
            actions.append(.send(.propose(message), to: leader))
        }
    }

    /// The proposals that are to be sent now, in order.
    private mutating func takeUnsent() -> [PendingProposal] {
        let counters = unsent
        unsent.removeAll(keepingCapacity: true)
        return counters.compactMap { counter in
            pending.update(counter) { $0.isQueued = false }
            return pending[counter].flatMap { $0.stage == .waiting ? $0 : nil }
        }
    }

    /// Cuts a batch so that each part keeps to the limits of one message.
    private func slices(of items: [[UInt8]]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for (position, item) in items.enumerated() {
            let isFull =
                position - start == options.forwardEntriesMax
                || bytes + item.count > options.forwardBytesMax
            if isFull, position > start {
                result.append(start..<position)
                start = position
                bytes = 0
            }
            bytes += item.count
        }
        if start < items.count { result.append(start..<items.count) }
        return result
    }

    private func identifier(_ counter: UInt64) -> ProposalID {
        ProposalID(node: id, run: run, counter: counter)
    }

    private mutating func count(sent proposal: PendingProposal) {
        counters.proposalsSent += 1
        if proposal.mayBeInLog {
            sometimes(.proposalRepeated)
            counters.proposalsRepeated += 1
        }
    }
}

// MARK: - Answers

extension Replica {
    /// A leader says what it did with proposals.
    mutating func proposalsAnswered(_ replies: [ProposalReply], by peer: NodeID) {
        for reply in replies where reply.id.node == id && reply.id.run == run {
            // An answer of somebody who was asked before, or asked twice, changes nothing: the
            // proposal is with another by now.
            guard pending[reply.id.counter]?.stage == .sent(to: peer) else { continue }
            switch reply.result {
            case .accepted(let place): accepted(reply.id.counter, at: place)
            case .refused(let refusal): refused(reply.id.counter, refusal)
            }
        }
    }

    private mutating func accepted(_ counter: UInt64, at place: EntryID) {
        guard place.index > visible else {
            // What was applied there was not this proposal, or it would have had its outcome: its
            // place went to another entry, or a snapshot covered it, before the answer came.
            pending.update(counter) { $0.stage = .accepted(place) }
            withdraw(counter)
            return enqueue(counter)
        }
        pending.update(counter) { $0.stage = .accepted(place) }
        placed.insert(place.index, Placed(counter: counter, entry: place))
        if placed.isCrowded(live: pending.count) {
            let pending = pending
            placed.remove { pending[$0.counter]?.stage != .accepted($0.entry) }
        }
    }

    /// Nobody took it: it is tried again, until its park time or its deadline ends.
    private mutating func refused(_ counter: UInt64, _ refusal: ProposalRefusal) {
        let reason: NotProposedReason =
            switch refusal {
            case .notLeader, .transferring: .noLeader
            case .tooManyUncommittedBytes: .tooBusy
            case .entryTooLarge: .tooLarge
            case .storageFull: .storageFull
            }
        pending.update(counter) { proposal in
            proposal.stage = .waiting
            proposal.refusal = reason
        }
        guard let proposal = pending[counter] else { return }
        let isHopeless = reason == .tooBusy || reason == .tooLarge
        if proposal.isCertainlyNowhere, isHopeless || now.steady >= proposal.parkedUntil {
            return complete(proposal, .notProposed(reason, leader: leader))
        }
        timers.insert(
            now.steady.advanced(milliseconds: options.refusalRetryMilliseconds), .retry(counter))
    }

    /// Something was applied here.
    mutating func applied(upTo index: LogIndex, durable: LogIndex, _ outcomes: [OwnOutcome]) {
        guard !isStateAbandoned else { return }
        core.step(.applied(index), now: now.steady)
        visible = max(visible, index)
        stateSynced(upTo: durable)
        for outcome in outcomes {
            precondition(outcome.id.node == id && outcome.id.run == run, "another's outcome")
            guard let proposal = pending[outcome.id.counter] else { continue }
            guard proposal.isNarrowing, outcome.index > lease.released else {
                complete(proposal, .applied(index: outcome.index, outcome: outcome.outcome))
                continue
            }
            pending.remove(proposal.counter)
            holdBack(
                proposal.ticket, index: outcome.index, outcome: outcome.outcome,
                deadline: proposal.deadline)
        }
        repeatLost(upTo: visible)
    }

    /// Proposals whose place in the log is passed, and whose outcome did not come, lost that place
    /// to another entry, or a snapshot covered it: proposed again, they get their outcome.
    mutating func repeatLost(upTo index: LogIndex) {
        while let place = placed.pop(upTo: index) {
            guard pending[place.counter]?.stage == .accepted(place.entry) else { continue }
            sometimes(.proposalLostFromLog)
            withdraw(place.counter)
            enqueue(place.counter)
        }
    }

    mutating func retry(_ counter: UInt64) {
        guard let proposal = pending[counter] else { return }
        switch proposal.stage {
        case .accepted: return
        case .sent: withdraw(counter)
        case .waiting: break
        }
        enqueue(counter)
    }

    mutating func parkTimeEnded(_ counter: UInt64) {
        guard let proposal = pending[counter], proposal.isCertainlyNowhere else { return }
        sometimes(.proposalParkedInVain)
        complete(proposal, .notProposed(proposal.refusal ?? unreachable, leader: leader))
    }

    mutating func proposalDeadline(_ counter: UInt64) {
        guard let proposal = pending[counter] else { return }
        giveUp(proposal, proposal.refusal ?? unreachable)
    }

    /// Ends a proposal with what is certain about it.
    mutating func giveUp(_ proposal: PendingProposal, _ reason: NotProposedReason) {
        if proposal.isCertainlyNowhere {
            complete(proposal, .notProposed(reason, leader: leader))
        } else {
            counters.outcomesUnknown += 1
            complete(proposal, .unknown)
        }
    }

    private mutating func complete(_ proposal: PendingProposal, _ completion: ProposalCompletion) {
        pending.remove(proposal.counter)
        actions.append(.complete(proposal.ticket, completion))
    }

    private mutating func refuse(_ ticket: Ticket, _ reason: NotProposedReason) {
        actions.append(.complete(ticket, .notProposed(reason, leader: leader)))
    }

    /// Why nobody takes proposals, if nobody does.
    var unreachable: NotProposedReason { isQuorumInReach ? .noLeader : .noQuorum }

    /// Whether connections stand to enough voters to elect somebody.
    var isQuorumInReach: Bool {
        let configuration = core.status.configuration
        func isQuorum(of voters: [NodeID]) -> Bool {
            voters.count { $0 == id || connected.contains($0) } > voters.count / 2
        }
        return isQuorum(of: configuration.voters)
            && (!configuration.isJoint || isQuorum(of: configuration.votersOutgoing))
    }
}

// MARK: - For peers

extension Replica {
    /// Proposals that a peer believes this node should append. They go no further than here.
    /// Returns whether any were appended.
    private mutating func acceptForwarded(
        _ proposals: [ForwardedProposal], from peer: NodeID
    ) -> Bool {
        // Who is no member does not see it applied, and could only answer that its end is unknown.
        guard role != .leader || core.isMember(peer) else {
            let replies = proposals.map {
                ProposalReply(id: $0.id, result: .refused(.notLeader(leader: nil)))
            }
            actions.append(.send(.proposalReplies(replies), to: peer))
            return false
        }
        let stamp = role == .leader ? clock.stamp(now) : .zero
        let payloads = proposals.map { proposal in
            Proposal(
                id: proposal.id, oldestPending: proposal.oldestPending, stamp: stamp,
                isNarrowing: proposal.isNarrowing, command: proposal.command
            ).encoded()
        }
        var replies: [ProposalReply] = []
        var isAnyTaken = false
        for range in slices(of: payloads) {
            do {
                let places = try core.propose(Array(payloads[range]), now: now.steady)
                for (proposal, place) in zip(proposals[range], places) {
                    if proposal.isNarrowing { appendedNarrowing(at: place.index) }
                    replies.append(ProposalReply(id: proposal.id, result: .accepted(place)))
                }
                isAnyTaken = true
            } catch {
                for proposal in proposals[range] {
                    replies.append(ProposalReply(id: proposal.id, result: .refused(error)))
                }
            }
        }
        if !replies.isEmpty { actions.append(.send(.proposalReplies(replies), to: peer)) }
        return isAnyTaken
    }

    /// Notes the newest stamp in entries that their leader has only just appended.
    mutating func observeStamps(of message: Message) {
        guard case .append(_, let entries, let commit) = message.body, let last = entries.last,
            last.index > commit, let stamp = ProposalFields.stamp(of: last)
        else { return }
        let isLeadersOwn = last.term == message.term && message.term >= core.term
        clock.observed(stamp, isLeadersOwn: isLeadersOwn, now)
    }
}
