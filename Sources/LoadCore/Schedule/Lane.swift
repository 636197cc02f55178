public import RaftCore

/// What one event loop sends, when and over which connection, and what became of it.
///
/// It does no I/O: whoever owns it opens the connections, sends what the verbs return, and says
/// what happened. In a *closed loop* each connection sends when its last request is answered, and
/// latency counts from the sending. In an *open loop* requests have intended moments; those that
/// find no free connection wait in a bounded queue, and latency counts from the intended moment, so
/// that a server which stalls is charged with all that it kept waiting (Tene, "How NOT to measure
/// latency": no coordinated omission).
///
/// **Invariant**: in an open loop nobody waits in the queue while a connection is idle.
public struct Lane: Sendable {
    /// A request on its way.
    private struct Flight: Sendable {
        let request: LoadRequest
        /// From when its latency counts.
        let from: Moment
        /// When it was sent.
        let sent: Moment
    }

    private enum ConnectionState: Sendable {
        case closed
        case idle
        case busy(Flight)
    }

    private enum Phase: Sendable {
        /// Connections may be opened, and nothing is sent.
        case waiting
        case running
        /// What is on its way or in the queue is finished, and nothing new is begun.
        case ending
    }

    /// What an open loop means to send and cannot yet.
    private struct Waiting: Sendable {
        let kind: RequestKind
        let intended: Moment
    }

    /// Something to be sent now.
    public struct Sending: Equatable, Sendable {
        public let connection: Int
        public let request: LoadRequest
    }

    private let options: LaneOptions
    private let mix: Mix
    private var subjects: Subjects
    private var random: RandomSource
    private var phase = Phase.waiting
    private var connections: [ConnectionState]
    /// Connections that are idle in an open loop, longest first.
    private var idle: BoundedQueue<Int>
    private var queue: BoundedQueue<Waiting>
    private var pace: Pace?
    private var tally = Tally()
    /// What `subjects` had given up when it was last told.
    private var tokensGivenUpBefore: UInt64 = 0
    /// Requests on their way.
    public private(set) var flights = 0

    public init(options: LaneOptions, mix: Mix, subjects: Subjects, random: RandomSource) {
        self.options = options
        self.mix = mix
        self.subjects = subjects
        self.random = random
        connections = Array(repeating: .closed, count: options.connections)
        idle = BoundedQueue(capacity: options.connections)
        queue = BoundedQueue(capacity: options.queueMax)
    }

    /// Begins the load on what is connected.
    public mutating func begin(at now: Moment) -> [Sending] {
        guard case .waiting = phase else { preconditionFailure("begun twice") }
        phase = .running
        guard let rate = options.ratePerSecond else {
            return connections.indices.compactMap { number in
                guard case .idle = connections[number] else { return nil }
                return send(mix.draw(&random), from: now, over: number, at: now)
            }
        }
        pace = Pace(begin: now, ratePerSecond: rate, lane: options.lane, of: options.lanes)
        return sendDue(at: now)
    }

    /// A connection is open.
    public mutating func connected(_ number: Int, at now: Moment) -> Sending? {
        guard case .closed = connections[number] else {
            preconditionFailure("connection \(number) was opened twice")
        }
        connections[number] = .idle
        return next(over: number, at: now)
    }

    /// What the request on this connection asks for; nil when there is none on its way.
    public func kind(on number: Int) -> RequestKind? {
        guard case .busy(let flight) = connections[number] else { return nil }
        return flight.request.kind
    }

    /// The request on this connection is answered.
    ///
    /// - Parameter closes: whether nothing more may be sent over the connection, which is opened
    ///   again.
    public mutating func answered(
        _ number: Int, _ answer: LoadAnswer, closes: Bool, at now: Moment
    ) -> Sending? {
        guard let flight = land(number, as: closes ? .closed : .idle) else { return nil }
        subjects.learn(from: answer, to: flight.request)
        tally.count(
            answer, to: flight.request.kind, microseconds: now.microseconds(since: flight.from))
        return closes ? nil : next(over: number, at: now)
    }

