import ByteCodec
import RaftCore
import RaftWire

// Read leases (docs/lease.md; the numbers of the rules are those of that page).

// MARK: - Holding

extension Replica {
    /// Asks the leader for a lease, and reports what is applied (rule 1). Any number of these may
    /// be lost.
    mutating func askForLease() {
        guard let leader, leader != id, connected.contains(leader), fitness == .fit else { return }
        let ask = LeaseAsk(
            incarnation: run, reading: now.steady, applied: visible, awaited: lease.awaited)
        actions.append(.send(.leaseAsk(ask), to: leader))
    }

    /// Takes a grant, whoever leads now: what was granted is booked.
    mutating func leaseGranted(_ grant: LeaseGrant) {
        lease.released = max(lease.released, grant.released)
        let isOwn = grant.incarnation == run || Planted.grantToFormerRun.isOn
        guard fitness == .fit, isOwn, grant.reading <= now.steady,
            grant.durationNanoseconds > 0,
            grant.durationNanoseconds <= options.lease.nanoseconds
        else { return }
        let begin = Planted.leaseFromReceipt.isOn ? now.steady : grant.reading
        lease.held.add(
            ReadLease(
                end: begin.advanced(nanoseconds: grant.durationNanoseconds), index: grant.index))
    }

    /// Reports to the leader as soon as narrowing entries are applied, since whoever made them
    /// waits, and asks when somebody here begins to wait.
    mutating func reportNarrowing() {
        let isAnyApplied = lease.applied(visible)
        guard isAnyApplied || lease.isAskWanted else { return }
        lease.isAskWanted = false
        if role != .leader { askForLease() }
    }

    /// Says which lease is in use, when another one is.
    mutating func publishLease() {
        let usable = fitness == .fit ? lease.held.usable(at: visible, now: now.steady) : nil
        guard usable != lease.published else { return }
        lease.published = usable
        actions.append(.lease(usable))
    }
}

// MARK: - Granting

extension Replica {
    /// This node leads: it knows nothing of the leases of former leaders (rule 6), and goes on
    /// with what it was told of limits.
    mutating func beginLeaseBook() {
        lease.book = (
            term,
            LeaseBook(
                others: core.members.filter { $0 != id }, inherited: lastNarrowing,
                now: now.steady, options: options.lease)
        )
        beginBudgets()
    }

    /// The last narrowing entry of this node's log, or one behind it.
    private var lastNarrowing: LogIndex { min(lease.lastNarrowing, core.lastIndex) }

    /// Entries came into this node's log.
    mutating func noteNarrowing(in entries: [Entry]) {
        guard let last = entries.last(where: ProposalFields.isNarrowing) else { return }
        lease.lastNarrowing = max(lease.lastNarrowing, last.index)
    }

    /// A narrowing command was appended by this leader: in the same step it is noted which leases
    /// delay it (rule 5).
    mutating func appendedNarrowing(at index: LogIndex) {
        lease.lastNarrowing = max(lease.lastNarrowing, index)
        lease.book?.entries.append(narrowing: index)
    }

    /// The planted defect: as long as the core has not heard the time of this turn, it shows that
    /// of the one before.
    func leaseAsksFirst(_ inputs: [ReplicaInput]) -> [ReplicaInput] {
        func isAsk(_ input: ReplicaInput) -> Bool {
            if case .received(.leaseAsk, _) = input { true } else { false }
        }
        return inputs.filter(isAsk) + inputs.filter { !isAsk($0) }
    }

