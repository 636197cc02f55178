internal import AuthCore
internal import AuthService

/// One endpoint: what it takes, who may call it, what it answers, and what carries it out.
///
/// Routing, authorisation, the OpenAPI document and the API guide are all derived from this one
/// description. There is no default for `gate`: a route that does not say who may call it does not
/// compile. Made once and shared: a request copies none.
final class Route: Sendable {
    /// The operation's name in the document.
    let name: String
    let method: String
    let pattern: PathPattern
    let gate: Gate
    let body: BodyRule
    let query: [QueryParameter]
    let answers: [Answer]
    /// Whether `Idempotency-Key` is honoured.
    let isIdempotent: Bool
    /// Whether `If-Match` and `If-None-Match` are honoured.
    let isConditional: Bool
    let summary: String
    let handler: Handler
    /// Whether the path names the tenant in which the caller acts: that needs `tenants:act` too.
    let isInTenant: Bool
    /// Whether it reads what is kept when its tenant is gone.
    let outlivesTenant: Bool
    /// Whether the common headers of `/v1` stand on its answers.
    let isVersioned: Bool

    init(
        _ name: String, _ method: String, _ pattern: PathPattern, gate: Gate,
        body: BodyRule = .none, query: [QueryParameter] = [], answers: [Answer],
        idempotent: Bool = false, conditional: Bool = false, summary: String, handler: Handler,
        isInTenant: Bool = false, outlivesTenant: Bool = false
    ) {
        self.name = name
        self.method = method
        self.pattern = pattern
        self.gate = gate
        self.body = body
        self.query = query
        self.answers = answers
        isIdempotent = idempotent
        isConditional = conditional
        self.summary = summary
        self.handler = handler
        self.isInTenant = isInTenant
        self.outlivesTenant = outlivesTenant
        isVersioned = pattern.text.hasPrefix("/v1/") || pattern.text.hasPrefix("/secrets/")
    }

    /// The same route for who acts in another tenant.
    var inTenant: Route {
        Route(
            name + "InTenant", method, pattern.inTenant, gate: gate, body: body, query: query,
            answers: answers, idempotent: isIdempotent, conditional: isConditional,
            summary: summary, handler: handler, isInTenant: true, outlivesTenant: outlivesTenant)
    }

    /// The same route, which reads what is kept when its tenant is gone.
    var outlivingTenant: Route {
        Route(
            name, method, pattern, gate: gate, body: body, query: query, answers: answers,
            idempotent: isIdempotent, conditional: isConditional, summary: summary,
            handler: handler, isInTenant: isInTenant, outlivesTenant: true)
    }

    /// Whether it is about the caller alone, or the caller's own session or key.
    var isOwn: Bool {
        if case .anySession = gate { return true }
        return pattern.segments.contains(.literal("self"))
    }
}

/// Who may call a route.
enum Gate: Sendable {
    /// Everybody; the reason is for the reader.
    case open(because: String)
    /// Whoever presents a credential that is good, and be it an access token: nothing is told but
    /// who they are, and nothing ends but the credential. Every other gate refuses access tokens,
    /// which services see that are no part of this server.
    case anyCredential
    /// Whoever presents a live session. Where nothing is told but which it is, and nothing ends but
    /// it, `cookie` says so: then a cookie counts without an origin, and an access token too.
    case anySession(cookie: Bool)
    /// Whoever holds this permission.
    case permission(Permission)
    /// Whoever holds this permission, and everybody for what is their own; the handler decides.
    case permissionUnlessOwn(Permission)
    /// Whoever holds `base`, or `base` narrowed to the secret that the path names.
    case secret(Permission, narrowed: @Sendable (SecretPath) -> Permission)
    /// Whoever holds at least one permission that begins so; the handler narrows what is seen.
    case anyBelow(Permission)
}

/// What a request's body must be.
enum BodyRule: Sendable {
    /// There must be none.
    case none
    /// Nobody looks at it, and nobody waits for it.
    case ignored
    /// JSON of this shape.
    case json(Schema, limitBytes: Int, holdsSecret: Bool, isOptional: Bool)

    static func json(
        _ schema: Schema, limitBytes: Int = 128 << 10, holdsSecret: Bool = false
    ) -> BodyRule {
        .json(schema, limitBytes: limitBytes, holdsSecret: holdsSecret, isOptional: false)
    }
}

/// A parameter behind the `?`.
struct QueryParameter: Sendable {
    let name: String
    let schema: Schema
    let repeats: Bool
    let isRequired: Bool
    let summary: String

    init(
        _ name: String, _ schema: Schema, repeats: Bool = false, required: Bool = false,
        _ summary: String
    ) {
        self.name = name
        self.schema = schema
        self.repeats = repeats
        isRequired = required
        self.summary = summary
    }

    static let limit = QueryParameter(
        "limit", .integer(1...1_000), "At most so many items; 100 by default.")
    static let cursor = QueryParameter(
        "cursor", .text(.cursor), "The `next_cursor` of the page before.")
}

/// One way in which a route answers.
struct Answer: Sendable {
    let status: Int
    let summary: String
    /// Nil: the answer has no body.
    let schema: Schema?
    let mediaType: String

    init(
        _ status: Int, _ summary: String, _ schema: Schema? = nil,
        mediaType: String = MediaType.json
    ) {
        self.status = status
        self.summary = summary
        self.schema = schema
        self.mediaType = mediaType
    }
}

/// What carries a route out.
enum Handler: Sendable {
    /// From what this node knows, at once.
    case local(@Sendable (Call, World) -> Result<Reply, ServiceFailure>)
    /// From one view of the state, as new as the request asks for; the caller is checked against
    /// the same view. Reads with `stale: false` refuse to be stale.
    case read(
        stale: Bool,
        @Sendable (Call, Caller, StateView, World) throws -> Result<Reply, ServiceFailure>)
    /// In steps, for a caller who was checked; reads ask for consistency themselves.
    case steps(@Sendable (Call, Caller, World) -> Flow<Reply>)
    /// The same for what changes something without a command, so that apply does not look at the
    /// caller's rights again: they are looked at in a view that a quorum has confirmed.
    case confirmedSteps(@Sendable (Call, Caller, World) -> Flow<Reply>)
    /// The same, where it may end the caller's own session; answers 204.
    case ending(@Sendable (Call, Caller, World) -> Flow<UInt64>)
    /// In steps, for nobody in particular.
    case openSteps(@Sendable (Call, World) -> Flow<Reply>)
}
