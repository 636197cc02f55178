import RaftCore
import Testing

@Suite("Snapshots as metadata (Raft §7)")
struct SnapshotTests {
    private let at5 = SnapshotMetadata(last: EntryID(5, 2), configuration: .voters(1...3))

    /// A leader of term 3 whose log begins behind entry 5.
    private func leader() -> Bench {
        var bench = Bench(
            RestoredState(
                hardState: HardState(term: Term(2), commit: LogIndex(6)), snapshot: at5,
                logStart: EntryID(5, 2), entries: [.at(6, 2)]))
        bench.winAndCommit()
        return bench
    }

    private func refuse(_ bench: inout Bench, from: NodeID = n3) {
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: EntryID(1, 1))), from: from,
            term: 3)
    }

    @Test("are wanted once for a follower whose next entries are cut off")
    func wanted() {
        var bench = leader()
        refuse(&bench)
        #expect(bench.snapshotsToSend == [n3])
        #expect(bench.peer(n3).state == .snapshot)
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 3)
        bench.fire()
        #expect(bench.snapshotsToSend == [n3], "once for each need")
        #expect(bench.take(to: n3).allSatisfy { if case .append = $0 { false } else { true } })
    }

    @Test("are not wanted for a follower only because it has connected anew")
    func notForEveryConnection() {
        var bench = leader()
        bench.step(.connected(n3))
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 3)
        #expect(bench.peer(n3).state == .probe)
        #expect(bench.snapshotsToSend.isEmpty)
        // All that it lacks is in the log.
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: EntryID(5, 2))), from: n3, term: 3)
        bench.receive(.appendReply(.accepted(match: LogIndex(7))), from: n3, term: 3)
        #expect(bench.peer(n3).state == .replicate)
        #expect(bench.snapshotsToSend.isEmpty)
    }

    @Test("are not wanted for a follower that gives no sign of life")
    func onlyForTheLiving() throws {
        var bench = leader()
        try bench.propose("a")
        bench.receive(.appendReply(.accepted(match: LogIndex(8))), term: 3)
        bench.step(.compacted(upTo: LogIndex(8)))
        #expect(bench.snapshotsToSend.isEmpty)
    }

    @Test("bring a follower back to replication once sent, after its next sign of life")
    func sent() {
        var bench = leader()
        refuse(&bench)
        bench.sent = []
        bench.step(.snapshotSent(to: n3, metadata: at5, succeeded: true))
        #expect(bench.peer(n3).state == .probe)
        #expect(bench.take(to: n3).isEmpty, "it may still be installing")
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 3)
        #expect(bench.peer(n3).next == LogIndex(6))
        bench.receive(.appendReply(.accepted(match: LogIndex(5))), from: n3, term: 3)
        #expect(bench.peer(n3).state == .replicate)
    }

    @Test("give way to replication as soon as the follower itself says that it has one")
    func followerSaysSo() {
        var bench = leader()
        refuse(&bench)
        bench.receive(.appendReply(.accepted(match: LogIndex(5))), from: n3, term: 3)
        #expect(bench.peer(n3).state == .replicate)
        // What the sender reports afterwards changes nothing.
        bench.step(.snapshotSent(to: n3, metadata: at5, succeeded: false))
        #expect(bench.peer(n3).state == .replicate)
    }

    @Test("are offered again after a failure, but not at once")
    func failed() throws {
        var bench = leader()
        refuse(&bench)
        bench.step(.snapshotSent(to: n3, metadata: at5, succeeded: false))
        #expect(bench.snapshotsToSend == [n3])
        let failedAt = bench.now
        while bench.snapshotsToSend.count == 1 {
            bench.fire()
            bench.receive(.heartbeatReply(sequence: 0), from: n2, term: 3)
            bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 3)
            try #require(bench.now.nanoseconds(since: failedAt) < 1_000_000_000)
        }
        #expect(bench.now.nanoseconds(since: failedAt) >= 120_000_000)
        #expect(bench.snapshotsToSend == [n3, n3])
    }

    @Test("are offered ever more seldom to a follower that takes none, up to a bound")
    func everMoreSeldom() throws {
        var bench = leader()
        refuse(&bench)
        var waits: [UInt64] = []
        for count in 2...9 {
            bench.step(.snapshotSent(to: n3, metadata: at5, succeeded: false))
            let failedAt = bench.now
            while bench.snapshotsToSend.count < count {
                bench.fire()
                bench.receive(.heartbeatReply(sequence: 0), from: n2, term: 3)
                bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 3)
                try #require(bench.now.nanoseconds(since: failedAt) < 4_000_000_000)
            }
            waits.append(bench.now.nanoseconds(since: failedAt) / 1_000_000)
        }
        #expect(zip(waits, waits.dropFirst()).prefix(4).allSatisfy { $1 > $0 * 3 / 2 })
        #expect(waits.suffix(3).allSatisfy { (3_000...3_100).contains($0) }, "\(waits)")
        // Another process may do better.
        bench.step(.connected(n3))
        bench.step(.snapshotSent(to: n3, metadata: at5, succeeded: false))
        let connectedAt = bench.now
        while bench.snapshotsToSend.count < 10 {
            bench.fire()
            bench.receive(.heartbeatReply(sequence: 0), from: n2, term: 3)
            bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 3)
            try #require(bench.now.nanoseconds(since: connectedAt) < 1_000_000_000)
        }
    }

    @Test("serve a follower that a compaction overtook while it was throttled (raft #31)")
    func compactionOvertakes() throws {
        var options = RaftOptions()
        options.inflightMessagesMax = 1
        options.retainedBytesMax = 0
        options.graceBytesMax = 0
        var bench = Bench(options: options)
        bench.winAndCommit()
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        for index in 2...6 {
            try bench.propose("x")
            bench.receive(.appendReply(.accepted(match: LogIndex(UInt64(index)))), term: 1)
        }
        bench.step(.compacted(upTo: LogIndex(6)))
        #expect(bench.core.retainedLog.first == LogIndex(7))
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .snapshot)
        #expect(bench.snapshotsToSend == [n3])
    }

    // MARK: Follower

    @Test("replace a log that lacks what they cover; the log begins anew behind them")
    func install() {
        var bench = Bench(.log([1, 1]))
        bench.receive(.snapshot(at5), term: 3)
        #expect(bench.installs == [at5])
        #expect(bench.core.status.installing == at5)
        bench.sent = []
        bench.step(.snapshotInstalled(at5))
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(5)))])
        let status = bench.core.status
        #expect(status.last == at5.last)
        #expect(status.commit == LogIndex(5))
        #expect(status.applied == LogIndex(5))
        #expect(status.generation == 1)
        bench.receive(
            .append(previous: EntryID(5, 2), entries: [.at(6, 3)], commit: LogIndex(6)), term: 3)
        #expect(bench.delivered == [.at(6, 3)])
    }

    @Test("leave no gap under a log whose state was lost: they end where it begins, or behind that")
    func lostState() {
        var bench = Bench(
            .withoutState(
                hardState: HardState(term: Term(2), commit: LogIndex(6)), logStart: EntryID(5, 2),
                entries: [.at(6, 2)], promised: .zero))
        for (last, isWanted) in [(EntryID(4, 2), false), (EntryID(6, 2), true)] {
            bench.core.snapshotReceived(
                SnapshotMetadata(last: last, configuration: .voters(1...3)), from: n2,
                now: bench.now)
            #expect((bench.core.status.installing != nil) == isWanted)
        }
    }

    @Test("keep everything else out while they are installed")
    func duringInstall() {
        var bench = Bench(.log([1, 1]))
        bench.receive(.snapshot(at5), term: 3)
        bench.sent = []
        bench.receive(
            .append(previous: EntryID(2, 1), entries: [.at(3, 3)], commit: LogIndex(3)), term: 3)
        #expect(bench.sent.isEmpty)
        #expect(bench.delivered.isEmpty)
        bench.receive(.heartbeat(commit: LogIndex(2), sequence: 1), term: 3)
        #expect(bench.take(to: n2) == [.heartbeatReply(sequence: 1)])
        #expect(bench.delivered.isEmpty, "nothing is applied to a state that goes")
        let later = SnapshotMetadata(last: EntryID(9, 3), configuration: .voters(1...3))
        bench.receive(.snapshot(later), term: 3)
        #expect(bench.installs == [at5], "one at a time")
        bench.fire()
        #expect(bench.core.status.role == .follower, "it does not campaign")
        bench.step(.snapshotInstallFailed)
        bench.fire()
        #expect(bench.core.status.role == .preCandidate)
    }

    @Test("tell another leader how far they go, once, so that it keeps what lies behind them")
    func newLeaderDuringInstall() throws {
        var bench = Bench(.log([1, 1]))
        bench.receive(.snapshot(at5), term: 3)
        bench.sent = []
        bench.receive(
            .append(previous: EntryID(9, 3), entries: [], commit: LogIndex(9)), from: n3, term: 4)
        let answer = AppendReply.rejected(previous: LogIndex(9), hint: EntryID(5, 2))
        #expect(bench.take(to: n3) == [.appendReply(answer)])
        // Where that leads the new leader to, and what may be older.
        for previous in [EntryID(5, 2), EntryID(2, 1)] {
            bench.receive(
                .append(previous: previous, entries: [], commit: LogIndex(9)), from: n3, term: 4)
        }
        #expect(bench.sent.isEmpty)
        var leader = leader()
        for _ in 0..<3 {
            leader.receive(.appendReply(.accepted(match: leader.core.status.last.index)), term: 3)
            try leader.propose("x")
        }
        leader.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: EntryID(5, 2))), from: n3, term: 3)
        #expect(leader.peer(n3).state == .probe)
        #expect(leader.peer(n3).next == LogIndex(6), "just behind what is being installed")
    }

    @Test("are ignored when they are older than what is committed (S9)")
    func older() {
        var bench = Bench(.log([1, 2, 2, 2, 2, 2], commit: 6))
        bench.receive(.snapshot(at5), term: 3)
        #expect(bench.installs.isEmpty)
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(6)))])
        #expect(bench.core.status.last == EntryID(6, 2))
    }

    @Test("only move the commit index of a log that holds them, and more (etcd #1763, S13)")
    func matching() {
        var bench = Bench(.log([1, 2, 2, 2, 2, 2, 2]))
        bench.receive(.snapshot(at5), term: 3)
        #expect(bench.installs.isEmpty)
        #expect(bench.core.status.commit == LogIndex(5))
        #expect(bench.core.status.last == EntryID(7, 2))
        #expect(bench.core.status.generation == 0)
        #expect(bench.delivered.count == 5)
    }

    @Test("replace a log that holds another entry there")
    func conflicting() {
        var bench = Bench(.log([1, 1, 1, 1, 1, 1, 1]))
        bench.receive(.snapshot(at5), term: 3)
        #expect(bench.installs == [at5])
        bench.step(.snapshotInstalled(at5))
        #expect(bench.core.status.last == at5.last)
    }

    @Test("are welcome whoever sent them, since what they hold is committed")
    func fromAnybody() {
        var bench = Bench(.log([1], term: 7))
        bench.core.snapshotReceived(at5, from: n3, now: bench.now)
        bench.collect()
        #expect(bench.installs == [at5])
        #expect(bench.core.status.leader == nil)
        bench.step(.snapshotInstalled(at5))
        #expect(bench.core.status.commit == LogIndex(5))
    }

    @Test("end a campaign: who is about to lose its log must not win")
    func duringCampaign() {
        var bench = Bench.inRole(.candidate)
        bench.core.snapshotReceived(at5, from: n3, now: bench.now)
        bench.collect()
        bench.receive(.voteReply(granted: true), term: 1)
        #expect(bench.core.status.role == .follower)
        bench.step(.snapshotInstalled(at5))
    }

    @Test("bring their configuration, and forget the one of the log (openraft #1808)")
    func configuration() {
        var bench = Bench(.log([1]))
        let metadata = SnapshotMetadata(
            last: EntryID(5, 2),
            configuration: ConfState(
                voters: [n2, n3, n4], votersOutgoing: [n1, n2, n3], learners: [],
                learnersNext: [n1]))
        bench.receive(.snapshot(metadata), term: 3)
        bench.step(.snapshotInstalled(metadata))
        #expect(bench.core.status.configuration == metadata.configuration)
    }

    @Test("are not installed on a full disk")
    func diskIsFull() {
        var bench = Bench(.log([1]))
        bench.step(.storageFull(true))
        bench.receive(.snapshot(at5), term: 3)
        #expect(bench.installs.isEmpty)
    }

    // MARK: Compaction

    @Test("let the log in memory be cut, but not more than slow followers are granted")
    func compaction() {
        var options = RaftOptions()
        options.retainedBytesMax = 70
        options.graceBytesMax = 0
        var bench = Bench(.log([1, 1, 1, 1, 1, 1], commit: 6), options: options)
        bench.collect()
        bench.step(.compacted(upTo: LogIndex(5)))
        let retained = bench.core.retainedLog
        #expect(retained.first == LogIndex(4), "two entries of 32 bytes at or before 5 stay")
        #expect(retained.last == LogIndex(6))
        #expect(retained.bytes == 64)
        bench.step(.compacted(upTo: LogIndex(3)))
        #expect(bench.core.retainedLog.first == LogIndex(4), "an older word changes nothing")
        bench.step(.compacted(upTo: LogIndex(99)))
        #expect(bench.core.retainedLog.first == LogIndex(5), "no more than is applied")
        #expect(bench.core.term(at: LogIndex(4)) == Term(1), "the entry before the first is known")
        #expect(bench.core.term(at: LogIndex(3)) == nil)
    }

    @Test("let a log be cut to its very end, and grow on (openraft afd6508b)")
    func cutToTheEnd() throws {
        var options = RaftOptions()
        options.retainedBytesMax = 0
        options.graceBytesMax = 0
        var cluster = Cluster(3, options: options)
        cluster.elect(n1)
        cluster.crash(n3)
        for text in ["a", "b"] { try cluster.propose(n1, text) }
        cluster.settle()
        cluster.compact(n1)
        cluster.compact(n2)
        #expect(cluster[n1].core.retainedLog.first == LogIndex(4))
        cluster.restart(n3)
        cluster.advance(500)
        #expect(cluster[n3].applied.last == EntryID(3, 1))
        try cluster.propose(n1, "c")
        cluster.settle()
        #expect(cluster[n3].stateHash == cluster[n1].stateHash)
    }
}
