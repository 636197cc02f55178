/// A moment of wall-clock time, in milliseconds since the Unix epoch, UTC without leap seconds.
public struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The moment `milliseconds` after the Unix epoch.
    public init(milliseconds: UInt64) { rawValue = milliseconds }
    /// The Unix epoch; in records: never.
    public static let zero = Timestamp(rawValue: 0)
    /// The latest moment that can be written.
    public static let max = Timestamp(rawValue: .max)
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }
    /// The moment `milliseconds` later, or `max`.
    public func advanced(milliseconds: UInt64) -> Timestamp {
        let (sum, overflow) = rawValue.addingReportingOverflow(milliseconds)
        return overflow ? .max : Timestamp(rawValue: sum)
    }
    /// The milliseconds since `earlier`, or 0 when `earlier` is later.
    public func milliseconds(since earlier: Timestamp) -> UInt64 {
        rawValue > earlier.rawValue ? rawValue - earlier.rawValue : 0
    }
}
