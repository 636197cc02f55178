import Foundation
import SimulationKit

/// Runs scenarios and tells what came of them.
struct ScenarioRunner {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit code: 0 if every promise and every expectation was kept.
    func run() throws -> Int32 {
        var code: Int32 = 0
        for file in arguments.files {
            let scenario: Scenario
            do {
                scenario = try Scenario(text: try Runner.contents(of: file))
            } catch let error as DocumentError {
                throw Arguments.Failure(message: "\(file), \(error)")
            }
            code = max(code, try run(scenario))
        }
        return code
    }

    private func run(_ scenario: Scenario) throws -> Int32 {
        if let file = arguments.picture {
            let (report, page) = Simulation.picture(scenario.plan)
            try Data(page.utf8).write(to: URL(filePath: file))
            return report.violation == nil ? 0 : 1
        }
        let outcome = scenario.run(tell: arguments.isTracing ? { print($0) } : nil)
        let options = scenario.plan.options
        print("\(scenario.name): \(scenario.about)")
        print(
            "  \(options.nodes) nodes, about \(scenario.rate) operations per second, "
                + "\(options.seconds) s, seed \(scenario.plan.seed)")
        tell(outcome.writes, "writes")
        tell(outcome.reads, "reads")
        for fault in outcome.faults {
            let gap = fault.gap.map { "longest time without a write \(Self.time($0))" } ?? ""
            print("  \(fault.what): \(gap)")
        }
        let gap = outcome.longestGap
        print(
            "  longest time without an acknowledged write: \(Self.time(gap.length)), from "
                + Self.time(gap.from))
        return verdict(scenario, outcome)
    }

    private func verdict(_ scenario: Scenario, _ outcome: Scenario.Outcome) -> Int32 {
        let counters = outcome.report.counters
        print("  \(counters[.elections]) elections, \(counters[.casualties]) nodes left out")
        if let violation = outcome.report.violation {
            print("  BROKEN \(violation)")
            return 1
        }
        print("  no acknowledged write was lost, and every other promise was kept")
        if let limit = scenario.longestGapMax, outcome.longestGap.length > limit {
            print("  TOO LONG: at most \(Self.time(limit)) were expected")
            return 1
        }
        return 0
    }

    private func tell(_ figures: OperationFigures, _ name: String) {
        var line = "  \(name): \(figures.done) done, \(figures.refused) refused, "
        line += "\(figures.unknown) with an unknown outcome"
        if let median = figures.latency(perMille: 500), let most = figures.latency(perMille: 990),
            let all = figures.latency(perMille: 1_000)
        {
            line += "; p50 \(Self.time(median)), p99 \(Self.time(most)), max \(Self.time(all))"
        }
        print(line)
    }

    private static func time(_ microseconds: UInt64) -> String {
        if microseconds < 1_000 { return "\(microseconds) µs" }
        if microseconds < 1_000_000 { return "\(Double(microseconds / 10) / 100) ms" }
        return "\(Double(microseconds / 1_000) / 1_000) s"
    }
}
