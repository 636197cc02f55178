import APITypes
import AuthCore
import Testing

@testable import HTTPAPI

@Suite("users and passwords (api.md, Endpoints)")
struct UserTests {
    @Test("a user is made, read, changed under its version, and removed")
    func life() throws {
        let house = try House()
        let admin = try house.logIn()
        let made = try house.send(
            "POST", "/v1/users", token: admin,
            body: .object([
                "username": .string("Alice.B@example"), "email": .string("a@example.com"),
                "display_name": .string("Alice é 😀"), "kind": .string("person"),
                "metadata": .object(["team": .string("x"), "n": .array([.integer(1), .null])]),
                "password": .string("password of alice"),
            ]))
        #expect(made.status == 201)
        #expect(made["username"] == "alice.b@example")
        let id = try #require(made["id"])
        #expect(made.headers["Location"] == "/v1/users/\(id)")
        #expect(made.headers["ETag"] == "\"1\"")
        let path = "/v1/users/\(id)"

        let read = try house.send("GET", path, token: admin, to: 2)
        #expect(read.json == made.json)
        #expect(read.json["metadata"]?["n"] == .array([.integer(1), .null]))
        let same = try house.send(
            "GET", path, token: admin, headers: [("If-None-Match", "\"1\"")])
        #expect(same.status == 304 && same.body.isEmpty)

        let changed = try house.send(
            "PATCH", path, token: admin, body: .object(["email": .string("")]),
            headers: [("If-Match", "\"1\"")])
        #expect(changed.status == 200)
        #expect(changed["email"] == "")
        #expect(changed["display_name"] == "Alice é 😀")
        #expect(changed.headers["ETag"] == "\"2\"")
        let stale = try house.send(
            "PATCH", path, token: admin, body: .object(["email": .string("x@y")]),
            headers: [("If-Match", "\"1\"")])
        #expect(stale.status == 412 && stale.code == "version_mismatch")

        let twice = try house.send(
            "POST", "/v1/users", token: admin,
            body: .object(["username": .string("ALICE.b@EXAMPLE")]))
        #expect(twice.status == 409 && twice.code == "exists")

        let alice = try house.logIn("alice.b@example", "password of alice")
        #expect(try house.send("DELETE", path, token: admin).status == 204)
        #expect(try house.send("GET", path, token: admin).code == "not_found")
        #expect(try house.send("DELETE", path, token: admin).code == "not_found")
        for node in 1...3 {
            #expect(
                try house.send("GET", "/v1/users/self", token: alice, to: node).code
                    == "token_invalid")
        }
    }

    @Test(
        "values that cannot be are 422, wrong spellings of the body 400",
        arguments: [
            (#"{}"#, 422), (#"{"username":""}"#, 422), (#"{"username":"-a"}"#, 422),
            (#"{"username":"a b"}"#, 422), (#"{"username":"é"}"#, 422),
            (#"{"username":"a","kind":"robot"}"#, 422), (#"{"username":"a","email":"x"}"#, 422),
            (#"{"username":"a","email":"x@y@z"}"#, 422),
            (#"{"username":"a","display_name":"a\u0000b"}"#, 422),
            (#"{"username":"a","display_name":"a\nb"}"#, 422),
            (#"{"username":"a","roles":["X"]}"#, 422), (#"{"username":"a","roles":"x"}"#, 422),
            (#"{"username":"a","roles":["no-such-role"]}"#, 404),
            (#"{"username":"a","disabled":"yes"}"#, 422),
            (#"{"username":"a","metadata":[]}"#, 422),
            (#"{"username":"a","metadata":{"a":{"a":1,"a":2}}}"#, 400),
            (#"{"username":"a","password":"short"}"#, 422),
            (#"{"username":"a","password":"long enough for all","password_hash":"$6$x$y"}"#, 422),
            (#"{"username":"a","password_hash":"plain"}"#, 422),
            (#"{"username":"a","id":"usr_0000000000000000000001"}"#, 400),
            (#"{"username":"a","version":1}"#, 400), (#"{"Username":"a"}"#, 400),
        ])
    func refused(_ text: String, _ status: Int) throws {
        let house = try House()
        let admin = try house.logIn()
        let answer = try house.send("POST", "/v1/users", token: admin, text: text)
        #expect(answer.status == status, "\(text): \(answer.json)")
    }

    @Test("the caller's own password needs the old one, and signs the other sessions out")
    func ownPassword() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", by: admin)
        let here = try house.logIn("bob", "password of a user")
        let there = try house.logIn("bob", "password of a user", to: 2)
        func change(_ old: String, _ new: String) throws -> HouseAnswer {
            try house.send(
                "PUT", "/v1/users/self/password", token: here,
                body: .object(["old_password": .string(old), "new_password": .string(new)]))
        }
        #expect(try change("wrong", "another password").code == "invalid_credentials")
        #expect(try change("password of a user", "short").status == 422)
        #expect(try change("password of a user", "another password").status == 204)
        #expect(try house.send("GET", "/v1/users/self", token: here).status == 200)
        #expect(
            try house.send("GET", "/v1/users/self", token: there).code == "token_invalid")
        _ = try house.logIn("bob", "another password")
        let old = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("bob"), "password": .string("password of a user"),
            ]))
        #expect(old.code == "invalid_credentials")
    }

    @Test("another's password ends all their sessions")
    func otherPassword() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        let session = try house.logIn("bob", "password of a user")
        let set = try house.send(
            "PUT", "/v1/users/\(bob)/password", token: admin,
            body: .object(["password": .string("set by the admin")]))
        #expect(set.status == 204)
        #expect(
            try house.send("GET", "/v1/users/self", token: session, to: 3).code
                == "token_invalid")
        _ = try house.logIn("bob", "set by the admin")
    }

    @Test("disabling ends sessions for ever, also when the user is enabled again")
    func disabling() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        let session = try house.logIn("bob", "password of a user")
        for disabled in [true, false] {
            let answer = try house.send(
                "PATCH", "/v1/users/\(bob)", token: admin,
                body: .object(["disabled": .bool(disabled)]))
            #expect(answer.json["disabled"] == .bool(disabled))
            #expect(
                try house.send("GET", "/v1/users/self", token: session).code == "token_invalid")
        }
        _ = try house.logIn("bob", "password of a user")
    }

    @Test("lists come in pages behind cursors that nobody can forge (security A19)")
    func pages() throws {
        let house = try House()
        let admin = try house.logIn()
        for number in 0..<9 { _ = try house.makeUser("user\(number)", by: admin) }
        var names: [String] = []
        var cursor: String?
        var pages = 0
        repeat {
            let query = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try house.send(
                "GET", "/v1/users?limit=4\(query)", token: admin, to: 1 + pages % 3)
            names += try #require(page.json["items"]?.array).compactMap { $0["username"]?.string }
            cursor = page["next_cursor"]
            pages += 1
        } while cursor != nil && pages < 10
        #expect(names == ["admin"] + (0..<9).map { "user\($0)" })
        #expect(pages == 3)

        let first = try house.send("GET", "/v1/users?limit=4", token: admin)
        let genuine = try #require(first["next_cursor"])
        let roles = try house.send("GET", "/v1/roles?cursor=\(genuine)", token: admin)
        #expect(roles.code == "malformed")
        for index in genuine.utf8.indices {
            var forged = Array(genuine.utf8)
            let offset = genuine.utf8.distance(from: genuine.utf8.startIndex, to: index)
            forged[offset] =
                forged[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let text = String(decoding: forged, as: UTF8.self)
            let answer = try house.send("GET", "/v1/users?cursor=\(text)", token: admin)
            #expect(answer.status == 400, "\(text)")
        }
        for limit in ["0", "1001", "-1", "x", "", "1e2", "99999999999999999999"] {
            #expect(
                try house.send("GET", "/v1/users?limit=\(limit)", token: admin).status == 422)
        }
        let named = try house.send("GET", "/v1/users?username=USER3", token: admin)
        #expect(named.json["items"]?.array?.count == 1)
    }

    @Test("nobody without the permission reads or changes users, and everybody reads themselves")
    func permissions() throws {
        let house = try House()
        let admin = try house.logIn()
        let id = try house.makeUser("bob", by: admin)
        let bob = try house.logIn("bob", "password of a user")
        for (method, path, body) in [
            ("GET", "/v1/users", nil), ("GET", "/v1/users/\(id)", nil),
            ("POST", "/v1/users", .object(["username": .string("x")])),
            ("PATCH", "/v1/users/\(id)", .object(["email": .string("")])),
            ("DELETE", "/v1/users/\(id)", nil),
            (
                "PUT", "/v1/users/\(id)/password",
                .object(["password": .string("long enough for all")])
            ),
            ("PUT", "/v1/users/\(id)/roles/admin", nil),
            ("DELETE", "/v1/users/\(id)/roles/admin", nil), ("GET", "/v1/roles", nil),
            ("PUT", "/v1/roles/x", .object(["permissions": .array([])])),
            ("DELETE", "/v1/roles/x", nil), ("GET", "/v1/audit", nil), ("GET", "/v1/cluster", nil),
            ("POST", "/v1/cluster/transfer", nil),
            ("POST", "/v1/sessions", .object(["user_id": .string(id)])),
            ("POST", "/v1/sessions/lookup", .object(["token": .string(bob)])),
            ("GET", "/v1/sessions?user_id=\(id)", nil), ("DELETE", "/v1/users/\(id)/sessions", nil),
            ("GET", "/v1/secrets", nil), ("GET", "/v1/secrets/a", nil),
            ("PUT", "/v1/secrets/a", .object(["value": .string("x")])),
            ("DELETE", "/v1/secrets/a", nil), ("GET", "/metrics", nil),
        ] as [(String, String, JSONValue?)] {
            let answer = try house.send(method, path, token: bob, body: body)
            #expect(answer.status == 403, "\(method) \(path): \(answer.status)")
            #expect(answer.code == "insufficient_permissions", "\(method) \(path)")
            let anonymous = try house.send(method, path, body: body)
            #expect(anonymous.code == "missing_credentials", "\(method) \(path)")
            #expect(anonymous.headers["WWW-Authenticate"] == "Bearer realm=\"watchword\"")
            let junk = try house.send(method, path, token: "wws_junk", body: body)
            #expect(junk.code == "token_invalid", "\(method) \(path)")
        }
        let own = try house.send("GET", "/v1/users/self", token: bob)
        #expect(own["id"] == id)
    }
}
