internal import AuthCore
internal import AuthService

/// The shapes of the objects of the API.
extension Schema {
    private static let anyNumber = Schema.integer(0...UInt64(Int64.max))
    private static let roleNames = Schema.array(.text(.roleName), countMax: 1_000)

    static let user = Schema.object(
        ObjectSchema(
            "User",
            [
                Property("id", .text(.objectID("usr"))),
                Property("username", .text(.userName)),
                Property("email", .text(.email)),
                Property("display_name", .text(.shortText)),
                Property("kind", .text(.oneOf(["person", "service"]))),
                Property("roles", roleNames),
                Property("disabled", .boolean),
                Property("quota", .text(.quota), "Empty: as the roles say."),
                Property("metadata", .freeObject(bytesMax: Limits.metadataBytes)),
                Property("created_at", .time),
                Property("updated_at", .time),
                Property("version", anyNumber),
            ]))

    static let newUser = Schema.object(
        ObjectSchema(
            "NewUser",
            [
                Property("username", .text(.userName)),
                Property("email", .text(.email), required: false),
                Property("display_name", .text(.shortText), required: false),
                Property("kind", .text(.oneOf(["person", "service"])), required: false),
                Property(
                    "roles", .array(.text(.roleName), countMax: Limits.rolesPerUser),
                    required: false, "Needs `roles:grant` as well."),
                Property("disabled", .boolean, required: false),
                Property(
                    "quota", .text(.quota), required: false,
                    "In place of what the roles say; empty: as they say."),
                Property(
                    "metadata", .freeObject(bytesMax: Limits.metadataBytes), required: false),
                Property(
                    "password", .text(.newPassword), required: false,
                    "Whoever has none cannot log in by password."),
                Property(
                    "password_hash", .text(TextRule(1...512)), required: false,
                    "A PHC or crypt string of another program, instead of `password`."),
            ]))

    static let userChange = Schema.object(
        ObjectSchema(
            "UserChange",
            [
                Property("username", .text(.userName), required: false),
                Property("email", .text(.email), required: false),
                Property("display_name", .text(.shortText), required: false),
                Property("kind", .text(.oneOf(["person", "service"])), required: false),
                Property(
                    "roles", .array(.text(.roleName), countMax: Limits.rolesPerUser),
                    required: false, "Needs `roles:grant` as well."),
                Property("disabled", .boolean, required: false),
                Property(
                    "quota", .text(.quota), required: false,
                    "In place of what the roles say; empty: as they say."),
                Property(
                    "metadata", .freeObject(bytesMax: Limits.metadataBytes), required: false),
            ]))

    static let role = Schema.object(
        ObjectSchema(
            "Role",
            [
                Property("name", .text(.roleName)),
                Property("permissions", .array(.text(.permission), countMax: 1_024)),
                Property("inherits", roleNames),
                Property("rate_limit", .text(.rateLimit)),
                Property("quota", .text(.quota)),
                Property("description", .text(.shortText)),
                Property("builtin", .boolean),
                Property("version", anyNumber),
            ]))

    static let roleBody = Schema.object(
        ObjectSchema(
            "RoleBody",
            [
                Property(
                    "permissions",
                    .array(.text(.permission), countMax: Limits.permissionsPerRole),
                    "The caller must hold every one of them."),
                Property(
                    "inherits", .array(.text(.roleName), countMax: Limits.inheritsPerRole),
                    required: false),
                Property("rate_limit", .text(.rateLimit), required: false),
                Property("quota", .text(.quota), required: false),
                Property("description", .text(.shortText), required: false),
            ]))

    static let session = Schema.object(
        ObjectSchema(
            "Session",
            [
                Property("id", .text(.objectID("ses"))),
                Property("kind", .text(.oneOf(["user", "client"]))),
                Property("user_id", .text(.objectID("usr"))),
                Property("tenant_id", .text(.objectID("ten"))),
                Property("client_id", .nullable(.text(TextRule(0...64)))),
                Property("auth_method", .text(.oneOf(["password", "delegated"]))),
                Property("label", .text(.shortText)),
                Property("address", .text(TextRule(0...64))),
                Property("created_at", .time),
                Property("last_seen_at", .time),
                Property("access_count", anyNumber),
                Property("expires_at", .time),
                Property("idle_expires_at", .time),
                Property("allowed_secrets", .array(.text(.secretPath), countMax: 64)),
                Property("version", anyNumber),
            ]))

    static let logIn = Schema.object(
        ObjectSchema(
            "LogIn",
            [
                Property("username", .text(TextRule(1...128))),
                Property("password", .text(.password)),
                Property(
                    "tenant", .text(.tenant), required: false,
                    "Its name or id; without it, the first one."),
                Property(
                    "code", .text(.oneTimeCode), required: false,
                    "A one-time code or a recovery code, for who has a second factor."),
                Property(
                    "ttl_seconds", .integer(1...UInt64(400 * 86_400)), required: false,
                    "The absolute life of the session."),
                Property("label", .text(.shortText), required: false),
                Property(
                    "tokens", .boolean, required: false, "Whether to make a refresh token too."),
            ]))

    static let loggedIn = Schema.object(
        ObjectSchema(
            "LoggedIn",
            [
                Property("session", .session),
                Property("session_token", .text(.token)),
                Property("user", .user),
                Property("refresh_token", .text(.token), required: false),
            ] + accessTokenProperties))

