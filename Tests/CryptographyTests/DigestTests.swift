import Cryptography
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "gives the digests of the standard (FIPS 180-4 examples, RFC 6234 §8.5)",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func knownAnswers(message: String, expected: String) {
        #expect(SHA256.hash(Array(message.utf8)).description == expected)
    }

    @Test("hashes a million times 'a' in parts, and starts afresh after each digest")
    func parts() {
        var hasher = SHA256Hasher()
        for _ in 0..<2 {
            for _ in 0..<1000 { hasher.update([UInt8](repeating: 0x61, count: 1000)) }
            let digest = hasher.finish()
            #expect(
                digest.description
                    == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        }
        let digest = hasher.hash(Array("abc".utf8))
        #expect(digest == SHA256.hash(Array("abc".utf8)))
    }

    @Test("is made of 32 bytes and of no other count")
    func lengths() {
        #expect(SHA256Digest([UInt8](repeating: 1, count: 31)) == nil)
        #expect(SHA256Digest([UInt8](repeating: 1, count: 33)) == nil)
        let bytes = (0..<32).map { UInt8($0) }
        #expect(SHA256Digest(bytes)?.bytes == bytes)
    }

    @Test("differs when any one bit differs")
    func equality() {
        let bytes = SHA256.hash([1]).bytes
        for bit in 0..<256 {
            var other = bytes
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(SHA256Digest(other) != SHA256Digest(bytes))
        }
    }
}

@Suite("HMAC-SHA-256")
struct HMACTests {
    @Test(
        "gives the tags of RFC 4231 §4",
        arguments: [
            (
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                "0102030405060708090a0b0c0d0e0f10111213141516171819",
                String(repeating: "cd", count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                String(repeating: "aa", count: 131),
                "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
                    + "65204b6579202d2048617368204b6579204669727374",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func knownAnswers(key: String, message: String, expected: String) {
        var mac = HMACSHA256(key: SecretBytes(copying: hex(key)))
        let first = mac.authenticate(hex(message))
        let second = mac.authenticate(hex(message))
        #expect(first.description == expected)
        #expect(second == first, "the key is kept")
    }

    @Test("has an empty key like any other")
    func emptyKey() {
        let none = SecretBytes(copying: [])
        // Python: hmac.new(b'', b'', 'sha256')
        let tag = HMACSHA256.authenticate([], key: none)
        #expect(
            tag.description
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }
}

@Suite("HKDF-SHA-256")
struct HKDFTests {
    private struct Vector {
        let secret: [UInt8]
        let salt: [UInt8]
        let info: [UInt8]
        let output: String
    }

    @Test("gives the keys of RFC 5869 appendix A.1 to A.3")
    func knownAnswers() {
        let vectors = [
            Vector(
                secret: [UInt8](repeating: 0x0b, count: 22),
                salt: hex("000102030405060708090a0b0c"),
                info: hex("f0f1f2f3f4f5f6f7f8f9"),
                output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                    + "34007208d5b887185865"),
            Vector(
                secret: (0x00...0x4f).map { UInt8($0) }, salt: (0x60...0xaf).map { UInt8($0) },
                info: (0xb0...0xff).map { UInt8($0) },
                output: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                    + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                    + "cc30c58179ec3e87c14c01d5c1f3434f1d87"),
            Vector(
                secret: [UInt8](repeating: 0x0b, count: 22), salt: [], info: [],
                output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                    + "9d201395faa4b61a96c8"),
        ]
        for vector in vectors {
            let key = HKDF.sha256(
                secret: SecretBytes(copying: vector.secret), salt: vector.salt, info: vector.info,
                count: vector.output.count / 2)
            let revealed = key.revealed
            #expect(hex(revealed) == vector.output)
        }
    }
}
