public import AuthCore

/// What an operator may choose about sessions, passwords and answers.
public struct AuthOptions: Equatable, Sendable {
    /// How long a session lives without being used.
    public var sessionIdleSeconds: UInt64 = 1_800
    /// How long a session lives at most, when the log-in asks for nothing else.
    public var sessionSeconds: UInt64 = 43_200
    /// The most that a log-in may ask for.
    public var sessionSecondsMax: UInt64 = 30 * 86_400
    /// How long an API key lives, when its maker asks for nothing else.
    public var keySeconds: UInt64 = 90 * 86_400
    /// The fewest characters of a password that is set; never less than `passwordLengthFloor`.
    public var passwordLengthMin = 15
    /// What NIST SP 800-63B-4 §3.1.1.2 allows beside a second factor; it asks for 15 where a
    /// password is the only one.
    public static let passwordLengthFloor = 8
    /// How long an `Idempotency-Key` is remembered.
    public var idempotencySeconds: UInt64 = 86_400
    /// The same, for answers that hold a credential.
    public var idempotencyCredentialSeconds: UInt64 = 600
    /// How long a secret's value may be, in bytes.
    public var secretBytesMax = 64 << 10
    /// Whether password hashes of other programs may be stored for users.
    public var acceptsPasswordHashes = true
    /// How often users, keys and tenants may ask that state no limit themselves.
    public var limits = DefaultLimits()
    /// Whom gateways are told who shows no credential at all: **for development only**.
    public var nobodyIs: UserName?

    public init() {}
}
