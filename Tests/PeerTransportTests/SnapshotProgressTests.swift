import RaftCore
import Testing

@testable import PeerTransport

@Suite("Snapshot progress") struct SnapshotProgressTests {
    private var options: PeerTransportOptions {
        var options = PeerTransportOptions()
        options.snapshotChunkBytes = 10
        options.snapshotWindowChunks = 2
        return options
    }

    @Test("no more than the window is under way, and the last chunk is the rest")
    func window() throws {
        var progress = try #require(
            SnapshotProgress(sizeBytes: 25, resumeAt: 0, options: options))
        var sent: [Int] = []
        while let (_, count) = progress.takeRead() {
            let second = progress.takeRead()
            #expect(second == nil)
            progress.sent(count)
            sent.append(count)
        }
        #expect(sent == [10, 10])
        let isTenTaken = progress.acknowledge(10)
        #expect(isTenTaken)
        let last = progress.takeRead()
        #expect(last?.offset == 20 && last?.count == 5)
        progress.sent(5)
        #expect(!progress.isComplete)
        let isTaken = progress.acknowledge(25)
        #expect(isTaken && progress.isComplete)
    }

    @Test("acknowledgements neither go back nor ahead of what was sent")
    func acknowledgements() throws {
        var progress = try #require(
            SnapshotProgress(sizeBytes: 25, resumeAt: 10, options: options))
        #expect([9, 11, 10].map { progress.acknowledge($0) } == [false, false, true])
    }

    @Test("a receiver that has more than there is is refused; one that has all needs nothing")
    func resume() throws {
        #expect(SnapshotProgress(sizeBytes: 25, resumeAt: 26, options: options) == nil)
        var whole = try #require(SnapshotProgress(sizeBytes: 25, resumeAt: 25, options: options))
        let read = whole.takeRead()
        #expect(read == nil && whole.isComplete)
    }

    @Test("an offer comes back as it went, and not when it is cut or longer")
    func offers() throws {
        let offer = MemorySource(bytes: 100).offer
        let body = SnapshotFrames.offer(offer).body
        #expect(try SnapshotFrames.readOffer(body) == offer)
        for count in 0..<body.count {
            #expect(throws: (any Error).self) {
                try SnapshotFrames.readOffer(Array(body[..<count]))
            }
        }
        #expect(throws: (any Error).self) { try SnapshotFrames.readOffer(body + [0]) }
    }
}
