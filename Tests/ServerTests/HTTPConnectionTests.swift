import AuthCore
import AuthService
import HTTPAPI
import NIOCore
import NIOEmbedded
import RaftCore
import Testing

@testable import Server

@Suite("A client's connection") struct HTTPConnectionTests {
    private let done = Completion.readConfirmed(LogIndex(0))

    @Test("requests on one connection are answered in order, also when they come at once")
    func pipelining() throws {
        let door = try TestDoor()
        try door.send(TestDoor.immediate + TestDoor.waiting + TestDoor.immediate)
        #expect(try door.statuses() == [200])
        #expect(door.needs.count == 1)
        door.needs.complete(done)
        door.loop.run()
        #expect(try door.statuses() == [401, 200])
        #expect(door.channel.isActive)
    }

    @Test("a request in pieces of any size is answered once", arguments: [1, 2, 7, 30])
    func pieces(size: Int) throws {
        let door = try TestDoor()
        let bytes = Array(TestDoor.immediate.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try door.channel.writeInbound(
                ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(try door.statuses() == [200])
    }

    @Test("an answer that comes when the client has gone is thrown away")
    func gone() throws {
        let door = try TestDoor()
        try door.send(TestDoor.waiting)
        try door.channel.close().wait()
        door.needs.complete(done)
        door.loop.run()
        #expect(try door.received() == "")
        #expect(door.limits.current == 0 && door.connections.count == 0)
    }

    @Test("what is no request is answered once with its code, and the rest is not read (A1)")
    func malformed() throws {
        let door = try TestDoor()
        try door.send(
            "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + TestDoor.immediate)
        let answer = try door.received()
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        try door.send(TestDoor.immediate)
        #expect(try door.received() == "")
        #expect(door.metrics.snapshot.series.map { $0.0.status } == [400])
    }

    @Test("a client that waits for 100 Continue gets it when its body is wanted, and only then")
    func expectContinue() throws {
        let door = try TestDoor()
        let head =
            "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            + "Expect: 100-continue\r\n"
        try door.send(head + "Content-Length: 2\r\n\r\n")
        #expect(try door.received() == "HTTP/1.1 100 Continue\r\n\r\n")
        try door.send("{}")
        #expect(try door.statuses().count == 1)
        let refused = try TestDoor()
        try refused.send(head + "Content-Length: 1000000\r\n\r\n")
        #expect(try refused.statuses() == [413])
    }

    @Test("a validation is answered behind the head, whatever body is announced")
    func validation() throws {
        let door = try TestDoor()
        try door.send("POST /v1/validate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        let answer = try door.received()
        #expect(answer.hasPrefix("HTTP/1.1 401 "))
        #expect(answer.contains("\r\nConnection: close\r\n"))
    }

    @Test("HTTP/1.0 and Connection: close are answered and closed behind")
    func closes() throws {
        for request in [
            "GET /health/live HTTP/1.0\r\nHost: a\r\n\r\n",
            "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ] {
            let door = try TestDoor()
            try door.send(request + TestDoor.immediate)
            #expect(try door.statuses() == [200])
            door.loop.advanceTime(by: .seconds(3))
            #expect(!door.channel.isActive)
        }
    }

    @Test("a client that has ended its side gets its answer, and then the end")
    func halfClosed() throws {
        let door = try TestDoor()
        try door.send(TestDoor.waiting)
        door.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(door.channel.isActive)
        door.needs.complete(done)
        door.loop.run()
        #expect(try door.statuses() == [401])
        #expect(!door.channel.isActive)
    }

    @Test("a draining connection closes when idle, or behind its answer")
    func drain() throws {
        let idle = try TestDoor()
        idle.connections.drain()
        idle.loop.advanceTime(by: .seconds(3))
        #expect(!idle.channel.isActive)
        let busy = try TestDoor()
        try busy.send(TestDoor.waiting)
        busy.connections.drain()
        busy.loop.run()
        #expect(busy.channel.isActive)
        busy.needs.complete(done)
        busy.loop.run()
        #expect(try busy.received().contains("\r\nConnection: close\r\n"))
    }
}

@Suite("A client's connection and time (A5)") struct HTTPConnectionTimeTests {
    private func advance(_ door: TestDoor, _ milliseconds: Int64) {
        door.loop.advanceTime(by: .milliseconds(milliseconds))
    }

    @Test("a head takes 5 s at most, also on a connection that was idle before")
    func head() throws {
        let door = try TestDoor()
        advance(door, 30_000)
        try door.send("GET /health")
        advance(door, 4_999)
        #expect(door.channel.isActive)
        #expect(try door.received() == "")
        advance(door, 1)
        #expect(try door.statuses() == [408])
        advance(door, 2_000)
        #expect(!door.channel.isActive)
    }

    @Test("a byte now and then does not lengthen the time of a head")
    func trickle() throws {
        let door = try TestDoor()
        for _ in 0..<4 {
            try door.send("G")
            advance(door, 1_000)
        }
        #expect(try door.received() == "")
        advance(door, 1_000)
        #expect(try door.statuses() == [408])
    }

    @Test("a whole request takes 10 s at most")
    func body() throws {
        let door = try TestDoor()
        try door.send(
            "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Content-Length: 100\r\n\r\n")
        for _ in 0..<9 {
            advance(door, 1_000)
            try door.send("{")
        }
        #expect(try door.received() == "")
        advance(door, 1_000)
        #expect(try door.statuses() == [408])
    }

    @Test("the head that follows an answer at once has its own time")
    func pipelinedHead() throws {
        let door = try TestDoor()
        for _ in 0..<4 {
            try door.send(TestDoor.immediate + "GET /health/live HT")
            advance(door, 3_000)
            try door.send("TP/1.1\r\nHost: a\r\n\r\n")
        }
        #expect(try door.statuses() == [Int](repeating: 200, count: 8))
        try door.send(TestDoor.waiting + "GET")
        door.needs.complete(.readConfirmed(LogIndex(0)))
        door.loop.run()
        #expect(try door.statuses() == [401])
        advance(door, 5_000)
        #expect(try door.statuses() == [408])
    }

    @Test("a connection without a request is closed after 60 s")
    func idle() throws {
        let door = try TestDoor()
        advance(door, 59_000)
        try door.send(TestDoor.immediate)
        advance(door, 59_999)
        #expect(door.channel.isActive)
        advance(door, 1)
        #expect(!door.channel.isActive)
    }

    @Test("a TLS handshake takes 5 s at most")
    func handshake() throws {
        let door = try TestDoor(isTLS: true)
        advance(door, 4_999)
        #expect(door.channel.isActive)
        advance(door, 1)
        #expect(!door.channel.isActive)
    }

    @Test("an answer that never comes does not hold its connection for ever")
    func neverAnswered() throws {
        let door = try TestDoor()
        try door.send(TestDoor.waiting)
        advance(door, 39_999)
        #expect(door.channel.isActive)
        advance(door, 1)
        #expect(!door.channel.isActive)
    }

    @Test("a client that takes no answers is given no more of them, and is cut off")
    func slowReader() throws {
        let door = try TestDoor()
        try door.send(TestDoor.immediate)
        door.channel.isWritable = false
        door.channel.pipeline.fireChannelWritabilityChanged()
        try door.send(String(repeating: TestDoor.immediate, count: 100))
        #expect(try door.statuses() == [200])
        door.channel.isWritable = true
        door.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try door.statuses().count == 100)
        door.channel.isWritable = false
        try door.send(TestDoor.immediate)
        advance(door, 30_000)
        #expect(!door.channel.isActive)
    }

    @Test("a thousand slow clients hold no more than their heads and bodies may (A3, A5)")
    func manySlowClients() throws {
        let limits = ConnectionLimits(all: 1_000, perAddress: 1_000)
        let doors = try (0..<1_000).map { _ in try TestDoor(limits: limits) }
        let piece = String(repeating: "a", count: 1_000)
        // Heads without an end, bodies that are never whole, and requests ahead of an answer.
        let beginnings = [
            "GET /health/live HTTP/1.1\r\nHost: a\r\n",
            "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n",
            TestDoor.waiting,
        ]
        let pieces = ["X-\(piece): \(piece)\r\n", "3E8\r\n\(piece)\r\n", TestDoor.immediate]
        var most = [0, 0, 0]
        for (number, door) in doors.enumerated() {
            let kind = number % 3
            try door.send(beginnings[kind])
            for _ in 0..<400 where door.channel.isActive {
                // Whoever is told to read no more leaves the rest in the client's own buffers.
                guard door.reads else { break }
                try door.send(pieces[kind])
                most[kind] = max(most[kind], try door.connection.heldBytes)
            }
        }
        // 16 KiB of head, 4 KiB of body, and 64 KiB read ahead, each with one piece more.
        #expect(most[0] <= 18_500 && most[1] <= 6_500 && most[2] <= 66_500, "\(most)")
        for door in doors { advance(door, 61_000) }
        #expect(limits.current == 0)
    }

    @Test("what was sent ahead of an answer is answered behind it")
    func sentAhead() throws {
        let door = try TestDoor()
        try door.send(TestDoor.waiting)
        try door.send(String(repeating: TestDoor.immediate, count: 2_000))
        #expect(try door.received() == "")
        door.needs.complete(.readConfirmed(LogIndex(0)))
        door.loop.run()
        #expect(try door.statuses().count == 2_001)
    }
}

@Suite("Limits of connections") struct ConnectionLimitTests {
    @Test("one connection too many is turned away, and leaves no trace")
    func turnedAway() throws {
        let limits = ConnectionLimits(all: 10, perAddress: 1)
        let first = try TestDoor(limits: limits)
        let second = try TestDoor(limits: limits)
        second.loop.run()
        #expect(try second.statuses() == [429])
        #expect(!second.channel.isActive)
        #expect(limits.current == 1)
        try first.channel.close().wait()
        #expect(limits.current == 0)
        let third = try TestDoor(limits: limits)
        try third.send(TestDoor.immediate)
        #expect(try third.statuses() == [200])
    }

    @Test("an IPv6 network counts as one address, an IPv4 address as one (A13)")
    func networks() {
        let limits = ConnectionLimits(all: 100, perAddress: 2)
        #expect(limits.enter("2001:db8::1") && limits.enter("2001:db8::ffff"))
        #expect(!limits.enter("2001:db8:0:0:5::1"))
        #expect(limits.enter("2001:db8:0:1::1"))
        #expect(limits.enter("192.0.2.1") && limits.enter("::ffff:192.0.2.1"))
        #expect(!limits.enter("192.0.2.1"))
        #expect(limits.enter("192.0.2.2"))
        limits.leave("192.0.2.1")
        #expect(limits.enter("192.0.2.1"))
    }

    @Test("proxies count in all, and not by address")
    func proxies() {
        let limits = ConnectionLimits(all: 3, perAddress: 1) { $0.isLoopback }
        #expect(limits.enter("127.0.0.1") && limits.enter("127.0.0.1") && limits.enter("127.0.0.1"))
        #expect(!limits.enter("127.0.0.1"))
        for _ in 0..<3 { limits.leave("127.0.0.1") }
        #expect(limits.current == 0)
    }
}

@Suite("A listener for figures") struct MetricsListenerTests {
    @Test("it serves the figures to everybody, and nothing else")
    func onlyMetrics() throws {
        var options = APIOptions()
        options.servesOnlyMetrics = true
        let door = try TestDoor(options: options)
        try door.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try door.received().hasSuffix("\r\n\r\nfigures\n"))
        for path in ["/health", "/v1/users", "/v1/validate", "/openapi.json"] {
            try door.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try door.statuses() == [404])
        }
    }
}
