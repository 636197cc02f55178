import APITypes
import AuthCore
import ByteCodec
import Cryptography
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("a repeated request gets the first answer again (api.md, Idempotency-Key)")
struct IdempotencyTests {
    private let key = ("Idempotency-Key", "key-1")

    @Test("on any node, with the same token, and never with another body")
    func logIn() throws {
        let house = try House()
        func send(_ password: String, key: String = "k", to node: Int) throws -> HouseAnswer {
            try house.send(
                "POST", "/v1/auth/login",
                body: .object([
                    "username": .string("admin"), "password": .string(password),
                    "tokens": .bool(true),
                ]), headers: [("Idempotency-Key", key)], to: node)
        }
        let first = try send(House.adminPassword, to: 1)
        #expect(first.status == 201)
        let again = try send(House.adminPassword, to: 3)
        #expect(again.body == first.body)
        let other = try send(House.adminPassword, key: "l", to: 2)
        #expect(other["session_token"] != first["session_token"])
        let mismatch = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("admin"), "password": .string(House.adminPassword),
            ]), headers: [("Idempotency-Key", "k")])
        #expect(mismatch.status == 422 && mismatch.code == "idempotency_mismatch")
        // After 10 minutes a credential is not shown again.
        house.now = House.start.advanced(milliseconds: 600_001)
        #expect(try send(House.adminPassword, to: 1)["session_token"] != first["session_token"])
    }

    @Test("a password in a body is remembered by HMAC, and no token lies in the state in clear")
    func sealed() throws {
        let house = try House()
        let answer = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("admin"), "password": .string(House.adminPassword),
            ]), headers: [key])
        let token = try #require(answer["session_token"])
        let parsed = try #require(
            house.tokens.parseWithVerifier(Array(token.utf8), as: .session))
        let verifier = parsed.verifier.bytes.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        for command in house.commands {
            let bytes = command.encoded()
            for start in 0..<max(0, bytes.count - verifier.count) {
                #expect(!bytes[start..<(start + 8)].elementsEqual(verifier[..<8]))
            }
        }
    }

    @Test("every kind of write is made once, also when the object changed since")
    func writes() throws {
        let house = try House()
        let admin = try house.logIn()
        func twice(
            _ method: String, _ path: String, _ body: JSONValue?, _ key: String
        ) throws -> HouseAnswer {
            let headers = [("Idempotency-Key", key)]
            let first = try house.send(method, path, token: admin, body: body, headers: headers)
            #expect(first.status < 300, "\(method) \(path): \(first.json)")
            let count = house.log.count
            let second = try house.send(
                method, path, token: admin, body: body, headers: headers, to: 2)
            #expect(second.status == first.status, "\(method) \(path)")
            #expect(second.body == first.body, "\(method) \(path)")
            #expect(house.log.count <= count + 1)
            return first
        }
        let user = try twice(
            "POST", "/v1/users",
            .object(["username": .string("bob"), "password": .string("long enough for all")]), "a")
        let id = try #require(user["id"])
        _ = try twice("PATCH", "/v1/users/\(id)", .object(["email": .string("b@c")]), "b")
        _ = try twice(
            "PUT", "/v1/roles/app", .object(["permissions": .strings(["invoke"])]), "c")
        _ = try twice("PUT", "/v1/users/\(id)/roles/app", nil, "d")
        _ = try twice("DELETE", "/v1/users/\(id)/roles/app", nil, "e")
        _ = try twice("PUT", "/v1/secrets/a/b", .object(["value": .string("x")]), "f")
        _ = try twice("DELETE", "/v1/secrets/a/b", nil, "g")
        _ = try twice(
            "PUT", "/v1/users/\(id)/password",
            .object(["password": .string("yet another one here")]), "h")
        _ = try twice("POST", "/v1/sessions", .object(["user_id": .string(id)]), "i")
        _ = try twice("DELETE", "/v1/users/\(id)/sessions", nil, "j")
        _ = try twice("DELETE", "/v1/roles/app", nil, "k")
        _ = try twice("DELETE", "/v1/users/\(id)", nil, "l")
        let secret = try house.send("GET", "/v1/secrets/a/b:versions", token: admin)
        #expect(secret.json["items"]?.array?.count == 1)
    }

    @Test("a change of the own password is repeated although the old one is gone")
    func ownPassword() throws {
        let house = try House()
        let admin = try house.logIn()
        let body = JSONValue.object([
            "old_password": .string(House.adminPassword),
            "new_password": .string("yet another one here"),
        ])
        for node in 1...3 {
            let answer = try house.send(
                "PUT", "/v1/users/self/password", token: admin, body: body, headers: [key],
                to: node)
            #expect(answer.status == 204, "node \(node): \(answer.json)")
        }
        _ = try house.logIn("admin", "yet another one here")
    }

    @Test("the same key of another user, method or path is another request")
    func scope() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", permissions: ["users:write"], by: admin)
        let bob = try house.logIn("bob", "password of a user")
        for (token, name) in [(admin, "x"), (bob, "y")] {
            let answer = try house.send(
                "POST", "/v1/users", token: token, body: .object(["username": .string(name)]),
                headers: [key])
            #expect(answer.status == 201)
            #expect(answer["username"] == name)
        }
        let role = try house.send(
            "PUT", "/v1/roles/x", token: admin, body: .object(["permissions": .array([])]),
            headers: [key])
        #expect(role.status == 201)
    }

    @Test("a request that is still running is 409, and is free again when it ends")
    func running() throws {
        let house = try House()
        let api = try #require(house.nodes[0].api)
        let body = JSONValue.object([
            "username": .string("admin"), "password": .string(House.adminPassword),
        ]).bytes
        let head = HTTPRequestHead(
            method: "POST", path: "/v1/auth/login",
            headers: ["content-type": "application/json", "idempotency-key": "k"],
            framing: .length(body.count))
        let request = HTTPRequest(head: head, body: body)
        do {
            let first = api.handle(request)
            guard case .need = first.step, case .respond(let second) = api.handle(request).step
            else {
                Issue.record("no need, or no answer")
                return
            }
            #expect(second.status == 409)
        }
        // The first was abandoned.
        guard case .need = api.handle(request).step else {
            Issue.record("the key is still taken")
            return
        }
    }

    @Test("what was refused before the log is not remembered")
    func refused() throws {
        let house = try House()
        for password in ["wrong", House.adminPassword] {
            let answer = try house.send(
                "POST", "/v1/auth/login",
                body: .object(["username": .string("admin"), "password": .string(password)]),
                headers: [key])
            #expect(answer.status == (password == "wrong" ? 401 : 201))
        }
    }

    @Test("keys of another form are refused")
    func forms() throws {
        let house = try House()
        for odd in ["", "a b", String(repeating: "a", count: 129)] {
            let answer = try house.send(
                "POST", "/v1/auth/login", text: "{}", headers: [("Idempotency-Key", odd)])
            #expect(answer.code == "malformed")
        }
    }

    @Test(
        "what ends the calling session is repeated with the ended token, which opens nothing else")
    func selfEnding() throws {
        for (method, path) in [
            ("POST", "/v1/auth/logout"), ("DELETE", "/v1/users/self/sessions"),
            ("DELETE", "/v1/sessions/OWN"), ("DELETE", "/v1/users/USER/sessions"),
        ] {
            let house = try House()
            let token = try house.logIn()
            let own = try house.send("GET", "/v1/sessions/self", token: token).json
            let target = path.replacing("OWN", with: try #require(own["id"]?.string))
                .replacing("USER", with: try #require(own["user_id"]?.string))
            func end(_ key: String?, to node: Int) throws -> HouseAnswer {
                try house.send(
                    method, target, token: token,
                    headers: key.map { [("Idempotency-Key", $0)] } ?? [], to: node)
            }
            let first = try end("k1", to: 1)
            let written = house.commands.count
            for node in 1...3 {
                // The third has applied nothing of it before it is asked.
                let again = try end("k1", to: node)
                #expect(again.status == 204, "\(method) \(path) \(again.json)")
                #expect(again.headers["Watchword-Index"] == first.headers["Watchword-Index"])
            }
            #expect(house.commands.count == written)
            #expect(try end("k2", to: 2).code == "token_invalid")
            #expect(try end(nil, to: 2).code == "token_invalid")
            let other = try house.send(
                "DELETE", "/v1/users/self", token: token, headers: [("Idempotency-Key", "k1")],
                checked: false)
            #expect(other.status != 204)
            #expect(try house.send("GET", "/v1/users/self", token: token).status == 401)
            house.now = house.now.advanced(milliseconds: 25 * 3_600_000)
            #expect(try end("k1", to: 1).status == 401)
        }
    }
}
