import RaftCore
import Testing

@Suite("Promises wait for the disk (dissertation §3.8, §10.2.1)")
struct StorageTests {
    @Test("holds a vote back until term and vote are durable (S8)")
    func voteWaits() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.vote(last: .zero, isTransfer: false), term: 3)
        #expect(bench.sent.isEmpty)
        #expect(bench.writes.map(\.hardState) == [HardState(term: Term(3), vote: n2)])
        bench.persist()
        #expect(bench.take(to: n2) == [.voteReply(granted: true)])
    }

    @Test("never sends a vote whose term has passed meanwhile")
    func voteIsVoid() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.vote(last: .zero, isTransfer: false), term: 3)
        bench.receive(.heartbeat(commit: .zero, sequence: 0), from: n3, term: 4)
        bench.sent = []
        bench.persist()
        #expect(bench.sent.isEmpty)
    }

    @Test("grants again at once what is durable already")
    func voteAgain() {
        var bench = Bench()
        bench.receive(.vote(last: .zero, isTransfer: false), term: 3)
        bench.sent = []
        bench.isDiskFast = false
        bench.receive(.vote(last: .zero, isTransfer: false), term: 3)
        #expect(bench.take(to: n2) == [.voteReply(granted: true)])
    }

    @Test("counts its own vote only when it is durable")
    func ownVoteWaits() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.fire()
        bench.receive(.preVoteReply(granted: true), term: 1)
        #expect(bench.take(to: n2).last == .vote(last: .zero, isTransfer: false))
        bench.receive(.voteReply(granted: true), term: 1)
        #expect(bench.core.status.role == .candidate)
        bench.persist()
        #expect(bench.core.status.role == .leader)
    }

    @Test("acknowledges an append only when it is durable, and several at once (S11)")
    func acceptanceWaits() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.append(previous: .zero, entries: Entry.log([1]), commit: .zero), term: 1)
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 1)], commit: .zero), term: 1)
        #expect(bench.sent.isEmpty)
        let first = bench.writes.removeFirst()
        bench.step(.persisted(first.token))
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(1)))])
        bench.persist()
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(2)))])
    }

    @Test("acknowledges nothing before the term itself is durable (D3)")
    func termFirst() {
        var bench = Bench(.log([1], term: 1))
        bench.isDiskFast = false
        bench.receive(.append(previous: EntryID(1, 1), entries: [], commit: .zero), term: 2)
        #expect(bench.sent.isEmpty)
        bench.persist()
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(1)))])
    }

    @Test("answers heartbeats without waiting for the disk")
    func heartbeatsDoNotWait() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.heartbeat(commit: .zero, sequence: 5), term: 1)
        #expect(bench.take(to: n2) == [.heartbeatReply(sequence: 5)])
    }

    @Test("as leader sends in parallel with its own write, and counts itself after it")
    func parallelWrite() throws {
        var bench = Bench()
        bench.winAndCommit()
        bench.isDiskFast = false
        try bench.propose("x")
        #expect(!bench.take(to: n2).isEmpty)
        #expect(bench.core.status.durable == LogIndex(1))
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), term: 1)
        #expect(bench.core.status.commit == LogIndex(1), "one of three is no quorum")
        bench.persist()
        #expect(bench.core.status.commit == LogIndex(2))
    }

    @Test("commits without its own disk, but delivers nothing that its disk lacks (§10.2.1)")
    func commitsWithoutOwnDisk() throws {
        var bench = Bench()
        bench.winAndCommit()
        bench.isDiskFast = false
        try bench.propose("x")
        for follower in [n2, n3] {
            bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: follower, term: 1)
        }
        #expect(bench.core.status.commit == LogIndex(2))
        #expect(bench.delivered.last?.index == LogIndex(1))
        bench.persist()
        #expect(bench.delivered.last?.index == LogIndex(2))
    }

    @Test("asks for term, vote and entries in one ordered stream (D4)")
    func oneStream() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.append(previous: .zero, entries: Entry.log([2]), commit: .zero), term: 2)
        #expect(bench.writes.count == 1)
        #expect(bench.writes[0].hardState == HardState(term: Term(2)))
        #expect(bench.writes[0].entries == Entry.log([2]).map { .at($0.index.rawValue, 2) })
        #expect(
            bench.writes[0].token
                == StorageToken(
                    generation: 0, term: Term(2), lastIndex: LogIndex(1), sequence: 1))
    }

    @Test("ignores the completion of entries that were replaced meanwhile (append_aba_race, S12)")
    func aba() {
        var bench = Bench()
        bench.isDiskFast = false
        // Three entries of term 1, asked for and not yet durable.
        bench.receive(
            .append(previous: .zero, entries: Entry.log([1, 1, 1]), commit: .zero), term: 1)
        let stale = bench.writes.removeFirst()
        // A new leader replaces all three, with as many.
        bench.receive(
            .append(previous: .zero, entries: Entry.log([2, 2, 2]), commit: .zero), from: n3,
            term: 2)
        bench.sent = []
        bench.step(.persisted(stale.token))
        #expect(bench.core.status.durable == .zero)
        #expect(bench.sent.isEmpty)
        bench.persist()
        #expect(bench.core.status.durable == LogIndex(3))
        #expect(bench.take(to: n3) == [.appendReply(.accepted(match: LogIndex(3)))])
    }

    @Test("keeps what a stale completion says of the vote, which no truncation takes back")
    func staleCompletionOfVote() {
        var bench = Bench(.log([1, 1]))
        bench.isDiskFast = false
        bench.receive(.vote(last: EntryID(2, 1), isTransfer: false), term: 2)
        let vote = bench.writes.removeFirst()
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 2)], commit: .zero), term: 2)
        bench.sent = []
        bench.step(.persisted(vote.token))
        #expect(bench.core.status.durable == LogIndex(1))
        bench.receive(.vote(last: EntryID(2, 1), isTransfer: false), term: 2)
        #expect(
            bench.sent.map(\.body).contains(.voteReply(granted: true))
                || bench.core.status.leader == n2)
    }

    @Test("takes the completion of a later request for those before (openraft 2af491fb)")
    func completionsOutOfOrder() {
        var bench = Bench()
        bench.isDiskFast = false
        bench.receive(.append(previous: .zero, entries: Entry.log([1]), commit: .zero), term: 1)
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 1)], commit: .zero), term: 1)
        bench.step(.persisted(bench.writes[1].token))
        #expect(bench.core.status.durable == LogIndex(2))
        bench.step(.persisted(bench.writes[0].token))
        #expect(bench.core.status.durable == LogIndex(2))
    }

    @Test("delivers on restart what the disk knows to be committed, behind its state")
    func restart() {
        let restored = RestoredState(
            hardState: HardState(term: Term(2), commit: LogIndex(3)),
            snapshot: SnapshotMetadata(last: EntryID(2, 1), configuration: .voters(1...3)),
            logStart: EntryID(1, 1), entries: [.at(2, 1), .at(3, 2), .at(4, 2)])
        var bench = Bench(restored)
        bench.collect()
        #expect(bench.delivered == [.at(3, 2)])
        bench.receive(.append(previous: EntryID(4, 2), entries: [], commit: LogIndex(4)), term: 2)
        #expect(bench.delivered == [.at(3, 2), .at(4, 2)], "each once")
    }

    @Test("gives out committed entries by pages, and the next when some are applied")
    func pages() {
        var options = RaftOptions()
        options.committedBytesMax = 70
        var core = RaftCore(
            id: n1, options: options, restored: .log([1, 1, 1, 1, 1], commit: 5), seed: 1,
            now: .zero)
        #expect(core.takeReady().committed.map(\.index.rawValue) == [1, 2])
        #expect(core.takeReady().committed.isEmpty)
        core.step(.applied(LogIndex(1)), now: .zero)
        #expect(core.takeReady().committed.map(\.index.rawValue) == [3])
        core.step(.applied(LogIndex(3)), now: .zero)
        #expect(core.takeReady().committed.map(\.index.rawValue) == [4, 5])
        core.step(.applied(LogIndex(5)), now: .zero)
        #expect(core.takeReady().isEmpty)
        core.checkInvariants()
    }

    @Test("a leader whose disk stands still hands over, since it can answer nothing (faux leader)")
    func diskStalls() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.slowDisks = [n1]
        try cluster.propose(n1, "x")
        cluster.settle()
        #expect(cluster[n1].core.status.commit == LogIndex(2), "by the disks of the others")
        #expect(cluster[n1].applied.last.index == LogIndex(1))
        cluster.advance(990)
        #expect(cluster.leaders == [n1])
        cluster.advance(50)
        #expect(cluster.leaders.count == 1)
        #expect(cluster.leaders != [n1])
        #expect(cluster[n2].applied.last.index > LogIndex(2))
    }

    @Test("a leader that nobody can replace waits for its disk, and tries again")
    func diskStallsWithoutHeir() throws {
        var bench = Bench()
        bench.winAndCommit()
        bench.isDiskFast = false
        try bench.propose("x")
        var tries = 0
        var wasTransferring = false
        for _ in 0..<150 {
            bench.fire()
            for peer in [n2, n3] {
                bench.receive(.heartbeatReply(sequence: 0), from: peer, term: 1)
            }
            let isTransferring = bench.core.isTransferring
            if isTransferring, !wasTransferring { tries += 1 }
            wasTransferring = isTransferring
        }
        #expect(bench.core.role == .leader)
        #expect((2...4).contains(tries), "\(tries) in 4.5 s")
        bench.persist()
        for _ in 0..<40 {
            bench.fire()
            bench.receive(.heartbeatReply(sequence: 0), term: 1)
        }
        #expect(!bench.core.isTransferring)
    }

    @Test("a node whose disk is full hears, votes, and acknowledges no new entry")
    func diskIsFull() {
        var bench = Bench(.log([1]))
        bench.step(.storageFull(true))
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 2)], commit: .zero), term: 2)
        #expect(bench.sent.isEmpty)
        #expect(bench.core.status.last == EntryID(1, 1))
        bench.receive(.append(previous: EntryID(1, 1), entries: [], commit: LogIndex(1)), term: 2)
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(1)))])
        bench.receive(.heartbeat(commit: .zero, sequence: 1), term: 2)
        #expect(bench.take(to: n2) == [.heartbeatReply(sequence: 1)])
        bench.receive(.vote(last: EntryID(2, 2), isTransfer: true), from: n3, term: 3)
        #expect(bench.take(to: n3) == [.voteReply(granted: true)])
        bench.fire()
        #expect(bench.core.status.role == .follower, "it does not campaign")
        #expect(bench.core.deadline == nil)
        bench.step(.storageFull(false))
        bench.fire()
        #expect(bench.core.status.role == .preCandidate)
    }

    @Test("a barred node hears, votes and takes entries, and leads only when it may again")
    func barred() {
        var bench = Bench(.log([1]))
        bench.step(.barred(true))
        bench.fire()
        #expect(bench.core.status.role == .follower, "it does not campaign")
        #expect(bench.core.deadline == nil)
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 2)], commit: .zero), term: 2)
        bench.persist()
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(2)))])
        bench.receive(.timeoutNow(last: EntryID(2, 2)), term: 2)
        #expect(bench.take(to: n2) == [.transferRefused])
        bench.receive(.vote(last: EntryID(2, 2), isTransfer: true), from: n3, term: 3)
        bench.persist()
        #expect(bench.take(to: n3) == [.voteReply(granted: true)])
        bench.step(.barred(false))
        bench.fire()
        #expect(bench.core.status.role == .preCandidate)
    }

    @Test("a leader that is barred hands over, or steps down")
    func barredLeader() {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.step(n1, .barred(true))
        #expect(throws: ProposalRefusal.transferring) { try cluster.propose(n1, "x") }
        cluster.settle()
        #expect(cluster.leaders.count == 1)
        #expect(cluster.leaders != [n1])

        var cut = Cluster(3)
        cut.elect(n1)
        cut.partition([n1], [n2, n3])
        cut.step(n1, .barred(true))
        cut.advance(600)
        #expect(cut[n1].core.status.role != .leader)

        var alone = Cluster(1)
        alone.elect(n1)
        alone.step(n1, .barred(true))
        #expect(alone[n1].core.status.role != .leader, "no heir to wait for")
    }

    @Test("a leader whose disk is full refuses proposals and hands over, or steps down")
    func fullLeader() {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.step(n1, .storageFull(true))
        #expect(throws: ProposalRefusal.storageFull) { try cluster.propose(n1, "x") }
        cluster.settle()
        #expect(cluster.leaders.count == 1)
        #expect(cluster.leaders != [n1])

        var alone = Cluster(3)
        alone.elect(n1)
        alone.partition([n1], [n2, n3])
        alone.step(n1, .storageFull(true))
        alone.advance(600)
        #expect(alone[n1].core.status.role != .leader)
    }
}
