import Testing

@testable import LoadCore

@Suite("The histogram of latencies") struct LatencyHistogramTests {
    /// What HdrHistogram was asked too, with 1 to 2³² − 1 and three digits.
    private static let example: [(microseconds: UInt64, count: Int)] = [
        (250, 50), (900, 30), (2_049, 10), (5_000, 5), (123_456, 4), (7_654_321, 1),
    ]

    private func example() -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for (value, count) in Self.example {
            for _ in 0..<count { histogram.record(microseconds: value) }
        }
        return histogram
    }

    @Test("has the percentiles that HdrHistogram has, but for a greatest value that is exact")
    func percentiles() {
        let histogram = example()
        #expect(histogram.microseconds(atTenThousandths: 5_000) == 250)
        #expect(histogram.microseconds(atTenThousandths: 9_000) == 2_049)
        #expect(histogram.microseconds(atTenThousandths: 9_500) == 5_003)
        #expect(histogram.microseconds(atTenThousandths: 9_900) == 123_519)
        #expect(histogram.microseconds(atTenThousandths: 9_990) == 7_654_321)
        #expect(
            LatencyHistogram.highestValue(at: LatencyHistogram.index(of: 7_654_321))
                == 7_655_423)
    }

    @Test("has the mean and the deviation that HdrHistogram has")
    func moments() {
        let histogram = example()
        #expect(histogram.meanNanoseconds == 82_323_280)
        #expect(histogram.deviationNanoseconds == 761_299_176)
    }

    @Test("tells each value to one part in 1,024 at least, and those below 2,048 µs apart")
    func resolution() {
        for value in UInt64(0)..<2_048 {
            #expect(LatencyHistogram.highestValue(at: LatencyHistogram.index(of: value)) == value)
        }
        var value: UInt64 = 2_048
        while value <= LatencyHistogram.microsecondsMax {
            for near in [value - 1, value, value + 1] {
                let highest = LatencyHistogram.highestValue(at: LatencyHistogram.index(of: near))
                #expect(highest >= near)
                #expect((highest - near) * 1_024 <= near)
            }
            value = value * 3 / 2
        }
    }

    @Test("has counters without a gap: the value behind the highest of one is the next one's")
    func contiguous() {
        let last = LatencyHistogram.index(of: LatencyHistogram.microsecondsMax)
        #expect(last == 23_551)
        for index in 0..<last {
            let next = LatencyHistogram.highestValue(at: index) + 1
            guard LatencyHistogram.index(of: next) != index + 1 else { continue }
            Issue.record("counter \(index) ends at \(next - 1)")
        }
    }

    @Test("counts what is too long as the longest")
    func clamps() {
        var histogram = LatencyHistogram()
        histogram.record(microseconds: .max)
        #expect(histogram.total == 1)
        #expect(histogram.greatestMicroseconds == LatencyHistogram.microsecondsMax)
        #expect(histogram.counts.count == 23_552)
    }

    @Test("keeps no more counters than its highest value needs")
    func small() {
        var histogram = LatencyHistogram()
        histogram.record(microseconds: 300)
        #expect(histogram.counts.count == 301)
    }

    @Test("is the same whether all is recorded in one or merged from two")
    func merges() {
        var (first, second, whole) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for number in UInt64(1)...1_000 {
            let value = number * number
            whole.record(microseconds: value)
            if number % 3 == 0 {
                first.record(microseconds: value)
            } else {
                second.record(microseconds: value)
            }
        }
        first.merge(second)
        #expect(first == whole)
        first.merge(LatencyHistogram())
        #expect(first == whole)
    }

    @Test("has nothing to tell when nothing was recorded")
    func empty() {
        let histogram = LatencyHistogram()
        #expect(histogram.microseconds(atTenThousandths: 9_900) == 0)
        #expect(histogram.meanNanoseconds == 0)
        #expect(histogram.deviationNanoseconds == 0)
        #expect(histogram.leastMicroseconds == 0)
    }

    @Test("writes the percentile text that HdrHistogram's plotters read")
    func percentileText() {
        var histogram = LatencyHistogram()
        for value in [100, 200, 300, 5_000] as [UInt64] { histogram.record(microseconds: value) }
        #expect(
            histogram.percentileText == """
                       Value     Percentile TotalCount 1/(1-Percentile)

                       0.100 0.000000000000          1           1.00
                       0.100 0.100000000000          1           1.11
                       0.100 0.200000000000          1           1.25
                       0.200 0.300000000000          2           1.43
                       0.200 0.400000000000          2           1.67
                       0.200 0.500000000000          2           2.00
                       0.300 0.550000000000          3           2.22
                       0.300 0.600000000000          3           2.50
                       0.300 0.650000000000          3           2.86
                       0.300 0.700000000000          3           3.33
                       0.300 0.750000000000          3           4.00
                       5.003 0.775000000000          4           4.44
                       5.003 1.000000000000          4
                #[Mean    =        1.401, StdDeviation   =        2.081]
                #[Max     =        5.000, Total count    =            4]
                #[Buckets =           22, SubBuckets     =         2048]

                """)
    }

    @Test("ends its percentile text where all are counted, however many there are")
    func percentileTextEnds() {
        var histogram = LatencyHistogram()
        for number in UInt64(1)...100_000 { histogram.record(microseconds: number) }
        let lines = histogram.percentileText.split(separator: "\n")
        #expect(lines.count < 100)
        #expect(lines.contains { $0.hasSuffix("1.000000000000     100000") })
    }
}
