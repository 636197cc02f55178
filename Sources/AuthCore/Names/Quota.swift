/// How many requests may be made in a day and in a month of UTC: `10000/day`, `1000000/month`, or
/// both with a comma between them.
public struct Quota: Hashable, Sendable {
    /// From 1 to `countMax`; nil where days are free.
    public private(set) var day: UInt64?
    /// The same for months.
    public private(set) var month: UInt64?

    /// The most that may be asked for: twelve digits.
    public static let countMax: UInt64 = 999_999_999_999
    /// None at all.
    public static let none = Quota()

    private init() {}

    /// Reads one or two parts, each one to twelve digits, the first of them no zero, a slash, and
    /// `day` or `month`, each of them once; nil for anything else.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        for part in parts {
            let halves = part.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard halves.count == 2, (1...12).contains(halves[0].count),
                halves[0].first != UInt8(ascii: "0"),
                halves[0].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            let count = halves[0].reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
            if halves[1].elementsEqual("day".utf8), day == nil {
                day = count
            } else if halves[1].elementsEqual("month".utf8), month == nil {
                month = count
            } else {
                return nil
            }
        }
    }

    /// What is stored as text: none where there is none.
    public init(stored text: Text) { self = text.isEmpty ? .none : Quota(text.string) ?? .none }

    /// The higher of two, for days and months apart; one that says nothing of them does not count.
    public func raised(to other: Quota) -> Quota {
        var higher = Quota()
        higher.day = [day, other.day].compactMap { $0 }.max()
        higher.month = [month, other.month].compactMap { $0 }.max()
        return higher
    }
}

extension Quota: CustomStringConvertible {
    public var description: String {
        [day.map { "\($0)/day" }, month.map { "\($0)/month" }].compactMap { $0 }
            .joined(separator: ",")
    }
}
