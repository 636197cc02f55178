internal import CCrypt

/// The one caller of libxcrypt.
enum Crypt {
    /// The longest password that the library takes, in bytes.
    static let passwordByteCountMax = 511
    // `sizeof(struct crypt_data)`, which crypt.h fixes at exactly this.
    private static let scratchByteCount = 32_768

    /// What crypt(3) makes of `password` under `setting`, which may be a stored hash.
    ///
    /// - Precondition: the password has no NUL and at most 511 bytes.
    /// - Throws: `libraryFailure`.
    static func hash(
        _ password: Span<UInt8>, setting: String
    ) throws(CryptographyError) -> [UInt8] {
        precondition(password.count <= passwordByteCountMax, "\(password.count) bytes")
        // The copy that ends in NUL, and the library's whole scratch space, are wiped at the end.
        let phrase = unsafe SecretBytes(count: password.count + 1) { copy in
            // One byte longer than the password: the last stays zero.
            for index in password.indices { unsafe copy[index] = password[index] }
        }
        var text: [UInt8] = []
        _ = unsafe SecretBytes(count: scratchByteCount) { scratch in
            phrase.withBytes { phrase in
                // The scratch space is as large as the library is told and zeroed, as it demands;
                // its answer is a C string inside the scratch space.
                unsafe phrase.withUnsafeBufferPointer { phrase in
                    let phrase = unsafe UnsafeRawPointer(phrase.baseAddress!)
                        .assumingMemoryBound(to: CChar.self)
                    let answer = unsafe crypt_rn(
                        phrase, setting, scratch.baseAddress, Int32(scratch.count))
                    if let answer = unsafe answer {
                        text = unsafe Array(String(cString: answer).utf8)
                    }
                }
            }
        }
        guard !text.isEmpty, text[0] != UInt8(ascii: "*") else {
            throw CryptographyError(.libraryFailure, operation: "crypt_rn")
        }
        return text
    }
}
