/// Fixed-width base62: a number, most significant digit first, in the digits `0-9A-Za-z`.
///
/// The width follows from the number of bytes alone, so each value has exactly one spelling, and
/// `decode` refuses every other: wrong widths, foreign characters, and values that do not fit.
public enum Base62 {
    /// The number of digits that 4, 8, 16, 24 or 32 bytes take: 6, 11, 22, 33 or 43.
    ///
    /// - Precondition: `byteCount` is one of these.
    public static func width(ofBytes byteCount: Int) -> Int {
        switch byteCount {
        case 4: 6
        case 8: 11
        case 16: 22
        case 24: 33
        case 32: 43
        default: preconditionFailure("no base62 width for \(byteCount) bytes")
        }
    }

    /// Spells big-endian bytes.
    ///
    /// - Precondition: `bytes` are 4, 8, 16, 24 or 32.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: digits(of: bytes), as: UTF8.self)
    }

    /// Spells a checksum in six digits.
    public static func encode(_ value: UInt32) -> String {
        encode((0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) })
    }

    /// Reads `byteCount` big-endian bytes, or nil unless `text` is their one spelling.
    ///
    /// - Precondition: `byteCount` is 4, 8, 16, 24 or 32.
    public static func decode(_ text: String, byteCount: Int) -> [UInt8]? {
        var text = text
        return text.withUTF8 { utf8 in
            // The buffer is valid until this closure ends, and `decode` copies what it returns.
            unsafe decode(utf8.span, byteCount: byteCount)
        }
    }

    /// Reads `byteCount` big-endian bytes, or nil unless `digits` are their one spelling.
    ///
    /// - Precondition: `byteCount` is 4, 8, 16, 24 or 32.
    public static func decode(_ digits: Span<UInt8>, byteCount: Int) -> [UInt8]? {
        guard let limbs = decodeLimbs(digits, byteCount: byteCount) else { return nil }
        return (0..<byteCount).map { index in
            let fromEnd = byteCount - 1 - index
            return UInt8(truncatingIfNeeded: limbs[fromEnd / 8] >> (8 * UInt64(fromEnd % 8)))
        }
    }

    /// Reads a number of `byteCount` bytes as words, least significant first, or nil unless
    /// `digits` are its one spelling.
    ///
    /// - Precondition: `byteCount` is 4, 8, 16, 24 or 32.
    public static func decodeLimbs(
        _ digits: Span<UInt8>, byteCount: Int
    ) -> InlineArray<4, UInt64>? {
        let width = width(ofBytes: byteCount)
        guard digits.count == width else { return nil }
        let count = (byteCount + 7) / 8
        let values = Self.values.span
        var limbs = InlineArray<4, UInt64>(repeating: 0)
        var position = 0
        while position < width {
            let end = min(position + digitsPerStep, width)
            var chunk: UInt64 = 0
            var scale: UInt64 = 1
            while position < end {
                let digit = values[Int(digits[position])]
                guard digit < 62 else { return nil }
                // A step cannot overflow.
                chunk = chunk &* 62 &+ UInt64(digit)
                scale &*= 62
                position += 1
            }
            guard multiplyAdd(&limbs, count, by: scale, adding: chunk) else { return nil }
        }
        // Only 4 bytes do not fill their limb: 62⁶ is above 2³².
        guard byteCount % 8 == 0 || limbs[0] >> 32 == 0 else { return nil }
        return limbs
    }

    // 62¹⁰ is the largest power below 2⁶⁰, so a step of ten digits cannot overflow 64 bits.
    private static let digitsPerStep = 10
    private static let stepScale: UInt64 = 839_299_365_868_340_224

    /// The same in ASCII.
    public static func digits(of bytes: [UInt8]) -> [UInt8] {
        let width = width(ofBytes: bytes.count)
        let count = (bytes.count + 7) / 8
        var limbs = InlineArray<4, UInt64>(repeating: 0)
        for (index, byte) in bytes.reversed().enumerated() {
            limbs[index / 8] |= UInt64(byte) << (8 * UInt64(index % 8))
        }
        var digits = [UInt8](repeating: UInt8(ascii: "0"), count: width)
        var end = width
        while end > 0 {
            let chunk = divide(&limbs, count, by: stepScale)
            let start = max(0, end - digitsPerStep)
            let rest = spell(chunk, start..<end) { digits[$0] = $1 }
            precondition(rest == 0 || start > 0, "value wider than \(width) digits")
            end = start
        }
        return digits
    }

    /// The digits of a number of 16 bytes, in ASCII.
    public static func digits(of value: UInt128) -> InlineArray<22, UInt8> {
        var limbs = InlineArray<4, UInt64>(repeating: 0)
        limbs[0] = UInt64(truncatingIfNeeded: value)
        limbs[1] = UInt64(truncatingIfNeeded: value >> 64)
        var digits = InlineArray<22, UInt8>(repeating: UInt8(ascii: "0"))
        _ = spell(divide(&limbs, 2, by: stepScale), 12..<22) { digits[$0] = $1 }
        _ = spell(divide(&limbs, 2, by: stepScale), 2..<12) { digits[$0] = $1 }
        _ = spell(limbs[0], 0..<2) { digits[$0] = $1 }
        return digits
    }

    /// Spells the last digits of a number; what is left of it in front of them comes back.
    @inline(__always)
    private static func spell(
        _ value: UInt64, _ places: Range<Int>, _ write: (Int, UInt8) -> Void
    ) -> UInt64 {
        let characters = Self.characters.span
        var rest = value
        for place in places.reversed() {
            write(place, characters[Int(truncatingIfNeeded: rest % 62)])
            rest /= 62
        }
        return rest
    }

    /// Multiplies and adds in the first `count` limbs, least significant first; false on overflow.
    private static func multiplyAdd(
        _ limbs: inout InlineArray<4, UInt64>, _ count: Int, by scale: UInt64, adding chunk: UInt64
    ) -> Bool {
        var carry = chunk
        for index in 0..<count {
            let product = limbs[index].multipliedFullWidth(by: scale)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            limbs[index] = low
            carry = product.high + (overflow ? 1 : 0)
        }
        return carry == 0
    }

    /// Divides the first `count` limbs in place and returns the remainder.
    private static func divide(
        _ limbs: inout InlineArray<4, UInt64>, _ count: Int, by divisor: UInt64
    ) -> UInt64 {
        var remainder: UInt64 = 0
        for index in (0..<count).reversed() {
            let result = divisor.dividingFullWidth((remainder, limbs[index]))
            limbs[index] = result.quotient
            remainder = result.remainder
        }
        return remainder
    }

    private static let characters = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The value of each character; 255 for those that are no digits.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in characters.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()
}
