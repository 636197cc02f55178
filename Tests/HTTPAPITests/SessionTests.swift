import APITypes
import AuthCore
import ByteCodec
import Testing

@testable import HTTPAPI

@Suite("sessions (api.md, Endpoints)")
struct SessionTests {
    @Test("a service begins a session for a user, and looks it up on every node")
    func delegated() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", permissions: ["invoke"], by: admin)
        let made = try house.send(
            "POST", "/v1/sessions", token: admin,
            body: .object([
                "user_id": .string(bob), "ttl_seconds": .integer(60), "label": .string("sso"),
            ]))
        #expect(made.status == 201)
        #expect(made.json["session"]?["auth_method"] == .string("delegated"))
        let token = try #require(made["session_token"])
        for node in 1...3 {
            let found = try house.send(
                "POST", "/v1/sessions/lookup", token: admin,
                body: .object(["token": .string(token)]), to: node)
            #expect(found.status == 200)
            #expect(found.json["user"]?["id"] == .string(bob))
            #expect(found.json["permissions"] == .strings(["invoke"]))
        }
        house.now = House.start.advanced(milliseconds: 60_000)
        let late = try house.send(
            "POST", "/v1/sessions/lookup", token: admin,
            body: .object(["token": .string(token)]))
        #expect(late.code == "not_found")
        for wrong in ["x", "wws_" + String(repeating: "0", count: 49), token + "a"] {
            let answer = try house.send(
                "POST", "/v1/sessions/lookup", token: admin,
                body: .object(["token": .string(wrong)]))
            #expect(answer.code == "not_found")
        }
        let nobody = try house.send(
            "POST", "/v1/sessions", token: admin,
            body: .object(["user_id": .string("usr_0000000000000000000001")]))
        #expect(nobody.code == "not_found")
    }

    @Test("people see and end their own sessions, and no others")
    func devices() throws {
        let house = try House()
        let admin = try house.logIn()
        let id = try house.makeUser("bob", by: admin)
        let first = try house.logIn("bob", "password of a user")
        let second = try house.logIn("bob", "password of a user", to: 2)
        let own = try house.send("GET", "/v1/users/self/sessions", token: first, to: 3)
        let items = try #require(own.json["items"]?.array)
        #expect(items.count == 2)
        let ids = items.compactMap { $0["id"]?.string }
        let adminSession = try #require(
            try house.send("GET", "/v1/sessions/self", token: admin)["id"])
        #expect(try house.send("GET", "/v1/sessions/\(ids[1])", token: first).status == 200)
        #expect(
            try house.send("GET", "/v1/sessions/\(adminSession)", token: first).status == 403)
        #expect(
            try house.send("DELETE", "/v1/sessions/\(adminSession)", token: first).status == 403)
        #expect(try house.send("DELETE", "/v1/sessions/\(ids[1])", token: first).status == 204)
        #expect(
            try house.send("GET", "/v1/users/self", token: second, to: 3).code
                == "token_invalid")
        let listed = try house.send("GET", "/v1/sessions?user_id=\(id)", token: admin)
        #expect(listed.json["items"]?.array?.count == 1)
        #expect(try house.send("GET", "/v1/sessions", token: admin).status == 422)
        let kept = try house.send(
            "DELETE", "/v1/users/self/sessions?keep_current=true", token: first)
        #expect(kept.status == 204)
        #expect(try house.send("GET", "/v1/users/self", token: first).status == 200)
        #expect(
            try house.send("DELETE", "/v1/users/self/sessions", token: first).status == 204)
        #expect(try house.send("GET", "/v1/users/self", token: first).code == "token_invalid")
    }

    @Test("all sessions of a user end at once, on every node, before the answer")
    func revokeAll() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        let tokens = try (0..<20).map {
            try house.logIn("bob", "password of a user", to: 1 + $0 % 3)
        }
        #expect(
            try house.send("DELETE", "/v1/users/\(bob)/sessions", token: admin, to: 2).status
                == 204)
        for token in tokens {
            for node in 1...3 {
                let answer = try house.send(
                    "GET", "/v1/validate", token: token, to: node, checked: false)
                #expect(answer.status == 401)
            }
        }
        _ = try house.logIn("bob", "password of a user")
    }

    @Test("revoked and never begun are the same 404, and a session's id hides its number")
    func ids() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        var ids: [String] = []
        for _ in 0..<2 {
            let made = try house.send(
                "POST", "/v1/sessions", token: admin, body: .object(["user_id": .string(bob)]))
            ids.append(try #require(made.json["session"]?["id"]?.string))
        }
        #expect(ids[0].prefix(10) != ids[1].prefix(10))
        #expect(try house.send("DELETE", "/v1/sessions/\(ids[0])", token: admin).status == 204)
        for id in [ids[0], "ses_0000000000000000000001", "ses_x", "x"] {
            for method in ["GET", "DELETE"] {
                #expect(
                    try house.send(method, "/v1/sessions/\(id)", token: admin).code
                        == "not_found", "\(method) \(id)")
            }
        }
    }
}
