internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    static let validation: [Route] = [
        validate("validate", "/v1/validate", .plain),
        validate("validateShort", "/validate", .plain),
        validate("validateAPI", "/api/v1/validate", .plain),
        validate("validateNginx", "/v1/validate/nginx", .nginx),
    ]

    /// What a gateway makes of an answer.
    enum Dialect: Sendable {
        /// It passes the answer through.
        case plain
        /// It knows 200, 401 and 403 only; all else is 403 with `X-Error-Status`.
        case nginx
    }

    private static func validate(
        _ name: String, _ path: PathPattern, _ dialect: Dialect
    ) -> Route {
        let others: [(Int, String)] =
            switch dialect {
            case .plain:
                [
                    (400, "Two credentials, or a malformed request."),
                    (429, "The caller's budget is spent."),
                    (500, "The server failed."),
                    (503, "This node cannot answer truthfully now."),
                ]
            case .nginx: []
            }
        return Route(
            name, "*", path, gate: .open(because: "it judges the forwarded request's credential"),
            body: .ignored,
            query: [
                QueryParameter(
                    "permission", .text(.permissionQuery), repeats: true,
                    "A permission that the caller must hold."),
                QueryParameter(
                    "scope", .text(.permissionQuery), repeats: true,
                    "The same, under the name that OAuth uses."),
                QueryParameter(
                    "tenant", .text(.tenant), repeats: true,
                    "A tenant, by name or id, that the caller may be of; any does without."),
            ],
            answers: [
                Answer(200, "The request may pass; who sends it stands in the headers."),
                Answer(401, "There is no live credential."),
                Answer(403, "A requirement does not hold, or the identity is too large."),
            ] + others.map { Answer($0, $1) },
            summary: "Decides for a gateway whether a forwarded request may pass.",
            handler: .openSteps { call, world in
                decide(call, world)
                    .recover { .done(denied($0)) }
                    .map { shaped($0, for: dialect) }
            })
    }

    // What a query may ask for; all else is the service's behind the gateway.
    private static let judgedParameters: Set = ["permission", "scope", "tenant"]

    private static func decide(_ call: Call, _ world: World) -> Flow<Reply> {
        let credentials = ForwardedCredential.find(call.request.headers) { text in
            guard case .success(let codec) = world.tokenCodec else { return false }
            return Authenticators.isOwnAccessToken(text, codec)
        }
        guard credentials.own.count <= 1 else { return .failed(.twoCredentials) }
        let query: QueryString
        do throws(QueryString.Fault) {
            query = try QueryString(
                call.request.head.query, repeats: Self.judgedParameters, ignoresOthers: true)
        } catch {
            return .failed(.malformed("the query is malformed"))
        }
        guard let required = requirements(query, call.request.headers) else {
            // What is no permission, nobody holds.
            return .failed(.insufficientPermissions)
        }
        let named = query.all("tenant") + call.request.headers.all("x-required-tenant")
        let tenants = named.map { TenantReference($0) }
        // Nobody is of what can be no tenant.
        guard !tenants.contains(nil) else { return .failed(.insufficientPermissions) }
        let validate = Validate(
            token: credentials.own.first, foreign: credentials.foreign, required: required,
            tenants: tenants.compactMap(\.self), isBare: credentials.isBare,
            context: call.context)
        return validate.run(world).then { allowed in
            Flow(
                world.tokenCodec.flatMap { codec in
                    let identity = IdentityHeaders(allowed.caller, codec, allowed.standing)
                    guard identity.fits else { return .failure(.identityTooLarge) }
                    var reply = Reply(status: 200, index: allowed.index)
                    reply.headers = identity.headers
                    reply.headers.add("Watchword-Index", String(allowed.index))
                    reply.actor = allowed.caller.rights.userText
                    return .success(reply)
                })
        }
    }

    /// Everything that must hold; nil when something is no permission at all.
    private static func requirements(
        _ query: QueryString, _ headers: HTTPHeaders
    ) -> [Permission]? {
        let texts =
            query.all("permission") + query.all("scope") + headers.all("x-required-permission")
        var required: [Permission] = []
        for text in texts {
            let words = text.split { $0 == "," || $0 == " " }
            guard !words.isEmpty, required.count + words.count <= 32 else { return nil }
            for word in words {
                guard let permission = Permission(String(word)) else { return nil }
                required.append(permission)
            }
        }
        return required
    }

    /// An answer that lets nothing pass; its identity headers are all there, and empty.
    private static func denied(_ failure: ServiceFailure) -> Reply {
        let code = failure.code
        var reply = Reply(status: code.status)
        reply.headers = IdentityHeaders(nobody: failure.standing).headers
        if code.status == 401 || code == .insufficientPermissions {
            reply.headers.add("WWW-Authenticate", FailureReply.challenge(code))
        }
        if let seconds = failure.retryAfterSeconds ?? FailureReply.retryAfterSeconds(code) {
            reply.headers.add("Retry-After", String(seconds))
        }
        reply.headers.add("X-Error-Code", code.rawValue)
        reply.code = code
        return reply
    }

    private static func shaped(_ reply: Reply, for dialect: Dialect) -> Reply {
        switch dialect {
        case .plain: return reply
        case .nginx:
            guard ![200, 401, 403].contains(reply.status) else { return reply }
            var shaped = reply
            shaped.status = 403
            shaped.headers.add("X-Error-Status", String(reply.status))
            return shaped
        }
    }
}

