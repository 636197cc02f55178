/// A private key that tokens are signed with.
///
/// What is kept of it is DER in memory that is wiped; the library's own form lives for one call.
/// Two are the same when their public halves are.
public struct SigningKey: Hashable, Sendable {
    /// The public half.
    public let verifying: VerifyingKey
    /// The private half: DER, to be sealed before it goes anywhere.
    public let document: SharedSecret

    public var algorithm: SignatureAlgorithm { verifying.algorithm }

    /// Draws a key. RSA takes tenths of a second.
    ///
    /// - Parameter random: what an Ed25519 key is made from; the others come from the library.
    /// - Throws: `libraryFailure`.
    public static func make(
        _ algorithm: SignatureAlgorithm, random: some RandomBytes
    ) throws(CryptographyError) -> SigningKey {
        if algorithm == .edDSA {
            return try SigningKey(KeyHandle(ed25519: random.secret(32)), algorithm)
        }
        return try SigningKey(KeyHandle(generating: algorithm), algorithm)
    }

    /// Takes a private key as `document` gave it.
    ///
    /// - Throws: `invalidInput` when it is no key of this algorithm.
    public init(
        _ algorithm: SignatureAlgorithm, document: borrowing SecretBytes
    ) throws(CryptographyError) {
        try self.init(KeyHandle(private: document), algorithm)
    }

    /// Takes an Ed25519 key by its seed.
    ///
    /// - Precondition: 32 bytes.
    public init(ed25519 seed: borrowing SecretBytes) throws(CryptographyError) {
        try self.init(KeyHandle(ed25519: seed), .edDSA)
    }

    private init(
        _ handle: borrowing KeyHandle, _ algorithm: SignatureAlgorithm
    ) throws(CryptographyError) {
        guard
            let verifying = VerifyingKey(
                algorithm, bytes: try handle.publicBytes(algorithm))
        else { throw CryptographyError(.invalidInput, operation: "public half of a key") }
        self.verifying = verifying
        document = SharedSecret(try handle.privateDocument())
    }

    public static func == (one: SigningKey, other: SigningKey) -> Bool {
        one.verifying == other.verifying
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(verifying) }

    /// Signs a message.
    ///
    /// - Throws: `libraryFailure`.
    public func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let handle = try KeyHandle(private: document.bytes)
        let signature = try handle.sign(message, algorithm)
        guard algorithm == .es256 else { return signature }
        guard let raw = ECDSASignature.raw(of: signature) else {
            throw CryptographyError(.libraryFailure, operation: "ECDSA signature")
        }
        return raw
    }
}
