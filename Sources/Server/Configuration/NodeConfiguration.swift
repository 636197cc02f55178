public import AuthCore
internal import AuthService
internal import Foundation
public import Logging
public import PeerTransport
public import RaftCore

/// Everything that a node was told, understood and within its bounds.
public struct NodeConfiguration: Sendable {
    /// One member of the cluster as it begins.
    public struct Member: Equatable, Sendable {
        public var id: NodeID
        public var peer: PeerAddress
        public var url: String
    }

    public var node: NodeID
    public var dataDirectory: String
    public var clusterID: [UInt8]
    public var credentials: PeerCredentials
    public var members: [Member]
    /// Whether the node joins a cluster that runs, and begins without members.
    public var joins: Bool
    public var peerListen: PeerAddress
    public var httpListen: PeerAddress
    public var httpCertificate: String?
    public var httpKey: String?
    public var httpSocket: String?
    public var trustedProxies: [String]
    public var origins: [String]
    public var connectionsMax: Int
    public var connectionsPerAddressMax: Int
    public var httpThreads: Int
    public var rootKeyFile: String
    public var adminUsername: String
    public var adminPasswordFile: String?
    /// The API keys with which the cluster begins.
    var bootstrapKeys: [ConfiguredKey]
    /// As whom gateways are told about requests without a credential.
    var nobodyIs: UserName?
    public var isWide: Bool
    public var retainedLogBytes: Int
    public var sessionIdleSeconds: Int
    public var sessionSeconds: Int
    public var sessionSecondsMax: Int
    public var keySeconds: Int
    /// What was chosen about access tokens; nil without an issuer.
    var accessTokens: AccessTokenPolicy?
    public var passwordLengthMin: Int
    public var userRateLimit: RateLimit?
    public var keyRateLimit: RateLimit?
    public var tenantRateLimit: RateLimit?
    public var hashingThreads: Int
    public var hashingQueue: Int
    public var storeMapBytes: Int
    public var logSegmentBytes: Int
    public var metricsListen: PeerAddress?
    public var metricsKeyFile: String?
    public var logLevel: Logger.Level
    public var logsJSON: Bool

