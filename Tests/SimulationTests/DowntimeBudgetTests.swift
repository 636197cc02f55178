import Testing

@testable import SimulationKit

@Suite("downtime budgets for each class of fault") struct DowntimeBudgetTests {
    private let budget = DowntimeBudget(
        "a kill", medianMilliseconds: 100, gapMilliseconds: 300, keepsLeader: true,
        .kill(.follower(0), restartAfter: 1, inWrite: false))

    @Test("gaps within the budget are let pass, and each way to exceed it is found")
    func excess() {
        let good: [UInt64] = [20_000, 30_000, 300_000]
        #expect(budget.excess(good, elections: 2, runs: 2) == nil)
        #expect(budget.excess(good, elections: 3, runs: 2) != nil)
        #expect(budget.excess([20_000, 101_000, 102_000], elections: 2, runs: 2) != nil)
        #expect(budget.excess([20_000, 30_000, 301_000], elections: 2, runs: 2) != nil)
        #expect(budget.excess([], elections: 2, runs: 2) != nil)
    }

    @Test("the loss of a leader is measured, and there is a budget for every class once")
    func measured() {
        #expect(Set(DowntimeBudget.all.map(\.name)).count == DowntimeBudget.all.count)
        let outcome = DowntimeBudget.all[0].run(seed: 1, faults: 1)
        #expect(outcome.report.violation == nil)
        #expect(outcome.gaps.count == 1)
        #expect(outcome.elections >= 1)
        #expect(outcome.gaps.allSatisfy { $0 > 5_000 && $0 < 2_000_000 })
    }
}
