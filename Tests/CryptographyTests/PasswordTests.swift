import APITypes
import Testing

@testable import Cryptography

@Suite("Password hashes")
struct PasswordTests {
    private let hasher = PasswordHasher.default

    private func verdict(
        _ password: [UInt8], _ text: String, pepperKeyID: UInt32 = 0
    ) throws -> PasswordVerdict {
        try hasher.verify(
            SecretBytes(copying: password),
            against: PasswordRecord(pepperKeyID: pepperKeyID, phc: text))
    }

    @Test("verifies hashes made by other programs", arguments: PasswordVectors.foreign)
    func foreign(program: String, scheme: String, text: String) throws {
        #expect(try ParsedPasswordHash(text).scheme.rawValue == scheme)
        let password = Array(PasswordVectors.password.utf8)
        #expect(try verdict(password, text) == .matches(needsRehash: true), "\(program)")
        for wrong in [Array("correct horsf".utf8), password + [0x20], [0] + password, []] {
            #expect(try verdict(wrong, text) == .differs, "\(program)")
        }
        // HMAC fills its key up with zeros (RFC 2104 §2), so these two schemes cannot tell.
        let paddedByHMAC = scheme.hasPrefix("pbkdf2") || scheme == "scrypt"
        #expect(
            try verdict(password + [0], text)
                == (paddedByHMAC ? .matches(needsRehash: true) : .differs), "\(program)")
    }

    @Test("verifies published vectors", arguments: PasswordVectors.published)
    func published(source: String, password: [UInt8], text: String) throws {
        #expect(try verdict(password, text) == .matches(needsRehash: true), "\(source)")
        #expect(try verdict(password + [0x21], text) == .differs)
    }

    @Test("gives the tag of RFC 9106 §5.3")
    func argon2Vector() throws {
        let parameters = Argon2Parameters(memoryKiB: 32, passes: 3, lanes: 4)
        let tag = try Argon2.hash(
            [UInt8](repeating: 1, count: 32).span, salt: [UInt8](repeating: 2, count: 16),
            parameters: parameters, variant: .id, count: 32,
            secret: [UInt8](repeating: 3, count: 8),
            associatedData: [UInt8](repeating: 4, count: 12))
        let text = hex(tag.revealed)
        #expect(text == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    }

    @Test("gives the keys of RFC 7914 §11 and §12")
    func stretchingVectors() throws {
        let password = Array("password".utf8)
        let scrypt = try KeyStretching.scrypt(
            password.span, salt: Array("NaCl".utf8),
            parameters: ScryptParameters(log2N: 10, r: 8, p: 16), count: 64)
        let scryptText = hex(scrypt.revealed)
        #expect(
            scryptText == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")
        let empty = try KeyStretching.scrypt(
            [UInt8]().span, salt: [], parameters: ScryptParameters(log2N: 4, r: 1, p: 1), count: 64)
        let emptyText = hex(empty.revealed)
        #expect(
            emptyText == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")
        let pbkdf2 = try KeyStretching.pbkdf2(
            Array("Password".utf8).span, salt: Array("NaCl".utf8), iterations: 80_000,
            digest: .sha256, count: 64)
        let pbkdf2Text = hex(pbkdf2.revealed)
        #expect(
            pbkdf2Text == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                + "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")
    }

    @Test("makes Argon2id with 19 MiB, two passes and one lane, a new salt each time")
    func making() throws {
        let random = SystemRandomBytes()
        let first = try hasher.make(secret("correct horse"), random: random)
        let second = try hasher.make(secret("correct horse"), random: random)
        #expect(first.phc.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(first.phc != second.phc)
        #expect(first.pepperKeyID == 0)
        let right = try hasher.verify(secret("correct horse"), against: first)
        let wrong = try hasher.verify(secret("correct horsf"), against: first)
        #expect(right == .matches(needsRehash: false))
        #expect(wrong == .differs)
    }

    @Test("takes passwords of 1,024 bytes with any byte, and none longer")
    func passwordLengths() throws {
        let longest = (0..<1024).map { UInt8(truncatingIfNeeded: $0) }
        let record = try hasher.make(SecretBytes(copying: longest), random: SystemRandomBytes())
        #expect(try verdict(longest, record.phc) == .matches(needsRehash: false))
        #expect(try verdict(longest + [1], record.phc) == .differs)
        #expect(throws: PasswordHashError.passwordTooLong(byteCount: 1025)) {
            _ = try hasher.make(SecretBytes(copying: longest + [1]), random: SystemRandomBytes())
        }
    }

    @Test("reads 72 bytes under bcrypt, as bcrypt does, and refuses what follows a NUL")
    func bcryptLimits() throws {
        // Made by bcrypt 5.0 for Python from the first 72 bytes.
        let text = "$2b$04$ZQTC5BThDgExCdMyZAkC/OrLc4qlM8QV/VcxLqqlfb26fMLyLijJK"
        let password = Array(String(repeating: "é", count: 100).utf8)
        #expect(try verdict(password, text) == .matches(needsRehash: true))
        #expect(try verdict(Array(password.prefix(72)), text) == .matches(needsRehash: true))
        #expect(try verdict(Array(password.prefix(71)), text) == .differs)
        #expect(try verdict(Array(password.prefix(72)) + [0], text) == .differs)
    }

    @Test("answers that a password over crypt(3)'s 511 bytes differs")
    func cryptLimits() throws {
        let text = PasswordVectors.foreign.first { $0.scheme == "sha512-crypt" }!.text
        #expect(try verdict([UInt8](repeating: 0x61, count: 1024), text) == .differs)
    }

    @Test("verifies only under the pepper that made the record, and asks for a new record after it")
    func pepper() throws {
        let random = SystemRandomBytes()
        let keys: [UInt32: SharedSecret] = [
            1: SharedSecret(random.secret(32)), 2: SharedSecret(random.secret(32)),
        ]
        let old = PasswordHasher(peppers: PepperKeys(currentID: 1, keys: keys))
        let new = PasswordHasher(peppers: PepperKeys(currentID: 2, keys: keys))
        let record = try old.make(secret("correct horse"), random: random)
        #expect(record.pepperKeyID == 1)
        let now = try old.verify(secret("correct horse"), against: record)
        let later = try new.verify(secret("correct horse"), against: record)
        #expect(now == .matches(needsRehash: false))
        #expect(later == .matches(needsRehash: true))
        var other = record
        other.pepperKeyID = 2
        let mistaken = try new.verify(secret("correct horse"), against: other)
        #expect(mistaken == .differs)
        other.pepperKeyID = 0
        let bare = try new.verify(secret("correct horse"), against: other)
        #expect(bare == .differs)
        #expect(throws: PasswordHashError.missingPepper(keyID: 1)) {
            _ = try hasher.verify(secret("correct horse"), against: record)
        }
    }
}

