import Foundation
import RaftCore
import Synchronization
import Testing

@testable import PeerTransport

@Suite("Snapshot streams", .timeLimit(.minutes(5))) struct SnapshotStreamTests {
    private func send(_ source: MemorySource, from a: TestNode, to b: TestNode) async -> Bool {
        await withCheckedContinuation { continuation in
            a.transport.sendSnapshot(source, to: b.id) {
                continuation.resume(returning: $0 == .delivered)
            }
        }
    }

    private func pair(
        _ options: PeerTransportOptions = .quick
    ) throws -> (TestNode, TestNode) {
        let authority = try TestAuthority()
        let a = try TestNode(1, authority: authority, options: options)
        let b = try TestNode(2, authority: authority, options: options)
        a.know(b)
        return (a, b)
    }

    @Test(
        "a snapshot arrives whole, whatever its size is to the chunk",
        arguments: [0, 1, 1_023, 1_024, 1_025, 100_000])
    func whole(bytes: Int) async throws {
        let (a, b) = try pair()
        let source = MemorySource(bytes: bytes)
        #expect(await send(source, from: a, to: b))
        await b.log.wait(for: .snapshot(source.offer, from: a.id))
        #expect(b.sink.state.withLock { $0.content.count } == bytes)
        await source.closed.wait(for: true)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a stream that is cut goes on where the receiver stands")
    func resumes() async throws {
        let authority = try TestAuthority()
        var options = PeerTransportOptions.quick
        options.snapshotBytesPerSecond = 1 << 18
        let a = try TestNode(1, authority: authority, options: options)
        let b = try TestNode(2, authority: authority)
        let relay = try Relay(to: b.address)
        a.know(b, at: relay.address)
        let source = MemorySource(bytes: 300_000)
        async let result = send(source, from: a, to: b)
        for mark: UInt64 in [50_000, 120_000, 200_000] {
            await b.sink.written.wait { $0.last ?? 0 >= mark }
            relay.cut()
        }
        #expect(await result)
        let state = b.sink.state.withLock { $0 }
        #expect(state.content.count == 300_000)
        // A machine that is busy may let more through before a cut; a stream that began anew
        // would stand at 0 again.
        #expect(state.resumedAt.count >= 2)
        #expect(state.resumedAt.dropFirst().allSatisfy { $0 >= 50_000 })
        // The sender may hear that all has come before the receiver's delegate does.
        await b.log.wait(for: .snapshot(source.offer, from: a.id))
        try a.transport.stop()
        try b.transport.stop()
        try relay.stop()
    }

    @Test("a snapshot that was finished and is offered again is not sent again")
    func offeredAgain() async throws {
        let (a, b) = try pair()
        #expect(await send(MemorySource(bytes: 5_000), from: a, to: b))
        let writes = b.sink.state.withLock { $0.writes }
        #expect(await send(MemorySource(bytes: 5_000), from: a, to: b))
        #expect(b.sink.state.withLock { $0.writes } == writes)
        #expect(await send(MemorySource(bytes: 5_000, low: 2), from: a, to: b))
        #expect(b.sink.state.withLock { $0.writes } > writes)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a snapshot that was finished and thrown away, and is offered again, is sent again")
    func thrownAway() async throws {
        let (a, b) = try pair()
        #expect(await send(MemorySource(bytes: 5_000), from: a, to: b))
        let writes = b.sink.state.withLock { state in
            state.content = []
            state.offer = nil
            return state.writes
        }
        #expect(await send(MemorySource(bytes: 5_000), from: a, to: b))
        #expect(b.sink.state.withLock { $0.writes } == 2 * writes)
        #expect(b.sink.state.withLock { $0.content.count } == 5_000)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test(
        "a stream that is cut before its end is told of, and one that another is in the way of waits"
    )
    func interruptedAndBusy() async throws {
        var options = PeerTransportOptions.quick
        // So slow that it cannot end before the cut.
        options.snapshotBytesPerSecond = 1_000
        let (a, b) = try pair(options)
        async let result = send(MemorySource(bytes: 200_000), from: a, to: b)
        await b.sink.written.wait { !$0.isEmpty }
        try a.transport.stop()
        #expect(await !result)
        await b.sink.interruptions.wait { !$0.isEmpty }
        #expect(b.sink.state.withLock { !$0.content.isEmpty && !$0.isAborted })
        try b.transport.stop()
        let (c, d) = try pair()
        d.sink.state.withLock { $0.busyFor = 2 }
        #expect(await send(MemorySource(bytes: 5_000), from: c, to: d))
        #expect(d.sink.state.withLock { $0.busyFor } == 0)
        // One that another is in the way of for long is given up: it ages.
        d.sink.state.withLock { $0.busyFor = 1_000 }
        options = .quick
        #expect(await !send(MemorySource(bytes: 5_000, low: 2), from: c, to: d))
        #expect(
            d.sink.state.withLock { $0.busyFor } == 1_000 - options.snapshotAttemptsMax)
        try c.transport.stop()
        try d.transport.stop()
    }

    @Test("a peer that has everything and is busy with it is waited for, over a cut")
    func busyWithIt() async throws {
        let authority = try TestAuthority()
        var options = PeerTransportOptions.quick
        options.backoffMaxMilliseconds = 40
        let a = try TestNode(1, authority: authority, options: options)
        let b = try TestNode(2, authority: authority)
        let relay = try Relay(to: b.address)
        a.know(b, at: relay.address)
        // Longer than a peer that is gone would be waited for.
        let times = 2 * options.snapshotAttemptsMax
        let sink = b.sink
        sink.state.withLock { state in
            state.whileFinishing = {
                sink.state.withLock { $0.busyFor = times }
                relay.cut()
                // Until both have seen that; the thread is the receiver's own, for files.
                Thread.sleep(forTimeInterval: 0.3)
            }
        }
        let source = MemorySource(bytes: 5_000)
        #expect(await send(source, from: a, to: b))
        #expect(sink.state.withLock { $0.busyFor } == 0)
        #expect(sink.state.withLock { $0.writes } == 5, "nothing was sent twice")
        await source.closed.wait(for: true)
        try a.transport.stop()
        try b.transport.stop()
        try relay.stop()
    }

    @Test("a snapshot over the limit is neither sent nor taken (F7)")
    func tooLarge() async throws {
        let authority = try TestAuthority()
        var small = PeerTransportOptions.quick
        small.snapshotBytesMax = 1_000
        let a = try TestNode(1, authority: authority)
        let b = try TestNode(2, authority: authority, options: small)
        a.know(b)
        b.know(a)
        #expect(await !send(MemorySource(bytes: 1_001), from: a, to: b))
        #expect(await !send(MemorySource(bytes: 1_001), from: b, to: a))
        #expect(b.sink.state.withLock { $0.offer } == nil)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("content that is not what was offered is thrown away (F7)")
    func damaged() async throws {
        let (a, b) = try pair()
        let source = MemorySource(bytes: 10_000, checksum: 1)
        #expect(await !send(source, from: a, to: b))
        #expect(b.log.events.isEmpty)
        await source.closed.wait(for: true)
        // Once more: the abort was asked for before this stream's first call.
        #expect(await send(MemorySource(bytes: 10_000, low: 2), from: a, to: b))
        #expect(b.sink.state.withLock { $0.isAborted })
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a write that fails at any chunk ends the stream on both sides", arguments: 1...5)
    func writeFails(at write: Int) async throws {
        let (a, b) = try pair()
        b.sink.state.withLock { $0.failsAtWrite = write }
        #expect(await !send(MemorySource(bytes: 5_000), from: a, to: b))
        #expect(b.log.events.isEmpty)
        #expect(await send(MemorySource(bytes: 5_000, low: 2), from: a, to: b))
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a read that fails ends the stream, and the source is closed")
    func readFails() async throws {
        let (a, b) = try pair()
        let source = MemorySource(bytes: 50_000, failAt: 20_000)
        #expect(await !send(source, from: a, to: b))
        await source.closed.wait(for: true)
        try a.transport.stop()
        try b.transport.stop()
    }

    @Test("a second stream to the same peer is refused while the first one runs")
    func oneAtATime() async throws {
        var options = PeerTransportOptions.quick
        // So slow that it cannot end before the second one comes.
        options.snapshotBytesPerSecond = 1_000
        let (a, b) = try pair(options)
        let first = MemorySource(bytes: 200_000)
        async let result = send(first, from: a, to: b)
        await b.sink.written.wait { !$0.isEmpty }
        let second = MemorySource(bytes: 10, low: 2)
        #expect(await !send(second, from: a, to: b))
        await second.closed.wait(for: true)
        try a.transport.stop()
        #expect(await !result)
        try b.transport.stop()
    }

    @Test("a peer that is not there is given up after its attempts")
    func nobodyThere() async throws {
        var options = PeerTransportOptions.quick
        options.snapshotAttemptsMax = 3
        let (a, b) = try pair(options)
        try b.transport.stop()
        let source = MemorySource(bytes: 10)
        #expect(await !send(source, from: a, to: b))
        await source.closed.wait(for: true)
        #expect(await !send(MemorySource(bytes: 10), from: a, to: try TestNode.stranger()))
        try a.transport.stop()
    }
}

extension TestNode {
    fileprivate static func stranger() throws -> TestNode {
        let node = try TestNode(9, authority: try TestAuthority())
        try node.transport.stop()
        return node
    }
}
