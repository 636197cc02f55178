internal import Budgets
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import RaftCore
internal import RaftWire

/// Takes connections from peers, and gives what comes over them to the delegate.
///
/// Unchecked, because everything mutable is touched on `loop` alone, which each entry checks.
final class Acceptor: @unchecked Sendable {
    /// Told on the loop what the connections say about their peers.
    struct Observer {
        var established: (PeerFacts) -> Void
        var ended: (PeerFacts, ConnectionEnd) -> Void
    }

    private let loop: any EventLoop
    private let options: PeerTransportOptions
    private let environment: TransportEnvironment
    private let observer: Observer
    private let snapshots: SnapshotReceiver
    private var listener: (any Channel)?
    private var isStopping = false
    /// Whether the delegate is about to be told that all was received.
    private var isDeliveryEnding = false
    /// Connections whose peer is not known yet, with the address that they came from.
    private var pending: [ObjectIdentifier: String] = [:]
    private var established: [NodeID: [PeerConnection]] = [:]

    init(
        loop: any EventLoop, options: PeerTransportOptions, environment: TransportEnvironment,
        snapshots: SnapshotReceiver, observer: Observer
    ) {
        self.loop = loop
        self.options = options
        self.environment = environment
        self.snapshots = snapshots
        self.observer = observer
    }

    /// Listens, and says where.
    func listen(on address: PeerAddress) -> EventLoopFuture<PeerAddress> {
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
            .bind(host: address.host, port: address.port)
            .assumeIsolated()
            .map { channel in
                self.listener = channel
                return PeerAddress(host: address.host, port: channel.localAddress?.port ?? 0)
            }
            .nonisolated()
    }

    /// Stops listening and ends every connection.
    func stop() {
        loop.preconditionInEventLoop()
        isStopping = true
        listener?.close(promise: nil)
        listener = nil
        for node in established.keys.sorted() {
            for connection in established[node] ?? [] { connection.close(.closedHere) }
        }
    }

    /// Ends the connections of nodes that are no longer admitted.
    func recheckAdmission() {
        loop.preconditionInEventLoop()
        for node in established.keys.sorted() {
            for connection in established[node] ?? [] {
                guard let facts = connection.facts, !environment.admits(facts) else { continue }
                connection.close(.refusedPeer(.notAdmitted))
            }
        }
    }

    private func accept(_ channel: any Channel) throws {
        loop.preconditionInEventLoop()
        let address = channel.remoteAddress?.ipAddress ?? "unknown"
        let fromThere = pending.values.count(where: { $0 == address })
        guard !isStopping, pending.count < options.pendingConnectionsMax,
            fromThere < options.pendingConnectionsPerAddressMax
        else {
            environment.logger.warning(
                "too many unknown peers", metadata: ["address": "\(address)"])
            throw ChannelError.operationUnsupported
        }
        let connection = PeerConnection(
            role: .acceptor, local: environment.local, options: options,
            handshakeMilliseconds: options.handshakeMilliseconds, owner: self)
        pending[ObjectIdentifier(connection)] = address
        do {
            try channel.pipeline.syncOperations.addHandlers([
                NIOSSLServerHandler(context: environment.tls.server), connection,
            ])
        } catch {
            // Gone already, and without a handler that would have noticed.
            pending[ObjectIdentifier(connection)] = nil
            throw error
        }
    }
}

extension Acceptor: PeerConnectionOwner {
    func admits(_ facts: PeerFacts, on connection: PeerConnection) -> HelloRefusal? {
        loop.preconditionInEventLoop()
        guard !isStopping else { return .stopping }
        guard environment.admits(facts) else { return .notAdmitted }
        let others = established[facts.node]?.count ?? 0
        return others < options.connectionsPerPeerMax ? nil : .tooManyConnections
    }

    func established(_ facts: PeerFacts, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        pending[ObjectIdentifier(connection)] = nil
        let replaced = (established[facts.node] ?? []).filter {
            $0.facts?.purpose == facts.purpose
        }
        established[facts.node, default: []].append(connection)
        // The newest one is the one that the peer uses now.
        for old in replaced { old.close(.closedHere) }
        if facts.purpose == .messages { observer.established(facts) }
    }

    func received(_ frame: Frame, from facts: PeerFacts, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        guard facts.purpose == .messages else {
            return snapshots.received(frame, from: facts, on: connection)
        }
        do {
            let message = try PeerMessage(decoding: frame.body)
            environment.count(facts.node) {
                $0.messagesReceived += 1
                $0.bytesReceived += UInt64(frame.body.count + Frame.headerBytes)
            }
            guard message.mayComeFrom(facts.node, to: environment.local.node) else {
                return connection.close(.violation("a message in another node's name"))
            }
            environment.delegate.received(message, from: facts.node)
        } catch {
            connection.close(.violation("message: \(error)"))
        }
    }

    func receivedAll(on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        guard connection.facts?.purpose == .messages, !isDeliveryEnding else { return }
        isDeliveryEnding = true
        // When the other connections that are readable now have been read too.
        loop.assumeIsolated().execute {
            self.isDeliveryEnding = false
            self.environment.delegate.receivedAll()
        }
    }

    func becameWritable(_ connection: PeerConnection) {}

    func ended(_ reason: ConnectionEnd, facts: PeerFacts?, on connection: PeerConnection) {
        loop.preconditionInEventLoop()
        pending[ObjectIdentifier(connection)] = nil
        environment.log(end: reason, of: facts?.node)
        guard let facts else { return }
        established[facts.node]?.removeAll { $0 === connection }
        switch facts.purpose {
        case .snapshot: snapshots.ended(connection)
        case .messages: if reason != .closedHere { observer.ended(facts, reason) }
        }
    }
}

extension PeerMessage {
    /// Whether a message that came over `peer`'s connection speaks in its name and to this node.
    func mayComeFrom(_ peer: NodeID, to local: NodeID) -> Bool {
        switch self {
        case .raft(let message): message.from == peer && message.to == local
        case .propose, .proposalReplies, .readIndex, .readIndexReply, .leaseAsk, .leaseGrant,
            .released, .stateWanted, .budgetClaims, .budgetGrants, .budgetLevels:
            true
        }
    }

    /// About what the message takes when encoded, without encoding it.
    var approximateBytes: Int {
        switch self {
        case .raft(let message):
            if case .append(_, let entries, _) = message.body {
                entries.reduce(128) { $0 + $1.sizeBytes }
            } else {
                128
            }
        case .propose(let proposals):
            proposals.reduce(64) { $0 + $1.command.count + 64 }
        case .proposalReplies(let replies): 64 + replies.count * 64
        case .readIndex, .readIndexReply, .leaseAsk, .leaseGrant, .released, .stateWanted:
            64
        case .budgetClaims(let claims): 64 + claims.claims.count * 64
        case .budgetGrants(let answer): 64 + answer.grants.count * 64
        case .budgetLevels(let levels): 64 + levels.count * 64
        }
    }
}
