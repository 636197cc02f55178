import RaftCore
import Testing

@Suite("Raft §5.3, §5.4 and §8: the log")
struct PaperReplicationTests {
    // MARK: §5.3

    @Test("as leader appends a proposal and sends it to everybody (Raft §5.3)")
    func leaderReplicates() throws {
        var bench = Bench()
        bench.winAndCommit()
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        bench.sent = []
        try bench.propose("x")
        #expect(bench.core.status.last == EntryID(2, 1))
        let expected = Message.Body.append(
            previous: EntryID(1, 1), entries: [.at(2, 1, "x")], commit: LogIndex(1))
        #expect(bench.take(to: n2) == [expected])
        #expect(bench.take(to: n3) == [expected])
    }

    @Test("commits once a majority has the entry, applies it, and says so at once (Raft §5.3)")
    func leaderCommits() throws {
        var bench = Bench()
        bench.winAndCommit()
        try bench.propose("x")
        #expect(bench.core.status.commit == LogIndex(1))
        bench.sent = []
        bench.receive(.appendReply(.accepted(match: LogIndex(2))), term: 1)
        #expect(bench.core.status.commit == LogIndex(2))
        #expect(bench.delivered.last == .at(2, 1, "x"))
        #expect(
            bench.take(to: n2)
                == [.append(previous: EntryID(2, 1), entries: [], commit: LogIndex(2))])
    }

    @Test("commits with any majority, of any size (Raft §5.3)")
    func commitsWithMajority() throws {
        for size in 2...7 {
            var bench = Bench(.log([], configuration: .voters(1...UInt64(size))))
            bench.fire()
            for voter in 2...size {
                bench.receive(.preVoteReply(granted: true), from: NodeID(UInt64(voter)), term: 1)
            }
            for voter in 2...size {
                bench.receive(.voteReply(granted: true), from: NodeID(UInt64(voter)), term: 1)
            }
            for follower in 2...size {
                let before = follower - 1
                #expect((bench.core.status.commit == LogIndex(1)) == (before > size / 2))
                bench.receive(
                    .appendReply(.accepted(match: LogIndex(1))), from: NodeID(UInt64(follower)),
                    term: 1)
            }
            #expect(bench.core.status.commit == LogIndex(1))
        }
    }

    @Test("commits what earlier terms left together with an entry of its own (Raft §5.3)")
    func commitsPreceding() {
        for terms in [[UInt64](), [2], [1, 2], [1]] {
            var bench = Bench(.log(terms, term: 2))
            bench.winAndCommit()
            #expect(bench.core.status.commit == LogIndex(UInt64(terms.count) + 1))
            #expect(bench.delivered.map(\.term.rawValue) == terms + [3])
        }
    }

    @Test("as follower commits what the leader says, as far as the log matches (Raft §5.3)")
    func followerCommits() {
        for (commit, expected) in [(1, 1), (2, 2), (3, 2), (9, 2)] {
            var bench = Bench()
            bench.receive(
                .append(
                    previous: .zero, entries: Entry.log([1, 1]),
                    commit: LogIndex(UInt64(commit))), term: 1)
            #expect(bench.core.status.commit == LogIndex(UInt64(expected)))
            #expect(bench.delivered == Array(Entry.log([1, 1]).prefix(expected)))
        }
    }

    @Test("as follower refuses entries behind one that it does not have (Raft §5.3)")
    func followerChecksPrevious() {
        for (previous, hint) in [
            (EntryID(3, 3), EntryID(2, 2)), (EntryID(2, 3), EntryID(2, 2)),
            (EntryID(2, 1), EntryID(1, 1)), (EntryID(9, 9), EntryID(2, 2)),
        ] {
            var bench = Bench(.log([1, 2]))
            bench.receive(.append(previous: previous, entries: [], commit: .zero), term: 9)
            #expect(
                bench.take(to: n2)
                    == [.appendReply(.rejected(previous: previous.index, hint: hint))])
        }
        for previous in [EntryID.zero, EntryID(1, 1), EntryID(2, 2)] {
            var bench = Bench(.log([1, 2]))
            bench.receive(.append(previous: previous, entries: [], commit: .zero), term: 9)
            #expect(bench.take(to: n2) == [.appendReply(.accepted(match: previous.index))])
        }
    }

    @Test("as follower replaces what conflicts, from the conflict on (Raft §5.3)")
    func followerReplaces() {
        for (previous, sent, expected) in [
            (EntryID(2, 2), [Entry.at(3, 3)], [UInt64(1), 2, 3]),
            (EntryID(1, 1), [.at(2, 3), .at(3, 4)], [1, 3, 4]),
            (.zero, [.at(1, 1)], [1, 2]),
            (.zero, [.at(1, 3)], [3]),
        ] {
            var bench = Bench(.log([1, 2]))
            bench.receive(.append(previous: previous, entries: sent, commit: .zero), term: 9)
            #expect(bench.terms == expected)
        }
    }

    @Test("never removes what matches, whatever old or repeated append comes (async-raft 9540c904)")
    func keepsMatchingSuffix() {
        var bench = Bench()
        let log = Entry.log([1, 1, 2, 2, 2])
        bench.receive(.append(previous: .zero, entries: log, commit: .zero), term: 2)
        let before = bench.core.status
        for length in 0...5 {
            for start in 0...(5 - length) {
                let previous = start == 0 ? EntryID.zero : log[start - 1].id
                bench.receive(
                    .append(
                        previous: previous, entries: Array(log[start..<(start + length)]),
                        commit: .zero), term: 2)
                #expect(bench.core.status.last == before.last)
                #expect(bench.core.status.generation == before.generation)
            }
        }
        // Entries at or before the commit index are passed over, whatever is said of them.
        bench.receive(.heartbeat(commit: LogIndex(4), sequence: 0), term: 2)
        bench.receive(
            .append(previous: .zero, entries: Entry.log([2, 2]), commit: .zero), term: 2)
        #expect(bench.terms == [1, 1, 2, 2, 2])
    }

    @Test(
        "brings every follower of figure 7 to the leader's log (Raft §5.3, figure 7)",
        arguments: [
            [1, 1, 1, 4, 4, 5, 5, 6, 6], [1, 1, 1, 4],
            [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
            [1, 1, 1, 4, 4, 4, 4], [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
        ] as [[UInt64]])
    func figure7(follower: [UInt64]) {
        var cluster = Cluster(
            3,
            logs: [n1: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], n2: follower, n3: []], term: 7)
        // Node 3 has an empty log and votes for node 1; node 2 has what the figure says.
        cluster.elect(n1)
        #expect(cluster.leaders == [n1])
        cluster.advance(200)
        let log = cluster[n1].disk.entries
        #expect(log.map(\.term.rawValue) == [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8])
        #expect(cluster[n2].disk.entries == log)
        #expect(cluster[n3].disk.entries == log)
    }

    @Test("needs few rejections to find where logs part: a term at a time (Raft §5.3)")
    func fastBackup() {
        // The logs part after entry 1; each has 40 entries in two terms behind it.
        let own = [1] + Array(repeating: UInt64(4), count: 20) + Array(repeating: 6, count: 20)
        let other = [1] + Array(repeating: UInt64(2), count: 20) + Array(repeating: 3, count: 20)
        var cluster = Cluster(3, logs: [n1: own, n2: other, n3: own])
        cluster.isTracing = true
        cluster.elect(n1)
        cluster.advance(100)
        #expect(cluster[n2].disk.entries == cluster[n1].disk.entries)
        let rejections = cluster.trace.filter { $0.contains("rejected") && $0.hasPrefix(" ") }
        #expect(rejections.count <= 2, "\(rejections)")
    }

    @Test("takes the same append twice and answers twice (Raft §5.5)")
    func idempotent() {
        var bench = Bench()
        for _ in 1...2 {
            bench.receive(
                .append(previous: .zero, entries: Entry.log([1, 1]), commit: .zero), term: 1)
            #expect(bench.take(to: n2) == [.appendReply(.accepted(match: LogIndex(2)))])
            #expect(bench.terms == [1, 1])
        }
    }

    // MARK: §5.4.2, §8

    @Test("does not commit an older term's entry by counting (Raft §5.4.2, figure 8)")
    func ownTermOnly() {
        var bench = Bench(.log([1, 2], term: 2))
        bench.win()
        for match in 1...2 {
            bench.receive(.appendReply(.accepted(match: LogIndex(UInt64(match)))), term: 3)
            #expect(bench.core.status.commit == .zero)
        }
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), term: 3)
        #expect(bench.core.status.commit == LogIndex(3))
    }

    @Test("begins its term with an empty entry (Raft §8)")
    func emptyEntry() {
        var bench = Bench(.log([1, 2], term: 2))
        bench.win()
        #expect(bench.core.status.last == EntryID(3, 3))
        let first = bench.core.entries(in: LogIndex(3)...LogIndex(3))
        #expect(first == [Entry(index: LogIndex(3), term: Term(3), kind: .empty, payload: [])])
    }
}

extension Bench {
    /// The terms of the log in memory.
    var terms: [UInt64] {
        core.entries(in: LogIndex(1)...LogIndex(1000)).map(\.term.rawValue)
    }
}

extension Entry {
    /// The entry's name.
    var id: EntryID { EntryID(index: index, term: term) }
}
