import Foundation
import Testing

@testable import SimulationKit

@Suite("the model of the state, beside LMDB on real files") struct DiskTwinTests {
    private func directory() -> String {
        FileManager.default.temporaryDirectory
            .appending(path: "twins-\(UUID().uuidString)").path
    }

    @Test("worlds with power cuts and snapshots do the same on files", arguments: [2, 4])
    func same(seed: UInt64) {
        let plan = Plan.drawn(
            seed: seed, options: .drawn(seed: seed, nodes: 3, seconds: 4, emphasis: .http))
        let files = directory()
        let report = Simulation.run(plan, files: files)
        #expect(report.violation == nil, "simulate --seed \(seed) --nodes 3 --http --lmdb")
        #expect(report.trace == Simulation.run(plan).trace)
        #expect(!FileManager.default.fileExists(atPath: files))
    }
}
