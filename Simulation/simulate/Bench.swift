import Foundation
import SimulationKit

/// Measures how fast worlds run with every checker on: by size and load, with faults and without.
struct Bench {
    /// What was measured of one kind of world.
    private struct Row: Encodable {
        let nodes: Int
        let operationsPerSecond: UInt64
        let hasFaults: Bool
        let simulatedSeconds: UInt64
        let events: UInt64
        let acknowledged: UInt64
        let processorSeconds: Double
        /// Of one core.
        let eventsPerSecond: UInt64
        /// Simulated seconds in one second of a core.
        let ratio: Double
    }

    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit code.
    func run() throws -> Int32 {
        var rows: [Row] = []
        for hasFaults in [false, true] {
            for nodes in [3, 5, 7] {
                for rate: UInt64 in [0, 20, 200] {
                    guard let row = measure(nodes, rate, hasFaults: hasFaults) else { return 1 }
                    rows.append(row)
                }
            }
        }
        let table = Self.table(rows)
        print(table, terminator: "")
        if let folder = arguments.output.map({ URL(filePath: $0) }) {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(table.utf8).write(to: folder.appending(path: "bench.md"))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(rows).write(to: folder.appending(path: "bench.json"))
        }
        return 0
    }

    /// Nil when a world broke a promise: then nothing of it counts.
    private func measure(_ nodes: Int, _ rate: UInt64, hasFaults: Bool) -> Row? {
        // Less load, more virtual time: each takes some seconds of a core.
        let seconds = arguments.seconds * (rate == 0 ? 8 : rate == 20 ? 4 : 1)
        var options = SwarmOptions.calm(nodes: nodes, seconds: seconds, operationsPerSecond: rate)
        if hasFaults { options.addFaults() }
        let began = Processor.seconds
        let report = Simulation.run(seed: arguments.seed, options: options)
        let spent = Processor.seconds - began
        guard report.violation == nil else {
            print(Printing.verdict(report))
            return nil
        }
        let events = report.counters[.events]
        return Row(
            nodes: nodes, operationsPerSecond: rate, hasFaults: hasFaults,
            simulatedSeconds: report.microseconds / 1_000_000, events: events,
            acknowledged: report.counters[.writesAcknowledged], processorSeconds: spent,
            eventsPerSecond: UInt64(Double(events) / spent),
            ratio: Double(report.microseconds) / 1_000_000 / spent)
    }

    private static func table(_ rows: [Row]) -> String {
        var lines = [
            "| nodes | operations/s | faults | events per second and core | simulated : real |",
            "| --- | --- | --- | --- | --- |",
        ]
        for row in rows {
            let load = row.operationsPerSecond == 0 ? "idle" : "\(row.operationsPerSecond)"
            lines.append(
                "| \(row.nodes) | \(load) | \(row.hasFaults ? "yes" : "no") "
                    + "| \(thousands(row.eventsPerSecond)) | \(Int(row.ratio)) : 1 |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func thousands(_ number: UInt64) -> String {
        let rest = String(number % 1_000 + 1_000).dropFirst()
        return number < 1_000 ? "\(number)" : "\(number / 1_000),\(rest)"
    }
}
