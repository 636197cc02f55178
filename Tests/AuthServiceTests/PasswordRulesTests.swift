import AuthCore
import Testing

@testable import AuthService

@Suite("new passwords (NIST SP 800-63B-4 §3.1.1.2)")
struct PasswordRulesTests {
    private func fault(_ password: String, least: Int = 15) -> String? {
        PasswordRules.fault(
            in: password, lengthMin: least, username: UserName("alice.cooper@example.com"))
    }

    @Test("the length is counted in code points, and nothing is asked of the characters")
    func length() {
        #expect(fault("abcqwzjkfhgmpt")?.contains("15") == true)
        #expect(fault("abcqwzjkfhgmptx") == nil)
        #expect(fault("жабаздесьиникак") == nil, "15 letters, 30 bytes")
        #expect(fault("correct horse battery staple") == nil)
        #expect(fault(String(repeating: "correct horse ", count: 18)) == nil)
        #expect(fault("7391748203651947", least: 8) == nil)
        #expect(AuthOptions().passwordLengthMin == 15)
    }

    @Test(
        "what is tried first is refused, however it is spelt",
        arguments: [
            "password1234567", "PASSWORD1234567", "P4ssw0rd!!!!!!!!", "pass word 1234567",
            "ｐａｓｓｗｏｒｄ１２３４５６７", "passwordpassword", "qwerty123456789", "aaaaaaaaaaaaaaa",
            "abcdefghijklmno", "123456789012345", "987654321098765", "abcabcabcabcabc",
            "1234512345123451234512345", "dragon2024!!!!!", "sunshine!!!!!!!!", "1qaz2wsx3edc4rfv",
        ])
    func common(password: String) { #expect(fault(password) != nil) }

    @Test(
        "the user's name and the server's are no passwords",
        arguments: [
            "alice.cooper@example.com", "Alice.Cooper 2026!", "4lice.c00per#####",
            "WatchWord000000",
        ])
    func names(password: String) {
        #expect(fault(password)?.contains("name") == true)
        // It is the name of nobody else.
        let other = PasswordRules.fault(in: password, lengthMin: 8, username: UserName("bob"))
        #expect((other == nil) == !password.lowercased().contains("watchword"))
    }

    @Test("a shorter length is the operator's choice, and the list counts there too")
    func shorter() {
        for word in ["password", "iloveyou", "trustno1", "football", "12345678", "baseball1"] {
            #expect(fault(word, least: 8) != nil, "\(word)")
        }
        #expect(fault("vq8-Trm2", least: 8) == nil)
    }

    @Test("the list holds exactly its words: each is found, and none beside it")
    func list() {
        let words = CommonPasswords.words.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })
            .map { Array($0) }
        #expect(words.count > 3_500)
        #expect(words.count { $0.count >= 8 } >= 3_000)
        for (earlier, later) in zip(words, words.dropFirst()) {
            #expect(earlier.lexicographicallyPrecedes(later))
        }
        let set = Set(words)
        for word in words {
            #expect(CommonPasswords.contain(word))
            for other in [word + [0x21], Array(word.dropLast()), [0x21] + word] {
                #expect(CommonPasswords.contain(other) == set.contains(other))
            }
        }
        #expect(!CommonPasswords.contain([]))
        #expect(!CommonPasswords.contain(Array("zzzzzzzzzzzz".utf8)))
        #expect(!CommonPasswords.contain(words[0] + [0x20] + words[1]))
    }
}
