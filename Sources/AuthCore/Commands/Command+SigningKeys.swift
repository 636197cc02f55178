import ByteCodec

extension Command {
    /// Makes a key that access tokens are signed with: the first, or the successor of the present
    /// one.
    ///
    /// Needs `signing-keys:write`, in the platform tenant; the key was drawn and its private half
    /// sealed by the node that was asked.
    public struct RotateSigningKeys: Hashable, Sendable {
        /// How often the keys have changed, as the asked node saw it; 0 before there was one.
        /// Anything else refuses as stale.
        public var expectedVersion: UInt64
        /// The thumbprint of the public half.
        public var id: Digest256
        public var algorithm: SigningAlgorithm
        public var publicKey: [UInt8]
        public var privateKey: SealedBlob
        /// How long it is published before it signs: as long as others may remember the keys that
        /// there were. At most `Limits.signingKeyLeadMilliseconds`.
        public var leadMilliseconds: UInt64
        /// How long its predecessor is good after it signs no more: the longest life of a token.
        /// At most `Limits.signingKeyKeepMilliseconds`.
        public var keepMilliseconds: UInt64
        /// Whether every other key is good no more, at once; the new one signs at once then.
        public var isRevoking: Bool
        public init(
            expectedVersion: UInt64, id: Digest256, algorithm: SigningAlgorithm,
            publicKey: [UInt8], privateKey: SealedBlob, leadMilliseconds: UInt64,
            keepMilliseconds: UInt64, isRevoking: Bool = false
        ) {
            self.expectedVersion = expectedVersion
            self.id = id
            self.algorithm = algorithm
            self.publicKey = publicKey
            self.privateKey = privateKey
            self.leadMilliseconds = leadMilliseconds
            self.keepMilliseconds = keepMilliseconds
            self.isRevoking = isRevoking
        }
    }
}

extension Command.RotateSigningKeys {
    func write(to writer: inout ByteWriter) {
        writer.write(expectedVersion)
        writer.write(id)
        writer.write(algorithm.rawValue)
        writer.write(lengthPrefixed: publicKey)
        writer.write(privateKey)
        writer.write(leadMilliseconds)
        writer.write(keepMilliseconds)
        writer.write(isRevoking)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        expectedVersion = try reader.read()
        id = try reader.readDigest()
        algorithm = try reader.readCase()
        publicKey = try reader.readLengthPrefixed(atMost: Limits.signingPublicKeyBytes)
        privateKey = try reader.readBlob(atMost: Limits.sealedSigningKeyBytes)
        leadMilliseconds = try reader.read()
        keepMilliseconds = try reader.read()
        isRevoking = try reader.readBool()
    }
}
