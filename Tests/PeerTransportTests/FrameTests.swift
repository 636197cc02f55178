import NIOCore
import RaftCore
import Testing

@testable import PeerTransport

@Suite("Frames") struct FrameTests {
    private func encoded(_ frame: Frame) -> [UInt8] {
        var buffer = ByteBuffer()
        frame.write(into: &buffer)
        return Array(buffer.readableBytesView)
    }

    @Test("a frame's bytes are frozen")
    func frozen() {
        #expect(
            encoded(Frame(.message, [1, 2, 3]))
                == [3, 0, 0, 0, 0xE8, 0x81, 0x54, 0x7F, 5, 1, 2, 3])
    }

    @Test("frames come whole from any cut of the stream")
    func anyCut() throws {
        let frames = [Frame(.hello, [1]), Frame(.ping), Frame(.message, Array(0...255))]
        let stream = frames.flatMap(encoded)
        for step in 1...stream.count {
            var decoder = FrameDecoder(bodyBytesMax: 256)
            var found: [Frame] = []
            for start in stride(from: 0, to: stream.count, by: step) {
                decoder.append(
                    ByteBuffer(bytes: stream[start..<min(start + step, stream.count)]))
                while let frame = try decoder.next() { found.append(frame) }
            }
            #expect(found == frames)
            #expect(decoder.bufferedBytes == 0)
        }
    }

    @Test("a frame over the limit is refused by its header, before its body is there")
    func tooLarge() {
        var decoder = FrameDecoder(bodyBytesMax: 16)
        decoder.append(
            ByteBuffer(bytes: encoded(Frame(.message, [UInt8](repeating: 0, count: 17)))[..<9]))
        #expect(throws: FrameError.tooLarge(bytes: 17, limit: 16)) { try decoder.next() }
    }

    @Test("a change of any bit is noticed, or waits for bytes that never come")
    func anyBit() throws {
        let good = encoded(Frame(.message, [9, 8, 7]))
        for bit in 0..<(good.count * 8) {
            var bad = good
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            var decoder = FrameDecoder(bodyBytesMax: 1 << 20)
            decoder.append(ByteBuffer(bytes: bad))
            do {
                let frame = try decoder.next()
                #expect(frame == nil, "bit \(bit)")
            } catch {
                #expect(error != .tooLarge(bytes: 0, limit: 0))
            }
        }
    }

    @Test("random bytes are refused or waited for, and hold no more than one frame")
    func randomBytes() {
        let seed: UInt64 = 0x5EED
        var random = RandomSource(seed: seed)
        for _ in 0..<2_000 {
            var decoder = FrameDecoder(bodyBytesMax: 64)
            var isRefused = false
            while !isRefused, decoder.bufferedBytes < 64 + Frame.headerBytes {
                let bytes = (0..<8).map { _ in UInt8(random.next(below: 256)) }
                decoder.append(ByteBuffer(bytes: bytes))
                do { while try decoder.next() != nil {} } catch { isRefused = true }
            }
            #expect(isRefused, "seed \(seed)")
        }
    }
}

@Suite("Hello") struct HelloTests {
    private let hello = Hello(local: .test(1), to: NodeID(2), purpose: .snapshot)

    @Test("a hello comes back as it went")
    func roundTrip() throws {
        #expect(try Hello(decoding: hello.encoded()) == hello)
        #expect(
            try HelloReply(decoding: HelloReply.accepted(hello).encoded()) == .accepted(hello))
        for refusal in HelloRefusal.allCases {
            #expect(
                try HelloReply(decoding: HelloReply.refused(refusal).encoded())
                    == .refused(refusal))
        }
    }

    @Test("a hello's bytes are frozen")
    func frozen() {
        let zeros = [UInt8](repeating: 0, count: 7)
        let head: [UInt8] = [1, 0x57, 0x57, 0x57, 0x50] + [UInt8](repeating: 1, count: 16)
        #expect(
            hello.encoded() == head + [1] + zeros + [101] + zeros + [1] + zeros + [2] + zeros + [1])
    }

    @Test("a hello that is cut, longer, or of another version or magic is refused")
    func refused() {
        let good = hello.encoded()
        for count in 0..<good.count {
            #expect(throws: (any Error).self) { try Hello(decoding: Array(good[..<count])) }
        }
        #expect(throws: (any Error).self) { try Hello(decoding: good + [0]) }
        for position in [0, 1, 4, good.count - 1] {
            var bad = good
            bad[position] ^= 0x40
            #expect(throws: (any Error).self) { try Hello(decoding: bad) }
        }
    }

    @Test("a hello fits before the peer is known")
    func fits() {
        #expect(HelloReply.accepted(hello).encoded().count <= ConnectionMachine.helloBytesMax)
    }
}

@Suite("Peer names") struct PeerNameTests {
    @Test("a name is read back from its one spelling")
    func good() {
        #expect(
            PeerName(uri: nodeURI(3))
                == PeerName(clusterID: [UInt8](repeating: 1, count: 16), node: NodeID(3)))
    }

    @Test(
        "every other spelling is nobody",
        arguments: [
            "", "watchword://", "watchword://0101/node/n1",
            nodeURI(1).uppercased(), nodeURI(1) + "/", nodeURI(1) + "?x",
            nodeURI(1).replacingOccurrences("node", "client"),
            nodeURI(1).replacingOccurrences("n1", "n01"),
            nodeURI(1).replacingOccurrences("n1", "1"),
            nodeURI(1).replacingOccurrences("watchword", "https"),
            "watchword://" + String(repeating: "g", count: 32) + "/node/n1",
            nodeURI(0),
        ])
    func bad(uri: String) { #expect(PeerName(uri: uri) == nil) }

    @Test("addresses are read with and without brackets")
    func addresses() {
        #expect(PeerAddress(parsing: "127.0.0.1:80") == PeerAddress(host: "127.0.0.1", port: 80))
        #expect(PeerAddress(parsing: "[::1]:80") == PeerAddress(host: "::1", port: 80))
        #expect(PeerAddress(parsing: "[::1]:80")?.description == "[::1]:80")
        for bad in ["", "a", "a:", ":1", "a:65536", "::1:80", "a:-1"] {
            #expect(PeerAddress(parsing: bad) == nil, "\(bad)")
        }
    }
}

extension String {
    fileprivate func replacingOccurrences(_ part: String, _ other: String) -> String {
        split(separator: "/", omittingEmptySubsequences: false)
            .map {
                $0 == part || $0 == part + ":" ? other + ($0.hasSuffix(":") ? ":" : "") : String($0)
            }
            .joined(separator: "/")
    }
}
