import ByteCodec
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test(
        "spells and reads the examples of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func examples(plain: String, text: String) {
        let bytes = Array(plain.utf8)
        #expect(Base64.standard.encode(bytes) == text)
        #expect(Base64.standard.decode(text) == bytes)
        let bare = text.filter { $0 != "=" }
        #expect(Base64.unpadded.encode(bytes) == bare)
        #expect(Base64.url.decode(bare) == bytes)
        if bare != text {
            #expect(Base64.standard.decode(bare) == nil)
            #expect(Base64.unpadded.decode(text) == nil)
        }
    }

    @Test("gives back every byte in every position")
    func roundTrip() {
        for count in 0..<5 {
            for byte in UInt8.min...UInt8.max {
                let bytes = [UInt8](repeating: byte, count: count)
                for variant in [Base64.standard, .unpadded, .url] {
                    #expect(variant.decode(variant.encode(bytes)) == bytes)
                }
            }
        }
        #expect(Base64.standard.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.url.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test(
        "refuses other spellings of a value",
        arguments: [
            "Zh==", "Zm9=", "Z", "Z===", "====", "=", "Zg=", "Zg===", "Zg==Zg==", "Zm9v\n", "Zm 9v",
            "Zm9v=", "Zm9v====", "_w==", "Zm9-",
        ])
    func malformed(text: String) { #expect(Base64.standard.decode(text) == nil) }
}
