import SimulationKit
import Testing

@Suite struct SimulationTests {
    @Test("a world without faults keeps every promise and does its work", arguments: [1, 3, 5])
    func calm(nodes: Int) {
        let report = Simulation.run(seed: 7, options: .calm(nodes: nodes, seconds: 5))
        #expect(report.violation == nil, "simulate calm --seed 7 --nodes \(nodes) --seconds 5")
        #expect(!report.isVacuous)
        #expect(report.counters[.writesAcknowledged] > 10)
    }

    @Test("the same seed gives the same trace, event for event (M1)", arguments: [3, 11])
    func deterministic(seed: UInt64) {
        let options = SwarmOptions.drawn(seed: seed, nodes: 3, seconds: 10)
        let first = Simulation.run(seed: seed, options: options)
        let second = Simulation.run(seed: seed, options: options)
        #expect(first.trace == second.trace, "simulate --seed \(seed) --nodes 3 --seconds 10")
        #expect(first.counters == second.counters)
        #expect(first.trace.count > 1_000)
    }

    @Test("another seed gives another trace")
    func seedsDiffer() {
        let traces = (1...2).map { seed in
            Simulation.run(seed: seed, options: .calm(nodes: 3, seconds: 2)).trace
        }
        #expect(traces[0] != traces[1])
    }

    @Test("stormy worlds keep every promise", arguments: 1...6)
    func stormy(seed: UInt64) {
        let options = SwarmOptions.drawn(seed: seed, nodes: nil, seconds: 10)
        let report = Simulation.run(seed: seed, options: options)
        #expect(report.violation == nil, "simulate --seed \(seed) --seconds 10")
    }

    @Test("worlds whose members change keep every promise, and members do change", arguments: 1...2)
    func membersChange(seed: UInt64) {
        var options = SwarmOptions.drawn(
            seed: seed, nodes: 3, seconds: 8, emphasis: .members)
        var report = Simulation.run(seed: seed, options: options)
        #expect(
            report.violation == nil, "simulate --seed \(seed) --nodes 3 --seconds 8 --members")
        // Without anything else that goes wrong enough of it must come about.
        options = .calm(nodes: 3, seconds: 25).changingMembers(everyMilliseconds: 400, spares: 6)
        report = Simulation.run(seed: seed, options: options)
        #expect(report.violation == nil, "seed \(seed)")
        #expect(report.counters[.nodesAdded] >= 2)
        #expect(report.counters[.nodesRemoved] >= 2)
        #expect(report.counters[.changesDone] >= 6)
    }

    @Test("a picture changes nothing in the run, and shows what happened in it")
    func picture() {
        let options = SwarmOptions.drawn(seed: 3, nodes: 3, seconds: 10)
        let (report, page) = Simulation.picture(
            .drawn(seed: 3, options: options), window: 0...5_000_000)
        #expect(report.trace == Simulation.run(seed: 3, options: options).trace)
        #expect(page.contains("is leader in term 1"))
        #expect(page.contains("every promise was kept"))
        #expect(page.contains("entry 1, committed up to"))
        // One file that needs nothing else.
        #expect(!page.contains("src=") && !page.contains("href=") && !page.contains("@import"))
        #expect(page.utf8.count < 8 << 20)
    }
}
