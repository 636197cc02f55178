import RaftCore
import Testing

@Suite("Raft §5.1, §5.2 and §5.4.1: terms and elections")
struct PaperElectionTests {
    // MARK: §5.1

    @Test(
        "takes over a newer term from a message, in every role, and follows (Raft §5.1)",
        arguments: [Role.follower, .preCandidate, .candidate, .leader])
    func updatesTerm(role: Role) {
        var bench = Bench.inRole(role)
        let newer = bench.core.status.term.rawValue + 5
        bench.receive(.heartbeat(commit: .zero, sequence: 0), term: newer)
        #expect(bench.core.status.term == Term(newer))
        #expect(bench.core.status.role == .follower)
        #expect(bench.core.status.leader == n2)
    }

    @Test("answers a message of an older term with its own term, and does nothing (Raft §5.1)")
    func rejectsStale() {
        let bodies: [(Message.Body, Message.Body?)] = [
            (.vote(last: EntryID(9, 2), isTransfer: false), .voteReply(granted: false)),
            (.preVote(last: EntryID(9, 2)), .preVoteReply(granted: false)),
            (.heartbeat(commit: LogIndex(1), sequence: 4), .heartbeatReply(sequence: 4)),
            (
                .append(previous: .zero, entries: [.at(1, 1)], commit: .zero),
                .appendReply(.rejected(previous: .zero, hint: EntryID(1, 1)))
            ),
            (.timeoutNow(last: EntryID(1, 1)), .transferRefused),
            (.voteReply(granted: true), nil), (.heartbeatReply(sequence: 1), nil),
            (.appendReply(.accepted(match: LogIndex(1))), nil), (.steppingDown, nil),
        ]
        for (body, answer) in bodies {
            var bench = Bench(.log([1], term: 3))
            let before = bench.core.status
            bench.receive(body, term: 2)
            #expect(bench.core.status == before)
            #expect(bench.sent.map(\.body) == [answer].compactMap { $0 })
            #expect(bench.sent.allSatisfy { $0.term == Term(3) })
        }
    }

    // MARK: §5.2

    @Test("starts as a follower of nobody (Raft §5.2)")
    func startsAsFollower() {
        let bench = Bench()
        #expect(bench.core.status.role == .follower)
        #expect(bench.core.status.leader == nil)
    }

