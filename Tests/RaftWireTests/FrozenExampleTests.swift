import Budgets
import ByteCodec
import RaftCore
import RaftWire
import Testing

/// The examples of `docs/formats/wire.md`. They never change: a log or a peer of an older release
/// must always be understood. A new version of a format adds examples.
@Suite("Frozen examples of docs/formats/wire.md")
struct FrozenExampleTests {
    @Test("an entry")
    func entry() throws {
        let entry = Entry(
            index: LogIndex(258), term: Term(7), kind: .command, payload: [0xCA, 0xFE])
        let frozen = "01000201000000000000070000000000000002000000cafe"
        #expect(hexadecimal(encoded(entry.encode)) == frozen)
        var reader = ByteReader(bytes(frozen))
        #expect(try Entry(from: &reader) == entry)
    }

    @Test("a hard state")
    func hardState() throws {
        let hardState = HardState(term: Term(7), vote: NodeID(3), commit: LogIndex(258))
        let frozen = "01070000000000000003000000000000000201000000000000"
        #expect(hexadecimal(encoded(hardState.encode)) == frozen)
        var reader = ByteReader(bytes(frozen))
        #expect(try HardState(from: &reader) == hardState)
    }

    @Test("a configuration, and the metadata of a snapshot")
    func metadata() throws {
        let metadata = SnapshotMetadata(
            last: EntryID(index: LogIndex(258), term: Term(7)),
            configuration: ConfState(
                voters: [NodeID(1), NodeID(2)], votersOutgoing: [NodeID(1), NodeID(3)],
                learners: [NodeID(4)], learnersNext: [NodeID(3)]))
        let frozen = """
            0102010000000000000700000000000000\
            01020100000000000000020000000000000002010000000000000003000000000000000104000000000000\
            00010300000000000000
            """
        #expect(hexadecimal(metadata.encoded()) == frozen)
        #expect(try SnapshotMetadata(decoding: bytes(frozen)) == metadata)
    }

    @Test("a configuration that a learner leaves, which version 1 cannot say")
    func leavingLearner() throws {
        let configuration = ConfState(
            voters: [NodeID(1)], votersOutgoing: [NodeID(1)], learners: [NodeID(2)],
            learnersOutgoing: [NodeID(3)])
        let frozen = """
            02010100000000000000010100000000000000010200000000000000\
            00010300000000000000
            """
        #expect(hexadecimal(configuration.encoded()) == frozen)
        #expect(try ConfState(decoding: bytes(frozen)) == configuration)
    }

    static let messages: [(Message.Body, String)] = [
        (.preVote(last: last), "01" + lastBytes),
        (.preVoteReply(granted: true), "0201"),
        (.vote(last: last, isTransfer: true), "03" + lastBytes + "01"),
        (.voteReply(granted: false), "0400"),
        (
            .append(
                previous: last,
                entries: [
                    Entry(index: LogIndex(10), term: Term(5), kind: .empty, payload: []),
                    Entry(index: LogIndex(11), term: Term(5), kind: .configuration, payload: [9]),
                ], commit: LogIndex(8)),
            "05" + lastBytes + "080000000000000002000000"
                + "01020a00000000000000050000000000000000000000"
                + "01010b0000000000000005000000000000000100000009"
        ),
        (.appendReply(.accepted(match: LogIndex(9))), "060900000000000000"),
        (
            .appendReply(.rejected(previous: LogIndex(12), hint: last)),
            "070c00000000000000" + lastBytes
        ),
        (
            .heartbeat(commit: LogIndex(8), sequence: 513),
            "0808000000000000000102000000000000"
        ),
        (.heartbeatReply(sequence: 513), "090102000000000000"),
        (
            .snapshot(
                SnapshotMetadata(last: last, configuration: ConfState(voters: [NodeID(1)]))),
            "0a01" + lastBytes + "01010100000000000000000000"
        ),
        (.timeoutNow(last: last), "0b" + lastBytes),
        (.transferRefused, "0c"),
        (.steppingDown, "0d"),
        (
            .appendReply(.damaged(previous: LogIndex(12), hint: last)),
            "0e0c00000000000000" + lastBytes
        ),
    ]
    static let last = EntryID(index: LogIndex(9), term: Term(4))
    static let lastBytes = "09000000000000000400000000000000"

