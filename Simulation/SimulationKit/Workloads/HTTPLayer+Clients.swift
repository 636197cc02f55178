import APITypes
import HTTPAPI
import RaftCore

// Clients: one operation after the other, each asked for until its outcome is known or given up.

extension HTTPLayer {
    /// How many users there are, besides the administrator.
    static let accountCount = 4
    /// The fewest clients: one administrator, two members, one gateway.
    static let clientsMin = 4

    /// Makes the clients, and lets the load balancer look.
    func begin() {
        for account in 0..<Self.accountCount {
            accounts.append(Account(name: "user\(account)", passwords: [account + 1]))
        }
        nextPassword = Self.accountCount + 1
        let parts: [HTTPClient.Part] = [.administrator, .member, .gateway, .member]
        for index in 0..<max(Self.clientsMin, options.clients) {
            clients.append(
                HTTPClient(
                    index: index, part: parts[index % parts.count],
                    random: RandomSource(world.plan.seed, .client, index)))
            schedule(.act(client: index), in: 50_000 + clients[index].random.upTo(100_000))
        }
        if options.isPrying { addWatchers() }
        addGuests()
        for node in 0..<options.machines {
            schedule(.balancerLooks(node: node), in: random.upTo(Balancer.inter))
        }
    }

    /// Clients that a plan asks for: for each part of the mix one who keeps something, and for each
    /// machine one who uses it there. They come behind all others and draw from sources of their
    /// own, so that a world without them runs as it did before there were any.
    private func addGuests() {
        let guests: [(WorkloadMix, HTTPClient.Part, (Int) -> HTTPClient.Part)] = [
            (.keys, .keeper, { .keyUser(node: $0) }),
            (.limits, .limitMaker, { .limitUser(node: $0) }),
            (.accessTokens, .rotator, { .bearer(node: $0) }),
            (.crowds, .crowdKeeper, { .crowdUser(node: $0) }),
            (.codes, .coderMaker, { .coderUser(node: $0) }),
            (.tenants, .tenantKeeper, { .tenantUser(node: $0) }),
        ]
        for (part, keeper, user) in guests where options.mix.contains(part) {
            for part in [keeper] + (0..<options.machines).map(user) {
                let index = clients.count
                clients.append(
                    HTTPClient(
                        index: index, part: part,
                        random: RandomSource(world.plan.seed, .client, index)))
                schedule(.act(client: index), in: 60_000 + clients[index].random.upTo(100_000))
            }
        }
    }

    /// A client begins something, or asks again for what it began.
    func act(_ index: Int) {
        guard clients[index].flight == nil, world.now < world.quietFrom else { return }
        if clients[index].operation == nil {
            guard let operation = chooseOperation(index) else { return rest(index) }
            clients[index].operation = operation
            clients[index].began = world.now
            clients[index].operations += 1
        }
        ask(index)
    }

    /// Sends the operation's next request.
    private func ask(_ index: Int) {
        guard var operation = clients[index].operation else { return }
        let requestID =
            "c\(index).\(clients[index].operations).\(operation.requestIDs.count + 1)"
        operation.requestIDs.append(requestID)
        clients[index].operation = operation
        let draft = draft(operation)
        let deadline = max(100, world.patience)
        let intent = Intent(
            session: operation.session, needsRole: operation.needsRole,
            isLinearizableRead: draft.isLinearizable, hasKey: operation.key != nil,
            kind: operation.kind)
        var flight = Flight(
            client: index, way: operation.node == nil ? .balanced(draft.backend) : .direct,
            bytes: bytes(draft, operation, requestID: requestID, patience: deadline),
            requestID: requestID, intent: intent, node: operation.node ?? 0)
        flight.recorded = world.recording?.asked(
            index, flight.node, operation.kind.told, at: world.now)
        let number = launch(flight)
        clients[index].flight = number
        // Some hang up before the node would have given up itself.
        let isHasty = clients[index].random.chance(1, in: 8)
        let patience = isHasty ? deadline / 2 : deadline + 250
        schedule(.gaveUp(flight: number), in: patience * 1_000)
    }

    private func rest(_ index: Int) {
        clients[index].operation = nil
        if case .watcher = clients[index].part { return watcherRests(index) }
        var pause = clients[index].random.upTo(options.thinkTime * 2)
        // Gateways ask far more often than anybody else.
        if case .gateway = clients[index].part { pause /= 4 }
        switch clients[index].part {
        case .bearer, .coderMaker, .coderUser, .tenantUser: pause /= 4
        case .crowdUser: pause = clients[index].suspects.isEmpty ? pause / 2 : min(pause, 5_000)
        default: break
        }
        if case .keyUser = clients[index].part {
            pause = clients[index].keySuspects.isEmpty ? pause / 4 : min(pause, 5_000)
        }
        if case .limitUser(let node) = clients[index].part { pause = limitPause(index, node) }
        schedule(.act(client: index), in: 1 + pause)
    }

    private func again(_ index: Int) {
        schedule(.act(client: index), in: 20_000 + clients[index].random.upTo(100_000))
    }

