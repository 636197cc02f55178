extension LatencyHistogram {
    /// The least value that at least this share of all values do not exceed, in microseconds.
    ///
    /// What comes out is the greatest value that shares a counter with it, and never more than the
    /// greatest that was recorded; 0 when nothing was.
    ///
    /// - Parameter share: in 1 / 10,000: 5,000 is the median, 9,990 is p99.9.
    public func microseconds(atTenThousandths share: UInt64) -> UInt64 {
        precondition(share <= 10_000, "share \(share)")
        guard total > 0 else { return 0 }
        let (high, low) = total.multipliedFullWidth(by: share)
        precondition(high == 0, "\(total) values")
        let wanted = max(1, (low + 9_999) / 10_000)
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() {
            seen += count
            if seen >= wanted { return min(Self.highestValue(at: index), greatestMicroseconds) }
        }
        preconditionFailure("\(seen) of \(total) values are in the counters")
    }

    /// The mean in nanoseconds, rounded down; 0 when nothing was recorded.
    public var meanNanoseconds: UInt64 {
        guard total > 0 else { return 0 }
        var sum: UInt128 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            sum += UInt128(count) * UInt128(Self.middleValue(at: index))
        }
        return UInt64(sum * 1_000 / UInt128(total))
    }

    /// The standard deviation of all values in nanoseconds, rounded down.
    public var deviationNanoseconds: UInt64 {
        guard total > 0 else { return 0 }
        let mean = meanNanoseconds
        var sum: UInt128 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            let value = Self.middleValue(at: index) * 1_000
            let distance = UInt128(value > mean ? value - mean : mean - value)
            sum += UInt128(count) * distance * distance
        }
        return Self.squareRoot(sum / UInt128(total))
    }

    /// The greatest number whose square is at most `value`, by Newton's method from above.
    private static func squareRoot(_ value: UInt128) -> UInt64 {
        guard value > 1 else { return UInt64(value) }
        var root = UInt128(1) << UInt128((128 - value.leadingZeroBitCount + 1) / 2)
        while true {
            let next = (root + value / root) / 2
            guard next < root else { return UInt64(root) }
            root = next
        }
    }
}
