/// What came of one world.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    public let options: SwarmOptions
    /// The first broken promise.
    public let violation: Violation?
    public let counters: WorldCounters
    public let downtimes: Downtimes
    /// Over everything that happened.
    public let trace: TraceHash
    /// How long the world lasted, in its own time.
    public let microseconds: UInt64

    /// Whether so little happened that the run proves nothing.
    public var isVacuous: Bool {
        violation == nil
            && (counters[.writesAcknowledged] < 10 || counters[.elections] == 0
                || counters[.syncs] == 0 || counters[.comparisons] == 0)
    }
}

/// Runs worlds.
public enum Simulation {
    /// Runs the world of a seed.
    ///
    /// - Parameter tell: called with one line for each thing worth telling.
    public static func run(
        seed: UInt64, options: SwarmOptions, tell: ((String) -> Void)? = nil
    ) -> SimulationReport {
        run(.drawn(seed: seed, options: options), tell: tell)
    }

    /// Runs a plan.
    ///
    /// - Parameters:
    ///   - canary: what is to be wrong with the world itself.
    ///   - watch: told of every event.
    ///   - files: a directory in which each node has its state once more, in LMDB on real files,
    ///     which must do the same; it is made, and removed at the end. The run is the same with and
    ///     without.
    public static func run(
        _ plan: Plan, canary: Canary? = nil, watch: EventWatch? = nil,
        tell: ((String) -> Void)? = nil, files: String? = nil
    ) -> SimulationReport {
        let world = World(plan, canary: canary, tell: tell)
        world.watch = watch
        guard let files else { return world.run() }
        world.addTwins(under: files)
        let report = world.run()
        world.removeTwins(under: files)
        return report
    }

    /// Runs a plan and writes it down with everything that clients do in it, as they begin it: the
    /// same run again with nothing drawn, as far as it comes.
    public static func list(_ plan: Plan, write: @escaping (String) -> Void) -> SimulationReport {
        // What is asked over HTTP depends on every answer before, and is drawn anew each time.
        guard !plan.options.isHTTP else {
            write(plan.text())
            return World(plan).run()
        }
        var listed = plan
        listed.workload = .listed([])
        write(listed.text().replacing("operations: []", with: "operations:"))
        let world = World(plan)
        world.onBegun = { write("  - \($0.text)\n") }
        return world.run()
    }

    /// Runs a plan and draws it, as a page of HTML.
    ///
    /// - Parameter window: the microseconds of which messages and operations are drawn. Without
    ///   one, the end of a run that broke a promise, or the first loss of a leader in a long one.
    public static func picture(
        _ plan: Plan, window: ClosedRange<UInt64>? = nil
    ) -> (report: SimulationReport, page: String) {
        let window = window ?? interestingWindow(plan)
        let recording = Recording(window: window)
        let report = World(plan, recording: recording).run()
        var picture = Picture(recording, report)
        return (report, picture.page())
    }

    private static func interestingWindow(_ plan: Plan) -> ClosedRange<UInt64> {
        // Nothing but what is kept for the whole run.
        let recording = Recording(window: UInt64.max...UInt64.max)
        let report = World(plan, recording: recording).run()
        let end = report.microseconds
        let length: UInt64 = 10_000_000
        if report.violation != nil { return end - min(end, length)...end }
        guard end > length else { return 0...end }
        // The end of the first leader that was not only the first of all.
        let loss = recording.endOfFirstLeader ?? 0
        let from = loss - min(loss, 2_000_000)
        return from...(from + length)
    }
}

extension Recording {
    /// When the first node that led did so no longer.
    fileprivate var endOfFirstLeader: UInt64? {
        guard let first = changes.firstIndex(where: { $0.state == .leader }) else { return nil }
        return changes[(first + 1)...].first { $0.node == changes[first].node }?.time
    }
}
