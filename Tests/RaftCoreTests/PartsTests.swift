import Testing

@testable import RaftCore

@Suite("Quorum arithmetic (Raft §5.2, §6)")
struct QuorumTests {
    private func value(_ values: [UInt64]) -> (NodeID) -> UInt64 {
        { values[Int($0.rawValue) - 1] }
    }

    @Test("needs more than half, for any number of voters (hashicorp/raft 163a55f)")
    func majority() {
        let expected = [1, 2, 2, 3, 3, 4, 4, 5, 5]
        for voters in 1...9 { #expect(Quorum.majority(of: voters) == expected[voters - 1]) }
        for voters in 1...64 { #expect(2 * Quorum.majority(of: voters) > voters) }
    }

    @Test("finds what a quorum has reached, in whatever order the values come (openraft #1802)")
    func reached() {
        for (values, expected) in [
            ([5], 5), ([5, 3], 3), ([5, 3, 4], 4), ([1, 9, 1], 1), ([9, 1, 9], 9),
            ([1, 2, 3, 4], 2), ([4, 3, 2, 1, 5], 3), ([7, 7, 0, 0, 0], 0),
        ] as [([UInt64], UInt64)] {
            let voters = ConfState.voters(1...UInt64(values.count))
            #expect(Quorum.reached(by: voters, value(values)) == expected, "\(values)")
        }
    }

    @Test("agrees with counting by hand, for every assignment of small values")
    func exhaustive() {
        for voters in 1...5 {
            for code in 0..<(1 << (2 * voters)) {
                let values = (0..<voters).map { UInt64((code >> (2 * $0)) & 3) }
                let reached = Quorum.reached(by: .voters(1...UInt64(voters)), value(values))
                let byHand = (0...UInt64(3)).last { level in
                    2 * values.count { $0 >= level } > voters
                }
                #expect(reached == byHand)
            }
        }
    }

    @Test("takes the weaker half of a joint configuration")
    func joint() {
        let configuration = ConfState(voters: [n1, n2, n3], votersOutgoing: [n3, n4, n5])
        #expect(Quorum.reached(by: configuration, value([9, 8, 7, 2, 1])) == 2)
        #expect(Quorum.reached(by: configuration, value([1, 2, 7, 8, 9])) == 2)
        #expect(Quorum.reached(by: ConfState(voters: []), value([])) == nil)
    }

    @Test("every quorum of a joint configuration meets every quorum of both halves (S10)")
    func intersection() {
        let joint = ConfState(voters: [n1, n2, n3], votersOutgoing: [n3, n4, n5])
        for half in [ConfState(voters: joint.voters), ConfState(voters: joint.votersOutgoing)] {
            for first in 0..<32 {
                for second in 0..<32 where isQuorum(first, joint) && isQuorum(second, half) {
                    #expect(first & second != 0)
                }
            }
        }
    }

    private func isQuorum(_ set: Int, _ configuration: ConfState) -> Bool {
        let result = Quorum.result(in: configuration) { (set >> Int($0.rawValue - 1)) & 1 == 1 }
        return result == .won
    }

    @Test("knows an election as won, lost or open")
    func votes() {
        let configuration = ConfState.voters(1...5)
        func result(_ yes: ClosedRange<UInt64>?, _ no: ClosedRange<UInt64>?) -> Quorum.VoteResult {
            Quorum.result(in: configuration) { node in
                if yes?.contains(node.rawValue) == true { return true }
                if no?.contains(node.rawValue) == true { return false }
                return nil
            }
        }
        #expect(result(1...3, nil) == .won)
        #expect(result(1...2, nil) == .pending)
        #expect(result(1...2, 3...4) == .pending)
        #expect(result(1...2, 3...5) == .lost)
        #expect(result(nil, 1...3) == .lost)
        #expect(Quorum.result(in: ConfState(voters: [])) { _ in true } == .lost)
    }
}

@Suite("Inflights and progress")
struct ProgressTests {
    @Test("count appends and bytes, and give both back (etcd/raft e419ba5)")
    func inflights() {
        var inflights = Inflights(countMax: 3, bytesMax: 100)
        inflights.add(last: LogIndex(1), bytes: 10)
        inflights.add(last: LogIndex(4), bytes: 20)
        inflights.add(last: LogIndex(6), bytes: 30)
        #expect(inflights.isFull)
        inflights.free(upTo: LogIndex(3))
        #expect(inflights.count == 2)
        #expect(inflights.bytes == 50)
        inflights.free(upTo: LogIndex(4))
        inflights.add(last: LogIndex(7), bytes: 70)
        #expect(inflights.isFull, "by bytes")
        inflights.free(upTo: LogIndex(99))
        #expect(inflights.count == 0)
        #expect(inflights.bytes == 0)
        inflights.checkInvariants()
    }

    @Test("never lose count, over any sequence of sends and answers")
    func randomInflights() {
        var random = RandomSource(seed: 3)
        var inflights = Inflights(countMax: 8, bytesMax: 1_000)
        var model: [(UInt64, Int)] = []
        var last: UInt64 = 0
        for _ in 0..<5_000 {
            if random.chance(1, in: 2), !inflights.isFull {
                last += 1 + random.next(below: 3)
                let bytes = Int(random.next(below: 300))
                inflights.add(last: LogIndex(last), bytes: bytes)
                model.append((last, bytes))
            } else {
                let index = random.next(below: last + 2)
                inflights.free(upTo: LogIndex(index))
                model.removeAll { $0.0 <= index }
            }
            inflights.checkInvariants()
            #expect(inflights.count == model.count)
            #expect(inflights.bytes == model.reduce(0) { $0 + $1.1 })
        }
    }

    @Test("keeps next behind match, whatever answers come in whatever order (etcd/raft #149)")
    func randomProgress() {
        var random = RandomSource(seed: 5)
        for _ in 0..<300 {
            var progress = Progress(next: LogIndex(10), options: RaftOptions())
            var match = LogIndex.zero
            for _ in 0..<60 {
                let index = LogIndex(random.next(below: 12))
                switch random.next(below: 5) {
                case 0: _ = progress.acknowledge(min(index, LogIndex(11)))
                case 1:
                    _ = progress.reject(
                        index, hint: LogIndex(random.next(below: 12)),
                        isInReach: random.chance(1, in: 2),
                        logStart: LogIndex(random.next(below: 12)))
                case 2:
                    progress.becomeReplicate()
                    progress.becomeProbe(logStart: LogIndex(random.next(below: 12)))
                case 3: progress.becomeReplicate()
                default: progress.becomeSnapshot(dueAt: .zero)
                }
                #expect(progress.match >= match)
                match = progress.match
                progress.checkInvariants(last: LogIndex(20))
            }
        }
    }
}

@Suite("The log in memory")
struct LogTests {
    private func log(_ terms: [UInt64]) -> RaftLog { RaftLog(restored: .log(terms)) }

    @Test("knows terms, and what it matches")
    func terms() {
        let log = log([1, 1, 2])
        #expect(log.term(at: .zero) == .zero)
        #expect(log.term(at: LogIndex(3)) == Term(2))
        #expect(log.term(at: LogIndex(4)) == nil)
        #expect(log.matches(EntryID(2, 1)))
        #expect(!log.matches(EntryID(2, 2)))
        #expect(log.last == EntryID(3, 2))
    }

    @Test("finds the last entry that may match, a term at a time (Raft §5.3)")
    func lastPossibleMatch() {
        let log = log([1, 1, 2, 2, 4, 4])
        for (index, term, expected) in [
            (6, 4, EntryID(6, 4)), (9, 9, EntryID(6, 4)), (6, 3, EntryID(4, 2)),
            (5, 1, EntryID(2, 1)), (1, 9, EntryID(1, 1)), (6, 0, .zero),
        ] as [(UInt64, UInt64, EntryID)] {
            #expect(
                log.lastPossibleMatch(atOrBefore: LogIndex(index), term: Term(term), floor: .zero)
                    == expected)
        }
        #expect(
            log.lastPossibleMatch(atOrBefore: LogIndex(6), term: .zero, floor: LogIndex(3))
                == EntryID(3, 2))
    }

