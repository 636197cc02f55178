/// What is shown while a load runs: the last interval.
public struct LiveView: Sendable {
    private let plan: LoadPlan
    private let tally: Tally
    private let intervalMilliseconds: UInt64
    private let elapsedMilliseconds: UInt64

    /// - Parameters:
    ///   - tally: of the last interval.
    ///   - elapsedMilliseconds: since the load began, the warm-up included.
    public init(
        plan: LoadPlan, tally: Tally, intervalMilliseconds: UInt64, elapsedMilliseconds: UInt64
    ) {
        precondition(intervalMilliseconds > 0, "an empty interval")
        self.plan = plan
        self.tally = tally
        self.intervalMilliseconds = intervalMilliseconds
        self.elapsedMilliseconds = elapsedMilliseconds
    }

    /// For a terminal: always as many lines for one plan, so that each block covers the last.
    public var block: [String] {
        var table = Columns(["", "PER SECOND", "P50", "P99", "MAX", "FAILED"])
        for kind in RequestKind.allCases where plan.mix.has(kind) {
            table.add(cells(kind.name, kind))
        }
        table.add(cells("all", nil))
        return ["\(plan.loop), \(plan.connections) connections, \(progress)"] + table.lines()
            + [[queueText, failureText].filter { !$0.isEmpty }.joined(separator: ", ")]
    }

    /// For a file or a pipe: one line.
    public var line: String {
        let cells = cells("", nil)
        let parts = [
            "\(cells[1])/s", "p50 \(cells[2])", "p99 \(cells[3])", "max \(cells[4])",
            "failed \(cells[5])", queueText, failureText,
        ]
        return "\(progress): " + parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private var progress: String {
        let all = plan.warmUp.milliseconds + plan.duration.milliseconds
        let isWarm = elapsedMilliseconds > plan.warmUp.milliseconds
        return "\(seconds(min(elapsedMilliseconds, all))) of \(seconds(all))"
            + (isWarm ? "" : " (warm-up)")
    }

    private func seconds(_ milliseconds: UInt64) -> String {
        Fixed.text(milliseconds, of: 1_000, digits: 1) + " s"
    }

    private func cells(_ name: String, _ kind: RequestKind?) -> [String] {
        let histogram = tally.latency(of: kind)
        let rate = tally.succeeded(kind) * 1_000 / intervalMilliseconds
        let times = [
            histogram.microseconds(atTenThousandths: 5_000),
            histogram.microseconds(atTenThousandths: 9_900), histogram.greatestMicroseconds,
        ]
        return [name, Fixed.grouped(rate)]
            + times.map {
                histogram.total == 0 ? "-" : Fixed.text($0, of: 1_000, digits: 3) + " ms"
            } + [Fixed.grouped(tally.failed(kind))]
    }

    private var queueText: String {
        guard plan.ratePerSecond != nil else { return "" }
        return "\(Fixed.grouped(tally.waited)) waited, "
            + "\(Fixed.grouped(tally.notSent())) not sent"
    }

    /// The most frequent failure of the interval.
    private var failureText: String {
        guard
            let worst = tally.failures.max(by: { left, right in
                (left.value, left.key.code) < (right.value, right.key.code)
            })
        else { return "" }
        let status = worst.key.status == 0 ? "" : "\(worst.key.status) "
        return "mostly \(worst.key.kind.name): \(status)\(worst.key.code)"
    }
}
