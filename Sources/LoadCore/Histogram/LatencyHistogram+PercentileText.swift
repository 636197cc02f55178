extension LatencyHistogram {
    /// The percentile distribution as HdrHistogram's tools and plotters read it (`.hgrm`), in
    /// milliseconds.
    ///
    /// **Source**: `outputPercentileDistribution` of HdrHistogram, five ticks for each half of the
    /// distance to 100 %.
    public var percentileText: String {
        var lines = [
            "\(right("Value", 12)) \(right("Percentile", 14)) \(right("TotalCount", 10)) "
                + right("1/(1-Percentile)", 14), "",
        ]
        lines += percentileLines
        let mean = Fixed.text(meanNanoseconds, of: 1_000_000, digits: 3)
        let deviation = Fixed.text(deviationNanoseconds, of: 1_000_000, digits: 3)
        let greatest = Fixed.text(greatestMicroseconds, of: 1_000, digits: 3)
        lines += [
            "#[Mean    = \(right(mean, 12)), StdDeviation   = \(right(deviation, 12))]",
            "#[Max     = \(right(greatest, 12)), Total count    = \(right("\(total)", 12))]",
            "#[Buckets = \(right("22", 12)), SubBuckets     = \(right("2048", 12))]", "",
        ]
        return lines.joined(separator: "\n")
    }

    private var percentileLines: [String] {
        var lines: [String] = []
        var level = PercentileLevel()
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen += count
            let value = Fixed.text(Self.highestValue(at: index), of: 1_000, digits: 3)
            let begin = "\(right(value, 12))"
            while level.isReached(seen: seen, of: total) {
                lines.append(
                    "\(begin) \(level.text) \(right("\(seen)", 10)) "
                        + right(level.inverseText, 14))
                level.advance()
                // Every level from here on is reached by all values: the last line says so.
                if seen == total { break }
            }
            if seen == total { lines.append("\(begin) 1.000000000000 \(right("\(seen)", 10))") }
        }
        return lines
    }

    private func right(_ text: String, _ width: Int) -> String { Fixed.right(text, width) }
}

/// A step on the way to 100 %: `1 - (10 - tick) / (10 · 2^halvings)`.
private struct PercentileLevel {
    private var halvings: UInt128 = 0
    /// 0 to 4.
    private var tick: UInt128 = 0

    private var denominator: UInt128 { 10 << halvings }
    private var rest: UInt128 { 10 - tick }

    /// Whether so many of all lie at or below this level.
    func isReached(seen: UInt64, of total: UInt64) -> Bool {
        UInt128(total - seen) * denominator <= rest * UInt128(total)
    }

    /// The next level, half way to the end after each five.
    mutating func advance() {
        tick += 1
        guard tick == 5 else { return }
        tick = 0
        halvings += 1
        precondition(halvings <= 64, "no count is that large")
    }

    var text: String { Fixed.text(denominator - rest, of: denominator, digits: 12) }
    var inverseText: String { Fixed.text(denominator, of: rest, digits: 2) }
}
