internal import COpenSSL

/// The one way in which OpenSSL is called: its error queue is cleared before what may fail, and
/// drained after.
enum OpenSSL {
    /// Runs one call that answers 1 on success.
    ///
    /// - Throws: `CryptographyError.Code.libraryFailure` with what the library queued.
    static func call(
        _ operation: StaticString, _ body: () -> Int32
    ) throws(CryptographyError) {
        ERR_clear_error()
        guard body() != 1 else { return }
        throw CryptographyError(
            .libraryFailure, operation: "\(operation)", libraryCodes: drainErrors())
    }

    /// Runs one call that can fail only for want of memory or of the library's own provider.
    ///
    /// Traps on failure: a process whose hash function or generator has gone must not go on.
    static func require(_ operation: StaticString, _ body: () -> Int32) {
        // Whose failure it would be is of no interest: the queue need not be cleared before.
        guard body() != 1 else { return }
        preconditionFailure("\(operation) failed, and the library says \(drainErrors())")
    }

    /// Takes everything off the calling thread's error queue, oldest first.
    static func drainErrors() -> [UInt] {
        var codes: [UInt] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return codes }
            codes.append(UInt(code))
        }
    }
}

/// An algorithm looked up once: looking it up by name costs twice the hash of a token.
///
/// Unchecked, because the library counts references to an algorithm and never changes it once it
/// is fetched, and the pointer is never freed.
@safe struct FetchedAlgorithm: @unchecked Sendable {
    /// `EVP_MD`, `EVP_CIPHER` or `EVP_MAC`, alive until the process ends.
    let pointer: OpaquePointer

    /// SHA-256 (FIPS 180-4).
    static let sha256 = unsafe FetchedAlgorithm("SHA2-256") { unsafe EVP_MD_fetch(nil, $0, nil) }
    /// SHA-512 (FIPS 180-4).
    static let sha512 = unsafe FetchedAlgorithm("SHA2-512") { unsafe EVP_MD_fetch(nil, $0, nil) }
    /// HMAC (FIPS 198-1).
    static let hmac = unsafe FetchedAlgorithm("HMAC") { unsafe EVP_MAC_fetch(nil, $0, nil) }
    /// AES-256 in Galois counter mode (SP 800-38D).
    static let aes256GCM = unsafe FetchedAlgorithm("AES-256-GCM") {
        unsafe EVP_CIPHER_fetch(nil, $0, nil)
    }
    /// AES-256 on single blocks (FIPS 197).
    static let aes256ECB = unsafe FetchedAlgorithm("AES-256-ECB") {
        unsafe EVP_CIPHER_fetch(nil, $0, nil)
    }

    private init(_ name: String, fetch: (UnsafePointer<CChar>) -> OpaquePointer?) {
        guard let pointer = unsafe name.withCString(fetch) else {
            preconditionFailure("OpenSSL has no \(name): \(OpenSSL.drainErrors())")
        }
        unsafe self.pointer = pointer
    }
}
