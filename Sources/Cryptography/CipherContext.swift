internal import COpenSSL

/// One `EVP_CIPHER_CTX`, freed and wiped with its owner.
@safe struct CipherContext: ~Copyable {
    private let context: OpaquePointer

    /// An idle context.
    ///
    /// - Throws: `libraryFailure` for want of memory.
    init() throws(CryptographyError) {
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            throw CryptographyError(.libraryFailure, operation: "EVP_CIPHER_CTX_new")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Sets algorithm, key, nonce (empty for ECB) and direction; padding is off.
    func start(
        _ algorithm: FetchedAlgorithm, key: borrowing SecretBytes, nonce: [UInt8],
        encrypting: Bool
    ) throws(CryptographyError) {
        try OpenSSL.call("EVP_CipherInit_ex2") {
            key.withBytes { bytes in
                // Key and nonce have the lengths of the algorithm (the callers check); the
                // library copies both.
                unsafe bytes.withUnsafeBytes { key in
                    unsafe EVP_CipherInit_ex2(
                        context, algorithm.pointer,
                        key.assumingMemoryBound(to: UInt8.self)
                            .baseAddress, nonce.isEmpty ? nil : nonce, encrypting ? 1 : 0, nil)
                }
            }
        }
        // Always answers 1.
        _ = unsafe EVP_CIPHER_CTX_set_padding(context, 0)
    }

    /// Authenticates `aad` without enciphering it.
    func addAssociatedData(_ aad: [UInt8]) throws(CryptographyError) {
        guard !aad.isEmpty else { return }
        try OpenSSL.call("EVP_CipherUpdate") {
            var written: Int32 = 0
            // Without a destination the input counts as associated data; its length is bounded.
            return unsafe EVP_CipherUpdate(context, nil, &written, aad, Int32(aad.count))
        }
    }

    /// Enciphers or deciphers `input` into the front of `output`.
    func transform(
        _ input: Span<UInt8>, into output: inout [UInt8]
    ) throws(CryptographyError) {
        precondition(output.count >= input.count, "output of \(output.count)")
        try OpenSSL.call("EVP_CipherUpdate") {
            // Stream modes and whole blocks write as many bytes as they read.
            unsafe output.withUnsafeMutableBytes { destination in
                unsafe input.withUnsafeBytes { source in
                    unsafe update(source, into: destination)
                }
            }
        }
    }

    /// Enciphers or deciphers the first `count` bytes of `input` into `destination`.
    func transform(
        _ input: [UInt8], count: Int, into destination: UnsafeMutableRawBufferPointer
    ) throws(CryptographyError) {
        precondition(destination.count >= count && input.count >= count, "count \(count)")
        try OpenSSL.call("EVP_CipherUpdate") {
            // As above; the prefix lies inside the array.
            unsafe input.withUnsafeBytes { source in
                unsafe update(UnsafeRawBufferPointer(rebasing: source[..<count]), into: destination)
            }
        }
    }

    /// Enciphers or deciphers whole blocks where they lie, which cannot be refused under a key that
    /// is set.
    func transform(inPlace blocks: UnsafeMutableRawBufferPointer) {
        OpenSSL.require("EVP_CipherUpdate") {
            // The library allows source and destination to be the same (EVP_EncryptInit(3)).
            unsafe update(UnsafeRawBufferPointer(blocks), into: blocks)
        }
    }

    /// Ends an encryption and writes the tag behind the text.
    func finishSealing(into output: inout [UInt8], at offset: Int) throws(CryptographyError) {
        precondition(output.count == offset + AESGCM.tagByteCount, "room for the tag")
        try finish()
        try OpenSSL.call("EVP_CTRL_AEAD_GET_TAG") {
            // The array has exactly a tag's room behind `offset`.
            unsafe output.withUnsafeMutableBytes { buffer in
                unsafe EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_GET_TAG, Int32(AESGCM.tagByteCount),
                    buffer.baseAddress?.advanced(by: offset))
            }
        }
    }

    /// Ends a decryption by comparing the tag.
    ///
    /// - Throws: `authenticationFailed`.
    func finishOpening(tag: [UInt8]) throws(CryptographyError) {
        precondition(tag.count == AESGCM.tagByteCount, "tag of \(tag.count)")
        var tag = tag
        try OpenSSL.call("EVP_CTRL_AEAD_SET_TAG") {
            // The library copies the tag.
            unsafe tag.withUnsafeMutableBytes { buffer in
                unsafe EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_SET_TAG, Int32(buffer.count), buffer.baseAddress)
            }
        }
        do {
            try finish()
        } catch {
            throw CryptographyError(
                .authenticationFailed, operation: "AES-256-GCM", libraryCodes: error.libraryCodes)
        }
    }

    private func finish() throws(CryptographyError) {
        try OpenSSL.call("EVP_CipherFinal_ex") {
            var rest: [UInt8] = Array(repeating: 0, count: 16)
            var written: Int32 = 0
            // Nothing is left to write for stream modes; the block is there for the contract.
            return unsafe EVP_CipherFinal_ex(context, &rest, &written)
        }
    }

    private func update(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) -> Int32 {
        guard source.count > 0 else { return 1 }
        var written: Int32 = 0
        let result = unsafe EVP_CipherUpdate(
            context, destination.assumingMemoryBound(to: UInt8.self).baseAddress, &written,
            source.assumingMemoryBound(to: UInt8.self).baseAddress, Int32(source.count))
        precondition(result != 1 || Int(written) == source.count, "wrote \(written)")
        return result
    }
}
