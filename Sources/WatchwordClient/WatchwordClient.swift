internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1
internal import NIOSSL

/// Where the cluster is, and who asks.
public struct ClientOptions: Sendable {
    /// Base URLs of the load balancer or of nodes; the next is tried when one does not answer.
    public var urls: [String]
    /// The certificate authority of the cluster, as a PEM file; nil for the system's.
    public var authorityFile: String?
    /// The session token that requests carry.
    public var token: String?
    /// The id of another tenant to act in; needs `tenants:act` in the platform tenant.
    public var tenant: String?
    /// How long one request may take, with all its tries.
    public var timeoutSeconds: Int64 = 15

    public init(urls: [String], authorityFile: String? = nil, token: String? = nil) {
        self.urls = urls
        self.authorityFile = authorityFile
        self.token = token
    }
}

/// An answer that was no error.
public struct ClientResponse: Sendable {
    /// The HTTP status, 200 to 299.
    public let status: Int
    /// The body; `.null` when there was none.
    public let body: JSON
    /// The applied index that the answer reflects.
    public let index: UInt64?
    /// The version of the object, as the server quotes it.
    public let etag: String?
}

/// Asks a cluster, over whichever node answers.
///
/// A write carries an idempotency key of its own, so that it is tried again over another node or
/// another leader and still takes effect once.
public final class WatchwordClient: Sendable {
    private let options: ClientOptions
    private let http: HTTPClient

    private static let bodyBytesMax = 8 << 20
    private static let triesMax = 20

    /// A client for one cluster; `shutdown` must be called at its end.
    ///
    /// - Throws: when the authority's file cannot be read.
    public init(options: ClientOptions) throws {
        precondition(!options.urls.isEmpty, "no URL")
        self.options = options
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(2), read: .seconds(options.timeoutSeconds)))
        if let file = options.authorityFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            configuration.tlsConfiguration = tls
        }
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes all connections.
    public func shutdown() async throws { try await http.shutdown() }

    /// Sends one request, again over other nodes as long as that may help and cannot harm.
    ///
    /// - Parameters:
    ///   - path: with a leading slash, percent-encoded, with its query.
    ///   - body: sent as JSON.
    ///   - keyed: whether a write carries an idempotency key. The server keeps a limited number of
    ///     them for each caller; a mass of writes that may be repeated anyway goes without.
    ///   - atHome: whether it goes to the caller's own tenant, wherever else they act.
    /// - Throws: `ClientError`.
    public func send(
        _ method: String, _ path: String, body: JSON? = nil, headers: [(String, String)] = [],
        keyed: Bool = true, atHome: Bool = false
    ) async throws -> ClientResponse {
        let path = atHome ? path : try placed(path)
        let deadline = ContinuousClock.now.advanced(by: .seconds(options.timeoutSeconds))
        let key = method == "GET" || !keyed ? nil : UUID().uuidString
        var last = ClientError(code: .unreachable, detail: "no node answered")
        for attempt in 0..<Self.triesMax {
            guard ContinuousClock.now < deadline else { break }
            let url = options.urls[attempt % options.urls.count] + path
            do {
                return try await attemptOnce(
                    method, url, body: body, headers: headers, key: key, deadline: deadline)
            } catch let error as ClientError {
                guard isWorthTryingAgain(error) else { throw error }
                last = error
            } catch {
                last = ClientError(code: .unreachable, detail: "\(url): \(error)")
            }
            let pause = min(50 << min(attempt, 5), 1000) + Int.random(in: 0..<50)
            try await Task.sleep(for: .milliseconds(pause))
        }
        throw last
    }

    /// What nobody does in another tenant: it is the caller's own, or the cluster's.
    private static let homePaths = [
        "/v1/auth/", "/v1/cluster", "/v1/tenants", "/v1/signing-keys", "/v1/audit/chain",
        "/v1/users/self", "/v1/sessions/self", "/v1/keys/self",
    ]

    /// The path in the tenant that the caller acts in.
    private func placed(_ path: String) throws(ClientError) -> String {
        guard let tenant = options.tenant else { return path }
        guard path.hasPrefix("/v1/"), !Self.homePaths.contains(where: path.hasPrefix) else {
            throw ClientError(
                code: .ownTenant, status: 400,
                detail: "this is the caller's own or the cluster's, and of no other tenant")
        }
        return "/v1/tenants/\(tenant)" + path.dropFirst(3)
    }

    /// Whether another try, here or at another node, may end otherwise.
    ///
    /// 307 says that only the leader can do it: behind a load balancer the next try may reach it.
    /// No redirect is followed, because the token would go wherever it points.
    private func isWorthTryingAgain(_ error: ClientError) -> Bool {
        error.status == 503 || error.status == 0 || error.status == 307
            || ["busy", "request_in_progress"].contains(error.code.rawValue)
    }

    private func attemptOnce(
        _ method: String, _ url: String, body: JSON?, headers: [(String, String)], key: String?,
        deadline: ContinuousClock.Instant
    ) async throws -> ClientResponse {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "Accept", value: "application/json")
        if let token = options.token {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        if let key { request.headers.add(name: "Idempotency-Key", value: key) }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(data: try body.serialized()))
        }
        let left = ContinuousClock.now.duration(to: deadline).components
        let milliseconds = max(1, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
        let response = try await http.execute(request, timeout: .milliseconds(milliseconds))
        let data = Data(buffer: try await response.body.collect(upTo: Self.bodyBytesMax))
        return try interpret(
            status: Int(response.status.code), headers: response.headers, data: data)
    }

    private func interpret(
        status: Int, headers: HTTPHeaders, data: Data
    ) throws(ClientError) -> ClientResponse {
        let requestID = headers.first(name: "X-Request-ID")
        var json = JSON.null
        if !data.isEmpty {
            do { json = try JSON(parsing: data) } catch {
                // A load balancer without a live server answers in words of its own.
                throw ClientError(
                    code: status == 503 ? .unreachable : .unintelligible, status: status,
                    detail: "status \(status) without a JSON body", requestID: requestID)
            }
        }
        guard (200..<300).contains(status) else {
            throw ClientError(
                code: .init(rawValue: json["code"]?.text ?? "status_\(status)"), status: status,
                detail: json["detail"]?.text ?? json["title"]?.text ?? "status \(status)",
                requestID: json["request_id"]?.text ?? requestID)
        }
        return ClientResponse(
            status: status, body: json,
            index: headers.first(name: "Watchword-Index").flatMap { UInt64($0) },
            etag: headers.first(name: "ETag"))
    }
}
