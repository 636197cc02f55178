import ByteCodec
import RaftCore
import RaftWire
import Replica
import StateStore

// How a process takes its turns.

extension World {
    /// Puts something into the inbox of a process, and wakes it.
    func give(_ input: ReplicaInput, to process: SimulatedNode.Process, _ node: Int) {
        if let ticket = input.awaited { process.waiting.insert(ticket) }
        process.inbox.append(input)
        wake(process, node)
    }

    func wake(_ process: SimulatedNode.Process, _ node: Int) {
        guard !process.isTurnScheduled, !process.isPaused else { return }
        process.isTurnScheduled = true
        schedule(
            .turn(node: node, epoch: process.epoch),
            in: 1 + nodes[node].random.upTo(options.turnDelayMax))
    }

    func timer(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch), process.timerAt == now else { return }
        process.timerAt = nil
        wake(process, node)
    }

    func turn(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch) else { return }
        process.isTurnScheduled = false
        guard !process.isPaused else { return }
        counters[.turns] += 1
        let clocks = nodes[node].clock.clocks(at: now)
        var inputs = process.inbox
        process.inbox.removeAll(keepingCapacity: true)
        if let deadline = process.deadline, deadline <= clocks.steady { inputs.append(.timer) }
        note(1, node, UInt64(inputs.count))
        process.turns += 1
        let turn = process.replica.turn(
            inputs, before: process.glance, now: clocks,
            isWhole: process.turns.isMultiple(of: 512))
        process.glance = turn.glance
        process.deadline = turn.deadline
        observe(node, process, turn)
        for action in turn.actions { carryOut(action, process, node) }
        setTimer(process, node)
        if process.isStopping {
            end(node, .stop, restartAfter: process.restartAfter ?? someTime(node))
        }
    }

    private func observe(_ node: Int, _ process: SimulatedNode.Process, _ turn: Replica.Turn) {
        let glance = turn.glance
        if glance.role != turn.before.role || glance.term != turn.before.term {
            note(2, node, glance.term.rawValue << 8 | UInt64(glance.role.rawValue))
            let state = Recording.State(glance.role)
            recording?.became(state, node, term: glance.term.rawValue, at: now)
            say(.role, node, "n\(node + 1) is \(state.name) in term \(glance.term.rawValue)")
            if glance.role == .leader {
                counters[.elections] += 1
                http?.elected()
                if process.isTooOld { oracle.fail("level", "n\(node + 1) leads, and is too old") }
            }
        }
        if turn.before.isRepairing, !glance.isRepairing { repaired(node) }
        if let recording, glance.commit != turn.before.commit {
            recording.committed(glance.commit.rawValue, node, at: now)
        }
        oracle.ranked(node, glance)
        for action in turn.actions {
            if case .persist(let request) = action {
                if let first = request.entries.first,
                    first.index <= oracle.views[node].log.lastIndex
                {
                    counters[.truncations] += 1
                }
                oracle.requested(node, request)
            }
        }
        oracle.committing(node, glance) { process.replica.consensus.entries(in: $0) }
        for id in oracle.configured(node, glance) { checkDropped(id, by: node) }
    }

    /// Sets the timer of a node whose clock has changed.
    func setTimerAnew(_ node: Int) {
        guard let process = nodes[node].process else { return }
        process.timerAt = nil
        setTimer(process, node)
    }

    private func setTimer(_ process: SimulatedNode.Process, _ node: Int) {
        guard let deadline = process.deadline,
            let moment = nodes[node].clock.world(at: deadline)
        else { return }
        let at = max(moment, now + 1)
        if let timerAt = process.timerAt, timerAt <= at { return }
        process.timerAt = at
        queue.schedule(.timer(node: node, epoch: process.epoch), at: at)
    }

    private func carryOut(
        _ action: ReplicaAction, _ process: SimulatedNode.Process, _ node: Int
    ) {
        switch action {
        case .send(let message, let to):
            switch message {
            case .raft(let inner): oracle.sends(node, inner)
            case .leaseGrant(let grant) where grant.durationNanoseconds > 0:
                oracle.grants(node, to: to)
            default: break
            }
            send(message, from: node, to: Int(to.rawValue) - 1)
        case .persist(let request): toDisk(.persist(request), process, node)
        case .apply(let entries):
            oracle.delivers(node, entries)
            process.applyQueue.append(entries)
            startApply(process, node)
        case .complete(let ticket, let completion):
            if case .applied = completion { checkAnswers(node) }
            process.waiting.remove(ticket)
            if dutyCompleted(ticket, completion, node, process) { return }
            if let http {
                http.completed(ticket, completion, node)
            } else {
                writeCompleted(ticket, completion, node)
            }
        case .completeRead(let ticket, let completion):
            if case .confirmed = completion { checkAnswers(node) }
            process.waiting.remove(ticket)
            if releaseCompleted(ticket, completion) { return }
            if let http {
                http.completedRead(ticket, completion, node)
            } else {
                readCompleted(ticket, completion, node, process)
            }
        case .completeTransfer(let ticket, let completion):
            http?.completedTransfer(ticket, completion)
        case .configuration: break
        case .completeChange(let ticket, let completion): changed(ticket, completion, node)
        case .sendSnapshot(let to): sendSnapshot(from: node, to: Int(to.rawValue) - 1, process)
        case .install(let metadata):
            oracle.installs(node, metadata)
            toDisk(.install(metadata), process, node)
        case .replaceState(let metadata):
            oracle.replacesState(node, metadata)
            toDisk(.replaceState(metadata), process, node)
        case .discardSnapshot(let metadata):
            process.received.removeAll { $0.metadata == metadata }
        case .lease(let lease): leases[node] = lease
        case .budgets(let answer, let members):
            http?.services[node]?.budgetsAnswered(answer, members: members)
        case .trimLog(let index): toDisk(.trim(index), process, node)
        case .rewriteLog(let start, let entries):
            toDisk(.rewrite(startingAfter: start, entries), process, node)
        case .stopped: process.isStopping = true
        }
    }
}

extension ReplicaInput {
    /// The ticket under which the replica keeps somebody who waits; hand-overs have a place of
    /// their own there.
    fileprivate var awaited: Ticket? {
        switch self {
        case .propose(let ticket, _, _, _), .confirmRead(let ticket, _),
            .awaitIndex(let ticket, _, _), .awaitRelease(let ticket, _, _),
            .changeMembers(let ticket, _, _):
            ticket
        default: nil
        }
    }
}

extension Replica {
    /// What a turn brought, and what the onlooker wants to know of it.
    struct Turn {
        let actions: [ReplicaAction]
        let before: RaftGlance
        let glance: RaftGlance
        let deadline: SteadyTime?
    }

    /// One turn and all looks at it in one access: each look from outside would copy the replica.
    mutating func turn(
        _ inputs: [ReplicaInput], before: RaftGlance, now clocks: ReplicaClocks, isWhole: Bool
    ) -> Turn {
        let actions = handle(inputs, now: clocks)
        checkInvariants(isWhole: isWhole)
        return Turn(actions: actions, before: before, glance: glance, deadline: deadline)
    }
}
