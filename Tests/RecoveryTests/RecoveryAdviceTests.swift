import APITypes
import RaftCore
import Recovery
import Testing

@Suite("Advice on which survivor to go on from")
struct RecoveryAdviceTests {
    private static let five = ConfState(voters: (1...5).map { NodeID(UInt64($0)) })

    private func plan(
        _ node: UInt64, _ index: UInt64, _ term: UInt64, in configuration: ConfState = five
    ) -> RecoveryPlan {
        RecoveryPlan(
            clusterID: [UInt8](0..<16), node: NodeID(node), term: Term(term),
            committed: LogIndex(index - 1),
            applied: EntryID(index: LogIndex(index - 1), term: Term(term)),
            last: EntryID(index: LogIndex(index), term: Term(term)), configuration: configuration,
            featureLevel: 1)
    }

    private func advice(_ plans: RecoveryPlan...) throws -> RecoveryAdvice {
        try RecoveryAdvice(plans, supporting: 1)
    }

    @Test("The newest is that of the highest term, then of the highest index (Raft §5.4.1)")
    func newest() throws {
        #expect(try advice(plan(1, 90, 4), plan(2, 50, 5)).newest.node == NodeID(2))
        #expect(try advice(plan(1, 90, 5), plan(2, 91, 5)).newest.node == NodeID(2))
        #expect(try advice(plan(2, 9, 5), plan(1, 9, 5)).newest.node == NodeID(1))
        let found = try advice(plan(2, 9, 5), plan(4, 8, 5))
        #expect(found.missing == [NodeID(1), NodeID(3), NodeID(5)])
        #expect(!found.hasQuorum && !found.isComplete && found.unusableAhead.isEmpty)
    }

    @Test("A quorum needs no recovery")
    func quorum() throws {
        #expect(try advice(plan(1, 9, 5), plan(2, 9, 5), plan(3, 9, 5)).hasQuorum)
        let joint = ConfState(
            voters: [NodeID(1), NodeID(2), NodeID(3)],
            votersOutgoing: [NodeID(1), NodeID(4), NodeID(5)])
        #expect(try !advice(plan(1, 9, 5, in: joint), plan(2, 9, 5, in: joint)).hasQuorum)
    }

    @Test("Half of an even number has everything that was committed, if nothing of it is damaged")
    func complete() throws {
        let four = ConfState(voters: (1...4).map { NodeID(UInt64($0)) })
        let found = try advice(plan(1, 9, 5, in: four), plan(2, 12, 5, in: four))
        #expect(!found.hasQuorum && found.isComplete && found.newest.node == NodeID(2))
        var hurt = plan(1, 9, 5, in: four)
        hurt.promised = EntryID(index: LogIndex(11), term: Term(5))
        #expect(try !advice(hurt, plan(2, 12, 5, in: four)).isComplete)
    }

    @Test("Of a joint configuration both halves are needed: either may have committed alone")
    func jointHalves() throws {
        let joint = ConfState(
            voters: [NodeID(1), NodeID(2), NodeID(3)], votersOutgoing: [NodeID(1), NodeID(4)])
        // The change has ended without 4, and the new voters went on.
        #expect(try !advice(plan(4, 9, 5, in: joint)).isComplete)
        // The change was never committed, and the old voters went on without it.
        #expect(try !advice(plan(2, 9, 5, in: joint), plan(3, 9, 5, in: joint)).isComplete)
        let both = try advice(
            plan(2, 9, 5, in: joint), plan(3, 9, 5, in: joint), plan(4, 8, 5, in: joint))
        #expect(both.isComplete && !both.hasQuorum)
    }

    @Test("A newer log without a state cannot be taken, and what it has is told as lost")
    func unusable() throws {
        var lost = plan(1, 90, 5)
        lost.stateDamage = "given up"
        let found = try advice(lost, plan(2, 50, 5))
        #expect(found.newest.node == NodeID(2) && found.unusableAhead == [NodeID(1)])
        #expect(!found.isComplete)
        var hurt = plan(3, 40, 5)
        hurt.promised = EntryID(index: LogIndex(60), term: Term(5))
        #expect(try advice(hurt, plan(2, 50, 5)).unusableAhead == [NodeID(3)])
        #expect(throws: RecoveryError.self) { try advice(lost) }
    }

    @Test("Plans of several clusters, or several of one node, are refused")
    func refused() throws {
        var foreign = plan(2, 9, 5)
        foreign.clusterID[0] = 99
        #expect(throws: RecoveryError.self) { try advice(plan(1, 9, 5), foreign) }
        #expect(throws: RecoveryError.self) { try advice(plan(1, 9, 5), plan(1, 10, 5)) }
        #expect(throws: RecoveryError.self) { try RecoveryAdvice([], supporting: 1) }
    }

    @Test("A plan is read as it was written, and nothing else is")
    func json() throws {
        var plan = plan(2, 9, 5)
        plan.configuration = ConfState(
            voters: [NodeID(1), NodeID(2)], votersOutgoing: [NodeID(2), NodeID(3)],
            learners: [NodeID(4)], learnersNext: [NodeID(3)], learnersOutgoing: [NodeID(5)])
        plan.promised = EntryID(index: LogIndex(12), term: Term(5))
        plan.logDamage = ["group at 4096 in data/wal/1.wal"]
        plan.stateDamage = "a page"
        plan.isBegun = true
        let written = try JSONValue(parsing: plan.json.bytes)
        #expect(try RecoveryPlan(json: written) == plan)
        let members = try #require(plan.json.members)
        for name in members.map(\.name)
        where !["state_damage", "bootstrapped", "recovery_begun"].contains(name) {
            let without = JSONValue.object(members.filter { $0.name != name })
            #expect(throws: RecoveryError.self, "\(name)") { try RecoveryPlan(json: without) }
        }
        #expect(throws: RecoveryError.self) { try RecoveryPlan(json: .object([JSONMember]())) }
    }
}