/// The credentials of a forwarded request that are spelt as ours are; all others belong to the
/// service behind the gateway.
enum ForwardedCredential {
    /// Those that are spelt as ours, whether nothing stands there at all, and the one text that may
    /// be an imported key: where a key
    /// stands in a field of its own, what stands behind `Bearer` is none.
    ///
    /// - Parameter isOwnAccessToken: whether a signed token is one of this server's.
    static func find(
        _ headers: HTTPHeaders, isOwnAccessToken: (String) -> Bool
    ) -> (own: [String], foreign: String?, isBare: Bool) {
        var bearers: [String] = []
        var keys: [String] = []
        var isBare = true
        for field in headers.fields {
            switch field.name {
            case "authorization":
                isBare = false
                if let token = Credential.bearerToken(field.value) { bearers.append(token) }
            case "x-api-key", "api-key":
                isBare = false
                keys.append(field.value)
            default: break
            }
        }
        let cookies = Credential.cookies(headers)
        isBare = isBare && cookies.isEmpty
        let own = (bearers + keys + cookies).filter { isOurs($0) || isOwnAccessToken($0) }
        let others = keys.isEmpty ? bearers : keys
        return (own, others.count == 1 && own.isEmpty ? others[0] : nil, isBare)
    }

    /// A prefix of `[a-z][a-z0-9-]{1,15}`, `_`, and 49 base62 characters.
    static func isOurs(_ text: String) -> Bool {
        guard (52...66).contains(text.utf8.count) else { return false }
        let bytes = Array(text.utf8)
        let prefix = bytes[..<(bytes.count - 50)]
        func isLower(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return prefix.first.map(isLower) == true
            && prefix.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
            && bytes[prefix.count] == UInt8(ascii: "_")
            && bytes[(prefix.count + 1)...].allSatisfy {
                isLower(HTTPHeaders.lower($0)) || isDigit($0)
            }
    }
}

/// What a gateway hands to the service behind it: always the same names, so that whatever a
/// client wrote under one of them is overwritten.
struct IdentityHeaders {
    /// What each credential has of its own; the rest is the same for every one of a user.
    private static let ofCredential: [SharedHeader] = [
        .sessionID, .credentialID, .authMethod, .tokenExpiresAt,
    ]
    private static let ofLimits: [SharedHeader] = [
        .rateLimit, .rateLimitPolicy, .rateLimitLimit, .rateLimitRemaining, .rateLimitReset, .quota,
    ]
    private static let nobody = HTTPHeaders.Block(
        (ofUser + ofCredential + ofLimits).map { .init($0.rawValue, "") })
    private static let ofUser = SharedHeader.identity.filter {
        !ofCredential.contains($0) && !ofLimits.contains($0)
    }

    private let block: HTTPHeaders.Block
    /// As `Self.ofCredential`; none where the block says that there is nobody.
    private var ofCredential: [String] = []
    private let limits: [(name: SharedHeader, value: String)]

    /// What is told of a user with these permissions.
    static func block(
        of user: UserRow, _ permissions: EffectivePermissions
    ) -> HTTPHeaders.Block {
        let tenant = ObjectText.show(user.tenant)
        let list = permissions.permissions.map(\.string).joined(separator: ",")
        // Most callers have no limit.
        return HTTPHeaders.Block(
            (ofUser + ofLimits).map { header in
                let value =
                    switch header {
                    case .userID: ObjectText.show(user.id)
                    case .userName: user.username.string
                    case .userEmail: ascii(user.email.string)
                    case .userRoles: permissions.roles.map(\.string).joined(separator: ",")
                    case .userPermissions, .permissions: list
                    case .tenantID, .organizationID, .orgID: tenant
                    default: ""
                    }
                return .init(header.rawValue, value)
            })
    }

    /// Nobody's; where a limit let somebody not pass, how it stands.
    init(nobody standing: CallerStanding) {
        block = Self.nobody
        limits = LimitHeaders.values(standing)
    }

    /// A caller's, with how limits and quotas stand.
    init(_ caller: Caller, _ codec: TokenCodec, _ standing: CallerStanding) {
        block =
            caller.rights.shown as? HTTPHeaders.Block
            ?? Self.block(of: caller.user, caller.permissions)
        let session = caller.session.map { codec.show($0.id) } ?? ""
        let key = caller.key.map { codec.show($0.id) }
        ofCredential = [session, key ?? session, caller.method, caller.expiresAt?.rfc3339 ?? ""]
        limits = LimitHeaders.values(standing)
    }

    /// Whether a gateway's buffers hold them: at most 3 KiB of values in all.
    var fits: Bool {
        let own = ofCredential.reduce(0) { $0 + $1.utf8.count }
        return limits.reduce(block.valueBytes + own) { $0 + $1.value.utf8.count } <= 3 << 10
    }

    /// Every name, with an empty value where there is none.
    var headers: HTTPHeaders {
        var headers = HTTPHeaders(block)
        // And some that stand on every answer.
        headers.reserve(ofCredential.count + 8)
        for (header, value) in zip(Self.ofCredential, ofCredential) {
            headers.add(header.rawValue, value)
        }
        for limit in limits { headers.set(limit.name.rawValue, limit.value) }
        return headers
    }

    private static func ascii(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return text }
        return PercentEncoding.encode(text) { (0x20..<0x7F).contains($0) }
    }
}
