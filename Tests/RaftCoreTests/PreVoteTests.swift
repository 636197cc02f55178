import RaftCore
import Testing

@Suite("Pre-vote, check-quorum and hints (dissertation §9.6, §6.2)")
struct PreVoteTests {
    /// A follower of n2 in term 1 that just heard it.
    private func follower() -> Bench {
        var bench = Bench()
        bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
        bench.sent = []
        return bench
    }

    @Test("refuses pre-votes and ignores votes while it hears a leader (dissertation §4.2.3)")
    func leaderIsHeard() {
        var bench = follower()
        bench.advance(119)
        bench.receive(.preVote(last: EntryID(9, 1)), from: n3, term: 2)
        #expect(bench.take(to: n3) == [.preVoteReply(granted: false)])
        bench.receive(.vote(last: EntryID(9, 1), isTransfer: false), from: n3, term: 2)
        #expect(bench.sent.isEmpty)
        #expect(bench.core.status.term == Term(1))
        #expect(bench.core.status.leader == n2)
    }

    @Test("grants a pre-vote after an election time-out of silence")
    func leaderIsSilent() {
        var bench = follower()
        bench.advance(121)
        let deadline = bench.core.deadline
        bench.receive(.preVote(last: .zero), from: n3, term: 2)
        #expect(bench.take(to: n3) == [.preVoteReply(granted: true)])
        #expect(bench.core.deadline == deadline, "granting does not reset the timer (#609)")
        #expect(bench.core.status.term == Term(1))
    }

    @Test("grants a pre-vote once its own connection to the leader was closed")
    func leaderIsGone() {
        var bench = follower()
        bench.step(.connectionLost(n2, .closed))
        bench.receive(.preVote(last: .zero), from: n3, term: 2)
        #expect(bench.take(to: n3) == [.preVoteReply(granted: true)])
    }

    @Test("does not doubt the leader when another connection closes, or its own is only silent")
    func weakHints() {
        for (peer, loss) in [(n3, ConnectionLoss.closed), (n2, .silent)] {
            var bench = follower()
            let deadline = bench.core.deadline
            bench.step(.connectionLost(peer, loss))
            #expect(bench.core.deadline == deadline)
            bench.receive(.preVote(last: .zero), from: n3, term: 2)
            #expect(bench.take(to: n3) == [.preVoteReply(granted: false)])
        }
    }

    @Test("trusts the leader again when the connection is made anew")
    func reconnected() {
        var bench = follower()
        bench.step(.connectionLost(n2, .closed))
        bench.step(.connected(n2))
        bench.receive(.preVote(last: .zero), from: n3, term: 2)
        #expect(bench.take(to: n3) == [.preVoteReply(granted: false)])
    }

    @Test("campaigns within the jitter after the leader's connection was closed")
    func strongHint() throws {
        var bench = follower()
        bench.step(.connectionLost(n2, .closed))
        let deadline = try #require(bench.core.deadline)
        #expect(deadline.nanoseconds(since: bench.now) < 20_000_000)
        bench.fire()
        #expect(bench.core.status.role == .preCandidate)
        #expect(bench.core.status.term == Term(1), "a hint never starts a real election")
    }

    @Test("follows nobody once the leader says that it steps down, and campaigns soon")
    func steppingDown() throws {
        var bench = follower()
        bench.receive(.steppingDown, from: n3, term: 1)
        #expect(bench.core.status.leader == n2, "only the leader can say so")
        bench.receive(.steppingDown, term: 1)
        #expect(bench.core.status.leader == nil)
        bench.receive(.preVote(last: .zero), from: n3, term: 2)
        #expect(bench.take(to: n3) == [.preVoteReply(granted: true)])
        let deadline = try #require(bench.core.deadline)
        #expect(deadline.nanoseconds(since: bench.now) < 20_000_000)
    }

    @Test("knows that a leader which asks for votes leads no longer")
    func restartedLeader() {
        var bench = follower()
        bench.receive(.preVote(last: .zero), from: n2, term: 2)
        #expect(bench.core.status.leader == nil)
        #expect(bench.take(to: n2) == [.preVoteReply(granted: true)])
    }

    @Test("believes the newer term of a refused pre-vote (openraft #1796, canonical/raft #279)")
    func refusalCarriesTerm() {
        var bench = Bench()
        bench.fire()
        bench.receive(.preVoteReply(granted: false), term: 7)
        #expect(bench.core.status.term == Term(7))
        #expect(bench.core.status.role == .follower)
    }

    @Test("does not enter the term that a granted pre-vote names")
    func grantCarriesNoTerm() {
        var bench = Bench(.log([], configuration: .voters(1...5)))
        bench.fire()
        bench.receive(.preVoteReply(granted: true), term: 1)
        #expect(bench.core.status.term == .zero)
        // One for another campaign does not count.
        bench.receive(.preVoteReply(granted: true), from: n3, term: 5)
        #expect(bench.core.status.role == .preCandidate)
        #expect(bench.core.status.term == .zero)
    }

    @Test("two nodes that refuse each other's terms still come to one (openraft #1796)")
    func noDeadlock() {
        // n1 has the longer log and the older term; n2 a newer term; n3 is down.
        var cluster = Cluster(3, logs: [n1: [1, 1], n2: [1]])
        cluster.crash(n3)
        cluster.crash(n2)
        cluster[n2].disk.hardState.term = Term(9)
        cluster.restart(n2)
        cluster.advance(600)
        #expect(cluster.leaders == [n1])
    }

