public import ByteCodec

/// How access tokens are signed. Raw values are part of the format.
public enum SigningAlgorithm: UInt8, CaseIterable, Sendable {
    /// Ed25519 (RFC 8037).
    case edDSA = 1
    /// ECDSA on P-256 with SHA-256.
    case es256 = 2
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2,048 bits.
    case rs256 = 3

    /// The length of a public key in bytes.
    var publicKeyBytes: Int {
        switch self {
        case .edDSA: 32
        case .es256: 64
        case .rs256: 256
        }
    }
}

/// A key that access tokens are signed with: its public half in clear, the private one sealed.
///
/// What it is for at a moment follows from the times in it: it is published before it signs, and
/// good for what it has signed after its successor has begun.
public struct SigningKeyRow: Hashable, Sendable {
    /// The thumbprint of the public half (RFC 7638), by which tokens name it.
    public let id: Digest256
    public let algorithm: SigningAlgorithm
    public let createdAt: Timestamp
    /// From when it signs, until a later key does.
    public let signsFrom: Timestamp
    /// When what it has signed is good no more, exclusive; nil while it has no successor.
    public var endsAt: Timestamp?
    /// Ed25519's own bytes, X ‖ Y, or the modulus.
    public let publicKey: [UInt8]
    /// Sealed under format, cluster, table, id and term.
    public let privateKey: SealedBlob

    /// Whether what it has signed is good no more.
    public func hasEnded(by now: Timestamp) -> Bool { endsAt.map { $0 <= now } ?? false }
}

extension SigningKeyRow: Row {
    static let table = Table.signingKeys
    var key: [UInt8] { id.bytes }

    /// The key of this id, or nil.
    public static func read(_ id: Digest256, _ reader: some TableReader) throws -> SigningKeyRow? {
        try row(id.bytes, reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(id)
        writer.write(algorithm.rawValue)
        writer.write(createdAt)
        writer.write(signsFrom)
        writer.write(optional: endsAt) { $0.write($1) }
        writer.write(lengthPrefixed: publicKey)
        writer.write(privateKey)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "signing key")
        id = try reader.readDigest()
        algorithm = try reader.readCase()
        createdAt = try reader.readTime()
        signsFrom = try reader.readTime()
        endsAt = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readTime()
        }
        publicKey = try reader.readLengthPrefixed(atMost: Limits.signingPublicKeyBytes)
        privateKey = try reader.readBlob(atMost: Limits.sealedSigningKeyBytes)
    }
}

/// Counts the changes of the signing keys, so that two nodes do not make the same step.
struct SigningKeysVersionRow: Hashable, Sendable {
    var version: UInt64
}

extension SigningKeysVersionRow: Row {
    static let table = Table.signingKeysVersion
    static let key: [UInt8] = [0]
    var key: [UInt8] { Self.key }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(version)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "version of the signing keys")
        version = try reader.read()
    }
}
