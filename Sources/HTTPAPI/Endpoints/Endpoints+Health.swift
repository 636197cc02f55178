internal import APITypes
internal import AuthCore
internal import AuthService
internal import Cryptography
internal import RaftCore

extension Endpoints {
    static let health: [Route] = [
        probe("live", "/health/live", "Whether the process runs.") { _ in .available },
        probe(
            "ready", "/health/ready", "Whether this node can serve linearizable reads now."
        ) { $0.node.ready },
        probe("leader", "/health/leader", "Whether this node leads.") { world in
            world.node.role == .leader ? .available : .unavailable("not the leader")
        },
        probe("follower", "/health/follower", "Whether this node follows.") { world in
            world.node.role == .follower ? .available : .unavailable("not a follower")
        },
        probe(
            "lbWrite", "/lb/write", "For load balancers: whether a write would succeed now."
        ) { world in world.node.isDraining ? .unavailable("draining") : world.node.writes },
        probe(
            "lbRead", "/lb/read", "For load balancers: whether a validation would succeed now."
        ) { world in world.node.isDraining ? .unavailable("draining") : world.node.validations },
        Route(
            "health", "GET", "/health", gate: .open(because: "load balancers and people look"),
            answers: [Answer(200, "What this node knows of itself.", .health)],
            summary: "What this node knows of itself.",
            handler: .local { _, world in .success(.json(healthBody(world))) }),
        Route(
            "metrics", "GET", "/metrics",
            gate: .open(because: "it asks for `X-Metrics-Key`, or `metrics:read`, itself"),
            answers: [
                Answer(
                    200, "The figures.", .text(TextRule(0...(1 << 24))),
                    mediaType: "text/plain; version=0.0.4; charset=utf-8")
            ],
            summary: "The figures of this node in Prometheus' text format.",
            handler: .openSteps { call, world in metrics(call, world) }),
    ]

    /// The figures on a listener of their own, which decides by itself who reaches it.
    static let openMetrics = Route(
        "metrics", "GET", "/metrics", gate: .open(because: "the listener serves nothing else"),
        answers: [
            Answer(
                200, "The figures.", .text(TextRule(0...(1 << 24))),
                mediaType: "text/plain; version=0.0.4; charset=utf-8")
        ],
        summary: "The figures of this node in Prometheus' text format.",
        handler: .local { call, _ in .success(metricsReply(call)) })

    private static func probe(
        _ name: String, _ path: PathPattern, _ summary: String,
        _ state: @escaping @Sendable (World) -> Availability
    ) -> Route {
        Route(
            name, "GET", path, gate: .open(because: "load balancers and supervisors look"),
            answers: [Answer(200, "It is so.", .status), Answer(503, "It is not.", .status)],
            summary: summary,
            handler: .local { _, world in
                switch state(world) {
                case .available: .success(.json(.object(["status": .string("ok")])))
                case .unavailable(let reason):
                    .success(
                        .json(
                            .object([
                                "status": .string("unavailable"), "reason": .string(reason),
                            ]), status: 503))
                }
            })
    }

    private static func healthBody(_ world: World) -> JSONValue {
        let node = world.node
        return .object([
            "node": .string("\(node.node)"),
            "role": .string(node.role.name),
            "term": .unsigned(node.term.rawValue),
            "leader": .optional(node.leader.map { "\($0)" }),
            "applied_index": .unsigned(node.applied.rawValue),
            "sealed": .bool(world.isSealed),
            "ready": .bool(node.ready == .available),
        ])
    }

    private static func metrics(_ call: Call, _ world: World) -> Flow<Reply> {
        let sent = call.request.headers.all("x-metrics-key")
        if let key = call.metricsKey, sent.count == 1 {
            guard constantTimeEqual(Array(key.utf8), Array(sent[0].utf8)) else {
                return .failed(.invalidCredentials)
            }
            return .done(metricsReply(call))
        }
        return Flow(call.credential.token(cookieCounts: false)).then { token in
            Admission.read(
                token: token, requirement: .permission(.metricsRead), context: call.context,
                world: world
            ) { caller, _, _ in
                // They tell of the whole cluster.
                guard caller.tenant == .platform else {
                    return .failure(.insufficientPermissions)
                }
                return .success(metricsReply(call))
            }
        }
    }

    private static func metricsReply(_ call: Call) -> Reply {
        var reply = Reply(status: 200)
        reply.body = call.metricsText()
        reply.mediaType = "text/plain; version=0.0.4; charset=utf-8"
        return reply
    }
}

extension Role {
    /// The name as the API shows it.
    var name: String {
        switch self {
        case .leader: "leader"
        case .follower: "follower"
        case .candidate, .preCandidate: "candidate"
        }
    }
}
