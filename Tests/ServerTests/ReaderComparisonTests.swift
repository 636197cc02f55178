import HTTPAPI
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SmugglingCorpus
import Testing

/// What a reader made of some bytes: the requests that were whole.
private struct Reading: Equatable {
    struct Request: Equatable {
        var method: String
        var target: String
        var body: [UInt8] = []
    }

    var requests: [Request] = []
    var isRefused = false
}

@Suite("Our reader of requests beside NIOHTTP1's, which is that of Node.js")
struct ReaderComparisonTests {
    private static let bases = [
        "GET /v1/validate?permission=a%20b HTTP/1.1\r\nHost: h:80\r\nAuthorization: Bearer x\r\n\r\n",
        SmugglingCorpus.start + "Content-Length: \(SmugglingCorpus.hidden.utf8.count)\r\n\r\n"
            + SmugglingCorpus.hidden,
        SmugglingCorpus.start + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            + SmugglingCorpus.hidden,
        "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
    ]

    private func ours(_ bytes: [UInt8]) -> Reading {
        var reader = RequestReader()
        reader.feed(bytes)
        var reading = Reading()
        var open: Reading.Request?
        while let event = reader.next() {
            switch event {
            case .head(let head):
                let query = head.query.map { "?" + $0 } ?? ""
                open = Reading.Request(method: head.method, target: head.path + query)
                reader.expectBody(atMost: 1_024)
            case .body(let part): open?.body += part
            case .end:
                if let whole = open { reading.requests.append(whole) }
                open = nil
            case .failure:
                reading.isRefused = true
                return reading
            }
        }
        return reading
    }

    /// Nil for a method that it does not know, of which ours takes every one.
    private func theirs(_ bytes: [UInt8]) throws -> Reading? {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        var reading = Reading()
        do {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        } catch let error as HTTPParserError {
            guard error != .invalidMethod else { return nil }
            reading.isRefused = true
        }
        var open: Reading.Request?
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                open = Reading.Request(method: head.method.rawValue, target: head.uri)
            case .body(let bytes): open?.body += Array(buffer: bytes)
            case .end:
                if let whole = open { reading.requests.append(whole) }
                open = nil
            }
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return reading
    }

    @Test("reads what must be read as NIOHTTP1 does", arguments: bases)
    func same(_ text: String) throws {
        let ours = ours(Array(text.utf8))
        #expect(!ours.isRefused && !ours.requests.isEmpty)
        #expect(try ours == theirs(Array(text.utf8)))
    }

    @Test("refuses every shape of the corpus, of which NIOHTTP1 takes some for requests")
    func corpus() throws {
        var taken: [String] = []
        for (name, text) in SmugglingCorpus.shapes {
            let bytes = Array(text.utf8)
            #expect(ours(bytes).isRefused, "\(name)")
            if try theirs(bytes)?.isRefused == false { taken.append(name) }
        }
        // Were it none, the stricter reader would be of no use.
        #expect(taken.count > 10 && taken.count < SmugglingCorpus.shapes.count, "\(taken)")
    }

    @Test("what it takes for requests, with any one byte changed, NIOHTTP1 takes for the same")
    func mutations() throws {
        var accepted = 0
        for base in Self.bases {
            let bytes = Array(base.utf8)
            for index in bytes.indices {
                for byte: UInt8 in [0, 9, 10, 13, 32, 37, 44, 48, 58, 59, 63, 65, 127, 128, 255] {
                    var mutated = bytes
                    mutated[index] = byte
                    let ours = ours(mutated)
                    // Of what is not whole yet one may say sooner that it never will be.
                    guard !ours.isRefused, !ours.requests.isEmpty,
                        let theirs = try theirs(mutated)
                    else { continue }
                    accepted += 1
                    #expect(
                        theirs.requests == ours.requests,
                        "byte \(byte) at \(index) of \(base.debugDescription)")
                }
            }
        }
        #expect(accepted > 500)
    }
}
