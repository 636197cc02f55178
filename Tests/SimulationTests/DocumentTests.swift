import Testing

@testable import SimulationKit

@Suite("Files of the simulator") struct DocumentTests {
    private func scenario(_ text: String) throws -> Scenario { try Scenario(text: text) }

    private func error(in text: String) -> DocumentError? {
        do {
            _ = try Scenario(text: text)
            return nil
        } catch {
            return error
        }
    }

    @Test("reads maps, lists and values in both ways of writing them")
    func reads() throws {
        let scenario = try scenario(
            """
            # a comment
            name: "a: name"   # and another
            lasts: 12s
            cluster:
              nodes: 5
              latency:
                min: 2ms
                spread: 1500us
              loss: 0.5%
            load: {clients: 4, rate: 40}
            faults:
            - at: 3s
              do: kill
              node: leader
              restart: 500ms
            - {at: 2s, do: cut, groups: [[n1, n2], [n3, n4, n5]], for: 1s}
            - {at: 4s, do: power-loss, nodes: [n1, n2]}
            - {at: 5s, do: transfer, node: leader, every: 1s, repeats: 3}
            """)
        #expect(scenario.name == "a: name")
        let options = scenario.plan.options
        #expect(options.nodes == 5 && options.seconds == 12 && options.clients == 4)
        #expect(options.latencyMin == 2_000 && options.latencySpread == 1_500)
        #expect(options.loss == 327)
        #expect(options.thinkTime == 100_000)
        #expect(scenario.plan.faults.map(\.at).map { $0 / 1_000_000 } == [2, 3, 4, 4, 5, 6, 7])
        #expect(
            scenario.plan.faults[1].fault
                == .kill(.leader(or: 0), restartAfter: 500_000, inWrite: false))
        guard case .cut(.links(let links), lasting: 1_000_000) = scenario.plan.faults[0].fault
        else { return #expect(Bool(false), "no cut") }
        #expect(links.count == 12)
    }

    @Test(
        "refuses what it does not know, and says where",
        arguments: [
            ("name: x\nlatsts: 3s", 2, "a scenario has no latsts"),
            ("name: x\ncluster:\n  nodes: 3\n  latency: {min: 1ms, max: 2ms}", 4, "no max"),
            ("name: x\nlasts: 10", 2, "a time such as 250ms"),
            ("name: x\nload: {reads: 5}", 2, "a share such as 5%"),
            ("name: x\nfaults:\n  - {at: 1s, do: explode, node: n1}", 3, "no fault explode"),
            ("name: x\nfaults:\n  - {at: 1s, do: kill, node: n4}", 3, "a node is n1 to n3"),
            ("name: x\nfaults:\n  - {at: 1s, do: pause, node: n1}", 3, "needs for"),
            ("name: x\nfaults:\n  - {at: 1s, do: cut, for: 1s}", 3, "which links?"),
            ("name: x\nname: y", 1, "twice"), ("name: x\n\tlasts: 3s", 2, "tab character"),
            ("name: x\nlasts: [1s", 3, "did not find"), ("lasts: 3s", 1, "needs name"),
            ("name: *x", 1, "undefined alias"), ("name: x\nlasts:", 2, "nothing follows"),
            ("name: x\n    lasts: 3s", 2, "mapping values"), ("", 1, "nothing is here"),
            (
                "name: x\ntimings: {heartbeat: 200ms}", 2,
                "election-timeout and check-quorum are longer"
            ),
        ])
    func refuses(text: String, line: Int, part: String) throws {
        let found = error(in: text)
        let error = try #require(found)
        #expect(error.line == line, "\(error)")
        #expect(error.message.contains(part), "\(error)")
    }
}
