import AuthCore
import AuthService
import ByteCodec
import Cryptography
import HTTPAPI
import Logging
import NIOCore
import NIOEmbedded
import RaftCore
import Synchronization

@testable import Server

/// One client's connection without sockets or time: bytes in, bytes out, needs held until the test
/// lets them complete.
final class TestDoor {
    let channel = EmbeddedChannel()
    let environment = TestEnvironment()
    let needs = HeldNeeds()
    let metrics = HTTPMetrics()
    let limits: ConnectionLimits
    let connections = ConnectionRegistry()

    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }

    init(
        isTLS: Bool = false, limits: ConnectionLimits = ConnectionLimits(all: 10, perAddress: 10),
        options: APIOptions = APIOptions()
    ) throws {
        self.limits = limits
        let services = Self.services(
            environment, needs: needs, limits: limits, options: options, metrics: metrics,
            connections: connections)
        try channel.pipeline.syncOperations.addHandler(
            HTTPConnection(services: services, isTLS: isTLS))
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 9)).wait()
    }

    static func services(
        _ environment: TestEnvironment = TestEnvironment(), needs: HeldNeeds = HeldNeeds(),
        limits: ConnectionLimits = ConnectionLimits(all: 10, perAddress: 10),
        options: APIOptions = APIOptions(), metrics: HTTPMetrics = HTTPMetrics(),
        connections: ConnectionRegistry = ConnectionRegistry()
    ) -> HTTPServices {
        HTTPServices(
            api: API(environment: environment, options: options),
            carryOut: { need, _, completion in needs.hold(need, completion) },
            takeTurn: {
                // Needs are held until a test completes them.
            },
            clock: { (SteadyTime.zero, Timestamp(milliseconds: 1_790_000_000_000)) },
            limits: limits, times: ConnectionTimes(), metrics: metrics,
            connections: connections,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The handler under test.
    var connection: HTTPConnection {
        get throws { try channel.pipeline.syncOperations.handler(type: HTTPConnection.self) }
    }

    /// Whether the connection asks for more bytes.
    var reads: Bool {
        let last = channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }
        return last.flatMap { $0.value as? Bool } ?? true
    }

    /// The client sends.
    func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// What the client has received since it last looked.
    func received() throws -> String {
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: bytes)
        }
        return text
    }

    /// The status lines of the answers since the client last looked.
    func statuses() throws -> [Int] {
        try received().split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
    }

    /// A request for which something is needed before it can be answered.
    static let waiting =
        "GET /v1/users/self HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
    /// A request that is answered at once.
    static let immediate = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Well-formed, and of nobody.
    static var token: String {
        do {
            let codec = try TestEnvironment.codec()
            let verifier = SecretBytes(copying: [UInt8](repeating: 3, count: 24))
            return String(
                decoding: codec.compose(.session, rowNumber: 5, verifier: verifier),
                as: UTF8.self)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

/// What requests need, until the test says how it ends.
final class HeldNeeds: Sendable {
    private struct Held: Sendable {
        let need: String
        let completion: @Sendable (Completion) -> Void
    }
    private let held = Mutex<[Held]>([])

    func hold(_ need: Need, _ completion: @escaping @Sendable (Completion) -> Void) {
        held.withLock { $0.append(Held(need: "\(need)", completion: completion)) }
    }

    var count: Int { held.withLock { $0.count } }

    /// Completes the oldest.
    func complete(_ completion: Completion) {
        let first = held.withLock { $0.removeFirst() }
        first.completion(completion)
    }
}

/// A node that has applied nothing yet and knows no leader.
final class TestEnvironment: APIEnvironment, Journal, ViewSource {
    static func codec() throws -> TokenCodec {
        try TokenCodec(blockKey: SecretBytes(copying: [UInt8](repeating: 7, count: 32)))
    }

    var origin: LogIndex { .zero }

    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R {
        try body(InMemoryTables())
    }
    func touch(_ touch: SessionTouch, idleEnd: Timestamp) {}
    func touch(_ touch: KeyTouch) {}
    func record(_ event: AuditEvent) {}
    func propose(_ command: Command) {}
    func metricsText() -> [UInt8] { Array("figures\n".utf8) }

    func world() -> World {
        let tokens: TokenCodec
        do { tokens = try Self.codec() } catch { preconditionFailure("\(error)") }
        return World(
            views: self, random: SimulatedRandomBytes(seed: 1),
            now: Timestamp(milliseconds: 1_790_000_000_000), keys: nil, tokens: tokens,
            options: AuthOptions(), node: NodeFacts(node: NodeID(1)), journal: self)
    }
}
