import APITypes
import HTTPAPI
import Testing

@Suite("smuggling shapes are refused, and the hidden request is never read (RFC 9112, security A1)")
struct SmugglingCorpusTests {
    /// What a smuggler wants to be taken for a request of its own.
    private static let hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"

    private static let start = "POST / HTTP/1.1\r\nHost: h\r\n"
    private static let chunkedStart = start + "Transfer-Encoding: chunked\r\n\r\n"

    private static func fields(_ lines: String) -> String { start + lines + "\r\n\r\n" + hidden }

    /// Every shape must end in 400, or in the code given.
    static let corpus: [(String, String)] = [
        ("length and coding", fields("Content-Length: 4\r\nTransfer-Encoding: chunked")),
        ("coding and length", fields("Transfer-Encoding: chunked\r\nContent-Length: 4")),
        ("two lengths", fields("Content-Length: 4\r\nContent-Length: 5")),
        ("two equal lengths", fields("Content-Length: 4\r\nContent-Length: 4")),
        ("list of lengths", fields("Content-Length: 4, 4")),
        ("two codings", fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
        (
            "coding and identity",
            fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")
        ),
        ("list of codings", fields("Transfer-Encoding: chunked, chunked")),
        ("gzip, chunked", fields("Transfer-Encoding: gzip, chunked")),
        ("identity", fields("Transfer-Encoding: identity")),
        ("xchunked", fields("Transfer-Encoding: xchunked")),
        ("chunked with parameter", fields("Transfer-Encoding: chunked;q=1")),
        ("quoted chunked", fields("Transfer-Encoding: \"chunked\"")),
        ("chunked and comma", fields("Transfer-Encoding: chunked,")),
        ("comma and chunked", fields("Transfer-Encoding: ,chunked")),
        ("empty coding", fields("Transfer-Encoding:")),
        ("vertical tab in coding", fields("Transfer-Encoding: \u{B}chunked")),
        ("chunked in the wrong dash", fields("Transfer-Encoding: chun\u{AD}ked")),
        ("length with plus", fields("Content-Length: +4")),
        ("length with minus", fields("Content-Length: -4")),
        ("length in hex", fields("Content-Length: 0x4")),
        ("length with underscore", fields("Content-Length: 1_0")),
        ("length with fraction", fields("Content-Length: 4.0")),
        ("length with exponent", fields("Content-Length: 1e1")),
        ("length with inner space", fields("Content-Length: 4 4")),
        ("empty length", fields("Content-Length:")),
        ("overlong length", fields("Content-Length: 18446744073709551620")),
        ("length of many zeros", fields("Content-Length: 00000000000000000004")),
        ("length in other digits", fields("Content-Length: \u{0664}")),
        ("length with NUL", fields("Content-Length: 4\0")),
        ("space before the colon", fields("Content-Length : 4")),
        ("tab before the colon", fields("Transfer-Encoding\t: chunked")),
        ("space before the name", fields(" Content-Length: 4")),
        ("folded line", fields("X: a\r\n Content-Length: 4")),
        ("line folded by tab", fields("X: a\r\n\tContent-Length: 4")),
        ("first line folded", "POST / HTTP/1.1\r\n Host: h\r\n\r\n"),
        ("empty name", fields(": 4")),
        ("no colon", fields("Content-Length 4")),
        ("NUL in a name", fields("Content\0Length: 4")),
        ("NUL in a value", fields("X: a\0b")),
        ("CR in a value", fields("X: a\rContent-Length: 4")),
        ("CR at the end of a value", fields("X: a\r")),
        ("bare LF behind a field", "POST / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
        ("bare LF behind the request line", "POST / HTTP/1.1\nHost: h\r\n\r\n"),
        ("bare LF ends the head", "POST / HTTP/1.1\r\nHost: h\r\n\n" + hidden),
        ("LF CR", "POST / HTTP/1.1\n\rHost: h\n\r\n\r" + hidden),
        ("DEL in a value", fields("X: a\u{7F}")),
        ("parenthesis in a name", fields("X(a): b")),
        ("name outside ASCII", fields("X\u{E9}: b")),
        ("no host", "GET / HTTP/1.1\r\n\r\n"),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        ("host with a comma", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        ("host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("host with user information", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        ("two hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("no version", "GET /\r\nHost: h\r\n\r\n"),
        ("lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n"),
        ("long version", "GET / HTTP/1.10\r\nHost: h\r\n\r\n"),
        ("version with plus", "GET / HTTP/+1.1\r\nHost: h\r\n\r\n"),
        ("space behind the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"),
        ("two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("tab between", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n"),
        ("space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("space in front", " GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("no method", "/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("method with colon", "GET: / HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("overlong method", String(repeating: "G", count: 25) + " / HTTP/1.1\r\n\r\n"),
        ("fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("backslash", "GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("broken percent", "GET /a%2 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("broken percent in query", "GET /a?%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("target outside ASCII", "GET /\u{E9} HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("CR in the target", "GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("NUL in the target", "GET /a\0 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("authority form", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("absolute form with user", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("absolute form without host", "GET http:///x HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("two empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("chunk extension", chunkedStart + "5;a=b\r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk extension with LF", chunkedStart + "5;\nxx\r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk size with plus", chunkedStart + "+5\r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk size with 0x", chunkedStart + "0x5\r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk size with underscore", chunkedStart + "0_5\r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk size with space", chunkedStart + "5 \r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk size behind a space", chunkedStart + " 5\r\nhello\r\n0\r\n\r\n" + hidden),
        ("empty chunk size", chunkedStart + "\r\nhello\r\n0\r\n\r\n" + hidden),
        ("overflowing chunk size", chunkedStart + "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("negative chunk size", chunkedStart + "-5\r\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk size with bare LF", chunkedStart + "5\nhello\r\n0\r\n\r\n" + hidden),
        ("chunk data not ended", chunkedStart + "5\r\nhelloX\r\n0\r\n\r\n" + hidden),
        ("chunk data ended by LF", chunkedStart + "5\r\nhello\n0\r\n\r\n" + hidden),
        ("chunk data ended by other bytes", chunkedStart + "5\r\nhelloXX0\r\n\r\n" + hidden),
        ("last chunk ended by LF", chunkedStart + "0\r\n\n" + hidden),
        ("last chunk without an end", chunkedStart + "0\r\n" + hidden),
        ("trailer", chunkedStart + "0\r\nX: y\r\n\r\n" + hidden),
        ("trailer that frames", chunkedStart + "0\r\nContent-Length: 4\r\n\r\n" + hidden),
    ]

    @Test("each shape gives 400 and ends the connection, however it arrives", arguments: corpus)
    func refused(_ name: String, _ text: String) {
        for step in [1, 5, Int.max] {
            let events = readAll(text, step: step)
            guard case .failure(let failure)? = events.last else {
                Issue.record("\(name), \(step): \(events)")
                continue
            }
            #expect(failure.code == .malformed, "\(name)")
            for case .head(let head) in events { #expect(head.path != "/hidden", "\(name)") }
        }
    }

    @Test("an unknown version of HTTP is 505", arguments: ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9"])
    func version(_ spelling: String) {
        let events = readAll("GET / \(spelling)\r\nHost: h\r\n\r\n")
        #expect(events == [.failure(RequestFailure(code: .httpVersion, reason: .version))])
    }

    @Test(
        "no mutation of one byte of a request makes the reader see the request hidden in its body")
    func mutations() {
        let body = Self.hidden
        let text = Self.start + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        let bytes = Array(text.utf8)
        let headEnd = bytes.count - body.utf8.count
        for index in 0..<headEnd {
            for byte: UInt8 in [0, 9, 10, 13, 32, 44, 58, 59, 88, 127, 128, 255] {
                var mutated = bytes
                mutated[index] = byte
                // The field that frames may be lost as a whole (its name became another), and the
                // length may become another: then what follows is what the bytes say. Everything
                // else must not tear the body loose.
                let events = readAll(mutated)
                guard case .head(let head)? = events.first, head.headers["content-length"] != nil
                else { continue }
                let heads = events.filter { if case .head = $0 { true } else { false } }
                #expect(heads.count == 1, "byte \(byte) at \(index)")
            }
        }
    }
}
