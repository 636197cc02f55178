internal import COpenSSL

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) under one key, over one context that is used again.
///
/// Owned by one thread at a time.
///
/// Unchecked, because the context belongs to this value alone, which cannot be copied, and every
/// use changes it, which the compiler lets one holder do at a time.
@safe public struct HMACSHA256: ~Copyable, @unchecked Sendable {
    // The library wipes the key when it frees the context.
    private let context: OpaquePointer

    /// Authenticates under `key`, of any length.
    public init(key: borrowing SecretBytes) {
        self.init()
        key.withBytes { bytes in setKey(bytes) }
    }

    /// Authenticates under a key that is no secret: the salt of an extraction.
    init(key: Span<UInt8>) {
        self.init()
        setKey(key)
    }

    private init() {
        guard let context = unsafe EVP_MAC_CTX_new(FetchedAlgorithm.hmac.pointer) else {
            preconditionFailure("no memory for a MAC context")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// The tag of `message`.
    public static func authenticate(
        _ message: [UInt8], key: borrowing SecretBytes
    ) -> SHA256Digest {
        var mac = HMACSHA256(key: key)
        return mac.authenticate(message)
    }

    /// The tag of `message` alone.
    public mutating func authenticate(_ message: [UInt8]) -> SHA256Digest {
        update(message.span)
        return finish()
    }

    /// Adds bytes behind those added since the last tag.
    public mutating func update(_ bytes: Span<UInt8>) {
        OpenSSL.require("EVP_MAC_update") {
            // The context is keyed and the span is valid inside the closure.
            unsafe bytes.withUnsafeBytes {
                unsafe EVP_MAC_update(
                    context, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
            }
        }
    }

    /// The tag of everything added since the last one; the next message begins empty.
    public mutating func finish() -> SHA256Digest {
        // The destination is valid inside the closure.
        unsafe SHA256Digest { destination in unsafe finish(into: destination) }
    }

    /// Writes the tag into 32 bytes, for tags that are keys and must leave no copy.
    mutating func finish(into destination: UnsafeMutableRawBufferPointer) {
        precondition(destination.count == SHA256Digest.byteCount, "room for a tag")
        OpenSSL.require("EVP_MAC_final") {
            var count = 0
            // The destination has the 32 bytes that the third argument promises.
            return unsafe EVP_MAC_final(
                context, destination.baseAddress?.assumingMemoryBound(to: UInt8.self), &count,
                destination.count)
        }
        OpenSSL.require("EVP_MAC_init") {
            // Without a key the library starts again under the key that it has.
            unsafe EVP_MAC_init(context, nil, 0, nil)
        }
    }

    private func setKey(_ key: Span<UInt8>) {
        var name = Array("SHA2-256".utf8CString)
        // The parameters point into `name` and the literal, both alive until the call returns; an
        // empty key still needs an address, or the library takes it for "keep the old one".
        unsafe name.withUnsafeMutableBufferPointer { digest in
            unsafe "digest".withCString { digestKey in
                let parameters = unsafe [
                    OSSL_PARAM_construct_utf8_string(digestKey, digest.baseAddress, 0),
                    OSSL_PARAM_construct_end(),
                ]
                OpenSSL.require("EVP_MAC_init") {
                    unsafe key.withUnsafeBytes { bytes in
                        guard let base = bytes.baseAddress else {
                            var none: UInt8 = 0
                            return unsafe EVP_MAC_init(context, &none, 0, parameters)
                        }
                        return unsafe EVP_MAC_init(
                            context, base.assumingMemoryBound(to: UInt8.self), bytes.count,
                            parameters)
                    }
                }
            }
        }
    }
}
