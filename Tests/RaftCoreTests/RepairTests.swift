import RaftCore
import Testing

@Suite("A node whose log lost a part to its disk (docs/decisions/0005)")
struct RepairTests {
    /// It has entries 1 and 2 of five that it acknowledged, the last of term 3.
    func damaged(term: UInt64 = 3) -> Bench {
        var restored = RestoredState.log([1, 2], term: term, vote: n2)
        restored.promised = EntryID(5, 3)
        return Bench(restored)
    }

    @Test("votes for who has what it had, and for nobody else (R8 i)")
    func votes() {
        for (last, isGranted) in [
            (EntryID(2, 2), false), (EntryID(4, 3), false), (EntryID(9, 2), false),
            (EntryID(5, 3), true), (EntryID(3, 4), true),
        ] {
            var bench = damaged(term: 4)
            bench.receive(.preVote(last: last), from: n3, term: 5)
            #expect(bench.take(to: n3) == [.preVoteReply(granted: isGranted)], "\(last)")
            bench.receive(.vote(last: last, isTransfer: false), from: n3, term: 5)
            #expect(bench.take(to: n3) == [.voteReply(granted: isGranted)], "\(last)")
        }
    }

    @Test("never campaigns, and refuses to be made leader (R8 ii)")
    func campaigns() {
        var bench = damaged()
        for _ in 0..<5 { bench.fire() }
        #expect(bench.take().isEmpty)
        bench.receive(.heartbeat(commit: .zero, sequence: 1), from: n2, term: 3)
        for _ in 0..<5 { bench.fire() }
        bench.sent = []
        bench.receive(.heartbeat(commit: .zero, sequence: 2), from: n2, term: 3)
        bench.sent = []
        bench.receive(.timeoutNow(last: EntryID(2, 2)), from: n2, term: 3)
        #expect(bench.take(to: n2) == [.transferRefused])
        #expect(bench.core.glance.role == .follower)
    }

    @Test("says what it has and that it is damaged, and gets the rest (R8 iii to v)")
    func repair() {
        var bench = damaged()
        bench.receive(
            .append(previous: EntryID(5, 3), entries: [], commit: LogIndex(5)), from: n2, term: 3)
        #expect(
            bench.take(to: n2) == [
                .appendReply(.damaged(previous: LogIndex(5), hint: EntryID(2, 2)))
            ])
        bench.receive(
            .append(
                previous: EntryID(2, 2), entries: [.at(3, 2), .at(4, 3)], commit: LogIndex(5)),
            from: n2, term: 3)
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(4)))])
        #expect(bench.core.status.repairingUpTo == EntryID(5, 3))
        bench.receive(
            .append(previous: EntryID(4, 3), entries: [.at(5, 3)], commit: LogIndex(5)),
            from: n2, term: 3)
        #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(5)))])
        #expect(bench.core.status.repairingUpTo == nil)
        #expect(bench.delivered.map(\.index.rawValue) == [1, 2, 3, 4, 5])
        // Now it may lead again.
        bench.fire()
        #expect(bench.core.glance.role == .preCandidate)
    }

    @Test("is in repair until its disk has the last entry, and not its memory only")
    func durably() {
        var bench = damaged()
        bench.isDiskFast = false
        bench.receive(
            .append(
                previous: EntryID(2, 2), entries: [.at(3, 2), .at(4, 3), .at(5, 3)],
                commit: .zero), from: n2, term: 3)
        #expect(bench.core.glance.isRepairing)
        bench.persist()
        #expect(!bench.core.glance.isRepairing)
    }

    @Test("has its log again when another leader's newer entries took the place of what it lost")
    func overwritten() {
        var bench = damaged()
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 4)], commit: .zero), from: n3,
            term: 4)
        #expect(!bench.core.glance.isRepairing)
        #expect(bench.core.status.last == EntryID(2, 4))
    }

    @Test("a snapshot ends the repair when it is as new as the promise, and not before")
    func snapshot() {
        for (last, isEnd) in [(EntryID(4, 3), false), (EntryID(5, 3), true)] {
            var bench = damaged()
            let metadata = SnapshotMetadata(last: last, configuration: .voters(1...3))
            bench.receive(.snapshot(metadata), from: n2, term: 3)
            #expect(bench.installs == [metadata])
            bench.step(.snapshotInstalled(metadata))
            #expect(bench.core.glance.isRepairing == !isEnd)
        }
    }

    @Test("a promise outlives terms, and votes in them")
    func terms() {
        var bench = damaged()
        bench.receive(.vote(last: EntryID(4, 3), isTransfer: false), from: n3, term: 9)
        bench.receive(.vote(last: EntryID(5, 3), isTransfer: false), from: n2, term: 10)
        #expect(bench.take(to: n3) == [.voteReply(granted: false)])
        #expect(bench.take(to: n2) == [.voteReply(granted: true)])
        #expect(bench.core.glance.isRepairing)
    }
}

@Suite("A leader whose follower's log was damaged")
struct RevertedFollowerTests {
    @Test("counts it no longer with what it had, says so, and sends the entries again")
    func reverts() throws {
        var bench = Bench(.log([1, 1], configuration: .voters(1...5)))
        bench.fire()
        for node in [n2, n3] { bench.receive(.preVoteReply(granted: true), from: node, term: 2) }
        for node in [n2, n3] { bench.receive(.voteReply(granted: true), from: node, term: 2) }
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), from: n2, term: 2)
        #expect(bench.core.glance.commit == .zero)
        bench.sent = []
        // It had acknowledged the third entry, and lost the second.
        bench.receive(
            .appendReply(.damaged(previous: LogIndex(3), hint: EntryID(1, 1))), from: n2, term: 2)
        let peer = { bench.core.status.peers.first { $0.id == n2 } }
        #expect(peer()?.match == .zero && peer()?.isReverted == true)
        #expect(
            bench.take(to: n2).contains { body in
                guard case .append(let previous, let entries, _) = body else { return false }
                return previous == EntryID(1, 1) && entries.count == 2
            })
        // Another one is not enough for a quorum of five.
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), from: n3, term: 2)
        #expect(bench.core.glance.commit == .zero)
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), from: n2, term: 2)
        #expect(bench.core.glance.commit == .zero && peer()?.isReverted == true)
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), from: n2, term: 2)
        #expect(bench.core.glance.commit == LogIndex(3) && peer()?.isReverted == false)
    }

    @Test("what is committed stays committed, and a word that comes late does no harm")
    func late() throws {
        var bench = Bench(.log([1]))
        bench.winAndCommit()
        let commit = bench.core.glance.commit
        bench.receive(
            .appendReply(.damaged(previous: LogIndex(2), hint: .zero)), term: 2)
        #expect(bench.core.glance.commit == commit)
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), term: 2)
        try bench.propose("x")
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), term: 2)
        #expect(bench.core.glance.commit == LogIndex(3))
    }

    @Test("a follower behind the log gets a snapshot, as any other")
    func behind() throws {
        var options = RaftOptions()
        options.retainedBytesMax = 0
        options.graceBytesMax = 0
        var bench = Bench(.log([1, 1]), options: options)
        bench.winAndCommit()
        bench.step(.compacted(upTo: LogIndex(3)))
        bench.receive(
            .appendReply(.damaged(previous: LogIndex(3), hint: EntryID(1, 1))), term: 2)
        bench.receive(.heartbeatReply(sequence: 0), term: 2)
        #expect(bench.snapshotsToSend == [n2])
    }
}
