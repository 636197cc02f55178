import RaftCore
import Replica
import Testing

@Suite("A replica whose log was found damaged while it runs")
struct RepairTests {
    @Test("has it written anew from memory, behind what the state holds durably")
    func rewritten() throws {
        let cluster = Cluster()
        cluster.elect()
        let leader = try #require(cluster.leader)
        cluster.give(.logDamaged, to: leader.replica.id)
        let rewrite = try #require(leader.rewrites.first)
        let status = leader.replica.status
        #expect(leader.rewrites.count == 1 && status.raft.role == .leader)
        #expect(rewrite.start.index == status.durableApplied)
        #expect(rewrite.start.index + rewrite.entries.count == status.raft.last.index)
        #expect(status.counters.logRewrites == 1)
    }
}