    /// A connection has ended.
    ///
    /// - Parameter reason: one word for why the request on it, if any, has failed.
    public mutating func lost(_ number: Int, _ reason: String, at now: Moment) {
        // One that was closed for a request without an answer is on account already.
        if case .closed = connections[number] { return }
        if case .running = phase { tally.connectionsLost += 1 }
        fail(number, reason, at: now)
        idle.removeAll { $0 == number }
    }

    /// In an open loop: the next intended moment; nil when there is none any more.
    public var nextMoment: Moment? {
        guard case .running = phase else { return nil }
        return pace?.next
    }

    /// In an open loop: sends or queues whatever is due.
    public mutating func sendDue(at now: Moment) -> [Sending] {
        guard case .running = phase else { return [] }
        var sendings: [Sending] = []
        while let intended = pace?.take(at: now) {
            let kind = mix.draw(&random)
            if let number = idle.popFirst() {
                sendings.append(send(kind, from: intended, over: number, at: now))
            } else {
                wait(Waiting(kind: kind, intended: intended))
            }
        }
        return sendings
    }

    /// Connections whose request has had its time: it has failed, and they are to be closed.
    public mutating func expire(at now: Moment) -> [Int] {
        connections.indices.filter { number in
            guard case .busy(let flight) = connections[number],
                flight.sent.advanced(byMilliseconds: options.timeoutMilliseconds) <= now
            else { return false }
            fail(number, "timeout", at: now)
            return true
        }
    }

    /// Begins nothing new from now on.
    ///
    /// - Parameter abandonsQueue: whether what waits is never sent.
    public mutating func end(abandonsQueue: Bool) {
        phase = .ending
        if abandonsQueue { abandonQueue() }
    }

    /// Whether nothing is on its way and nothing waits.
    public var isQuiet: Bool { flights == 0 && queue.isEmpty }

    /// Gives up what is on its way, which has failed then, and what waits.
    public mutating func abandon(at now: Moment) {
        for number in connections.indices { fail(number, "unanswered", at: now) }
        abandonQueue()
    }

    /// What was counted since the last time.
    public mutating func takeTally() -> Tally {
        tally.tokensGivenUp = subjects.tokensGivenUp - tokensGivenUpBefore
        tokensGivenUpBefore = subjects.tokensGivenUp
        let taken = tally
        tally = Tally()
        return taken
    }
}

// MARK: - Helpers

extension Lane {
    /// What an idle connection sends next.
    private mutating func next(over number: Int, at now: Moment) -> Sending? {
        switch phase {
        case .waiting:
            if options.ratePerSecond != nil { idle.append(number) }
            return nil
        case .running where options.ratePerSecond == nil:
            return send(mix.draw(&random), from: now, over: number, at: now)
        case .running, .ending:
            if let waiting = queue.popFirst() {
                return send(waiting.kind, from: waiting.intended, over: number, at: now)
            }
            if options.ratePerSecond != nil { idle.append(number) }
            return nil
        }
    }

    private mutating func send(
        _ kind: RequestKind, from: Moment, over number: Int, at now: Moment
    ) -> Sending {
        guard case .idle = connections[number] else {
            preconditionFailure("connection \(number) is not idle")
        }
        let request = subjects.request(of: kind)
        connections[number] = .busy(Flight(request: request, from: from, sent: now))
        flights += 1
        return Sending(connection: number, request: request)
    }

    private mutating func wait(_ waiting: Waiting) {
        guard queue.append(waiting) else { return tally.countNotSent(waiting.kind) }
        tally.waited += 1
        tally.longestQueue = max(tally.longestQueue, UInt64(queue.count))
    }

    /// Takes what is on its way off a connection.
    private mutating func land(_ number: Int, as state: ConnectionState) -> Flight? {
        guard case .busy(let flight) = connections[number] else { return nil }
        connections[number] = state
        flights -= 1
        return flight
    }

    private mutating func fail(_ number: Int, _ reason: String, at now: Moment) {
        let landed = land(number, as: .closed)
        connections[number] = .closed
        guard let flight = landed else { return }
        subjects.learn(unanswered: flight.request)
        tally.count(
            failure: reason, of: flight.request.kind, now.microseconds(since: flight.from))
    }

    private mutating func abandonQueue() {
        while let waiting = queue.popFirst() { tally.countNotSent(waiting.kind) }
    }
}
