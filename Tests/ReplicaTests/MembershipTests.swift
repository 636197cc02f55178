import RaftCore
import RaftWire
import Replica
import Testing

@Suite("Changes of members (docs/lease.md, rule 7)")
struct MembershipTests {
    private let n1 = NodeID(1)
    private let n2 = NodeID(2)
    private let n3 = NodeID(3)
    private let n4 = NodeID(4)

    /// Three voters and a fourth node that knows nobody, with leases for everybody and the wait of
    /// the new leader over.
    private func settled() throws -> (Cluster, Cluster.Node) {
        let cluster = Cluster(4, configuration: ConfState(voters: [n1, n2, n3]))
        cluster.elect()
        cluster.run(milliseconds: 2_600)
        return (cluster, try #require(cluster.leader))
    }

    private func change(
        _ cluster: Cluster, _ node: Cluster.Node, _ change: MembershipChange, _ ticket: UInt64,
        within milliseconds: UInt64 = 60_000
    ) {
        cluster.give(
            .changeMembers(
                Ticket(ticket), change, deadline: cluster.now.advanced(milliseconds: milliseconds)),
            to: node.replica.id)
    }

    private func isDone(_ completion: MembershipCompletion?) -> Bool {
        if case .done = completion { true } else { false }
    }

    @Test(
        "a node joins, is told the state, and becomes a voter; each step is answered when applied")
    func joins() throws {
        let (cluster, leader) = try settled()
        change(cluster, leader, .addLearner(n4), 1)
        #expect(isDone(leader.changes[Ticket(1)]))
        cluster.run(milliseconds: 200)
        let learner = try #require(leader.replica.status.members.last)
        #expect(learner.standing == .learner && learner.isActive == true)
        #expect(learner.match == leader.replica.status.raft.last.index)
        change(cluster, leader, .promote([n4]), 2)
        let final = ConfState(voters: [n1, n2, n3, n4])
        #expect(
            leader.changes[Ticket(2)]
                == .done(final, at: leader.replica.status.raft.last.index))
        cluster.run(milliseconds: 200)
        #expect(leader.replica.status.members.map(\.standing) == [.voter, .voter, .voter, .voter])
        #expect(cluster[4].replica.status.raft.configuration == final)
    }

    @Test("who leaves is dropped when its lease has ended, and is granted none meanwhile")
    func removal() throws {
        let (cluster, leader) = try settled()
        let gone = cluster.follower
        let id = gone.replica.id
        let begun = cluster.now
        #expect(gone.lease != nil)
        change(cluster, leader, .remove([id]), 1)
        #expect(leader.changes[Ticket(1)] == nil)
        #expect(leader.replica.status.members.first { $0.id == id }?.standing == .leaving)
        let end = try #require(gone.lease?.end)
        cluster.run(milliseconds: 2_300)
        #expect(gone.replica.status.raft.configuration.isJoint, "it still counts")
        #expect(gone.lease == nil || gone.lease?.end == end, "no newer one was granted")
        cluster.run(milliseconds: 300)
        #expect(isDone(leader.changes[Ticket(1)]))
        #expect(cluster.now.nanoseconds(since: begun) <= 2_600_000_000)
        #expect(!leader.replica.status.raft.configuration.members.contains(id))
    }

    @Test("a leader that removes itself waits for its own lease too, and hands over")
    func removesItself() throws {
        let (cluster, leader) = try settled()
        change(cluster, leader, .remove([leader.replica.id]), 1)
        let end = try #require(leader.lease?.end)
        cluster.run(milliseconds: 1_900)
        #expect(leader.replica.status.raft.configuration.isJoint)
        cluster.run(milliseconds: 700)
        #expect(cluster.now >= end)
        #expect(isDone(leader.changes[Ticket(1)]), "though it does not lead any more")
        let next = try #require(cluster.leader)
        #expect(next.replica.id != leader.replica.id)
        #expect(next.replica.status.raft.configuration.voters.count == 2)
    }

    @Test("a learner is removed like a voter: its lease counts as much")
    func removesLearner() throws {
        let (cluster, leader) = try settled()
        change(cluster, leader, .addLearner(n4), 1)
        cluster.run(milliseconds: 200)
        #expect(cluster[4].lease != nil)
        // It hears nobody, and answers by its lease what it knows.
        cluster.passes = { [n4] _, _, to in to != n4 }
        change(cluster, leader, .remove([n4]), 2)
        cluster.run(milliseconds: 1_000)
        cluster.give(
            .propose(
                Ticket(3), command: [1], isNarrowing: true,
                deadline: cluster.now.advanced(milliseconds: 5_000)),
            to: leader.replica.id)
        #expect(leader.completions[Ticket(3)] == nil, "it may say yes")
        #expect(leader.changes[Ticket(2)] == nil)
        cluster.run(milliseconds: 1_600)
        #expect(leader.completions[Ticket(3)] != nil)
        #expect(isDone(leader.changes[Ticket(2)]))
        #expect(try #require(cluster[4].lease).end <= cluster.now)
    }

