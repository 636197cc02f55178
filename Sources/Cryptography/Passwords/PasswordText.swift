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
