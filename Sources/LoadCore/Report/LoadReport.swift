/// What a load has shown.
public struct LoadReport: Sendable {
    public let plan: LoadPlan
    /// All that was counted after the warm-up, the end's stragglers too.
    public let tally: Tally
    /// Answers within the measured time, from which rates are computed, by `RequestKind.rawValue`.
    private let answeredInTime: [UInt64]
    /// The measured time, without warm-up and stragglers.
    public let milliseconds: UInt64
    /// Whether somebody ended it before its time.
    public let isInterrupted: Bool

    /// - Parameters:
    ///   - inTime: what was counted within `milliseconds`.
    ///   - stragglers: what was counted behind it, of requests that were begun within.
    public init(
        plan: LoadPlan, inTime: Tally, stragglers: Tally, milliseconds: UInt64,
        isInterrupted: Bool
    ) {
        self.plan = plan
        self.milliseconds = milliseconds
        self.isInterrupted = isInterrupted
        answeredInTime = RequestKind.allCases.map(inTime.succeeded)
        var tally = inTime
        tally.merge(stragglers)
        self.tally = tally
    }

    /// Successes in a thousand seconds of the measured time; of all kinds without one.
    func ratePerThousandSeconds(_ kind: RequestKind?) -> UInt64 {
        guard milliseconds > 0 else { return 0 }
        let count = kind.map { answeredInTime[$0.rawValue] } ?? answeredInTime.reduce(0, +)
        return count * 1_000_000 / milliseconds
    }

    /// The ways to fail, most frequent first.
    var failures: [(failure: Tally.Failure, count: UInt64)] {
        tally.failures.map { (failure: $0.key, count: $0.value) }.sorted { left, right in
            let first = (left.failure.kind.rawValue, left.failure.status, left.failure.code)
            let second = (right.failure.kind.rawValue, right.failure.status, right.failure.code)
            return left.count != right.count ? left.count > right.count : first < second
        }
    }

    /// The kinds that have something to tell: those of the mix, and those that stood in for them.
    var kinds: [RequestKind] {
        RequestKind.allCases.filter { kind in
            plan.mix.has(kind) || tally.succeeded(kind) + tally.failed(kind) > 0
        }
    }
}
