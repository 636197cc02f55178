/// Base32 (RFC 4648 §6) without padding, of whole groups of five bytes: one spelling per value.
public enum Base32 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// Spells `bytes` in capitals.
    ///
    /// - Precondition: a multiple of five bytes.
    public static func encode(_ bytes: [UInt8]) -> String {
        precondition(bytes.count % 5 == 0, "\(bytes.count) bytes")
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 5 * 8)
        for start in stride(from: 0, to: bytes.count, by: 5) {
            let group = bytes[start..<(start + 5)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            for place in (0..<8).reversed() {
                text.append(digits[Int(group >> UInt64(place * 5) & 31)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that a text of capitals spells; nil when it spells none.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 8 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 8 * 5)
        for start in stride(from: 0, to: text.count, by: 8) {
            var group: UInt64 = 0
            for digit in text[start..<(start + 8)] {
                guard let value = digits.firstIndex(of: digit) else { return nil }
                group = group << 5 | UInt64(value)
            }
            for place in (0..<5).reversed() {
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt64(place * 8)))
            }
        }
        return bytes
    }
}
