import AuthCore
import ByteCodec
import Foundation
import RaftCore
import StateStore

/// Fills a trail in a real store, and measures what filters cost; and what the index costs who
/// writes.
struct AuditBenchmark {
    let rows: UInt64
    /// Below level 2 there is no index.
    let featureLevel: UInt32
    let directory: String

    func run() throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let machine = try Machine(directory: directory)
        try machine.bootstrap(featureLevel: featureLevel)
        var maker = AuditTrailMaker()
        print("feature level \(featureLevel), \(rows) rows")
        let filled = try measure { try fill(machine, &maker, upTo: rows, perEntry: 64) }
        print("filled in \(seconds(filled)), 1,024 rows in a commit")
        let extra: UInt64 = min(100_000, rows / 10)
        let single = try measure { try fill(machine, &maker, upTo: rows + extra, perEntry: 1) }
        let each = single / Double(extra) * 1_000_000
        print(
            "\(extra) more, one in an entry and 16 in a commit: \(Self.rounded(each)) us an entry")
        try show(machine)
        try AuditSearches(machine: machine).run()
        if featureLevel < Limits.auditIndexFeatureLevel { try raise(machine) }
    }

    private func fill(
        _ machine: Machine, _ maker: inout AuditTrailMaker, upTo count: UInt64, perEntry: Int
    ) throws {
        while maker.count < count {
            let operations = try (0..<16).map { _ in
                Command.Operation.recordAudit(
                    .init(events: try (0..<perEntry).map { _ in try maker.next() }))
            }
            // 0.7 s for a row: none is 90 days old in the end.
            machine.now = machine.now.advanced(milliseconds: UInt64(perEntry) * 16 * 700)
            try machine.apply(operations)
        }
    }

    /// Takes the old rows into the index, as the sweeps of an upgraded cluster do.
    private func raise(_ machine: Machine) throws {
        try machine.apply([.raiseFeatureLevel(.init(level: StateMachine.featureLevel))])
        var maker = AuditTrailMaker()
        try fill(machine, &maker, upTo: 1_024, perEntry: 1)
        var sweeps = 0
        var longest = 0.0
        var isMoreDue = true
        let spent = try measure {
            while isMoreDue {
                let one = try measure {
                    guard
                        case .swept(_, let due)? = try machine.apply([.sweep(.init(limit: 200))])
                            .first?.result
                    else { throw Mistake("a sweep says nothing") }
                    isMoreDue = due
                }
                longest = max(longest, one)
                sweeps += 1
            }
        }
        print("raised to level \(StateMachine.featureLevel): \(sweeps) sweeps in \(seconds(spent))")
        print("the longest took \(Self.rounded(longest * 1_000)) ms")
        try show(machine)
        try AuditSearches(machine: machine).run()
    }

    private func show(_ machine: Machine) throws {
        let meta = try machine.store.read { $0.meta }
        let statistics = try machine.store.statistics()
        func mebibytes(_ pages: Int) -> String {
            "\((pages * statistics.pageSizeBytes) >> 20) MiB"
        }
        print(
            "kept: \(meta.nextAudit - meta.firstAudit) rows of \(meta.auditBytes >> 20) MiB; "
                + "the store takes \(mebibytes(statistics.usedPages - statistics.freePages))")
        let names = ["t14": "the trail", "t27": "its index"]
        for tree in statistics.trees {
            guard let name = names[tree.name] else { continue }
            print("\(name): \(tree.entries) rows, \(mebibytes(tree.pages)), depth \(tree.depth)")
        }
    }

    private func measure(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let spent = try clock.measure(body)
        return Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18
    }

    private func seconds(_ seconds: Double) -> String { "\(Self.rounded(seconds)) s" }

    static func rounded(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
