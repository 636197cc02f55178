import APITypes
import HTTPAPI
import SmugglingCorpus
import Testing

@Suite("smuggling shapes are refused, and the hidden request is never read (RFC 9112, security A1)")
struct SmugglingCorpusTests {
    @Test(
        "each shape gives 400 and ends the connection, however it arrives",
        arguments: SmugglingCorpus.shapes)
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
        let body = SmugglingCorpus.hidden
        let text = SmugglingCorpus.start + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
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
