import RaftCore
import Testing

/// A follower may learn that an entry is committed, or receive a snapshot, in a term that its disk
/// does not have yet; if it stops then, it comes back in an older term, with newer knowledge.
@Suite("A node that forgot its last term")
struct ForgottenTermTests {
    /// Of five nodes this one was in term 4 when it learnt that 2/2 is committed, and is back in 3.
    private func forgetful() -> Bench {
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
