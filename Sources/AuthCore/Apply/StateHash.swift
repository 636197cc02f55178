public import ByteCodec

/// A hash of a set of rows, so that nodes can compare their states by 16 bytes, and a node its rows
/// with what they ought to be.
///
/// It is the sum of the hashes of all rows, so a change costs the old and the new row and no other,
/// and rows may be added up in any order. Each row is hashed by SipHash-2-4 with 128 bits of result
/// under a fixed key. It finds divergence by mistake or damage; it is no defence against somebody
/// who chooses rows.
///
/// Source: Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing: Incrementality at
/// Reduced Cost" (AdHash); Aumasson and Bernstein, "SipHash: a fast short-input PRF", 128-bit
/// variant of the authors' reference code.
public struct StateHash: Hashable, Sendable {
    public var low: UInt64
    public var high: UInt64

    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The hash of no rows.
    public static let empty = StateHash(low: 0, high: 0)

    /// The hash of one row. The state's own row, which holds the sum, is none.
    public static func row(_ table: Table, _ key: [UInt8], _ value: [UInt8]) -> StateHash {
        var scratch: [UInt8] = []
        return row(table, key: key.span, value: value.span, &scratch)
    }

    /// As `row`, for who has many of them.
    ///
    /// - Parameter scratch: is written over.
    public static func row(
        _ table: Table, key: Span<UInt8>, value: Span<UInt8>, _ scratch: inout [UInt8]
    ) -> StateHash {
        if StateMeta.isOwnRow(table, key) { return .empty }
        if table == .usersByName, Planted.hashLeavesOutTable.isOn { return .empty }
        scratch.removeAll(keepingCapacity: true)
        scratch.reserveCapacity(3 + key.count + value.count)
        scratch.append(table.rawValue)
        scratch.append(UInt8(truncatingIfNeeded: key.count))
        scratch.append(UInt8(truncatingIfNeeded: key.count >> 8))
        scratch.append(copying: key)
        scratch.append(copying: value)
        return SipHash.digest128(of: scratch, key: rowKey)
    }

    /// The hash of one byte string, such as the state's own row.
    static func digest(of bytes: [UInt8]) -> StateHash {
        SipHash.digest128(of: bytes, key: digestKey)
    }

    /// Takes a row, or a set of rows, in.
    public mutating func add(_ other: StateHash) {
        let (sum, isCarried) = low.addingReportingOverflow(other.low)
        low = sum
        high = high &+ other.high &+ (isCarried ? 1 : 0)
    }

    /// Takes a row out that is in.
    public mutating func subtract(_ other: StateHash) {
        let (difference, isBorrowed) = low.subtractingReportingOverflow(other.low)
        low = difference
        high = high &- other.high &- (isBorrowed ? 1 : 0)
    }

    /// Appends the 16 bytes of the hash, the lower half first.
    public func write(to writer: inout ByteWriter) {
        writer.write(low)
        writer.write(high)
    }

    /// Reads what `write` wrote.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        low = try reader.read()
        high = try reader.read()
    }

    // Arbitrary, and part of the format.
    private static let rowKey: (UInt64, UInt64) = (0x7761_7463_6877_6F72, 0x6420_7374_6174_6531)
    private static let digestKey: (UInt64, UInt64) = (
        0x7761_7463_6877_6F72, 0x6420_6D65_7461_3031
    )
}

/// SipHash-2-4 with a 128-bit result.
///
/// The state is a value that methods change: functions within a function that share its variables
/// check for exclusive access at every use, which took most of the time.
struct SipHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    private init(key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736f_6d65_7073_6575
        v1 = key.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.0 ^ 0x6c79_6765_6e65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    /// The 128-bit hash of a message under a 128-bit key.
    static func digest128(of message: [UInt8], key: (UInt64, UInt64)) -> StateHash {
        var hash = SipHash(key: key)
        let whole = message.count & ~7
        // The proof: every load ends at or before `whole`, which is at most what the array has, and
        // the array lives until the closure ends.
        unsafe message.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: whole, by: 8) {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                hash.compress(UInt64(littleEndian: word))
            }
        }
        // The last word holds what is left over and the length modulo 256.
        var last = UInt64(message.count & 0xFF) << 56
        for byte in 0..<(message.count - whole) {
            last |= UInt64(message[whole + byte]) << (8 * UInt64(byte))
        }
        hash.compress(last)
        return hash.finish()
    }

    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func finish() -> StateHash {
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        return StateHash(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }
}
