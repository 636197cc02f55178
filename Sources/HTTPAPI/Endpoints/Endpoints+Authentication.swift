internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec

extension Endpoints {
    static let authentication: [Route] = [
        Route(
            "logIn", "POST", "/v1/auth/login", gate: .open(because: "it is how one is recognised"),
            body: .json(.logIn, limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(201, "A session was begun.", .loggedIn)], idempotent: true,
            summary: "Begins a session for somebody who knows a password.",
            handler: .openSteps { call, world in logIn(call, world) }),
        Route(
            "refresh", "POST", "/v1/auth/refresh", gate: .open(because: "the token is the right"),
            body: .json(
                .object(ObjectSchema("Refresh", [Property("refresh_token", .text(.token))])),
                limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(200, "The token's successor.", .refreshed)], idempotent: true,
            summary: "Redeems a refresh token for its successor, and slides the session.",
            handler: .openSteps { call, world in
                let refresh = Refresh(
                    token: call.requiredText("refresh_token"), context: call.context)
                return refresh.run(world).then { answer in
                    Flow(
                        world.tokenCodec.map { codec in
                            .json(
                                .object(
                                    [
                                        JSONMember(
                                            "session", Objects.session(answer.session, codec)),
                                        JSONMember(
                                            "refresh_token", .string(answer.refreshToken)),
                                    ]
                                        + Objects.accessToken(
                                            answer.accessToken, now: world.now)),
                                index: answer.index)
                        })
                }
            }),
        Route(
            "logOut", "POST", "/v1/auth/logout", gate: .anySession(cookie: true),
            answers: [Answer(204, "The calling session has ended.")], idempotent: true,
            summary: "Ends the calling session.",
            handler: .ending { call, caller, world in
                Sessions.logOut(caller, call.context, world)
            }),
    ]

    private static func logIn(_ call: Call, _ world: World) -> Flow<Reply> {
        let logIn = LogIn(
            username: call.requiredText("username"),
            password: secret(call.requiredText("password")), code: call.text("code"),
            // What only looks like an id is none that there is.
            tenant: call.text("tenant").map { TenantReference($0) ?? .id(.nobody) },
            seconds: call.body["ttl_seconds"]?.unsigned, label: call.text("label") ?? "",
            wantsRefreshToken: call.body["tokens"]?.bool ?? false, context: call.context)
        return logIn.run(world).then { answer in
            Flow(world.tokenCodec.map { loggedIn(answer, call, $0, now: world.now) })
        }
    }

    /// The answer to a new session.
    static func loggedIn(
        _ answer: LoggedIn, _ call: Call, _ codec: TokenCodec, now: Timestamp
    ) -> Reply {
        var reply = Reply.json(
            Objects.loggedIn(answer, codec, now: now), status: 201, index: answer.index)
        reply.headers.add(
            "Location", call.location("/sessions/" + codec.show(answer.session.id)))
        // Browsers name the page that asks. A program would only be troubled by a cookie beside
        // the token that it sends itself.
        if call.isFromOwnPage {
            let seconds =
                answer.session.expiresAt.milliseconds(since: answer.session.createdAt) / 1_000
            reply.headers.add("Set-Cookie", sessionCookie(answer.sessionToken, seconds: seconds))
        }
        reply.actor = ObjectText.show(answer.user.id)
        return reply
    }

    /// The cookie that holds a session's token.
    static func sessionCookie(_ token: String, seconds: UInt64) -> String {
        "\(Credential.cookieName)=\(token); Path=/; Max-Age=\(seconds); Secure; HttpOnly; "
            + "SameSite=Lax"
    }
}
