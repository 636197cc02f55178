internal import CArgon2

/// The work of one Argon2 hash (RFC 9106 §3.1).
public struct Argon2Parameters: Hashable, Sendable {
    /// Memory in KiB.
    public var memoryKiB: UInt32
    /// Passes over the memory.
    public var passes: UInt32
    /// Lanes; they are computed one after the other, on the calling thread.
    public var lanes: UInt32
    /// 19, or 16 for hashes from before 2016.
    public var version: UInt32

    /// Parameters that are not checked.
    public init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32, version: UInt32 = 19) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
        self.version = version
    }

    /// 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
    public static let `default` = Argon2Parameters(memoryKiB: 19_456, passes: 2, lanes: 1)
}

/// Which of the algorithm's ways of addressing memory.
enum Argon2Variant: String, Hashable, Sendable {
    case i = "argon2i"
    case id = "argon2id"
}

/// The one caller of libargon2.
enum Argon2 {
    /// The tag of `password`, of `count` bytes.
    ///
    /// `secret` and `associatedData` are in no PHC string; the test vectors of RFC 9106 have them.
    /// - Throws: `libraryFailure` with the library's own negative code, `invalidInput`.
    static func hash(
        _ password: Span<UInt8>, salt: [UInt8], parameters: Argon2Parameters,
        variant: Argon2Variant, count: Int, secret: [UInt8] = [], associatedData: [UInt8] = []
    ) throws(CryptographyError) -> SecretBytes {
        var (salt, secret, associatedData) = (salt, secret, associatedData)
        // Every pointer of the context lives in the closures around the call, with its own count;
        // the library writes to `out` alone, as no flag asks it to wipe its inputs.
        return try unsafe SecretBytes(count: count) { out throws(CryptographyError) in
            let code = unsafe password.withUnsafeBufferPointer { password in
                unsafe salt.withUnsafeMutableBufferPointer { salt in
                    unsafe secret.withUnsafeMutableBufferPointer { secret in
                        unsafe associatedData.withUnsafeMutableBufferPointer { data in
                            var context = unsafe argon2_context()
                            unsafe context.out = out.assumingMemoryBound(to: UInt8.self).baseAddress
                            unsafe context.outlen = UInt32(out.count)
                            unsafe context.pwd = UnsafeMutablePointer(
                                mutating: password.baseAddress)
                            unsafe context.pwdlen = UInt32(password.count)
                            unsafe context.salt = salt.baseAddress
                            unsafe context.saltlen = UInt32(salt.count)
                            unsafe context.secret = secret.isEmpty ? nil : secret.baseAddress
                            unsafe context.secretlen = UInt32(secret.count)
                            unsafe context.ad = data.isEmpty ? nil : data.baseAddress
                            unsafe context.adlen = UInt32(data.count)
                            unsafe context.t_cost = parameters.passes
                            unsafe context.m_cost = parameters.memoryKiB
                            unsafe context.lanes = parameters.lanes
                            // One thread: the caller's. Threads are counted by the pool alone.
                            unsafe context.threads = 1
                            unsafe context.version = parameters.version
                            return unsafe argon2_ctx(
                                &context, variant == .id ? Argon2_id : Argon2_i)
                        }
                    }
                }
            }
            guard code != ARGON2_OK.rawValue else { return }
            throw CryptographyError(.libraryFailure, operation: "argon2_ctx \(code)")
        }
    }
}
