import NIOCore
import NIOEmbedded
import RaftCore
import Testing

@testable import PeerTransport

@Suite("Connection shell") struct PeerConnectionTests {
    private final class Owner: PeerConnectionOwner {
        var ends: [ConnectionEnd] = []
        func admits(_ facts: PeerFacts, on connection: PeerConnection) -> HelloRefusal? { nil }
        func established(_ facts: PeerFacts, on connection: PeerConnection) {}
        func received(_ frame: Frame, from facts: PeerFacts, on connection: PeerConnection) {}
        func receivedAll(on connection: PeerConnection) {}
        func becameWritable(_ connection: PeerConnection) {}
        func ended(_ reason: ConnectionEnd, facts: PeerFacts?, on connection: PeerConnection) {
            ends.append(reason)
        }
    }

    private func connection() throws -> (EmbeddedChannel, Owner) {
        let owner = Owner()
        let handler = PeerConnection(
            role: .acceptor, local: .test(1), options: PeerTransportOptions(),
            handshakeMilliseconds: 5_000, owner: owner)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, owner)
    }

    @Test("a handshake that does not end within its limit is ended")
    func slowHandshake() throws {
        let (channel, owner) = try connection()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(4_999))
        #expect(owner.ends.isEmpty && channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(owner.ends == [.silent] && !channel.isActive)
    }

    @Test("frames before the TLS handshake end the connection undecoded")
    func framesBeforeTLS() throws {
        let (channel, owner) = try connection()
        var bytes = ByteBuffer()
        Frame(.message, [1, 2, 3]).write(into: &bytes)
        try channel.writeInbound(bytes)
        #expect(owner.ends == [.violation("frame before the handshake")])
        #expect(!channel.isActive)
    }

    @Test("a large frame before the hello is refused by its header")
    func largeBeforeHello() throws {
        let (channel, owner) = try connection()
        try channel.writeInbound(ByteBuffer(bytes: [0, 0, 1, 0, 0, 0, 0, 0, 5]))
        #expect(owner.ends.count == 1 && !channel.isActive)
    }

    @Test("an end is told once, however many causes it has")
    func endsOnce() throws {
        let (channel, owner) = try connection()
        channel.pipeline.fireErrorCaught(ChannelError.inputClosed)
        #expect(throws: (any Error).self) { try channel.finish() }
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(owner.ends == [.closedByPeer])
    }
}
