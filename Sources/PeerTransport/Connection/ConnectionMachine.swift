internal import ByteCodec
internal import RaftCore

/// What is known of the node at the other end, once certificate and hello agree.
struct PeerFacts: Equatable, Sendable {
    let node: NodeID
    let incarnation: Incarnation
    /// Another number than before: the process was started anew.
    let run: UInt64
    let purpose: ConnectionPurpose
}

/// Why a connection ended, as seen from here.
enum ConnectionEnd: Error, Equatable, Sendable {
    /// The other side closed or reset it.
    case closedByPeer
    /// Nothing came for too long, before or after the hello.
    case silent
    /// The TLS handshake failed, or the certificate names no node.
    case untrusted(String)
    /// This node refused the other.
    case refusedPeer(HelloRefusal)
    /// The other node refused this one.
    case refusedByPeer(HelloRefusal)
    /// Bytes that no correct peer sends.
    case violation(String)
    /// This node wanted it so.
    case closedHere
}

/// One connection's protocol, from the TLS handshake to its end, as a value: events in, actions
/// out. No message is decoded before certificate, hello and configuration agree.
struct ConnectionMachine: Sendable {
    enum Role: Equatable, Sendable {
        case dialler(peer: NodeID, purpose: ConnectionPurpose)
        case acceptor
    }

    enum State: Equatable, Sendable {
        case securing
        case awaitingHello(PeerName)
        case awaitingReply(PeerName)
        case established(PeerFacts)
        case ended
    }

    enum Action: Equatable, Sendable {
        case send(Frame)
        case establish(PeerFacts)
        case deliver(Frame)
        case end(ConnectionEnd)
    }

    let role: Role
    let local: LocalNode
    private(set) var state = State.securing

    /// The largest body taken before the peer is known.
    static let helloBytesMax = 128

    init(role: Role, local: LocalNode) {
        self.role = role
        self.local = local
    }

    /// The TLS handshake is done, and the peer's certificate was issued by the cluster.
    mutating func secured(_ name: PeerName) -> [Action] {
        guard state == .securing else { return end(.violation("second handshake")) }
        guard name.clusterID == local.clusterID else { return refuse(.wrongCluster) }
        guard name.node != local.node else { return refuse(.wrongNode) }
        switch role {
        case .acceptor:
            state = .awaitingHello(name)
            return []
        case .dialler(let peer, let purpose):
            guard name.node == peer else { return refuse(.wrongNode) }
            state = .awaitingReply(name)
            let hello = Hello(local: local, to: peer, purpose: purpose)
            return [.send(Frame(.hello, hello.encoded()))]
        }
    }

    /// A whole frame arrived. `admits` is asked at most once.
    mutating func received(
        _ frame: Frame, admits: (PeerFacts) -> HelloRefusal?
    ) -> [Action] {
        switch state {
        case .securing: return end(.violation("frame before the handshake"))
        case .ended: return []
        case .awaitingHello(let name): return greeted(frame, by: name, admits: admits)
        case .awaitingReply(let name): return answered(frame, by: name, admits: admits)
        case .established(let facts): return carried(frame, purpose: facts.purpose)
        }
    }

    /// Ends the connection for a reason from outside the protocol.
    mutating func end(_ reason: ConnectionEnd) -> [Action] {
        guard state != .ended else { return [] }
        state = .ended
        return [.end(reason)]
    }

    private mutating func greeted(
        _ frame: Frame, by name: PeerName, admits: (PeerFacts) -> HelloRefusal?
    ) -> [Action] {
        guard frame.type == .hello else { return end(.violation("\(frame.type) before hello")) }
        let hello: Hello
        do { hello = try Hello(decoding: frame.body) } catch {
            return end(.violation("hello: \(error)"))
        }
        guard hello.clusterID == local.clusterID else { return refuse(.wrongCluster) }
        guard hello.from == name.node else { return refuse(.wrongNode) }
        guard hello.to == local.node else { return refuse(.wrongDestination) }
        let facts = PeerFacts(
            node: hello.from, incarnation: hello.incarnation, run: hello.run,
            purpose: hello.purpose)
        if let refusal = admits(facts) { return refuse(refusal) }
        state = .established(facts)
        let own = Hello(local: local, to: facts.node, purpose: facts.purpose)
        return [
            .send(Frame(.helloReply, HelloReply.accepted(own).encoded())), .establish(facts),
        ]
    }

    private mutating func answered(
        _ frame: Frame, by name: PeerName, admits: (PeerFacts) -> HelloRefusal?
    ) -> [Action] {
        guard frame.type == .helloReply, case .dialler(_, let purpose) = role else {
            return end(.violation("\(frame.type) before the answer to hello"))
        }
        let reply: HelloReply
        do { reply = try HelloReply(decoding: frame.body) } catch {
            return end(.violation("answer to hello: \(error)"))
        }
        switch reply {
        case .refused(let reason):
            return end(.refusedByPeer(reason))
        case .accepted(let hello):
            guard hello.clusterID == local.clusterID else { return refuse(.wrongCluster) }
            guard hello.from == name.node, hello.to == local.node, hello.purpose == purpose
            else { return refuse(.wrongNode) }
            let facts = PeerFacts(
                node: hello.from, incarnation: hello.incarnation, run: hello.run,
                purpose: purpose)
            if let refusal = admits(facts) { return refuse(refusal) }
            state = .established(facts)
            return [.establish(facts)]
        }
    }

    private mutating func carried(_ frame: Frame, purpose: ConnectionPurpose) -> [Action] {
        let accepts = role == .acceptor
        switch frame.type {
        case .ping where accepts:
            return [.send(Frame(.pong, frame.body))]
        case .pong where !accepts:
            return []
        case .message where accepts && purpose == .messages,
            .snapshotOffer where accepts && purpose == .snapshot,
            .snapshotChunk where accepts && purpose == .snapshot,
            .snapshotResume where !accepts && purpose == .snapshot,
            .snapshotAcknowledgement where !accepts && purpose == .snapshot,
            .snapshotDone where !accepts && purpose == .snapshot,
            .snapshotRefused where !accepts && purpose == .snapshot:
            return [.deliver(frame)]
        case .hello, .helloReply, .ping, .pong, .message, .snapshotOffer, .snapshotResume,
            .snapshotChunk, .snapshotAcknowledgement, .snapshotDone, .snapshotRefused:
            return end(.violation("\(frame.type) has no place here"))
        }
    }

    private mutating func refuse(_ reason: HelloRefusal) -> [Action] {
        guard role == .acceptor else { return end(.refusedPeer(reason)) }
        return [.send(Frame(.helloReply, HelloReply.refused(reason).encoded()))]
            + end(.refusedPeer(reason))
    }
}
