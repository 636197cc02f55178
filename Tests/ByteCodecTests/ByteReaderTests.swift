import ByteCodec
import Testing

@Suite("Reading and writing bytes")
struct ByteReaderTests {
    @Test("gives back what was written, least significant byte first")
    func roundTrip() throws {
        var writer = ByteWriter(capacity: 3)
        writer.write(UInt8(0xAB))
        writer.write(UInt16(0x1234))
        writer.write(UInt32(0xDEAD_BEEF))
        writer.write(UInt64(0x0102_0304_0506_0708))
        writer.write(bigEndian: UInt32(0x0102_0304))
        writer.write(true)
        writer.write(false)
        writer.write(raw: [7, 8])
        writer.write(lengthPrefixed: [9, 10, 11])
        writer.write(lengthPrefixed: "grüß")
        #expect(Array(writer.bytes.prefix(7)) == [0xAB, 0x34, 0x12, 0xEF, 0xBE, 0xAD, 0xDE])
        var reader = ByteReader(writer.bytes)
        #expect(try reader.read(UInt8.self) == 0xAB)
        #expect(try reader.read(UInt16.self) == 0x1234)
        #expect(try reader.read(UInt32.self) == 0xDEAD_BEEF)
        #expect(try reader.read(UInt64.self) == 0x0102_0304_0506_0708)
        #expect(try reader.read(bigEndian: UInt32.self) == 0x0102_0304)
        #expect(try reader.readBool())
        #expect(try !reader.readBool())
        #expect(try reader.read(count: 2) == [7, 8])
        #expect(try reader.readLengthPrefixed(atMost: 3) == [9, 10, 11])
        #expect(try reader.readString(atMost: 6) == "grüß")
        try reader.finish()
    }

    @Test("big-endian integers sort as bytes the way they sort as numbers")
    func order() {
        let numbers: [UInt64] = [0, 1, 255, 256, 65_535, 1 << 40, .max]
        let keys = numbers.map { number in
            var writer = ByteWriter()
            writer.write(bigEndian: number)
            return writer.bytes
        }
        for (low, high) in zip(keys, keys.dropFirst()) {
            #expect(low.lexicographicallyPrecedes(high))
        }
    }

    @Test("never reads past the end, and stays where it was")
    func truncated() {
        var reader = ByteReader([1, 2, 3, 4, 5], in: 1..<4)
        #expect(throws: ByteCodecError.truncated(offset: 1, wanted: 4, available: 3)) {
            _ = try reader.read(UInt32.self)
        }
        #expect(throws: ByteCodecError.truncated(offset: 1, wanted: 8, available: 3)) {
            _ = try reader.read(bigEndian: UInt64.self)
        }
        #expect(throws: ByteCodecError.truncated(offset: 1, wanted: 4, available: 3)) {
            _ = try reader.read(count: 4)
        }
        #expect(reader.offset == 1 && reader.remaining == 3)
        #expect(throws: ByteCodecError.trailing(offset: 1, count: 3)) { try reader.finish() }
    }

    @Test("refuses lengths over the limit, other truth values, and what is not UTF-8")
    func malformed() {
        var long = ByteReader([5, 0, 0, 0, 1, 2, 3, 4, 5])
        #expect(throws: ByteCodecError.malformed(offset: 0, what: "length 5 over 4")) {
            _ = try long.readLengthPrefixed(atMost: 4)
        }
        var huge = ByteReader([255, 255, 255, 255])
        #expect(throws: ByteCodecError.truncated(offset: 4, wanted: 4_294_967_295, available: 0)) {
            _ = try huge.readLengthPrefixed(atMost: .max)
        }
        var truth = ByteReader([2])
        #expect(throws: ByteCodecError.malformed(offset: 0, what: "truth value 2")) {
            _ = try truth.readBool()
        }
        var text = ByteReader([2, 0, 0, 0, 0xC3, 0x28])
        #expect(throws: ByteCodecError.malformed(offset: 0, what: "text that is not UTF-8")) {
            _ = try text.readString(atMost: 9)
        }
    }

    @Test("fills in four bytes that were left open")
    func overwrite() {
        var writer = ByteWriter()
        writer.write(UInt64(0))
        writer.overwrite(at: 2, with: 0x0102_0304)
        #expect(writer.bytes == [0, 0, 4, 3, 2, 1, 0, 0])
    }

    @Test("a moment never passes the ends of time")
    func timestamps() {
        #expect(Timestamp(milliseconds: 5).advanced(milliseconds: 7).rawValue == 12)
        #expect(Timestamp.max.advanced(milliseconds: 1) == .max)
        #expect(Timestamp.zero.milliseconds(since: .max) == 0)
        #expect(Timestamp(milliseconds: 9).milliseconds(since: Timestamp(milliseconds: 4)) == 5)
    }
}
