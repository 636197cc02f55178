/// The Castagnoli checksum (RFC 3720 appendix B.4), as used by iSCSI, ext4 and SCTP.
///
/// Sixteen bytes at a step by sixteen tables (Kounavis and Berry, "Novel Table Lookup-Based
/// Algorithms for High-Performance CRC Generation", 2008). Zeros, with which blocks are filled up,
/// go 256 at a step by four tables of their own.
public struct CRC32C: Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    /// The checksum of no bytes, to be updated.
    public init() {}

    /// The checksum of `bytes`.
    public static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes)
        return crc.value
    }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        // The closure runs at once, on memory that the sequence keeps alive for as long.
        let wasContiguous: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            unsafe update(UnsafeRawBufferPointer(buffer))
        }
        guard wasContiguous == nil else { return }
        for byte in bytes {
            state = (state >> 8) ^ Self.tables[Int((state ^ UInt32(byte)) & 0xFF)]
        }
    }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: [UInt8]) { update(bytes, in: bytes.indices) }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: Span<UInt8>) {
        // The span is lent for the closure.
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Adds one byte.
    public mutating func update(_ byte: UInt8) {
        state = (state >> 8) ^ Self.tables[Int((state ^ UInt32(byte)) & 0xFF)]
    }

    /// Adds the four bytes of an integer, least significant first.
    public mutating func update(littleEndian integer: UInt32) {
        var crc = state ^ integer
        for _ in 0..<4 { crc = (crc >> 8) ^ Self.tables[Int(crc & 0xFF)] }
        state = crc
    }

    /// Adds the bytes in `range` behind those added before.
    ///
    /// - Precondition: `range` lies within `bytes`.
    public mutating func update(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range \(range)")
        // The buffer lives until the closure ends, and the range was checked.
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe update(UnsafeRawBufferPointer(rebasing: buffer[range]))
        }
    }

    /// The checksum of everything added so far.
    public var value: UInt32 { state ^ 0xFFFF_FFFF }

    private mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        // `tables` has 16 * 256 entries: every index below is a byte plus a multiple of 256 up to
        // 3840. The loads end within `bytes` by the loop's condition.
        unsafe Self.tables.withUnsafeBufferPointer { tables in
            /// What a word leaves that stands `table / 256` bytes before the end of the step.
            @inline(__always)
            func remainder(of word: UInt64, _ table: Int) -> UInt32 {
                let low = UInt32(truncatingIfNeeded: word)
                let high = UInt32(truncatingIfNeeded: word >> 32)
                let front =
                    unsafe tables[Int(low & 0xFF) &+ (table &+ 1792)]
                    ^ tables[Int(low >> 8 & 0xFF) &+ (table &+ 1536)]
                    ^ tables[Int(low >> 16 & 0xFF) &+ (table &+ 1280)]
                    ^ tables[Int(low >> 24) &+ (table &+ 1024)]
                let back =
                    unsafe tables[Int(high & 0xFF) &+ (table &+ 768)]
                    ^ tables[Int(high >> 8 & 0xFF) &+ (table &+ 512)]
                    ^ tables[Int(high >> 16 & 0xFF) &+ (table &+ 256)]
                    ^ tables[Int(high >> 24) &+ table]
                return front ^ back
            }
            var offset = 0
            let count = bytes.count
            while offset &+ 16 <= count {
                let zeros = unsafe Self.zeroSteps(bytes, from: offset)
                if zeros > 0 {
                    crc = Self.zeroTables.behind(crc, steps: zeros)
                    offset &+= zeros &* ZeroTables.stepBytes
                    continue
                }
                let first = unsafe UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let second = unsafe UInt64(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: offset &+ 8, as: UInt64.self))
                crc = remainder(of: first ^ UInt64(crc), 2048) ^ remainder(of: second, 0)
                offset &+= 16
            }
            while offset < count {
                let byte = unsafe UInt32(bytes[offset])
                crc = unsafe (crc >> 8) ^ tables[Int((crc ^ byte) & 0xFF)]
                offset &+= 1
            }
        }
        state = crc
    }

    /// How many steps of nothing but zeros begin at `offset`.
    private static func zeroSteps(_ bytes: UnsafeRawBufferPointer, from offset: Int) -> Int {
        var end = offset
        // Every load ends within `bytes`: the step does.
        steps: while end + ZeroTables.stepBytes <= bytes.count {
            var word = end
            while word < end + ZeroTables.stepBytes {
                guard unsafe bytes.loadUnaligned(fromByteOffset: word, as: UInt64.self) == 0
                else { break steps }
                word += 8
            }
            end = word
        }
        return (end - offset) / ZeroTables.stepBytes
    }

    private static let zeroTables = ZeroTables(tables)

    // Reflected polynomial 0x1EDC6F41. Table k, at k * 256, has for each value of a byte its
    // remainder when k more zero bytes follow it.
    private static let tables: [UInt32] = {
        var tables = (0..<256).map { byte in
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
            return crc
        }
        for entry in 256..<4096 {
            let previous = tables[entry - 256]
            tables.append((previous >> 8) ^ tables[Int(previous & 0xFF)])
        }
        return tables
    }()
}

/// What a checksum becomes by many zeros: a linear function of it, so one table for each byte.
private struct ZeroTables: Sendable {
    /// Zeros in one step.
    static let stepBytes = 256

    private let tables: [UInt32]

    /// From the table that has the remainder of each byte.
    init(_ remainders: [UInt32]) {
        func step(_ crc: UInt32) -> UInt32 {
            (0..<Self.stepBytes).reduce(crc) { crc, _ in
                (crc >> 8) ^ remainders[Int(crc & 0xFF)]
            }
        }
        tables = (0..<4).flatMap { byte in (0..<256).map { step($0 << (8 * byte)) } }
    }

    /// The checksum behind so many steps of zeros.
    func behind(_ crc: UInt32, steps: Int) -> UInt32 {
        (0..<steps).reduce(crc) { crc, _ in
            let low = tables[Int(crc & 0xFF)] ^ tables[256 + Int(crc >> 8 & 0xFF)]
            let high = tables[512 + Int(crc >> 16 & 0xFF)] ^ tables[768 + Int(crc >> 24)]
            return low ^ high
        }
    }
}
