/// The IEEE 802.3 checksum, as used by zlib, PNG and Ethernet.
///
/// It stands in credentials for scanners and typing errors; storage and wire use `CRC32C`.
public struct CRC32: Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    /// The checksum of no bytes, to be updated.
    public init() {}

    /// The checksum of `bytes`.
    public static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.value
    }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state >> 8) ^ Self.table[Int((state ^ UInt32(byte)) & 0xFF)] }
    }

    /// Adds bytes behind those added before.
    public mutating func update(_ bytes: Span<UInt8>) {
        let table = Self.table.span
        var crc = state
        for index in bytes.indices {
            crc = (crc >> 8) ^ table[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
        }
        state = crc
    }

    /// The checksum of everything added so far.
    public var value: UInt32 { state ^ 0xFFFF_FFFF }

    // Reflected polynomial 0x04C11DB7, one entry for each value of a byte.
    private static let table: [UInt32] = (0..<256).map { byte in
        var crc = UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        return crc
    }
}
