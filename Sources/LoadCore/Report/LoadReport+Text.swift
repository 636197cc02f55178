extension LoadReport {
    /// The percentiles that reports show, in 1 / 10,000.
    static let percentiles: [(name: String, share: UInt64)] = [
        ("p50", 5_000), ("p90", 9_000), ("p99", 9_900), ("p99.9", 9_990),
    ]

    /// For people, line by line.
    public var lines: [String] {
        var lines = [heading, "mix \(plan.mix), seed \(plan.seed)", ""]
        lines += table.lines()
        if plan.ratePerSecond != nil { lines += ["", queueSentence] }
        lines += failureLines
        lines += notes
        return lines
    }

    private var heading: String {
        let seconds = Fixed.text(milliseconds, of: 1_000, digits: 1)
        let end = isInterrupted ? ", interrupted" : ""
        return "\(plan.loop), \(Fixed.grouped(plan.connections)) connections, "
            + "\(seconds) s after \(plan.warmUp) of warm-up\(end)"
    }

    private var table: Columns {
        var table = Columns(
            ["KIND", "SUCCEEDED", "FAILED", "PER SECOND", "MEAN"]
                + Self.percentiles.map { $0.name.uppercased() } + ["MAX"])
        for kind in kinds { table.add(row(kind.name, kind)) }
        if kinds.count > 1 { table.add(row("all", nil)) }
        if tally.failedLatency.total > 0 {
            table.add(
                ["failed", "", "", ""] + Self.milliseconds(tally.failedLatency))
        }
        return table
    }

    private func row(_ name: String, _ kind: RequestKind?) -> [String] {
        [
            name, Fixed.grouped(tally.succeeded(kind)), Fixed.grouped(tally.failed(kind)),
            Fixed.text(ratePerThousandSeconds(kind), of: 1_000, digits: 1),
        ] + Self.milliseconds(tally.latency(of: kind))
    }

    private static func milliseconds(_ histogram: LatencyHistogram) -> [String] {
        guard histogram.total > 0 else {
            return Array(repeating: "-", count: percentiles.count + 2)
        }
        let values = percentiles.map { histogram.microseconds(atTenThousandths: $0.share) }
        return [Fixed.text(histogram.meanNanoseconds, of: 1_000_000, digits: 3) + " ms"]
            + (values + [histogram.greatestMicroseconds]).map {
                Fixed.text($0, of: 1_000, digits: 3) + " ms"
            }
    }

    private var queueSentence: String {
        "\(Fixed.grouped(tally.waited)) requests waited for a connection, "
            + "\(Fixed.grouped(tally.longestQueue)) at once in one event loop; "
            + "\(Fixed.grouped(tally.notSent())) were never sent; "
            + "latency counts from the intended moment"
    }

    private var failureLines: [String] {
        guard !failures.isEmpty else { return [] }
        var table = Columns(["FAILED", "STATUS", "CODE", "COUNT"])
        for (failure, count) in failures {
            table.add([
                failure.kind.name, failure.status == 0 ? "-" : "\(failure.status)",
                failure.code.isEmpty ? "-" : failure.code, Fixed.grouped(count),
            ])
        }
        return [""] + table.lines(left: 3)
    }

    private var notes: [String] {
        var notes: [String] = []
        if tally.connectionsLost > 0 {
            notes.append("\(Fixed.grouped(tally.connectionsLost)) connections were lost")
        }
        if tally.tokensGivenUp > 0 {
            notes.append(
                "\(Fixed.grouped(tally.tokensGivenUp)) refresh tokens were given up, because "
                    + "nobody knows whether they were redeemed")
        }
        return notes.isEmpty ? [] : [""] + notes
    }
}
