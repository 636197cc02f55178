import LoadCore

/// Collects what a running load counts, and shows it in intervals.
struct LoadWatch {
    private let plan: LoadPlan
    private let engine: LoadEngine
    private let interrupts: Interrupts
    private var display: LiveDisplay
    private let begin = ContinuousClock.now

    init(plan: LoadPlan, engine: LoadEngine, interrupts: Interrupts, display: LiveDisplay) {
        self.plan = plan
        self.engine = engine
        self.interrupts = interrupts
        self.display = display
    }

    /// What is counted in so much time from now on, or until somebody interrupts.
    mutating func watch(for span: TimeSpan) async throws -> Tally {
        let before = interrupts.count
        var (all, start) = (Tally(), ContinuousClock.now)
        let end = start.advanced(by: .milliseconds(Int64(span.milliseconds)))
        let interval = Duration.milliseconds(Int64(plan.interval.milliseconds))
        var next = start
        while ContinuousClock.now < end, interrupts.count == before {
            next = max(next.advanced(by: interval), .now)
            // A last interval that is shorter than half of one is part of the one before it.
            if next.duration(to: end) * 2 < interval { next = end }
            try await interrupts.sleep(until: next)
            let tally = try await engine.takeTally()
            try show(tally, since: start)
            start = .now
            all.merge(tally)
        }
        return all
    }

    /// Nothing is shown after this.
    mutating func end() throws { try display.end() }

    private mutating func show(
        _ tally: Tally, since start: ContinuousClock.Instant
    ) throws {
        let now = ContinuousClock.now
        try display.show(
            LiveView(
                plan: plan, tally: tally,
                intervalMilliseconds: max(1, UInt64(start.duration(to: now) / .milliseconds(1))),
                elapsedMilliseconds: UInt64(begin.duration(to: now) / .milliseconds(1))))
    }
}
