import ByteCodec
import Testing

@Suite("The Castagnoli checksum")
struct CRC32CTests {
    @Test("has the values of RFC 3720 appendix B.4")
    func vectors() {
        #expect(CRC32C.checksum(of: [UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum(of: [UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(of: [UInt8](0..<32)) == 0x46DD_794E)
        #expect(CRC32C.checksum(of: (0..<32).reversed().map { UInt8($0) }) == 0x113F_DB5C)
        #expect(CRC32C.checksum(of: Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum(of: [UInt8]()) == 0)
    }

    // The definition, a bit at a time.
    private func slow(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
        }
        return crc ^ 0xFFFF_FFFF
    }

    @Test("is the same for any length, any place and any division of the bytes")
    func divisions() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 3) }
        for start in 0..<20 {
            for end in stride(from: start, through: 100, by: 3) {
                let expected = slow(bytes[start..<end])
                #expect(CRC32C.checksum(of: bytes[start..<end]) == expected)
                // A sequence without storage of its own goes byte by byte.
                #expect(CRC32C.checksum(of: AnySequence(bytes[start..<end])) == expected)
                var parts = CRC32C()
                parts.update(bytes, in: start..<((start + end) / 2))
                parts.update(bytes, in: ((start + end) / 2)..<end)
                #expect(parts.value == expected)
            }
        }
    }

    @Test(
        "zeros, which go many at a step, count like other bytes", arguments: [0, 1, 255, 256, 700])
    func zeros(before: Int) {
        for zeros in [0, 15, 255, 256, 257, 511, 512, 4_096, 5_000] {
            for behind in [0, 1, 300] {
                var bytes = (0..<before).map { UInt8(truncatingIfNeeded: $0 &* 37 | 1) }
                bytes += [UInt8](repeating: 0, count: zeros)
                bytes += (0..<behind).map { UInt8(truncatingIfNeeded: $0 &* 91 | 1) }
                // What is not contiguous goes byte by byte.
                let expected = CRC32C.checksum(of: AnySequence(bytes))
                #expect(
                    CRC32C.checksum(of: bytes) == expected, "\(before), \(zeros), \(behind)")
            }
        }
    }
}
