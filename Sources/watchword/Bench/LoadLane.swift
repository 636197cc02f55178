import LoadCore
import NIOCore

/// The shell of one `Lane`: its connections and its clock. All of it lives on one event loop.
final class LoadLane {
    private let loop: any EventLoop
    private let dialler: LoadDialler
    private var lane: Lane
    private var connections: [LoadConnection?]
    /// How often each connection was dialled, which decides where to.
    private var attempts: [Int]
    /// How often dialling failed in a row.
    private var failures: [Int]
    private var isStopped = false
    /// Why the last connection was not made or not kept, for people.
    private(set) var problem: String?

    private static let expiryMilliseconds: Int64 = 50

    /// - Parameter firstConnection: this lane's connections are numbered from here among all
    ///   lanes', so that they spread over the addresses.
    init(
        loop: any EventLoop, dialler: LoadDialler, lane: Lane, connections: Int,
        firstConnection: Int
    ) {
        self.loop = loop
        self.dialler = dialler
        self.lane = lane
        self.connections = Array(repeating: nil, count: connections)
        attempts = (0..<connections).map { $0 + firstConnection }
        failures = Array(repeating: 0, count: connections)
    }

    private var now: Moment { Moment(nanoseconds: NIODeadline.now().uptimeNanoseconds) }

    // MARK: What the engine asks for

    /// Opens all connections.
    func connect() {
        for number in connections.indices { dial(number) }
        expire()
    }

    /// How many connections are open.
    var connectedCount: Int { connections.count { $0 != nil } }

    /// Begins the load, at a moment that all lanes share.
    func begin(at moment: Moment) {
        for sending in lane.begin(at: moment) { send(sending) }
        schedule()
    }

    func takeTally() -> Tally { lane.takeTally() }

    func end(abandonsQueue: Bool) { lane.end(abandonsQueue: abandonsQueue) }

    var isQuiet: Bool { lane.isQuiet }

    /// Gives up what is left, and closes all connections for good.
    func stop() {
        lane.abandon(at: now)
        isStopped = true
        for connection in connections { connection?.close() }
    }

    // MARK: What connections tell

    func opened(_ connection: LoadConnection) {
        guard !isStopped else { return connection.close() }
        let number = connection.number
        connections[number] = connection
        failures[number] = 0
        if let sending = lane.connected(number, at: now) { send(sending) }
    }

    func received(_ response: LoadResponse, over connection: LoadConnection) {
        guard let kind = lane.kind(on: connection.number) else { return }
        let answer = LoadAnswer(response, to: kind)
        let next = lane.answered(
            connection.number, answer, closes: response.closes, at: now)
        if let next { send(next) }
        guard response.closes else { return }
        connections[connection.number] = nil
        connection.close()
    }

    func ended(_ connection: LoadConnection, wasOpen: Bool, reason: String) {
        let number = connection.number
        if !wasOpen { failures[number] += 1 }
        // One that has closed behind an answer, as it said, is no loss.
        if connections[number] === connection {
            connections[number] = nil
            lane.lost(number, reason, at: now)
        }
        guard !isStopped else { return }
        dialLater(number)
    }

    func noteProblem(_ text: String) { problem = text }

    // MARK: Helpers

    private func send(_ sending: Lane.Sending) {
        guard let connection = connections[sending.connection] else {
            preconditionFailure("connection \(sending.connection) is not open")
        }
        connection.send(sending.request)
    }

    private func dial(_ number: Int) {
        let attempt = attempts[number]
        attempts[number] += 1
        dialler.dial(attempt: attempt, number: number, owner: self, on: loop) { [self] problem in
            noteProblem(problem)
            failures[number] += 1
            dialLater(number)
        }
    }

    /// Dials again, at once after a connection that was open, later each time after failures.
    private func dialLater(_ number: Int) {
        guard !isStopped else { return }
        let milliseconds = failures[number] == 0 ? 0 : min(20 << min(failures[number], 6), 1_000)
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) { [self] in
            if !isStopped { dial(number) }
        }
    }

    /// In an open loop: wakes up in the next intended moment.
    private func schedule() {
        guard let next = lane.nextMoment, !isStopped else { return }
        let deadline = NIODeadline.uptimeNanoseconds(next.nanoseconds)
        loop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            for sending in lane.sendDue(at: now) { send(sending) }
            schedule()
        }
    }

    /// Closes what has waited too long for an answer, again and again.
    private func expire() {
        guard !isStopped else { return }
        for number in lane.expire(at: now) { connections[number]?.close() }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Self.expiryMilliseconds)) { [self] in
            expire()
        }
    }
}
