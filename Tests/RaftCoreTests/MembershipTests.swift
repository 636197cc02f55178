import RaftCore
import Testing

@Suite("Changes of members (dissertation §4)")
struct MembershipTests {
    private let n6 = NodeID(6)

    /// A leader of three voters and a learner that has everything.
    private func leading(
        _ configuration: ConfState = ConfState(voters: [n1, n2, n3], learners: [n4])
    ) -> Bench {
        var bench = Bench(.log([], configuration: configuration))
        bench.winAndCommit()
        for node in configuration.members where node != n1 {
            bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: node, term: 1)
        }
        bench.sent = []
        return bench
    }

    private func refusal(_ bench: Bench, _ change: MembershipChange) -> MembershipRefusal? {
        var core = bench.core
        do {
            _ = try core.change(change, now: bench.now)
            return nil
        } catch {
            return error
        }
    }

    private func accept(_ bench: inout Bench, _ index: UInt64, by nodes: [NodeID]) {
        for node in nodes {
            bench.receive(.appendReply(.accepted(match: LogIndex(index))), from: node, term: 1)
        }
    }

    // MARK: Refusals

    @Test(
        "are begun by the leader alone, and not before it has committed in its term (Ongaro 2015)")
    func guards() {
        #expect(refusal(Bench(), .addLearner(n4)) == .notLeader(leader: nil))
        var bench = Bench()
        bench.win()
        #expect(refusal(bench, .addLearner(n4)) == .termNotCommitted)
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), term: 1)
        #expect(refusal(bench, .addLearner(n4)) == nil)
        bench.step(.storageFull(true))
        #expect(refusal(bench, .addLearner(n4)) == .storageFull)
        bench.step(.storageFull(false))
        #expect(refusal(bench, .addLearner(n4)) == .transferring)
    }

    @Test("are made one at a time (S10)")
    func oneAtATime() throws {
        var bench = leading()
        let step = try bench.core.change(.addLearner(n5), now: bench.now)
        #expect(step.entry == EntryID(2, 1))
        #expect(step.final == ConfState(voters: [n1, n2, n3], learners: [n4, n5]))
        #expect(refusal(bench, .addLearner(n6)) == .changeNotCommitted)
        bench.collect()
        accept(&bench, 2, by: [n2])
        #expect(refusal(bench, .addLearner(n6)) == nil)
        _ = try bench.core.change(.remove([n3]), now: bench.now)
        bench.collect()
        accept(&bench, 3, by: [n2])
        #expect(refusal(bench, .addLearner(n6)) == .changeUnderWay, "who leaves may hold a lease")
    }

    @Test("name nodes that are what they must be, each once")
    func names() {
        let bench = leading()
        #expect(refusal(bench, .addLearner(n1)) == .alreadyMember(n1))
        #expect(refusal(bench, .addLearner(n4)) == .alreadyMember(n4))
        #expect(refusal(bench, .addLearner(NodeID(0))) == .malformed)
        #expect(refusal(bench, .promote([n5])) == .unknown(n5))
        #expect(refusal(bench, .promote([n2])) == .notLearner(n2))
        #expect(refusal(bench, .promote([])) == .malformed)
        #expect(refusal(bench, .promote([n4, n4])) == .malformed)
        #expect(refusal(bench, .demote([n4])) == .notVoter(n4))
        #expect(refusal(bench, .demote([n5])) == .unknown(n5))
        #expect(refusal(bench, .remove([n5])) == .unknown(n5))
        #expect(refusal(bench, .replace(n4, by: n4)) == .malformed)
        #expect(refusal(bench, .replace(n4, by: n2)) == .notVoter(n4))
        #expect(refusal(bench, .replace(n2, by: n3)) == .notLearner(n3))
        #expect(refusal(bench, .replace(n2, by: n5)) == .unknown(n5))
    }

    @Test("leave a voter, and a quorum that is heard")
    func somebodyStays() {
        let bench = leading()
        #expect(refusal(bench, .remove([n1, n2, n3])) == .noVoterLeft)
        #expect(refusal(bench, .demote([n1, n2, n3])) == .noVoterLeft)
        var deaf = leading()
        deaf.advance(150)
        deaf.receive(.heartbeatReply(sequence: 0), from: n2, term: 1)
        #expect(refusal(deaf, .remove([n2])) == .quorumOutOfReach, "n1 and the silent n3")
        #expect(refusal(deaf, .remove([n3])) == nil)
    }

    @Test("promote only who is there and has nearly everything (dissertation §4.2.1, RATIS-1960)")
    func caughtUp() throws {
        var bench = leading()
        let count = bench.core.options.promotionLagEntriesMax
        for _ in 0..<count { try bench.propose("x") }
        accept(&bench, count + 1, by: [n2])
        #expect(refusal(bench, .promote([n4])) == nil)
        try bench.propose("one more")
        accept(&bench, count + 2, by: [n2])
        #expect(refusal(bench, .promote([n4])) == .notCaughtUp(n4, missing: count + 1))
        accept(&bench, count + 2, by: [n4])
        #expect(refusal(bench, .promote([n4])) == nil)
        bench.advance(150)
        bench.receive(.heartbeatReply(sequence: 0), from: n2, term: 1)
        #expect(refusal(bench, .promote([n4])) == .notActive(n4))
        bench.step(.connectionLost(n4, .closed))
        bench.receive(.heartbeatReply(sequence: 0), from: n4, term: 1)
        #expect(
            refusal(bench, .promote([n4])) == .notCaughtUp(n4, missing: 0),
            "it has answered no append since")
    }

    // MARK: Ways

    @Test("make learners voters through a joint configuration that is left by itself")
    func promotion() throws {
        var bench = leading()
        let step = try bench.core.change(.promote([n4]), now: bench.now)
        bench.collect()
        #expect(
            bench.core.status.configuration
                == ConfState(voters: [n1, n2, n3, n4], votersOutgoing: [n1, n2, n3]))
        accept(&bench, 2, by: [n2])
        #expect(bench.core.status.commit == LogIndex(1), "two of four are no quorum")
        accept(&bench, 2, by: [n3])
        #expect(bench.core.status.commit == LogIndex(2))
        #expect(bench.core.status.configuration == step.final)
        #expect(bench.core.status.last == EntryID(3, 1))
        accept(&bench, 3, by: [n2, n3])
        #expect(bench.core.status.last == EntryID(3, 1), "once (raft bd3c759)")
        #expect(refusal(bench, .remove([n4])) == nil)
    }

    @Test("drop who leaves when that is permitted, and not before (docs/lease.md, rule 7)")
    func removal() throws {
        var bench = leading()
        let step = try bench.core.change(.remove([n3, n4]), now: bench.now)
        bench.core.permitDropping()
        bench.collect()
        let joint = ConfState(
            voters: [n1, n2], votersOutgoing: [n1, n2, n3], learnersOutgoing: [n4])
        #expect(bench.core.status.configuration == joint)
        #expect(bench.core.awaitingPermission == nil, "it is not committed")
        accept(&bench, 2, by: [n2])
        #expect(bench.core.status.configuration == joint, "permitted too early, that is: not")
        #expect(bench.core.awaitingPermission == [n3, n4])
        #expect(!bench.core.isLastingMember(n3) && !bench.core.isLastingMember(n4))
        #expect(bench.core.isLastingMember(n2))
        bench.core.permitDropping()
        bench.collect()
        #expect(bench.core.status.configuration == step.final)
        #expect(bench.core.status.peers.map(\.id) == [n2, n3, n4], "until they are told")
        accept(&bench, 3, by: [n2, n3])
        #expect(bench.core.status.commit == LogIndex(3))
        #expect(bench.core.status.peers.map(\.id) == [n2, n4], "n3 has it, and knows it committed")
        for _ in 0..<20 {
            bench.advance(30)
            bench.receive(.heartbeatReply(sequence: 0), from: n2, term: 1)
            bench.step(.timer)
        }
        #expect(bench.core.status.peers.map(\.id) == [n2], "n4 says nothing")
    }

    @Test("let who alone has the entry that takes its vote lead until it is committed (§4.2.2)")
    func lastHolder() throws {
        for change in [MembershipChange.demote([n2]), .remove([n2])] {
            var cluster = Cluster(2)
            cluster.permitsDropping = true
            cluster.elect(n1)
            cluster.slowDisks = [n1]
            _ = try cluster.change(n1, change)
            // The joint entry is written by n1, the one behind it is not when n1 stops.
            cluster.settle()
            cluster.persist(n1, count: 1)
            cluster.settle()
            cluster.crash(n1)
            cluster.slowDisks = []
            cluster.restart(n1)
            cluster.step(n2, .connectionLost(n1, .closed))
            cluster.advance(5_000)
            #expect(cluster.leaders == [n1], "\(change)")
            #expect(cluster[n1].core.status.configuration.voters == [n1], "\(change)")
            #expect(!cluster[n1].core.status.configuration.isJoint, "\(change)")
        }
    }

    @Test("tell who is removed: it campaigns no more, and knows what became of what it asked for")
    func told() throws {
        var cluster = Cluster(4)
        cluster.permitsDropping = true
        cluster.elect(n1)
        _ = try cluster.change(n1, .remove([n4]))
        try cluster.propose(n1, "asked for by n4")
        cluster.settle()
        let last = cluster[n1].core.status.last.index
        #expect(cluster[n4].core.status.commit >= LogIndex(3))
        #expect(cluster[n4].core.status.configuration == .voters(1...3))
        #expect(cluster[n1].core.status.commit == last)
        #expect(cluster[n1].core.status.peers.map(\.id) == [n2, n3])
        cluster.advance(1_000)
        #expect(cluster[n4].core.deadline == nil)
    }

    @Test("wait for a permission of each leader anew")
    func permissionEnds() throws {
        var bench = leading()
        _ = try bench.core.change(.remove([n4]), now: bench.now)
        bench.collect()
        accept(&bench, 2, by: [n2])
        bench.step(.transferLeadership(to: n2))
        bench.core.permitDropping()
        bench.collect()
        #expect(bench.core.status.configuration.isJoint, "the heir must have the whole log")
        bench.receive(.transferRefused, term: 1)
        #expect(bench.core.awaitingPermission == [n4])
    }

    @Test("turn voters into learners, which need no permission")
    func demotion() throws {
        var bench = leading()
        let step = try bench.core.change(.demote([n3]), now: bench.now)
        bench.collect()
        #expect(bench.core.isLastingMember(n3))
        accept(&bench, 2, by: [n2])
        #expect(bench.core.status.configuration == step.final)
        #expect(step.final == ConfState(voters: [n1, n2], learners: [n3, n4]))
    }

    @Test("replace a voter in one go: quorums of two old and two new nodes, never of fewer")
    func replacement() throws {
        var bench = leading()
        let step = try bench.core.change(.replace(n3, by: n4), now: bench.now)
        #expect(step.final == ConfState(voters: [n1, n2, n4]))
        bench.collect()
        #expect(
            bench.core.status.configuration
                == ConfState(voters: [n1, n2, n4], votersOutgoing: [n1, n2, n3]))
    }

    @Test("are finished by the next leader (dissertation §4.3)")
    func inherited() throws {
        let joint = ConfState(voters: [n1, n2, n3, n4], votersOutgoing: [n1, n2, n3])
        let entry = Entry(
            index: LogIndex(1), term: Term(1), kind: .configuration, payload: joint.encoded())
        var restored = RestoredState.log([], term: 1)
        restored.entries = [entry]
        var bench = Bench(restored)
        bench.fire()
        for voter in [n2, n3] { bench.receive(.preVoteReply(granted: true), from: voter, term: 2) }
        for voter in [n2, n3] { bench.receive(.voteReply(granted: true), from: voter, term: 2) }
        #expect(bench.core.status.role == .leader)
        #expect(bench.core.status.configuration == joint)
        for voter in [n2, n3] {
            bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: voter, term: 2)
        }
        #expect(bench.core.status.configuration == joint.left)
    }

    @Test("grow a cluster of one, and shrink it again")
    func oneToThreeToOne() throws {
        var cluster = Cluster(3, configuration: .voters(1...1))
        cluster.permitsDropping = true
        cluster.elect(n1)
        for node in [n2, n3] {
            _ = try cluster.change(n1, .addLearner(node))
            cluster.settle()
        }
        _ = try cluster.change(n1, .promote([n2, n3]))
        cluster.settle()
        cluster.advance(100)
        for node in cluster.ids {
            #expect(cluster[node].core.status.configuration == .voters(1...3))
        }
        cluster.crash(n1)
        cluster.step(n2, .connectionLost(n1, .closed))
        cluster.step(n3, .connectionLost(n1, .closed))
        cluster.advance(1_000)
        let leader = try #require(cluster.leaders.first)
        #expect(leader != n1)
        cluster.restart(n1)
        cluster.advance(200)
        _ = try cluster.change(leader, .remove(cluster.ids.filter { $0 != leader }))
        cluster.settle()
        cluster.advance(1_000)
        #expect(cluster.leaders == [leader])
        #expect(cluster[leader].core.status.configuration == ConfState(voters: [leader]))
        try cluster.propose(leader, "alone")
        #expect(cluster[leader].core.status.commit == cluster[leader].core.status.last.index)
    }

    @Test("let a removed leader go without a moment's doubt who is next")
    func removedLeader() throws {
        var cluster = Cluster(3)
        cluster.permitsDropping = true
        cluster.elect(n1)
        _ = try cluster.change(n1, .remove([n1]))
        let before = cluster.now
        cluster.settle()
        cluster.advance(31)
        #expect(cluster.now.nanoseconds(since: before) <= 31_000_000)
        let leader = try #require(cluster.leaders.first)
        #expect(leader != n1 && cluster.leaders.count == 1)
        #expect(cluster[leader].core.status.hasCommittedInTerm)
        let term = cluster[leader].core.status.term
        cluster.advance(5_000)
        #expect(cluster[leader].core.status.term == term, "who was removed disturbs nobody")
    }

    @Test("bring in who knows nobody, from the log or by a snapshot, over a restart")
    func joining() throws {
        for isCut in [false, true] {
            var options = RaftOptions()
            options.retainedBytesMax = 0
            options.graceBytesMax = 0
            var cluster = Cluster(4, options: options, configuration: .voters(1...3))
            cluster.now = try #require(cluster[n4].core.deadline)
            cluster.step(n4, .timer)
            #expect(cluster[n4].core.deadline == nil, "it waits to be found")
            cluster.elect(n1)
            for text in ["a", "b"] { try cluster.propose(n1, text) }
            cluster.settle()
            if isCut { cluster.compact(n1) }
            _ = try cluster.change(n1, .addLearner(n4))
            cluster.settle()
            cluster.advance(300)
            #expect(cluster[n4].applied.last == cluster[n1].applied.last)
            cluster.compact(n4)
            cluster.crash(n4)
            cluster.restart(n4)
            let known = cluster[n4].core.status.configuration
            #expect(known == ConfState(voters: [n1, n2, n3], learners: [n4]))
        }
    }

    // MARK: S10

    @Test("give configurations whose quorums meet, whatever is asked for (S10)", arguments: 1...8)
    func quorumsMeet(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var present = ConfState.voters(1...3)
        let all = (1...6).map { NodeID($0) }
        var made = 0
        for _ in 0..<100 {
            let id = all[Int(random.next(below: 6))]
            let some = all.filter { _ in random.chance(1, in: 3) }
            let change: MembershipChange
            switch random.next(below: 5) {
            case 0: change = .addLearner(id)
            case 1: change = .promote(some)
            case 2: change = .demote(some)
            case 3: change = .remove(some)
            default: change = .replace(id, by: some.first ?? id)
            }
            guard let next = try? present.following(change) else { continue }
            made += 1
            let isMet = present.everyQuorumMeets(next) && next.everyQuorumMeets(next.left)
            #expect(isMet, "seed \(seed): \(next) behind \(present)")
            #expect(present.mayBeFollowed(by: next))
            #expect(!next.isJoint || next.mayBeFollowed(by: next.left))
            #expect(
                Set(present.members).subtracting(next.left.members) == Set(next.leaving),
                "seed \(seed): who is dropped was leaving")
            present = next.left
        }
        #expect(made > 10, "seed \(seed)")
    }
}
