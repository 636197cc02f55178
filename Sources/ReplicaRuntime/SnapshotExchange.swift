internal import AuthCore
internal import Dispatch
internal import Logging
internal import PeerTransport
internal import RaftCore
internal import Replica
internal import StateStore
internal import Synchronization

/// Sends copies of the state to peers that are too far behind for the log, and takes theirs in.
///
/// The copies go past the replica, which hears of their beginning and end. Exports are made on a
/// thread of their own; chunks are read and written on the transport's file thread.
final class SnapshotExchange: Sendable {
    private let store: any StateStore
    private let report: @Sendable (ReplicaInput) -> Void
    private let logger: Logger
    private let exports = DispatchQueue(label: "watchword-export", qos: .utility)
    private let transport = Mutex<PeerTransport?>(nil)
    private let receiving = Mutex<(any SnapshotSink)?>(nil)
    private let received = Mutex<SnapshotManifest?>(nil)
    /// To whom one is made or sent now.
    private let sending = Mutex<Set<NodeID>>([])
    private let scrubber: StateScrubber

    init(
        store: any StateStore, scrubber: StateScrubber,
        report: @escaping @Sendable (ReplicaInput) -> Void, logger: Logger
    ) {
        self.store = store
        self.scrubber = scrubber
        self.report = report
        self.logger = logger
    }

    /// Says over what snapshots are sent. Called once, before the first turn.
    func use(_ transport: PeerTransport) { self.transport.withLock { $0 = transport } }

    /// Makes a copy and streams it to a peer; `snapshotSent` is reported when it is there or
    /// could not be brought there. While one is under way to that peer no other is made: what
    /// becomes of the first is the answer to both.
    func send(to peer: NodeID) {
        guard sending.withLock({ $0.insert(peer).inserted }) else { return }
        exports.async { [self] in
            let source: any SnapshotSource
            do { source = try store.exportSnapshot() } catch {
                logger.error("no snapshot could be made", metadata: ["error": "\(error)"])
                let metadata = SnapshotMetadata(
                    last: .zero, configuration: ConfState(voters: []))
                return ended(peer, metadata, succeeded: false)
            }
            let metadata = source.manifest.metadata
            logger.info(
                "sending a snapshot",
                metadata: [
                    "peer": "\(peer)", "index": "\(metadata.last.index.rawValue)",
                    "bytes": "\(source.manifest.sizeBytes)",
                ])
            guard let transport = transport.withLock({ $0 }) else {
                source.close()
                return ended(peer, metadata, succeeded: false)
            }
            transport.sendSnapshot(OutgoingSnapshot(source), to: peer) { [self] end in
                // The copy was whole when it was made. If it is not what was offered, look what it
                // came from.
                if end == .damaged { scrubber.begin() }
                ended(peer, metadata, succeeded: end == .delivered)
            }
        }
    }

    private func ended(_ peer: NodeID, _ metadata: SnapshotMetadata, succeeded: Bool) {
        _ = sending.withLock { $0.remove(peer) }
        report(.snapshotSent(to: peer, metadata, succeeded: succeeded))
    }

    /// Puts a snapshot that is here, whole and verified, in the place of the state; nil when there
    /// is none. Whatever becomes of it, another one may come afterwards.
    func install(_ metadata: SnapshotMetadata) throws -> StateMeta? {
        let found = received.withLock { $0?.metadata == metadata ? $0 : nil }
        guard let manifest = found else { return nil }
        defer { discard(metadata) }
        let index: Logger.MetadataValue = "\(metadata.last.index.rawValue)"
        do {
            let meta = try store.install(manifest)
            logger.info("the state was replaced by a snapshot", metadata: ["index": index])
            return meta
        } catch {
            logger.warning(
                "a snapshot could not be put in the place of the state",
                metadata: ["index": index, "error": "\(error)"])
            throw error
        }
    }

    /// Forgets a snapshot that came in and was installed, or is of no use. Its file is replaced by
    /// the next one.
    func discard(_ metadata: SnapshotMetadata) {
        received.withLock { if $0?.metadata == metadata { $0 = nil } }
    }
}

extension SnapshotExchange: SnapshotStreamSink {
    func offered(_ offer: SnapshotOffer, from peer: NodeID) throws -> UInt64 {
        let manifest = SnapshotManifest(offer: offer)
        // What is here whole, and waits for the replica's word, is not replaced before that.
        guard received.withLock({ $0 == nil || $0 == manifest }) else {
            throw SnapshotStreamBusy()
        }
        let sink: any SnapshotSink
        do {
            sink = try store.receiveSnapshot(manifest)
        } catch let error as StateStoreError where error.code == .busy {
            throw SnapshotStreamBusy()
        } catch let error as StateStoreError where error.code == .stale {
            // This node is further than its leader's state. It must hear of the offer all the
            // same, to say how far it is: otherwise the leader offers it again for ever.
            report(.snapshotReceived(offer.metadata, from: peer))
            throw error
        }
        receiving.withLock { $0 = sink }
        report(.receivingSnapshot(true))
        logger.info(
            "receiving a snapshot",
            metadata: [
                "peer": "\(peer)", "index": "\(offer.metadata.last.index.rawValue)",
                "bytes": "\(offer.sizeBytes)", "from": "\(sink.receivedBytes)",
            ])
        return sink.receivedBytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws {
        try currentSink().write(offset: offset, bytes)
    }

    func finish(_ offer: SnapshotOffer) throws {
        try currentSink().finish()
        let manifest = SnapshotManifest(offer: offer)
        received.withLock { $0 = manifest }
        logger.info(
            "a snapshot is here", metadata: ["index": "\(offer.metadata.last.index.rawValue)"])
        end()
    }

    func abort() { end() }

    func interrupted() { end() }

    private func end() {
        let wasReceiving = receiving.withLock { sink in
            defer { sink = nil }
            return sink != nil
        }
        if wasReceiving { report(.receivingSnapshot(false)) }
    }

    private func currentSink() throws -> any SnapshotSink {
        guard let sink = receiving.withLock({ $0 }) else {
            throw StateStoreError(.notReceived, "no snapshot is being received")
        }
        return sink
    }
}

/// A copy of the state as the transport reads it.
private final class OutgoingSnapshot: SnapshotStreamSource {
    private let source: any SnapshotSource
    let offer: SnapshotOffer

    init(_ source: any SnapshotSource) {
        self.source = source
        let manifest = source.manifest
        // Equal states have equal bytes, so the hash of the state names the snapshot, and a
        // stream that was cut can go on with another copy.
        offer = SnapshotOffer(
            id: SnapshotID(high: manifest.stateHash.high, low: manifest.stateHash.low),
            metadata: manifest.metadata, sizeBytes: manifest.sizeBytes,
            checksum: manifest.checksum)
    }

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        try source.read(offset: offset, count: count)
    }

    func close() { source.close() }
}

extension SnapshotManifest {
    /// What an offer says, of the one kind that real nodes exchange.
    fileprivate init(offer: SnapshotOffer) {
        self.init(
            kind: .disk, last: offer.metadata.last, configuration: offer.metadata.configuration,
            stateHash: StateHash(low: offer.id.low, high: offer.id.high),
            sizeBytes: offer.sizeBytes, checksum: offer.checksum)
    }
}
