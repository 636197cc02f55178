import ByteCodec
import HTTPAPI
import Testing

@Suite("answers are framed by the serialiser alone (RFC 9112 §6)")
struct HTTPResponseTests {
    private let date = Timestamp(milliseconds: 784_111_777_000)

    private func text(_ response: HTTPResponse, method: String = "GET", alive: Bool = true)
        -> String
    {
        String(
            decoding: response.serialized(method: method, keepsAlive: alive, date: date),
            as: UTF8.self)
    }

    @Test("writes status, fields, date, length and body")
    func whole() {
        let response = HTTPResponse(status: 200, headers: ["X-A": "b"], body: Array("hi".utf8))
        #expect(
            text(response) == "HTTP/1.1 200 OK\r\nX-A: b\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "Content-Length: 2\r\n\r\nhi")
    }

    @Test("HEAD keeps the length, 204 and 304 have none, closing is said")
    func bodies() {
        let response = HTTPResponse(status: 200, body: Array("hi".utf8))
        #expect(text(response, method: "HEAD").hasSuffix("Content-Length: 2\r\n\r\n"))
        #expect(!text(HTTPResponse(status: 204)).contains("Content-Length"))
        #expect(!text(HTTPResponse(status: 304)).contains("Content-Length"))
        #expect(text(response, alive: false).contains("Connection: close\r\n"))
        var closing = response
        closing.closes = true
        #expect(text(closing).contains("Connection: close\r\n"))
    }

    @Test("no byte of a name or value can break a line, or frame the message")
    func injection() {
        for byte in UInt8.min...UInt8.max {
            let odd = String(Unicode.Scalar(byte))
            var response = HTTPResponse(status: 200)
            response.headers.add("X-A", "a\(odd)Evil: 1\r\n\r\nbody")
            response.headers.add("X\(odd)B\r\nEvil", "b")
            response.headers.add("Content-Length", "77777")
            response.headers.add("transfer-encoding", "chunked")
            let written = response.serialized(method: "GET", keepsAlive: true, date: date)
            let events = String(decoding: written, as: UTF8.self)
            let lines = events.split(separator: "\r\n", omittingEmptySubsequences: false)
            #expect(!lines.contains { $0.hasPrefix("Evil") })
            #expect(!events.contains("77777"))
            #expect(!events.contains("chunked"))
            #expect(written.allSatisfy { $0 == 13 || $0 == 10 || (0x20..<0x7F).contains($0) })
            // The empty line in front of the body is the only one.
            #expect(lines.filter(\.isEmpty).count == 2)
        }
    }
}
