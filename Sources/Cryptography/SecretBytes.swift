internal import COpenSSL

/// Bytes that are overwritten when their owner goes.
///
/// They cannot be copied by accident, print as a length, compare in constant time, and have no
/// `Codable`. `SharedSecret` is for those that several closures or threads must hold.
///
/// Unchecked, because the bytes belong to this value alone and are written only before `init`
/// returns and in `deinit`: sharing a borrow between threads is sharing constant bytes.
@safe public struct SecretBytes: ~Copyable, @unchecked Sendable {
    private let storage: UnsafeMutableBufferPointer<UInt8>

    /// Copies `bytes`. The caller's copy is the caller's to wipe.
    public init(copying bytes: [UInt8]) { self.init(copying: bytes.span) }

    /// Copies `bytes`. The caller's copy is the caller's to wipe.
    public init(copying bytes: Span<UInt8>) {
        // The destination has the same count; both are valid inside the closures.
        unsafe self.init(count: bytes.count) { destination in
            unsafe bytes.withUnsafeBytes { unsafe destination.copyMemory(from: $0) }
        }
    }

    /// Copies `bytes` and overwrites the caller's copy.
    ///
    /// The overwriting reaches every holder of the same array storage only when there is no other;
    /// a second holder keeps its bytes.
    public init(wiping bytes: inout [UInt8]) {
        self.init(copying: bytes)
        bytes.wipe()
    }

    /// Writes `count` bytes in place, which are zero before.
    init<E: Error>(
        count: Int, _ initialise: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        precondition(count >= 0, "negative count \(count)")
        unsafe storage = UnsafeMutableBufferPointer.allocate(capacity: count)
        unsafe storage.initialize(repeating: 0)
        try unsafe initialise(UnsafeMutableRawBufferPointer(storage))
    }

    deinit {
        // The storage is alive here and nobody else has its address.
        unsafe OPENSSL_cleanse(storage.baseAddress, storage.count)
        unsafe storage.deallocate()
    }

    /// The number of bytes.
    public var count: Int { unsafe storage.count }

    /// Gives the bytes for the duration of `body`; they must not be copied out of it lightly.
    public borrowing func withBytes<Result: ~Copyable, E: Error>(
        _ body: (Span<UInt8>) throws(E) -> Result
    ) throws(E) -> Result {
        // `self` is borrowed until this returns, and a span cannot outlive the call of `body`.
        try unsafe body(UnsafeBufferPointer(storage).span)
    }

    /// A second owner of the same bytes, made on purpose.
    public borrowing func duplicate() -> SecretBytes {
        withBytes { bytes in SecretBytes(copying: bytes) }
    }

    /// Whether both hold the same bytes, in a time that depends on the count alone.
    public borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
        withBytes { mine in
            other.withBytes { theirs in constantTimeEqual(mine, theirs) }
        }
    }

    /// The count, never the bytes.
    public var description: String { "SecretBytes(\(count) bytes)" }
}

/// A secret with several holders, overwritten when the last lets go.
public final class SharedSecret: Sendable, CustomStringConvertible {
    /// The secret itself.
    public let bytes: SecretBytes

    /// Takes over `bytes`.
    public init(_ bytes: consuming SecretBytes) { self.bytes = bytes }

    /// Copies `bytes`. The caller's copy is the caller's to wipe.
    public convenience init(copying bytes: [UInt8]) { self.init(SecretBytes(copying: bytes)) }

    /// The count, never the bytes.
    public var description: String { bytes.description }
}

extension [UInt8] {
    /// Overwrites all elements in a way that the optimiser keeps.
    public mutating func wipe() {
        // The pointer is used only inside the closure, within the array's bounds.
        unsafe withUnsafeMutableBytes { buffer in
            unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        }
    }
}

/// Whether both hold the same bytes, in a time that depends on the counts alone.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    constantTimeEqual(left.span, right.span)
}

/// Whether both hold the same bytes, in a time that depends on the counts alone.
public func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count, !left.isEmpty else {
        return left.count == right.count
    }
    // Both pointers are valid for the common count inside the closures.
    return unsafe left.withUnsafeBytes { first in
        unsafe right.withUnsafeBytes { second in
            unsafe CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
        }
    }
}
