import Foundation
import Testing

@testable import SimulationKit

@Suite("Scenarios") struct ScenarioTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Simulation/Scenarios")

    @Test("ten ready scenarios can be read, and each has faults and an expectation")
    func ready() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
            .filter { $0.hasSuffix(".yaml") }.sorted()
        #expect(names.count >= 10)
        for name in names {
            let text = String(
                decoding: try Data(contentsOf: Self.folder.appending(path: name)), as: UTF8.self)
            let scenario = try Scenario(text: text)
            #expect(scenario.name + ".yaml" == name)
            #expect(!scenario.plan.faults.isEmpty)
            #expect(scenario.longestGapMax != nil)
            #expect(scenario.plan.faults.allSatisfy { $0.at >= 5_000_000 }, "time to begin")
        }
    }

    @Test("tells how long writes stood still, and what became of them")
    func tells() throws {
        let scenario = try Scenario(
            text: """
                name: short
                lasts: 6s
                load: {clients: 5, rate: 50}
                faults:
                  - {at: 2s, do: kill, node: leader, restart: 1s}
                  - {at: 4s, do: crash-all, restart: 800ms}
                """)
        let outcome = scenario.run()
        #expect(outcome.report.violation == nil)
        #expect(outcome.writes.done > 50)
        #expect(outcome.reads.done > 50)
        let gaps = outcome.faults.map { $0.gap ?? 0 }
        #expect(gaps.count == 2)
        #expect(gaps[0] < 700_000)
        #expect(gaps[1] > 800_000 && gaps[1] < 2_000_000)
        #expect(outcome.longestGap.length >= gaps.max() ?? 0)
    }

    @Test(
        "past what is promised a majority is damaged, and nothing is wrong",
        arguments: [false, true])
    func pastPromises(isPastPromises: Bool) throws {
        let scenario = try Scenario(
            text: """
                name: both gone
                lasts: 8s
                past-promises: \(isPastPromises)
                load: {clients: 5, rate: 50, deadline: 1s}
                faults:
                  - {at: 4s, do: damage, nodes: [n1, n2], kind: unreadable, restart: 100ms}
                """)
        let outcome = scenario.run()
        #expect(outcome.report.violation == nil)
        #expect(outcome.report.counters[.damages] == (isPastPromises ? 2 : 1))
        #expect(outcome.report.counters[.damageSpared] == (isPastPromises ? 0 : 1))
        #expect(outcome.writes.done > 10)
    }
}
