public import APITypes
internal import ByteCodec

/// A public key that signatures are verified by: one key, one algorithm.
public struct VerifyingKey: Hashable, Sendable {
    /// The one algorithm of the key; what a token says of it counts for nothing.
    public let algorithm: SignatureAlgorithm
    /// Ed25519's own bytes, X ‖ Y, or the modulus.
    public let bytes: [UInt8]

    /// Takes the bytes of a key; nil for another length. Whether they are a key shows when it is
    /// used.
    public init?(_ algorithm: SignatureAlgorithm, bytes: [UInt8]) {
        guard bytes.count == algorithm.publicKeyByteCount else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// Whether the signature is this key's, over this message.
    ///
    /// ECDSA refuses r or s that is zero or not below the order of the curve, and takes both signs
    /// of s, as JOSE does.
    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        // One length per algorithm: nothing can be cut off or added.
        guard signature.count == algorithm.signatureByteCount else { return false }
        let form = algorithm == .es256 ? ECDSASignature.document(of: signature) : signature
        do throws(CryptographyError) {
            return try KeyHandle(public: bytes, algorithm).verifies(form, of: message, algorithm)
        } catch {
            return false
        }
    }

    /// The parameters of the key alone, in the order of RFC 7638 §3.2.
    private var parameters: [(String, String)] {
        func text(_ bytes: some Collection<UInt8>) -> String { Base64.url.encode(Array(bytes)) }
        return switch algorithm {
        case .edDSA: [("crv", "Ed25519"), ("kty", "OKP"), ("x", text(bytes))]
        case .es256:
            [
                ("crv", "P-256"), ("kty", "EC"), ("x", text(bytes[..<32])),
                ("y", text(bytes[32...])),
            ]
        case .rs256: [("e", "AQAB"), ("kty", "RSA"), ("n", text(bytes))]
        }
    }

    /// The digest by which the key is known (RFC 7638, RFC 8037 §2).
    public var thumbprint: SHA256Digest {
        let object = JSONValue.object(parameters.map { JSONMember($0.0, .string($0.1)) })
        return SHA256.hash(object.bytes)
    }

    /// The key as JWK (RFC 7517 §4), for signatures alone.
    public var jwk: JSONValue {
        let own: [(String, String)] = [
            ("kid", Base64.url.encode(thumbprint.bytes)), ("use", "sig"), ("alg", algorithm.name),
        ]
        return .object((parameters + own).map { JSONMember($0.0, .string($0.1)) })
    }
}
