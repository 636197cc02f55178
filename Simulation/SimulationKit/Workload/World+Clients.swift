import AuthCore
import ByteCodec
import RaftCore
import Replica
import StateStore

// What clients do, and what they make of the answers.

extension World {
    func addClients() {
        var count = options.clients
        if case .listed(let operations) = plan.workload {
            count = (operations.map(\.client).max() ?? -1) + 1
        }
        for index in 0..<count {
            var client = Client(index: index, random: RandomSource(plan.seed, .client, index))
            if case .listed(let operations) = plan.workload {
                client.planned = operations.filter { $0.client == index }.reversed()
            }
            clients.append(client)
        }
        for index in clients.indices { scheduleFirst(index) }
    }

    private func scheduleFirst(_ index: Int) {
        if plan.workload == .drawn {
            let pause = 50_000 + clients[index].random.upTo(options.thinkTime)
            schedule(.client(index), in: pause)
        } else if let next = clients[index].planned.last {
            queue.schedule(.client(index), at: next.at)
        }
    }

    func clientActs(_ index: Int) {
        guard clients[index].state == .idle, now < quietFrom else { return }
        guard let operation = nextOperation(index),
            let process = nodes[operation.node].process, !process.isStopping
        else { return }
        begin(operation, process)
    }

    /// What the client does now; nil if it is to wait, and then it is called again.
    private func nextOperation(_ index: Int) -> PlannedOperation? {
        guard plan.workload == .drawn else { return nextPlanned(index) }
        let any = Int(clients[index].random.upTo(UInt64(nodes.count - 1)))
        guard let process = nodes[any].process, !process.isStopping else {
            // Refused; a load balancer tries another soon.
            schedule(.client(index), in: 5_000 + clients[index].random.upTo(20_000))
            return nil
        }
        return draw(index, any)
    }

    private func nextPlanned(_ index: Int) -> PlannedOperation? {
        guard var operation = clients[index].planned.last else { return nil }
        guard operation.at <= now else {
            queue.schedule(.client(index), at: operation.at)
            return nil
        }
        // Where that node is down, the next one that is up.
        let up = nodes.indices.map { (operation.node + $0) % nodes.count }.first {
            nodes[$0].process.map { !$0.isStopping } ?? false
        }
        guard let up else {
            schedule(.client(index), in: 10_000)
            return nil
        }
        clients[index].planned.removeLast()
        operation.node = up
        if operation.kind == .again, clients[index].unfinished == nil {
            // The one before has an outcome here.
            schedule(.client(index), in: 1)
            return nil
        }
        return operation
    }

    /// Begins an operation on a process that is there.
    private func begin(_ operation: PlannedOperation, _ process: SimulatedNode.Process) {
        let (index, node) = (operation.client, operation.node)
        onBegun?(operation)
        clients[index].node = node
        clients[index].began = now
        let deadline = nodes[node].clock.steady(at: now).advanced(milliseconds: patience)
        let ticket = takeTicket()
        waiters[ticket] = index
        note(14, node, UInt64(index))
        guard operation.kind != .read else {
            clients[index].state = .reading(ticket, floor: history.floor)
            clients[index].recorded = recording?.asked(index, node, "look up", at: now)
            return give(.confirmRead(ticket, deadline: deadline), to: process, node)
        }
        if !isStormy { writesBegunInCalm += 1 }
        let again = operation.kind == .again ? clients[index].unfinished : nil
        let work = again ?? newOperation(operation)
        clients[index].unfinished = work
        let command = command(work)
        let bytes = command.encoded()
        let attempt = history.attempt(work.operation, bytes)
        clients[index].state = .writing(ticket, attempt: attempt)
        clients[index].recorded = recording?.asked(index, node, work.command.told, at: now)
        give(
            .propose(ticket, command: bytes, isNarrowing: command.isNarrowing, deadline: deadline),
            to: process, node)
    }

    private func rest(_ index: Int) {
        clients[index].state = .idle
        guard plan.workload == .drawn else {
            guard let next = clients[index].planned.last else { return }
            return queue.schedule(.client(index), at: max(now + 1, next.at))
        }
        schedule(.client(index), in: 1 + clients[index].random.upTo(options.thinkTime * 2))
    }

    // MARK: Answers

    func writeCompleted(_ ticket: Ticket, _ completion: ProposalCompletion, _ node: Int) {
        if let order = orders.removeValue(forKey: ticket) {
            return orderCompleted(order, completion, node)
        }
        guard let index = waiters.removeValue(forKey: ticket),
            case .writing(ticket, let attempt) = clients[index].state
        else { return oracle.fail("C2", "an answer that nobody waits for") }
        note(15, node, UInt64(index))
        switch completion {
        case .applied(let entry, let outcome):
            counters[.writesAcknowledged] += 1
            measurements?.write(clients[index].began, now, .done)
            recording?.answered(clients[index].recorded, .done, at: now)
            guard !nodes[node].isDoubtful(entry) else {
                // What was done to its state is not noticed yet: nobody can promise anything.
                history.unknown(attempt)
                doubtUnknown(index)
                doubtSessions(index)
                forgetOrRetry(index)
                return rest(index)
            }
            downtimes.acknowledged(at: now)
            oracle.fail(history.acknowledged(attempt, entry, outcome))
            if isNarrowing(index) { acknowledgedNarrowing = max(acknowledgedNarrowing, entry) }
            if nodes[node].store.applied.index < entry {
                oracle.fail("C4", "acknowledged at \(entry.rawValue), not visible on the node")
            }
            learn(index, outcome)
            clients[index].unfinished = nil
        case .notProposed:
            counters[.writesRefused] += 1
            measurements?.write(clients[index].began, now, .refused)
            recording?.answered(clients[index].recorded, .refused, at: now)
            oracle.fail(history.refused(attempt))
            forgetOrRetry(index)
        case .unknown:
            counters[.writesUnknown] += 1
            measurements?.write(clients[index].began, now, .unknown)
            recording?.answered(clients[index].recorded, .unknown, at: now)
            history.unknown(attempt)
            if canary == .falseAcknowledgement {
                let next = oracle.lastCommitted.index.next
                oracle.fail(history.acknowledged(attempt, next, []))
            }
            doubtUnknown(index)
            forgetOrRetry(index)
        }
        rest(index)
    }

