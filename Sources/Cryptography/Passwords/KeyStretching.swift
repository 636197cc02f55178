internal import COpenSSL

/// The work of one scrypt hash (RFC 7914 §2).
struct ScryptParameters: Hashable, Sendable {
    /// The binary logarithm of the cost N.
    var log2N: UInt32
    /// The block size.
    var r: UInt32
    /// The parallelisation.
    var p: UInt32

    /// 128·N·r.
    var memoryBytes: Int { 128 * Int(r) << Int(log2N) }
}

/// The hash function under PBKDF2's HMAC.
enum PBKDF2Digest: Hashable, Sendable {
    case sha256
    case sha512

    var algorithm: FetchedAlgorithm {
        switch self {
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }
}

/// scrypt and PBKDF2 from libcrypto.
enum KeyStretching {
    /// scrypt (RFC 7914 §6) into `count` bytes.
    ///
    /// - Throws: `libraryFailure`.
    static func scrypt(
        _ password: Span<UInt8>, salt: [UInt8], parameters: ScryptParameters, count: Int
    ) throws(CryptographyError) -> SecretBytes {
        try unsafe SecretBytes(count: count) { out throws(CryptographyError) in
            try OpenSSL.call("EVP_PBE_scrypt") {
                // All pointers are valid for their counts inside the closures.
                unsafe password.withUnsafeBufferPointer { password in
                    unsafe EVP_PBE_scrypt(
                        Self.characters(password), password.count, salt, salt.count,
                        1 << UInt64(parameters.log2N), UInt64(parameters.r), UInt64(parameters.p),
                        // Room for V, B and the library's own; the ceilings were checked before.
                        UInt64(parameters.memoryBytes) * 2 + (64 << 20),
                        out.assumingMemoryBound(to: UInt8.self).baseAddress, out.count)
                }
            }
        }
    }

    /// PBKDF2 with HMAC (RFC 8018 §5.2) into `count` bytes.
    ///
    /// - Throws: `libraryFailure`.
    static func pbkdf2(
        _ password: Span<UInt8>, salt: [UInt8], iterations: UInt32, digest: PBKDF2Digest,
        count: Int
    ) throws(CryptographyError) -> SecretBytes {
        try unsafe SecretBytes(count: count) { out throws(CryptographyError) in
            try OpenSSL.call("PKCS5_PBKDF2_HMAC") {
                // All pointers are valid for their counts inside the closures, and every count is
                // far below 2³¹ (the parser and the limit on passwords).
                unsafe password.withUnsafeBufferPointer { password in
                    unsafe PKCS5_PBKDF2_HMAC(
                        Self.characters(password), Int32(password.count), salt, Int32(salt.count),
                        Int32(iterations), digest.algorithm.pointer, Int32(out.count),
                        out.assumingMemoryBound(to: UInt8.self).baseAddress)
                }
            }
        }
    }

    // Null is an empty password to both functions.
    private static func characters(_ password: UnsafeBufferPointer<UInt8>) -> UnsafePointer<CChar>?
    {
        unsafe UnsafeRawPointer(password.baseAddress)?.assumingMemoryBound(to: CChar.self)
    }
}
