internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec

/// One request on its way to a handler: everything parsed and checked against the route.
struct Call: Sendable {
    let route: Route
    let request: HTTPRequest
    /// The path's parameters, decoded.
    let parameters: [String: String]
    let query: QueryString
    /// Checked against the route's schema; null without a body.
    let body: JSONValue
    let context: RequestContext
    let credential: Credential
    /// Whether a browser sent it from a page of ours.
    let isFromOwnPage: Bool
    /// The key that `X-Metrics-Key` must have.
    let metricsKey: String?
    /// The figures of the process.
    let metricsText: @Sendable () -> [UInt8]

    /// A parameter of the path.
    ///
    /// - Precondition: the route's pattern has it.
    func parameter(_ name: String) -> String {
        guard let value = parameters[name] else { preconditionFailure("no parameter \(name)") }
        return value
    }

    /// A parameter of the path, read as what it must be; what is none cannot be found.
    func parameter<Value>(
        _ name: String, _ read: (String) -> Value?
    ) -> Result<Value, ServiceFailure> {
        read(parameter(name)).map { .success($0) } ?? .failure(.notFound)
    }

    /// Where something lies that the request has made: in the tenant that its path names.
    func location(_ path: String) -> String {
        let place = route.isInTenant ? "/tenants/" + parameter("tenant_id") : ""
        return "/v1" + place + path
    }

    /// The condition of `If-Match` and `If-None-Match`.
    var condition: Result<VersionCondition, ServiceFailure> {
        EntityTag.condition(request.headers).map { .success($0) }
            ?? .failure(.malformed("If-Match or If-None-Match is malformed, or both are there"))
    }

    /// How many items a page may have.
    var limit: Int { query["limit"].flatMap { Int($0) } ?? 100 }

    /// A string of the body.
    func text(_ name: String) -> String? { body[name]?.string }

    /// The string of a name that the schema requires.
    func requiredText(_ name: String) -> String {
        guard let text = body[name]?.string else { preconditionFailure("no \(name) in the body") }
        return text
    }

    /// The strings of an array in the body.
    func texts(_ name: String) -> [String]? { body[name]?.array?.compactMap(\.string) }
}

/// What a request presents to be recognised by.
enum Credential: Equatable, Sendable {
    case none
    /// In the spelling of a bearer token of ours, or some other text behind `Bearer`.
    case bearer(String)
    /// The cookie; `originMatches` says whether it may count everywhere.
    case cookie(String, originMatches: Bool)
    /// More than one.
    case several
}

extension Credential {
    static let cookieName = "__Host-ww_session"

    /// Finds the credential of a request to the API itself.
    ///
    /// - Parameter cookieCounts: whether a cookie counts on the route without an origin.
    static func find(
        _ request: HTTPRequest, origins: [PageOrigin], cookieCounts: Bool
    ) -> Credential {
        let headers = request.headers
        let authorizations = headers.all(.authorization)
        let bearers = authorizations.compactMap(Self.bearerToken)
        let keys = headers.all(.keyOfOurs) + headers.all(.keyOfOthers)
        let cookies = Self.cookies(headers)
        // A cookie is sent along by browsers whether it is meant or not, so beside another
        // credential it does not make two, except where it counts by itself.
        let others = bearers.count + keys.count
        guard others + (cookieCounts ? cookies.count : 0) <= 1, authorizations.count <= 1,
            cookies.count <= 1
        else { return .several }
        if let bearer = bearers.first { return .bearer(bearer) }
        if let key = keys.first { return .bearer(key) }
        if let cookie = cookies.first {
            return .cookie(cookie, originMatches: matches(request, origins: origins))
        }
        return .none
    }

    /// What stands behind `Bearer`; nil for other schemes.
    static func bearerToken(_ value: String) -> String? {
        bearerToken(Array(value.utf8).span).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What stands behind `Bearer`; nil for other schemes.
    static func bearerToken(_ value: Span<UInt8>) -> [UInt8]? {
        guard value.count >= bearerScheme.count else { return nil }
        var begin = 0
        var end = value.count
        while begin < bearerScheme.count {
            guard HTTPHeaders.lower(value[begin]) == bearerScheme[begin] else { return nil }
            begin += 1
        }
        while begin < end, value[begin] == 0x20 || value[begin] == 0x09 { begin += 1 }
        while begin < end, value[end - 1] == 0x20 || value[end - 1] == 0x09 { end -= 1 }
        return Array(copying: value.extracting(begin..<end))
    }

    private static let bearerScheme = Array("bearer ".utf8)

    /// The values of our cookie.
    static func cookies(_ headers: HTTPHeaders) -> [String] {
        headers.all(.cookie).flatMap { field in
            field.split(separator: ";").compactMap { pair -> String? in
                let halves = pair.trimmed.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard halves.count == 2, halves[0] == cookieName else { return nil }
                return String(halves[1])
            }
        }
    }

    /// Whether the request comes from a page of ours (or of the operator's).
    static func matches(_ request: HTTPRequest, origins: [PageOrigin]) -> Bool {
        let sent = request.headers.all("origin")
        guard sent.count == 1 else { return false }
        if origins.contains(where: { HTTPHeaders.same($0.description, sent[0]) }) { return true }
        // A browser names the host in both; a page of another host cannot forge either.
        guard let host = request.headers["host"], !host.isEmpty else { return false }
        return HTTPHeaders.same(sent[0], "https://" + host)
    }

    /// The token that counts on a route, or why there is none.
    ///
    /// - Parameter cookieCounts: whether a cookie counts without an origin.
    func token(cookieCounts: Bool) -> Result<String, ServiceFailure> {
        switch self {
        case .none: .failure(.missingCredentials)
        case .bearer(let token): .success(token)
        case .cookie(let token, let originMatches):
            cookieCounts || originMatches ? .success(token) : .failure(.origin)
        case .several: .failure(.twoCredentials)
        }
    }
}
