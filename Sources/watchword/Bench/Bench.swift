import Foundation
import LoadCore
import WatchwordClient

/// One load from its first user to the last that is removed.
struct Bench {
    let plan: LoadPlan
    let client: WatchwordClient
    let options: ClientOptions
    let interrupts: Interrupts
    /// Whether what is made stays.
    let keeps: Bool

    private static let connectSeconds: Int64 = 5

    /// Prepares, loads, shows the report and cleans up, whatever goes wrong on the way.
    func run(
        display: LiveDisplay, show: (LoadReport) throws -> Void
    ) async throws -> LoadReport {
        let addresses = try options.urls.map { try ServerAddress($0) }
        let made = BenchSubjects(plan: plan, client: client, options: options)
        try await made.check()
        announce(made)
        let report: LoadReport
        do {
            let subjects = try await made.prepare(interrupts)
            report = try await load(subjects, addresses, display)
            try show(report)
        } catch {
            // The first failure is the one to end with; a second one has a line of its own.
            do { try await cleanUp(made) } catch { PrintError.line("watchword: \(error)") }
            throw error
        }
        try await cleanUp(made)
        return report
    }

    private func announce(_ made: BenchSubjects) {
        let places = options.urls.joined(separator: ", ")
        PrintError.line("loading \(places): \(plan.loop), \(plan.mix)")
        PrintError.line(
            "making \(plan.announcement), named \(made.prefix)…; "
                + (keeps ? "they stay" : "removed at the end"))
    }

    private func cleanUp(_ made: BenchSubjects) async throws {
        guard !keeps else {
            return PrintError.line("kept: users \(made.prefix)… and their sessions")
        }
        try await made.remove(interrupts)
    }

    // MARK: The load

    private func load(
        _ subjects: PreparedSubjects, _ addresses: [ServerAddress], _ display: LiveDisplay
    ) async throws -> LoadReport {
        let dialler = try LoadDialler(
            addresses: addresses, authorityFile: options.authorityFile, tenantID: options.tenant,
            subjects: subjects)
        let engine = try await LoadEngine.start(plan: plan, subjects: subjects, dialler: dialler)
        do {
            try await connect(engine)
            let report = try await measure(engine, display)
            try await engine.shutdown()
            return report
        } catch {
            try await engine.shutdown()
            throw error
        }
    }

    private func connect(_ engine: LoadEngine) async throws {
        let (open, problem) = try await engine.connect(
            within: .seconds(Self.connectSeconds), count: plan.connections)
        guard open > 0 else {
            throw CommandFailure(.unavailable, "no connection: \(problem ?? "no answer")")
        }
        if open < plan.connections {
            PrintError.line(
                "\(open) of \(plan.connections) connections are open; the others are tried again: "
                    + (problem ?? "no answer"))
        }
    }

    private func measure(
        _ engine: LoadEngine, _ display: LiveDisplay
    ) async throws -> LoadReport {
        let before = interrupts.count
        engine.begin()
        var watch = LoadWatch(
            plan: plan, engine: engine, interrupts: interrupts, display: display)
        _ = try await watch.watch(for: plan.warmUp)
        let begin = ContinuousClock.now
        var inTime = Tally()
        if interrupts.count == before { inTime = try await watch.watch(for: plan.duration) }
        let isInterrupted = interrupts.count > before
        let measured = begin.duration(to: .now) / .milliseconds(1)
        try watch.end()
        try await engine.end(
            abandonsQueue: isInterrupted,
            within: isInterrupted
                ? .seconds(1) : .milliseconds(Int64(plan.timeout.milliseconds) + 200))
        return LoadReport(
            plan: plan, inTime: inTime, stragglers: try await engine.takeTally(),
            milliseconds: UInt64(measured), isInterrupted: isInterrupted)
    }
}
