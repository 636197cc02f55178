import RaftCore
import Testing

@Suite("Whatever a peer sends")
struct HostileTests {
    private let huge = LogIndex(UInt64.max)

    @Test("that makes no sense is dropped without a trace")
    func nonsense() {
        let bodies: [Message.Body] = [
            .append(previous: EntryID(1, 1), entries: [.at(3, 1)], commit: .zero),
            .append(previous: EntryID(1, 2), entries: [.at(2, 1)], commit: .zero),
            .append(previous: EntryID(1, 1), entries: [.at(2, 9)], commit: .zero),
            .append(
                previous: EntryID(index: huge, term: Term(1)), entries: [], commit: .zero),
            .append(previous: EntryID(1, 1), entries: [], commit: huge),
            .append(
                previous: EntryID(1, 1),
                entries: [
                    Entry(index: LogIndex(2), term: Term(2), kind: .configuration, payload: [9])
                ], commit: .zero),
            .append(
                previous: EntryID(1, 1),
                entries: [
                    Entry(
                        index: LogIndex(2), term: Term(2), kind: .configuration,
                        payload: ConfState(voters: []).encoded())
                ], commit: .zero),
            .heartbeat(commit: huge, sequence: 0),
            .vote(last: EntryID(index: huge, term: Term(1)), isTransfer: false),
            .vote(last: EntryID(1, 9), isTransfer: false),
            .snapshot(SnapshotMetadata(last: .zero, configuration: .voters(1...3))),
            .snapshot(SnapshotMetadata(last: EntryID(5, 9), configuration: .voters(1...3))),
            .snapshot(SnapshotMetadata(last: EntryID(5, 1), configuration: ConfState(voters: []))),
        ]
        for body in bodies {
            var bench = Bench(.log([1]))
            let before = bench.core.status
            bench.receive(body, term: 2)
            #expect(bench.core.status == before, "\(body)")
            #expect(bench.sent.isEmpty)
        }
        var bench = Bench(.log([1]))
        let before = bench.core.status
        for message in [
            Message(from: n2, to: n3, term: Term(9), body: .steppingDown),
            Message(from: n1, to: n1, term: Term(9), body: .steppingDown),
            Message(from: NodeID(0), to: n1, term: Term(9), body: .steppingDown),
            Message(from: n2, to: n1, term: Term(UInt64.max), body: .voteReply(granted: false)),
            Message(from: n2, to: n1, term: .zero, body: .heartbeat(commit: .zero, sequence: 0)),
        ] {
            bench.step(.message(message))
            #expect(bench.core.status == before)
        }
    }

    @Test("from outside the configuration deposes nobody by its term alone")
    func strangers() {
        var bench = Bench()
        bench.winAndCommit()
        for body in [
            Message.Body.heartbeatReply(sequence: 0), .voteReply(granted: false),
            .appendReply(.accepted(match: LogIndex(1))), .preVoteReply(granted: false),
            .transferRefused, .steppingDown,
        ] {
            bench.receive(body, from: NodeID(9), term: 5)
            #expect(bench.core.status.role == .leader)
            #expect(bench.core.status.term == Term(1))
        }
    }

    @Test("to a leader of lies about its log changes nothing that is committed")
    func liesToLeader() throws {
        var bench = Bench()
        bench.winAndCommit()
        try bench.propose("x")
        bench.receive(.appendReply(.accepted(match: LogIndex(99))), term: 1)
        #expect(bench.core.status.commit == LogIndex(1))
        for (previous, hint) in [(99, EntryID(98, 1)), (2, EntryID(99, 99)), (0, EntryID(7, 1))] {
            bench.receive(
                .appendReply(.rejected(previous: LogIndex(UInt64(previous)), hint: hint)), term: 1)
        }
        bench.receive(.append(previous: .zero, entries: [.at(1, 1)], commit: .zero), term: 1)
        #expect(bench.core.status.role == .leader, "another leader of the same term")
    }

    @Test("at random, in any order, never traps", arguments: 1...UInt64(12))
    func random(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var bench = Bench(.log([1, 1, 2], commit: 1))
        for _ in 0..<3_000 {
            bench.advance(random.next(below: 40))
            let from = NodeID(1 + random.next(below: 5))
            switch random.next(below: 20) {
            case 0: bench.step(.timer)
            case 1: bench.core.readIndex(context: 1, now: bench.now)
            case 2: _ = try? bench.core.propose([[1]], now: bench.now)
            case 3: bench.step(.connectionLost(from, random.chance(1, in: 2) ? .closed : .silent))
            case 4: bench.step(.connected(from))
            case 5: bench.step(.transferLeadership(to: random.chance(1, in: 2) ? from : nil))
            case 6: bench.step(.compacted(upTo: LogIndex(random.next(below: 9))))
            case 7:
                if let install = bench.core.status.installing {
                    bench.step(.snapshotInstalled(install))
                }
            case 8: bench.step(.storageFull(random.chance(1, in: 3)))
            default:
                bench.step(
                    .message(
                        Message(
                            from: from, to: n1, term: Self.term(&random, bench),
                            body: Self.body(&random, bench))))
            }
            bench.sent = []
        }
    }

    private static func term(_ random: inout RandomSource, _ bench: Bench) -> Term {
        let own = bench.core.status.term.rawValue
        if random.chance(1, in: 50) { return Term(random.next()) }
        // Mostly the present one, and seldom far away, so that the run gets somewhere.
        return Term(random.chance(5, in: 6) ? own : own + random.next(below: 3))
    }

    private static func id(_ random: inout RandomSource, _ bench: Bench) -> EntryID {
        let last = bench.core.status.last
        let index = random.next(below: last.index.rawValue + 4)
        let known = bench.core.term(at: LogIndex(index))?.rawValue
        let term = known ?? last.term.rawValue
        return EntryID(index, random.chance(5, in: 6) ? term : random.next(below: term + 2))
    }

    private static func body(_ random: inout RandomSource, _ bench: Bench) -> Message.Body {
        let id = id(&random, bench)
        let index = LogIndex(random.next(below: bench.core.status.last.index.rawValue + 4))
        let flag = random.chance(1, in: 2)
        switch random.next(below: 14) {
        case 0: return .preVote(last: id)
        case 1: return .preVoteReply(granted: flag)
        case 2: return .vote(last: id, isTransfer: flag)
        case 3: return .voteReply(granted: flag)
        case 4, 5:
            var term = id.term.rawValue
            let entries = (0..<random.next(below: 4)).map { offset in
                term += random.next(below: 2)
                return Entry.at(id.index.rawValue + offset + 1, term)
            }
            return .append(previous: id, entries: entries, commit: index)
        case 6: return .appendReply(.accepted(match: index))
        case 7: return .appendReply(.rejected(previous: index, hint: id))
        case 8: return .heartbeat(commit: index, sequence: random.next(below: 4))
        case 9: return .heartbeatReply(sequence: random.next(below: 9))
        case 10:
            return .snapshot(SnapshotMetadata(last: id, configuration: .voters(1...3)))
        case 12: return .appendReply(.damaged(previous: index, hint: id))
        case 11: return .timeoutNow(last: flag ? bench.core.status.last : id)
        default: return flag ? .transferRefused : .steppingDown
        }
    }
}
