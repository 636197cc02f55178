import SimulationKit
import Testing

/// Who tests the tester: what is wrong on purpose is found, and two runs can be told apart.
@Suite struct TesterTests {
    @Test(
        "a world that is wrong on purpose breaks a promise",
        arguments: [
            // The lying disk ends processes too, so it has processes of its own: `simulate canary`.
            (Canary.forgedVote, "S8"), (.falseAcknowledgement, "C5"), (.changedState, "S15"),
            (.earlyRelease, "final"), (.stillClock, "final"),
        ])
    func canary(canary: Canary, rule: String) {
        let rules = (UInt64(1)...12).lazy.map { seed in
            let options = SwarmOptions.drawn(seed: seed, nodes: nil, seconds: 20)
            let plan = Plan.drawn(seed: seed, options: options)
            return Simulation.run(plan, canary: canary).violation?.rule
        }
        #expect(rules.contains(rule), "simulate canary")
    }

    private func lines(
        of plan: Plan, canary: Canary? = nil, events: ClosedRange<UInt64>? = nil
    ) -> [String] {
        var lines: [String] = []
        let watch = EventWatch(events: events) { lines.append($0) }
        _ = Simulation.run(plan, canary: canary, watch: watch)
        return lines
    }

    @Test("equal runs leave equal checkpoints, and the first event that differs is found (M1)")
    func checkpoints() {
        let plan = Plan.drawn(seed: 1, options: .calm(nodes: 3, seconds: 8))
        let whole = lines(of: plan)
        #expect(whole.count > 3)
        #expect(whole == lines(of: plan))
        let other = lines(of: plan, canary: .changedState)
        let common = zip(whole, other).prefix { $0 == $1 }.count
        #expect(common < whole.count)
        let range = EventWatch.events(before: common)
        let (here, there) = (
            lines(of: plan, events: range),
            lines(of: plan, canary: .changedState, events: range)
        )
        let same = zip(here, there).prefix { $0 == $1 }.count
        #expect(same < max(here.count, there.count))
        #expect(here.first?.hasPrefix("event \(range.lowerBound) at ") == true)
    }
}