    static let refreshed = Schema.object(
        ObjectSchema(
            "Refreshed",
            [Property("session", .session), Property("refresh_token", .text(.token))]
                + accessTokenProperties))

    static let lookedUp = Schema.object(
        ObjectSchema(
            "LookedUp",
            [
                Property("session", .session), Property("user", .user),
                Property("roles", roleNames),
                Property("permissions", .array(.text(.permission), countMax: 4_096)),
            ]))

    static let secret = Schema.object(
        ObjectSchema(
            "Secret",
            [
                Property("path", .text(.secretPath)),
                Property(
                    "value", .text(TextRule(0...90_000)), required: false,
                    "Only where one secret is read."),
                Property("encoding", .text(.oneOf(["utf8", "base64"]))),
                Property("version", anyNumber),
                Property("created_at", .time),
                Property("expires_at", .nullable(.time)),
                Property("metadata", .freeObject(bytesMax: Limits.metadataBytes)),
            ]))

    static let secretVersion = Schema.object(
        ObjectSchema(
            "SecretVersion",
            [
                Property("path", .text(.secretPath)),
                Property("version", anyNumber),
                Property("state", .text(.oneOf(["live", "deleted", "destroyed"]))),
                Property("encoding", .text(.oneOf(["utf8", "base64"]))),
                Property("created_at", .time),
                Property("expires_at", .nullable(.time)),
                Property("metadata", .freeObject(bytesMax: Limits.metadataBytes)),
            ]))

    static let auditRecord = Schema.object(
        ObjectSchema(
            "AuditRecord",
            [
                Property("seq", anyNumber), Property("index", anyNumber), Property("at", .time),
                Property("tenant_id", .text(.objectID("ten"))),
                Property("actor", .text(TextRule(0...64))),
                Property("action", .text(TextRule(1...64))),
                Property("target", .text(TextRule(0...300))),
                Property("outcome", .text(.oneOf(["success", "denied", "error"]))),
                Property("request_id", .text(TextRule(0...128))),
                Property("address", .text(TextRule(0...64))),
                Property("node", .text(TextRule(0...20))),
                Property("details", .freeObject(bytesMax: 16 << 10)),
                Property("prev", .text(TextRule(64...64, pattern: "^[0-9a-f]{64}$"))),
            ]))

    static let auditChain = Schema.object(
        ObjectSchema(
            "AuditChain",
            [
                Property("first", anyNumber, "The first record that was looked at; 0 for none."),
                Property("last", anyNumber, "The last one."),
                Property(
                    "head", .text(TextRule(64...64, pattern: "^[0-9a-f]{64}$")),
                    "SHA-256 of the last one, which stands in the next one as `prev`."),
                Property(
                    "broken_at", .nullable(anyNumber),
                    "The first record that does not fit what comes before it."),
                Property(
                    "complete", .boolean,
                    "Whether nothing follows, and the end is the one that the state knows."),
            ]))

    static let member = Schema.object(
        ObjectSchema(
            "Member",
            [
                Property("id", .text(.nodeName)), Property("url", .text(TextRule(0...256))),
                Property("peer", .text(TextRule(0...256))),
                Property(
                    "role",
                    .text(
                        .oneOf([
                            "leader", "follower", "candidate", "learner", "joining", "leaving",
                        ]))),
                Property("voter", .boolean),
                Property(
                    "plan",
                    .nullable(
                        .object(
                            ObjectSchema(
                                "Plan",
                                [
                                    Property(
                                        "change",
                                        .text(
                                            .oneOf([
                                                "join", "replace", "promote", "demote", "remove",
                                            ]))),
                                    Property("refused", .nullable(.text(TextRule(0...256)))),
                                ]))), "What is ordered of it, and why it was given up."),
                Property("match_index", .nullable(anyNumber)),
                Property("applied_index", .nullable(anyNumber)),
                Property("lag_entries", .nullable(anyNumber)),
                Property("lease_ms", .nullable(anyNumber)),
                Property("reachable", .boolean), Property("sealed", .nullable(.boolean)),
                Property("version", .text(TextRule(0...256))),
                Property(
                    "feature_level", .nullable(anyNumber),
                    "The highest that its release knows; null until it has registered."),
            ]))

    static let cluster = Schema.object(
        ObjectSchema(
            "Cluster",
            [
                Property("id", .text(.objectID("clu"))),
                Property("leader", .nullable(.text(.nodeName))), Property("term", anyNumber),
                Property("feature_level", anyNumber),
                Property("members", .array(.member, countMax: 2 * Limits.members)),
            ]))

    static let health = Schema.object(
        ObjectSchema(
            "Health",
            [
                Property("node", .text(.nodeName)),
                Property("role", .text(.oneOf(["leader", "follower", "candidate", "learner"]))),
                Property("term", anyNumber), Property("leader", .nullable(.text(.nodeName))),
                Property("applied_index", anyNumber), Property("sealed", .boolean),
                Property("ready", .boolean),
            ]))

    static let status = Schema.object(
        ObjectSchema(
            "Status",
            [
                Property("status", .text(TextRule(1...128))),
                Property("reason", .text(TextRule(0...256)), required: false),
            ]))
}
