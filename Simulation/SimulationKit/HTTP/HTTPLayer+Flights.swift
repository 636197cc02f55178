import AuthCore
import AuthService
import HTTPAPI
import RaftCore
import Replica
import StateStore

// A request from who asks it to the process that answers it, and back.

extension HTTPLayer {
    /// Sends a request off. Returns its number.
    func launch(_ flight: Flight) -> Int {
        let number = takeFlightNumber()
        var flight = flight
        var delay = wayTime()
        if case .balanced(let backend) = flight.way {
            delay += wayTime()
            guard let node = balancer.choose(backend, except: []) else {
                flights[number] = flight
                // The load balancer says so itself.
                schedule(.broken(flight: number), in: delay)
                return number
            }
            flight.node = node
            flight.isCounted = true
        }
        flights[number] = flight
        if isLost() {
            leave(number)
        } else {
            schedule(.arrive(flight: number), in: delay)
        }
        return number
    }

    /// The load balancer has a request less at its node.
    func leave(_ number: Int) {
        guard let flight = flights[number], flight.isCounted else { return }
        flights[number]?.isCounted = false
        if case .balanced(let backend) = flight.way { balancer.ended(flight.node, backend) }
    }

    /// Nobody waits for it any more, and nobody works on it.
    func drop(_ number: Int) {
        leave(number)
        flights[number] = nil
    }

    func arrive(_ number: Int) {
        guard var flight = flights[number] else { return }
        guard let service = services[flight.node], !service.isClosedToNew else {
            return unreachable(number)
        }
        guard !service.process.isPaused else {
            // The kernel has taken it; nobody reads it yet.
            return service.held.append(number)
        }
        guard !flight.isAbandoned else { return drop(number) }
        guard let request = read(flight, service) else {
            world.oracle.fail("wire", "a request of our own cannot be read")
            return
        }
        world.note(17, flight.node, TraceHash.digest(flight.bytes) >> 16)
        flight.epoch = service.process.epoch
        flight.arrived = world.now
        flight.clock = world.moment(flight.node)
        flight.floor = world.history.floor
        if case .refresh(let session, let token) = flight.intent.kind {
            flight.family = judge.standing(session, token)
        }
        service.flights.append(number)
        flight.request = request
        flights[number] = flight
        if flight.intent.isValidation, options.dawdleMax > 0 {
            dawdle(.look(flight: number))
        } else {
            answer(number, service)
        }
    }

    /// Hands the request to the interface.
    func answer(_ number: Int, _ service: NodeService) {
        guard let request = flights[number]?.request else { return }
        if flights[number]?.intent.isValidation == true, service.kept == nil {
            service.lookAhead(isOnlyPlanted: true)
        }
        let exchange = service.api.handle(request)
        service.kept = nil
        flights[number]?.request = nil
        flights[number]?.deadline =
            service.steady.advanced(milliseconds: exchange.timeoutMilliseconds)
        flights[number]?.exchange = exchange
        goOn(number, service)
    }

    /// The head and body of a request, as the server's connection reads them.
    private func read(_ flight: Flight, _ service: NodeService) -> HTTPRequest? {
        let bytes = flight.bytes
        var reader = RequestReader()
        // In two pieces, as a network may bring them.
        let middle = Int(random.upTo(UInt64(bytes.count)))
        reader.feed(bytes[..<middle])
        // Three networks, in which clients are neighbours.
        let address = "192.0.\(flight.client % 3).\(1 + flight.client % 250)"
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        func whole() -> HTTPRequest? {
            head.map { HTTPRequest(head: $0, body: body, remoteAddress: address) }
        }
        var isWhole = false
        while true {
            guard let event = reader.next() else {
                guard !isWhole else { return nil }
                reader.feed(bytes[middle...])
                isWhole = true
                continue
            }
            switch event {
            case .head(let read):
                head = read
                switch service.api.admit(read) {
                case .read(let limit, _): reader.expectBody(atMost: limit)
                case .answerNow: return whole()
                }
            case .body(let part): body += part
            case .end: return whole()
            case .failure: return nil
            }
        }
    }

