import APITypes
import HTTPAPI
import Testing

/// Feeds `bytes` in parts of `step` and gives every event, with bodies joined.
func readAll(
    _ bytes: [UInt8], step: Int = .max, bodyLimit: Int = 1_024,
    limits: RequestReader.Limits = .init()
) -> [RequestReader.Event] {
    var reader = RequestReader(limits: limits)
    var events: [RequestReader.Event] = []
    var position = 0
    while true {
        while let event = reader.next() {
            if case .body(let part) = event, case .body(let before)? = events.last {
                events[events.count - 1] = .body(before + part)
            } else {
                events.append(event)
            }
            if case .head = event { reader.expectBody(atMost: bodyLimit) }
            if case .failure = event { return events }
        }
        guard position < bytes.count else { return events }
        let end = min(bytes.count, position + min(step, bytes.count))
        reader.feed(bytes[position..<end])
        position = end
    }
}

func readAll(_ text: String, step: Int = .max, bodyLimit: Int = 1_024) -> [RequestReader.Event] {
    readAll(Array(text.utf8), step: step, bodyLimit: bodyLimit)
}

@Suite("requests are framed strictly (RFC 9112)")
struct RequestReaderTests {
    @Test("reads a request however its bytes arrive", arguments: [1, 2, 3, 7, 64, Int.max])
    func anySplit(step: Int) throws {
        let text =
            "POST /v1/a%20b?x=1&y HTTP/1.1\r\nHost: h:8080\r\nX-A:  b c \t\r\nContent-Length: 5\r\n"
            + "\r\nhello" + "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        let events = readAll(text, step: step)
        try #require(events.count == 5)
        guard case .head(let first) = events[0], case .head(let second) = events[3] else {
            Issue.record("no heads")
            return
        }
        #expect(first.method == "POST")
        #expect(first.path == "/v1/a%20b")
        #expect(first.query == "x=1&y")
        #expect(first.headers["x-a"] == "b c")
        #expect(first.framing == .length(5))
        #expect(first.keepsAlive)
        #expect(events[1] == .body(Array("hello".utf8)))
        #expect(events[2] == .end)
        #expect(!second.keepsAlive)
        #expect(events[4] == .end)
    }

    @Test("reads a chunked body however its bytes arrive", arguments: [1, 2, 3, 7, Int.max])
    func chunked(step: Int) throws {
        let text =
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
            + "5\r\nhello\r\n00a\r\n, it is me\r\n0\r\n\r\n"
        let events = readAll(text, step: step)
        try #require(events.count == 3)
        #expect(events[1] == .body(Array("hello, it is me".utf8)))
        #expect(events[2] == .end)
    }

    @Test("an absolute target loses its authority, an empty path is the root (RFC 9112 §3.2.2)")
    func absoluteForm() throws {
        for (target, path, query) in [
            ("http://a:80/x?y", "/x", "y"), ("HTTPS://a", "/", nil), ("http://a?q", "/", "q"),
        ] as [(String, String, String?)] {
            let events = readAll("GET \(target) HTTP/1.1\r\nHost: other\r\n\r\n")
            guard case .head(let head) = try #require(events.first) else {
                Issue.record("\(target): \(events)")
                continue
            }
            #expect(head.path == path)
            #expect(head.query == query)
        }
    }

    @Test("HTTP/1.0 never keeps its connection, and needs no Host")
    func oldVersion() throws {
        let events = readAll("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        guard case .head(let head) = try #require(events.first) else { return }
        #expect(!head.keepsAlive)
        #expect(events.last == .end)
    }

    @Test("an expectation is told apart from an unknown one (RFC 9110 §10.1.1)")
    func expect() throws {
        for (value, isContinue, isUnknown) in [
            ("100-Continue", true, false), ("200-ok", false, true), ("", false, true),
        ] {
            let events = readAll(
                "POST / HTTP/1.1\r\nHost: h\r\nExpect: \(value)\r\nContent-Length: 0\r\n\r\n")
            guard case .head(let head) = try #require(events.first) else { continue }
            #expect(head.expectsContinue == isContinue)
            #expect(head.expectsUnknown == isUnknown)
        }
    }

    @Test("a body over the limit is refused before it is read, chunked or not")
    func bodyLimit() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\n"
        let long = readAll(head + "Content-Length: 11\r\n\r\n", bodyLimit: 10)
        #expect(
            long.last == .failure(RequestFailure(code: .contentTooLarge, reason: .bodyTooLarge)))
        let chunks = readAll(
            head + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n", bodyLimit: 10)
        #expect(
            chunks.last == .failure(RequestFailure(code: .contentTooLarge, reason: .bodyTooLarge)))
        let fits = readAll(head + "Content-Length: 10\r\n\r\n0123456789", bodyLimit: 10)
        #expect(fits.last == .end)
    }

    @Test("nothing is read behind a failure")
    func failureIsFinal() {
        var reader = RequestReader()
        reader.feed(Array("BAD\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        guard case .failure(let failure)? = reader.next() else {
            Issue.record("no failure")
            return
        }
        reader.feed(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(reader.next() == .failure(failure))
        #expect(reader.bufferedBytes == 0)
    }

    @Test("heads are bounded: line, field, all fields, count (security A3)")
    func headBounds() {
        let start = "GET / HTTP/1.1\r\nHost: h\r\n"
        func code(_ text: String) -> ErrorCode? {
            if case .failure(let failure)? = readAll(text).last { return failure.code }
            return nil
        }
        #expect(
            code("GET /" + String(repeating: "a", count: 9_000) + " HTTP/1.1\r\n") == .uriTooLong)
        #expect(code(start + "X: " + String(repeating: "a", count: 9_000)) == .headersTooLarge)
        let field = "X: " + String(repeating: "a", count: 6_000) + "\r\n"
        #expect(code(start + field + field + field + "\r\n") == .headersTooLarge)
        let many = String(repeating: "a:b\r\n", count: 100)
        #expect(code(start + many + "\r\n") == .headersTooLarge)
        let few = String(repeating: "a:b\r\n", count: 99)
        #expect(code(start + few + "\r\n") == nil)
    }

    @Test("a flood of header bytes keeps the reader's memory flat")
    func flood() {
        var reader = RequestReader()
        reader.feed(Array("GET / HTTP/1.1\r\nHost: h\r\n".utf8))
        for _ in 0..<10_000 {
            reader.feed(Array(repeating: UInt8(ascii: "a"), count: 100))
            _ = reader.next()
            #expect(reader.bufferedBytes < 10_000)
        }
    }
}
