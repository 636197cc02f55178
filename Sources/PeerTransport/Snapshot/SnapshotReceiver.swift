internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RaftCore

/// Takes in snapshots, one stream at a time, and writes them through the sink.
///
/// Unchecked, because everything mutable is touched on `loop` alone, which each entry checks.
/// The sink is called on `files`, never on an event loop, and one call at a time.
final class SnapshotReceiver: @unchecked Sendable {
    /// The stream under way.
    private struct Stream {
        let offer: SnapshotOffer
        let facts: PeerFacts
        let connection: PeerConnection
        /// The offset of the next chunk to arrive; nil until the sink said where to go on.
        var expected: UInt64?
        /// The sink has everything before it.
        var written: UInt64 = 0
        var waiting = CircularBuffer<[UInt8]>()
        var isWriting = false
    }

    private let loop: any EventLoop
    private let files: NIOThreadPool
    private let options: PeerTransportOptions
    private let environment: TransportEnvironment
    private let sink: any SnapshotStreamSink
    private var stream: Stream?

    init(
        loop: any EventLoop, files: NIOThreadPool, options: PeerTransportOptions,
        environment: TransportEnvironment, sink: any SnapshotStreamSink
    ) {
        self.loop = loop
        self.files = files
        self.options = options
        self.environment = environment
        self.sink = sink
    }

    /// A frame of a snapshot connection.
    func received(_ frame: Frame, from facts: PeerFacts, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        do {
            switch frame.type {
            case .snapshotOffer:
                offered(try SnapshotFrames.readOffer(frame.body), from: facts, on: connection)
            case .snapshotChunk:
                let (offset, bytes) = try SnapshotFrames.readChunk(frame.body)
                try chunk(bytes, at: offset, on: connection)
            case .hello, .helloReply, .ping, .pong, .message, .snapshotResume,
                .snapshotAcknowledgement, .snapshotDone, .snapshotRefused:
                connection.close(.violation("\(frame.type) to a receiver"))
            }
        } catch let refusal as SnapshotRefusal {
            refuse(refusal, on: connection)
        } catch {
            connection.close(.violation("\(error)"))
        }
    }

    /// A snapshot connection ended. What was written stays, so that the next one can go on.
    func ended(_ connection: PeerConnection) {
        loop.preconditionInEventLoop()
        guard stream?.connection === connection else { return }
        stream = nil
        // Behind everything that was asked of the sink for this stream.
        files.submit { [sink] _ in sink.interrupted() }
    }

    private func offered(
        _ offer: SnapshotOffer, from facts: PeerFacts, on connection: PeerConnection
    ) {
        guard offer.sizeBytes <= options.snapshotBytesMax else {
            return refuse(.tooLarge, on: connection)
        }
        // A peer's new stream has already ended its old one; another peer has to wait.
        guard stream == nil else { return refuse(.busy, on: connection) }
        // Also when it was finished before, and its sender did not hear of that: the sink knows
        // whether it is still here.
        stream = Stream(offer: offer, facts: facts, connection: connection)
        onFiles(for: connection) { [sink] in
            try sink.offered(offer, from: facts.node)
        } then: { [self] offset in
            guard offset <= offer.sizeBytes else { return refuse(.failed, on: connection) }
            stream?.expected = offset
            stream?.written = offset
            connection.send([SnapshotFrames.offset(.snapshotResume, offset)])
            advance(on: connection)
        }
    }

    private func chunk(
        _ bytes: [UInt8], at offset: UInt64, on connection: PeerConnection
    ) throws {
        guard var stream, stream.connection === connection, let expected = stream.expected,
            offset == expected, !bytes.isEmpty,
            UInt64(bytes.count) <= stream.offer.sizeBytes - expected,
            stream.waiting.count <= options.snapshotWindowChunks
        else { throw SnapshotRefusal.damaged }
        stream.expected = expected + UInt64(bytes.count)
        stream.waiting.append(bytes)
        environment.count(stream.facts.node) { $0.snapshotBytesReceived += UInt64(bytes.count) }
        self.stream = stream
        advance(on: connection)
    }

    /// Writes what waits, or finishes when everything is written.
    private func advance(on connection: PeerConnection) {
        guard let current = stream, current.connection === connection, !current.isWriting,
            current.expected != nil
        else { return }
        if current.written == current.offer.sizeBytes { return complete(current) }
        guard let bytes = current.waiting.first else { return }
        stream?.waiting.removeFirst()
        stream?.isWriting = true
        let offset = current.written
        onFiles(for: connection) { [sink] in
            try sink.write(bytes, at: offset)
        } then: { [self] in
            stream?.isWriting = false
            stream?.written = offset + UInt64(bytes.count)
            connection.send([
                SnapshotFrames.offset(
                    .snapshotAcknowledgement, offset + UInt64(bytes.count))
            ])
            advance(on: connection)
        }
    }

    /// The end is told to the delegate even when the connection is gone by then: the sender will
    /// come again, and is told then.
    private func complete(_ current: Stream) {
        stream?.isWriting = true
        let offer = current.offer
        files.runIfActive(eventLoop: loop) { [sink] in try sink.finish(offer) }
            .assumeIsolated()
            .whenComplete { [self] result in
                switch result {
                case .success:
                    if stream?.connection === current.connection { stream = nil }
                    current.connection.send([Frame(.snapshotDone)])
                    environment.delegate.snapshotReceived(current.offer, from: current.facts.node)
                case .failure(let error):
                    environment.logger.error("snapshot damaged", metadata: ["error": "\(error)"])
                    refuse(.damaged, on: current.connection)
                }
            }
    }

    /// Runs `work` on the file thread, and `then` on the loop unless the stream ended meanwhile.
    private func onFiles<Value: Sendable>(
        for connection: PeerConnection, _ work: @escaping @Sendable () throws -> Value,
        then: @escaping (Value) -> Void
    ) {
        files.runIfActive(eventLoop: loop, work).assumeIsolated().whenComplete { [self] result in
            guard stream?.connection === connection else { return }
            switch result {
            case .success(let value): then(value)
            case .failure(let error):
                environment.logger.error(
                    "snapshot cannot be taken in", metadata: ["error": "\(error)"])
                refuse(error is SnapshotStreamBusy ? .busy : .failed, on: connection)
            }
        }
    }

    private func refuse(_ reason: SnapshotRefusal, on connection: PeerConnection) {
        if stream?.connection === connection {
            stream = nil
            // A sink that is busy has begun nothing, and keeps what it has.
            if reason != .busy { files.submit { [sink] _ in sink.abort() } }
        }
        connection.send([SnapshotFrames.refused(reason)])
        // The sender ends the connection when it has read this; silence ends it otherwise.
    }
}
