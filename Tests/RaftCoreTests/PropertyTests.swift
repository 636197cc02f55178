import Foundation
import RaftCore
import Testing

/// How many seeds of each kind are run: few by default, and as many as `WATCHWORD_RAFT_SEEDS` says.
private let seedCount: UInt64 =
    ProcessInfo.processInfo.environment["WATCHWORD_RAFT_SEEDS"].flatMap { UInt64($0) } ?? 6

@Suite("Random runs (S1 to S9, S11, C6, L1, L2)")
struct PropertyTests {
    @Test("of three nodes keep every promise", arguments: 1...seedCount)
    func three(seed: UInt64) throws { try run(seed: seed, nodes: 3, changesMembers: false) }

    @Test("of four nodes keep every promise", arguments: 1...seedCount)
    func four(seed: UInt64) throws { try run(seed: seed, nodes: 4, changesMembers: false) }

    @Test("of five nodes keep every promise", arguments: 1...seedCount)
    func five(seed: UInt64) throws { try run(seed: seed, nodes: 5, changesMembers: false) }

    @Test("whose members change keep every promise", arguments: 1...seedCount)
    func changing(seed: UInt64) throws { try run(seed: seed, nodes: 5, changesMembers: true) }

    @Test("give the same trace for the same seed (M1)")
    func deterministic() throws {
        func trace(_ seed: UInt64) throws -> [String] {
            var run = RandomRun(seed: seed, nodes: 3, changesMembers: false)
            run.cluster.isTracing = true
            for _ in 0..<1500 { try run.step() }
            return run.cluster.trace
        }
        let first = try trace(7)
        #expect(first.count > 300)
        #expect(try first == trace(7))
        #expect(try first != trace(8))
    }

    // To repeat one: the seed is in the failure, and runs are numbered by their seeds.
    private func run(seed: UInt64, nodes: Int, changesMembers: Bool) throws {
        var run = RandomRun(seed: seed, nodes: nodes, changesMembers: changesMembers)
        do {
            for _ in 0..<3000 { try run.step() }
            // Some seeds refuse every change for long.
            for _ in 0..<30_000 where changesMembers && run.changes == 0 { try run.step() }
            try run.recover()
        } catch {
            Issue.record(
                "seed \(seed), \(nodes) nodes, members change: \(changesMembers): \(error)")
            return
        }
        // A run in which nothing happened proves nothing (M2).
        #expect(run.checker.elections > 0, "seed \(seed): nobody was elected")
        #expect(run.checker.committed.count > 20, "seed \(seed): hardly anything was committed")
        if changesMembers {
            #expect(run.changes > 0, "seed \(seed): none of \(run.refusals) changes was begun")
        }
    }
}
