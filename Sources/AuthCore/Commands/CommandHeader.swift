/// On whose behalf a command was proposed.
public enum Actor: Hashable, Sendable {
    /// A node itself: bootstrapping, registering, sweeping. It may do everything.
    case node
    /// Nobody yet: a log-in, a refresh.
    case anonymous
    /// A user through a session or key. Apply looks both up again, and what they may do then.
    case user(UserActor)
}

/// A user who acts through a session or a key.
public struct UserActor: Hashable, Sendable {
    /// The user's own tenant, which need not be the one that the command works in.
    public var tenant: TenantID
    public var user: UserID
    public var credential: CredentialID
    public init(tenant: TenantID, user: UserID, credential: CredentialID) {
        self.tenant = tenant
        self.user = user
        self.credential = credential
    }
    public init(tenant: TenantID, user: UserID, session: SessionID) {
        self.init(tenant: tenant, user: user, credential: .session(session))
    }

    /// The session, when it is one.
    public var session: SessionID? {
        if case .session(let session) = credential { session } else { nil }
    }
}

/// Binds a command to an `Idempotency-Key`, so that a repetition gets the first outcome again.
public struct RequestKey: Hashable, Sendable {
    /// A digest of (tenant, subject, method, path, key).
    public var scope: Digest256
    /// Whom the record counts against: 16 bytes of a digest of (tenant, subject).
    public var subject: UInt128
    /// A digest of the body, or its HMAC when the body holds a password, code or secret.
    public var body: Digest256
    /// How long the record is kept.
    public var timeToLiveMilliseconds: UInt64
    /// What the asked node needs to give the first answer again and what no node may read
    /// without the keyring: sealed, opaque here. At most `Limits.sealedAnswerBytes`.
    public var sealedAnswer: [UInt8]
    public init(
        scope: Digest256, subject: UInt128, body: Digest256, timeToLiveMilliseconds: UInt64,
        sealedAnswer: [UInt8] = []
    ) {
        self.scope = scope
        self.subject = subject
        self.body = body
        self.timeToLiveMilliseconds = timeToLiveMilliseconds
        self.sealedAnswer = sealedAnswer
    }
}

/// What every command carries beside what it does.
public struct CommandHeader: Hashable, Sendable {
    /// The tenant in which the command works.
    public var tenant: TenantID
    public var actor: Actor
    /// The request's id, for the audit row. At most `Limits.requestIDBytes`.
    public var requestID: Text
    /// The client's address, for the audit row. At most `Limits.addressBytes`.
    public var address: Text
    /// Present when the request had an `Idempotency-Key`.
    public var request: RequestKey?
    public init(
        tenant: TenantID = .platform, actor: Actor, requestID: Text = .empty,
        address: Text = .empty, request: RequestKey? = nil
    ) {
        self.tenant = tenant
        self.actor = actor
        self.requestID = requestID
        self.address = address
        self.request = request
    }
}
