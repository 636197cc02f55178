internal import AuthCore
public import ByteCodec
public import Cryptography

/// Time-based one-time codes (RFC 6238): HMAC-SHA-1, six digits, 30 s.
public enum TOTP {
    /// The length of a secret (RFC 4226 §4 R6 recommends 160 bits).
    public static let secretByteCount = 20
    /// The digits of a code.
    public static let digitCount = 6

    /// The time step of a moment (RFC 6238 §4.2: T).
    public static func step(at moment: Timestamp) -> UInt64 {
        moment.rawValue / Limits.codeStepMilliseconds
    }

    /// The code of a step, as ASCII digits (RFC 4226 §5.3).
    public static func code(step: UInt64, secret: borrowing SecretBytes) -> [UInt8] {
        let value = truncated(step: step, secret: secret) % 1_000_000
        var digits = [UInt8](repeating: 0, count: digitCount)
        var rest = value
        for place in digits.indices.reversed() {
            digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return digits
    }

    /// The 31 bits from which a code is taken (RFC 4226 §5.3).
    static func truncated(step: UInt64, secret: borrowing SecretBytes) -> UInt32 {
        var message = ByteWriter(capacity: 8)
        message.write(bigEndian: step)
        let tag = HMACSHA1.authenticate(message.bytes, key: secret)
        let offset = Int(tag[19] & 15)
        return tag[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
    }

    /// The newest of the present step and its neighbours whose code this is, nil when it is of
    /// none. All three are compared, each in constant time.
    public static func match(
        _ code: [UInt8], secret: borrowing SecretBytes, at moment: Timestamp
    ) -> UInt64? {
        let present = step(at: moment)
        var found: UInt64?
        for step in (present - min(1, present))...(present + 1)
        where constantTimeEqual(code, self.code(step: step, secret: secret)) {
            found = step
        }
        return found
    }
}

/// Codes for who has lost what makes one-time codes: 80 random bits each, as four groups of four
/// letters or digits.
enum RecoveryCode {
    static let byteCount = 10

    /// As it is shown, once.
    static func text(_ bytes: [UInt8]) -> String {
        let letters = Array(Base32.encode(bytes).lowercased().utf8)
        return stride(from: 0, to: letters.count, by: 4).map { start in
            String(decoding: letters[start..<(start + 4)], as: UTF8.self)
        }.joined(separator: "-")
    }

    /// What a text spells; nil when it is no recovery code.
    static func read(_ text: String) -> [UInt8]? {
        let groups = text.utf8.split(
            separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard groups.count == 4, groups.allSatisfy({ $0.count == 4 }) else { return nil }
        let letters = groups.flatMap { $0 }
        guard !letters.contains(where: { (0x41...0x5A).contains($0) }) else { return nil }
        return Base32.decode(letters.map { (0x61...0x7A).contains($0) ? $0 - 32 : $0 })
    }
}
