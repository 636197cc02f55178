import SimulationKit
import Testing

@Suite("The shipping lease code, explored (docs/lease.md)")
struct LeaseExplorationTests {
    @Test("no state within the bound breaks the promise, whoever's clock is fast")
    func holds() {
        for rates in [[2, 1, 1], [1, 2, 1]] as [[UInt64]] {
            let found = LeaseExploration(.init(rates: rates, restartsMax: 0), statesMax: 20_000)
            #expect(!found.isBroken)
            #expect(found.leasedAfterwards > 0, "otherwise nothing was explored")
        }
    }

    @Test("a mistake is found: acknowledged at a quorum")
    func mistake() {
        let world = LeaseModel.World(rates: [2, 1, 1], mistake: .atQuorum)
        #expect(LeaseExploration(world, statesMax: 50_000).isBroken)
    }

    @Test(
        "a lease that serves the wrong index is found, and a view from before the request",
        arguments: [
            LeaseModel.Mistake.acknowledgedIndex, .committedIndex, .electionIndex, .oldView,
        ])
    func mistake(_ mistake: LeaseModel.Mistake) {
        let world = LeaseModel.World(rates: [2, 1, 1], mistake: mistake, isElecting: false)
        #expect(LeaseExploration(world, statesMax: 20_000).isBroken)
    }
}