    @Test("a later leader finishes a removal after a wait of its own (rule 6)")
    func inherited() throws {
        let cluster = Cluster(4)
        cluster.elect()
        cluster.run(milliseconds: 2_600)
        let leader = try #require(cluster.leader)
        let gone = cluster.follower.replica.id
        change(cluster, leader, .remove([gone]), 1)
        cluster.run(milliseconds: 100)
        cluster.kill(leader.replica.id)
        cluster.run(milliseconds: 500)
        let next = try #require(cluster.leader)
        #expect(next.replica.status.raft.configuration.isJoint)
        cluster.run(milliseconds: 1_800)
        #expect(next.replica.status.raft.configuration.isJoint)
        cluster.run(milliseconds: 700)
        #expect(!next.replica.status.raft.configuration.isJoint)
        #expect(!next.replica.status.raft.configuration.members.contains(gone))
    }

    @Test("refusals say why; who is not the leader says who is")
    func refusals() throws {
        let (cluster, leader) = try settled()
        change(cluster, leader, .promote([n4]), 1)
        #expect(leader.changes[Ticket(1)] == .refused(.unknown(n4)))
        change(cluster, cluster.follower, .addLearner(n4), 2)
        #expect(
            cluster.follower.changes[Ticket(2)]
                == .refused(.notLeader(leader: leader.replica.id)))
        change(cluster, leader, .addLearner(n4), 3, within: 0)
        #expect(leader.changes[Ticket(3)] == .unknown, "nobody waits for it")
        #expect(!leader.replica.status.raft.configuration.members.contains(n4))
    }

    @Test("a change whose end is not known at its deadline is unknown, and goes on")
    func deadline() throws {
        let (cluster, leader) = try settled()
        change(cluster, leader, .remove([cluster.follower.replica.id]), 1, within: 500)
        cluster.run(milliseconds: 500)
        #expect(leader.changes[Ticket(1)] == .unknown)
        cluster.run(milliseconds: 2_500)
        #expect(leader.replica.status.raft.configuration.voters.count == 2)
    }

    @Test("a change that another leader's entries took the place of is said to be replaced")
    func replaced() throws {
        let (cluster, leader) = try settled()
        let old = leader.replica.id
        cluster.passes = { _, from, to in from != old && to != old }
        change(cluster, leader, .addLearner(n4), 1)
        cluster.run(milliseconds: 1_000)
        #expect(leader.changes[Ticket(1)] == nil)
        cluster.passes = { _, _, _ in true }
        cluster.run(milliseconds: 500)
        #expect(leader.changes[Ticket(1)] == .replaced)
    }

    @Test("who was removed, and who never was a member, stops at once")
    func outsiders() throws {
        let (cluster, leader) = try settled()
        // The end is noticed in the next turn that finds nothing to wait for.
        cluster.give(.shutdown, .timer, to: n4)
        #expect(cluster[4].isStopped)
        let gone = cluster.follower
        change(cluster, leader, .remove([gone.replica.id]), 1)
        cluster.run(milliseconds: 3_000)
        #expect(isDone(leader.changes[Ticket(1)]))
        cluster.run(milliseconds: 500)
        cluster.give(.shutdown, to: gone.replica.id)
        #expect(gone.isStopped)
    }

    @Test("what a node proposed before it was removed it can answer, and afterwards it refuses")
    func proposalsOfWhoLeaves() throws {
        let (cluster, leader) = try settled()
        let gone = cluster.follower
        func propose(_ ticket: UInt64, _ node: Cluster.Node) {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [UInt8(ticket)], isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 5_000)),
                to: node.replica.id)
        }
        change(cluster, leader, .remove([gone.replica.id]), 1)
        propose(2, gone)
        #expect(gone.completions[Ticket(2)] != nil, "a member until it is dropped")
        cluster.run(milliseconds: 3_000)
        #expect(isDone(leader.changes[Ticket(1)]))
        propose(3, gone)
        cluster.run(milliseconds: 1_000)
        guard case .notProposed = gone.completions[Ticket(3)] else {
            Issue.record("\(String(describing: gone.completions[Ticket(3)]))")
            return
        }
    }

    @Test("who is told to stop says that the end is unknown")
    func stopped() throws {
        let (cluster, leader) = try settled()
        change(cluster, leader, .remove([cluster.follower.replica.id]), 1)
        cluster.passes = { _, _, _ in false }
        cluster.give(.shutdown, to: leader.replica.id)
        cluster.run(milliseconds: 4_100)
        #expect(leader.isStopped)
        #expect(leader.changes[Ticket(1)] == .unknown)
        change(cluster, leader, .addLearner(n4), 2)
        #expect(leader.changes[Ticket(2)] == .refused(.notLeader(leader: nil)))
    }
}
