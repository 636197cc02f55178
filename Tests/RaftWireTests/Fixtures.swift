import Budgets
import ByteCodec
import RaftCore
import RaftWire

/// Random values of everything that has an encoding; the same seed gives the same values.
struct Generator {
    var random: RandomSource
    init(seed: UInt64) { random = RandomSource(seed: seed) }

    mutating func count(below bound: UInt64) -> Int { Int(random.next(below: bound)) }
    mutating func bytes(below bound: UInt64) -> [UInt8] {
        (0..<count(below: bound)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    // Small numbers, large ones, and the limit.
    mutating func counter() -> UInt64 {
        switch random.next(below: 4) {
        case 0: WireLimits.counterMax
        case 1: random.next() >> 2
        default: random.next(below: 300)
        }
    }
    mutating func node() -> NodeID { NodeID(1 + random.next(below: 9)) }
    mutating func entryID() -> EntryID {
        EntryID(index: LogIndex(counter()), term: Term(counter()))
    }
    mutating func entry(_ index: LogIndex, _ term: Term) -> Entry {
        let kind = EntryKind(rawValue: UInt8(random.next(below: 3)))!
        return Entry(index: index, term: term, kind: kind, payload: bytes(below: 60))
    }
    mutating func hardState() -> HardState {
        HardState(
            term: Term(counter()), vote: random.chance(1, in: 2) ? node() : nil,
            commit: LogIndex(counter()))
    }
    mutating func configuration() -> ConfState {
        var lists: [[NodeID]] = [[], [], [], [], []]
        for number in 1...9 {
            switch random.next(below: 7) {
            case 0: lists[0].append(NodeID(UInt64(number)))
            case 1: lists[1].append(NodeID(UInt64(number)))
            case 2:
                lists[0].append(NodeID(UInt64(number)))
                lists[1].append(NodeID(UInt64(number)))
            case 3: lists[2].append(NodeID(UInt64(number)))
            case 4:
                lists[1].append(NodeID(UInt64(number)))
                lists[3].append(NodeID(UInt64(number)))
            case 5: lists[4].append(NodeID(UInt64(number)))
            default: break
            }
        }
        // Only a joint configuration has somebody who leaves it.
        if lists[1].isEmpty { lists[4] = [] }
        return ConfState(
            voters: lists[0], votersOutgoing: lists[1], learners: lists[2], learnersNext: lists[3],
            learnersOutgoing: lists[4])
    }
    mutating func metadata() -> SnapshotMetadata {
        SnapshotMetadata(last: entryID(), configuration: configuration())
    }
    mutating func body() -> Message.Body {
        switch random.next(below: 14) {
        case 0: return .preVote(last: entryID())
        case 1: return .preVoteReply(granted: random.chance(1, in: 2))
        case 2: return .vote(last: entryID(), isTransfer: random.chance(1, in: 2))
        case 3: return .voteReply(granted: random.chance(1, in: 2))
        case 4:
            let previous = EntryID(
                index: LogIndex(random.next(below: 99)), term: Term(random.next(below: 9)))
            var entries: [Entry] = []
            for step in 1...6 where step < 6 {
                entries.append(
                    entry(previous.index + step, Term(previous.term.rawValue + UInt64(step))))
            }
            return .append(
                previous: previous, entries: Array(entries.prefix(count(below: 6))),
                commit: LogIndex(counter()))
        case 5: return .appendReply(.accepted(match: LogIndex(counter())))
        case 6: return .appendReply(.rejected(previous: LogIndex(counter()), hint: entryID()))
        case 7: return .heartbeat(commit: LogIndex(counter()), sequence: random.next())
        case 8: return .heartbeatReply(sequence: random.next())
        case 9: return .snapshot(metadata())
        case 10: return .timeoutNow(last: entryID())
        case 11: return .transferRefused
        case 12: return .appendReply(.damaged(previous: LogIndex(counter()), hint: entryID()))
        default: return .steppingDown
        }
    }
    mutating func proposalID() -> ProposalID {
        ProposalID(node: node(), run: random.next(), counter: random.next())
    }
    mutating func result() -> ProposalReply.Result {
        switch random.next(below: 7) {
        case 0: .accepted(entryID())
        case 1: .refused(.notLeader(leader: node()))
        case 2: .refused(.notLeader(leader: nil))
        case 3: .refused(.transferring)
        case 4: .refused(.tooManyUncommittedBytes)
        case 5: .refused(.entryTooLarge(limitBytes: count(below: 1 << 32)))
        default: .refused(.storageFull)
        }
    }
    mutating func budget() -> Budget {
        let kinds = BudgetID.Kind.allCases
        let id = BudgetID(
            kinds[count(below: UInt64(kinds.count))],
            UInt128(random.next()) << 64 | UInt128(random.next()))
        let limit = UInt32(1 + count(below: UInt64(BudgetRate.countMax)))
        return Budget(
            id,
            BudgetRate(
                count: limit, seconds: UInt32(1 + count(below: UInt64(BudgetRate.secondsMax))),
                burst: UInt32(1 + count(below: UInt64(limit)))))
    }
    mutating func peerMessage() -> PeerMessage {
        switch random.next(below: 15) {
        case 0:
            return .propose(
                (0..<count(below: 4)).map { _ in
                    ForwardedProposal(
                        id: proposalID(), oldestPending: random.next(),
                        isNarrowing: random.next(below: 2) == 0,
                        command: bytes(below: 50))
                })
        case 1:
            return .proposalReplies(
                (0..<count(below: 4)).map { _ in ProposalReply(id: proposalID(), result: result()) }
            )
        case 2: return .readIndex(request: random.next())
        case 3: return .readIndexReply(request: random.next(), index: LogIndex(counter()))
        case 4: return .readIndexReply(request: random.next(), index: nil)
        case 5:
            return .leaseAsk(
                LeaseAsk(
                    incarnation: random.next(), reading: SteadyTime(nanoseconds: random.next()),
                    applied: LogIndex(counter()), awaited: LogIndex(counter())))
        case 6:
            return .leaseGrant(
                LeaseGrant(
                    incarnation: random.next(), reading: SteadyTime(nanoseconds: random.next()),
                    durationNanoseconds: random.next(), index: LogIndex(counter()),
                    released: LogIndex(counter())))
        case 7: return .released(upTo: LogIndex(counter()))
        case 8: return .stateWanted(atLeast: LogIndex(counter()))
        case 9:
            return .budgetClaims(
                BudgetClaims(
                    sequence: random.next(),
                    claims: (0..<count(below: 4)).map { _ in
                        BudgetClaim(
                            budget: budget(), spent: UInt32(count(below: 1 << 32)),
                            returned: UInt32(count(below: 1 << 32)),
                            wanted: UInt32(count(below: 1 << 32)))
                    }))
        case 10:
            return .budgetGrants(
                BudgetGrants(
                    sequence: random.next(),
                    grants: (0..<count(below: 4)).map { _ in
                        BudgetGrant(
                            id: budget().id, granted: UInt32(count(below: 1 << 32)),
                            level: Int64(bitPattern: random.next()))
                    }))
        case 11:
            return .budgetLevels(
                (0..<count(below: 4)).map { _ in
                    BudgetLevel(budget: budget(), level: Int64(bitPattern: random.next()))
                })
        default:
            return .raft(
                Message(
                    from: node(), to: node(), term: Term(200 + random.next(below: 1 << 61)),
                    body: body()))
        }
    }
}

/// The bytes that hexadecimal digits spell; white space is left out.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The hexadecimal digits of bytes.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}

/// What `encode` appends to nothing.
func encoded(_ encode: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    encode(&writer)
    return writer.bytes
}
