internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import RaftCore

/// What the owner of a connection is told, always on the connection's event loop.
protocol PeerConnectionOwner: AnyObject {
    /// Whether this peer may speak to this node now; asked once, before `established`.
    func admits(_ facts: PeerFacts, on connection: PeerConnection) -> HelloRefusal?
    func established(_ facts: PeerFacts, on connection: PeerConnection)
    func received(_ frame: Frame, from facts: PeerFacts, on connection: PeerConnection)
    /// Behind one or more `received`: that is all for now.
    func receivedAll(on connection: PeerConnection)
    /// The connection can take more again.
    func becameWritable(_ connection: PeerConnection)
    /// Called exactly once, and last.
    func ended(_ reason: ConnectionEnd, facts: PeerFacts?, on connection: PeerConnection)
}

/// The shell around `ConnectionMachine`: the last handler behind TLS. Used on one event loop.
final class PeerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var machine: ConnectionMachine
    private var decoder: FrameDecoder
    private let options: PeerTransportOptions
    private let handshakeMilliseconds: Int64
    private var owner: (any PeerConnectionOwner)?
    private var context: ChannelHandlerContext?
    private var handshakeDeadline: Scheduled<Void>?
    private var nextPing: Scheduled<Void>?
    private var unansweredPings = 0
    /// Whether frames were delivered since the last `receivedAll`.
    private var hasDelivered = false
    /// Bytes received and sent, with their frames' headers.
    private(set) var traffic = (received: UInt64(0), sent: UInt64(0))

    /// What was agreed in the handshake; kept when the connection has ended.
    private(set) var facts: PeerFacts?

    /// Whether bytes written now would go out soon.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    init(
        role: ConnectionMachine.Role, local: LocalNode, options: PeerTransportOptions,
        handshakeMilliseconds: Int64, owner: any PeerConnectionOwner
    ) {
        machine = ConnectionMachine(role: role, local: local)
        decoder = FrameDecoder(bodyBytesMax: ConnectionMachine.helloBytesMax)
        self.options = options
        self.handshakeMilliseconds = handshakeMilliseconds
        self.owner = owner
    }

    /// Writes frames at once, in one piece.
    func send(_ frames: [Frame]) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(
            capacity: frames.reduce(0) { $0 + $1.body.count + Frame.headerBytes })
        for frame in frames { frame.write(into: &buffer) }
        send(buffer)
    }

    /// Writes frames that are already encoded.
    func send(_ encoded: ByteBuffer) {
        guard let context, encoded.readableBytes > 0 else { return }
        traffic.sent += UInt64(encoded.readableBytes)
        context.writeAndFlush(wrapOutboundOut(encoded), promise: nil)
    }

    /// Asks for a sign of life out of turn, which also makes a dead connection show itself.
    func probe() {
        if case .established = machine.state { send([Frame(.ping)]) }
    }

    /// Ends the connection; the owner is told before this returns.
    func close(_ reason: ConnectionEnd) { carryOut(machine.end(reason)) }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Armed before the first byte, and only ever replaced by the pings of an established
        // connection (CVE-2026-73500 in etcd: handshakes without a limit).
        handshakeDeadline = context.eventLoop.assumeIsolated().scheduleTask(
            in: .milliseconds(handshakeMilliseconds)
        ) { [weak self] in self?.close(.silent) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        carryOut(machine.end(.closedByPeer))
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? TLSUserEvent, case .handshakeCompleted = event else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        do {
            let tls = try context.pipeline.syncOperations.handler(type: NIOSSLHandler.self)
            guard let certificate = tls.peerCertificate else {
                close(.untrusted("no certificate"))
                return
            }
            carryOut(machine.secured(try PeerName(certificate: certificate)))
        } catch {
            close(.untrusted("\(error)"))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        traffic.received += UInt64(bytes.readableBytes)
        decoder.append(bytes)
        do {
            while machine.state != .ended, let frame = try decoder.next() {
                unansweredPings = 0
                carryOut(machine.received(frame) { owner?.admits($0, on: self) ?? nil })
            }
        } catch {
            close(.violation("\(error)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        endDelivery()
        context.fireChannelReadComplete()
    }

    private func endDelivery() {
        guard hasDelivered else { return }
        hasDelivered = false
        owner?.receivedAll(on: self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        carryOut(machine.end(.closedByPeer))
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .established = machine.state {
            owner?.becameWritable(self)
        }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOSSLError.uncleanShutdown:
            close(.closedByPeer)
        case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
            close(.closedByPeer)
        case is NIOSSLError, is BoringSSLError:
            close(.untrusted("\(error)"))
        default:
            close(.closedByPeer)
        }
    }

    // MARK: Actions

    private func carryOut(_ actions: [ConnectionMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let frame):
                send([frame])
            case .establish(let facts):
                self.facts = facts
                decoder.bodyBytesMax = options.frameBytesMax
                beginPings()
                owner?.established(facts, on: self)
            case .deliver(let frame):
                if let facts {
                    hasDelivered = true
                    owner?.received(frame, from: facts, on: self)
                }
            case .end(let reason):
                finish(reason)
            }
        }
    }

    /// From here on silence is what the pings find.
    private func beginPings() {
        handshakeDeadline?.cancel()
        schedulePing()
    }

    private func schedulePing() {
        nextPing = context?.eventLoop.assumeIsolated().scheduleTask(
            in: .milliseconds(options.pingMilliseconds)
        ) { [weak self] in self?.ping() }
    }

    /// Counted in pings and not in time: after a pause of this process each connection has
    /// missed one, however long the pause was.
    private func ping() {
        guard unansweredPings < options.unansweredPingsMax else { return close(.silent) }
        unansweredPings += 1
        if case .dialler = machine.role { send([Frame(.ping)]) }
        schedulePing()
    }

    private func finish(_ reason: ConnectionEnd) {
        handshakeDeadline?.cancel()
        nextPing?.cancel()
        endDelivery()
        let owner = self.owner
        self.owner = nil
        owner?.ended(reason, facts: facts, on: self)
        context?.close(promise: nil)
    }
}
