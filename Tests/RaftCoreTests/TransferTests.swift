import RaftCore
import Testing

@Suite("Handing leadership over (dissertation §3.10)")
struct TransferTests {
    private func leader() -> Bench {
        var bench = Bench()
        bench.winAndCommit()
        return bench
    }

    private func isTold(_ bench: inout Bench, _ node: NodeID) -> Bool {
        let told = bench.take(to: node).contains(.timeoutNow(last: bench.core.status.last))
        return told
    }

    @Test("tells an heir with the whole log at once, and names the end of the log")
    func caughtUp() {
        var bench = leader()
        bench.step(.transferLeadership(to: n2))
        #expect(bench.take(to: n2) == [.timeoutNow(last: EntryID(1, 1))])
        #expect(bench.core.status.transferTarget == n2)
        #expect(bench.core.status.isTransferring)
    }

    @Test("waits for an heir that lags, durably, and refuses proposals meanwhile (redpanda #2606)")
    func lagging() throws {
        var bench = leader()
        try bench.propose("x")
        bench.sent = []
        bench.step(.transferLeadership(to: n2))
        #expect(bench.take(to: n2).isEmpty)
        #expect(throws: ProposalRefusal.transferring) { try bench.propose("y") }
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), term: 1)
        #expect(isTold(&bench, n2))
    }

    @Test("chooses the heir that has most, among those that are heard")
    func best() throws {
        var bench = leader()
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        try bench.propose("x")
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n3, term: 1)
        bench.sent = []
        bench.step(.transferLeadership(to: nil))
        #expect(isTold(&bench, n3))
        #expect(bench.core.status.transferTarget == n3)
    }

    @Test("does nothing without an heir: itself, a learner, a stranger, or where it does not lead")
    func noHeir() {
        var bench = leader()
        for target in [n1, NodeID(9)] {
            bench.step(.transferLeadership(to: target))
            #expect(!bench.core.status.isTransferring)
        }
        var follower = Bench()
        follower.step(.transferLeadership(to: n2))
        #expect(follower.sent.isEmpty)
        let configuration = ConfState(voters: [n1], learners: [n2])
        var single = Bench(.log([], configuration: configuration))
        single.fire()
        single.step(.transferLeadership(to: nil))
        single.step(.transferLeadership(to: n2))
        #expect(!single.core.status.isTransferring)
    }

    @Test("the heir skips the pre-vote, and the others vote though they hear the leader")
    func heirCampaigns() {
        var bench = Bench(.log([1], term: 1))
        bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
        bench.sent = []
        bench.receive(.timeoutNow(last: EntryID(1, 1)), term: 1)
        #expect(bench.core.status.role == .candidate)
        #expect(bench.take(to: n3) == [.vote(last: EntryID(1, 1), isTransfer: true)])

        var voter = Bench(.log([1], term: 1))
        voter.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
        voter.receive(.vote(last: EntryID(1, 1), isTransfer: true), from: n3, term: 2)
        #expect(voter.take(to: n3) == [.voteReply(granted: true)])
    }

    @Test("an heir refuses whose durable log is another (openraft #1806)")
    func heirRefuses() {
        for (log, asked) in [([UInt64(1)], EntryID(2, 1)), ([1, 1], EntryID(1, 1))] {
            var bench = Bench(.log(log))
            bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
            bench.sent = []
            bench.receive(.timeoutNow(last: asked), term: 1)
            #expect(bench.take(to: n2) == [.transferRefused])
            #expect(bench.core.status.role == .follower)
        }
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.append(previous: .zero, entries: Entry.log([1]), commit: .zero), term: 1)
        bench.sent = []
        bench.receive(.timeoutNow(last: EntryID(1, 1)), term: 1)
        #expect(bench.take(to: n2) == [.transferRefused], "in memory is not enough")
    }

    @Test("an heir refuses that may not lead: a learner, or a node whose disk is full")
    func heirMayNotLead() {
        let configuration = ConfState(voters: [n2, n3], learners: [n1])
        for (restored, isFull) in [
            (RestoredState.log([1], configuration: configuration), false), (.log([1]), true),
        ] {
            var bench = Bench(restored)
            bench.step(.storageFull(isFull))
            bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
            bench.sent = []
            bench.receive(.timeoutNow(last: EntryID(1, 1)), term: 1)
            #expect(bench.take(to: n2) == [.transferRefused])
        }
    }

    @Test("goes on leading at once when the heir refuses, or is lost (openraft #2088, #1747)")
    func refused() throws {
        let events: [Event] = [
            .message(Message(from: n2, to: n1, term: Term(1), body: .transferRefused)),
            .connectionLost(n2, .closed), .connectionLost(n2, .silent),
        ]
        for event in events {
            var bench = leader()
            bench.step(.transferLeadership(to: n2))
            bench.step(event)
            #expect(!bench.core.status.isTransferring)
            try bench.propose("x")
        }
    }

    @Test("tries the next best when its own choice refuses")
    func nextBest() {
        var bench = leader()
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        bench.step(.transferLeadership(to: nil))
        let first = bench.core.status.transferTarget
        bench.sent = []
        bench.receive(.transferRefused, from: first ?? n2, term: 1)
        let second = bench.core.status.transferTarget
        #expect(Set([first, second]) == [n2, n3])
        bench.receive(.transferRefused, from: second ?? n3, term: 1)
        #expect(!bench.core.status.isTransferring, "nobody is left")
    }

    @Test("gives up after its time, and leads on (L6)")
    func timeout() throws {
        var bench = leader()
        bench.step(.transferLeadership(to: n2))
        for _ in 0..<17 {
            bench.fire()
            for peer in [n2, n3] {
                bench.receive(.heartbeatReply(sequence: 0), from: peer, term: 1)
            }
        }
        #expect(!bench.core.status.isTransferring)
        #expect(bench.core.status.role == .leader)
        try bench.propose("x")
    }

    @Test("repeats the word to the heir with each heartbeat")
    func repeated() {
        var bench = leader()
        bench.step(.transferLeadership(to: n2))
        bench.sent = []
        bench.fire()
        #expect(isTold(&bench, n2))
    }

    @Test("confirms no read between telling the heir and its failure (openraft #1749)")
    func readsWait() {
        var bench = leader()
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        bench.step(.transferLeadership(to: n2))
        bench.core.readIndex(context: 2, now: bench.now)
        bench.receive(.heartbeatReply(sequence: 1), from: n3, term: 1)
        #expect(bench.readStates.isEmpty)
        bench.receive(.transferRefused, term: 1)
        bench.receive(.heartbeatReply(sequence: 1), from: n3, term: 1)
        #expect(bench.readStates.isEmpty, "a fresh round is needed")
        bench.receive(.heartbeatReply(sequence: 2), from: n3, term: 1)
        #expect(bench.readStates.map(\.context) == [1, 2])
    }

    @Test("is forgotten when leadership ends, and does not survive into a later term (#570)")
    func flagDies() throws {
        var bench = leader()
        bench.step(.transferLeadership(to: n2))
        bench.receive(.heartbeat(commit: .zero, sequence: 0), from: n3, term: 2)
        #expect(!bench.core.status.isTransferring)
        bench.win()
        try bench.propose("x")
    }

    @Test("completes in a cluster under proposals, to every node in turn")
    func rounds() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        for target in [n2, n3, n1, n3] {
            guard let leader = cluster.leaders.first else { break }
            try cluster.propose(leader, "x")
            cluster.step(leader, .transferLeadership(to: target))
            cluster.settle()
            #expect(cluster.leaders == [target])
        }
        #expect(cluster[n1].stateHash == cluster[n2].stateHash)
    }

    @Test("stepping down tells everybody, so that none waits for a time-out")
    func stepDown() {
        var bench = leader()
        bench.core.stepDown(now: bench.now)
        bench.collect()
        #expect(bench.sent.map(\.body) == [.steppingDown, .steppingDown])
        #expect(bench.core.status.role == .follower)
        bench.core.stepDown(now: bench.now)
        bench.collect()
        #expect(bench.sent.count == 2)
    }
}
