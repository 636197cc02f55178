/// How a secret's value was given. Raw values are part of the format.
public enum SecretEncoding: UInt8, Sendable {
    case utf8 = 0
    case base64 = 1
}

extension Command {
    /// Adds a version to a secret, or makes one. Needs `secrets:write` for the path.
    public struct PutSecret: Hashable, Sendable {
        public var path: SecretPath
        /// What the caller asked to hold.
        public var condition: VersionCondition
        /// The number that the value was sealed as (it is part of what the seal binds): one more
        /// than the newest that the node saw. Another one in apply is `Refusal.stale`: seal and
        /// propose again.
        public var version: UInt64
        public var value: SealedBlob
        public var encoding: SecretEncoding
        /// Kept until then after the entry's stamp; nil is for ever.
        public var timeToLiveMilliseconds: UInt64?
        /// A JSON object as text.
        public var metadata: Text
        public init(
            path: SecretPath, condition: VersionCondition = .any, version: UInt64,
            value: SealedBlob, encoding: SecretEncoding = .utf8,
            timeToLiveMilliseconds: UInt64? = nil, metadata: Text = .empty
        ) {
            self.path = path
            self.condition = condition
            self.version = version
            self.value = value
            self.encoding = encoding
            self.timeToLiveMilliseconds = timeToLiveMilliseconds
            self.metadata = metadata
        }
    }

    /// Marks the newest version of a secret deleted; older ones stay. Needs `secrets:write` for
    /// the path.
    public struct DeleteSecret: Hashable, Sendable {
        public var path: SecretPath
        public var condition: VersionCondition
        public init(path: SecretPath, condition: VersionCondition = .any) {
            self.path = path
            self.condition = condition
        }
    }
}
