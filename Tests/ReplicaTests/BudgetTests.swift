import Budgets
import RaftCore
import RaftWire
import Replica
import Testing

private let budget = Budget(BudgetID(.key, 1), BudgetRate(count: 600, seconds: 60))

private func claims(_ sequence: UInt64, spent: UInt32 = 0, wanted: UInt32 = 0) -> BudgetClaims {
    BudgetClaims(
        sequence: sequence,
        claims: [BudgetClaim(budget: budget, spent: spent, returned: 0, wanted: wanted)])
}

private func listening(_ sequence: UInt64) -> BudgetClaims {
    BudgetClaims(sequence: sequence, claims: [])
}

private func isLevels(_ message: PeerMessage) -> Bool {
    if case .budgetLevels = message { true } else { false }
}

@Suite("Budgets between nodes") struct BudgetTests {
    @Test("a follower's claims are settled by the leader, and so are the leader's own")
    func settles() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 200)
        let leader = try #require(cluster.leader)
        let follower = cluster.follower
        cluster.give(.claimBudgets(claims(1, wanted: 4)), to: follower.replica.id)
        #expect(follower.grants.map { $0.grants.map(\.granted) } == [[4]])
        cluster.give(.claimBudgets(claims(1, wanted: 6)), to: leader.replica.id)
        #expect(leader.grants.map { $0.grants.map(\.granted) } == [[6]])
        cluster.give(.claimBudgets(claims(2, wanted: 1)), to: follower.replica.id)
        #expect(follower.grants.last?.grants.map(\.granted) == [0])
    }

    @Test("who leads next goes on where the leader was")
    func newLeader() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 200)
        let former = try #require(cluster.leader).replica.id
        for id in cluster.ids { cluster.give(.claimBudgets(listening(1)), to: id) }
        cluster.give(.claimBudgets(claims(2, spent: 200)), to: former)
        cluster.kill(former)
        cluster.elect()
        cluster.run(milliseconds: 200)
        let next = try #require(cluster.leader)
        #expect(next.replica.id != former)
        cluster.give(.claimBudgets(claims(2, wanted: 6)), to: next.replica.id)
        let grant = try #require(next.grants.last?.grants.first)
        #expect(grant.granted == 0)
        // Ten come in each second, and a second makes ten.
        #expect(grant.level < -150_000_000)
    }

    @Test("a new leader that was away hears from the others what they know")
    func survivors() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 200)
        let former = try #require(cluster.leader).replica.id
        let others = cluster.ids.filter { $0 != former }
        // One of them never claimed, so it was told nothing.
        let (deaf, knowing) = (others[0], others[1])
        for id in [former, knowing] { cluster.give(.claimBudgets(listening(1)), to: id) }
        cluster.give(.claimBudgets(claims(2, spent: 200)), to: former)
        cluster.give(.transfer(Ticket(1), to: deaf), to: former)
        cluster.run(milliseconds: 50)
        let next = try #require(cluster.leader)
        #expect(next.replica.id == deaf)
        cluster.give(.claimBudgets(listening(2)), to: knowing)
        cluster.run(milliseconds: 200)
        cluster.give(.claimBudgets(claims(2, wanted: 6)), to: deaf)
        let grant = try #require(next.grants.last?.grants.first)
        #expect(grant.granted == 0)
        #expect(grant.level < -150_000_000)
    }

    @Test("nobody who has not claimed is told levels: an older release could not read them")
    func unheard() throws {
        let cluster = Cluster()
        var told: [NodeID] = []
        cluster.passes = { message, _, to in
            if isLevels(message) { told.append(to) }
            return true
        }
        cluster.elect()
        cluster.run(milliseconds: 200)
        let leader = try #require(cluster.leader).replica.id
        cluster.give(.claimBudgets(claims(1, spent: 1)), to: leader)
        #expect(told == [])
        let follower = cluster.follower.replica.id
        cluster.give(.claimBudgets(claims(1, spent: 1)), to: follower)
        cluster.give(.claimBudgets(claims(2, spent: 1)), to: leader)
        // The whole ledger at first, then each change.
        #expect(told == [follower, follower, follower])
        cluster.run(milliseconds: 6_000)
        cluster.give(.claimBudgets(claims(3, spent: 1)), to: leader)
        #expect(told == [follower, follower, follower])
    }

    @Test("a leader that hears no quorum settles nothing")
    func cutOff() throws {
        let cluster = Cluster()
        cluster.elect()
        let leader = try #require(cluster.leader)
        cluster.passes = { _, _, _ in false }
        cluster.run(milliseconds: 600)
        cluster.give(.claimBudgets(claims(1, wanted: 4)), to: leader.replica.id)
        #expect(leader.grants == [])
    }
}
