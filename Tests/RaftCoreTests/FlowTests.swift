import RaftCore
import Testing

@Suite("Replication is pipelined and bounded (dissertation §10.2)")
struct FlowTests {
    private func bench(_ change: (inout RaftOptions) -> Void = { _ in }) -> Bench {
        var options = RaftOptions()
        change(&options)
        var bench = Bench(options: options)
        bench.winAndCommit()
        return bench
    }

    private func entries(_ bodies: [Message.Body]) -> [[UInt64]] {
        bodies.compactMap { body in
            guard case .append(_, let entries, _) = body else { return nil }
            return entries.map(\.index.rawValue)
        }
    }

    @Test("sends entry after entry without waiting, once a follower is in step")
    func pipelines() throws {
        var bench = bench()
        for text in ["a", "b", "c"] { try bench.propose(text) }
        #expect(entries(bench.take(to: n2)) == [[2], [3], [4]])
        #expect(bench.peer(n2).state == .replicate)
        #expect(bench.peer(n2).inflightCount == 3)
        #expect(bench.peer(n2).next == LogIndex(5))
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), term: 1)
        #expect(bench.peer(n2).inflightCount == 1)
        bench.receive(.appendReply(.accepted(match: LogIndex(4))), term: 1)
        #expect(bench.peer(n2).inflightCount == 0)
        #expect(bench.peer(n2).inflightBytes == 0)
    }

    @Test("puts proposals that come together into one append")
    func batches() throws {
        var bench = bench()
        try bench.propose("a", "b", "c")
        #expect(entries(bench.take(to: n2)) == [[2, 3, 4]])
        #expect(bench.writes.isEmpty)
    }

    @Test("probes with one append at a time until the follower answers")
    func probes() throws {
        var bench = bench()
        // n3 has answered nothing yet: the first append is its probe.
        #expect(bench.peer(n3).state == .probe)
        try bench.propose("a")
        try bench.propose("b")
        #expect(bench.take(to: n3).isEmpty)
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .replicate)
        #expect(entries(bench.take(to: n3)) == [[2, 3]])
    }

    @Test("repeats an unanswered probe with a heartbeat's answer, and without its entries")
    func probeIsRepeated() throws {
        var bench = bench()
        try bench.propose("a")
        bench.sent = []
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(
            bench.take(to: n3)
                == [.append(previous: .zero, entries: [], commit: LogIndex(1))])
        bench.receive(.appendReply(.accepted(match: .zero)), from: n3, term: 1)
        #expect(entries(bench.take(to: n3)) == [[1, 2]])
    }

    @Test("stops at the limit of appends on their way, and goes on with each answer")
    func countLimit() throws {
        var bench = bench { $0.inflightMessagesMax = 2 }
        for text in ["a", "b", "c", "d"] { try bench.propose(text) }
        #expect(entries(bench.take(to: n2)) == [[2], [3]])
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), term: 1)
        #expect(entries(bench.take(to: n2)) == [[4, 5]])
    }

    @Test("stops at the limit of bytes on their way, and counts them back (etcd/raft e419ba5)")
    func byteLimit() throws {
        var bench = bench {
            $0.inflightBytesMax = 100
            $0.appendEntriesMax = 1
        }
        let text = String(repeating: "x", count: 68)
        for _ in 0..<3 { try bench.propose(text) }
        #expect(entries(bench.take(to: n2)) == [[2]])
        for round in 2...4 {
            #expect(bench.peer(n2).inflightBytes == 100)
            bench.receive(.appendReply(.accepted(match: LogIndex(UInt64(round)))), term: 1)
            bench.sent = []
        }
        #expect(bench.peer(n2).inflightBytes == 0)
        // Neither a lost connection nor a new one leaves anything counted.
        try bench.propose(text)
        bench.step(.connectionLost(n2, .silent))
        #expect(bench.peer(n2).inflightBytes == 0)
        #expect(bench.peer(n2).state == .probe)
    }

    @Test("limits one append by bytes and by entries, but always sends one")
    func appendLimits() throws {
        var bench = bench {
            $0.appendEntriesMax = 2
            $0.appendBytesMax = 80
        }
        try bench.propose("a", "b", "c")
        try bench.propose(String(repeating: "x", count: 500), "d")
        #expect(entries(bench.take(to: n2)) == [[2, 3], [4], [5], [6]])
    }

    @Test("asks with an empty append whether entries were lost, after a heartbeat (etcd #14633)")
    func lostAppends() throws {
        var bench = bench { $0.inflightMessagesMax = 1 }
        try bench.propose("a")
        bench.sent = []
        // Both the append and its answer may be lost; the window is full.
        bench.receive(.heartbeatReply(sequence: 0), term: 1)
        #expect(
            bench.take(to: n2)
                == [.append(previous: EntryID(2, 1), entries: [], commit: LogIndex(1))])
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(2), hint: EntryID(1, 1))), term: 1)
        #expect(entries(bench.take(to: n2)) == [[2]])
    }

    @Test("takes a late refusal for what it is, and never goes back behind a match (raft #149)")
    func staleRefusals() throws {
        var bench = bench()
        try bench.propose("a")
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), term: 1)
        let before = bench.peer(n2)
        for (rejected, hint) in [(1, EntryID.zero), (2, EntryID(1, 1)), (0, .zero)] {
            bench.receive(
                .appendReply(.rejected(previous: LogIndex(UInt64(rejected)), hint: hint)), term: 1)
            #expect(bench.peer(n2).next == before.next)
            #expect(bench.peer(n2).state == .replicate)
        }
    }

    @Test("tells the new commit index once for everything that came together")
    func commitOnce() throws {
        var bench = bench()
        try bench.propose("a")
        try bench.propose("b")
        bench.sent = []
        for match in 2...3 {
            bench.core.step(
                .message(
                    Message(
                        from: n2, to: n1, term: Term(1),
                        body: .appendReply(.accepted(match: LogIndex(UInt64(match)))))),
                now: bench.now)
        }
        bench.collect()
        #expect(
            bench.take(to: n2)
                == [.append(previous: EntryID(3, 1), entries: [], commit: LogIndex(3))])
    }

    @Test("tells nobody in a heartbeat to commit what it may not have (Raft §5.3)")
    func heartbeatCommit() throws {
        var bench = bench()
        bench.fire()
        #expect(bench.take(to: n2).contains(.heartbeat(commit: LogIndex(1), sequence: 1)))
        #expect(bench.commits(to: n3) == [.zero])
    }

    @Test("refuses what is too large, and what would make too much uncommitted")
    func proposalLimits() throws {
        var bench = bench {
            $0.entryBytesMax = 10
            $0.uncommittedBytesMax = 100
        }
        #expect(throws: ProposalRefusal.entryTooLarge(limitBytes: 10)) {
            try bench.propose("elevenbytes")
        }
        try bench.propose("a", "b", "c")
        #expect(bench.core.status.uncommittedBytes == 99)
        #expect(throws: ProposalRefusal.tooManyUncommittedBytes) { try bench.propose("d") }
        #expect(bench.core.status.last.index == LogIndex(4), "all or none")
        bench.receive(.appendReply(.accepted(match: LogIndex(4))), term: 1)
        #expect(bench.core.status.uncommittedBytes == 0)
        try bench.propose("d")
    }

    @Test("refuses proposals when it does not lead, and names the leader")
    func notLeader() {
        var bench = Bench()
        #expect(throws: ProposalRefusal.notLeader(leader: nil)) { try bench.propose("x") }
        bench.receive(.heartbeat(commit: .zero, sequence: 0), term: 1)
        #expect(throws: ProposalRefusal.notLeader(leader: n2)) { try bench.propose("x") }
    }

    @Test("says nothing as leader once it is deposed (RATIS-2154)")
    func silentAfterDeposal() throws {
        var bench = bench()
        _ = try bench.core.propose([[1]], now: bench.now)
        bench.receive(.heartbeat(commit: .zero, sequence: 0), from: n3, term: 2)
        #expect(bench.sent.map(\.body) == [.heartbeatReply(sequence: 0)])
    }

    @Test("finds out anew where a follower stands whose connection was lost")
    func connectionLost() throws {
        var bench = bench()
        try bench.propose("a")
        bench.step(.connectionLost(n2, .closed))
        #expect(bench.peer(n2).state == .probe)
        #expect(bench.peer(n2).next == LogIndex(2))
        bench.sent = []
        bench.step(.connected(n2))
        let sent = bench.take(to: n2)
        #expect(sent.contains(.heartbeat(commit: LogIndex(1), sequence: 0)))
        #expect(entries(sent) == [[2]])
    }

    @Test("does not flood a follower that cannot write (L2)")
    func fullFollower() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.step(n3, .storageFull(true))
        for _ in 0..<20 {
            try cluster.propose(n1, String(repeating: "x", count: 1000))
            cluster.settle()
        }
        cluster.isTracing = true
        cluster.advance(300)
        let appends = cluster.trace.filter { $0.contains("n1->n3") && $0.contains("append") }
        #expect(appends.allSatisfy { $0.contains("[]") }, "entries again and again: \(appends)")
        cluster.step(n3, .storageFull(false))
        cluster.advance(100)
        #expect(cluster[n3].applied.last == cluster[n1].applied.last)
    }
}

extension Bench {
    /// What the leader knows of a peer.
    func peer(_ id: NodeID) -> PeerStatus {
        guard let peer = core.status.peers.first(where: { $0.id == id }) else {
            preconditionFailure("no progress of \(id)")
        }
        return peer
    }

    /// The commit indexes in heartbeats to `peer`, which are taken.
    mutating func commits(to peer: NodeID) -> [LogIndex] {
        take(to: peer).compactMap { body in
            guard case .heartbeat(let commit, _) = body else { return nil }
            return commit
        }
    }
}
