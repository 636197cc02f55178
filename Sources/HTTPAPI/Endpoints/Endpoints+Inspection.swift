internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    static let inspection: [Route] = [
        Route(
            "inspectCredential", "POST", "/v1/credentials/inspect",
            gate: .permission(.sessionsLookup),
            body: .json(.inspectBody, limitBytes: 8 << 10, holdsSecret: true),
            answers: [Answer(200, "What it is, and whether it is good now.", .inspected)],
            summary: "Says what a credential is, and why it is refused; it is no use of it. Of API"
                + " keys only to who holds `keys:read` too.",
            handler: .read(stale: false) { call, caller, view, world in
                var address: IPAddress?
                if let text = call.text("address") {
                    guard let parsed = IPAddress(text) else {
                        return .failure(.invalid("body.address is no address"))
                    }
                    address = parsed
                }
                return try Inspection.inspect(
                    call.requiredText("credential"), from: address, by: caller, view, world
                ).flatMap { found in world.tokenCodec.map { .json(Objects.inspected(found, $0)) } }
            })
    ]
}

extension Objects {
    fileprivate static func inspected(_ found: Inspection, _ codec: TokenCodec) -> JSONValue {
        .object([
            "kind": .string(found.kind.rawValue),
            "good": .bool(found.refusal == nil),
            "reason": .optional(found.refusal?.rawValue),
            "expires_at": .optional(found.expiresAt?.rfc3339),
            "user": found.user.map(user) ?? .null,
            "session": found.session.map { session($0, codec) } ?? .null,
            "key": found.key.map { key($0, codec) } ?? .null,
            "roles": .strings(found.permissions?.roles.map(\.string) ?? []),
            "permissions": .strings(found.permissions?.permissions.map(\.string) ?? []),
        ])
    }
}

extension Schema {
    fileprivate static let inspectBody = Schema.object(
        ObjectSchema(
            "Inspect",
            [
                Property("credential", .text(TextRule(1...4_096)), "The whole of it."),
                Property(
                    "address", .text(TextRule(1...64)), required: false,
                    "From where a key is to be judged; without it, as if from where it is good."),
            ]))

    fileprivate static let inspected = Schema.object(
        ObjectSchema(
            "Inspected",
            [
                Property("kind", .text(.oneOf(Inspection.Kind.allCases.map(\.rawValue)))),
                Property("good", .boolean),
                Property(
                    "reason",
                    .nullable(.text(.oneOf(Inspection.Reason.allCases.map(\.rawValue)))),
                    "Why it is refused; null when it is good."),
                Property("expires_at", .nullable(.time)),
                Property("user", .nullable(.user)),
                Property("session", .nullable(.session)),
                Property("key", .nullable(.key)),
                Property(
                    "roles", .array(.text(.roleName), countMax: 4_096),
                    "What it gives now, while it is good."),
                Property("permissions", .array(.text(.permission), countMax: 4_096)),
            ]))
}
