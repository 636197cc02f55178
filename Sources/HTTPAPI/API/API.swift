internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography
internal import RaftCore

/// The whole HTTP interface as a synchronous value machine: a request in; needs out and
/// completions in; an answer out. It owns no thread, socket or clock.
public final class API: Sendable {
    public let options: APIOptions
    let environment: any APIEnvironment
    let table: RouteTable
    private let running = RunningRequests()
    private let names = RequestNames()

    public init(environment: any APIEnvironment, options: APIOptions = APIOptions()) {
        self.environment = environment
        self.options = options
        table = options.servesOnlyMetrics ? Self.metrics : Self.whole
    }

    private static let metrics = RouteTable([Endpoints.openMetrics])
    // Made once: the document takes as long as many requests.
    private static let whole: RouteTable = {
        let routes = Endpoints.all
        let document = OpenAPIDocument.make(RouteTable(routes), version: Release.version).bytes
        return RouteTable(routes + [Endpoints.openAPI(document)])
    }()

    /// What to do with a request's body, once its head is there.
    public enum BodyAdmission: Equatable, Sendable {
        /// Read it, at most so many bytes, then `handle` the whole request; say `100 Continue`
        /// first when told so.
        case read(limitBytes: Int, sendsContinue: Bool)
        /// `handle` the request at once, without a body. If one was announced, the answer closes
        /// the connection.
        case answerNow
    }

    /// Decides on a body by the head alone, so that nobody sends or holds one in vain.
    public func admit(_ head: HTTPRequestHead) -> BodyAdmission {
        let limit: Int
        switch table.match(method: head.method, path: head.path) {
        case .found(let route, _):
            switch route.body {
            case .ignored: return .answerNow
            case .none: limit = 0
            case .json(_, let limitBytes, _, _): limit = min(limitBytes, options.bodyBytesMax)
            }
        case .methodNotAllowed, .notFound: limit = 0
        }
        guard head.announcesBody else { return .read(limitBytes: 0, sendsContinue: false) }
        let request = HTTPRequest(head: head, body: [])
        if head.expectsContinue || limit == 0 {
            if rejection(request) != nil || limit == 0 { return .answerNow }
        }
        return .read(limitBytes: limit, sendsContinue: head.expectsContinue)
    }

    /// Begins a request.
    public func handle(_ request: HTTPRequest) -> Exchange {
        let world = environment.world()
        var record = Exchange.Record(
            requestID: RequestID.choose(request.headers, names, random: world.random),
            method: request.method,
            address: ClientAddress.resolve(
                connection: request.remoteAddress, headers: request.headers,
                trustedProxies: options.trustedProxies),
            trace: request.headers[.traceParent].flatMap { TraceParent($0) })
        do throws(Rejection) {
            let call = try prepare(request, record, world)
            record.route = call.call.route.name
            return Exchange(
                api: self, request: request, record: record, route: call.call.route,
                timeoutMilliseconds: call.common.timeoutMilliseconds, running: call.running,
                flow: flow(call.call, call.common, world), world: world)
        } catch {
            record.route = error.route?.name
            return Exchange(
                api: self, request: request, record: record, route: error.route,
                timeoutMilliseconds: options.timeoutMilliseconds, running: nil,
                flow: .done(error.reply(record.requestID)), world: world)
        }
    }

    /// The answer to bytes that are no acceptable request; the connection closes behind it.
    public func answer(to failure: RequestFailure) -> HTTPResponse {
        bare(failure.code, detail: failure.reason.rawValue)
    }

    /// The answer to a request that did not arrive in time; the connection closes behind it.
    public func answerToTimeout() -> HTTPResponse { bare(.requestTimeout, detail: nil) }

    /// The answer when there are too many connections; the connection closes behind it.
    public func answerToOverload() -> HTTPResponse { bare(.busy, detail: nil) }

    private func bare(_ code: ErrorCode, detail: String?) -> HTTPResponse {
        let requestID = names.draw(environment.world().random)
        let reply = FailureReply.make(code, detail: detail, requestID: requestID)
        var response = HTTPResponse(status: reply.status, headers: reply.headers, body: reply.body)
        response.headers.add("Content-Type", ProblemDetails.mediaType)
        response.headers.add("Cache-Control", "no-store")
        response.headers.add("X-Request-ID", requestID)
        response.closes = true
        return response
    }

    /// What speaks against a request before its body is read.
    private func rejection(_ request: HTTPRequest) -> Rejection? {
        do throws(Rejection) {
            let (route, _) = try Preparation.route(request, table)
            try Preparation.checkHead(request, route)
            _ = try Preparation.credential(request, route, options)
            return nil
        } catch {
            return error
        }
    }

    private struct Prepared {
        let call: Call
        let common: CommonHeaders
        let running: RunningRequests.Token?
    }

