/// How often something may be done: a number for each unit of time, as in `100/minute`.
public struct RateLimit: Hashable, Sendable {
    /// From 1 to 999,999,999.
    public let count: UInt32
    public let unit: Unit

    /// The span of time that the number is for.
    public enum Unit: String, CaseIterable, Sendable {
        case second, minute, hour, day

        /// How long it is.
        public var seconds: UInt64 {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3_600
            case .day: 86_400
            }
        }
    }

    /// Reads one to nine digits, the first of them no zero, a slash, and a unit; nil for anything
    /// else.
    public init?(_ text: String) {
        let halves = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard halves.count == 2, (1...9).contains(halves[0].count),
            halves[0].first != UInt8(ascii: "0"),
            halves[0].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let unit = Unit.allCases.first(where: { halves[1].elementsEqual($0.rawValue.utf8) })
        else { return nil }
        count = halves[0].reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
        self.unit = unit
    }
}

/// By how much may be done in a time; of two that allow the same, the longer span is higher.
extension RateLimit: Comparable {
    public static func < (a: RateLimit, b: RateLimit) -> Bool {
        let (left, right) = (UInt64(a.count) * b.unit.seconds, UInt64(b.count) * a.unit.seconds)
        return left == right ? a.unit.seconds < b.unit.seconds : left < right
    }
}

extension RateLimit: CustomStringConvertible {
    public var description: String { "\(count)/\(unit.rawValue)" }
}
