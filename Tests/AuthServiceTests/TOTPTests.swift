import ByteCodec
import Cryptography
import Testing

@testable import AuthService

@Suite("Time-based one-time codes (RFC 6238)")
struct TOTPTests {
    private static let secret = Array("12345678901234567890".utf8)

    @Test(
        "gives the codes of RFC 6238, appendix B, for SHA-1",
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"), (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ] as [(UInt64, String)])
    func vectors(seconds: UInt64, eightDigits: String) {
        let secret = SecretBytes(copying: Self.secret)
        let step = TOTP.step(at: Timestamp(milliseconds: seconds * 1_000))
        let value = TOTP.truncated(step: step, secret: secret) % 100_000_000
        #expect(value == UInt32(eightDigits))
        let code = String(decoding: TOTP.code(step: step, secret: secret), as: UTF8.self)
        #expect(code == String(eightDigits.suffix(6)))
    }

    @Test("takes the code of this step and of its neighbours, and tells which it was")
    func window() {
        let secret = SecretBytes(copying: Self.secret)
        let now = Timestamp(milliseconds: 1_790_000_010_000)
        let present = TOTP.step(at: now)
        for offset in 0...6 {
            let step = present - 3 + UInt64(offset)
            let match = TOTP.match(TOTP.code(step: step, secret: secret), secret: secret, at: now)
            #expect(match == ((2...4).contains(offset) ? step : nil))
        }
        #expect(TOTP.match(Array("".utf8), secret: secret, at: now) == nil)
        #expect(TOTP.match([0x30], secret: secret, at: .zero) == nil, "there is no step before 0")
    }

    @Test("spells recovery codes in one way")
    func recoveryCodes() {
        let bytes: [UInt8] = [0, 1, 2, 3, 4, 250, 251, 252, 253, 254]
        let text = RecoveryCode.text(bytes)
        #expect(text.utf8.count == 19 && RecoveryCode.read(text) == bytes)
        for wrong in [
            text.uppercased(), text.replacing("-", with: ""), text + "-", " " + text, "",
            "aaaa-aaaa-aaaa-aaa1", "aaaa-aaaa-aaaa", "１２３４５６",
        ] {
            #expect(RecoveryCode.read(wrong) == nil, "\(wrong)")
        }
    }

    @Test("spells base 32 as RFC 4648 §10 does")
    func base32() {
        #expect(Base32.encode(Array("fooba".utf8)) == "MZXW6YTB")
        #expect(Base32.decode(Array("MZXW6YTB".utf8)) == Array("fooba".utf8))
        for wrong in ["MZXW6YT", "mzxw6ytb", "MZXW6YT1", "MZXW6YT="] {
            #expect(Base32.decode(Array(wrong.utf8)) == nil)
        }
    }
}
