/// A time as an operator writes it: `30s`, `500ms`, `5m`, `1h`; without a unit it is seconds.
public struct TimeSpan: Equatable, Comparable, Sendable, CustomStringConvertible {
    public let milliseconds: UInt64

    /// The longest: a week.
    public static let longest = TimeSpan(milliseconds: 7 * 86_400_000)

    public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    /// Reads a whole number and its unit; nil when it is none, or longer than `longest`.
    public init?(parsing text: String) {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let scales: [Substring: UInt64] = [
            "ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000,
        ]
        guard let number = UInt64(digits), number <= Self.longest.milliseconds,
            let scale = scales[text.dropFirst(digits.count)],
            number * scale <= Self.longest.milliseconds
        else { return nil }
        milliseconds = number * scale
    }

    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public var description: String {
        let digits = milliseconds % 1_000 == 0 ? 0 : milliseconds % 100 == 0 ? 1 : 3
        return Fixed.text(milliseconds, of: 1_000, digits: digits) + " s"
    }
}
