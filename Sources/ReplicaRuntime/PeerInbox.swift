internal import PeerTransport
internal import RaftCore
internal import RaftWire
internal import Replica

/// Hands what the transport tells on to the replica.
final class PeerInbox: PeerTransportDelegate {
    private let requests: TurnQueue

    init(requests: TurnQueue) { self.requests = requests }

    func received(_ message: PeerMessage, from peer: NodeID) {
        // When the replica cannot follow, messages are lost, as on a network.
        requests.put(.input(.received(message, from: peer)))
    }

    func receivedAll() { requests.takeTurn() }

    func connected(_ peer: NodeID) { fact(.connected(peer)) }

    func connectionLost(_ peer: NodeID, _ loss: ConnectionLoss) {
        fact(.connectionLost(peer, loss))
    }

    func snapshotReceived(_ offer: SnapshotOffer, from peer: NodeID) {
        fact(.snapshotReceived(offer.metadata, from: peer))
    }

    /// Facts are few, and nothing repeats them.
    private func fact(_ input: ReplicaInput) {
        requests.putForLoop(.input(input), evenIfFull: true)
    }
}

extension PeerTransport: PeerSender {
    func send(_ message: PeerMessage, to peer: NodeID) {
        let _: Bool = send(message, to: peer)
    }
}
