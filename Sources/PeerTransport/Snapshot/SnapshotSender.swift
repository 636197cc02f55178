internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RaftCore

/// Sends one snapshot to one peer, over as many connections as it takes.
///
/// Unchecked, because everything mutable is touched on `loop` alone, which each entry checks.
/// Files are read on `files`, never on an event loop.
final class SnapshotSender: @unchecked Sendable {
    private let peer: NodeID
    private let address: PeerAddress
    private let source: any SnapshotStreamSource
    private let offer: SnapshotOffer
    private let loop: any EventLoop
    private let files: NIOThreadPool
    private let options: PeerTransportOptions
    private let environment: TransportEnvironment
    private var completion: ((SnapshotStreamEnd) -> Void)?
    private var connection: PeerConnection?
    private var progress: SnapshotProgress?
    private var failuresInARow = 0
    private var busyAnswers = 0
    private var isPeerBusy = false
    // Whether the peer has said that it has everything, over whichever connection.
    private var isThere = false
    private var nextDial: Scheduled<Void>?
    /// The rate limit: nothing is read before this moment.
    private var notBefore = NIODeadline.uptimeNanoseconds(0)

    init(
        peer: NodeID, address: PeerAddress, source: any SnapshotStreamSource,
        loop: any EventLoop, files: NIOThreadPool, options: PeerTransportOptions,
        environment: TransportEnvironment, completion: @escaping (SnapshotStreamEnd) -> Void
    ) {
        self.peer = peer
        self.address = address
        self.source = source
        self.offer = source.offer
        self.loop = loop
        self.files = files
        self.options = options
        self.environment = environment
        self.completion = completion
    }

    /// Begins; the completion comes exactly once, on the loop.
    func start() {
        loop.preconditionInEventLoop()
        guard offer.sizeBytes <= options.snapshotBytesMax else { return finish(.failed) }
        dial()
    }

    /// Gives up.
    func cancel() {
        loop.preconditionInEventLoop()
        finish(.failed)
    }

    private func dial() {
        Dialler(loop: loop, local: environment.local, options: options).dial(
            peer, at: address, purpose: .snapshot, tls: environment.tls,
            limitMilliseconds: options.handshakeMilliseconds, owner: self,
            made: { self.connection = $0 },
            failed: { _ in
                self.connection = nil
                self.failed()
            })
    }

    /// One connection came to nothing. Progress in between begins the count anew.
    private func failed() {
        progress = nil
        guard completion != nil else { return }
        // A peer that is busy with this very snapshot is waited for as long as it may take to look
        // a state through. What another one is in the way of ages meanwhile: better a new one.
        if isPeerBusy, isThere { busyAnswers += 1 } else { failuresInARow += 1 }
        isPeerBusy = false
        guard failuresInARow < options.snapshotAttemptsMax,
            busyAnswers < options.snapshotBusyAnswersMax
        else { return finish(.failed) }
        let pause = min(
            options.backoffMaxMilliseconds,
            options.backoffMinMilliseconds << Int64(min(failuresInARow + busyAnswers, 16)))
        nextDial = loop.assumeIsolated().scheduleTask(in: .milliseconds(pause)) { self.dial() }
    }

    private func finish(_ end: SnapshotStreamEnd) {
        guard let completion else { return }
        self.completion = nil
        nextDial?.cancel()
        let connection = self.connection
        self.connection = nil
        connection?.close(.closedHere)
        // Behind a read that may still be under way: the pool has one thread.
        files.submit { [source] _ in source.close() }
        completion(end)
    }

    /// Reads and sends the next chunk when window and rate allow it.
    private func advance() {
        guard let (offset, count) = progress?.takeRead(), let connection else { return }
        let wait = max(.nanoseconds(0), notBefore - .now())
        loop.assumeIsolated().scheduleTask(in: wait) {
            guard connection === self.connection else { return }
            self.files.runIfActive(eventLoop: self.loop) { [source = self.source] in
                try source.read(at: offset, count: count)
            }.assumeIsolated().whenComplete { result in
                guard connection === self.connection else { return }
                self.chunkRead(result, at: offset, count: count, for: connection)
            }
        }
    }

    private func chunkRead(
        _ result: Result<[UInt8], any Error>, at offset: UInt64, count: Int,
        for connection: PeerConnection
    ) {
        guard case .success(let bytes) = result, bytes.count == count else {
            environment.logger.error(
                "snapshot cannot be read",
                metadata: ["peer": "\(peer)", "snapshot": "\(offer.id)", "offset": "\(offset)"])
            return finish(.failed)
        }
        connection.send([SnapshotFrames.chunk(bytes, at: offset)])
        progress?.sent(count)
        environment.count(peer) { $0.snapshotBytesSent += UInt64(count) }
        if options.snapshotBytesPerSecond > 0 {
            let nanoseconds = Int64(
                UInt64(count) * 1_000_000_000 / options.snapshotBytesPerSecond)
            notBefore = max(notBefore, .now()) + .nanoseconds(nanoseconds)
        }
        advance()
    }
}

extension SnapshotSender: PeerConnectionOwner {
    func admits(_ facts: PeerFacts, on connection: PeerConnection) -> HelloRefusal? {
        environment.admits(facts) ? nil : .notAdmitted
    }

    func established(_ facts: PeerFacts, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        connection.send([SnapshotFrames.offer(offer)])
    }

    func received(_ frame: Frame, from facts: PeerFacts, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        do {
            switch frame.type {
            case .snapshotResume:
                try resume(at: SnapshotFrames.readOffset(frame.body), on: connection)
            case .snapshotAcknowledgement:
                let offset = try SnapshotFrames.readOffset(frame.body)
                guard progress?.acknowledge(offset) == true else {
                    return connection.close(.violation("acknowledgement of \(offset)"))
                }
                (failuresInARow, busyAnswers) = (0, 0)
                isThere = progress?.isComplete ?? false
                advance()
            case .snapshotDone:
                guard progress?.isComplete == true else {
                    return connection.close(.violation("done before the end"))
                }
                finish(.delivered)
            case .snapshotRefused:
                let reason = try SnapshotFrames.readRefusal(frame.body)
                environment.logger.warning(
                    "snapshot refused", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
                isPeerBusy = reason.isTransient
                if isPeerBusy { return connection.close(.closedByPeer) }
                finish(reason == .damaged ? .damaged : .failed)
            case .hello, .helloReply, .ping, .pong, .message, .snapshotOffer, .snapshotChunk:
                connection.close(.violation("\(frame.type) to a sender"))
            }
        } catch {
            connection.close(.violation("\(error)"))
        }
    }

    private func resume(at offset: UInt64, on connection: PeerConnection) {
        guard progress == nil,
            let progress = SnapshotProgress(
                sizeBytes: offer.sizeBytes, resumeAt: offset, options: options)
        else { return connection.close(.violation("resumption at \(offset)")) }
        self.progress = progress
        isThere = progress.isComplete
        advance()
    }

    func receivedAll(on connection: PeerConnection) {}

    func becameWritable(_ connection: PeerConnection) {}

    func ended(_ reason: ConnectionEnd, facts: PeerFacts?, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        guard connection === self.connection else { return }
        environment.log(end: reason, of: peer)
        self.connection = nil
        failed()
    }
}
