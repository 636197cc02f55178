internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec

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
        let credentials = ForwardedCredentials(call.request.headers) { text in
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
        let named = query.all("tenant") + call.request.headers.all(.requiredTenant)
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
                    var identity = IdentityHeaders(allowed.caller, codec, allowed.standing)
                    guard identity.fits else { return .failure(.identityTooLarge) }
                    identity.headers.add(.index, allowed.index)
                    var reply = Reply(status: 200, index: allowed.index)
                    reply.headers = identity.headers
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
            query.all("permission") + query.all("scope") + headers.all(.requiredPermission)
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

    private static func shaped(_ reply: consuming Reply, for dialect: Dialect) -> Reply {
        switch dialect {
        case .plain: break
        case .nginx:
            let status = reply.status
            guard ![200, 401, 403].contains(status) else { break }
            reply.status = 403
            reply.headers.add("X-Error-Status", String(status))
        }
        return reply
    }
}

/// The credentials of a forwarded request that are spelt as ours are; all others belong to the
/// service behind the gateway.
struct ForwardedCredentials {
    /// Those that are spelt as ours.
    private(set) var own: [[UInt8]] = []
    /// Whether nothing stands where a credential may.
    private(set) var isBare = true
    private var otherBearers: [[UInt8]] = []
    private var otherKeys: [[UInt8]] = []
    private var hasKey = false

    /// - Parameter isOwnAccessToken: whether a signed token is one of this server's.
    init(_ headers: HTTPHeaders, isOwnAccessToken: ([UInt8]) -> Bool) {
        func isOwn(_ text: [UInt8]) -> Bool { Self.isOurs(text) || isOwnAccessToken(text) }
        headers.visit(.authorization) { value in
            isBare = false
            guard let token = Credential.bearerToken(value) else { return }
            if isOwn(token) { own.append(token) } else { otherBearers.append(token) }
        }
        for name in [HeaderName.keyOfOurs, .keyOfOthers] {
            headers.visit(name) { value in
                isBare = false
                hasKey = true
                let key = Array(copying: value)
                if isOwn(key) { own.append(key) } else { otherKeys.append(key) }
            }
        }
        for cookie in Credential.cookies(headers) {
            isBare = false
            let cookie = Array(cookie.utf8)
            if isOwn(cookie) { own.append(cookie) }
        }
    }

    /// The one text that may be an imported key: where a key stands in a field of its own, what
    /// stands behind `Bearer` is none.
    var foreign: [UInt8]? {
        let others = hasKey ? otherKeys : otherBearers
        return others.count == 1 && own.isEmpty ? others[0] : nil
    }

    /// A prefix of `[a-z][a-z0-9-]{1,15}`, `_`, and 49 base62 characters.
    static func isOurs(_ text: [UInt8]) -> Bool {
        let bytes = text.span
        guard (52...66).contains(bytes.count) else { return false }
        let line = bytes.count - 50
        guard isLower(bytes[0]), bytes[line] == UInt8(ascii: "_") else { return false }
        for index in 1..<line {
            let byte = bytes[index]
            guard isLower(byte) || isDigit(byte) || byte == UInt8(ascii: "-") else { return false }
        }
        for index in (line + 1)..<bytes.count {
            let byte = bytes[index]
            guard isLower(HTTPHeaders.lower(byte)) || isDigit(byte) else { return false }
        }
        return true
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
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
        (ofUser + ofCredential + ofLimits).map { ($0.name, "") })
    private static let ofUser = SharedHeader.identity.filter {
        !ofCredential.contains($0) && !ofLimits.contains($0)
    }
    private static let ofBlock = ofUser + ofLimits
    private static let namesOfBlock = ofBlock.map(\.name)
    private static let sessionID = SharedHeader.sessionID.name
    private static let credentialID = SharedHeader.credentialID.name
    private static let authMethod = SharedHeader.authMethod.name
    private static let tokenExpiresAt = SharedHeader.tokenExpiresAt.name

    /// Every name, with an empty value where there is none.
    var headers: HTTPHeaders
    /// What the values take together.
    private var valueBytes: Int

    /// What is told of a user with these permissions.
    static func block(
        of user: UserRow, _ permissions: EffectivePermissions
    ) -> HTTPHeaders.Block {
        let tenant = ObjectText.show(user.tenant)
        let list = permissions.permissions.map(\.string).joined(separator: ",")
        let (id, email) = (ObjectText.show(user.id), ascii(user.email.string))
        let roles = permissions.roles.map(\.string).joined(separator: ",")
        // Most callers have no limit.
        return HTTPHeaders.Block(namesOfBlock) { index in
            switch ofBlock[index] {
            case .userID: id
            case .userName: user.username.string
            case .userEmail: email
            case .userRoles: roles
            case .userPermissions, .permissions: list
            case .tenantID, .organizationID, .orgID: tenant
            default: ""
            }
        }
    }

    /// Nobody's; where a limit let somebody not pass, how it stands.
    init(nobody standing: CallerStanding) {
        headers = HTTPHeaders(Self.nobody)
        valueBytes = 0
        add(LimitHeaders.values(standing))
    }

    /// A caller's, with how limits and quotas stand.
    init(_ caller: Caller, _ codec: TokenCodec, _ standing: CallerStanding) {
        let block =
            caller.rights.shown as? HTTPHeaders.Block
            ?? Self.block(of: caller.user, caller.permissions)
        headers = HTTPHeaders(block)
        valueBytes = block.valueBytes
        // And some that stand on every answer.
        headers.reserve(fields: 12, bytes: 512)
        switch caller.credential {
        case .session(let id):
            let text = codec.show(id)
            add(Self.sessionID, text)
            add(Self.credentialID, text)
        case .key(let id):
            add(Self.sessionID, "")
            add(Self.credentialID, codec.show(id))
        case nil:
            add(Self.sessionID, "")
            add(Self.credentialID, "")
        }
        add(Self.authMethod, caller.method)
        add(Self.tokenExpiresAt, caller.expiresAt?.rfc3339 ?? "")
        add(LimitHeaders.values(standing))
    }

    /// Whether a gateway's buffers hold them: at most 3 KiB of values in all.
    var fits: Bool { valueBytes <= 3 << 10 }

    private mutating func add(_ name: HeaderName, _ value: String) {
        headers.add(name, value)
        valueBytes += value.utf8.count
    }

    private mutating func add(_ limits: [(name: SharedHeader, value: String)]) {
        for limit in limits {
            headers.set(limit.name.rawValue, limit.value)
            valueBytes += limit.value.utf8.count
        }
    }

    private static func ascii(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return text }
        return PercentEncoding.encode(text) { (0x20..<0x7F).contains($0) }
    }
}
