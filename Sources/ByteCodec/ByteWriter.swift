/// Appends integers and byte strings to a growing buffer, in the layout that `ByteReader` reads.
///
/// Values are little-endian; keys that must sort by number use the `bigEndian` forms.
public struct ByteWriter: Sendable {
    /// Everything written so far.
    @inlinable public var bytes: [UInt8] { storage }

    // Open to the optimiser of other targets, as the functions below: written out for each type of
    // integer they take a nanosecond, and as generic code a hundred times as long.
    @usableFromInline var storage: [UInt8]

    /// An empty buffer with room for `capacity` bytes before it grows.
    public init(capacity: Int = 0) {
        precondition(capacity >= 0, "negative capacity \(capacity)")
        storage = []
        storage.reserveCapacity(capacity)
    }

    /// The number of bytes written so far.
    public var count: Int { storage.count }

    /// Appends one integer, least significant byte first.
    @inlinable
    public mutating func write<Integer: FixedWidthInteger & UnsignedInteger>(_ value: Integer) {
        append(value.littleEndian)
    }

    /// Appends one integer, most significant byte first, so that byte order is number order.
    @inlinable
    public mutating func write<Integer: FixedWidthInteger & UnsignedInteger>(
        bigEndian value: Integer
    ) {
        append(value.bigEndian)
    }

    /// Appends the bytes of an integer as they lie in memory.
    @inlinable
    mutating func append<Integer: FixedWidthInteger>(_ value: Integer) {
        // The proof: the bytes are those of `value`, which lives until the closure ends.
        unsafe withUnsafeBytes(of: value) { unsafe storage.append(contentsOf: $0) }
    }

    /// Appends a truth value as one byte, 0 or 1.
    public mutating func write(_ value: Bool) { storage.append(value ? 1 : 0) }

    /// Appends the bytes as they are, with no length.
    @inlinable
    public mutating func write(raw value: some Sequence<UInt8>) {
        storage.append(contentsOf: value)
    }

    /// Appends so many zeros.
    public mutating func write(zeros count: Int) {
        storage.append(contentsOf: repeatElement(0, count: count))
    }

    /// Appends a 32-bit length and the bytes.
    ///
    /// - Precondition: fewer than 2³² bytes.
    public mutating func write(lengthPrefixed value: [UInt8]) {
        write(UInt32(value.count))
        storage.append(contentsOf: value)
    }

    /// Appends the UTF-8 of a string behind its 32-bit length.
    public mutating func write(lengthPrefixed value: String) {
        write(lengthPrefixed: Array(value.utf8))
    }

    /// Replaces four bytes at `offset`, for lengths and checksums known only afterwards.
    public mutating func overwrite(at offset: Int, with value: UInt32) {
        precondition(offset >= 0 && offset + 4 <= bytes.count, "offset \(offset) of \(bytes.count)")
        for byte in 0..<4 {
            storage[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte)))
        }
    }
}
