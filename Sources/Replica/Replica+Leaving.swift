import RaftCore
import RaftWire

// Handing leadership over, by order or before the process ends.

extension Replica {
    /// An operator wants another leader.
    mutating func transfer(_ ticket: Ticket, to target: NodeID?) {
        guard role == .leader else {
            return actions.append(.completeTransfer(ticket, .notLeader(leader: leader)))
        }
        if target == id { return actions.append(.completeTransfer(ticket, .done(leader: id))) }
        core.step(.transferLeadership(to: target), now: now.steady)
        guard core.status.isTransferring else {
            return actions.append(.completeTransfer(ticket, .failed))
        }
        // The core gives up by itself; then there is time to learn who leads.
        let limit = options.raft.transferTimeoutMilliseconds + options.parkMilliseconds
        let deadline = now.steady.advanced(milliseconds: limit)
        transfers.append(TransferWaiter(ticket: ticket, target: target, deadline: deadline))
    }

    /// Answers who waits for another leader, when there is one.
    mutating func completeTransfers() {
        guard let leader, leader != id else { return }
        for waiter in transfers {
            let isWanted = waiter.target == nil || waiter.target == leader
            actions.append(
                .completeTransfer(waiter.ticket, isWanted ? .done(leader: leader) : .failed))
        }
        transfers.removeAll()
    }

    /// Answers who waited in vain.
    mutating func expireTransfers() {
        guard !transfers.isEmpty else { return }
        let raft = core.status
        let isGivenUp = raft.role == .leader && !raft.isTransferring
        for waiter in transfers where isGivenUp || now.steady >= waiter.deadline {
            actions.append(.completeTransfer(waiter.ticket, .failed))
        }
        transfers.removeAll { isGivenUp || now.steady >= $0.deadline }
    }

    /// The process is to end.
    mutating func beginDeparture() {
        guard departure == nil else { return }
        departure = Departure(
            end: now.steady.advanced(milliseconds: options.shutdownMilliseconds),
            nextOffer: now.steady)
    }

    /// The first step of leave-taking: leadership goes to another node, as often as it takes.
    mutating func offerLeadership() {
        guard let current = departure, role == .leader, now.steady >= current.nextOffer else {
            return
        }
        // The core ignores it while a hand-over is under way, and when nobody could take over.
        core.step(.transferLeadership(to: nil), now: now.steady)
        departure?.nextOffer = now.steady.advanced(
            milliseconds: options.raft.transferTimeoutMilliseconds / 4)
    }

    /// The last step: the run ends once nobody waits for it any more, or its time is over.
    mutating func stopIfDone() {
        guard let current = departure, !isStopped else { return }
        // Who does not vote is not needed for finding out who leads.
        let isAlone = core.configuration.voters == [id] && !core.configuration.isJoint
        let isOutside = role != .leader && !core.configuration.isVoter(id)
        let isReplaced = leader != nil && leader != id || isOutside
        let isIdle =
            pending.count == 0 && reads.count == 0 && lease.waiters.count == 0 && changes.isEmpty
        if now.steady >= current.end || isIdle && (isAlone || isReplaced) { return stop() }
        // What waits for a damaged state waits in vain.
        if isStateAbandoned, isAlone || isReplaced { stop() }
    }

    /// Ends the run: everybody gets the answer that is certain.
    private mutating func stop() {
        if role == .leader {
            // Who hears that nobody leads need not find out.
            core.stepDown(now: now.steady)
            for message in core.takeReady().messages {
                actions.append(.send(.raft(message), to: message.to))
            }
        }
        for counter in pending.counters {
            if let proposal = pending[counter] { giveUp(proposal, .draining) }
        }
        for ticket in reads.takeAll() {
            actions.append(.completeRead(ticket, .failed(.draining, leader: leader)))
        }
        for waiter in lease.takeAll() { answer(waiter, isReleased: false) }
        for waiter in transfers { actions.append(.completeTransfer(waiter.ticket, .failed)) }
        transfers.removeAll()
        for waiter in changes { actions.append(.completeChange(waiter.ticket, .unknown)) }
        changes.removeAll()
        actions.append(.stopped)
        isStopped = true
    }

    /// After the end nothing waits.
    mutating func refusals(of inputs: [ReplicaInput]) -> [ReplicaAction] {
        inputs.compactMap { input in
            switch input {
            case .propose(let ticket, _, _, _):
                .complete(ticket, .notProposed(.draining, leader: leader))
            case .confirmRead(let ticket, _), .awaitIndex(let ticket, _, _),
                .awaitRelease(let ticket, _, _):
                .completeRead(ticket, .failed(.draining, leader: leader))
            case .transfer(let ticket, _): .completeTransfer(ticket, .notLeader(leader: leader))
            case .changeMembers(let ticket, _, _):
                .completeChange(ticket, .refused(.notLeader(leader: leader)))
            case .snapshotReceived(let metadata, _): .discardSnapshot(metadata)
            case .timer, .received, .connected, .connectionLost, .abandon, .persisted, .applied,
                .stateSynced,
                .snapshotInstalled, .snapshotInstallFailed, .snapshotSent, .shutdown, .storageFull,
                .fitness, .logDamaged, .receivingSnapshot, .claimBudgets:
                nil
            }
        }
    }
}