    func readCompleted(
        _ ticket: Ticket, _ completion: ReadCompletion, _ node: Int,
        _ process: SimulatedNode.Process
    ) {
        guard let index = waiters.removeValue(forKey: ticket),
            case .reading(ticket, let floor) = clients[index].state
        else { return oracle.fail("C2", "an answer that nobody waits for") }
        note(16, node, UInt64(index))
        switch completion {
        case .confirmed:
            counters[.readsConfirmed] += 1
            measurements?.read(clients[index].began, now, .done)
            recording?.answered(clients[index].recorded, .done, at: now)
            // The view is opened after the confirmation, as a request would.
            oracle.fail(history.read(at: nodes[node].store.applied.index, floor: floor))
            validate(index, node)
        case .failed:
            counters[.readsFailed] += 1
            measurements?.read(clients[index].began, now, .refused)
            recording?.answered(clients[index].recorded, .refused, at: now)
        }
        rest(index)
    }

    /// The process that clients wait for is gone, and their connections with it.
    func clientsLose(_ process: SimulatedNode.Process) {
        for index in clients.indices {
            switch clients[index].state {
            case .writing(let ticket, let attempt) where process.waiting.contains(ticket):
                waiters[ticket] = nil
                counters[.writesUnknown] += 1
                measurements?.write(clients[index].began, now, .unknown)
                recording?.answered(clients[index].recorded, .unknown, at: now)
                history.unknown(attempt)
                doubtUnknown(index)
                forgetOrRetry(index)
                rest(index)
            case .reading(let ticket, _) where process.waiting.contains(ticket):
                waiters[ticket] = nil
                counters[.readsFailed] += 1
                measurements?.read(clients[index].began, now, .refused)
                recording?.answered(clients[index].recorded, .refused, at: now)
                rest(index)
            case .idle, .writing, .reading: break
            }
        }
    }

    private func forgetOrRetry(_ index: Int) {
        // A planned client keeps it in case that it is to ask again.
        if plan.workload != .drawn { return }
        if clients[index].random.chance(options.retryShare, in: 256) { return }
        clients[index].unfinished = nil
    }

    /// An attempt has no known end: even if it is asked for again, and that is answered, the first
    /// may take effect at any time.
    private func doubtUnknown(_ index: Int) {
        switch clients[index].unfinished?.command {
        case .revokeSession(let body): mark(index, body.session) { $0.isDoubtful = true }
        case .revokeSessions(let body): doubt(index, body.user)
        case .setPassword(let body): doubt(index, body.user)
        default: break
        }
    }

    /// Something that ends the user's sessions may happen yet, at any time.
    private func doubt(_ index: Int, _ user: UserID) {
        clients[index].users.removeAll { $0 == user }
        doubtSessions(index)
    }

    private func doubtSessions(_ index: Int) {
        for position in clients[index].sessions.indices
        where !clients[index].sessions[position].isRevoked {
            clients[index].sessions[position].isDoubtful = true
        }
    }

    // MARK: What a client learns

    private func learn(_ index: Int, _ outcome: [UInt8]) {
        guard let decoded = readable({ try Outcome(decoding: outcome) }) else {
            return oracle.fail("wire", "an outcome cannot be read")
        }
        switch (clients[index].unfinished?.command, decoded.result) {
        case (.createUser, .user(let row)):
            clients[index].users.append(row.id)
            if clients[index].users.count > 8 { clients[index].users.removeFirst() }
        case (.startSession, .session(let row)):
            clients[index].sessions.append(Client.KnownSession(id: row.id))
            if clients[index].sessions.count > 16 { clients[index].sessions.removeFirst() }
        case (.revokeSession(let body), .revoked):
            mark(index, body.session) { $0.isRevoked = true }
        case (.revokeSessions, _), (.setPassword, _):
            // Which of its sessions this ended is not followed.
            doubtSessions(index)
        default: break
        }
    }

    private func mark(
        _ index: Int, _ session: SessionID, _ body: (inout Client.KnownSession) -> Void
    ) {
        for position in clients[index].sessions.indices
        where clients[index].sessions[position].id == session {
            body(&clients[index].sessions[position])
        }
    }

    /// Looks the client's sessions up in a confirmed view: none that was revoked, and each that
    /// was not.
    private func validate(_ index: Int, _ node: Int) {
        guard nodes[node].hurt == nil else { return }
        do {
            try nodes[node].store.read { view in
                for session in clients[index].sessions where !session.isDoubtful {
                    let row = try SessionRow.read(session.id, view)
                    if session.isRevoked, row != nil {
                        oracle.fail("C6", "a session is valid whose revocation was acknowledged")
                    }
                    if !session.isRevoked, row == nil {
                        oracle.fail("C6", "a session is refused whose start was acknowledged")
                    }
                }
            }
        } catch {
            oracle.fail("C6", "n\(node + 1) cannot be read: \(error)")
        }
    }
}
