internal import Logging
internal import RaftCore
internal import Synchronization

/// What all parts of one transport share. Everything in it may be used from any thread.
final class TransportEnvironment: Sendable {
    let local: LocalNode
    let delegate: any PeerTransportDelegate
    let logger: Logger
    private let admission: @Sendable (NodeID, Incarnation) -> Bool
    private let currentTLS: Mutex<PeerTLS>
    private let statistics = Mutex<[NodeID: PeerStatistics]>([:])

    init(
        local: LocalNode, delegate: any PeerTransportDelegate, logger: Logger, tls: PeerTLS,
        admits: @escaping @Sendable (NodeID, Incarnation) -> Bool
    ) {
        self.local = local
        self.delegate = delegate
        self.logger = logger
        admission = admits
        currentTLS = Mutex(tls)
    }

    /// What the next connection uses.
    var tls: PeerTLS {
        get { currentTLS.withLock { $0 } }
        set { currentTLS.withLock { $0 = newValue } }
    }

    func admits(_ facts: PeerFacts) -> Bool { admission(facts.node, facts.incarnation) }

    func count(_ peer: NodeID, _ change: (inout PeerStatistics) -> Void) {
        statistics.withLock { change(&$0[peer, default: PeerStatistics()]) }
    }

    var statisticsNow: [NodeID: PeerStatistics] { statistics.withLock { $0 } }

    /// An end that somebody should look into is a warning; the rest is routine.
    func log(end reason: ConnectionEnd, of peer: NodeID?) {
        let who: Logger.MetadataValue = "\(peer?.description ?? "unknown")"
        let metadata: Logger.Metadata = ["peer": who, "reason": "\(reason)"]
        switch reason {
        case .untrusted, .refusedPeer, .refusedByPeer, .violation:
            logger.warning("peer connection refused", metadata: metadata)
        case .closedByPeer, .silent, .closedHere:
            logger.debug("peer connection ended", metadata: metadata)
        }
    }
}

/// What was counted about one peer since the start.
public struct PeerStatistics: Equatable, Sendable {
    public var connections: UInt64 = 0
    public var losses: UInt64 = 0
    public var messagesSent: UInt64 = 0
    public var bytesSent: UInt64 = 0
    public var messagesReceived: UInt64 = 0
    public var bytesReceived: UInt64 = 0
    /// Not sent, because too much waited or nobody was there.
    public var messagesDropped: UInt64 = 0
    public var snapshotBytesSent: UInt64 = 0
    public var snapshotBytesReceived: UInt64 = 0

    public init() {}
}
