import RaftCore
import RaftWire
import Replica
import Testing

private func read(_ cluster: Cluster, _ node: Cluster.Node, _ ticket: UInt64) {
    cluster.give(
        .confirmRead(Ticket(ticket), deadline: cluster.now.advanced(milliseconds: 1_000)),
        to: node.replica.id)
}

@Suite struct ReadTests {
    @Test("a read is confirmed on the leader and on followers (dissertation §6.4)")
    func confirmed() {
        let cluster = Cluster()
        cluster.elect()
        for node in cluster.nodes {
            read(cluster, node, 1)
            #expect(node.reads[Ticket(1)] == .confirmed(node.replica.status.visible))
        }
    }

    @Test("a confirmed read waits until its index is visible here")
    func waitsForApply() {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        follower.isApplyHeld = true
        cluster.give(
            .propose(
                Ticket(9), command: [9], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 1_000)),
            to: cluster.leader!.replica.id)
        read(cluster, follower, 1)
        #expect(follower.reads[Ticket(1)] == nil)
        cluster.releaseApply(follower)
        cluster.run(milliseconds: 50)
        #expect(follower.reads[Ticket(1)] == .confirmed(LogIndex(2)))
    }

    @Test("a read joins only a round that begins after it came, and one round is under way")
    func oneRound() {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        var requests: [UInt64] = []
        var areAnswersLost = true
        cluster.passes = { message, _, _ in
            switch message {
            case .readIndex(let request): requests.append(request)
            case .readIndexReply: return !areAnswersLost
            default: break
            }
            return true
        }
        read(cluster, follower, 1)
        read(cluster, follower, 2)
        read(cluster, follower, 3)
        #expect(requests.count == 1)
        #expect(follower.reads.isEmpty)
        areAnswersLost = false
        cluster.run(milliseconds: 200)
        #expect(requests.count == 2)
        #expect(Set(requests).count == 2, "a number was used again (etcd #20418)")
        #expect(follower.reads.count == 3)
    }

    @Test("an answer to a question that was given up confirms nothing (etcd #20418)")
    func lateAnswer() {
        let cluster = Cluster()
        cluster.elect()
        let follower = cluster.follower
        let leader = cluster.leader!.replica.id
        var late: [PeerMessage] = []
        cluster.passes = { message, _, _ in
            if case .readIndexReply = message {
                late.append(message)
                return false
            }
            return true
        }
        read(cluster, follower, 1)
        cluster.run(milliseconds: 160)
        cluster.give(.received(late[0], from: leader), to: follower.replica.id)
        #expect(follower.reads.isEmpty)
    }

    @Test("the numbers of two runs differ")
    func runsDiffer() {
        var numbers: [UInt64] = []
        for count in 0..<2 {
            let cluster = Cluster()
            cluster.elect()
            let follower = cluster.nodes.filter { $0 !== cluster.leader }[count]
            cluster.passes = { message, _, _ in
                if case .readIndex(let request) = message { numbers.append(request) }
                return true
            }
            read(cluster, follower, 1)
        }
        #expect(Set(numbers).count == 2)
    }

    @Test("a leader that lost its quorum confirms nothing")
    func deposed() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        cluster.passes = { _, _, _ in false }
        read(cluster, leader, 1)
        cluster.run(milliseconds: 1_100)
        #expect(leader.reads[Ticket(1)] == .failed(.noLeader, leader: nil))
    }

    @Test("after a change of the leader the round is asked anew")
    func leaderChange() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        let follower = cluster.follower
        cluster.passes = { message, _, _ in
            if case .readIndex = message { return false }
            return true
        }
        read(cluster, follower, 1)
        cluster.passes = { _, _, _ in true }
        cluster.kill(old.replica.id)
        cluster.elect()
        cluster.run(milliseconds: 20)
        #expect(follower.reads[Ticket(1)] == .confirmed(follower.replica.status.visible))
    }

    @Test("a wait for an index ends when it is visible, or at its deadline")
    func awaitIndex() {
        let cluster = Cluster()
        cluster.elect()
        let node = cluster.follower
        let deadline = cluster.now.advanced(milliseconds: 100)
        cluster.give(.awaitIndex(Ticket(1), LogIndex(1), deadline: deadline), to: node.replica.id)
        #expect(node.reads[Ticket(1)] == .confirmed(LogIndex(1)))
        cluster.give(.awaitIndex(Ticket(2), LogIndex(2), deadline: deadline), to: node.replica.id)
        cluster.give(.awaitIndex(Ticket(3), LogIndex(3), deadline: deadline), to: node.replica.id)
        cluster.give(
            .propose(Ticket(9), command: [9], isNarrowing: false, deadline: deadline),
            to: node.replica.id)
        #expect(node.reads[Ticket(2)] == .confirmed(LogIndex(2)))
        cluster.run(milliseconds: 101)
        #expect(
            node.reads[Ticket(3)] == .failed(.timeout, leader: cluster.leader?.replica.id))
    }
}
