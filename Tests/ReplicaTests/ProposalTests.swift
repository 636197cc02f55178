import ByteCodec
import RaftCore
import RaftWire
import Replica
import Testing

private func propose(
    _ cluster: Cluster, _ node: Cluster.Node, _ ticket: UInt64, milliseconds: UInt64 = 5_000
) {
    cluster.give(
        .propose(
            Ticket(ticket), command: [UInt8(ticket)], isNarrowing: false,
            deadline: cluster.now.advanced(milliseconds: milliseconds)), to: node.replica.id)
}

@Suite struct ProposalTests {
    @Test("a proposal is answered when this node has applied it, on a leader and on a follower")
    func applied() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        let follower = cluster.follower
        propose(cluster, leader, 1)
        #expect(leader.completions[Ticket(1)] == .applied(index: LogIndex(2), outcome: [1]))
        follower.isApplyHeld = true
        propose(cluster, follower, 2)
        cluster.run(milliseconds: 50)
        #expect(follower.completions[Ticket(2)] == nil)
        cluster.releaseApply(follower)
        #expect(follower.completions[Ticket(2)] == .applied(index: LogIndex(3), outcome: [2]))
    }

    @Test("what comes in one turn goes to the leader in one message, and into the log at once")
    func batched() {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        var messages = 0
        cluster.passes = { message, _, _ in
            if case .propose(let proposals) = message {
                messages += 1
                #expect(proposals.count == 3)
            }
            return true
        }
        let deadline = cluster.now.advanced(milliseconds: 1_000)
        cluster.give(
            .propose(Ticket(1), command: [1], isNarrowing: false, deadline: deadline),
            .propose(Ticket(2), command: [2], isNarrowing: false, deadline: deadline),
            .propose(Ticket(3), command: [3], isNarrowing: false, deadline: deadline),
            to: follower.replica.id)
        cluster.run(milliseconds: 50)
        #expect(messages == 1)
        #expect(follower.effects == [[1], [2], [3]])
    }

    @Test("without a leader a proposal is parked, and refused after the park time")
    func parked() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        let follower = cluster.follower
        cluster.passes = { _, _, _ in false }
        cluster.run(milliseconds: 300)
        propose(cluster, follower, 1)
        cluster.run(milliseconds: 499)
        #expect(follower.completions[Ticket(1)] == nil)
        cluster.run(milliseconds: 2)
        #expect(
            follower.completions[Ticket(1)] == .notProposed(.noLeader, leader: nil))
        _ = leader
    }

    @Test("with too few nodes in reach the reason is the lost quorum")
    func noQuorum() {
        let cluster = Cluster()
        cluster.elect()
        let survivor = cluster.follower
        for node in cluster.nodes where node !== survivor { cluster.kill(node.replica.id) }
        cluster.run(milliseconds: 400)
        propose(cluster, survivor, 1)
        cluster.run(milliseconds: 600)
        #expect(survivor.completions[Ticket(1)] == .notProposed(.noQuorum, leader: nil))
    }

    @Test("a proposal that a dead leader had accepted is proposed anew, and takes effect once")
    func leaderDies() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        let follower = cluster.follower
        // The entry reaches the followers' logs, and its commitment does not reach anybody.
        var isReplyLost = true
        cluster.passes = { message, _, to in
            if isReplyLost, to == old.replica.id, case .raft(let inner) = message,
                case .appendReply = inner.body
            {
                return false
            }
            return true
        }
        propose(cluster, follower, 1)
        #expect(follower.completions[Ticket(1)] == nil)
        isReplyLost = false
        cluster.kill(old.replica.id)
        cluster.elect()
        cluster.run(milliseconds: 100)
        guard case .applied(let index, let outcome)? = follower.completions[Ticket(1)] else {
            Issue.record("\(String(describing: follower.completions[Ticket(1)]))")
            return
        }
        #expect(outcome == [1])
        #expect(index == LogIndex(2))
        #expect(follower.applied.count { $0.kind == .command } == 2)
        #expect(follower.effects == [[1]])
    }

    @Test("a lost forward is sent again, and takes effect once")
    func forwardLost() {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        var lost = 0
        cluster.passes = { message, _, _ in
            if case .propose = message, lost == 0 {
                lost += 1
                return false
            }
            return true
        }
        propose(cluster, follower, 1)
        cluster.run(milliseconds: 400)
        #expect(follower.completions[Ticket(1)] == .applied(index: LogIndex(2), outcome: [1]))
    }

    @Test("what was handed over and has no known end is unknown at its deadline, never failed")
    func unknown() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        cluster.passes = { _, _, _ in false }
        propose(cluster, leader, 1, milliseconds: 2_000)
        cluster.run(milliseconds: 1_999)
        #expect(leader.completions[Ticket(1)] == nil)
        cluster.run(milliseconds: 2)
        #expect(leader.completions[Ticket(1)] == .unknown)
    }

    @Test("too large and too many are refused at once")
    func limits() {
        let cluster = Cluster(options: {
            $0.proposalsMax = 2
            $0.raft.entryBytesMax = 100
        })
        let node = cluster[1]
        let deadline = cluster.now.advanced(milliseconds: 5_000)
        cluster.passes = { _, _, _ in false }
        cluster.give(
            .propose(
                Ticket(1), command: [UInt8](repeating: 0, count: 60), isNarrowing: false,
                deadline: deadline),
            to: node.replica.id)
        #expect(node.completions[Ticket(1)] == .notProposed(.tooLarge, leader: nil))
        for ticket in 2...4 as ClosedRange<UInt64> { propose(cluster, node, ticket) }
        #expect(node.completions[Ticket(4)] == .notProposed(.tooBusy, leader: nil))
        #expect(node.completions[Ticket(3)] == nil)
    }

    @Test("a node that does not lead passes nothing on: one hop (RedisRaft #13)")
    func oneHop() {
        let cluster = Cluster()
        cluster.elect()
        let followers = cluster.nodes.filter { $0 !== cluster.leader }
        var replies: [ProposalReply] = []
        var forwards = 0
        cluster.passes = { message, _, _ in
            if case .proposalReplies(let some) = message { replies += some }
            if case .propose = message { forwards += 1 }
            return true
        }
        let id = ProposalID(node: followers[0].replica.id, run: 7, counter: 1)
        cluster.give(
            .received(
                .propose([
                    ForwardedProposal(id: id, oldestPending: 1, isNarrowing: false, command: [1])
                ]),
                from: followers[0].replica.id), to: followers[1].replica.id)
        #expect(forwards == 0)
        #expect(
            replies == [
                ProposalReply(
                    id: id, result: .refused(.notLeader(leader: cluster.leader!.replica.id)))
            ])
    }

    @Test("each proposal says which is the oldest that still waits")
    func oldestPending() throws {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        propose(cluster, follower, 1)
        propose(cluster, follower, 2)
        let proposals = try follower.applied.filter { $0.kind == .command }
            .map { try Proposal(decoding: $0.payload) }
        #expect(proposals.map(\.id.counter) == [1, 2])
        #expect(proposals.map(\.oldestPending) == [1, 2])
    }

    @Test("an acceptance that comes when its place is applied already is no end of the matter")
    func lateAcceptance() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        let follower = cluster.follower
        var isLost = true
        cluster.passes = { message, _, _ in
            guard case .propose = message else { return true }
            return !isLost
        }
        propose(cluster, follower, 1)
        isLost = false
        // An earlier leader's answer, or one that a snapshot overtook: nothing will be applied
        // here that could remind of it.
        let id = ProposalID(node: follower.replica.id, run: follower.replica.run, counter: 1)
        cluster.give(
            .received(
                .proposalReplies([ProposalReply(id: id, result: .accepted(EntryID(1, 1)))]),
                from: leader.replica.id), to: follower.replica.id)
        #expect(follower.completions[Ticket(1)] == .applied(index: LogIndex(2), outcome: [1]))
        #expect(follower.effects == [[1]])
    }

    @Test("a proposal that is stuck is not left behind farther than its outcome is kept")
    func span() {
        let cluster = Cluster(options: { $0.proposalSpanMax = 3 })
        cluster.elect()
        let follower = cluster.follower
        var isLost = true
        cluster.passes = { message, _, _ in
            guard case .propose(let proposals) = message else { return true }
            return !isLost || proposals.allSatisfy { $0.id.counter != 1 }
        }
        for ticket in 1...4 as ClosedRange<UInt64> { propose(cluster, follower, ticket) }
        #expect(follower.completions[Ticket(1)] == nil)
        #expect(follower.completions[Ticket(3)] == .applied(index: LogIndex(3), outcome: [3]))
        #expect(
            follower.completions[Ticket(4)]
                == .notProposed(.tooBusy, leader: cluster.leader!.replica.id))
        isLost = false
        cluster.run(milliseconds: 300)
        #expect(follower.completions[Ticket(1)] == .applied(index: LogIndex(4), outcome: [1]))
        propose(cluster, follower, 5)
        #expect(follower.completions[Ticket(5)] == .applied(index: LogIndex(5), outcome: [5]))
        #expect(ReplicaOptions().proposalSpanMax < Proposal.window)
    }
}

extension EntryID {
    fileprivate init(_ index: UInt64, _ term: UInt64) {
        self.init(index: LogIndex(index), term: Term(term))
    }
}
