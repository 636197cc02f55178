import RaftCore
import RaftWire
import Testing
import X509

@testable import PeerTransport

@Suite("Intruders on the peer port", .timeLimit(.minutes(5))) struct IntruderTests {
    private let message = Frame(.message, PeerMessage.readIndex(request: 1).encoded())

    private func hello(
        _ number: UInt64, cluster: UInt8 = 1, to: UInt64 = 1
    ) -> Frame {
        Frame(
            .hello,
            Hello(local: .test(number, cluster: cluster), to: NodeID(to), purpose: .messages)
                .encoded())
    }

    /// Dials with these credentials, says these frames, and expects to be thrown out unheard.
    private func expectThrownOut(
        _ node: TestNode, credentials: PeerCredentials?, _ frames: [Frame],
        refusal: HelloRefusal? = nil
    ) async throws {
        let peer = try RawPeer(to: node.address, credentials: credentials)
        for frame in frames { peer.send(frame) }
        await peer.log.wait(for: .closed)
        let reply = refusal.map { Frame(.helloReply, HelloReply.refused($0).encoded()) }
        #expect(peer.log.events == (reply.map { [.frame($0)] } ?? []) + [.closed])
        #expect(node.log.events.isEmpty)
        try peer.stop()
    }

    @Test("certificates that are not a node's of this cluster are refused (F1)")
    func certificates() async throws {
        let authority = try TestAuthority()
        let node = try TestNode(1, authority: authority)
        let frames = [hello(2), message]
        let name = nodeURI(2)
        let client = String(name.dropLast("node/n2".count)) + "client/n2"
        let stranger = try TestAuthority()
        let bad = [
            try stranger.issue(node: 2),
            try authority.issue(uris: []),
            try authority.issue(uris: [], commonName: name),
            try authority.issue(uris: [client]),
            try authority.issue(uris: [name, nodeURI(3)]),
            try authority.issue(uris: [name, client]),
            try authority.issue(uris: [name], isExpired: true),
            try authority.issue(uris: [name], usages: [.serverAuth]),
            PeerCredentials(authorityFile: "", certificateFile: "", privateKeyFile: ""),
        ]
        for credentials in bad {
            try await expectThrownOut(node, credentials: credentials, frames)
        }
        try await expectThrownOut(node, credentials: nil, frames)
        try node.transport.stop()
    }

    @Test("a good certificate with a wrong cluster, node, destination or standing is refused (F1)")
    func hellos() async throws {
        let authority = try TestAuthority()
        let node = try TestNode(1, authority: authority)
        let good = try authority.issue(node: 2)
        try await expectThrownOut(
            node, credentials: try authority.issue(node: 2, cluster: 9), [],
            refusal: .wrongCluster)
        try await expectThrownOut(
            node, credentials: try authority.issue(node: 1), [], refusal: .wrongNode)
        try await expectThrownOut(
            node, credentials: good, [hello(2, cluster: 9), message], refusal: .wrongCluster)
        try await expectThrownOut(
            node, credentials: good, [hello(3), message], refusal: .wrongNode)
        try await expectThrownOut(
            node, credentials: good, [hello(2, to: 3), message], refusal: .wrongDestination)
        node.ban(NodeID(2))
        try await expectThrownOut(
            node, credentials: good, [hello(2), message], refusal: .notAdmitted)
        try node.transport.stop()
    }

    @Test("what is no frame, no message or out of place ends the connection (F8)")
    func garbage() async throws {
        let authority = try TestAuthority()
        let node = try TestNode(1, authority: authority)
        let good = try authority.issue(node: 2)
        let payloads: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 5],
            [1, 0, 0, 0, 1, 2, 3, 4, 5, 6],
            [0, 0, 0, 0, 0, 0, 0, 0, 99],
        ]
        for payload in payloads {
            let peer = try RawPeer(to: node.address, credentials: good)
            peer.send(hello(2))
            await peer.log.wait { !$0.isEmpty }
            peer.send(raw: payload)
            await peer.log.wait { $0.last == .closed }
            try peer.stop()
        }
        for frame in [
            Frame(.message, [1, 2, 3]), Frame(.message), Frame(.helloReply), hello(2),
            Frame(.snapshotChunk), Frame(.pong),
        ] {
            let peer = try RawPeer(to: node.address, credentials: good)
            peer.send(hello(2))
            await peer.log.wait { !$0.isEmpty }
            peer.send(frame)
            await peer.log.wait { $0.last == .closed }
            try peer.stop()
        }
        #expect(node.log.events.isEmpty)
        try node.transport.stop()
    }

    @Test("connections that never say who they are are ended, and limited in number (A5)")
    func halfOpen() async throws {
        let authority = try TestAuthority()
        var options = PeerTransportOptions.quick
        options.handshakeMilliseconds = 300
        options.pendingConnectionsPerAddressMax = 3
        let node = try TestNode(1, authority: authority, options: options)
        let silent = try (0..<6).map { _ in try RawPeer(to: node.address, credentials: nil) }
        for peer in silent { await peer.log.wait(for: .closed) }
        let good = try RawPeer(to: node.address, credentials: try authority.issue(node: 2))
        good.send(hello(2), message)
        await node.log.wait(for: .received(.readIndex(request: 1), from: NodeID(2)))
        for peer in silent + [good] { try peer.stop() }
        try node.transport.stop()
    }
}
