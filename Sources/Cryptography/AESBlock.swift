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

    /// Enciphers one block: the number that its 16 bytes spell, most significant first.
    public mutating func encrypt(_ block: UInt128) -> UInt128 { Self.apply(encryption, to: block) }

    /// Deciphers one block: the number that its 16 bytes spell, most significant first.
    public mutating func decrypt(_ block: UInt128) -> UInt128 { Self.apply(decryption, to: block) }

    private static func apply(
        _ context: borrowing CipherContext, to block: UInt128
    ) -> UInt128 {
        var bytes = block.bigEndian
        // Sixteen bytes without padding, lent to the call alone.
        unsafe withUnsafeMutableBytes(of: &bytes) { unsafe context.transform(inPlace: $0) }
        return UInt128(bigEndian: bytes)
    }
}
