public import RaftCore
public import RaftWire

/// Told what happens between this node and its peers.
///
/// Called on an event loop: an implementation only hands on, and never blocks.
public protocol PeerTransportDelegate: AnyObject, Sendable {
    /// A message of an admitted peer, in the order in which that peer sent them. What the
    /// implementation cannot take it may forget, as a network may.
    func received(_ message: PeerMessage, from peer: NodeID)
    /// Behind one or more `received`, of any peers: that is all for now.
    func receivedAll()
    /// Messages can be sent to the peer from now on; it may be another process than before.
    func connected(_ peer: NodeID)
    /// An established connection to or from the peer ended, and a new one was not to be had.
    func connectionLost(_ peer: NodeID, _ loss: ConnectionLoss)
    /// A snapshot has come in whole, and its sink has finished it.
    func snapshotReceived(_ offer: SnapshotOffer, from peer: NodeID)
}
