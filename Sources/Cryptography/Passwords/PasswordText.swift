/// The 64 digits of crypt(5), `./0-9A-Za-z`.
enum CryptAlphabet {
    /// Whether `character` is one of the 64 digits.
    static func contains(_ character: UInt8) -> Bool { value(of: character) != nil }

    /// The value of a digit.
    static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "."), UInt8(ascii: "/"): UInt32(character - UInt8(ascii: "."))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 2
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A")) + 12
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 38
        default: nil
        }
    }

    /// A number in digits, least significant first.
    static func number(_ digits: some Collection<UInt8>) -> UInt32? {
        precondition(digits.count <= 5, "\(digits.count) digits")
        var number: UInt32 = 0
        for (index, digit) in digits.enumerated() {
            guard let value = value(of: digit) else { return nil }
            number |= value << (6 * UInt32(index))
        }
        return number
    }
}

/// Base64 without padding (RFC 4648 §4), as PHC strings use it; on reading, also with `.` for `+`,
/// as passlib writes.
enum UnpaddedBase64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Spells `bytes`.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> bits & 63)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << (6 - bits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads bytes, or nil for a foreign character, an impossible length, or left-over bits.
    static func decode(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in text.utf8 {
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

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "."): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

extension Substring {
    /// A decimal number without sign or leading zero.
    var canonicalDecimal: UInt64? {
        guard (1...10).contains(utf8.count), self == "0" || first != "0" else { return nil }
        guard utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt64(self)
    }

    /// The values of `name=number,name=number`, or nil unless the names are exactly `names` in
    /// their order.
    func decimals(named names: [String]) -> [UInt64]? {
        let parts = split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == names.count else { return nil }
        var values: [UInt64] = []
        for (part, name) in zip(parts, names) {
            guard part.hasPrefix(name + "="),
                let value = part.dropFirst(name.count + 1).canonicalDecimal
            else { return nil }
            values.append(value)
        }
        return values
    }
}
