import RaftCore
import Testing

/// A follower may learn that an entry is committed, or receive a snapshot, in a term that its disk
/// does not have yet; if it stops then, it comes back in an older term, with newer knowledge.
@Suite("A node that forgot its last term")
struct ForgottenTermTests {
    /// Of five nodes this one was in term 4 when it learnt that 2/2 is committed, and is back in 3.
    func forgetful() -> Bench {
        Bench(.log([1, 2], term: 3, commit: 2, configuration: .voters(1...5)))
    }

    @Test("builds nothing of an older leader upon what a later one committed (S2)")
    func otherEntries() {
        var bench = forgetful()
        bench.receive(
            .append(
                previous: EntryID(1, 1), entries: [.at(2, 3), .at(3, 3)], commit: LogIndex(1)),
            from: n3, term: 3)
        #expect(bench.core.status.last == EntryID(2, 2))
        #expect(bench.writes.isEmpty)
        #expect(bench.take(to: n3).isEmpty)
    }

    @Test("accepts nothing of an older leader that says otherwise of what is committed (S11)")
    func onlyOlderEntries() {
        var bench = forgetful()
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 3)], commit: LogIndex(1)),
            from: n3, term: 3)
        #expect(bench.take(to: n3).isEmpty)
    }

    @Test("still passes over old messages that say the same")
    func sameEntries() {
        var bench = forgetful()
        bench.receive(
            .append(previous: EntryID(0, 0), entries: [.at(1, 1)], commit: .zero),
            from: n3, term: 3)
        bench.receive(
            .append(previous: EntryID(1, 1), entries: [.at(2, 2), .at(3, 3)], commit: .zero),
            from: n3, term: 3)
        #expect(bench.take(to: n3).last == .appendReply(.accepted(match: LogIndex(3))))
    }
}

extension ForgottenTermTests {
    private static let at5 = SnapshotMetadata(
        last: EntryID(5, 2), configuration: .voters(1...5))

    @Test("accepts nothing on the strength of a snapshot but from its sender (S11)")
    func snapshotOfAnother() {
        var bench = forgetful()
        bench.receive(.heartbeat(commit: .zero, sequence: 1), from: n3, term: 3)
        bench.core.snapshotReceived(Self.at5, from: n4, now: bench.now)
        bench.collect()
        bench.sent = []
        bench.step(.snapshotInstalled(Self.at5))
        #expect(bench.sent.isEmpty, "n3 may have another entry at 5")
        bench.receive(
            .append(previous: Self.at5.last, entries: [], commit: .zero), from: n3, term: 3)
        #expect(bench.take(to: n3) == [.appendReply(.accepted(match: LogIndex(5)))])
    }

    @Test("starts with a snapshot of a term that its log does not have yet (L5)")
    func newerSnapshot() {
        let restored = RestoredState(
            hardState: HardState(term: Term(1), vote: n2), snapshot: Self.at5,
            logStart: Self.at5.last, entries: [])
        var bench = Bench(restored)
        bench.collect()
        #expect(bench.core.status.term == Term(2))
        // It has not voted in that term.
        bench.receive(.vote(last: Self.at5.last, isTransfer: false), from: n3, term: 2)
        #expect(bench.take(to: n3) == [.voteReply(granted: true)])
    }
}
