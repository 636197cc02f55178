/// Base64 (RFC 4648 §4, §5), in one spelling per value.
///
/// Reading is strict: padding exactly where the variant has it, no blanks, no left-over bits.
public struct Base64: Sendable {
    /// `+` and `/`, with padding: for bodies.
    public static let standard = Base64(digit62: UInt8(ascii: "+"), UInt8(ascii: "/"), padded: true)
    /// `+` and `/`, without padding: for PHC strings.
    public static let unpadded = Base64(
        digit62: UInt8(ascii: "+"), UInt8(ascii: "/"), padded: false)
    /// `-` and `_`, without padding: for addresses and headers.
    public static let url = Base64(digit62: UInt8(ascii: "-"), UInt8(ascii: "_"), padded: false)

    private let digit62: UInt8
    private let digit63: UInt8
    private let padded: Bool

    private init(digit62: UInt8, _ digit63: UInt8, padded: Bool) {
        self.digit62 = digit62
        self.digit63 = digit63
        self.padded = padded
    }

    /// Spells `bytes`.
    public func encode(_ bytes: [UInt8]) -> String {
        String(decoding: encodeASCII(bytes), as: UTF8.self)
    }

    /// Spells `bytes` as ASCII.
    public func encodeASCII(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = (buffer << 8 | UInt32(byte)) & 0xFFFF
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(character(of: UInt8(truncatingIfNeeded: buffer >> bits & 63)))
            }
        }
        if bits > 0 {
            text.append(character(of: UInt8(truncatingIfNeeded: buffer << (6 - bits) & 63)))
        }
        while padded && text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }

    /// Reads the one spelling of some bytes; nil for anything else.
    public func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }

    /// Reads the one spelling of some bytes; nil for anything else.
    public func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var digits = text[...]
        if padded {
            guard text.count % 4 == 0 else { return nil }
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits = digits.dropLast() }
            // One or two characters of padding complete a group of four; more would be a group.
            guard text.count - digits.count == (4 - digits.count % 4) % 4 else { return nil }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in digits {
            guard let value = value(of: character) else { return nil }
            buffer = (buffer << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        guard bits < 6, buffer & (1 << bits - 1) == 0 else { return nil }
        return bytes
    }

    private func character(of value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: digit62
        default: digit63
        }
    }

    private func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case digit62: 62
        case digit63: 63
        default: nil
        }
    }
}
