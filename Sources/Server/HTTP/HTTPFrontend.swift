internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography
internal import Foundation
internal import HTTPAPI
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import PeerTransport
internal import RaftCore
internal import ReplicaRuntime

/// Everything between clients' sockets and the use cases of one node.
final class HTTPFrontend: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let listeners: [HTTPListener]
    private let connections: ConnectionRegistry
    private let logger: Logger

    init(
        configuration: NodeConfiguration, runtime: ReplicaRuntime, hashing: HashingPool,
        facts: NodeFactsKeeper, keys: NodeKeys, journal: NodeJournal, transport: PeerTransport,
        membership: MembershipKeeper, logger: Logger
    ) throws {
        self.logger = logger
        let threads = configuration.httpThreads
        group = MultiThreadedEventLoopGroup(
            numberOfThreads: threads == 0 ? System.coreCount : threads)
        connections = ConnectionRegistry()
        let metrics = HTTPMetrics()
        let proxies = try Self.proxies(configuration)
        let limits = ConnectionLimits(
            all: configuration.connectionsMax,
            perAddress: configuration.connectionsPerAddressMax,
            isExempt: { address in proxies.contains { $0.contains(address) } })
        let environment = NodeEnvironment(
            runtime: runtime, facts: facts, keys: keys, journal: journal,
            options: Self.authOptions(configuration),
            metrics: NodeMetrics(
                http: metrics, limits: limits, runtime: runtime, transport: transport,
                hashing: hashing, journal: journal))
        var options = APIOptions()
        options.trustedProxies = proxies
        options.origins = try Self.origins(configuration)
        options.metricsKey = try configuration.metricsKeyFile.map(PrivateFileReader.read)
        let runner = NeedRunner(runtime: runtime, hashing: hashing, membership: membership)
        let connections = connections
        let makeServices = { (options: APIOptions, limits: ConnectionLimits) in
            HTTPServices(
                api: API(environment: environment, options: options),
                carryOut: { runner.carryOut($0, deadline: $1, completion: $2) },
                takeTurn: { runner.takeTurn() },
                clock: { (runtime.clock.steady, runtime.clock.wall) }, limits: limits,
                times: ConnectionTimes(), metrics: metrics, connections: connections,
                logger: logger)
        }
        let services = makeServices(options, limits)
        var certificate: HTTPListener.Certificate?
        if let file = configuration.httpCertificate, let key = configuration.httpKey {
            certificate = HTTPListener.Certificate(certificateFile: file, keyFile: key)
        }
        var listeners = [
            try HTTPListener(
                .address(configuration.httpListen), certificate: certificate, services: services)
        ]
        if let path = configuration.httpSocket {
            listeners.append(
                try HTTPListener(.socket(path: path), certificate: nil, services: services))
        }
        if let address = configuration.metricsListen {
            options.servesOnlyMetrics = true
            // Apart from the clients' limits, so that it can be seen when these are used up.
            let services = makeServices(
                options, ConnectionLimits(all: Self.metricsConnectionsMax, perAddress: 16))
            listeners.append(
                try HTTPListener(.address(address), certificate: nil, services: services))
        }
        self.listeners = listeners
    }

    /// Connections of those who read metrics on an address of their own.
    static let metricsConnectionsMax = 64

    private static func proxies(_ configuration: NodeConfiguration) throws -> [AddressRange] {
        try configuration.trustedProxies.map { text in
            guard let range = AddressRange(text) else {
                throw NodeStartError("http.trusted_proxies: \(text) is no address or network")
            }
            return range
        }
    }

    private static func origins(_ configuration: NodeConfiguration) throws -> [PageOrigin] {
        try configuration.origins.map { text in
            guard let origin = PageOrigin(text) else {
                throw NodeStartError(
                    "http.origins: \(text) is no origin as https://console.example.com")
            }
            return origin
        }
    }

    /// Begins to accept.
    func start() throws {
        for listener in listeners { _ = try listener.start(on: group) }
    }

    /// Reads certificates again.
    func reload() throws { for listener in listeners { try listener.reload() } }

    /// How long requests under way may take when the node ends, in tenths of a second.
    private static let drainTenths = 15

    /// Closes idle connections, lets the others finish, and accepts nobody any more.
    func drain() {
        connections.drain()
        for _ in 0..<Self.drainTenths where connections.count > 0 {
            Thread.sleep(forTimeInterval: 0.1)
        }
        for listener in listeners {
            do { try listener.close() } catch {
                logger.warning("a listener did not close", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Ends the event loops.
    func stop() {
        do { try group.syncShutdownGracefully() } catch {
            logger.warning("the event loops did not end well", metadata: ["error": "\(error)"])
        }
    }

    private static func authOptions(_ configuration: NodeConfiguration) -> AuthOptions {
        var options = AuthOptions()
        options.sessionIdleSeconds = UInt64(configuration.sessionIdleSeconds)
        options.sessionSeconds = UInt64(configuration.sessionSeconds)
        options.sessionSecondsMax = UInt64(configuration.sessionSecondsMax)
        options.keySeconds = UInt64(configuration.keySeconds)
        options.passwordLengthMin = configuration.passwordLengthMin
        options.nobodyIs = configuration.nobodyIs
        options.limits.user = configuration.userRateLimit
        options.limits.key = configuration.keyRateLimit
        options.limits.tenant = configuration.tenantRateLimit
        return options
    }
}