    // MARK: Answers

    func answered(_ number: Int) {
        guard let flight = flights.removeValue(forKey: number), let response = flight.response,
            clients[flight.client].flight == number
        else { return }
        clients[flight.client].flight = nil
        arrivedFirst(flight)
        take(Answer(response), flight)
    }

    /// No answer will come: nothing was sent, or nobody knows what became of it.
    func broken(_ number: Int) {
        leave(number)
        guard let flight = flights.removeValue(forKey: number) else { return }
        guard clients[flight.client].flight == number else { return }
        clients[flight.client].flight = nil
        arrivedFirst(flight)
        if flight.arrived == nil {
            world.recording?.answered(flight.recorded, .refused, at: world.now)
            refused(flight.client, isRetryable: true)
        } else {
            doubt(flight)
        }
    }

    func gaveUp(_ number: Int) {
        guard let flight = flights[number], clients[flight.client].flight == number else {
            return
        }
        world.counters[.requestsGivenUp] += 1
        clients[flight.client].flight = nil
        arrivedFirst(flight)
        let isInside = services[flight.node]?.process.epoch == flight.epoch
        if flight.response != nil || (flight.arrived != nil && !isInside) {
            drop(number)
        } else {
            // Half of those who give up close the connection; the others just wait no more.
            flights[number]?.isAbandoned = random.chance(1, in: 2)
        }
        doubt(flight)
    }

    private func arrivedFirst(_ flight: Flight) {
        let moment = flight.arrived ?? clients[flight.client].began
        let known = clients[flight.client].operation?.began ?? .max
        clients[flight.client].operation?.began = min(known, moment)
    }

    /// Nobody knows whether the request took effect, or will.
    private func doubt(_ flight: Flight) {
        let index = flight.client
        world.recording?.answered(flight.recorded, .unknown, at: world.now)
        clients[index].operation?.isDoubtful = true
        guard let operation = clients[index].operation else { return }
        if !operation.kind.isRead { world.counters[.writesUnknown] += 1 }
        if mayAskAgain(index) { return again(index) }
        conclude(index, .unknown)
    }

    /// The request had no effect.
    private func refused(_ index: Int, isRetryable: Bool) {
        guard let operation = clients[index].operation else { return }
        if !operation.kind.isRead { world.counters[.writesRefused] += 1 }
        if isRetryable, operation.key != nil || operation.kind.isRead || isSetUp(operation),
            mayAskAgain(index)
        {
            return again(index)
        }
        conclude(index, operation.isDoubtful ? .unknown : .nothing)
    }

    private func mayAskAgain(_ index: Int) -> Bool {
        guard world.now < world.quietFrom, let operation = clients[index].operation else {
            return false
        }
        if isSetUp(operation) { return true }
        guard operation.key != nil, operation.requestIDs.count < 8 else { return false }
        return clients[index].random.chance(options.retryShare, in: 256)
    }

    private func take(_ answer: Answer, _ flight: Flight) {
        let index = flight.client
        let kind = flight.intent.kind
        if answer.isSuccess {
            world.recording?.answered(flight.recorded, .done, at: world.now)
            if kind.isRead {
                world.counters[.readsConfirmed] += 1
                world.measurements?.read(clients[index].began, world.now, .done)
            } else {
                world.counters[.writesAcknowledged] += 1
                world.measurements?.write(clients[index].began, world.now, .done)
                world.downtimes.acknowledged(at: world.now)
            }
            return conclude(index, .answered(answer, flight))
        }
        switch answer.code {
        case ErrorCode.outcomeUnknown.rawValue: doubt(flight)
        case ErrorCode.noLeader.rawValue, ErrorCode.noQuorum.rawValue, ErrorCode.busy.rawValue,
            ErrorCode.unconfirmed.rawValue, ErrorCode.draining.rawValue,
            ErrorCode.sealed.rawValue, ErrorCode.noSpace.rawValue, ErrorCode.tooStale.rawValue,
            ErrorCode.requestInProgress.rawValue:
            world.recording?.answered(flight.recorded, .refused, at: world.now)
            if kind.isRead { world.counters[.readsFailed] += 1 }
            refused(index, isRetryable: true)
        default:
            // A verdict, and no trouble.
            world.recording?.answered(flight.recorded, .done, at: world.now)
            conclude(index, .answered(answer, flight))
        }
    }

    /// How an operation has ended for who asked.
    enum Conclusion {
        case answered(Answer, Flight)
        /// It may have taken effect, or may yet.
        case unknown
        /// It certainly had none.
        case nothing

        /// In a word.
        var told: String {
            switch self {
            case .answered(let answer, _): "answered \(answer.status) \(answer.code ?? "")"
            case .unknown: "unknown"
            case .nothing: "refused"
            }
        }
    }

    private func conclude(_ index: Int, _ conclusion: Conclusion) {
        guard let operation = clients[index].operation else { return }
        world.narrate("\(operation.requestIDs.last ?? "") is \(conclusion.told)")
        record(operation, conclusion)
        learn(index, operation, conclusion)
        rest(index)
    }
}
