internal import COpenSSL

/// The 32 bytes that SHA-256 or HMAC-SHA-256 make.
///
/// Comparing takes the same time wherever two digests differ.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    /// The number of bytes.
    public static let byteCount = 32

    // The bytes in their order in memory.
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Takes 32 bytes, or nil for another count.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        // The counts are equal.
        unsafe self.init { destination in unsafe destination.copyBytes(from: bytes) }
    }

    /// Writes the 32 bytes in place.
    init(_ write: (UnsafeMutableRawBufferPointer) -> Void) {
        words = (0, 0, 0, 0)
        // The tuple is 32 bytes without padding; the pointer is used only inside the closure.
        unsafe withUnsafeMutableBytes(of: &words) { unsafe write($0) }
    }

    /// The bytes, copied.
    public var bytes: [UInt8] {
        // The pointer is used only inside the closure.
        unsafe withUnsafeBytes(of: words) { unsafe [UInt8]($0) }
    }

    /// Four numbers of eight bytes each, most significant first.
    public var bigEndianWords: InlineArray<4, UInt64> {
        [words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian]
    }

    /// Whether both are the same, in constant time.
    public static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        let (a, b) = (left.words, right.words)
        return ((a.0 ^ b.0) | (a.1 ^ b.1) | (a.2 ^ b.2) | (a.3 ^ b.3)) == 0
    }

    /// Feeds the first eight bytes: a digest is evenly distributed already.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    /// Hexadecimal, 64 characters.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// SHA-256 (FIPS 180-4) in one call.
public enum SHA256 {
    /// The digest of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> SHA256Digest { hash(bytes.span) }

    /// The digest of `bytes`.
    public static func hash(_ bytes: Span<UInt8>) -> SHA256Digest {
        var hasher = SHA256Hasher()
        return hasher.hash(bytes)
    }
}

/// SHA-256 in parts, over one context that is used again after each digest.
///
/// Owned by one thread at a time.
///
/// Unchecked, because the context belongs to this value alone, which cannot be copied, and every
/// use changes it, which the compiler lets one holder do at a time.
@safe public struct SHA256Hasher: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// Ready for a first message.
    public init() {
        guard let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("no memory for a digest context")
        }
        unsafe self.context = context
        restart()
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: Span<UInt8>) {
        OpenSSL.require("EVP_DigestUpdate") {
            // The context is initialised and the span is valid inside the closure.
            unsafe bytes.withUnsafeBytes {
                unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
            }
        }
    }

    /// Adds the bytes of a secret.
    public mutating func update(_ secret: borrowing SecretBytes) {
        secret.withBytes { bytes in update(bytes) }
    }

    /// The digest of everything added since the last one; the next message begins empty.
    public mutating func finish() -> SHA256Digest {
        let digest = unsafe SHA256Digest { destination in
            OpenSSL.require("EVP_DigestFinal_ex") {
                // The destination has room for the 32 bytes that SHA-256 writes.
                unsafe EVP_DigestFinal_ex(
                    context, destination.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
            }
        }
        restart()
        return digest
    }

    /// The digest of `bytes` alone.
    ///
    /// - Precondition: nothing was added since the last digest.
    public mutating func hash(_ bytes: Span<UInt8>) -> SHA256Digest {
        update(bytes)
        return finish()
    }

    /// The digest of `bytes` alone.
    ///
    /// - Precondition: nothing was added since the last digest.
    public mutating func hash(_ bytes: [UInt8]) -> SHA256Digest { hash(bytes.span) }

    private mutating func restart() {
        OpenSSL.require("EVP_DigestInit_ex2") {
            // Both pointers are alive; the algorithm is never freed.
            unsafe EVP_DigestInit_ex2(context, FetchedAlgorithm.sha256.pointer, nil)
        }
    }
}