    @Test("as leader sends everybody a heartbeat at each interval (Raft §5.2)")
    func heartbeats() {
        var bench = Bench()
        bench.winAndCommit()
        for _ in 1...3 {
            let before = bench.now
            bench.fire()
            #expect(bench.now.nanoseconds(since: before) == 30_000_000)
            #expect(
                bench.take().map(\.to) == [n2, n3], "one heartbeat to each other node")
            bench.receive(.heartbeatReply(sequence: 0), term: 1)
            bench.sent = []
        }
    }

    @Test("campaigns when it hears nothing: pre-votes first, then a new term (Raft §5.2)")
    func campaigns() {
        var bench = Bench()
        bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
        bench.sent = []
        bench.fire()
        #expect(bench.core.status.role == .preCandidate)
        #expect(bench.core.status.term == Term(1), "a pre-vote changes no term")
        #expect(bench.sent.map(\.body) == [.preVote(last: .zero), .preVote(last: .zero)])
        #expect(bench.sent.allSatisfy { $0.term == Term(2) }, "it asks for the next term")
        bench.sent = []
        bench.receive(.preVoteReply(granted: true), term: 2)
        #expect(bench.core.status.role == .candidate)
        #expect(bench.core.status.term == Term(2))
        #expect(bench.sent.map(\.to) == [n2, n3])
        let vote = Message.Body.vote(last: .zero, isTransfer: false)
        #expect(bench.sent.map(\.body) == [vote, vote])
    }

    @Test("wins with a majority of the votes and not with less (Raft §5.2)")
    func majority() {
        for (size, grants) in [(3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
            var bench = Bench(.log([], configuration: .voters(1...UInt64(size))))
            bench.fire()
            for voter in 2...(grants + 1) {
                bench.receive(.preVoteReply(granted: true), from: NodeID(UInt64(voter)), term: 1)
            }
            for voter in 2...(grants + 1) {
                #expect(bench.core.status.role == .candidate, "of \(size)")
                bench.receive(.voteReply(granted: true), from: NodeID(UInt64(voter)), term: 1)
            }
            #expect(bench.core.status.role == .leader, "\(grants) and its own of \(size)")
        }
    }

    @Test("counts each voter once, and only voters (Raft §5.2)")
    func countsOnce() {
        var bench = Bench(.log([], configuration: ConfState(voters: [n1, n2, n3, n4, n5])))
        bench.fire()
        for voter in [n2, n2, n2, NodeID(9)] {
            bench.receive(.preVoteReply(granted: true), from: voter, term: 1)
        }
        #expect(bench.core.status.role == .preCandidate)
        bench.receive(.preVoteReply(granted: true), from: n3, term: 1)
        for voter in [n2, n2, NodeID(9)] {
            bench.receive(.voteReply(granted: true), from: voter, term: 1)
        }
        #expect(bench.core.status.role == .candidate)
    }

    @Test("gives up when a majority refuses, and tries again later (Raft §5.2)")
    func losesElection() {
        var bench = Bench()
        bench.fire()
        bench.receive(.preVoteReply(granted: true), from: n2, term: 1)
        bench.receive(.voteReply(granted: false), from: n2, term: 1)
        #expect(bench.core.status.role == .candidate)
        bench.receive(.voteReply(granted: false), from: n3, term: 1)
        #expect(bench.core.status.role == .follower)
        bench.fire()
        #expect(bench.core.status.role == .preCandidate)
        #expect(bench.core.status.term == Term(1))
    }

    @Test("votes once in a term, for the first who asks, and again for the same (Raft §5.2)")
    func votesOnce() {
        for (first, second, granted) in [
            (n2, n2, true), (n2, n3, false), (n3, n2, false), (n3, n3, true),
        ] {
            var bench = Bench()
            bench.receive(.vote(last: .zero, isTransfer: false), from: first, term: 1)
            #expect(bench.take(to: first) == [.voteReply(granted: true)])
            bench.receive(.vote(last: .zero, isTransfer: false), from: second, term: 1)
            #expect(bench.take(to: second) == [.voteReply(granted: granted)])
        }
    }

    @Test("remembers its vote over a restart (Raft §5.2, S8)")
    func votePersists() {
        var bench = Bench(.log([], term: 4, vote: n3))
        bench.receive(.vote(last: .zero, isTransfer: false), from: n2, term: 4)
        #expect(bench.take(to: n2) == [.voteReply(granted: false)])
        bench.receive(.vote(last: .zero, isTransfer: false), from: n3, term: 4)
        #expect(bench.take(to: n3) == [.voteReply(granted: true)])
    }

    @Test("as candidate follows whoever leads its term (Raft §5.2)")
    func candidateFollows() {
        let bodies: [Message.Body] = [
            .append(previous: .zero, entries: [], commit: .zero),
            .heartbeat(commit: .zero, sequence: 0),
        ]
        for body in bodies {
            for role in [Role.preCandidate, .candidate] {
                var bench = Bench.inRole(role)
                bench.receive(body, from: n3, term: max(1, bench.core.status.term.rawValue))
                #expect(bench.core.status.role == .follower)
                #expect(bench.core.status.leader == n3)
            }
        }
    }

    @Test("waits a random time between one and two election time-outs (Raft §5.2)")
    func randomTimeout() {
        var waits: Set<UInt64> = []
        for seed in 1...UInt64(200) {
            var bench = Bench(seed: seed)
            bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
            guard let deadline = bench.core.deadline else { continue }
            let wait = deadline.nanoseconds(since: bench.now)
            #expect((120_000_000..<240_000_000).contains(wait))
            waits.insert(wait / 1_000_000)
        }
        #expect(waits.count > 60, "they spread over the range")
    }

    @Test("seldom splits a vote: in most elections one timer is clearly first (Raft §5.2)")
    func fewConflicts() {
        var conflicts = 0
        for trial in 1...UInt64(300) {
            let waits = (1...UInt64(5)).map { number in
                var bench = Bench(seed: trial &* 5 &+ number)
                bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
                return bench.core.deadline?.nanoseconds ?? 0
            }.sorted()
            // Closer than a round trip and a sync on one machine.
            if waits[1] - waits[0] < 2_000_000 { conflicts += 1 }
        }
        #expect(conflicts < 60, "\(conflicts) of 300")
    }

    // MARK: §5.4.1

    @Test("names the end of its log when it asks for votes (Raft §5.4.1)")
    func requestCarriesLog() {
        var bench = Bench(.log([1, 1, 2]))
        bench.fire()
        #expect(bench.take(to: n2) == [.preVote(last: EntryID(3, 2))])
        bench.receive(.preVoteReply(granted: true), term: 3)
        #expect(bench.take(to: n2) == [.vote(last: EntryID(3, 2), isTransfer: false)])
    }

    @Test("refuses its vote to a log that is behind its own (Raft §5.4.1)")
    func voterComparesLogs() {
        for (own, asked, granted) in [
            ([UInt64](), EntryID.zero, true), ([1], .zero, false), ([1], EntryID(1, 1), true),
            ([1], EntryID(2, 1), true), ([1, 1], EntryID(1, 1), false),
            ([1, 1], EntryID(1, 2), true), ([2], EntryID(5, 1), false),
            ([1, 2], EntryID(2, 2), true), ([1, 2, 2], EntryID(2, 2), false),
        ] {
            for body in [
                Message.Body.preVote(last: asked), .vote(last: asked, isTransfer: false),
            ] {
                var bench = Bench(.log(own))
                bench.receive(body, term: 3)
                switch body {
                case .preVote:
                    #expect(bench.take(to: n2) == [.preVoteReply(granted: granted)], "\(own)")
                default: #expect(bench.take(to: n2) == [.voteReply(granted: granted)], "\(own)")
                }
            }
        }
    }
}

extension Bench {
    /// A node of three with an empty log, in this role.
    static func inRole(_ role: Role) -> Bench {
        var bench = Bench()
        switch role {
        case .follower: break
        case .preCandidate: bench.fire()
        case .candidate:
            bench.fire()
            bench.receive(.preVoteReply(granted: true), term: 1)
        case .leader: bench.win()
        }
        precondition(bench.core.status.role == role)
        bench.sent = []
        return bench
    }
}
