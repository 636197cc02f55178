/// AES-256 on single blocks of 16 bytes (FIPS 197), over two contexts that are used again.
///
/// A permutation of blocks and nothing more: it hides row numbers in tokens, and authenticates
/// nothing. Owned by one thread at a time.
///
/// Unchecked, because the contexts belong to this value alone, which cannot be copied, and every
/// use changes it, which the compiler lets one holder do at a time.
public struct AESBlock: ~Copyable, @unchecked Sendable {
    private let encryption: CipherContext
    private let decryption: CipherContext

    /// The length of a block in bytes.
    public static let blockByteCount = 16

    /// Enciphers under `key`.
    ///
    /// - Throws: `invalidInput` unless the key has 32 bytes, `libraryFailure`.
    public init(key: borrowing SecretBytes) throws(CryptographyError) {
        guard key.count == 32 else {
            throw CryptographyError(.invalidInput, operation: "AES-256 key of \(key.count)")
        }
        let encryption = try CipherContext()
        let decryption = try CipherContext()
        try encryption.start(.aes256ECB, key: key, nonce: [], encrypting: true)
        try decryption.start(.aes256ECB, key: key, nonce: [], encrypting: false)
        self.encryption = encryption
        self.decryption = decryption
    }

    /// Enciphers one block.
    ///
    /// - Precondition: 16 bytes.
    public mutating func encrypt(_ block: [UInt8]) -> [UInt8] { Self.apply(encryption, to: block) }

    /// Deciphers one block.
    ///
    /// - Precondition: 16 bytes.
    public mutating func decrypt(_ block: [UInt8]) -> [UInt8] { Self.apply(decryption, to: block) }

    private static func apply(_ context: borrowing CipherContext, to block: [UInt8]) -> [UInt8] {
        precondition(block.count == blockByteCount, "block of \(block.count)")
        var output = [UInt8](repeating: 0, count: blockByteCount)
        do {
            try context.transform(block.span, into: &output)
        } catch {
            // A whole block under a set key cannot be refused.
            preconditionFailure("\(error)")
        }
        return output
    }
}
