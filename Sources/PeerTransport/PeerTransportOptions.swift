/// Limits and times of the connections between nodes. Times are in milliseconds.
public struct PeerTransportOptions: Equatable, Sendable {
    /// From the start of a dial, or from accepting, until the peer's hello has been checked.
    public var handshakeMilliseconds: Int64 = 5_000
    /// The one dial that decides whether a peer whose connection ended is dead.
    public var verificationMilliseconds: Int64 = 500
    /// Between two probes of a connection.
    public var pingMilliseconds: Int64 = 500
    /// Probes in a row without any sign of life, after which a connection is given up.
    public var unansweredPingsMax = 4
    /// The first pause before dialling again; doubled with each failure.
    public var backoffMinMilliseconds: Int64 = 20
    /// The longest pause before dialling again.
    public var backoffMaxMilliseconds: Int64 = 1_000
    /// In one frame's body.
    public var frameBytesMax = 4 << 20
    /// Messages waiting for one peer.
    public var queuedMessagesMax = 8_192
    /// Bytes waiting for one peer.
    public var queuedBytesMax = 32 << 20
    /// Encoded at once, before asking whether the connection can take more.
    public var writeBytesMax = 1 << 20
    /// Accepted connections whose peer has not said hello yet.
    public var pendingConnectionsMax = 128
    /// The same, from one address.
    public var pendingConnectionsPerAddressMax = 16
    /// Connections of one peer at a time: its messages, its snapshot stream, and the ones that
    /// these replace.
    public var connectionsPerPeerMax = 4
    /// In one chunk of a snapshot.
    public var snapshotChunkBytes = 256 << 10
    /// Chunks sent and not yet acknowledged.
    public var snapshotWindowChunks = 4
    /// A larger snapshot is neither offered nor taken.
    public var snapshotBytesMax: UInt64 = 1 << 40
    /// Sent per second on one stream; 0 is no limit.
    public var snapshotBytesPerSecond: UInt64 = 0
    /// Connections that one stream may lose in a row without progress.
    public var snapshotAttemptsMax = 8
    /// How often a peer that has the whole stream may say that it is busy, as one is that installs
    /// it: at the longest pause between two dials, for two minutes.
    public var snapshotBusyAnswersMax = 120

    public init() {}
}
