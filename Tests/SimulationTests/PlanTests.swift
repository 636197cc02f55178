import Testing

@testable import SimulationKit

@Suite("Plans") struct PlanTests {
    @Test("a plan that was written down is read again as it was", arguments: 1...20)
    func roundTrip(seed: UInt64) throws {
        let plan = Plan.drawn(
            seed: seed, options: .drawn(seed: seed, nodes: nil, seconds: 30))
        let read = try Plan(text: plan.text(violates: "S1"))
        #expect(read.faults == plan.faults)
        #expect(read.workload == plan.workload)
        for option in SwarmOptions.named {
            #expect(option.get(read.options) == option.get(plan.options), "\(option.name)")
        }
        #expect(read.options.nodes == plan.options.nodes)
        #expect(read.options.seconds == plan.options.seconds)
    }

    @Test("a plan with every operation listed is the same run, event for event", arguments: [2, 5])
    func listed(seed: UInt64) throws {
        let plan = Plan.drawn(seed: seed, options: .drawn(seed: seed, nodes: 3, seconds: 8))
        var text = ""
        let drawn = Simulation.list(plan) { text += $0 }
        let listed = try Plan(text: text)
        #expect(listed.size.operations > 10)
        #expect(Simulation.run(listed).trace == drawn.trace, "simulate --seed \(seed) --seconds 8")
    }

    @Test("a fault less leaves the chance of everything else as it was")
    func domains() {
        var plan = Plan.drawn(seed: 9, options: .calm(nodes: 3, seconds: 4))
        let without = Simulation.run(plan)
        // After the end of the storm no fault comes.
        plan.faults = [PlannedFault(at: 5_000_000, fault: .failSync(.node(0)))]
        #expect(Simulation.run(plan).trace == without.trace)
    }

    @Test("shrinking leaves what it takes, and nothing else")
    func shrinks() throws {
        var plan = Plan.drawn(seed: 3, options: .drawn(seed: 3, nodes: 5, seconds: 60))
        plan.faults = (1...40).map {
            PlannedFault(at: $0 * 1_000_000, fault: .pause(.node(Int($0) % 5), lasting: $0))
        }
        plan.workload = .listed(
            (1...300).map {
                PlannedOperation(
                    client: Int($0) % 4, at: $0 * 100_000, node: Int($0) % 5, kind: .read,
                    choice: $0)
            })
        // Needs two certain faults, one certain operation, and at least three nodes.
        func test(_ plan: Plan) -> PlanShrinker.Failure? {
            guard case .listed(let operations) = plan.workload, plan.options.nodes >= 3,
                plan.faults.contains(where: { $0.at == 7_000_000 }),
                plan.faults.contains(where: { $0.at == 31_000_000 }),
                operations.contains(where: { $0.choice == 77 })
            else { return nil }
            return PlanShrinker.Failure(rule: "S1", time: 40_500_000)
        }
        let failure = try #require(test(plan))
        var shrinker = PlanShrinker(
            plan, failure: failure, attempts: 2_000, test: test, progress: { _ in })
        try shrinker.run()
        #expect(shrinker.plan.faults.map(\.at) == [7_000_000, 31_000_000])
        #expect(shrinker.plan.size.operations == 1)
        #expect(shrinker.plan.options.nodes == 3)
        #expect(shrinker.plan.options.seconds == 41)
        let plain = SwarmOptions()
        for option in SwarmOptions.named {
            #expect(option.get(shrinker.plan.options) == option.get(plain), "\(option.name)")
        }
    }

    @Test(
        "logs are damaged on a minority of the voters at a time, whatever is drawn",
        arguments: 1...5)
    func damage(nodes: Int) {
        var options = SwarmOptions.calm(nodes: nodes, seconds: 6)
        options.damageEvery = 150_000
        let world = World(Plan.drawn(seed: UInt64(nodes), options: options))
        var most = 0
        world.tell = { [unowned world] _ in
            most = max(most, world.nodes.count { $0.isUnrepaired })
        }
        let report = world.run()
        #expect(report.violation == nil, "seed \(nodes)")
        #expect(most == (nodes - 1) / 2)
        #expect(report.counters[.damageSpared] > 0)
        #expect((report.counters[.damages] > 0) == (nodes >= 3))
    }
}
