internal import Logging
internal import NIOCore
internal import RaftCore
internal import RaftWire
internal import Synchronization

/// This node's way to one peer: the connection that it dialled, and what waits for it.
///
/// Unchecked, because everything mutable but the outbox is touched on `loop` alone, which each
/// entry checks; the outbox has its mutex.
final class PeerLink: @unchecked Sendable {
    let peer: NodeID
    private let loop: any EventLoop
    private let dialler: Dialler
    private let options: PeerTransportOptions
    private let environment: TransportEnvironment
    private let outbox: Mutex<Outbox>
    private var machine: LinkMachine
    private var address: PeerAddress
    private var outgoing: PeerConnection?
    /// Counts dials, so that the answer to one that was given up is not taken for another's.
    private var attempt: UInt64 = 0
    private var pause: Scheduled<Void>?

    init(
        peer: NodeID, address: PeerAddress, loop: any EventLoop, options: PeerTransportOptions,
        environment: TransportEnvironment
    ) {
        self.peer = peer
        self.address = address
        self.loop = loop
        self.options = options
        self.environment = environment
        dialler = Dialler(loop: loop, local: environment.local, options: options)
        outbox = Mutex(
            Outbox(countMax: options.queuedMessagesMax, bytesMax: options.queuedBytesMax))
        machine = LinkMachine(options: options)
    }

    /// Takes a message from any thread. The first one in a turn wakes the event loop; those behind
    /// it go out with the same write.
    func send(_ message: PeerMessage) -> Bool {
        let verdict = outbox.withLock { $0.append(message) }
        if verdict.dropped > 0 || !verdict.isAccepted {
            let refused = verdict.isAccepted ? 0 : 1
            environment.count(peer) { $0.messagesDropped += UInt64(verdict.dropped + refused) }
        }
        if verdict.needsDrain { loop.execute { self.drain() } }
        return verdict.isAccepted
    }

    // MARK: On the loop

    func handle(_ event: LinkMachine.Event) {
        loop.preconditionInEventLoop()
        for action in machine.handle(event) { carryOut(action) }
    }

    /// Dials another address from the next time on.
    func move(to address: PeerAddress) {
        loop.preconditionInEventLoop()
        self.address = address
    }

    /// Ends the connection if the peer is no longer admitted.
    func recheckAdmission() {
        loop.preconditionInEventLoop()
        guard let outgoing, let facts = outgoing.facts, !environment.admits(facts) else { return }
        outgoing.close(.refusedPeer(.notAdmitted))
    }

    private func carryOut(_ action: LinkMachine.Action) {
        switch action {
        case .dial(let isVerification): dial(isVerification: isVerification)
        case .pause(let milliseconds): wait(milliseconds)
        case .cancelPause:
            pause?.cancel()
            pause = nil
        case .closeOutgoing:
            attempt += 1
            let old = outgoing
            outgoing = nil
            old?.close(.closedHere)
        case .probe: outgoing?.probe()
        case .openOutbox:
            outbox.withLock { $0.isOpen = true }
            drain()
        case .closeOutbox:
            let dropped = outbox.withLock { $0.close() }
            environment.count(peer) { $0.messagesDropped += UInt64(dropped) }
        case .reportConnected:
            environment.count(peer) { $0.connections += 1 }
            environment.delegate.connected(peer)
        case .reportLost(let loss):
            environment.count(peer) { $0.losses += 1 }
            environment.logger.info(
                "peer lost", metadata: ["peer": "\(peer)", "how": "\(loss)"])
            environment.delegate.connectionLost(peer, loss)
        }
    }

    private func dial(isVerification: Bool) {
        attempt += 1
        let attempt = attempt
        let limit =
            isVerification ? options.verificationMilliseconds : options.handshakeMilliseconds
        dialler.dial(
            peer, at: address, purpose: .messages, tls: environment.tls,
            limitMilliseconds: limit, owner: self,
            made: { if attempt == self.attempt { self.outgoing = $0 } },
            failed: { failure in
                // A dial that was overtaken by a stop says nothing any more.
                guard attempt == self.attempt else { return }
                self.outgoing = nil
                self.handle(.dialFailed(failure))
            })
    }

    private func wait(_ milliseconds: Int64) {
        pause = loop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
            self.pause = nil
            self.handle(.pauseOver)
        }
    }

    /// Writes what waits, as long as the connection takes it.
    private func drain() {
        guard let outgoing, case .up = machine.state else { return }
        while outgoing.isWritable {
            let messages = outbox.withLock { $0.take(bytesWanted: options.writeBytesMax) }
            guard !messages.isEmpty else { return }
            var buffer = ByteBuffer()
            for message in messages { write(message, into: &buffer) }
            environment.count(peer) {
                $0.messagesSent += UInt64(messages.count)
                $0.bytesSent += UInt64(buffer.readableBytes)
            }
            outgoing.send(buffer)
        }
    }

    private func write(_ message: PeerMessage, into buffer: inout ByteBuffer) {
        let body = message.encoded()
        guard body.count <= options.frameBytesMax else {
            environment.count(peer) { $0.messagesDropped += 1 }
            environment.logger.error(
                "message too large", metadata: ["peer": "\(peer)", "bytes": "\(body.count)"])
            return
        }
        Frame(.message, body).write(into: &buffer)
    }
}

extension PeerLink: PeerConnectionOwner {
    func admits(_ facts: PeerFacts, on connection: PeerConnection) -> HelloRefusal? {
        environment.admits(facts) ? nil : .notAdmitted
    }

    func established(_ facts: PeerFacts, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        guard connection === outgoing else { return connection.close(.closedHere) }
        handle(.dialled(run: facts.run))
    }

    func received(_ frame: Frame, from facts: PeerFacts, on connection: PeerConnection) {
        preconditionFailure("\(frame.type) on a connection that only sends")
    }

    func receivedAll(on connection: PeerConnection) {
        preconditionFailure("frames on a connection that only sends")
    }

    func becameWritable(_ connection: PeerConnection) {
        loop.preconditionInEventLoop()
        if connection === outgoing { drain() }
    }

    func ended(_ reason: ConnectionEnd, facts: PeerFacts?, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        guard connection === outgoing else { return }
        outgoing = nil
        environment.log(end: reason, of: peer)
        if facts == nil {
            handle(.dialFailed(reason.asDialFailure))
        } else {
            handle(.outgoingEnded(isSilence: reason.isSilence))
        }
    }
}

extension ConnectionEnd {
    /// What the end of a dialled connection that was never established says.
    var asDialFailure: LinkMachine.DialFailure {
        switch self {
        case .closedByPeer: .refused
        case .silent: .timedOut
        case .untrusted, .refusedPeer, .refusedByPeer, .violation, .closedHere: .rejected
        }
    }

    /// Whether an established connection fell silent, rather than being ended by somebody.
    var isSilence: Bool {
        switch self {
        case .silent: true
        case .closedByPeer, .untrusted, .refusedPeer, .refusedByPeer, .violation, .closedHere:
            false
        }
    }
}