    /// Reads file, environment and settings of the command line.
    ///
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        file: String, settings: [String], environment: [String: String]
    ) throws(ConfigurationError) -> NodeConfiguration {
        var sources = ConfigurationSources()
        do {
            sources.add(yaml: try String(contentsOfFile: file, encoding: .utf8))
        } catch {
            throw ConfigurationError(problems: ["\(file) cannot be read: \(error)"])
        }
        sources.add(environment: environment)
        for setting in settings { sources.add(setting: setting) }
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        return try NodeConfiguration(sources, folder: folder)
    }

    init(_ sources: ConfigurationSources, folder: String) throws(ConfigurationError) {
        var reader = ConfigurationReader(sources, folder: folder)
        node = reader.nodeID("node.id")
        dataDirectory = reader.path("node.data_dir")
        clusterID = reader.hexadecimal("cluster.id", bytes: LocalNode.clusterIDBytes)
        credentials = PeerCredentials(
            authorityFile: reader.path("cluster.ca"),
            certificateFile: reader.path("cluster.certificate"),
            privateKeyFile: reader.path("cluster.key"))
        members = reader.members(sources.members)
        joins = reader.text("cluster.joins") == "yes"
        peerListen = reader.address("peer.listen")
        httpListen = reader.address("http.listen")
        httpCertificate = reader.optionalPath("http.certificate")
        httpKey = reader.optionalPath("http.key")
        httpSocket = reader.optionalPath("http.socket")
        trustedProxies = reader.texts("http.trusted_proxies")
        origins = reader.texts("http.origins")
        connectionsMax = reader.number("http.connections_max")
        connectionsPerAddressMax = reader.number("http.connections_per_address_max")
        httpThreads = reader.number("http.threads")
        rootKeyFile = reader.path("keys.root_key_file")
        adminUsername = reader.text("bootstrap.admin_username")
        adminPasswordFile = reader.optionalPath("bootstrap.admin_password_file")
        bootstrapKeys = sources.bootstrapKeys
        nobodyIs = Self.nobody(&reader)
        isWide = reader.text("raft.profile") == "wan"
        retainedLogBytes = reader.number("raft.retained_log_bytes")
        sessionIdleSeconds = reader.number("sessions.idle_seconds")
        sessionSeconds = reader.number("sessions.absolute_seconds")
        sessionSecondsMax = reader.number("sessions.absolute_seconds_max")
        keySeconds = reader.number("api_keys.ttl_seconds")
        accessTokens = Self.accessTokens(&reader)
        passwordLengthMin = reader.number("passwords.length_min")
        userRateLimit = reader.optionalRateLimit("limits.user")
        keyRateLimit = reader.optionalRateLimit("limits.key")
        tenantRateLimit = reader.optionalRateLimit("limits.tenant")
        hashingThreads = reader.number("hashing.threads")
        hashingQueue = reader.number("hashing.queue")
        storeMapBytes = reader.number("store.map_gib") << 30
        logSegmentBytes = reader.number("wal.segment_mib") << 20
        metricsListen = reader.optionalAddress("metrics.listen")
        metricsKeyFile = reader.optionalPath("metrics.key_file")
        logLevel = Logger.Level(rawValue: reader.text("log.level")) ?? .info
        logsJSON = reader.text("log.format") == "json"
        check(&reader)
        guard reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
    }

    private static func accessTokens(_ reader: inout ConfigurationReader) -> AccessTokenPolicy? {
        let issuer = reader.text("tokens.issuer")
        let audience = reader.text("tokens.audience")
        let algorithm = SigningAlgorithm(name: reader.text("tokens.algorithm")) ?? .edDSA
        let (seconds, days) = (
            reader.number("tokens.access_seconds"), reader.number("tokens.rotation_days")
        )
        let publication = reader.number("tokens.jwks_seconds")
        guard !issuer.isEmpty else {
            if !audience.isEmpty {
                reader.problems.append("tokens.audience is of no use without tokens.issuer")
            }
            return nil
        }
        if !isIssuer(issuer) {
            reader.problems.append(
                "tokens.issuer: \(issuer) is not https:// and a host, without anything behind it")
        }
        if audience.utf8.count > issuerBytesMax {
            reader.problems.append("tokens.audience is longer than \(issuerBytesMax) bytes")
        }
        var policy = AccessTokenPolicy(
            issuer: issuer, audience: audience.isEmpty ? nil : audience)
        policy.seconds = UInt64(seconds)
        policy.algorithm = algorithm
        policy.rotationSeconds = UInt64(days) * 86_400
        policy.publicationSeconds = UInt64(publication)
        return policy
    }

    private static func nobody(_ reader: inout ConfigurationReader) -> UserName? {
        let mode = reader.text("node.mode")
        let name = reader.text("authentication.none_as")
        guard !name.isEmpty else { return nil }
        if mode != "development" {
            reader.problems.append(
                "authentication.none_as lets everybody in: it needs node.mode: development")
        }
        guard let user = UserName(name) else {
            reader.problems.append("authentication.none_as: \(name) is no user name")
            return nil
        }
        return user
    }

    private static let issuerBytesMax = 256

    /// Whether a text is an issuer as RFC 8414 §2 has it; in clear on this machine alone.
    private static func isIssuer(_ text: String) -> Bool {
        guard text.utf8.count <= issuerBytesMax, text.utf8.allSatisfy({ (0x21...0x7E) ~= $0 }),
            let end = text.range(of: "://")
        else { return false }
        let rest = text[end.upperBound...]
        guard !rest.isEmpty, !rest.contains(where: { "/?#@\"\\".contains($0) }) else {
            return false
        }
        let scheme = text[..<end.lowerBound]
        return scheme == "https"
            || scheme == "http" && PeerAddress(parsing: String(rest))?.isLoopback == true
    }

    /// What no single key can tell.
    private func check(_ reader: inout ConfigurationReader) {
        if !members.isEmpty, !members.contains(where: { $0.id == node }) {
            reader.problems.append("node.id: \(node) is not among cluster.members")
        }
        if (httpCertificate == nil) != (httpKey == nil) {
            reader.problems.append("http.certificate and http.key go together")
        }
        if httpCertificate == nil, !httpListen.isLoopback {
            reader.problems.append(
                "http.listen: \(httpListen) is no loopback address, so http.certificate and "
                    + "http.key are needed")
        }
        if sessionSeconds > sessionSecondsMax {
            reader.problems.append("sessions.absolute_seconds is over its maximum")
        }
    }
}

extension PeerAddress {
    /// Whether only this machine can reach it.
    var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback ?? false }
}
