/// Numbers with a fixed count of digits behind the point, without floating point.
enum Fixed {
    /// `numerator / denominator`, neither of them negative, rounded half up.
    ///
    /// - Parameter digits: behind the point, 0 to 12.
    static func text(
        _ numerator: some BinaryInteger, of denominator: some BinaryInteger, digits: Int
    ) -> String {
        precondition((0...12).contains(digits), "\(digits) digits")
        precondition(denominator > 0, "division by 0")
        var scale: UInt128 = 1
        for _ in 0..<digits { scale *= 10 }
        let divisor = UInt128(denominator)
        let scaled = (UInt128(numerator) * scale * 2 + divisor) / (divisor * 2)
        guard digits > 0 else { return "\(scaled)" }
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: scale)
        return "\(whole)." + padded("\(fraction)", digits, with: "0")
    }

    /// A whole number, not negative, with a comma before every three digits.
    static func grouped(_ number: some BinaryInteger) -> String {
        var groups: [Substring] = []
        var rest = Substring("\(number)")
        while rest.count > 3 {
            groups.insert(rest.suffix(3), at: 0)
            rest = rest.dropLast(3)
        }
        return ([rest] + groups).joined(separator: ",")
    }

    /// The text, at the right end of so many columns.
    static func right(_ text: String, _ width: Int) -> String { padded(text, width, with: " ") }

    /// The text, at the left end of so many columns.
    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func padded(_ text: String, _ width: Int, with filler: Character) -> String {
        String(repeating: filler, count: max(0, width - text.count)) + text
    }
}