    @Test("every message of the core", arguments: messages.indices)
    func message(_ number: Int) throws {
        let (body, bodyBytes) = Self.messages[number]
        let message = PeerMessage.raft(
            Message(from: NodeID(1), to: NodeID(2), term: Term(6), body: body))
        // Peer message version and code, message version; then the code, which the body begins
        // with.
        let frozen =
            "010101" + bodyBytes.prefix(2) + "010000000000000002000000000000000600000000000000"
            + bodyBytes.dropFirst(2)
        #expect(hexadecimal(message.encoded()) == frozen)
        #expect(try PeerMessage(decoding: bytes(frozen)) == message)
    }

    static let budget = Budget(
        BudgetID(.user, 0x0102), BudgetRate(count: 600, seconds: 60, burst: 10))
    static let budgetBytes =
        "02" + "02010000000000000000000000000000" + "58020000" + "3c000000" + "0a000000"
    static let id = ProposalID(node: NodeID(3), run: 0x0102_0304_0506_0708, counter: 6)
    static let idBytes = "030000000000000008070605040302010600000000000000"
    static let peerMessages: [(PeerMessage, String)] = [
        (
            .propose([
                ForwardedProposal(id: id, oldestPending: 4, isNarrowing: false, command: [0xAB])
            ]),
            "010201000000" + idBytes + "0400000000000000" + "00" + "01000000ab"
        ),
        (
            .proposalReplies([
                ProposalReply(id: id, result: .accepted(last)),
                ProposalReply(id: id, result: .refused(.notLeader(leader: NodeID(2)))),
                ProposalReply(id: id, result: .refused(.notLeader(leader: nil))),
                ProposalReply(id: id, result: .refused(.transferring)),
                ProposalReply(id: id, result: .refused(.tooManyUncommittedBytes)),
                ProposalReply(id: id, result: .refused(.entryTooLarge(limitBytes: 1 << 20))),
                ProposalReply(id: id, result: .refused(.storageFull)),
            ]),
            "010307000000" + idBytes + "00" + lastBytes + idBytes + "010200000000000000" + idBytes
                + "010000000000000000" + idBytes + "02" + idBytes + "03" + idBytes + "0400001000"
                + idBytes + "05"
        ),
        (.readIndex(request: 5), "01040500000000000000"),
        (
            .readIndexReply(request: 5, index: LogIndex(9)),
            "01050500000000000000010900000000000000"
        ),
        (.readIndexReply(request: 5, index: nil), "01050500000000000000000000000000000000"),
        (
            .leaseAsk(
                LeaseAsk(
                    incarnation: 7, reading: SteadyTime(nanoseconds: 8), applied: LogIndex(9),
                    awaited: LogIndex(10))),
            "0106" + "0700000000000000" + "0800000000000000" + "0900000000000000"
                + "0a00000000000000"
        ),
        (
            .leaseGrant(
                LeaseGrant(
                    incarnation: 7, reading: SteadyTime(nanoseconds: 8),
                    durationNanoseconds: 2_000_000_000, index: LogIndex(9),
                    released: LogIndex(10))),
            "0107" + "0700000000000000" + "0800000000000000" + "0094357700000000"
                + "0900000000000000" + "0a00000000000000"
        ),
        (.released(upTo: LogIndex(10)), "01080a00000000000000"),
        (.stateWanted(atLeast: LogIndex(10)), "01140a00000000000000"),
        (
            .budgetClaims(
                BudgetClaims(
                    sequence: 9,
                    claims: [BudgetClaim(budget: budget, spent: 1, returned: 2, wanted: 3)])),
            "011e" + "0900000000000000" + "01000000" + budgetBytes + "01000000" + "02000000"
                + "03000000"
        ),
        (
            .budgetGrants(
                BudgetGrants(
                    sequence: 9, grants: [BudgetGrant(id: budget.id, granted: 4, level: -2)])),
            "011f" + "0900000000000000" + "01000000" + budgetBytes.prefix(34) + "04000000"
                + "feffffffffffffff"
        ),
        (
            .budgetLevels([BudgetLevel(budget: budget, level: 5)]),
            "0120" + "01000000" + budgetBytes + "0500000000000000"
        ),
    ]

    @Test("every other peer message", arguments: peerMessages.indices)
    func peerMessage(_ number: Int) throws {
        let (message, frozen) = Self.peerMessages[number]
        #expect(hexadecimal(message.encoded()) == frozen)
        #expect(try PeerMessage(decoding: bytes(frozen)) == message)
    }
}
