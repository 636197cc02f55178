import LoadCore
import Testing

@Suite("The reader of responses") struct ResponseReaderTests {
    private func read(_ text: String) throws -> [LoadResponse] {
        var reader = ResponseReader()
        reader.append(text.utf8)
        var found: [LoadResponse] = []
        while let response = try reader.next() { found.append(response) }
        return found
    }

    private static let two =
        "HTTP/1.1 200 OK\r\nX-User-ID: usr_1\r\nContent-Length: 0\r\n\r\n"
        + "HTTP/1.1 201 Created\r\ncontent-length:  5 \r\nConnection: Close\r\n\r\nhello"

    @Test("finds one response behind another")
    func finds() throws {
        #expect(
            try read(Self.two) == [
                LoadResponse(status: 200),
                LoadResponse(status: 201, body: Array("hello".utf8), closes: true),
            ])
    }

    @Test("finds the same however the bytes are cut")
    func cut() throws {
        let bytes = Array(Self.two.utf8)
        let whole = try read(Self.two)
        for size in 1..<bytes.count {
            var reader = ResponseReader()
            var found: [LoadResponse] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                reader.append(bytes[start..<min(start + size, bytes.count)])
                while let response = try reader.next() { found.append(response) }
            }
            #expect(found == whole, "cut into \(size)")
        }
    }

    @Test("knows that 204 and 304 have no body")
    func noBody() throws {
        let text = "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"
        #expect(try read(text).map(\.status) == [204, 304])
    }

    @Test("passes over what comes before the final response (RFC 9110 §15.2)")
    func informational() throws {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        #expect(try read(text).map(\.status) == [200])
    }

    @Test("takes the reason of a refusal without a body from its field")
    func errorCode() throws {
        let text =
            "HTTP/1.1 401 Unauthorized\r\nX-Error-Code: token_invalid\r\nContent-Length: 0\r\n\r\n"
        #expect(try read(text).first?.errorCode == "token_invalid")
    }

    @Test("takes of a response without a length its status, and closes")
    func untilClose() throws {
        let text = "HTTP/1.0 503 Service Unavailable\r\n\r\n<html>no server</html>"
        var reader = ResponseReader()
        reader.append(text.utf8)
        let response = try reader.next()
        #expect(response?.status == 503)
        #expect(response?.closes == true)
    }

    @Test(
        "refuses what is no response that it knows",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 40_000),
        ])
    func refuses(_ text: String) {
        #expect(throws: ResponseReader.Failure.self) { try read(text) }
    }

    @Test("waits for what is not whole")
    func waits() throws {
        #expect(try read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell") == [])
        #expect(try read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r") == [])
    }
}

@Suite("What a load learns from answers") struct LoadAnswerTests {
    @Test("a refusal's code is in its field or its body, or nowhere")
    func codes() {
        let field = LoadResponse(status: 401, errorCode: "token_invalid")
        #expect(LoadAnswer(field, to: .validate).code == "token_invalid")
        #expect(refusal(503, "no_leader").code == "no_leader")
        let page = LoadResponse(status: 503, body: Array("<html>".utf8))
        #expect(LoadAnswer(page, to: .start).code == "")
        #expect(!LoadAnswer(page, to: .start).isGood)
    }

    @Test("of a beginning it learns the session's id, of a refresh the next token")
    func learns() {
        #expect(good(.start(user: 0), number: 3).sessionID == "ses_3")
        #expect(good(.login(user: 0), number: 4).sessionID == "ses_4")
        #expect(
            good(.refresh(holder: 0, token: "wwr_a"), number: 5).refreshToken == "wwr_next5")
    }

    @Test("a good answer whose body is not understood is good, and nothing is learnt")
    func unintelligible() {
        let answer = LoadAnswer(LoadResponse(status: 201, body: [1, 2, 3]), to: .start)
        #expect(answer.isGood)
        #expect(answer.sessionID == nil)
    }
}