    /// The connection could not be made: the load balancer tries another server, a gateway says so.
    private func unreachable(_ number: Int) {
        guard var flight = flights[number] else { return }
        let isSilent = world.nodes[flight.node].isOff
        let delay = isSilent ? Balancer.connectTimeout : wayTime()
        guard case .balanced(let backend) = flight.way else {
            return schedule(.broken(flight: number), in: delay)
        }
        leave(number)
        flight.isCounted = false
        flight.failed.append(flight.node)
        guard flight.failed.count <= Balancer.retries,
            let next = balancer.choose(backend, except: flight.failed)
        else {
            flights[number] = flight
            return schedule(.broken(flight: number), in: delay)
        }
        world.counters[.requestsRedispatched] += 1
        // The same server again is given a second first.
        let pause: UInt64 = next == flight.node && !isSilent ? 1_000_000 : 0
        flight.node = next
        flight.isCounted = true
        flights[number] = flight
        schedule(.arrive(flight: number), in: delay + pause + wayTime())
    }

    // MARK: Inside the process

    /// Does what the exchange says.
    private func goOn(_ number: Int, _ service: NodeService) {
        guard let step = flights[number]?.exchange?.step else { return }
        switch step {
        case .respond(let response):
            guard let flight = flights[number], flight.intent.isValidation, options.dawdleMax > 0
            else { return respond(number, response, service) }
            flights[number]?.prepared = response
            dawdle(.say(flight: number))
        case .need(let need): carryOut(need, number, service)
        }
    }

    private func carryOut(_ need: Need, _ number: Int, _ service: NodeService) {
        guard let deadline = flights[number]?.deadline else { return }
        let ticket = world.takeTicket()
        let input: ReplicaInput
        switch need {
        case .propose(let command):
            let bytes = command.encoded()
            let attempt = world.history.attempt(world.history.begin(hasKey: false), bytes)
            if !world.isStormy { world.writesBegunInCalm += 1 }
            expect(
                ticket,
                .proposal(flight: number, attempt: attempt, isNarrowing: command.isNarrowing))
            input = .propose(
                ticket, command: bytes, isNarrowing: command.isNarrowing, deadline: deadline)
        case .confirmRead:
            expect(ticket, .read(flight: number, .confirmation))
            input = .confirmRead(ticket, deadline: deadline)
        case .awaitIndex(let index):
            expect(ticket, .read(flight: number, .index))
            input = .awaitIndex(ticket, index, deadline: deadline)
        case .awaitRelease(let index):
            expect(ticket, .read(flight: number, .release(index)))
            input = .awaitRelease(ticket, index, deadline: deadline)
        case .transfer(let target):
            expect(ticket, .transfer(flight: number))
            input = .transfer(ticket, to: target)
        case .awaitPlan:
            preconditionFailure("nobody asks for other members over HTTP in a world")
        case .hash:
            guard let done = service.takeHashing() else {
                return complete(number, .hashingRefused)
            }
            return world.queue.schedule(.http(.hashed(flight: number)), at: done)
        }
        world.give(input, to: service.process, service.node)
    }

    func hashed(_ number: Int) {
        guard let flight = flights[number], let service = service(of: flight) else { return }
        service.hashingWaits -= 1
        guard case .need(.hash(let job))? = flight.exchange?.step else { return }
        complete(number, .hashed(perform(job)))
    }

    /// Hands on how a need has ended; the thread of the connection takes it up.
    func complete(_ number: Int, _ completion: Completion) {
        guard flights[number] != nil else { return }
        flights[number]?.completion = completion
        if case .applied(let index, _) = completion { flights[number]?.reflected = index }
        schedule(.resume(flight: number), in: 1 + random.upTo(options.turnDelayMax))
    }

    func resume(_ number: Int) {
        guard var flight = flights[number], let service = service(of: flight),
            let completion = flight.completion
        else { return }
        guard !service.process.isPaused else {
            return schedule(.resume(flight: number), in: 20_000)
        }
        guard !flight.isAbandoned else {
            service.flights.removeAll { $0 == number }
            return drop(number)
        }
        flight.completion = nil
        flight.exchange?.resume(completion)
        flights[number] = flight
        goOn(number, service)
    }

