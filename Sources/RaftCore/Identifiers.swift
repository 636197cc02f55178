/// A period of leadership, counted from 1; 0 is before the first election (Raft §5.1).
public struct Term: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }
    /// Before the first election.
    public static let zero = Term(0)
    /// The term that a candidate for the next election asks for.
    public var next: Term { Term(rawValue + 1) }
    public static func < (a: Term, b: Term) -> Bool { a.rawValue < b.rawValue }
}

/// The position of an entry in the log, counted from 1; 0 is before the first entry (Raft §5.3).
public struct LogIndex: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }
    /// Before the first entry.
    public static let zero = LogIndex(0)
    /// The index behind this one.
    public var next: LogIndex { LogIndex(rawValue + 1) }
    /// The index before this one.
    ///
    /// - Precondition: not `zero`.
    public var previous: LogIndex { LogIndex(rawValue - 1) }
    public static func < (a: LogIndex, b: LogIndex) -> Bool { a.rawValue < b.rawValue }
    public static func + (index: LogIndex, count: Int) -> LogIndex {
        LogIndex(index.rawValue + UInt64(count))
    }
    /// How many entries lie behind `other`, up to and with this one.
    public func distance(from other: LogIndex) -> UInt64 {
        precondition(self >= other, "\(rawValue) lies before \(other.rawValue)")
        return rawValue - other.rawValue
    }
}

/// A node of the cluster, written `n` and the number; 0 is nobody.
public struct NodeID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }
    /// Reads `n1`, `n2`, … without leading zeros; nil for anything else.
    public init?(name: String) {
        let digits = name.utf8.dropFirst()
        guard name.utf8.first == UInt8(ascii: "n"), (1...18).contains(digits.count),
            digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        rawValue = digits.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
    }
    public var description: String { "n\(rawValue)" }
    public static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }
}

/// One life of a node's data directory: drawn at random when the directory is made.
///
/// A node whose disk was lost comes back with another incarnation, and is then another node to
/// its peers, because it has forgotten its promises.
public struct Incarnation: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }
}

/// A reading of one node's steady clock, in nanoseconds since an unknown moment.
///
/// Readings of different nodes, or of different runs of one node, must not be compared.
public struct SteadyTime: Hashable, Comparable, Sendable {
    public let nanoseconds: UInt64
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
    public static let zero = SteadyTime(nanoseconds: 0)
    public static func < (a: SteadyTime, b: SteadyTime) -> Bool { a.nanoseconds < b.nanoseconds }
    /// The moment `milliseconds` later.
    public func advanced(milliseconds: UInt64) -> SteadyTime {
        SteadyTime(nanoseconds: nanoseconds + milliseconds * 1_000_000)
    }
    /// The moment `nanoseconds` later.
    public func advanced(nanoseconds step: UInt64) -> SteadyTime {
        SteadyTime(nanoseconds: nanoseconds + step)
    }
    /// The time that passed since `earlier`, or 0 when `earlier` is later.
    public func nanoseconds(since earlier: SteadyTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }
}
