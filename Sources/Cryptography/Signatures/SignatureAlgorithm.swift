/// A way of signing, with everything fixed that it leaves open elsewhere (RFC 7518 §3.1,
/// RFC 8037).
public enum SignatureAlgorithm: CaseIterable, Sendable {
    /// Ed25519 (RFC 8032).
    case edDSA
    /// ECDSA on P-256 over SHA-256; a signature is r ‖ s, 32 bytes each (RFC 7518 §3.4).
    case es256
    /// RSASSA-PKCS1-v1_5 over SHA-256 with 2,048 bits and 65,537 as exponent (RFC 7518 §3.3).
    case rs256

    /// The name in JOSE headers and JWKs.
    public var name: String {
        switch self {
        case .edDSA: "EdDSA"
        case .es256: "ES256"
        case .rs256: "RS256"
        }
    }

    /// The algorithm of exactly this name.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name.utf8.elementsEqual(name.utf8) })
        else { return nil }
        self = found
    }

    /// The length of a signature in bytes.
    public var signatureByteCount: Int {
        switch self {
        case .edDSA, .es256: 64
        case .rs256: 256
        }
    }

    /// The length of a public key in bytes: Ed25519's own, X ‖ Y, or the modulus.
    public var publicKeyByteCount: Int {
        switch self {
        case .edDSA: 32
        case .es256: 64
        case .rs256: 256
        }
    }

    /// The longest DER of a private key, in bytes.
    static let privateKeyByteCountMax = 2_048

    // What stands around the public key in its SubjectPublicKeyInfo (RFC 5280 §4.1): with one
    // curve and one size of RSA it is always the same.
    var publicKeyPrefix: [UInt8] {
        switch self {
        case .edDSA: [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        case .es256:
            [
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
            ]
        case .rs256:
            [
                0x30, 0x82, 0x01, 0x22, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D,
                0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0F, 0x00, 0x30, 0x82, 0x01, 0x0A,
                0x02, 0x82, 0x01, 0x01, 0x00,
            ]
        }
    }

    var publicKeySuffix: [UInt8] { self == .rs256 ? [0x02, 0x03, 0x01, 0x00, 0x01] : [] }

    /// Whether the library is told a digest: Ed25519 has its own.
    var usesSHA256: Bool { self != .edDSA }
}
