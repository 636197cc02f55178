import APITypes
import AuthCore
import ByteCodec
import Testing

@testable import AuthService
@testable import HTTPAPI

/// An answer as a client sees it.
struct HouseAnswer {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]
    let json: JSONValue
    /// The code of an error.
    var code: String? { json["code"]?.string }
    /// What the log tells.
    let record: Exchange.Record
    let closes: Bool

    subscript(_ name: String) -> String? { json[name]?.string }
}

extension House {
    /// Sends one request through reader, API and serialiser, and checks the answer against the
    /// route's own description.
    @discardableResult
    func send(
        _ method: String, _ target: String, token: String? = nil, body: JSONValue? = nil,
        text: String? = nil, headers: [(String, String)] = [], to node: Int = 1,
        from address: String = "127.0.0.1", checked: Bool = true
    ) throws -> HouseAnswer {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: auth.example.com"]
        if let token { lines.append("Authorization: Bearer \(token)") }
        let content = text.map { Array($0.utf8) } ?? body?.bytes
        if let content {
            lines.append("Content-Length: \(content.count)")
            if !headers.contains(where: { $0.0 == "Content-Type" }) {
                lines.append("Content-Type: application/json")
            }
        }
        for (name, value) in headers { lines.append("\(name): \(value)") }
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (content ?? [])
        return try send(bytes: bytes, to: nodes[node - 1], from: address, checked: checked)
    }

    func send(
        bytes: [UInt8], to node: HouseNode, from address: String = "127.0.0.1",
        checked: Bool = true
    ) throws -> HouseAnswer {
        let request = try read(bytes, node, address)
        var exchange = node.api.handle(request)
        for _ in 0..<100 {
            switch exchange.step {
            case .need(let need): exchange.resume(try complete(need, on: node))
            case .respond(let response):
                let answer = answer(response, exchange)
                if checked { try conforms(answer, to: request, node) }
                return answer
            }
        }
        throw HouseError()
    }

    /// Begins one request, whose needs the caller carries out.
    func begin(
        _ method: String, _ target: String, body: JSONValue, on node: HouseNode
    ) throws -> Exchange {
        let content = body.bytes
        let head =
            "\(method) \(target) HTTP/1.1\r\nHost: auth.example.com\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(content.count)\r\n\r\n"
        return node.api.handle(try read(Array(head.utf8) + content, node, "127.0.0.1"))
    }

    private func read(
        _ bytes: [UInt8], _ node: HouseNode, _ address: String
    ) throws -> HTTPRequest {
        var reader = RequestReader()
        reader.feed(bytes)
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        func whole() throws -> HTTPRequest {
            HTTPRequest(head: try #require(head), body: body, remoteAddress: address)
        }
        while let event = reader.next() {
            switch event {
            case .head(let read):
                head = read
                switch node.api.admit(read) {
                case .read(let limit, _): reader.expectBody(atMost: limit)
                case .answerNow: return try whole()
                }
            case .body(let part): body += part
            case .end: return try whole()
            case .failure(let failure): throw failure
            }
        }
        throw HouseError()
    }

    private func answer(_ response: HTTPResponse, _ exchange: Exchange) -> HouseAnswer {
        var json = JSONValue.null
        if response.headers["Content-Type"]?.contains("json") == true {
            let limits = JSONLimits(depthMax: 64, nodesMax: 100_000, stringBytesMax: 1 << 20)
            do throws(JSONError) {
                json = try JSONValue(parsing: response.body, limits: limits)
            } catch {
                Issue.record("the answer is no JSON: \(error)")
            }
        }
        return HouseAnswer(
            status: response.status, headers: response.headers, body: response.body, json: json,
            record: exchange.record, closes: response.closes)
    }

    /// Every answer must be one that the route declares.
    private func conforms(
        _ answer: HouseAnswer, to request: HTTPRequest, _ node: HouseNode
    ) throws {
        #expect(answer.headers["X-Request-ID"] == answer.record.requestID)
        #expect(answer.headers["Cache-Control"] != nil)
        guard
            case .found(let route, _) = node.api.table.match(
                method: request.method, path: request.path)
        else { return }
        if route.isVersioned {
            #expect(answer.headers["Watchword-Index"] != nil)
            #expect(answer.headers["Watchword-Term"] == "2")
            #expect(answer.headers["Watchword-Leader"] == "n1")
        }
        let own = route.answers.first { $0.status == answer.status }
        let shared = route.sharedResponses.first { $0.status == answer.status }?.response
        let described = own.map { route.headers(of: $0) } ?? shared?.headers ?? []
        // What the document leaves out is plain HTTP, or comes with what the client sent.
        let names =
            described.map(\.rawValue)
            + ["Content-Type", "X-Content-Type-Options", "traceparent", "Allow"]
        for field in answer.headers.fields {
            #expect(
                names.contains { $0.lowercased() == field.name.lowercased() },
                "\(route.name) \(answer.status) does not declare \(field.name)")
        }
        if let own, request.method != "HEAD" {
            #expect((answer.headers["ETag"] != nil) == own.isTagged, "\(route.name)")
        }
        if let declared = own {
            guard let schema = declared.schema, declared.mediaType == "application/json" else {
                if declared.schema == nil { #expect(answer.body.isEmpty) }
                return
            }
            do throws(SchemaFault) {
                try schema.check(answer.json)
            } catch {
                Issue.record("\(route.name) \(answer.status): \(error)")
            }
        } else {
            #expect(shared != nil, "\(route.name) does not declare \(answer.status)")
            guard shared?.isProblem != false else { return #expect(answer.body.isEmpty) }
            #expect(ProblemDetails(json: answer.json)?.status == answer.status)
            #expect(answer.headers["Content-Type"] == ProblemDetails.mediaType)
        }
    }

    /// Logs somebody in, and gives the session token.
    func logIn(
        _ username: String = "admin", _ password: String = House.adminPassword, to node: Int = 1
    ) throws -> String {
        let answer = try send(
            "POST", "/v1/auth/login",
            body: .object(["username": .string(username), "password": .string(password)]),
            to: node)
        return try #require(answer["session_token"], "\(answer.status) \(answer.json)")
    }

    /// Makes a user with a role of these permissions, and gives the user's id.
    func makeUser(
        _ username: String, password: String = "password of a user", permissions: [String] = [],
        by token: String
    ) throws -> String {
        var roles: [String] = []
        if !permissions.isEmpty {
            let role = "role-of-\(username)"
            let made = try send(
                "PUT", "/v1/roles/\(role)", token: token,
                body: .object(["permissions": .strings(permissions)]))
            #expect(made.status == 201, "\(made.json)")
            roles = [role]
        }
        let answer = try send(
            "POST", "/v1/users", token: token,
            body: .object([
                "username": .string(username), "password": .string(password),
                "roles": .strings(roles),
            ]))
        return try #require(answer["id"], "\(answer.status) \(answer.json)")
    }
}
