internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore

extension Endpoints {
    static let sessions: [Route] = [
        Route(
            "createSession", "POST", "/v1/sessions", gate: .permission(.sessionsCreate),
            body: .json(
                .object(
                    ObjectSchema(
                        "NewSession",
                        [
                            Property("user_id", .text(.objectID("usr"))),
                            Property(
                                "ttl_seconds", .integer(1...UInt64(400 * 86_400)), required: false),
                            Property("label", .text(.shortText), required: false),
                        ]))),
            answers: [Answer(201, "A session was begun.", .loggedIn)], idempotent: true,
            summary: "Begins a session for a user whom the caller has authenticated.",
            handler: .steps { call, caller, world in
                guard let user: UserID = ObjectText.read(call.requiredText("user_id")) else {
                    return .failed(.notFound)
                }
                return Sessions.create(
                    for: user, seconds: call.body["ttl_seconds"]?.unsigned,
                    label: call.text("label") ?? "", caller, call.context, world
                ).then { answer in
                    Flow(world.tokenCodec.map { loggedIn(answer, call, $0, now: world.now) })
                }
            }),
        Route(
            "lookUpSession", "POST", "/v1/sessions/lookup", gate: .permission(.sessionsLookup),
            body: .json(
                .object(ObjectSchema("LookUp", [Property("token", .text(.token))])),
                limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(200, "Whose session it is.", .lookedUp)],
            summary: "Says whose session a token is, and what they may do.",
            handler: .read(stale: false) { call, caller, view, world in
                try Sessions.lookUp(
                    call.requiredText("token"), in: caller.tenant, call.context, view, world
                ).flatMap { holder, session in
                    world.tokenCodec.map { .json(Objects.lookedUp(holder, session, $0)) }
                }
            }),
        Route(
            "ownSession", "GET", "/v1/sessions/self", gate: .anySession(cookie: true),
            answers: [Answer(200, "The calling session.", .session)],
            summary: "The calling session.",
            handler: .read(stale: true) { _, caller, _, world in
                guard let session = caller.session else {
                    return .failure(.insufficientPermissions)
                }
                return world.tokenCodec.map { codec in
                    Reply.json(Objects.session(session, codec)).tagged(session.version)
                }
            }),
        Route(
            "listSessions", "GET", "/v1/sessions", gate: .permission(.sessionsRead),
            query: [
                QueryParameter(
                    "user_id", .text(.objectID("usr")), required: true, "Whose sessions."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of living sessions.", .page(.session))],
            summary: "The living sessions of a user, oldest first.",
            handler: .read(stale: true) { call, caller, view, world in
                guard let id: UserID = call.query["user_id"].flatMap({ ObjectText.read($0) }),
                    let user = try UserRow.read(caller.tenant, id, view.tables)
                else { return .failure(.notFound) }
                return try sessionPage(of: user, call, caller, view, world)
            }),
        Route(
            "getSession", "GET", "/v1/sessions/{id}",
            gate: .permissionUnlessOwn(.sessionsRead),
            answers: [Answer(200, "The session.", .session)], summary: "One living session.",
            handler: .read(stale: true) { call, caller, view, world in
                try readSession(call, caller, view, world)
            }),
        Route(
            "revokeSession", "DELETE", "/v1/sessions/{id}",
            gate: .permissionUnlessOwn(.sessionsRevoke),
            answers: [Answer(204, "The session has ended.")], idempotent: true,
            summary: "Ends one session.",
            handler: .ending { call, caller, world in
                Flow(
                    world.tokenCodec.flatMap { codec in
                        call.parameter("id") { codec.readSessionID($0) }
                    }
                ).then { Sessions.revoke($0, caller, call.context, world) }
            }),
        Route(
            "listOwnSessions", "GET", "/v1/users/self/sessions",
            gate: .anySession(cookie: false), query: [.limit, .cursor],
            answers: [Answer(200, "A page of living sessions.", .page(.session))],
            summary: "The caller's own living sessions.",
            handler: .read(stale: true) { call, caller, view, world in
                try sessionPage(of: caller.user, call, caller, view, world)
            }),
        Route(
            "revokeOwnSessions", "DELETE", "/v1/users/self/sessions",
            gate: .anySession(cookie: false),
            query: [
                QueryParameter(
                    "keep_current", .text(.oneOf(["true", "false"])),
                    "With `true` the calling session goes on."),
                QueryParameter(
                    "before", .time,
                    "Only those that began before this time; the calling one goes on."),
            ],
            answers: [Answer(204, "They have ended.")], idempotent: true,
            summary: "Ends the caller's own sessions.",
            handler: .ending { call, caller, world in
                if let before = call.query["before"].flatMap({ Timestamp(rfc3339: $0) }) {
                    return Sessions.revoke(
                        of: caller.user.id, before: before, caller, call.context, world)
                }
                return Sessions.revokeAll(
                    of: caller.user.id,
                    keeping: call.query["keep_current"] == "true" ? caller.session?.id : nil,
                    caller, call.context, world)
            }),
        Route(
            "revokeUserSessions", "DELETE", "/v1/users/{id}/sessions",
            gate: .permission(.sessionsRevoke),
            answers: [Answer(204, "They have ended.")], idempotent: true,
            summary: "Ends every session of a user.",
            handler: .ending { call, caller, world in
                Flow(call.parameter("id") { ObjectText.read($0, as: UserID.self) }).then { id in
                    Sessions.revokeAll(of: id, keeping: nil, caller, call.context, world)
                }
            }),
        Route(
            "revokeSessionsBefore", "DELETE", "/v1/sessions", gate: .permission(.sessionsRevoke),
            query: [
                QueryParameter(
                    "user_id", .text(.objectID("usr")), required: true, "Whose sessions."),
                QueryParameter(
                    "before", .time, required: true, "Only those that began before this time."),
            ],
            answers: [Answer(204, "They have ended.")], idempotent: true,
            summary: "Ends the sessions of a user that began before a time, but the calling one.",
            handler: .ending { call, caller, world in
                guard let user: UserID = call.query["user_id"].flatMap({ ObjectText.read($0) })
                else { return .failed(.notFound) }
                guard let before = call.query["before"].flatMap({ Timestamp(rfc3339: $0) }) else {
                    return .failed(.malformed("before: a time as RFC 3339 spells it"))
                }
                return Sessions.revoke(of: user, before: before, caller, call.context, world)
            }),
    ]

    private static func sessionPage(
        of user: UserRow, _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        switch world.tokenCodec {
        case .failure(let failure): return .failure(failure)
        case .success(let codec):
            return try page(call, caller, world, filters: [ObjectText.show(user.id)]) {
                after, limit in
                try Listing.sessions(
                    of: user, after: after, limit: limit, wall: view.now, view.tables)
            } show: { session in
                Objects.session(session, codec)
            }
        }
    }

    private static func readSession(
        _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        switch world.tokenCodec {
        case .failure(let failure): return .failure(failure)
        case .success(let codec):
            let session = try codec.readSessionID(call.parameter("id")).flatMap {
                try Sessions.read($0, in: caller.tenant, view)
            }
            let isOwn = session?.user == caller.user.id && caller.session != nil
            guard isOwn || caller.permissions.allows(.sessionsRead) else {
                return .failure(.insufficientPermissions)
            }
            guard let session else { return .failure(.notFound) }
            return .success(.json(Objects.session(session, codec)).tagged(session.version))
        }
    }
}