    @Test("raises its generation with each truncation, and takes back what was durable")
    func truncate() {
        var log = log([1, 1, 1])
        log.truncate(after: LogIndex(3))
        #expect(log.generation == 0, "nothing was removed")
        log.truncate(after: LogIndex(1))
        #expect(log.generation == 1)
        #expect(log.durable == LogIndex(1))
        #expect(log.requested == LogIndex(1))
        log.append([.at(2, 2)])
        log.becomeDurable(upTo: LogIndex(2))
        #expect(log.durable == LogIndex(1), "it was never asked for")
        #expect(log.takeUnrequested() == [.at(2, 2)])
        log.becomeDurable(upTo: LogIndex(2))
        #expect(log.durable == LogIndex(2))
        log.checkInvariants(entriesMax: 1000)
    }

    @Test("cuts itself step by step and stays the same log")
    func compactRandomly() {
        var random = RandomSource(seed: 11)
        var log = log(Array(repeating: 1, count: 200))
        _ = log.commit(upTo: LogIndex(200))
        for _ in 0..<100 {
            let page = log.takeCommitted(bytesMax: 1_000)
            if let last = page.last { log.apply(upTo: last.index) }
            log.allowCut(upTo: LogIndex(random.next(below: 220)))
            let (kept, wanted) = (Int(random.next(below: 500)), random.next(below: 220))
            log.cut(
                keepingBytes: kept, wanted: LogIndex(wanted),
                graceMax: kept + Int(random.next(below: 500)))
            log.checkInvariants(entriesMax: 1000)
            #expect(log.lastIndex == LogIndex(200))
            for entry in log.entries(after: log.start.index, upTo: log.lastIndex) {
                #expect(log[entry.index] == entry)
            }
        }
        #expect(log.start.index > .zero)
    }
}
