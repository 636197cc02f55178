public import ByteCodec

/// When a key is to end.
public enum KeyExpiry: Hashable, Sendable {
    /// Only when it is deleted.
    case never
    /// At this moment.
    case at(Timestamp)
    /// So long after the entry that says so.
    case after(milliseconds: UInt64)
}

extension Command {
    /// Makes a key, or takes in one that was made elsewhere. Apply assigns its number.
    ///
    /// Needs `keys:write` and every permission that is written in the key; so must its owner. Roles
    /// need `roles:grant` too.
    public struct CreateKey: Hashable, Sendable {
        /// Drawn at random: the other half of the key's id.
        public var nonce: UInt64
        public var owner: UserID
        public var origin: KeyOrigin
        public var name: Text
        public var prefix: KeyPrefix
        /// SHA-256 of prefix, `_` and verifier; of an imported key, of the whole.
        public var digest: Digest256
        public var scope: KeyScope
        /// At most `Limits.addressesPerKey`.
        public var addresses: [AddressRange]
        public var rateLimit: Text
        public var expiry: KeyExpiry
        public var metadata: Text
        /// As in `10000/day,1000000/month`; empty is none.
        public var quota = Text.empty
        public init(
            nonce: UInt64, owner: UserID, origin: KeyOrigin = .made, name: Text = .empty,
            prefix: KeyPrefix = .standard, digest: Digest256, scope: KeyScope,
            addresses: [AddressRange] = [], rateLimit: Text = .empty, expiry: KeyExpiry,
            metadata: Text = .empty
        ) {
            self.nonce = nonce
            self.owner = owner
            self.origin = origin
            self.name = name
            self.prefix = prefix
            self.digest = digest
            self.scope = scope
            self.addresses = addresses
            self.rateLimit = rateLimit
            self.expiry = expiry
            self.metadata = metadata
        }
    }

    /// Changes fields of a key; nil leaves one as it is.
    ///
    /// Needs `keys:write`; what may give more than before needs every permission that is then
    /// written in the key, as making it does.
    public struct UpdateKey: Hashable, Sendable {
        public var id: KeyID
        public var condition: VersionCondition
        public var name: Text?
        public var scope: KeyScope?
        public var addresses: [AddressRange]?
        public var rateLimit: Text?
        public var expiry: KeyExpiry?
        public var metadata: Text?
        /// Empty takes it away.
        public var quota: Text?
        public init(
            id: KeyID, condition: VersionCondition = .any, name: Text? = nil,
            scope: KeyScope? = nil, addresses: [AddressRange]? = nil, rateLimit: Text? = nil,
            expiry: KeyExpiry? = nil, metadata: Text? = nil
        ) {
            self.id = id
            self.condition = condition
            self.name = name
            self.scope = scope
            self.addresses = addresses
            self.rateLimit = rateLimit
            self.expiry = expiry
            self.metadata = metadata
        }
    }

    /// Gives a key another verifier; the present one is good for the grace time. Needs what making
    /// the key would need, because whoever rotates it has it then.
    public struct RotateKey: Hashable, Sendable {
        public var id: KeyID
        public var condition: VersionCondition
        /// SHA-256 of prefix, `_` and the new verifier.
        public var digest: Digest256
        /// At most `Limits.keyGraceMilliseconds`.
        public var graceMilliseconds: UInt64
        public init(
            id: KeyID, condition: VersionCondition = .any, digest: Digest256,
            graceMilliseconds: UInt64
        ) {
            self.id = id
            self.condition = condition
            self.digest = digest
            self.graceMilliseconds = graceMilliseconds
        }
    }

    /// Ends a key. Needs `keys:write`, unless it is the key through which the actor acts.
    public struct DeleteKey: Hashable, Sendable {
        public var id: KeyID
        public var condition: VersionCondition
        public init(id: KeyID, condition: VersionCondition = .any) {
            self.id = id
            self.condition = condition
        }
    }

    /// Records uses of keys. Not audited.
    public struct TouchKeys: Hashable, Sendable {
        /// At most `Limits.touchBatch`.
        public var touches: [KeyTouch]
        public init(touches: [KeyTouch]) { self.touches = touches }
    }
}

/// The last use of one key that a node knows of.
public struct KeyTouch: Hashable, Sendable {
    public var key: KeyID
    /// By that node's clock; apply takes the entry's stamp when that is earlier.
    public var lastUsed: Timestamp
    /// Where it came from.
    public var address: Text
    public init(key: KeyID, lastUsed: Timestamp, address: Text) {
        self.key = key
        self.lastUsed = lastUsed
        self.address = address
    }
}
