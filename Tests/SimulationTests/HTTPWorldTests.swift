import Testing

@testable import SimulationKit

@Suite("worlds that are asked over HTTP") struct HTTPWorldTests {
    private func options(_ seed: UInt64, seconds: UInt64 = 10) -> SwarmOptions {
        .drawn(seed: seed, nodes: nil, seconds: seconds, emphasis: .http)
    }

    @Test("stormy worlds keep every promise", arguments: 1...6)
    func stormy(seed: UInt64) {
        let report = Simulation.run(seed: seed, options: options(seed))
        #expect(report.violation == nil, "simulate --seed \(seed) --http --seconds 10")
    }

    @Test("a calm world does all kinds of work, and every history of it is decided")
    func calm() {
        var options = SwarmOptions.calm(nodes: 3, seconds: 10, operationsPerSecond: 50)
        options.isHTTP = true
        let report = Simulation.run(seed: 5, options: options)
        #expect(report.violation == nil, "seed 5")
        #expect(report.counters[.writesAcknowledged] > 50)
        #expect(report.counters[.allows] > 50)
        #expect(report.counters[.denials] > 5)
        #expect(report.counters[.refreshes] > 2)
        #expect(report.counters[.historiesChecked] >= 3)
        #expect(report.counters[.historiesUndecided] == 0)
        #expect(report.counters[.auditRowsChecked] > 80)
    }

    @Test("machines that joined serve when all that the cluster began with have gone")
    func joined() {
        let report = Simulation.run(seed: 1273, options: options(1273, seconds: 40))
        #expect(report.violation == nil, "simulate --seed 1273 --http --seconds 40")
        #expect(report.counters[.nodesRemoved] >= 3)
    }

    @Test("the same seed gives the same trace, event for event (M1)")
    func deterministic() {
        let first = Simulation.run(seed: 3, options: options(3, seconds: 5))
        let second = Simulation.run(seed: 3, options: options(3, seconds: 5))
        #expect(first.trace == second.trace, "simulate --seed 3 --http --seconds 5")
        #expect(first.counters == second.counters)
    }

    @Test("clients who ask replicas themselves leave no trace of HTTP")
    func switchedOff() {
        // Drawn without HTTP, unlike most of the time.
        let seed = (1...100).first {
            !SwarmOptions.drawn(seed: $0, nodes: 3, seconds: 5).isHTTP
        }
        guard let seed else { return #expect(Bool(false), "every seed speaks HTTP") }
        let report = Simulation.run(
            seed: seed, options: .drawn(seed: seed, nodes: 3, seconds: 5))
        #expect(report.counters[.requestsAnswered] == 0)
        let spoken = (1...200).count {
            SwarmOptions.drawn(seed: $0, nodes: 3, seconds: 5).isHTTP
        }
        #expect((5...60).contains(spoken), "one seed in eight or so: \(spoken) of 200")
    }
}
