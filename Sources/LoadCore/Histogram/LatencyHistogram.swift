/// How often which latency was seen, to three significant digits, in bounded memory.
///
/// Values below 2,048 µs have a counter each; from there on each power of two is cut into 1,024
/// counters of equal width, so a value is known to one part in 1,024 at least. At most 23,552
/// counters of 8 bytes are kept, and only as many as the highest value asks for.
///
/// **Source**: Gil Tene's HdrHistogram, with a lowest discernible value of 1 and three digits.
public struct LatencyHistogram: Equatable, Sendable {
    /// The greatest value that is told apart: about 71 minutes. What is above counts as this.
    public static let microsecondsMax: UInt64 = (1 << 32) - 1
    /// Counters of the lowest range; the half of it is what each range above has.
    static let subBuckets: UInt64 = 2_048
    /// log₂ of `subBuckets`.
    static let subBucketBits = 11

    /// By `index(of:)`; as long as the highest value needs.
    private(set) var counts: [UInt64] = []
    /// How many values were recorded.
    public private(set) var total: UInt64 = 0
    /// The least recorded value in microseconds; 0 when there is none.
    public private(set) var leastMicroseconds: UInt64 = 0
    /// The greatest recorded value in microseconds; 0 when there is none.
    public private(set) var greatestMicroseconds: UInt64 = 0

    public init() {}

    /// Counts one value.
    public mutating func record(microseconds: UInt64) {
        let value = min(microseconds, Self.microsecondsMax)
        let index = Self.index(of: value)
        grow(to: index + 1)
        counts[index] += 1
        leastMicroseconds = total == 0 ? value : min(leastMicroseconds, value)
        greatestMicroseconds = max(greatestMicroseconds, value)
        total += 1
    }

    /// Counts all that another histogram has counted.
    public mutating func merge(_ other: LatencyHistogram) {
        guard other.total > 0 else { return }
        grow(to: other.counts.count)
        for (index, count) in other.counts.enumerated() { counts[index] += count }
        leastMicroseconds =
            total == 0 ? other.leastMicroseconds : min(leastMicroseconds, other.leastMicroseconds)
        greatestMicroseconds = max(greatestMicroseconds, other.greatestMicroseconds)
        total += other.total
    }

    private mutating func grow(to length: Int) {
        guard counts.count < length else { return }
        counts.append(contentsOf: repeatElement(0, count: length - counts.count))
    }

    /// The counter of a value.
    static func index(of value: UInt64) -> Int {
        precondition(value <= microsecondsMax, "value \(value)")
        guard value >= subBuckets else { return Int(value) }
        // How far the value is shifted until eleven bits are left of it.
        let shift = UInt64.bitWidth - value.leadingZeroBitCount - subBucketBits
        let top = Int(value >> UInt64(shift))
        return top + shift * Int(subBuckets / 2)
    }

    /// The greatest value that shares this counter.
    static func highestValue(at index: Int) -> UInt64 {
        let half = Int(subBuckets / 2)
        guard index >= 2 * half else { return UInt64(index) }
        let shift = index / half - 1
        let top = index - shift * half
        return (UInt64(top + 1) << UInt64(shift)) - 1
    }

    /// The value in the middle of those that share this counter.
    static func middleValue(at index: Int) -> UInt64 {
        let highest = highestValue(at: index)
        guard index > 0 else { return highest }
        let lowest = highestValue(at: index - 1) + 1
        return lowest + (highest - lowest + 1) / 2
    }
}
