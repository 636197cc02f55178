import RaftCore
import Testing

@Suite("Configurations (Raft §6, dissertation §4)")
struct ConfigurationTests {
    private let simple = ConfState.voters(1...3)
    private let joint = ConfState(voters: [n1, n4, n5], votersOutgoing: [n1, n2, n3])

    // MARK: Which may follow which (S10)

    @Test("change voters through a joint configuration only (dissertation §4.3)")
    func mayFollow() {
        let left = ConfState(voters: [n1, n4, n5])
        #expect(simple.mayBeFollowed(by: joint))
        #expect(joint.mayBeFollowed(by: left))
        #expect(!simple.mayBeFollowed(by: left), "not in one step")
        #expect(!simple.mayBeFollowed(by: .voters(1...4)), "not even by one node")
        #expect(!joint.mayBeFollowed(by: simple), "there is no way back")
        #expect(!joint.mayBeFollowed(by: joint))
        #expect(
            !simple.mayBeFollowed(
                by: ConfState(voters: [n1, n4], votersOutgoing: [n1, n2])), "another's old half")
        #expect(simple.mayBeFollowed(by: ConfState(voters: simple.voters, learners: [n4])))
    }

    @Test("drop nobody who was not leaving before, learners neither (docs/lease.md, rule 7)")
    func dropInTwoSteps() {
        let learning = ConfState(voters: simple.voters, learners: [n4])
        let leaving = ConfState(
            voters: simple.voters, votersOutgoing: simple.voters, learnersOutgoing: [n4])
        #expect(!learning.mayBeFollowed(by: simple))
        #expect(learning.mayBeFollowed(by: leaving))
        #expect(leaving.mayBeFollowed(by: simple))
        #expect(!leaving.mayBeFollowed(by: learning))
        #expect(
            !learning.mayBeFollowed(
                by: ConfState(voters: simple.voters, votersOutgoing: simple.voters)))
        #expect(leaving.leaving == [n4])
        #expect(joint.leaving == [n2, n3])
        #expect(simple.leaving.isEmpty)
    }

    @Test("keep who leaves as a learner if that was announced")
    func learnersNext() {
        let leaving = ConfState(
            voters: [n1, n4, n5], votersOutgoing: [n1, n2, n3], learners: [NodeID(6)],
            learnersNext: [n2])
        #expect(leaving.isValid)
        #expect(
            leaving.mayBeFollowed(by: ConfState(voters: [n1, n4, n5], learners: [n2, NodeID(6)])))
        #expect(!leaving.mayBeFollowed(by: ConfState(voters: [n1, n4, n5])))
    }

    @Test("are valid only with voters, in order, each node in one part")
    func validity() {
        #expect(simple.isValid)
        #expect(joint.isValid)
        #expect(!ConfState(voters: []).isValid)
        #expect(!ConfState(voters: [n1, n1]).isValid)
        #expect(!ConfState(voters: [NodeID(0)]).isValid)
        #expect(!ConfState(voters: [n1], learners: [n1]).isValid)
        #expect(!ConfState(voters: [n1], votersOutgoing: [n2], learners: [n2]).isValid)
        #expect(!ConfState(voters: [n1], learnersNext: [n2]).isValid)
        #expect(!ConfState(voters: [n1], votersOutgoing: [n1], learnersNext: [n1]).isValid)
        #expect(!ConfState(voters: (1...65).map { NodeID($0) }).isValid)
        #expect(!ConfState(voters: [n1], learnersOutgoing: [n2]).isValid, "only while joint")
        #expect(
            !ConfState(voters: [n1], votersOutgoing: [n1], learners: [n2], learnersOutgoing: [n2])
                .isValid)
    }

    // MARK: Guards

    @Test("are refused until an entry of the own term is committed (Ongaro 2015)")
    func ownTermFirst() throws {
        var bench = Bench()
        bench.win()
        #expect(throws: MembershipRefusal.termNotCommitted) {
            try bench.core.proposeConfiguration(joint, now: bench.now)
        }
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), term: 1)
        #expect(try bench.core.proposeConfiguration(joint, now: bench.now) == EntryID(2, 1))
    }

    @Test("are refused while another is not committed, in a transfer, and where nobody leads")
    func oneAtATime() throws {
        var bench = Bench()
        bench.winAndCommit()
        _ = try bench.core.proposeConfiguration(joint, now: bench.now)
        bench.collect()
        let left = ConfState(voters: joint.voters)
        #expect(throws: MembershipRefusal.changeNotCommitted) {
            try bench.core.proposeConfiguration(left, now: bench.now)
        }
        for node in [n2, n4] {
            bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: node, term: 1)
        }
        #expect(try bench.core.proposeConfiguration(left, now: bench.now) == EntryID(3, 1))

        var handing = Bench()
        handing.winAndCommit()
        handing.step(.transferLeadership(to: n2))
        #expect(throws: MembershipRefusal.transferring) {
            try handing.core.proposeConfiguration(joint, now: handing.now)
        }
        var follower = Bench()
        #expect(throws: MembershipRefusal.notLeader(leader: nil)) {
            try follower.core.proposeConfiguration(joint, now: follower.now)
        }
    }

    // MARK: Taking effect

    @Test("take effect when appended: the joint entry itself needs both majorities (Raft §6)")
    func jointCommit() throws {
        var bench = Bench()
        bench.winAndCommit()
        _ = try bench.core.proposeConfiguration(joint, now: bench.now)
        bench.collect()
        #expect(bench.core.status.configuration == joint)
        #expect(bench.core.status.peers.map(\.id) == [n2, n3, n4, n5])
        for node in [n2, n3] {
            bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: node, term: 1)
        }
        #expect(bench.core.status.commit == LogIndex(1), "all of the old half are not enough")
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n5, term: 1)
        #expect(bench.core.status.commit == LogIndex(2))
    }

    @Test("elect with both majorities while joint")
    func jointElection() {
        var bench = Bench(.log([], configuration: joint))
        bench.fire()
        for voter in [n2, n3] {
            bench.receive(.preVoteReply(granted: true), from: voter, term: 1)
        }
        #expect(bench.core.status.role == .preCandidate)
        bench.receive(.preVoteReply(granted: true), from: n4, term: 1)
        #expect(bench.core.status.role == .candidate)
        bench.receive(.voteReply(granted: false), from: n4, term: 1)
        bench.receive(.voteReply(granted: false), from: n5, term: 1)
        #expect(bench.core.status.role == .follower, "one half lost is lost")
    }

    @Test("come back when an uncommitted one is truncated (canonical/raft #250)")
    func rollBack() {
        var bench = Bench(.log([1]))
        let entry = Entry(
            index: LogIndex(2), term: Term(1), kind: .configuration, payload: joint.encoded())
        bench.receive(.append(previous: EntryID(1, 1), entries: [entry], commit: .zero), term: 1)
        #expect(bench.core.status.configuration == joint)
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 2)], commit: .zero), from: n3,
            term: 2)
        #expect(bench.core.status.configuration == simple)
    }

    @Test("survive a restart, joint halves and all (raft e515a67)")
    func restart() {
        let entry = Entry(
            index: LogIndex(1), term: Term(1), kind: .configuration, payload: joint.encoded())
        var restored = RestoredState.log([])
        restored.hardState.term = Term(1)
        restored.entries = [entry]
        let bench = Bench(restored)
        #expect(bench.core.status.configuration == joint)
    }

    @Test("let a leader that is no voter any more lead until that is committed, then tell an heir")
    func leaderLeaves() throws {
        let leaving = ConfState(voters: [n2, n3], votersOutgoing: [n1, n2, n3])
        var bench = Bench(.log([], configuration: leaving))
        bench.fire()
        for voter in [n2, n3] { bench.receive(.preVoteReply(granted: true), from: voter, term: 1) }
        for voter in [n2, n3] { bench.receive(.voteReply(granted: true), from: voter, term: 1) }
        for voter in [n2, n3] {
            bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: voter, term: 1)
        }
        _ = try bench.core.proposeConfiguration(ConfState(voters: [n2, n3]), now: bench.now)
        bench.collect()
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n2, term: 1)
        #expect(bench.core.status.role == .leader, "its own disk does not count any more")
        bench.sent = []
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n3, term: 1)
        #expect(bench.take(to: n2).contains(.timeoutNow(last: EntryID(2, 1))))
        #expect(throws: ProposalRefusal.transferring) { try bench.propose("too late") }
        bench.sent = []
        bench.fire()
        #expect(bench.core.status.role == .follower)
        #expect(bench.sent.map(\.body) == [.steppingDown, .steppingDown], "if that was lost")
        bench.fire()
        #expect(bench.core.status.role == .follower, "who does not vote does not campaign")
        #expect(bench.core.deadline == nil)
    }

    // MARK: Learners (dissertation §4.2.1)

    @Test("learners receive the log, count for nothing, and never campaign")
    func learners() throws {
        let configuration = ConfState(voters: [n1, n2, n3], learners: [n4])
        var bench = Bench(.log([], configuration: configuration))
        bench.winAndCommit()
        try bench.propose("x")
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n4, term: 1)
        #expect(bench.core.status.commit == LogIndex(1))
        #expect(bench.peer(n4).match == LogIndex(2))

        var learner = Bench(.log([], configuration: configuration), id: n4)
        learner.fire()
        #expect(learner.core.status.role == .follower)
        #expect(learner.core.deadline == nil)
        learner.receive(.heartbeat(commit: .zero, sequence: 0), from: n1, term: 1)
        learner.fire()
        #expect(learner.core.status.leader == nil, "it notices that its leader is gone")
    }

    @Test("a learner votes when asked: who asks may know that it is a voter now (etcd #10998)")
    func learnerVotes() {
        let configuration = ConfState(voters: [n1, n2, n3], learners: [n4])
        var learner = Bench(.log([], configuration: configuration), id: n4)
        learner.receive(.vote(last: .zero, isTransfer: false), from: n1, term: 1)
        #expect(learner.take(to: n1) == [.voteReply(granted: true)])
    }

    @Test("a node votes for whom it does not know, by the log alone (Raft §6)")
    func votesForStrangers() {
        var bench = Bench()
        bench.receive(.vote(last: .zero, isTransfer: false), from: NodeID(9), term: 1)
        #expect(bench.take(to: NodeID(9)) == [.voteReply(granted: true)])
    }

    @Test("a change of every node goes through in a cluster, the removed ones fall silent")
    func replaceAll() throws {
        var cluster = Cluster(6, configuration: .voters(1...3))
        cluster.elect(n1)
        let next = ConfState(voters: [n4, n5, NodeID(6)], votersOutgoing: [n1, n2, n3])
        let now = cluster.now
        #expect(try cluster[n1].core.proposeConfiguration(next, now: now) != nil)
        cluster.drain(n1)
        cluster.advance(100)
        #expect(cluster[n1].applied.configuration == next)
        let moment = cluster.now
        #expect(
            try cluster[n1].core.proposeConfiguration(
                ConfState(voters: next.voters), now: moment) != nil)
        cluster.drain(n1)
        cluster.advance(1_000)
        #expect(cluster.leaders.count == 1)
        let leader = try #require(cluster.leaders.first)
        #expect(next.voters.contains(leader))
        let term = cluster[leader].core.status.term
        cluster.advance(5_000)
        #expect(cluster[leader].core.status.term == term, "nobody disturbs")
        #expect(cluster[n4].core.status.configuration == ConfState(voters: next.voters))
    }
}
