internal import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag.
public enum AESGCM {
    /// The length of a key in bytes.
    public static let keyByteCount = 32
    /// The length of a nonce in bytes.
    public static let nonceByteCount = 12
    /// The length of a tag in bytes.
    public static let tagByteCount = 16
    /// The longest text that is sealed or opened, in bytes: far below the mode's own limit.
    public static let textByteCountMax = 64 << 20

    /// Enciphers `plaintext` and authenticates it together with `aad`.
    ///
    /// A nonce must never be used twice under one key.
    /// - Returns: the ciphertext, as long as the plaintext, and behind it the tag.
    /// - Throws: `invalidInput` for a wrong length, `libraryFailure`.
    public static func seal(
        _ plaintext: Span<UInt8>, key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        let count = plaintext.count
        try check(count: count, key: key, nonce: nonce, aad: aad)
        let context = try CipherContext()
        try context.start(.aes256GCM, key: key, nonce: nonce, encrypting: true)
        try context.addAssociatedData(aad)
        var sealed = [UInt8](repeating: 0, count: count + tagByteCount)
        try context.transform(plaintext, into: &sealed)
        try context.finishSealing(into: &sealed, at: count)
        return sealed
    }

    /// Enciphers the bytes of a secret.
    ///
    /// - Throws: as `seal(_:key:nonce:aad:)`.
    public static func seal(
        _ secret: borrowing SecretBytes, key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        let sealed: Result<[UInt8], CryptographyError> = secret.withBytes { bytes in
            do throws(CryptographyError) {
                return .success(try seal(bytes, key: key, nonce: nonce, aad: aad))
            } catch {
                return .failure(error)
            }
        }
        return try sealed.get()
    }

    /// Deciphers what `seal` made; nothing of it is given out unless the tag is right.
    ///
    /// - Throws: `authenticationFailed`, `invalidInput` for a wrong length, `libraryFailure`.
    public static func open(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        let count = sealed.count - tagByteCount
        try check(count: count, key: key, nonce: nonce, aad: aad)
        let context = try CipherContext()
        try context.start(.aes256GCM, key: key, nonce: nonce, encrypting: false)
        try context.addAssociatedData(aad)
        return try unsafe SecretBytes(count: count) { destination throws(CryptographyError) in
            // On a wrong tag the half-made secret is wiped with its owner.
            try unsafe context.transform(sealed, count: count, into: destination)
            try context.finishOpening(tag: Array(sealed[count...]))
        }
    }

    private static func check(
        count: Int, key: borrowing SecretBytes, nonce: [UInt8], aad: [UInt8]
    ) throws(CryptographyError) {
        guard key.count == keyByteCount, nonce.count == nonceByteCount else {
            throw CryptographyError(
                .invalidInput, operation: "AES-256-GCM key of \(key.count), nonce \(nonce.count)")
        }
        guard (0...textByteCountMax).contains(count), aad.count <= textByteCountMax else {
            throw CryptographyError(.invalidInput, operation: "AES-256-GCM text of \(count) bytes")
        }
    }
}
