/// Names a bucket: whose requests it counts.
public struct BudgetID: Hashable, Comparable, Sendable {
    /// What it counts the requests of. The numbers are for ever.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case key = 1
        case user = 2
        case tenant = 3
    }

    public let kind: Kind
    /// The id of the key, user or tenant.
    public let bits: UInt128

    public init(_ kind: Kind, _ bits: UInt128) {
        self.kind = kind
        self.bits = bits
    }

    public static func < (a: BudgetID, b: BudgetID) -> Bool {
        (a.kind.rawValue, a.bits) < (b.kind.rawValue, b.bits)
    }
}

/// How much a bucket lets pass: `count` requests in each window, and `burst` at once.
public struct BudgetRate: Hashable, Sendable {
    /// From 1 to 999,999,999.
    public let count: UInt32
    /// The window, from one second to 31 days.
    public let seconds: UInt32
    /// What the bucket holds when it is full; from 1 to `count`.
    public let burst: UInt32

    /// The most that a count may be.
    public static let countMax: UInt32 = 999_999_999
    /// The most that a window may be.
    public static let secondsMax: UInt32 = 31 * 86_400

    /// The burst that belongs to a limit: ten requests, a sixtieth, or what half a second allows,
    /// whichever is most.
    ///
    /// - Precondition: both are within their bounds.
    public init(count: UInt32, seconds: UInt32) {
        let halfSecond = (UInt64(count) + 2 * UInt64(seconds) - 1) / (2 * UInt64(seconds))
        let burst = max(10, UInt64(count) / 60, halfSecond)
        self.init(count: count, seconds: seconds, burst: UInt32(min(UInt64(count), burst)))
    }

    /// - Precondition: all are within their bounds.
    public init(count: UInt32, seconds: UInt32, burst: UInt32) {
        precondition((1...Self.countMax).contains(count), "\(count) requests")
        precondition((1...Self.secondsMax).contains(seconds), "\(seconds) seconds")
        precondition((1...count).contains(burst), "a burst of \(burst) of \(count)")
        self.count = count
        self.seconds = seconds
        self.burst = burst
    }

    /// The most that one node is granted at a time: a hundredth of the limit, or what 100 ms allow.
    public var sliceMax: UInt32 {
        let least = UInt64(count) / (10 * UInt64(seconds))
        return UInt32(min(UInt64(burst), max(1, UInt64(count) / 100, least)))
    }

    /// What one request takes of a bucket, in the units of `Fill`.
    var unit: Int128 { Int128(seconds) * 1_000_000_000 }
}

/// A bucket and what it lets pass.
public struct Budget: Hashable, Sendable {
    public let id: BudgetID
    public let rate: BudgetRate
    public init(_ id: BudgetID, _ rate: BudgetRate) {
        self.id = id
        self.rate = rate
    }
}

/// How full a bucket is at a moment.
///
/// A unit is what the rate gives in a nanosecond divided by `count`: a request takes as many units
/// as the window has nanoseconds. So nothing is ever rounded.
struct Fill: Equatable, Sendable {
    private(set) var rate: BudgetRate
    /// Below zero when more was used than there was.
    private(set) var units: Int128
    /// Nanoseconds of a steady clock.
    private(set) var at: UInt64

    /// A full bucket.
    init(full rate: BudgetRate, at now: UInt64) {
        self.rate = rate
        at = now
        units = Int128(rate.burst) * rate.unit
    }

    /// A bucket at a level in millionths of a request.
    init(_ rate: BudgetRate, microRequests: Int64, at now: UInt64) {
        self.init(full: rate, at: now)
        let told = Int128(microRequests) * rate.unit / 1_000_000
        units = min(capacity, max(floor, told))
    }

    private var capacity: Int128 { Int128(rate.burst) * rate.unit }
    // All that nodes can owe at once is carried: their shares of a burst, each rounded up, and
    // those again that two leaders have charged. More is nobody's debt, and must not be paid for
    // for ever.
    private var floor: Int128 {
        -(Int128(rate.count) + Int128(rate.burst) + Self.nodesMax) * rate.unit
    }
    private static let nodesMax: Int128 = 64

    var isFull: Bool { units >= capacity }

    /// Whole requests that it holds.
    var whole: UInt32 { units <= 0 ? 0 : UInt32(units / rate.unit) }

    /// The level in millionths of a request.
    var microRequests: Int64 { Int64(units * 1_000_000 / rate.unit) }

    /// Fills up to a moment; an earlier one changes nothing.
    mutating func advance(to now: UInt64) {
        guard now > at else { return }
        units = min(capacity, units + Int128(rate.count) * Int128(now - at))
        at = now
    }

    /// Takes requests out; below zero if they are not there.
    mutating func take(_ requests: UInt32) {
        units = max(floor, units - Int128(requests) * rate.unit)
    }

    /// Puts requests back.
    mutating func putBack(_ requests: UInt32) {
        units = min(capacity, units + Int128(requests) * rate.unit)
    }

    /// Goes on with another rate: as many requests as before, of what there is room for.
    mutating func adopt(_ rate: BudgetRate) {
        guard rate != self.rate else { return }
        let level = microRequests
        self = Fill(rate, microRequests: level, at: at)
    }

    /// After how many nanoseconds it holds this many requests.
    func nanoseconds(until requests: UInt32) -> UInt64 {
        let missing = Int128(requests) * rate.unit - units
        guard missing > 0 else { return 0 }
        let count = Int128(rate.count)
        return UInt64((missing + count - 1) / count)
    }
}
