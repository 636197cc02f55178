import RaftCore
import Testing

/// The commit index that is stored with term and vote is believed at the next start.
@Suite("The stored commit index")
struct CommitHintTests {
    @Test("speaks only of entries that the disk holds, not of those that come with it")
    func behindTheDisk() {
        var bench = Bench(.log([1, 1, 1]))
        bench.isDiskFast = false
        // The old leader's last words, which are on their way to the disk.
        bench.receive(
            .append(previous: EntryID(3, 1), entries: [.at(4, 1), .at(5, 1)], commit: LogIndex(1)),
            term: 1)
        // The next leader replaces everything from 2 on, and has committed it.
        bench.receive(
            .append(
                previous: EntryID(1, 1), entries: [.at(2, 2), .at(3, 2), .at(4, 2)],
                commit: LogIndex(4)), from: n3, term: 2)
        #expect(bench.core.status.commit == LogIndex(4))
        // Were this hint to reach the disk in front of the replacement, a start would apply 2/1.
        #expect(bench.writes.last?.hardState?.commit == LogIndex(1))
        bench.persist()
        bench.receive(
            .append(previous: EntryID(4, 2), entries: [.at(5, 2)], commit: LogIndex(5)),
            from: n3, term: 2)
        #expect(bench.writes.last?.hardState?.commit == LogIndex(4))
    }

    @Test("never goes back, whatever is replaced")
    func monotonic() {
        var bench = Bench(.log([1, 1, 1]))
        bench.receive(.append(previous: EntryID(3, 1), entries: [], commit: LogIndex(2)), term: 1)
        bench.isDiskFast = false
        var hints: [LogIndex] = []
        for term in UInt64(2)...5 {
            bench.receive(
                .append(
                    previous: EntryID(2, 1), entries: [.at(3, term), .at(4, term)],
                    commit: LogIndex(2)), from: n3, term: term)
            hints.append(bench.writes.last?.hardState?.commit ?? .zero)
        }
        #expect(hints == Array(repeating: LogIndex(2), count: 4))
    }
}