    /// A member asks for a lease.
    mutating func leaseAsked(_ ask: LeaseAsk, by peer: NodeID) {
        // The core may have stopped leading within this turn.
        let glance = core.glance
        guard glance.role == .leader, var book = lease.book, book.term == glance.term else {
            return
        }
        book.entries.reported(peer, applied: ask.applied, awaited: ask.awaited)
        var duration: UInt64 = 0
        let mayHold = core.isLastingMember(peer) || Planted.leaseToLeaving.isOn
        if let contact = core.quorumContact, mayHold {
            let moment = Planted.bookedByCachedClock.isOn ? core.lastMoment : now.steady
            duration = book.entries.grant(to: peer, contact: contact, now: moment)
        }
        book.entries.release(committed: glance.commit, applied: visible, now: now.steady)
        lease.book = book
        let grant = LeaseGrant(
            incarnation: ask.incarnation, reading: ask.reading, durationNanoseconds: duration,
            index: book.entries.index(
                lastNarrowing: lastNarrowing, committed: glance.commit, begun: core.termBegun),
            released: book.entries.released)
        actions.append(.send(.leaseGrant(grant), to: peer))
    }

    /// What a leader does about leases at the end of a turn.
    private mutating func keepLeaseBook() {
        let glance = core.glance
        guard glance.role == .leader, var book = lease.book, book.term == glance.term else {
            return
        }
        book.entries.update(others: core.members.filter { $0 != id })
        book.entries.release(committed: glance.commit, applied: visible, now: now.steady)
        for peer in book.entries.takeReleasedWaiters() {
            actions.append(.send(.released(upTo: book.entries.released), to: peer))
        }
        lease.book = book
        lease.released = max(lease.released, book.entries.released)
        // Its own lease needs no booking: it acknowledges nothing that it has not applied.
        if let contact = core.quorumContact, core.isLastingMember(id), fitness == .fit {
            let begin = Planted.leaseOfAnyAge.isOn ? now.steady : contact
            let end = begin.advanced(nanoseconds: options.lease.nanoseconds)
            lease.held.add(ReadLease(end: end, index: lastNarrowing))
        }
    }

    /// Everything that follows for leases at the end of a turn.
    mutating func settleLeases() {
        keepLeaseBook()
        publishLease()
        for waiter in lease.takeReleased() { answer(waiter, isReleased: true) }
        for waiter in lease.takeExpired(now.steady) { answer(waiter, isReleased: false) }
    }

    /// When leases give this node something to do.
    var leaseDeadline: SteadyTime? {
        guard let own = lease.deadline else { return nil }
        return min(own, lease.book?.entries.deadline(after: now.steady) ?? own)
    }
}

// MARK: - Waiting for what may be acknowledged

extension Replica {
    /// Waits until everything up to and with an index may be acknowledged.
    mutating func awaitRelease(_ ticket: Ticket, _ index: LogIndex, deadline: SteadyTime) {
        guard fitness == .fit else {
            return actions.append(.completeRead(ticket, .failed(.unfit, leader: leader)))
        }
        guard index > lease.released else {
            return actions.append(.completeRead(ticket, .confirmed(visible)))
        }
        guard pending.count + lease.waiters.count < options.proposalsMax else {
            return actions.append(.completeRead(ticket, .failed(.tooBusy, leader: leader)))
        }
        lease.wait(index, .init(ticket: ticket, deadline: deadline, outcome: nil))
        lease.isAskWanted = true
    }

    /// An own narrowing command is applied: it is answered when nobody can answer on a view
    /// without it.
    mutating func holdBack(
        _ ticket: Ticket, index: LogIndex, outcome: [UInt8], deadline: SteadyTime
    ) {
        lease.wait(index, .init(ticket: ticket, deadline: deadline, outcome: (index, outcome)))
    }

    /// Answers somebody who waited.
    mutating func answer(_ waiter: LeaseKeeping.Waiter, isReleased: Bool) {
        switch (waiter.outcome, isReleased) {
        case (let outcome?, true):
            actions.append(
                .complete(waiter.ticket, .applied(index: outcome.index, outcome: outcome.bytes)))
        case (_?, false):
            counters.outcomesUnknown += 1
            actions.append(.complete(waiter.ticket, .unknown))
        case (nil, true):
            actions.append(.completeRead(waiter.ticket, .confirmed(visible)))
        case (nil, false):
            let reason: ReadFailure = departure == nil ? .timeout : .draining
            actions.append(.completeRead(waiter.ticket, .failed(reason, leader: leader)))
        }
    }
}
