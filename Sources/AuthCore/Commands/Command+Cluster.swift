public import RaftCore

extension Command {
    /// Makes an empty cluster usable: its identity, the first tenant, the built-in roles and the
    /// first administrator. Only the first one in the log takes effect.
    public struct Bootstrap: Hashable, Sendable {
        public var cluster: ClusterID
        /// The AES-256 key that enciphers row numbers in tokens: 32 bytes, never changed.
        public var tokenBlockKey: [UInt8]
        public var keyring: SealedBlob
        /// The first user, who gets the role `super_admin`.
        public var administrator: UserID
        public var username: UserName
        public var password: PasswordHash
        /// As the proposer's state has it. The configuration with which a cluster begins stands in
        /// no entry, and who joins later must come by it from the log too: apply decides by it.
        public var configuration: ConfState
        /// At which the cluster begins.
        public var featureLevel: UInt32
        /// Keys of the administrator that were made elsewhere, with permissions of their own: at
        /// most `Limits.bootstrapKeys`. In this entry, so that one that was deleted since does not
        /// come back with the next start.
        public var keys: [CreateKey]
        public init(
            cluster: ClusterID, tokenBlockKey: [UInt8], keyring: SealedBlob,
            administrator: UserID, username: UserName, password: PasswordHash,
            configuration: ConfState, featureLevel: UInt32, keys: [CreateKey] = []
        ) {
            self.keys = keys
            self.cluster = cluster
            self.tokenBlockKey = tokenBlockKey
            self.keyring = keyring
            self.administrator = administrator
            self.username = username
            self.password = password
            self.configuration = configuration
            self.featureLevel = featureLevel
        }
    }

    /// A node says where it is reached. Another incarnation under a known number is refused.
    public struct RegisterMember: Hashable, Sendable {
        public var node: NodeID
        public var incarnation: Incarnation
        /// Where its HTTP API is reached from outside.
        public var url: Text
        /// Where its peers reach it.
        public var peer: Text
        /// The version of its software.
        public var version: Text
        public var featureLevel: UInt32
        public init(
            node: NodeID, incarnation: Incarnation, url: Text, peer: Text, version: Text,
            featureLevel: UInt32
        ) {
            self.node = node
            self.incarnation = incarnation
            self.url = url
            self.peer = peer
            self.version = version
            self.featureLevel = featureLevel
        }
    }

    /// Lets the cluster use what the members' releases have learnt. Refused as long as a member
    /// registered itself with a lower level, or has not registered.
    public struct RaiseFeatureLevel: Hashable, Sendable {
        /// The level that is to be used; one that is in use already changes nothing.
        public var level: UInt32
        public init(level: UInt32) { self.level = level }
    }

    /// Replaces the sealed keyring.
    public struct UpdateKeyring: Hashable, Sendable {
        /// The version that is replaced; another one refuses.
        public var expectedVersion: UInt64
        public var keyring: SealedBlob
        public init(expectedVersion: UInt64, keyring: SealedBlob) {
            self.expectedVersion = expectedVersion
            self.keyring = keyring
        }
    }

    /// Removes what has expired: sessions, request records, runs of proposers, audit rows.
    public struct Sweep: Hashable, Sendable {
        /// At most so many rows of each kind are looked at; capped at `Limits.sweepRows`.
        public var limit: UInt32
        public init(limit: UInt32) { self.limit = limit }
    }

    /// Puts events into the audit trail that change nothing: secrets read, log-ins that failed.
    public struct RecordAudit: Hashable, Sendable {
        /// At most `Limits.auditBatch`.
        public var events: [AuditEvent]
        public init(events: [AuditEvent]) { self.events = events }
    }
}

/// Something sealed before it was proposed, opaque to the state.
public struct SealedBlob: Hashable, Sendable {
    /// The keyring term (or version of the root key) it is sealed under.
    public var term: UInt32
    /// Format, term, salt, nonce, ciphertext and tag.
    public var bytes: [UInt8]
    public init(term: UInt32, bytes: [UInt8]) {
        self.term = term
        self.bytes = bytes
    }
}

/// A password as it is stored: a PHC string and the key that its result was mixed with.
public struct PasswordHash: Hashable, Sendable {
    /// At most `Limits.passwordHashBytes`.
    public var phc: Text
    /// The id of the pepper key; 0 is none.
    public var pepperKeyID: UInt32
    public init(phc: Text, pepperKeyID: UInt32 = 0) {
        self.phc = phc
        self.pepperKeyID = pepperKeyID
    }
}
