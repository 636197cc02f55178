import AuthCore
import AuthService
import ByteCodec
import Cryptography
import Foundation
import HTTPAPI
import RaftCore
import StateStore
import Synchronization

/// Answers look-ups from the bytes of a request to the bytes of its answer, over a real store, and
/// without sockets: what one costs of this server's own code.
///
/// Times depend on the machine; the number of instructions does not, so
/// `Tests/Benchmarks/instructions` counts them.
struct LookupBenchmark {
    let sessions: Int
    let requests: Int
    let directory: String

    func run() throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        var options = LMDBStateStoreOptions()
        // A program that counts instructions may have no more.
        options.mapSizeBytes = 8 << 30
        let machine = try Machine(directory: directory, options: options)
        try machine.bootstrap(featureLevel: StateMachine.featureLevel)
        let tokens = try SessionMaker(machine: machine).make(sessions, keepingOneIn: 1)
        let heads = tokens.map(Door.validation)
        let door = try Door(machine)
        var dice = Dice(seed: 5)
        for head in heads.prefix(100) { try door.ask(head) }
        let clock = ContinuousClock()
        let spent = try clock.measure {
            for _ in 0..<requests { try door.ask(heads[Int(dice.below(UInt64(heads.count)))]) }
        }
        guard requests > 0 else { return }
        print("\(spent / requests) a look-up, of \(requests)")
    }
}

/// A connection without a socket.
final class Door {
    private let api: API
    private var reader = RequestReader()
    private var dateLine = HTTPResponse.DateLine()

    init(_ machine: Machine) throws {
        api = API(
            environment: Surroundings(machine: machine, codec: try SessionMaker.tokenCodec()))
    }

    /// The request that asks about a session.
    static func validation(_ token: String) -> [UInt8] {
        Array(
            "GET /v1/validate HTTP/1.1\r\nHost: 127.0.0.1:8101\r\nAuthorization: Bearer \(token)\r\n\r\n"
                .utf8)
    }

    /// Sends one request, and throws away what it is answered.
    func ask(_ bytes: [UInt8]) throws {
        reader.feed(bytes)
        guard case .head(let head)? = reader.next() else { throw Mistake("no head") }
        guard case .answerNow = api.admit(head) else { throw Mistake("a body is waited for") }
        reader.expectBody(atMost: 0)
        guard case .end? = reader.next() else { throw Mistake("no end") }
        let exchange = api.handle(HTTPRequest(head: head))
        guard case .respond(let response) = exchange.step, response.status == 200 else {
            throw Mistake("\(exchange.step)")
        }
        _ = response.serialized(
            method: head.method, keepsAlive: true, date: Surroundings.now, &dateLine)
    }
}

/// A node that holds a lease, and notes uses and usage as the server does.
private final class Surroundings: APIEnvironment, ViewSource, ReadGate, Journal, UsageMeter {
    static let now = Timestamp(milliseconds: 1_790_000_001_000)

    private let store: LMDBStateStore
    private let codec: TokenCodec
    private let rights = API.makeRightsMemory()
    private let facts: NodeFacts
    private let uses = Mutex(UseGathering())
    private let usage = Mutex(UsageTill())

    init(machine: Machine, codec: TokenCodec) {
        store = machine.store
        self.codec = codec
        var facts = NodeFacts(node: NodeID(1))
        facts.role = .leader
        facts.term = Term(1)
        facts.leader = NodeID(1)
        facts.leaderURL = "http://127.0.0.1:8101"
        self.facts = facts
    }

    func world() -> World {
        World(
            views: self, random: SystemRandomBytes(), now: Self.now, keys: nil, tokens: codec,
            options: AuthOptions(), node: facts, gate: self, journal: self, meter: self,
            rights: rights)
    }

    func metricsText() -> [UInt8] { [] }
    var origin: LogIndex { store.installedSnapshot.index }
    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R {
        try store.read { try body($0) }
    }
    func admitsAllow(viewedAt index: LogIndex) -> Bool { true }
    func touch(_ touch: SessionTouch, idleEnd: Timestamp) {
        uses.withLock { $0.add(touch, idleEnd: idleEnd) }
    }
    func touch(_ touch: KeyTouch) {}
    func record(_ event: AuditEvent) {}
    func propose(_ command: Command) {}
    func count(_ request: Metering) -> QuotaVerdict { usage.withLock { $0.count(request) } }
}
