import NIOCore
import RaftCore
import RaftWire
import Testing

@testable import PeerTransport

@Suite("Bytes from a peer that is broken (F8)") struct FuzzTests {
    private let seed: UInt64 = 0xF8

    /// Frames as a correct peer sends them, hello first.
    private func conversation(_ purpose: ConnectionPurpose) -> [Frame] {
        let hello = Frame(
            .hello, Hello(local: .test(2), to: NodeID(1), purpose: purpose).encoded())
        let entry = Entry(index: LogIndex(1), term: Term(1), kind: .command, payload: [1, 2, 3])
        let messages: [PeerMessage] = [
            .raft(
                Message(
                    from: NodeID(2), to: NodeID(1), term: Term(1),
                    body: .append(previous: .zero, entries: [entry], commit: .zero))),
            .propose([
                ForwardedProposal(
                    id: ProposalID(node: NodeID(2), run: 1, counter: 1), oldestPending: 1,
                    isNarrowing: false,
                    command: [4, 5])
            ]),
            .readIndexReply(request: 1, index: LogIndex(4)),
        ]
        switch purpose {
        case .messages:
            return [hello, Frame(.ping)] + messages.map { Frame(.message, $0.encoded()) }
        case .snapshot:
            return [
                hello, SnapshotFrames.offer(MemorySource(bytes: 10).offer),
                SnapshotFrames.chunk([1, 2, 3], at: 0),
            ]
        }
    }

    @Test("a conversation with anything changed is refused or understood, and never a trap")
    func mutations() {
        var random = RandomSource(seed: seed)
        var ends = 0
        for round in 0..<20_000 {
            var stream = ByteBuffer()
            for frame in conversation(round % 2 == 0 ? .messages : .snapshot) {
                mutate(frame, &random).write(into: &stream)
            }
            var bytes = Array(stream.readableBytesView)
            if random.chance(1, in: 4) {
                bytes[Int(random.next(below: UInt64(bytes.count)))] ^=
                    UInt8(1 << random.next(below: 8))
            }
            if isRefused(bytes) { ends += 1 }
        }
        #expect(ends > 5_000 && ends < 20_000, "seed \(seed): \(ends) refused")
    }

    /// Changes the body of a frame, and leaves its checksum right.
    private func mutate(_ frame: Frame, _ random: inout RandomSource) -> Frame {
        guard random.chance(1, in: 4) else { return frame }
        var body = frame.body
        switch random.next(below: 4) {
        case 0 where !body.isEmpty:
            body[Int(random.next(below: UInt64(body.count)))] = UInt8(random.next(below: 256))
        case 1 where !body.isEmpty:
            body.removeLast(Int(random.next(below: UInt64(body.count))))
        case 2:
            body += (0..<random.next(below: 20)).map { _ in UInt8(random.next(below: 256)) }
        default:
            let types = FrameType.allCases
            return Frame(types[Int(random.next(below: UInt64(types.count)))], body)
        }
        return Frame(frame.type, body)
    }

    /// What a connection does with bytes, without the connection.
    private func isRefused(_ bytes: [UInt8]) -> Bool {
        var machine = ConnectionMachine(role: .acceptor, local: .test(1))
        _ = machine.secured(PeerName(clusterID: LocalNode.test(2).clusterID, node: NodeID(2)))
        var decoder = FrameDecoder(bodyBytesMax: ConnectionMachine.helloBytesMax)
        decoder.append(ByteBuffer(bytes: bytes))
        do {
            while machine.state != .ended, let frame = try decoder.next() {
                for action in machine.received(frame, admits: { _ in nil }) {
                    switch action {
                    case .establish: decoder.bodyBytesMax = 4 << 20
                    case .deliver(let frame): try decode(frame)
                    case .send: break
                    case .end: return true
                    }
                }
            }
        } catch {
            return true
        }
        return false
    }

    private func decode(_ frame: Frame) throws {
        switch frame.type {
        case .snapshotOffer: _ = try SnapshotFrames.readOffer(frame.body)
        case .snapshotChunk: _ = try SnapshotFrames.readChunk(frame.body)
        default: _ = try PeerMessage(decoding: frame.body)
        }
    }
}
