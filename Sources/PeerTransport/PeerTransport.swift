public import Logging
internal import NIOCore
internal import NIOPosix
public import RaftCore
public import RaftWire
internal import Synchronization

/// The connections between this node and its peers: mutual TLS 1.3 under the cluster's own
/// authority, bounded frames, one connection in each direction, and snapshots past them.
///
/// `send` may be called from any thread and never blocks; every other method from any thread but
/// the transport's own event loops. A message that is sent may be lost, as Raft expects of a
/// network.
public final class PeerTransport: Sendable {
    private struct Running {
        let environment: TransportEnvironment
        let acceptor: Acceptor
        var links: [NodeID: PeerLink]
        var senders: [NodeID: SnapshotSender] = [:]
    }

    private let options: PeerTransportOptions
    private let local: LocalNode
    private let logger: Logger
    /// The first loop carries messages, the second snapshots that are sent.
    private let group: MultiThreadedEventLoopGroup
    private let messageLoop: any EventLoop
    private let snapshotLoop: any EventLoop
    private let files: NIOThreadPool
    private let addresses: Mutex<[NodeID: PeerAddress]>
    private let running = Mutex<Running?>(nil)

    /// Prepares, and does nothing yet.
    ///
    /// - Parameter peers: where the others listen; this node may be among them and is left out.
    public init(
        local: LocalNode, peers: [NodeID: PeerAddress],
        options: PeerTransportOptions = PeerTransportOptions(), logger: Logger
    ) {
        self.local = local
        self.options = options
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        messageLoop = group.next()
        snapshotLoop = group.next()
        files = NIOThreadPool(numberOfThreads: 1)
        addresses = Mutex(peers.filter { $0.key != local.node })
    }

    /// Listens, and begins to dial every peer.
    ///
    /// - Parameter admits: whether a node, in this incarnation, belongs to the cluster by the
    ///   committed configuration. Asked on an event loop at each hello, and again by
    ///   `recheckAdmission`.
    /// - Returns: where it listens, with the port that was chosen if 0 was asked for.
    /// - Throws: `PeerCredentialsError`, or why the address cannot be listened on.
    /// - Precondition: called once.
    public func start(
        listen address: PeerAddress, credentials: PeerCredentials,
        delegate: any PeerTransportDelegate, snapshots sink: any SnapshotStreamSink,
        admits: @escaping @Sendable (NodeID, Incarnation) -> Bool
    ) throws -> PeerAddress {
        let environment = TransportEnvironment(
            local: local, delegate: delegate, logger: logger,
            tls: try PeerTLS(credentials, local: local), admits: admits)
        files.start()
        let receiver = SnapshotReceiver(
            loop: messageLoop, files: files, options: options, environment: environment,
            sink: sink)
        let acceptor = Acceptor(
            loop: messageLoop, options: options, environment: environment, snapshots: receiver,
            observer: Acceptor.Observer(
                established: { [weak self] in
                    self?.link(to: $0.node)?.handle(.incomingEstablished(run: $0.run))
                },
                ended: { [weak self] facts, reason in
                    self?.link(to: facts.node)?.handle(
                        .incomingEnded(isSilence: reason.isSilence))
                }))
        let links = addresses.withLock { $0 }.reduce(into: [NodeID: PeerLink]()) {
            $0[$1.key] = makeLink(to: $1.key, at: $1.value, environment: environment)
        }
        running.withLock {
            precondition($0 == nil, "started twice")
            $0 = Running(environment: environment, acceptor: acceptor, links: links)
        }
        let bound = try messageLoop.flatSubmit { acceptor.listen(on: address) }.wait()
        messageLoop.execute { for link in links.values { link.handle(.start) } }
        return bound
    }

    /// Hands a message to the connection to a peer.
    ///
    /// - Returns: false when it was refused at once: the peer is unknown or not there, or too much
    ///   waits for it that cannot be thrown away.
    @discardableResult
    public func send(_ message: PeerMessage, to peer: NodeID) -> Bool {
        link(to: peer)?.send(message) ?? false
    }

