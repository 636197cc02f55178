import Cryptography
import Testing

@Suite("AES-256-GCM")
struct AESGCMTests {
    private struct Vector {
        let key: String
        let nonce: String
        let plaintext: String
        let aad: String
        let sealed: String
    }

    // Test cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", the source
    // of NIST's own.
    private static let vectors = [
        Vector(
            key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12),
            plaintext: "", aad: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12),
            plaintext: String(repeating: "00", count: 16), aad: "",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            aad: "",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
                + "b094dac5d93471bdec1a502270e3cc6c"),
        Vector(
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test("seals and opens the vectors of the mode's specification")
    func knownAnswers() throws {
        for vector in Self.vectors {
            let key = SecretBytes(copying: hex(vector.key))
            let sealed = try AESGCM.seal(
                hex(vector.plaintext).span, key: key, nonce: hex(vector.nonce),
                aad: hex(vector.aad))
            #expect(hex(sealed) == vector.sealed)
            let opened = try AESGCM.open(
                sealed, key: key, nonce: hex(vector.nonce), aad: hex(vector.aad))
            let revealed = opened.revealed
            #expect(hex(revealed) == vector.plaintext)
        }
    }

    @Test("gives nothing when one bit of ciphertext, tag, nonce, key or associated data differs")
    func forgeries() throws {
        let key = [UInt8](repeating: 7, count: 32)
        let nonce = [UInt8](repeating: 8, count: 12)
        let aad: [UInt8] = [1, 2, 3]
        let text = secret("a secret")
        let sealed = try AESGCM.seal(text, key: SecretBytes(copying: key), nonce: nonce, aad: aad)
        func opens(_ sealed: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ aad: [UInt8]) -> Bool {
            do throws(CryptographyError) {
                _ = try AESGCM.open(sealed, key: SecretBytes(copying: key), nonce: nonce, aad: aad)
                return true
            } catch {
                #expect(error.code == .authenticationFailed)
                return false
            }
        }
        #expect(opens(sealed, key, nonce, aad))
        for bit in 0..<(sealed.count * 8) { #expect(!opens(flip(sealed, bit), key, nonce, aad)) }
        for bit in 0..<256 { #expect(!opens(sealed, flip(key, bit), nonce, aad)) }
        for bit in 0..<96 { #expect(!opens(sealed, key, flip(nonce, bit), aad)) }
        for bit in 0..<24 { #expect(!opens(sealed, key, nonce, flip(aad, bit))) }
        #expect(!opens(sealed, key, nonce, []))
        #expect(!opens(Array(sealed.dropFirst()), key, nonce, aad))
    }

    @Test("refuses lengths that the algorithm does not have")
    func lengths() {
        let nonce = [UInt8](repeating: 8, count: 12)
        let long = [UInt8](repeating: 0, count: 32)
        let cases: [(sealed: [UInt8], keyCount: Int, nonce: [UInt8])] = [
            (Array(long.prefix(15)), 32, nonce), ([], 32, nonce), (long, 16, nonce),
            (long, 32, [1, 2]),
        ]
        for (sealed, keyCount, nonce) in cases {
            let key = SecretBytes(copying: [UInt8](repeating: 7, count: keyCount))
            var code: CryptographyError.Code?
            do throws(CryptographyError) {
                _ = try AESGCM.open(sealed, key: key, nonce: nonce, aad: [])
            } catch {
                code = error.code
            }
            #expect(code == .invalidInput)
        }
    }

    private func flip(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << (bit % 8)
        return bytes
    }
}

@Suite("AES-256 on one block")
struct AESBlockTests {
    @Test("enciphers and deciphers the example of FIPS 197 appendix C.3")
    func knownAnswer() throws {
        let key = SecretBytes(copying: (0..<32).map { UInt8($0) })
        var block = try AESBlock(key: key)
        let plain: UInt128 = 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF
        for _ in 0..<3 {
            let cipher = block.encrypt(plain)
            let back = block.decrypt(cipher)
            #expect(cipher == 0x8EA2_B7CA_5167_45BF_EAFC_4990_4B49_6089)
            #expect(back == plain)
        }
    }

    @Test("refuses keys of another length")
    func lengths() {
        #expect(throws: CryptographyError.self) {
            _ = try AESBlock(key: SecretBytes(copying: [1, 2, 3]))
        }
    }
}

@Suite("Secrets and randomness")
struct SecretTests {
    @Test("compares by content in constant time, at any length")
    func comparison() {
        for (left, right, equal) in [
            ("one", "one", true), ("one", "two", false), ("one", "ones", false), ("", "", true),
        ] {
            let answer = secret(left).isEqual(to: secret(right))
            #expect(answer == equal)
        }
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([], [1]))
    }

    @Test("prints as a length")
    func description() {
        #expect(SharedSecret(copying: [1, 2, 3]).description == "SecretBytes(3 bytes)")
        #expect(!"\(SharedSecret(copying: [77]))".contains("77"))
    }

    @Test("overwrites the array that it takes over")
    func wiping() {
        var bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(wiping: &bytes)
        #expect(bytes == [0, 0, 0])
        let revealed = secret.revealed
        #expect(revealed == [1, 2, 3])
    }

    @Test("draws different bytes each time, of the count asked for")
    func systemRandomness() {
        let random = SystemRandomBytes()
        #expect(random.bytes(0).isEmpty)
        #expect(random.bytes(33).count == 33)
        #expect(random.bytes(32) != random.bytes(32))
        let first = random.secret(32)
        let same = first.isEqual(to: random.secret(32))
        #expect(!same)
    }

    @Test("repeats a simulated stream from its seed, in whatever parts it is drawn")
    func simulatedRandomness() {
        let (first, second) = (SimulatedRandomBytes(seed: 5), SimulatedRandomBytes(seed: 5))
        let whole = first.bytes(100)
        #expect(second.bytes(33) + second.bytes(1) + second.bytes(66) == whole)
        #expect(SimulatedRandomBytes(seed: 6).bytes(100) != whole)
        #expect(
            Array(whole.prefix(8))
                == Array(
                    SHA256.hash(
                        [5] + [UInt8](repeating: 0, count: 15)
                    ).bytes.prefix(8)))
    }
}
