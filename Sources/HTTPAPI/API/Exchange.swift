public import APITypes
public import AuthService
internal import RaftCore

/// One request and its answer: either there is an answer, or something is needed first.
///
/// Owned by whoever reads the connection. Dropping it abandons the request; what it has proposed
/// may still take effect.
public struct Exchange: Sendable {
    /// Where it stands.
    public enum Step: Sendable {
        case respond(HTTPResponse)
        case need(Need)
    }

    /// What the log tells of a request. Nothing of it is a credential.
    public struct Record: Equatable, Sendable {
        public var requestID: String
        public var method: String
        /// The client's address.
        public var address: String
        public var trace: TraceParent?
        /// The name of the endpoint; nil when there is none.
        public var route: String?
        public var status: Int = 0
        /// The code of an error.
        public var code: ErrorCode?
        /// The user who was recognised.
        public var actor: String?
        /// What went wrong inside, for the log alone.
        public var internalDetail: String?

        init(requestID: String, method: String, address: String, trace: TraceParent?) {
            self.requestID = requestID
            self.method = method
            self.address = address
            self.trace = trace
        }
    }

    /// What to do now.
    public private(set) var step: Step
    /// What to log, once there is an answer.
    public private(set) var record: Record
    /// How long everything that is needed may take together, from the arrival of the request.
    public let timeoutMilliseconds: UInt64

    private let api: API
    private let request: HTTPRequest
    private let route: Route?
    private var running: RunningRequests.Token?
    private var next: (@Sendable (Completion, World) -> Flow<Reply>)?

    init(
        api: API, request: HTTPRequest, record: consuming Record, route: Route?,
        timeoutMilliseconds: UInt64, running: RunningRequests.Token?, flow: consuming Flow<Reply>,
        world: World
    ) {
        self.api = api
        self.request = request
        self.record = record
        self.route = route
        self.timeoutMilliseconds = timeoutMilliseconds
        self.running = running
        step = .respond(HTTPResponse(status: 500))
        advance(flow, world)
    }

    /// Goes on with what was needed.
    ///
    /// - Precondition: `step` is `need`, and this is how that need has ended.
    public mutating func resume(_ completion: Completion) {
        guard let next else { preconditionFailure("an exchange that needs nothing was resumed") }
        let world = api.environment.world()
        advance(next(completion, world), world)
    }

    private mutating func advance(_ flow: consuming Flow<Reply>, _ world: World) {
        switch consume flow {
        case .need(let need, let resume):
            next = resume
            step = .need(need)
        case .done(let reply): finish(reply, world)
        case .failed(let failure):
            var reply = FailureReply.make(
                failure.code, detail: failure.detail,
                retryAfterSeconds: failure.retryAfterSeconds, requestID: record.requestID)
            reply.code = failure.code
            for field in LimitHeaders.values(failure.standing) {
                reply.headers.add(field.name.rawValue, field.value)
            }
            record.internalDetail = failure.secretDetail
            finish(reply, world)
        }
    }

    private mutating func finish(_ whole: consuming Reply, _ world: World) {
        var reply = consume whole
        next = nil
        running = nil
        record.status = reply.status
        record.code = reply.code
        record.actor = reply.actor
        let tag = reply.headers[.entityTag]
        // Taken and not copied, because more is added.
        var response = HTTPResponse(
            status: reply.status, headers: reply.takeHeaders(), body: reply.body)
        if let mediaType = reply.mediaType { response.headers.add(.contentType, mediaType) }
        if let tag, reply.status == 200,
            ["GET", "HEAD"].contains(request.method),
            EntityTag.isUnchanged(request.headers, tag: tag)
        {
            response.status = 304
            response.body = []
            response.headers.remove("Content-Type")
            record.status = 304
        }
        response.headers.add(.requestID, record.requestID)
        if let trace = record.trace { response.headers.add(.traceParent, trace.description) }
        if !response.headers.has(.cacheControl) { response.headers.add(Self.storesNothing) }
        response.headers.add(Self.guessesNothing)
        if route?.isVersioned ?? request.path.hasPrefix("/v1/") {
            addPosition(to: &response, reply, world)
        }
        // A body that nobody reads would be taken for the next request.
        if request.head.announcesBody, request.body.isEmpty, request.head.framing != .length(0) {
            response.closes = true
        }
        step = .respond(response)
    }

    private static let storesNothing = HTTPHeaders.Block([(.cacheControl, "no-store")])
    private static let guessesNothing = HTTPHeaders.Block([
        (HeaderName("X-Content-Type-Options"), "nosniff")
    ])

    private func addPosition(to response: inout HTTPResponse, _ reply: Reply, _ world: World) {
        if let leader = world.node.leader { response.headers.add(.leader, leader.description) }
        response.headers.add(.term, world.node.term.rawValue)
        if !response.headers.has(.index) {
            response.headers.add(.index, reply.index ?? world.node.applied.rawValue)
        }
        if let staleness = reply.stalenessMilliseconds {
            response.headers.add(.staleness, staleness)
        }
    }
}