@Suite("Texts of password hashes")
struct PasswordTextTests {
    @Test("names the kinds that cannot be verified", arguments: PasswordVectors.unsupported)
    func unsupported(text: String, word: String) {
        guard case .unsupported(let name) = PasswordHashKind(of: text) else {
            Issue.record("\(text) is supported")
            return
        }
        #expect(name.contains(word))
        #expect(throws: PasswordHashError.unsupported(name)) { _ = try ParsedPasswordHash(text) }
    }

    private static let tag = "c2FsdFNBTFRzYWx0U0FMVA"

    @Test(
        "refuses parameters over their ceilings before any work (security A12)",
        arguments: [
            ("$argon2id$v=19$m=262145,t=2,p=1$\(tag)$\(tag)", "m"),
            ("$argon2id$v=19$m=4294967295,t=2,p=1$\(tag)$\(tag)", "m"),
            ("$argon2id$v=19$m=1024,t=11,p=1$\(tag)$\(tag)", "t"),
            ("$argon2id$v=19$m=65536,t=2,p=17$\(tag)$\(tag)", "p"),
            ("$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "cost"),
            ("$scrypt$ln=19,r=8,p=1$\(tag)$\(tag)", "memory"),
            ("$scrypt$ln=4294967,r=8,p=1$\(tag)$\(tag)", "log2 N"),
            ("$scrypt$ln=10,r=9999999,p=1$\(tag)$\(tag)", "r"),
            ("$scrypt$ln=18,r=8,p=3$\(tag)$\(tag)", "work"),
            ("$pbkdf2-sha256$i=2000001,l=16$\(tag)$\(tag)", "iterations"),
            ("$pbkdf2-sha512$9999999999$\(tag)$\(tag)", "iterations"),
            ("$5$rounds=1000001$salt$" + String(repeating: "a", count: 43), "rounds"),
            ("$6$rounds=9999999$salt$" + String(repeating: "a", count: 86), "rounds"),
            ("$7$zzzzzzzzzzzsalt$" + String(repeating: "a", count: 43), "log2 N"),
            ("$7$K6..../....salt$" + String(repeating: "a", count: 43), "memory"),
            ("$y$jFT$salt$" + String(repeating: "a", count: 43), "memory"),
        ])
    func ceilings(text: String, parameter: String) {
        do throws(PasswordHashError) {
            _ = try ParsedPasswordHash(text)
            Issue.record("\(text) was taken")
        } catch {
            guard case .overCeiling(_, let named, let value, let ceiling) = error else {
                Issue.record("\(text): \(error)")
                return
            }
            #expect(named == parameter)
            #expect(value > ceiling)
        }
    }

    @Test(
        "refuses what does not spell a hash of its scheme",
        arguments: [
            "$argon2id$", "$argon2id$v=19$m=65536,t=2,p=1$\(tag)",
            "$argon2id$v=18$m=1024,t=2,p=1$a$b",
            "$argon2id$v=19$m=65536,t=2,p=1$\(tag)$", "$argon2id$v=19$m=65536,t=2,p=1$\(tag)$AAAA",
            "$argon2id$v=19$t=2,m=65536,p=1$\(tag)$\(tag)",
            "$argon2id$v=19$m=65536,t=2,p=1,x=1$\(tag)$\(tag)",
            "$argon2id$v=19$m=+65536,t=2,p=1$\(tag)$\(tag)",
            "$argon2id$v=19$m=065536,t=2,p=1$\(tag)$\(tag)",
            "$argon2id$v=19$m=7,t=2,p=1$\(tag)$\(tag)",
            "$argon2id$v=19$m=1024,t=0,p=1$\(tag)$\(tag)",
            "$argon2id$v=19$m=1024,t=1,p=0$\(tag)$\(tag)",
            "$argon2id$v=19$m=1024,t=1,p=1$AA$\(tag)",
            "$argon2id$v=19$m=1024,t=1,p=1$\(tag)$\(tag)$",
            "$argon2id$v=19$m=1024,t=1,p=1$\(tag)$\(tag)=",
            "$argon2id$v=19$m=1024,t=1,p=1$\(tag)$c2FsdFNBTFRzYWx0U0FMVB",
            "$2b$05$short", "$2b$xx$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO:W",
            "$scrypt$ln=0,r=8,p=1$\(tag)$\(tag)", "$scrypt$ln=10,r=8,p=1$\(tag)$",
            "$pbkdf2-sha256$i=0,l=16$\(tag)$\(tag)", "$pbkdf2-sha256$i=1,l=17$\(tag)$\(tag)",
            "$pbkdf2-sha256$1000$\(tag)", "$5$salt$short", "$5$salt$", "$6$rounds=999$salt$x",
            "$6$rounds=5000$salt", "$7$", "$7$C6....", "$y$j9T$salt$", "$y$9$salt$hash",
            "$y$j9Tzz$a$b",
            "$5$salt\n$" + String(repeating: "a", count: 43),
            "$5$" + String(repeating: "a", count: 600),
        ])
    func malformed(text: String) {
        do throws(PasswordHashError) {
            _ = try ParsedPasswordHash(text)
            Issue.record("\(text) was taken")
        } catch {
            guard case .malformed = error else {
                Issue.record("\(text): \(error)")
                return
            }
        }
    }

    @Test("survives every cut and every changed byte of real hashes")
    func mutations() {
        for vector in PasswordVectors.foreign {
            let text = Array(vector.text.utf8)
            for index in text.indices {
                var mutated = text
                mutated[index] ^= 0x01
                for candidate in [mutated, Array(text.prefix(index))] {
                    do throws(PasswordHashError) {
                        let hash = try ParsedPasswordHash(
                            String(decoding: candidate, as: UTF8.self))
                        #expect(hash.memoryBytes <= 257 << 20)
                    } catch {
                        // Refused, which is as good; what matters is that nothing trapped.
                    }
                }
            }
        }
    }

    @Test("prints neither salt nor hash")
    func descriptions() throws {
        let text = PasswordVectors.foreign[0].text
        #expect("\(try ParsedPasswordHash(text))" == "ParsedPasswordHash(argon2id)")
        #expect(!"\(PasswordRecord(pepperKeyID: 0, phc: text))".contains("7I1Z04PA8EK7"))
    }

    @Test("knows how much memory a verification takes")
    func memory() throws {
        #expect(try ParsedPasswordHash(PasswordVectors.foreign[0].text).memoryBytes >= 64 << 20)
        let yescrypt = PasswordVectors.foreign.first { $0.scheme == "yescrypt" }!.text
        #expect(try ParsedPasswordHash(yescrypt).memoryBytes >= 16 << 20)
    }
}