    func service(of flight: Flight) -> NodeService? {
        guard let service = services[flight.node], service.process.epoch == flight.epoch else {
            return nil
        }
        return service
    }

    func respond(_ number: Int, _ response: HTTPResponse, _ service: NodeService) {
        guard var flight = flights[number] else { return }
        service.flights.removeAll { $0 == number }
        flight.exchange = nil
        flight.response = response
        flight.answeredAt = world.now
        flights[number] = flight
        let bytes = response.serialized(method: "GET", keepsAlive: true, date: service.wall)
        world.note(18, flight.node, TraceHash.digest(bytes) >> 16)
        world.counters[.requestsAnswered] += 1
        world.narrate(
            "n\(flight.node + 1) answers \(response.status) \(Answer(response).code ?? "") "
                + "to \(flight.requestID), \(flight.intent.kind.told), "
                + "after \(world.now - (flight.arrived ?? 0)) µs")
        judgeAnswer(flight, response)
        leave(number)
        var delay = wayTime()
        if case .balanced = flight.way { delay += wayTime() }
        if isLost() { return }
        schedule(.answered(flight: number), in: delay)
    }

    // MARK: What replicas answer

    /// Whether somebody here waited for a proposal.
    func completed(_ ticket: Ticket, _ completion: ProposalCompletion, _ node: Int) {
        switch takeWaiter(ticket) {
        case .proposal(let flight, let attempt, let isNarrowing):
            world.oracle.fail(account(completion, attempt, isNarrowing, node))
            complete(flight, Completion(completion))
        case .settling(let node, let epoch):
            if services[node]?.process.epoch == epoch { services[node]?.isSettling = false }
        case .usage(let node, let epoch, let sequence):
            if services[node]?.process.epoch == epoch {
                services[node]?.toldUsage(sequence, completion)
            }
        case .alone, .probe, .read, .transfer, nil: break
        }
    }

    /// Counts how an attempt has ended, and holds it against what is committed.
    private func account(
        _ completion: ProposalCompletion, _ attempt: Int, _ isNarrowing: Bool, _ node: Int
    ) -> Violation? {
        switch completion {
        case .applied(let index, let outcome):
            if isNarrowing {
                world.acknowledgedNarrowing = max(world.acknowledgedNarrowing, index)
            }
            if world.nodes[node].store.applied.index < index {
                return Violation("C4", "acknowledged at \(index), not visible on the node")
            }
            return world.history.acknowledged(attempt, index, outcome)
        case .notProposed: return world.history.refused(attempt)
        case .unknown:
            world.history.unknown(attempt)
            return nil
        }
    }

    func completedRead(_ ticket: Ticket, _ completion: ReadCompletion, _ node: Int) {
        switch takeWaiter(ticket) {
        case .read(let flight, let wait):
            if case .confirmed(let index) = completion {
                switch wait {
                case .confirmation: complete(flight, .readConfirmed(index))
                case .index: complete(flight, .indexReached)
                case .release(let wanted):
                    let last = judge.lastNarrowing(upTo: wanted)
                    world.acknowledgedNarrowing = max(world.acknowledgedNarrowing, last)
                    flights[flight]?.reflected = wanted
                    complete(flight, .released)
                }
            } else {
                complete(flight, Completion(completion))
            }
        case .probe(let node, let epoch, let asked):
            guard let service = services[node], service.process.epoch == epoch else { return }
            service.isProbing = false
            if case .confirmed = completion { service.confirmedAt = asked }
        case .alone, .proposal, .settling, .usage, .transfer, nil: break
        }
    }

    func completedTransfer(_ ticket: Ticket, _ completion: TransferCompletion) {
        guard case .transfer(let flight) = takeWaiter(ticket) else { return }
        complete(flight, Completion(completion))
    }
}

extension NodeService {
    /// Whether connections are refused: at its very end.
    var isClosedToNew: Bool { process.isStopping }
}
