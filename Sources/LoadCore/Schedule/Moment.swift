/// A moment of a monotonic clock, in nanoseconds since some beginning.
public struct Moment: Comparable, Hashable, Sendable {
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static func < (left: Moment, right: Moment) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment so much later.
    public func advanced(byMilliseconds milliseconds: UInt64) -> Moment {
        Moment(nanoseconds: nanoseconds + milliseconds * 1_000_000)
    }

    /// Microseconds from an earlier moment to this one, begun ones counted; 0 when it is later.
    public func microseconds(since earlier: Moment) -> UInt64 {
        guard earlier < self else { return 0 }
        return (nanoseconds - earlier.nanoseconds + 999) / 1_000
    }
}