    private func prepare(
        _ request: HTTPRequest, _ record: Exchange.Record, _ world: World
    ) throws(Rejection) -> Prepared {
        let (route, parameters) = try Preparation.route(request, table)
        try Preparation.checkHead(request, route)
        let credential = try Preparation.credential(request, route, options)
        let query = try Preparation.query(request, route)
        let common = try Preparation.commonHeaders(request, route, options)
        try checkForwarding(request, route, common, world)
        let body = try Preparation.body(request, route)
        var context = RequestContext(
            requestID: record.requestID, address: record.address, freshness: common.freshness)
        if route.isInTenant {
            // What is spelt like no id is one that no tenant has.
            context.place = parameters["tenant_id"].flatMap { ObjectText.read($0) } ?? .nobody
            context.placeMayBeGone = route.outlivesTenant
        }
        var token: RunningRequests.Token?
        if route.isIdempotent, let key = common.idempotencyKey {
            context.repetition = Repetition(
                key: key, method: request.method, path: request.path, body: request.body,
                holdsSecret: route.bodyHoldsSecret)
            token = running.begin(request, key: key, credential: credential)
            guard token != nil else { throw Rejection(.requestInProgress, route: route) }
        }
        let call = Call(
            route: route, request: request, parameters: parameters, query: query, body: body,
            context: context, credential: credential,
            isFromOwnPage: Credential.matches(request, origins: options.origins),
            metricsKey: options.metricsKey, metricsText: environment.metricsText)
        return Prepared(call: call, common: common, running: token)
    }

    /// Sends a client that wants no hop to the leader.
    private func checkForwarding(
        _ request: HTTPRequest, _ route: Route, _ common: CommonHeaders, _ world: World
    ) throws(Rejection) {
        guard common.forbidsForwarding, !route.isRead, world.node.role != .leader else { return }
        guard let leader = world.node.leaderURL else { throw Rejection(.noLeader, route: route) }
        var reply = Reply(status: 307)
        let query = request.head.query.map { "?" + $0 } ?? ""
        reply.headers.add("Location", leader + request.path + query)
        throw Rejection(reply, route: route)
    }

    private func flow(_ call: Call, _ common: CommonHeaders, _ world: World) -> Flow<Reply> {
        switch call.route.handler {
        case .local(let answer): return Flow(answer(call, world))
        case .openSteps(let run): return run(call, world)
        case .read(_, let answer):
            return admitted(call) { token, requirement in
                Admission.read(
                    token: token, requirement: requirement, context: call.context, world: world
                ) { caller, view, world in
                    try answer(call, caller, view, world).map { reply in
                        var reply = reply
                        reply.index = reply.index ?? view.meta.applied.index.rawValue
                        if call.context.freshness.isStale {
                            reply.stalenessMilliseconds = world.staleness(of: view)
                        }
                        reply.actor = ObjectText.show(caller.user.id)
                        return reply
                    }
                }
            }
        case .steps(let run):
            return admitted(call) { token, requirement in
                Admission.steps(
                    token: token, requirement: requirement, context: call.context, world: world
                ) { caller, world in
                    run(call, caller, world).map { Self.named($0, caller) }
                }
            }
        case .confirmedSteps(let run):
            return admitted(call) { token, requirement in
                Admission.confirmedSteps(
                    token: token, requirement: requirement, context: call.context, world: world
                ) { caller, world in
                    run(call, caller, world).map { Self.named($0, caller) }
                }
            }
        case .ending(let run):
            return admitted(call) { token, requirement in
                Admission.ending(
                    token: token, requirement: requirement, context: call.context, world: world
                ) { caller, world in
                    run(call, caller, world)
                }.map { Self.ended(call, index: $0) }
            }
        }
    }

    private static func named(_ reply: Reply, _ caller: Caller) -> Reply {
        var reply = reply
        reply.actor = ObjectText.show(caller.user.id)
        return reply
    }

    private static func ended(_ call: Call, index: UInt64) -> Reply {
        var reply = Reply.noContent(index: index)
        if case .cookie = call.credential, call.route.cookieCounts {
            reply.headers.add("Set-Cookie", Endpoints.sessionCookie("", seconds: 0))
        }
        return reply
    }

    private func admitted(
        _ call: Call, _ next: (String, Requirement) -> Flow<Reply>
    ) -> Flow<Reply> {
        switch call.token.flatMap({ token in call.requirement.map { (token, $0) } }) {
        case .success(let (token, requirement)): next(token, requirement)
        case .failure(let failure): .failed(failure)
        }
    }
}

extension Call {
    /// The token that counts here.
    var token: Result<String, ServiceFailure> {
        credential.token(cookieCounts: route.cookieCounts)
    }

    /// What the caller must hold.
    var requirement: Result<Requirement, ServiceFailure> {
        switch route.gate {
        case .open: preconditionFailure("an open route has no caller")
        case .anySession(let cookie): .success(cookie ? .anyoneOfSession : .session)
        case .anyCredential: .success(.anyone)
        case .permissionUnlessOwn: .success(.holder)
        case .permission(let permission): .success(.permission(permission))
        case .anyBelow(let permission): .success(.anyBelow(permission))
        case .secret(_, let narrowed):
            // Whoever holds the whole holds it narrowed too.
            SecretPath(parameter("path")).map { .success(.permission(narrowed($0))) }
                ?? .failure(route.isRead ? .notFound : .invalid("path: no path of a secret"))
        }
    }
}

extension Route {
    /// Whether a cookie counts without an origin.
    var cookieCounts: Bool {
        if case .anySession(let cookie) = gate { cookie } else { false }
    }

    var bodyHoldsSecret: Bool {
        if case .json(_, _, let holdsSecret, _) = body { holdsSecret } else { false }
    }
}
