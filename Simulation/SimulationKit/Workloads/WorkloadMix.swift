/// What clients of a world over HTTP do: any of these together.
struct WorkloadMix: OptionSet, Hashable, Sendable {
    let rawValue: UInt64

    /// Users log in, again and again, and out.
    static let logIns = WorkloadMix(rawValue: 1)
    /// Refresh tokens are redeemed, also by several at once, again after a lost answer, and late.
    static let refreshes = WorkloadMix(rawValue: 2)
    /// Gateways validate every token on all nodes.
    static let validations = WorkloadMix(rawValue: 4)
    /// Sessions are revoked one by one and all at once, and users disabled.
    static let revocations = WorkloadMix(rawValue: 8)
    /// Passwords are set and changed.
    static let passwords = WorkloadMix(rawValue: 16)
    /// A role is granted and taken back.
    static let roles = WorkloadMix(rawValue: 32)
    /// Secrets are written under conditions, read and deleted.
    static let secrets = WorkloadMix(rawValue: 64)
    /// Sessions that live for a few seconds.
    static let expiry = WorkloadMix(rawValue: 128)

    /// API keys are made, rotated with and without a grace time, deleted, and used on all nodes.
    static let keys = WorkloadMix(rawValue: 256)
    /// API keys with limits are used on all nodes, far more often than they allow.
    static let limits = WorkloadMix(rawValue: 512)

    /// Log-ins give access tokens, whose keys are rotated and revoked, and which are shown to all
    /// nodes.
    static let accessTokens = WorkloadMix(rawValue: 1024)

    /// How many sessions a user may have is limited, this way and that, and users begin more.
    static let crowds = WorkloadMix(rawValue: 2048)

    /// Users enrol in one-time codes, and several log in with the same one.
    static let codes = WorkloadMix(rawValue: 4096)

    /// Tenants are made, suspended, resumed and deleted, and their people try to reach each other's
    /// sessions on all nodes.
    static let tenants = WorkloadMix(rawValue: 8192)

    /// What a seed may draw by itself.
    static let all = WorkloadMix(rawValue: 255)
}
