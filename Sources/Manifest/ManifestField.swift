internal import APITypes
internal import AuthCore

/// A field that an object of a file may have, and how its value is read.
struct ManifestField: Sendable {
    /// What may stand there.
    enum Form: Sendable {
        /// A text that the function brings into its one spelling; nil is none.
        case text(@Sendable (String) -> String?)
        /// A list of such texts, of which order and repetitions do not matter.
        case list(@Sendable (String) -> String?)
        case boolean
        /// Names and texts.
        case metadata
        /// A moment, or `never`.
        case end
        /// A number within these bounds, or `none`.
        case number(ClosedRange<UInt64>)
    }

    /// As the file and the API spell it.
    let name: String
    let form: Form

    init(_ name: String, _ form: Form) {
        self.name = name
        self.form = form
    }

    // What an object of each kind may have, in the order of the API.
    static let role = [
        ManifestField("permissions", .list { Permission($0)?.string }),
        ManifestField("inherits", .list { RoleName($0)?.string }),
        rateLimit, quota, ManifestField("description", .text(shortText)),
    ]

    static let user = [
        ManifestField("email", .text { $0.utf8.count <= Limits.emailBytes ? printable($0) : nil }),
        ManifestField("display_name", .text(shortText)),
        ManifestField("kind", .text { ["person", "service"].contains($0) ? $0 : nil }),
        roles, quota, ManifestField("disabled", .boolean), metadata,
    ]

    static let key = [
        roles, ManifestField("permissions", .list { Permission($0)?.string }),
        ManifestField("allowed_addresses", .list { AddressRange($0)?.description }),
        rateLimit, quota, ManifestField("expires_at", .end), metadata,
    ]

    static let settings = [
        ManifestField("session_idle_seconds_max", .number(sessionSeconds)),
        ManifestField("session_seconds_max", .number(sessionSeconds)),
        ManifestField("sessions_per_user_max", .number(1...Limits.sessionsPerUser)),
        ManifestField(
            "session_overflow",
            .text { name in SessionOverflow.allCases.map(\.name).first { $0 == name } }),
        quota,
    ]

    private static let sessionSeconds =
        Limits.sessionMillisecondsAllowed.lowerBound
        / 1_000...Limits.sessionMillisecondsAllowed.upperBound / 1_000
    private static let roles = ManifestField("roles", .list { RoleName($0)?.string })
    private static let metadata = ManifestField("metadata", .metadata)
    private static let rateLimit = ManifestField(
        "rate_limit", .text { isNone($0) ? "" : RateLimit($0)?.description })

    private static let quota = ManifestField(
        "quota", .text { isNone($0) ? "" : Quota($0)?.description })

    private static func isNone(_ text: String) -> Bool { ["", "none"].contains(text) }

    /// A text for people, of so many bytes at most.
    @Sendable static func shortText(_ text: String) -> String? {
        text.utf8.count <= Limits.shortTextBytes ? printable(text) : nil
    }

    /// The text, unless it has control characters.
    private static func printable(_ text: String) -> String? {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } ? text : nil
    }
}
