public import ByteCodec

/// How a session's user was authenticated. Raw values are part of the format.
public enum AuthMethod: UInt8, Sendable {
    /// By password at this server.
    case password = 1
    /// By another service, which had the permission `sessions:create`.
    case delegated = 2
}

extension Command {
    /// Begins a session. Apply assigns its number and its deadlines.
    ///
    /// A log-in comes from `.anonymous` with the auth version under which the password was
    /// verified. From a user it needs `sessions:create`, and every permission over this server
    /// itself that the session's user has.
    public struct StartSession: Hashable, Sendable {
        public var user: UserID
        /// Drawn at random: the other half of the session's id.
        public var nonce: UInt64
        /// SHA-256 of the token's verifier.
        public var verifier: Digest256
        /// The auth version that the password was verified under; another one refuses.
        public var authVersionSeen: UInt64?
        public var idleMilliseconds: UInt64
        public var absoluteMilliseconds: UInt64
        public var label: Text
        public var method: AuthMethod
        /// SHA-256 of the first refresh token's verifier, when one was asked for.
        public var refreshVerifier: Digest256?
        /// Whether older sessions of the user may end by it. Without that it is refused where one
        /// would have to (`evictionNeeded`).
        public var mayEvict: Bool
        /// The one-time code that was shown beside the password.
        public var code: ShownCode?
        public init(
            user: UserID, nonce: UInt64, verifier: Digest256, authVersionSeen: UInt64? = nil,
            idleMilliseconds: UInt64, absoluteMilliseconds: UInt64, label: Text = .empty,
            method: AuthMethod, refreshVerifier: Digest256? = nil, mayEvict: Bool = false,
            code: ShownCode? = nil
        ) {
            self.user = user
            self.nonce = nonce
            self.verifier = verifier
            self.authVersionSeen = authVersionSeen
            self.idleMilliseconds = idleMilliseconds
            self.absoluteMilliseconds = absoluteMilliseconds
            self.label = label
            self.method = method
            self.refreshVerifier = refreshVerifier
            self.mayEvict = mayEvict
            self.code = code
        }
    }

    /// Redeems a refresh token. Decided wholly in apply (see `RefreshFamilyRow`).
    public struct RotateRefresh: Hashable, Sendable {
        /// The number in the token, which the family shares with its session.
        public var number: CredentialNumber
        /// SHA-256 of the presented verifier.
        public var presented: Digest256
        /// SHA-256 of the successor's verifier, drawn by the asked node.
        public var successor: Digest256
        /// The successor, sealed under a key derived from the presented token.
        public var sealedSuccessor: [UInt8]
        public init(
            number: CredentialNumber, presented: Digest256, successor: Digest256,
            sealedSuccessor: [UInt8]
        ) {
            self.number = number
            self.presented = presented
            self.successor = successor
            self.sealedSuccessor = sealedSuccessor
        }
    }

    /// Ends one session. Needs `sessions:revoke` unless it is one of the actor's own.
    public struct RevokeSession: Hashable, Sendable {
        public var session: SessionID
        public init(session: SessionID) { self.session = session }
    }

    /// Ends every session of a user, but one. Needs `sessions:revoke` unless they are the
    /// actor's own.
    public struct RevokeSessions: Hashable, Sendable {
        public var user: UserID
        public var keeping: SessionID?
        /// Only those that began before this moment, oldest first and at most
        /// `Limits.revocationsPerEntry`: when so many were removed, there may be more.
        public var before: Timestamp?
        public init(user: UserID, keeping: SessionID? = nil, before: Timestamp? = nil) {
            self.user = user
            self.keeping = keeping
            self.before = before
        }
    }

    /// Records the use of sessions, and so slides their idle deadlines. Not audited.
    public struct TouchSessions: Hashable, Sendable {
        /// At most `Limits.touchBatch`.
        public var touches: [SessionTouch]
        public init(touches: [SessionTouch]) { self.touches = touches }
    }
}

/// Uses of one session that a node gathered.
public struct SessionTouch: Hashable, Sendable {
    public var session: SessionID
    /// The last use by that node's clock; apply takes the entry's stamp when that is earlier.
    public var lastSeen: Timestamp
    /// How many uses to add.
    public var uses: UInt32
    public init(session: SessionID, lastSeen: Timestamp, uses: UInt32) {
        self.session = session
        self.lastSeen = lastSeen
        self.uses = uses
    }
}
