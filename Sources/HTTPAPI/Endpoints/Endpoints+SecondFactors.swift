internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    static let secondFactors: [Route] = [
        Route(
            "enrolTOTP", "POST", "/v1/users/self/totp", gate: .anySession(cookie: false),
            body: .json(
                .object(ObjectSchema("TOTPEnrolment", [Property("password", .text(.password))])),
                limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(201, "A secret, shown once.", .enrolledTOTP)],
            summary: "Makes a secret for one-time codes; they count once one was shown.",
            handler: .steps { call, caller, _ in
                SecondFactors.enrol(
                    password: secret(call.requiredText("password")), issuer: "Watchword", caller,
                    call.context
                ).map { enrolled in
                    var reply = Reply.json(
                        .object([
                            "secret": .string(enrolled.secret), "uri": .string(enrolled.uri),
                        ]), status: 201, index: enrolled.index)
                    reply.headers.add("Location", "/v1/users/self/totp")
                    return reply
                }
            }),
        Route(
            "getOwnTOTP", "GET", "/v1/users/self/totp", gate: .anySession(cookie: false),
            answers: [Answer(200, "How it stands.", .totpState)],
            summary: "Whether the caller's log-ins need a one-time code.",
            handler: .read(stale: true) { _, caller, view, _ in
                .success(.json(try totpState(of: caller.user, view)))
            }),
        Route(
            "confirmTOTP", "POST", "/v1/users/self/totp/confirm",
            gate: .anySession(cookie: false),
            body: .json(
                .object(ObjectSchema("TOTPConfirmation", [Property("code", .text(.oneTimeCode))])),
                limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(200, "Recovery codes, shown once.", .recoveryCodes)],
            summary: "Shows a code of the new secret: from now on log-ins need one.",
            handler: .steps { call, caller, world in
                SecondFactors.confirm(
                    code: call.requiredText("code"), caller, call.context, world
                ).map(recoveryCodes)
            }),
        Route(
            "renewRecoveryCodes", "POST", "/v1/users/self/totp/recovery-codes",
            gate: .anySession(cookie: false), body: passwordAndCode(codeRequired: true),
            answers: [Answer(200, "Recovery codes, shown once.", .recoveryCodes)],
            summary: "Makes new recovery codes; the old ones count no more.",
            handler: .steps { call, caller, _ in
                SecondFactors.renewRecoveryCodes(
                    password: secret(call.requiredText("password")),
                    code: call.requiredText("code"), caller, call.context
                ).map(recoveryCodes)
            }),
        Route(
            "removeOwnTOTP", "POST", "/v1/users/self/totp/remove",
            gate: .anySession(cookie: false), body: passwordAndCode(codeRequired: false),
            answers: [Answer(204, "A password is enough from now on.")],
            summary: "Removes the caller's second factor.",
            handler: .steps { call, caller, _ in
                SecondFactors.remove(
                    password: secret(call.requiredText("password")), code: call.text("code"),
                    caller, call.context
                ).map { .noContent(index: $0) }
            }),
        Route(
            "getTOTP", "GET", "/v1/users/{id}/totp", gate: .permission(.usersRead),
            answers: [Answer(200, "How it stands.", .totpState)],
            summary: "Whether a user's log-ins need a one-time code.",
            handler: .read(stale: true) { call, caller, view, _ in
                guard let id: UserID = ObjectText.read(call.parameter("id")),
                    let user = try UserRow.read(caller.tenant, id, view.tables)
                else { return .failure(.notFound) }
                return .success(.json(try totpState(of: user, view)))
            }),
        Route(
            "resetTOTP", "DELETE", "/v1/users/{id}/totp", gate: .permission(.usersWrite),
            answers: [Answer(204, "A password is enough from now on.")], idempotent: true,
            summary: "Removes the second factor of another user, who has lost it.",
            handler: .steps { call, caller, world in
                Flow(call.parameter("id") { ObjectText.read($0, as: UserID.self) }).then { id in
                    SecondFactors.reset(id, caller, call.context, world)
                        .map { .noContent(index: $0) }
                }
            }),
    ]

    private static func passwordAndCode(codeRequired: Bool) -> BodyRule {
        .json(
            .object(
                ObjectSchema(
                    codeRequired ? "PasswordAndCode" : "PasswordAndPerhapsCode",
                    [
                        Property("password", .text(.password)),
                        Property("code", .text(.oneTimeCode), required: codeRequired),
                    ])), limitBytes: 4 << 10, holdsSecret: true)
    }

    private static func recoveryCodes(_ recovery: SecondFactors.Recovery) -> Reply {
        .json(.object(["recovery_codes": .strings(recovery.codes)]), index: recovery.index)
    }

    private static func totpState(of user: UserRow, _ view: StateView) throws -> JSONValue {
        let row = try SecondFactorRow.read(user.tenant, user.id, view.tables)
        let state = row.map { $0.isActive ? "active" : "pending" } ?? "none"
        return .object([
            "state": .string(state),
            "enrolled_at": .optional(row?.enrolledAt.rfc3339),
            "confirmed_at": .optional(row?.confirmedAt?.rfc3339),
            "recovery_codes_left": .unsigned(UInt64(row?.recoveryCodes.count ?? 0)),
        ])
    }
}

extension Schema {
    static let enrolledTOTP = Schema.object(
        ObjectSchema(
            "EnrolledTOTP",
            [
                Property("secret", .text(TextRule(32...32)), "In base 32."),
                Property("uri", .text(TextRule(1...1_024)), "The same for authenticator apps."),
            ]))

    static let recoveryCodes = Schema.object(
        ObjectSchema(
            "RecoveryCodes",
            [
                Property(
                    "recovery_codes", .array(.text(.oneTimeCode), countMax: Limits.recoveryCodes))
            ]))

    static let totpState = Schema.object(
        ObjectSchema(
            "TOTPState",
            [
                Property("state", .text(.oneOf(["none", "pending", "active"]))),
                Property("enrolled_at", .nullable(.time)),
                Property("confirmed_at", .nullable(.time)),
                Property("recovery_codes_left", .integer(0...UInt64(Limits.recoveryCodes))),
            ]))
}
