import ByteCodec
import Logging
import RaftCore
import RaftWire
import Synchronization

@testable import PeerTransport

/// One node's transport with everything around it recorded.
final class TestNode: Sendable {
    let id: NodeID
    let transport: PeerTransport
    let delegate = RecordingDelegate()
    let sink = MemorySink()
    let address: PeerAddress
    /// Nodes that are refused; all others are admitted.
    private let bannedNodes: BannedNodes

    var log: EventLog<PeerEvent> { delegate.log }
    var pauses: EventLog<Int> { delegate.pauses }

    init(
        _ number: UInt64, authority: TestAuthority, run: UInt64 = 1, port: Int = 0,
        credentials: PeerCredentials? = nil, options: PeerTransportOptions = .quick
    ) throws {
        id = NodeID(number)
        transport = PeerTransport(
            local: .test(number, run: run), peers: [:], options: options,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let banned = BannedNodes()
        self.bannedNodes = banned
        address = try transport.start(
            listen: PeerAddress(host: "127.0.0.1", port: port),
            credentials: try credentials ?? authority.issue(node: number),
            delegate: delegate, snapshots: sink,
            admits: { node, _ in !banned.nodes.withLock { $0.contains(node) } })
    }

    func ban(_ node: NodeID) {
        bannedNodes.nodes.withLock { _ = $0.insert(node) }
        transport.recheckAdmission()
    }

    /// Dials the other at its own address, or through something in between.
    func know(_ other: TestNode, at address: PeerAddress? = nil) {
        transport.updatePeers([other.id: address ?? other.address])
    }
}

private final class BannedNodes: Sendable {
    let nodes = Mutex<Set<NodeID>>([])
}

extension LocalNode {
    static func test(_ number: UInt64, cluster: UInt8 = 1, run: UInt64 = 1) -> LocalNode {
        LocalNode(
            clusterID: [UInt8](repeating: cluster, count: 16), node: NodeID(number),
            incarnation: Incarnation(number + 100), run: run)
    }
}

extension PeerTransportOptions {
    /// Short enough for tests that wait for a limit, long enough for a busy machine.
    static var quick: PeerTransportOptions {
        var options = PeerTransportOptions()
        options.snapshotChunkBytes = 1_024
        return options
    }
}

/// A snapshot in memory; the offer's checksum is right unless said otherwise.
final class MemorySource: SnapshotStreamSource {
    let offer: SnapshotOffer
    let closed = EventLog<Bool>()
    private let content: [UInt8]
    private let failAt: UInt64?

    init(bytes: Int, low: UInt64 = 1, checksum: UInt32? = nil, failAt: UInt64? = nil) {
        content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        self.failAt = failAt
        offer = SnapshotOffer(
            id: SnapshotID(high: 7, low: low),
            metadata: SnapshotMetadata(
                last: EntryID(index: LogIndex(9), term: Term(2)),
                configuration: ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)])),
            sizeBytes: UInt64(bytes), checksum: checksum ?? CRC32C.checksum(of: content))
    }

    struct ReadFailed: Error {}

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        if let failAt, offset >= failAt { throw ReadFailed() }
        return Array(content[Int(offset)..<(Int(offset) + count)])
    }

    func close() { closed.append(true) }
}

/// Keeps what came in, also over a cut.
final class MemorySink: SnapshotStreamSink {
    struct State: Sendable {
        var offer: SnapshotOffer?
        var content: [UInt8] = []
        var resumedAt: [UInt64] = []
        var isAborted = false
        var failsAtWrite: Int?
        /// So many offers come too early.
        var busyFor = 0
        var writes = 0
        /// Called once, while everything that came is looked through.
        var whileFinishing: (@Sendable () -> Void)?
    }
    struct Failed: Error {}
    let state = Mutex(State())
    let written = EventLog<UInt64>()
    let interruptions = EventLog<Bool>()

    func offered(_ offer: SnapshotOffer, from peer: NodeID) throws -> UInt64 {
        try state.withLock { state in
            guard state.busyFor == 0 else {
                state.busyFor -= 1
                throw SnapshotStreamBusy()
            }
            if state.offer?.id != offer.id { state.content = [] }
            state.offer = offer
            state.resumedAt.append(UInt64(state.content.count))
            return UInt64(state.content.count)
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws {
        try state.withLock { state in
            state.writes += 1
            guard state.writes != state.failsAtWrite, offset == UInt64(state.content.count)
            else { throw Failed() }
            state.content += bytes
        }
        written.append(offset + UInt64(bytes.count))
    }

    func finish(_ offer: SnapshotOffer) throws {
        let meanwhile = state.withLock { state in
            defer { state.whileFinishing = nil }
            return state.whileFinishing
        }
        meanwhile?()
        try state.withLock { state in
            guard CRC32C.checksum(of: state.content) == offer.checksum else { throw Failed() }
        }
    }

    func interrupted() { interruptions.append(true) }

    func abort() {
        state.withLock { state in
            state.content = []
            state.isAborted = true
        }
    }
}