    /// Streams a snapshot to a peer, over a connection of its own that is renewed when it breaks.
    ///
    /// - Parameter completion: called once, on an event loop, with what became of it. It has failed
    ///   at once when the peer is unknown or another stream to it is under way.
    public func sendSnapshot(
        _ source: any SnapshotStreamSource, to peer: NodeID,
        completion: @escaping @Sendable (SnapshotStreamEnd) -> Void
    ) {
        snapshotLoop.execute {
            guard let sender = self.makeSender(source, to: peer, completion: completion) else {
                self.files.submit { _ in source.close() }
                return completion(.failed)
            }
            sender.start()
        }
    }

    /// Knows these peers from now on: dials new ones, follows moved ones, and leaves the rest.
    public func updatePeers(_ peers: [NodeID: PeerAddress]) {
        let wanted = peers.filter { $0.key != local.node }
        addresses.withLock { $0 = wanted }
        messageLoop.execute { self.adjustLinks(to: wanted) }
    }

    /// Asks `admits` again about everybody who is connected, and ends the connections of those
    /// who no longer belong here.
    public func recheckAdmission() {
        messageLoop.execute {
            guard let running = self.running.withLock({ $0 }) else { return }
            running.acceptor.recheckAdmission()
            for link in running.links.values { link.recheckAdmission() }
        }
    }

    /// Uses other certificates from the next connection on; those that stand are kept.
    ///
    /// - Throws: `PeerCredentialsError`; the old ones then stay in use.
    public func reload(_ credentials: PeerCredentials) throws {
        let tls = try PeerTLS(credentials, local: local)
        running.withLock { $0?.environment.tls = tls }
    }

    /// What was counted since the start.
    public var statistics: [NodeID: PeerStatistics] {
        running.withLock { $0?.environment.statisticsNow } ?? [:]
    }

    /// Ends all connections and threads; blocks until they are gone. The delegate is not told of
    /// losses that this causes.
    ///
    /// - Throws: what the event loops report.
    public func stop() throws {
        if let running = running.withLock({ $0 }) {
            try messageLoop.submit {
                for link in running.links.values { link.handle(.stop) }
                running.acceptor.stop()
            }.wait()
            try snapshotLoop.submit {
                let senders = self.running.withLock { $0?.senders.values.map { $0 } ?? [] }
                for sender in senders { sender.cancel() }
            }.wait()
        }
        try group.syncShutdownGracefully()
        try files.syncShutdownGracefully()
        running.withLock { $0 = nil }
    }

    // MARK: Helpers

    private func link(to peer: NodeID) -> PeerLink? { running.withLock { $0?.links[peer] } }

    private func makeLink(
        to peer: NodeID, at address: PeerAddress, environment: TransportEnvironment
    ) -> PeerLink {
        PeerLink(
            peer: peer, address: address, loop: messageLoop, options: options,
            environment: environment)
    }

    private func adjustLinks(to wanted: [NodeID: PeerAddress]) {
        guard let now = running.withLock({ $0 }) else { return }
        for (peer, link) in now.links {
            if let address = wanted[peer] {
                link.move(to: address)
            } else {
                link.handle(.stop)
                running.withLock { $0?.links[peer] = nil }
            }
        }
        for (peer, address) in wanted where now.links[peer] == nil {
            let link = makeLink(to: peer, at: address, environment: now.environment)
            running.withLock { $0?.links[peer] = link }
            link.handle(.start)
        }
    }

    private func makeSender(
        _ source: any SnapshotStreamSource, to peer: NodeID,
        completion: @escaping @Sendable (SnapshotStreamEnd) -> Void
    ) -> SnapshotSender? {
        guard let address = addresses.withLock({ $0[peer] }) else { return nil }
        return running.withLock { running in
            guard let environment = running?.environment, running?.senders[peer] == nil else {
                return nil
            }
            let sender = SnapshotSender(
                peer: peer, address: address, source: source, loop: snapshotLoop, files: files,
                options: options, environment: environment
            ) { [weak self] end in
                self?.running.withLock { $0?.senders[peer] = nil }
                completion(end)
            }
            running?.senders[peer] = sender
            return sender
        }
    }
}
