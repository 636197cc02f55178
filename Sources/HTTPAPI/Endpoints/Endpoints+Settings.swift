internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    static let settings: [Route] = [
        Route(
            "getSettings", "GET", "/v1/settings", gate: .permission(.settingsRead),
            answers: [Answer(200, "What holds for sessions.", .settings)],
            summary: "What the tenant asks of its users' sessions.",
            handler: .read(stale: true) { _, caller, view, _ in
                let settings = try SettingsRow.read(caller.tenant, view.tables)
                return .success(
                    .json(Objects.settings(settings)).tagged(settings.version))
            }),
        Route(
            "updateSettings", "PATCH", "/v1/settings", gate: .permission(.settingsWrite),
            body: .json(.settingsChange, limitBytes: 4 << 10),
            answers: [Answer(200, "What holds from now on.", .settings)], idempotent: true,
            conditional: true,
            summary: "Changes what the tenant asks of sessions that begin from then on.",
            handler: .steps { call, caller, world in
                Flow(call.condition).then { condition in
                    TenantSettings.update(
                        settingsChange(call, condition), caller, call.context, world
                    ).map { changed in
                        Reply.json(Objects.settings(changed.object), index: changed.index)
                            .tagged(changed.object.version)
                    }
                }
            }),
    ]

    private static func settingsChange(
        _ call: Call, _ condition: VersionCondition
    ) -> Command.UpdateSettings {
        func change(_ name: String, milliseconds: Bool = false) -> SettingChange {
            switch call.body[name] {
            case nil: .keep
            case .null?: .clear
            case let value?: .set((value.unsigned ?? 0) * (milliseconds ? 1_000 : 1))
            }
        }
        var update = Command.UpdateSettings(
            condition: condition,
            idleMilliseconds: change("session_idle_seconds_max", milliseconds: true),
            absoluteMilliseconds: change("session_seconds_max", milliseconds: true),
            sessionsPerUser: change("sessions_per_user_max"),
            overflow: call.text("session_overflow").flatMap { SessionOverflow(name: $0) })
        update.quota = quota(call)
        return update
    }
}

extension Objects {
    static func settings(_ settings: SettingsRow) -> JSONValue {
        func seconds(_ milliseconds: UInt64?) -> JSONValue {
            milliseconds.map { .unsigned($0 / 1_000) } ?? .null
        }
        return .object([
            "session_idle_seconds_max": seconds(settings.idleMilliseconds),
            "session_seconds_max": seconds(settings.absoluteMilliseconds),
            "sessions_per_user_max": settings.sessionsPerUser.map { .unsigned($0) } ?? .null,
            "session_overflow": .string(settings.overflow.name),
            "quota": .string(settings.quota.string),
            "updated_at": .optional(settings.version == 0 ? nil : settings.updatedAt.rfc3339),
            "version": .unsigned(settings.version),
        ])
    }
}

extension Schema {
    private static let seconds = Schema.nullable(
        .integer(
            Limits.sessionMillisecondsAllowed.lowerBound
                / 1_000...Limits.sessionMillisecondsAllowed.upperBound / 1_000))
    private static let overflow = Schema.text(.oneOf(SessionOverflow.allCases.map(\.name)))

    private static func settingsProperties(required: Bool) -> [Property] {
        [
            Property(
                "session_idle_seconds_max", seconds, required: required,
                "How long a session may live without being used; null: as the server is "
                    + "configured."),
            Property(
                "session_seconds_max", seconds, required: required,
                "How long a session may live; null: as log-in and configuration ask."),
            Property(
                "sessions_per_user_max", .nullable(.integer(1...Limits.sessionsPerUser)),
                required: required, "How many living sessions a user may have; null: any number."),
            Property(
                "session_overflow", overflow, required: required,
                "What becomes of one more: it is refused, or the oldest end."),
            Property(
                "quota", .text(.quota), required: required,
                "How many requests all users and keys together may make; empty: any number."),
        ]
    }

    static let settings = Schema.object(
        ObjectSchema(
            "Settings",
            settingsProperties(required: true) + [
                Property("updated_at", .nullable(.time)),
                Property("version", .integer(0...UInt64(Int64.max))),
            ]))

    static let settingsChange = Schema.object(
        ObjectSchema("SettingsChange", settingsProperties(required: false)))
}