    @Test("grows no term however long it is cut off (L3)")
    func termStands() {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.partition([n3], [n1, n2])
        cluster.advance(10_000)
        #expect(cluster[n3].core.status.term == Term(1))
        #expect(cluster[n3].core.status.role != .leader)
        cluster.cut = []
        cluster.advance(200)
        #expect(cluster.leaders == [n1])
        #expect(cluster[n1].core.status.term == Term(1), "its return deposes nobody")
    }

    @Test("one cut link deposes nobody, whichever it is")
    func oneLink() {
        for link in [[n1, n3], [n3, n1]] {
            var cluster = Cluster(3)
            cluster.elect(n1)
            cluster.cut = [link]
            cluster.step(n3, .connectionLost(n1, .closed))
            cluster.advance(5_000)
            #expect(cluster.leaders == [n1], "\(link)")
            #expect(cluster[n1].core.status.term == Term(1))
        }
    }

    @Test("a leader that reaches its voters through a bridge only makes way (openraft #2080)")
    func bridge() {
        // n1 leads and hears n2 alone; n2 hears everybody; n3, n4 and n5 hear each other.
        var cluster = Cluster(5)
        cluster.elect(n1)
        cluster.partition([n1], [n3, n4, n5])
        cluster.advance(1_000)
        #expect(cluster.leaders.count == 1)
        #expect(cluster.leaders != [n1])
        #expect(cluster[n1].core.status.role != .leader)
    }

    @Test("a leader that nobody can answer steps down, and says so (dissertation §6.2)")
    func checkQuorum() {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.cut = [[n2, n1], [n3, n1]]
        cluster.advance(600)
        #expect(cluster[n1].core.status.role != .leader)
        #expect(cluster.leaders.count == 1, "the others, who still heard it, elect another")
    }

    @Test("a leader keeps leading while a quorum answers, and counts itself")
    func quorumIsEnough() {
        var cluster = Cluster(5)
        cluster.elect(n1)
        cluster.partition([n4, n5], [n1, n2, n3])
        cluster.advance(2_000)
        #expect(cluster.leaders == [n1])
        cluster.crash(n3)
        cluster.advance(2_000)
        #expect(cluster.leaders.isEmpty, "two of five are no quorum")
    }

    @Test("reads its messages before its timers act after a pause (etcd #20418)")
    func pauseOfFollower() throws {
        var bench = follower()
        let due = try #require(bench.core.deadline)
        bench.now = due.advanced(milliseconds: 2_000)
        bench.step(.timer)
        #expect(bench.core.status.role == .follower, "the timer waits for the messages")
        let grace = try #require(bench.core.deadline)
        #expect(grace > bench.now)
        #expect(grace <= bench.now.advanced(milliseconds: 30))
        bench.fire()
        #expect(bench.core.status.role == .preCandidate, "once, and not for ever")
    }

    @Test("a node that is slow throughout still campaigns")
    func slowNode() throws {
        var bench = follower()
        for _ in 0..<3 where bench.core.status.role == .follower {
            bench.now = try #require(bench.core.deadline).advanced(milliseconds: 200)
            bench.step(.timer)
        }
        #expect(bench.core.status.role == .preCandidate)
    }

    @Test("asks again whoever becomes reachable during a campaign")
    func asksAgain() {
        var bench = Bench()
        bench.fire()
        bench.sent = []
        bench.step(.connected(n3))
        #expect(bench.take(to: n3) == [.preVote(last: .zero)])
        bench.receive(.preVoteReply(granted: true), term: 1)
        bench.sent = []
        bench.step(.connected(n3))
        #expect(bench.take(to: n3) == [.vote(last: .zero, isTransfer: false)])
    }

    @Test("votes for another while it only asks whether it might campaign")
    func preCandidateVotes() {
        var bench = Bench(.log([], term: 2))
        bench.fire()
        bench.sent = []
        bench.isDiskFast = false
        bench.receive(.vote(last: .zero, isTransfer: false), from: n3, term: 2)
        #expect(bench.core.status.role == .follower)
        // Its own timer may pass before the disk is done: the vote is given all the same.
        bench.fire()
        bench.persist()
        #expect(bench.take(to: n3).contains(.voteReply(granted: true)))
    }

    @Test("campaigns at once after a start, without waiting for a time-out")
    func startUp() throws {
        let deadline = try #require(Bench().core.deadline)
        #expect(deadline.nanoseconds(since: Bench().now) < 20_000_000)
    }

    @Test("does not start anew while its disk still writes its own vote (L1)")
    func slowDiskKeepsItsTerm() {
        var bench = Bench()
        bench.fire()
        bench.isDiskFast = false
        bench.receive(.preVoteReply(granted: true), term: 1)
        #expect(bench.core.status.role == .candidate)
        let term = bench.core.status.term
        for _ in 0..<5 { bench.fire() }
        #expect(bench.core.status.role == .candidate)
        #expect(bench.core.status.term == term)
        bench.persist()
        bench.receive(.voteReply(granted: true), term: term.rawValue)
        #expect(bench.core.status.role == .leader)
    }

    @Test("campaigns for a vote only with what is durable")
    func claimsDurable() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.append(previous: .zero, entries: Entry.log([1, 1]), commit: .zero), term: 1)
        bench.sent = []
        bench.fire()
        #expect(bench.take(to: n2) == [.preVote(last: .zero)])
        bench.receive(.preVoteReply(granted: true), term: 2)
        #expect(bench.take(to: n2) == [.vote(last: .zero, isTransfer: false)])
    }
}
