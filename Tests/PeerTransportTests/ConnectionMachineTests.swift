import RaftCore
import Testing

@testable import PeerTransport

@Suite("Connection handshake") struct ConnectionMachineTests {
    private let me = LocalNode.test(1)
    private let other = LocalNode.test(2)
    private var otherName: PeerName { PeerName(clusterID: other.clusterID, node: other.node) }

    private func hello(
        from local: LocalNode, to: UInt64 = 1, purpose: ConnectionPurpose = .messages
    ) -> Frame {
        Frame(.hello, Hello(local: local, to: NodeID(to), purpose: purpose).encoded())
    }

    private func reply(from local: LocalNode, to: UInt64 = 1) -> Frame {
        Frame(
            .helloReply,
            HelloReply.accepted(Hello(local: local, to: NodeID(to), purpose: .messages)).encoded())
    }

    private func refusal(_ reason: HelloRefusal) -> [ConnectionMachine.Action] {
        [
            .send(Frame(.helloReply, HelloReply.refused(reason).encoded())),
            .end(.refusedPeer(reason)),
        ]
    }

    private func acceptor(secured: Bool = true) -> ConnectionMachine {
        var machine = ConnectionMachine(role: .acceptor, local: me)
        if secured { #expect(machine.secured(otherName) == []) }
        return machine
    }

    private func dialler() -> ConnectionMachine {
        ConnectionMachine(
            role: .dialler(peer: other.node, purpose: .messages), local: me)
    }

    @Test("an acceptor answers a good hello with its own")
    func accepts() {
        var machine = acceptor()
        let facts = PeerFacts(
            node: other.node, incarnation: other.incarnation, run: other.run, purpose: .messages)
        let own = Hello(local: me, to: other.node, purpose: .messages)
        #expect(
            machine.received(hello(from: other)) { _ in nil } == [
                .send(Frame(.helloReply, HelloReply.accepted(own).encoded())), .establish(facts),
            ])
        #expect(machine.state == .established(facts))
    }

    @Test("nothing is taken before the certificate is checked")
    func nothingBeforeTLS() {
        for type in FrameType.allCases {
            var machine = acceptor(secured: false)
            #expect(
                machine.received(Frame(type)) { _ in nil }
                    == [.end(.violation("frame before the handshake"))])
        }
    }

    @Test("nothing but a hello is taken before the hello")
    func nothingBeforeHello() {
        for type in FrameType.allCases where type != .hello {
            var machine = acceptor()
            #expect(
                machine.received(Frame(type)) { _ in nil }
                    == [.end(.violation("\(type) before hello"))])
        }
    }

    @Test("certificates of another cluster, or with this node's own name, are refused")
    func wrongCertificates() {
        var machine = acceptor(secured: false)
        #expect(
            machine.secured(
                PeerName(clusterID: [UInt8](repeating: 9, count: 16), node: NodeID(2)))
                == refusal(.wrongCluster))
        machine = acceptor(secured: false)
        #expect(
            machine.secured(PeerName(clusterID: me.clusterID, node: me.node))
                == refusal(.wrongNode))
    }

    @Test("a hello must agree with certificate, cluster, destination and configuration")
    func wrongHellos() {
        let cases: [(Frame, HelloRefusal)] = [
            (hello(from: .test(2, cluster: 9)), .wrongCluster),
            (hello(from: .test(3)), .wrongNode),
            (hello(from: other, to: 3), .wrongDestination),
        ]
        for (frame, reason) in cases {
            var machine = acceptor()
            #expect(machine.received(frame) { _ in nil } == refusal(reason))
            #expect(machine.state == .ended)
        }
        var machine = acceptor()
        #expect(
            machine.received(hello(from: other)) { _ in .notAdmitted } == refusal(.notAdmitted))
    }

    @Test("a dialler says hello once TLS stands, and checks the answer in the same way")
    func dials() {
        var machine = dialler()
        #expect(machine.secured(otherName) == [.send(hello(from: me, to: 2))])
        var good = machine
        #expect(
            good.received(reply(from: other)) { _ in nil } == [
                .establish(
                    PeerFacts(
                        node: other.node, incarnation: other.incarnation, run: other.run,
                        purpose: .messages))
            ])
        let bad: [(Frame, ConnectionEnd)] = [
            (reply(from: .test(3)), .refusedPeer(.wrongNode)),
            (reply(from: .test(2, cluster: 9)), .refusedPeer(.wrongCluster)),
            (reply(from: other, to: 5), .refusedPeer(.wrongNode)),
            (
                Frame(.helloReply, HelloReply.refused(.notAdmitted).encoded()),
                .refusedByPeer(.notAdmitted)
            ),
        ]
        for (frame, reason) in bad {
            var copy = machine
            #expect(copy.received(frame) { _ in nil } == [.end(reason)])
        }
        var copy = machine
        #expect(
            copy.received(reply(from: other)) { _ in .notAdmitted }
                == [.end(.refusedPeer(.notAdmitted))])
    }

    @Test("a dialler that reaches another node than it meant says nothing")
    func reachesAnother() {
        var machine = dialler()
        #expect(
            machine.secured(PeerName(clusterID: me.clusterID, node: NodeID(3)))
                == [.end(.refusedPeer(.wrongNode))])
    }

    @Test("each kind of frame has its side and its purpose; everything else ends the connection")
    func directions() {
        let taken: [String: Set<FrameType>] = [
            "acceptor messages": [.ping, .message],
            "acceptor snapshot": [.ping, .snapshotOffer, .snapshotChunk],
            "dialler messages": [.pong],
            "dialler snapshot": [
                .pong, .snapshotResume, .snapshotAcknowledgement, .snapshotDone,
                .snapshotRefused,
            ],
        ]
        for purpose in [ConnectionPurpose.messages, .snapshot] {
            var accepting = acceptor()
            _ = accepting.received(hello(from: other, purpose: purpose)) { _ in nil }
            var dialling = ConnectionMachine(
                role: .dialler(peer: other.node, purpose: purpose), local: me)
            _ = dialling.secured(otherName)
            _ = dialling.received(
                Frame(
                    .helloReply,
                    HelloReply.accepted(Hello(local: other, to: me.node, purpose: purpose))
                        .encoded())
            ) { _ in nil }
            for (side, machine) in [("acceptor", accepting), ("dialler", dialling)] {
                for type in FrameType.allCases {
                    var copy = machine
                    let actions = copy.received(Frame(type)) { _ in nil }
                    let isTaken = taken["\(side) \(purpose)"]?.contains(type) ?? false
                    #expect((copy.state != .ended) == isTaken, "\(side) \(purpose) \(type)")
                    if !isTaken {
                        #expect(actions == [.end(.violation("\(type) has no place here"))])
                    }
                }
            }
        }
    }

    @Test("a connection ends once")
    func endsOnce() {
        var machine = acceptor()
        #expect(machine.end(.silent) == [.end(.silent)])
        #expect(machine.end(.closedByPeer) == [])
        #expect(machine.received(hello(from: other)) { _ in nil } == [])
    }
}
