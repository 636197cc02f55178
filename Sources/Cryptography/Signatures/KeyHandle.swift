internal import COpenSSL

/// One `EVP_PKEY`, freed with its owner; the library wipes what is private in it.
@safe struct KeyHandle: ~Copyable {
    private let key: OpaquePointer

    private init(_ key: OpaquePointer?, _ operation: StaticString) throws(CryptographyError) {
        guard let key = unsafe key else {
            throw CryptographyError(
                .invalidInput, operation: "\(operation)", libraryCodes: OpenSSL.drainErrors())
        }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// A public key from its bytes.
    ///
    /// - Throws: `invalidInput` when they are no key: a point that is not on the curve, say.
    init(public bytes: [UInt8], _ algorithm: SignatureAlgorithm) throws(CryptographyError) {
        precondition(bytes.count == algorithm.publicKeyByteCount, "\(bytes.count) bytes")
        ERR_clear_error()
        if algorithm == .edDSA {
            // The count is that of the array; the library copies the bytes.
            try unsafe self.init(
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count),
                "EVP_PKEY_new_raw_public_key")
            return
        }
        let document = algorithm.publicKeyPrefix + bytes + algorithm.publicKeySuffix
        let key = unsafe document.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            // It reads at most as many bytes as it is told, and keeps no pointer.
            return unsafe d2i_PUBKEY(nil, &position, buffer.count)
        }
        try unsafe self.init(key, "d2i_PUBKEY")
    }

    /// A private key from what `privateDocument` gave.
    ///
    /// - Throws: `invalidInput` when that is no key.
    init(private document: borrowing SecretBytes) throws(CryptographyError) {
        ERR_clear_error()
        let key = unsafe document.withBytes { bytes in
            unsafe bytes.withUnsafeBufferPointer { buffer in
                var position = buffer.baseAddress
                // As above.
                return unsafe d2i_AutoPrivateKey(nil, &position, buffer.count)
            }
        }
        try unsafe self.init(key, "d2i_AutoPrivateKey")
    }

    /// An Ed25519 key from its seed (RFC 8032 §5.1.5).
    ///
    /// - Precondition: 32 bytes.
    init(ed25519 seed: borrowing SecretBytes) throws(CryptographyError) {
        precondition(seed.count == 32, "seed of \(seed.count) bytes")
        ERR_clear_error()
        let key = unsafe seed.withBytes { bytes in
            unsafe bytes.withUnsafeBufferPointer { buffer in
                // The library copies the bytes.
                unsafe EVP_PKEY_new_raw_private_key(
                    EVP_PKEY_ED25519, nil, buffer.baseAddress, buffer.count)
            }
        }
        try unsafe self.init(key, "EVP_PKEY_new_raw_private_key")
    }

    /// A new key from the library's own generator.
    init(generating algorithm: SignatureAlgorithm) throws(CryptographyError) {
        precondition(algorithm != .edDSA, "Ed25519 is made from a seed")
        ERR_clear_error()
        let kind = algorithm == .rs256 ? EVP_PKEY_RSA : EVP_PKEY_EC
        guard let context = unsafe EVP_PKEY_CTX_new_id(kind, nil) else {
            throw CryptographyError(.libraryFailure, operation: "EVP_PKEY_CTX_new_id")
        }
        // Freed once, when nothing uses it any more.
        defer { unsafe EVP_PKEY_CTX_free(context) }
        try OpenSSL.call("EVP_PKEY_keygen_init") { unsafe EVP_PKEY_keygen_init(context) }
        try OpenSSL.call("EVP_PKEY_CTX_set") {
            if algorithm == .rs256 {
                unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2_048)
            } else {
                unsafe EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
            }
        }
        var key: OpaquePointer?
        try OpenSSL.call("EVP_PKEY_keygen") { unsafe EVP_PKEY_keygen(context, &key) }
        try unsafe self.init(key, "EVP_PKEY_keygen")
    }

    /// The bytes of the public half.
    ///
    /// - Throws: `invalidInput` when the key is of another kind.
    func publicBytes(_ algorithm: SignatureAlgorithm) throws(CryptographyError) -> [UInt8] {
        let prefix = algorithm.publicKeyPrefix
        let suffix = algorithm.publicKeySuffix
        let count = prefix.count + algorithm.publicKeyByteCount + suffix.count
        // Asked for the length alone first.
        guard unsafe i2d_PUBKEY(key, nil) == Int32(count) else {
            throw CryptographyError(.invalidInput, operation: "i2d_PUBKEY")
        }
        var document = [UInt8](repeating: 0, count: count)
        unsafe document.withUnsafeMutableBufferPointer { buffer in
            var position = buffer.baseAddress
            // It writes as many bytes as it has just said.
            _ = unsafe i2d_PUBKEY(key, &position)
        }
        guard document.starts(with: prefix), document.suffix(suffix.count).elementsEqual(suffix)
        else { throw CryptographyError(.invalidInput, operation: "a key of another form") }
        return Array(document[prefix.count..<(count - suffix.count)])
    }

    /// The private half as DER.
    func privateDocument() throws(CryptographyError) -> SecretBytes {
        let count = Int(unsafe i2d_PrivateKey(key, nil))
        guard (1...SignatureAlgorithm.privateKeyByteCountMax).contains(count) else {
            throw CryptographyError(.libraryFailure, operation: "i2d_PrivateKey")
        }
        return unsafe SecretBytes(count: count) { destination in
            var position = unsafe destination.assumingMemoryBound(to: UInt8.self).baseAddress
            // It writes as many bytes as it has just said.
            _ = unsafe i2d_PrivateKey(key, &position)
        }
    }

    /// Signs, in the library's own form.
    func sign(
        _ message: [UInt8], _ algorithm: SignatureAlgorithm
    ) throws(CryptographyError) -> [UInt8] {
        let context = try unsafe digestContext()
        // Freed once, when nothing uses it any more.
        defer { unsafe EVP_MD_CTX_free(context) }
        // Alive as long as the process.
        let digest = unsafe algorithm.usesSHA256 ? FetchedAlgorithm.sha256.pointer : nil
        try OpenSSL.call("EVP_DigestSignInit") {
            unsafe EVP_DigestSignInit(context, nil, digest, nil, key)
        }
        var count = algorithm.signatureByteCount + 16
        var signature = [UInt8](repeating: 0, count: count)
        try OpenSSL.call("EVP_DigestSign") {
            // `count` says how much room there is, and then how much was used.
            unsafe EVP_DigestSign(context, &signature, &count, message, message.count)
        }
        signature.removeLast(signature.count - count)
        return signature
    }

    /// Whether a signature, in the library's own form, is this key's.
    func verifies(
        _ signature: [UInt8], of message: [UInt8], _ algorithm: SignatureAlgorithm
    ) throws(CryptographyError) -> Bool {
        let context = try unsafe digestContext()
        // Freed once, when nothing uses it any more.
        defer { unsafe EVP_MD_CTX_free(context) }
        // Alive as long as the process.
        let digest = unsafe algorithm.usesSHA256 ? FetchedAlgorithm.sha256.pointer : nil
        try OpenSSL.call("EVP_DigestVerifyInit") {
            unsafe EVP_DigestVerifyInit(context, nil, digest, nil, key)
        }
        // Both counts are those of their arrays. What it queues about a wrong one is of no use.
        let verdict = unsafe EVP_DigestVerify(
            context, signature, signature.count, message, message.count)
        ERR_clear_error()
        return verdict == 1
    }

    private func digestContext() throws(CryptographyError) -> OpaquePointer {
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw CryptographyError(.libraryFailure, operation: "EVP_MD_CTX_new")
        }
        return unsafe context
    }
}
