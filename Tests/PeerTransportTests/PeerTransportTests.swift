import RaftCore
import RaftWire
import Testing

@testable import PeerTransport

@Suite("Transport between nodes", .timeLimit(.minutes(5))) struct PeerTransportTests {
    private func ask(_ number: UInt64) -> PeerMessage { .readIndex(request: number) }

    @Test("two nodes find each other and speak in order in both directions")
    func bothDirections() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        a.know(b)
        b.know(a)
        await a.log.wait(for: .connected(b.id))
        await b.log.wait(for: .connected(a.id))
        for number in 0..<1_000 {
            #expect(a.transport.send(ask(UInt64(number)), to: b.id))
            #expect(b.transport.send(ask(UInt64(number)), to: a.id))
        }
        await a.log.wait(for: .received(ask(999), from: b.id))
        await b.log.wait(for: .received(ask(999), from: a.id))
        for node in [a, b] {
            let numbers = node.log.events.compactMap { event -> UInt64? in
                if case .received(.readIndex(let number), _) = event { number } else { nil }
            }
            #expect(numbers == Array(0..<1_000))
            // Who is told of messages hears when that is all, and not behind each of them.
            await node.pauses.wait { [count = node.log.events.count] in $0.last == count }
            #expect(node.pauses.events.count <= 1_000)
        }
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a large append arrives whole")
    func largeAppend() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        a.know(b)
        await a.log.wait(for: .connected(b.id))
        let entries = (1...4).map {
            Entry(
                index: LogIndex($0), term: Term(1), kind: .command,
                payload: [UInt8](repeating: UInt8($0), count: 512 << 10))
        }
        let message = PeerMessage.raft(
            Message(
                from: a.id, to: b.id, term: Term(1),
                body: .append(previous: .zero, entries: entries, commit: .zero)))
        #expect(a.transport.send(message, to: b.id))
        await b.log.wait(for: .received(message, from: a.id))
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a message in another node's name ends the connection")
    func forgedSender() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        a.know(b)
        await a.log.wait(for: .connected(b.id))
        let forged = PeerMessage.raft(
            Message(
                from: NodeID(3), to: b.id, term: Term(9),
                body: .heartbeat(commit: .zero, sequence: 1)))
        a.transport.send(forged, to: b.id)
        await a.log.wait(for: .connected(b.id), times: 2)
        #expect(b.log.events.isEmpty)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a message to somebody unknown or absent is refused at once")
    func unknownPeer() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        #expect(!a.transport.send(ask(1), to: NodeID(9)))
        try a.transport.stop()
    }

    @Test("a node that goes is reported as closed, at once and once (consensus: connection loss)")
    func closed() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        a.know(b)
        b.know(a)
        await a.log.wait(for: .connected(b.id))
        await b.log.wait(for: .connected(a.id))
        try b.transport.stop()
        await a.log.wait(for: .lost(b.id, .closed))
        #expect(a.log.events == [.connected(b.id), .lost(b.id, .closed)])
        try a.transport.stop()
    }

    @Test("a node that comes back with another run is found, and both facts are told")
    func comesBack() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        a.know(b)
        await a.log.wait(for: .connected(b.id))
        try b.transport.stop()
        await a.log.wait(for: .lost(b.id, .closed))
        let again = try TestNode(2, authority: authority, run: 2, port: b.address.port)
        await a.log.wait(for: .connected(b.id), times: 2)
        a.transport.send(ask(5), to: b.id)
        await again.log.wait(for: .received(ask(5), from: a.id))
        try a.transport.stop()
        try again.transport.stop()
    }

    @Test("a cut of a connection between living nodes is mended and is no loss")
    func mended() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        let relay = try Relay(to: b.address)
        a.know(b, at: relay.address)
        await a.log.wait(for: .connected(b.id))
        relay.cut()
        await a.log.wait(for: .connected(b.id), times: 2)
        a.transport.send(ask(7), to: b.id)
        await b.log.wait(for: .received(ask(7), from: a.id))
        #expect(a.log.events == [.connected(b.id), .connected(b.id)])
        try a.transport.stop()
        try b.transport.stop()
        try relay.stop()
    }

    @Test("a connection that stands and carries nothing is reported as silent")
    func silent() async throws {
        let authority = try TestAuthority()
        var options = PeerTransportOptions.quick
        options.pingMilliseconds = 20
        let a = try TestNode(1, authority: authority, options: options)
        let b = try TestNode(2, authority: authority)
        let relay = try Relay(to: b.address)
        a.know(b, at: relay.address)
        await a.log.wait(for: .connected(b.id))
        relay.freeze()
        await a.log.wait(for: .lost(b.id, .silent))
        try a.transport.stop()
        try b.transport.stop()
        try relay.stop()
    }

    @Test("what waits for a peer that takes nothing is bounded")
    func bounded() async throws {
        let authority = try TestAuthority()
        var options = PeerTransportOptions.quick
        options.queuedBytesMax = 1 << 20
        let a = try TestNode(1, authority: authority, options: options)
        let b = try TestNode(2, authority: authority)
        let relay = try Relay(to: b.address)
        a.know(b, at: relay.address)
        await a.log.wait(for: .connected(b.id))
        relay.freeze()
        let entry = Entry(
            index: LogIndex(1), term: Term(1), kind: .command,
            payload: [UInt8](repeating: 0, count: 256 << 10))
        let message = PeerMessage.raft(
            Message(
                from: a.id, to: b.id, term: Term(1),
                body: .append(previous: .zero, entries: [entry], commit: .zero)))
        for _ in 0..<400 { a.transport.send(message, to: b.id) }
        // 100 MiB were offered; the queue holds 1, and the sockets and buffers a few.
        #expect(a.transport.statistics[b.id]?.messagesDropped ?? 0 > 100)
        try a.transport.stop()
        try b.transport.stop()
        try relay.stop()
    }

    @Test("a node that is removed is cut off and stays out")
    func removed() async throws {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority)
        a.know(b)
        b.know(a)
        await a.log.wait(for: .connected(b.id))
        await b.log.wait(for: .connected(a.id))
        a.ban(b.id)
        await b.log.wait(for: .lost(a.id, .silent))
        let before = a.log.events.count(where: { $0 == .connected(b.id) })
        #expect(before == 1)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("new certificates are used from the next connection on")
    func reload() async throws {
        let authority = try TestAuthority()
        let other = try TestAuthority()
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: other)
        a.know(b)
        try a.transport.reload(try other.issue(node: 1))
        await a.log.wait(for: .connected(b.id))
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("certificates that cannot be used are refused before anything listens")
    func badCredentials() throws {
        let authority = try TestAuthority()
        #expect(throws: PeerCredentialsError.self) {
            _ = try TestNode(1, authority: authority, credentials: try authority.issue(node: 2))
        }
        var missing = try authority.issue(node: 1)
        missing.authorityFile = "/nonexistent"
        #expect(throws: PeerCredentialsError.self) {
            _ = try TestNode(1, authority: authority, credentials: missing)
        }
        var mixed = try authority.issue(node: 1)
        mixed.privateKeyFile = try authority.issue(node: 1).privateKeyFile
        #expect(throws: PeerCredentialsError.self) {
            _ = try TestNode(1, authority: authority, credentials: mixed)
        }
    }
}
