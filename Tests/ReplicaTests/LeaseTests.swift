import RaftCore
import RaftWire
import Replica
import Testing

/// Proposes a command that narrows access.
private func revoke(_ cluster: Cluster, _ node: Cluster.Node, _ ticket: UInt64) {
    cluster.give(
        .propose(
            Ticket(ticket), command: [UInt8(ticket)], isNarrowing: true,
            deadline: cluster.now.advanced(milliseconds: 5_000)),
        to: node.replica.id)
}

private func isHeld(_ cluster: Cluster, by node: Cluster.Node) -> Bool {
    guard let lease = node.lease else { return false }
    return cluster.now < lease.end && node.replica.status.visible >= lease.index
}

@Suite("Read leases (docs/lease.md)")
struct LeaseTests {
    @Test("heartbeats bring every member a lease, and keep it")
    func heartbeats() {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        for _ in 0..<100 {
            for node in cluster.nodes { #expect(isHeld(cluster, by: node)) }
            cluster.run(milliseconds: 50)
        }
    }

    @Test("a member that is cut off holds its lease to the end and no longer (rules 1 and 2)")
    func cutOff() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let follower = cluster.follower
        let id = follower.replica.id
        cluster.passes = { _, from, to in from != id && to != id }
        cluster.run(milliseconds: 1_800)
        #expect(isHeld(cluster, by: follower))
        cluster.run(milliseconds: 300)
        #expect(!isHeld(cluster, by: follower))
        #expect(isHeld(cluster, by: try #require(cluster.leader)))
    }

    @Test("with everybody there a narrowing command is answered as soon as all have applied it")
    func prompt() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let before = cluster.now
        for (number, node) in cluster.nodes.enumerated() {
            let ticket = UInt64(number + 1)
            revoke(cluster, node, ticket)
            #expect(node.completions[Ticket(ticket)] != nil)
        }
        #expect(cluster.now == before, "no timer was needed")
    }

    @Test("a holder that has not applied it delays the answer until its lease is surely over")
    func laggard() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        let follower = cluster.follower
        follower.isApplyHeld = true
        revoke(cluster, leader, 1)
        cluster.run(milliseconds: 2_400)
        #expect(leader.completions[Ticket(1)] == nil)
        #expect(!isHeld(cluster, by: follower), "the lease was over long before")
        cluster.run(milliseconds: 200)
        #expect(leader.completions[Ticket(1)] != nil)
    }

    @Test("a holder that applies it releases the answer at once")
    func report() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        let follower = cluster.follower
        follower.isApplyHeld = true
        revoke(cluster, leader, 1)
        #expect(leader.completions[Ticket(1)] == nil)
        #expect(isHeld(cluster, by: follower), "it goes on answering by its old view")
        cluster.releaseApply(follower)
        #expect(leader.completions[Ticket(1)] != nil)
    }

    @Test("what does not narrow waits for no lease")
    func ordinary() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        cluster.follower.isApplyHeld = true
        cluster.give(
            .propose(
                Ticket(1), command: [1], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 1_000)), to: leader.replica.id)
        #expect(leader.completions[Ticket(1)] != nil)
    }

    @Test("leases outlive a failover, and block neither it nor ordinary writes (rule 6)")
    func failover() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let old = try #require(cluster.leader)
        cluster.kill(old.replica.id)
        var isElected = false
        for _ in 0..<50 {
            cluster.run(milliseconds: 10)
            for node in cluster.nodes where node.isUp { #expect(isHeld(cluster, by: node)) }
            isElected = cluster.leader != nil
            if isElected { break }
        }
        let new = try #require(cluster.leader)
        cluster.run(milliseconds: 50)
        revoke(cluster, new, 1)
        cluster.give(
            .propose(
                Ticket(2), command: [2], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 1_000)), to: new.replica.id)
        #expect(new.completions[Ticket(2)] != nil)
        #expect(new.completions[Ticket(1)] == nil, "the dead one may still say yes")
        cluster.run(milliseconds: 2_600)
        #expect(new.completions[Ticket(1)] != nil)
        revoke(cluster, new, 3)
        #expect(new.completions[Ticket(3)] != nil, "once only")
    }

    @Test("a wait for a release is a wait for everything that narrows up to there")
    func awaited() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        let others = cluster.nodes.filter { $0 !== leader }
        others[0].isApplyHeld = true
        revoke(cluster, leader, 1)
        let index = leader.replica.status.visible
        cluster.give(
            .awaitRelease(
                Ticket(5), index, deadline: cluster.now.advanced(milliseconds: 5_000)),
            to: others[1].replica.id)
        #expect(others[1].reads[Ticket(5)] == nil)
        cluster.releaseApply(others[0])
        #expect(others[1].reads[Ticket(5)] != nil)
    }

    @Test("a narrowing command whose release does not come in time is answered as unknown")
    func late() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        cluster.follower.isApplyHeld = true
        cluster.give(
            .propose(
                Ticket(1), command: [1], isNarrowing: true,
                deadline: cluster.now.advanced(milliseconds: 500)), to: leader.replica.id)
        cluster.run(milliseconds: 600)
        #expect(leader.completions[Ticket(1)] == .unknown)
    }

    @Test("a grant to a former run of the process is not taken (rule 1)")
    func incarnation() {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        let id = follower.replica.id
        cluster.passes = { _, from, to in from != id && to != id }
        cluster.run(milliseconds: 3_000)
        for (incarnation, isTaken) in [
            (follower.replica.run &+ 1, false), (follower.replica.run, true),
        ] {
            let grant = LeaseGrant(
                incarnation: incarnation, reading: cluster.now,
                durationNanoseconds: 1_000_000_000, index: .zero, released: .zero)
            cluster.give(
                .received(.leaseGrant(grant), from: NodeID(id == NodeID(1) ? 2 : 1)), to: id)
            #expect(isHeld(cluster, by: follower) == isTaken)
        }
    }
}
