/// Why bytes could not be read.
public enum ByteCodecError: Error, Equatable, Sendable {
    /// `wanted` bytes were asked for at `offset`, of which only `available` are there.
    case truncated(offset: Int, wanted: Int, available: Int)
    /// The bytes at `offset` do not spell a value of the type asked for.
    case malformed(offset: Int, what: String)
    /// `count` bytes were left over behind the last field.
    case trailing(offset: Int, count: Int)
}

/// Reads what `ByteWriter` wrote, never past the end.
public struct ByteReader: Sendable {
    // Open to the optimiser of other targets, as `ByteWriter.storage` is.
    @usableFromInline let bytes: [UInt8]
    /// The position of the next byte to be read.
    @inlinable public var offset: Int { position }
    @usableFromInline var position: Int
    /// The position behind the last byte that may be read.
    public let end: Int

    /// Reads all of `bytes`.
    public init(_ bytes: [UInt8]) { self.init(bytes, in: 0..<bytes.count) }

    /// Reads the part of `bytes` in `range`.
    public init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range \(range)")
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The number of bytes not yet read.
    @inlinable public var remaining: Int { end - offset }

    /// Reads one integer, least significant byte first.
    ///
    /// - Throws: `ByteCodecError.truncated`.
    @inlinable
    public mutating func read<Integer: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Integer.Type = Integer.self
    ) throws(ByteCodecError) -> Integer {
        Integer(littleEndian: try load())
    }

    /// Reads one integer, most significant byte first.
    ///
    /// - Throws: `ByteCodecError.truncated`.
    @inlinable
    public mutating func read<Integer: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        bigEndian type: Integer.Type
    ) throws(ByteCodecError) -> Integer {
        Integer(bigEndian: try load())
    }

    @inlinable
    mutating func load<Integer: FixedWidthInteger & BitwiseCopyable>() throws(ByteCodecError)
        -> Integer
    {
        let width = Integer.bitWidth / 8
        try require(width)
        let place = position
        position += width
        // The proof: so many bytes lie behind `place`, as `require` has checked, and `end` is at
        // most their number.
        return unsafe bytes.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: place, as: Integer.self)
        }
    }

    /// Reads a truth value.
    ///
    /// - Throws: `truncated`, or `malformed` for a byte other than 0 and 1.
    @inlinable
    public mutating func readBool() throws(ByteCodecError) -> Bool {
        let byte: UInt8 = try read()
        guard byte <= 1 else { throw .malformed(offset: offset - 1, what: "truth value \(byte)") }
        return byte == 1
    }

    /// Reads exactly `count` bytes.
    ///
    /// - Throws: `ByteCodecError.truncated`.
    @inlinable
    public mutating func read(count: Int) throws(ByteCodecError) -> [UInt8] {
        precondition(count >= 0, "negative count \(count)")
        try require(count)
        defer { position += count }
        return Array(bytes[offset..<(offset + count)])
    }

    /// Reads a byte string behind its 32-bit length, of at most `maximum` bytes.
    ///
    /// - Throws: `truncated`, or `malformed` when it is longer than `maximum`.
    @inlinable
    public mutating func readLengthPrefixed(
        atMost maximum: Int
    ) throws(ByteCodecError) -> [UInt8] {
        let start = offset
        let length: UInt32 = try read()
        guard length <= maximum else {
            throw .malformed(offset: start, what: "length \(length) over \(maximum)")
        }
        return try read(count: Int(length))
    }

    /// Reads UTF-8 text behind its 32-bit length, of at most `maximum` bytes.
    ///
    /// - Throws: `truncated`, or `malformed` when it is longer, or is not UTF-8.
    public mutating func readString(atMost maximum: Int) throws(ByteCodecError) -> String {
        let start = offset
        let utf8 = try readLengthPrefixed(atMost: maximum)
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw .malformed(offset: start, what: "text that is not UTF-8")
        }
        return text
    }

    /// Checks that everything was read.
    ///
    /// - Throws: `ByteCodecError.trailing`.
    public func finish() throws(ByteCodecError) {
        guard remaining == 0 else { throw .trailing(offset: offset, count: remaining) }
    }

    @inlinable
    func require(_ count: Int) throws(ByteCodecError) {
        guard remaining >= count else {
            throw .truncated(offset: offset, wanted: count, available: remaining)
        }
    }
}
