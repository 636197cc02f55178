import ByteCodec
import Testing

@Suite("Base62")
struct Base62Tests {
    @Test("spells zero and the largest value at each width")
    func bounds() {
        #expect(
            Base62.encode([UInt8](repeating: 0, count: 16)) == String(repeating: "0", count: 22))
        // Values computed with Python's integers.
        #expect(Base62.encode([UInt8](repeating: 255, count: 16)) == "7n42DGM5Tflk9n8mt7Fhc7")
        #expect(
            Base62.encode([UInt8](repeating: 255, count: 32))
                == "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1")
        #expect(
            Base62.encode((1...32).map { UInt8($0) })
                == "0Eoh211G4c8wtVWM00my5rsNSFlKgaWqQ4mb8gdEqno")
        #expect(Base62.encode(UInt32.max) == "4gfFC3")
        #expect(Base62.encode(UInt32(0)) == "000000")
    }

    @Test("gives back every value that it spelled")
    func roundTrip() {
        var state: UInt64 = 0x5EED
        for count in [4, 8, 16, 24, 32] {
            for _ in 0..<500 {
                let bytes = (0..<count).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 56)
                }
                let text = Base62.encode(bytes)
                if count == 16 {
                    let digits = Base62.digits(
                        of: bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
                    #expect(digits.indices.map { digits[$0] } == Array(text.utf8))
                }
                #expect(text.utf8.count == Base62.width(ofBytes: count))
                #expect(Base62.decode(text, byteCount: count) == bytes)
            }
        }
    }

    @Test("refuses values that do not fit, so that no value has two spellings")
    func overflow() {
        for count in [4, 8, 16, 24, 32] {
            let largest = Base62.encode([UInt8](repeating: 255, count: count))
            #expect(Base62.decode(largest, byteCount: count) != nil)
            #expect(Base62.decode(incremented(largest), byteCount: count) == nil)
            let nines = String(repeating: "z", count: Base62.width(ofBytes: count))
            #expect(Base62.decode(nines, byteCount: count) == nil)
        }
    }

    @Test("refuses other widths and characters outside the alphabet")
    func malformed() {
        #expect(Base62.decode("", byteCount: 16) == nil)
        #expect(Base62.decode(String(repeating: "0", count: 21), byteCount: 16) == nil)
        #expect(Base62.decode(String(repeating: "0", count: 23), byteCount: 16) == nil)
        for bad in "+/-_ .:=@[`{\u{0}é" {
            for position in [0, 10, 21] {
                var characters = Array(repeating: Character("0"), count: 22)
                characters[position] = bad
                #expect(Base62.decode(String(characters), byteCount: 16) == nil)
            }
        }
    }

    private func incremented(_ text: String) -> String {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var digits = text.compactMap { alphabet.firstIndex(of: $0) }
        var index = digits.count - 1
        while digits[index] == 61 {
            digits[index] = 0
            index -= 1
        }
        digits[index] += 1
        return String(digits.map { alphabet[$0] })
    }
}

@Suite("CRC-32")
struct CRC32Tests {
    @Test("has the check value of the catalogue of CRC algorithms")
    func checkValue() {
        #expect(CRC32.checksum(of: "123456789".utf8) == 0xCBF4_3926)
        #expect(CRC32.checksum(of: []) == 0)
    }

    @Test("is the same in parts and as a whole")
    func parts() {
        var crc = CRC32()
        crc.update("1234".utf8)
        crc.update("56789".utf8)
        #expect(crc.value == 0xCBF4_3926)
    }
}
