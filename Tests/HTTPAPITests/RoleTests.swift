import APITypes
import AuthCore
import Testing

@testable import HTTPAPI

@Suite("roles, and no way to raise oneself (api.md, Who may do what)")
struct RoleTests {
    @Test("a role is made, read, replaced under its version, held, and removed")
    func life() throws {
        let house = try House()
        let admin = try house.logIn()
        let body = JSONValue.object([
            "permissions": .strings(["secrets:read:app/*", "invoke"]),
            "inherits": .strings(["viewer"]), "rate_limit": .string("100/minute"),
            "description": .string("for the app"),
        ])
        let made = try house.send("PUT", "/v1/roles/app", token: admin, body: body)
        #expect(made.status == 201)
        #expect(made.headers["Location"] == "/v1/roles/app")
        #expect(made.json["permissions"] == .strings(["invoke", "secrets:read:app/*"]))
        let again = try house.send(
            "PUT", "/v1/roles/app", token: admin, body: body, headers: [("If-None-Match", "*")])
        #expect(again.status == 409 && again.code == "exists")
        let replaced = try house.send(
            "PUT", "/v1/roles/app", token: admin,
            body: .object(["permissions": .strings(["invoke"])]), headers: [("If-Match", "\"1\"")])
        #expect(replaced.status == 200)
        #expect(replaced.headers["ETag"] == "\"2\"")
        #expect(replaced.json["inherits"] == .array([]))
        let bob = try house.makeUser("bob", by: admin)
        let path = "/v1/users/\(bob)/roles/app"
        #expect(try house.send("PUT", path, token: admin).status == 204)
        #expect(try house.send("PUT", path, token: admin).status == 204)
        #expect(try house.send("DELETE", "/v1/roles/app", token: admin).status == 422)
        let token = try house.logIn("bob", "password of a user")
        let looked = try house.send(
            "POST", "/v1/sessions/lookup", token: admin, body: .object(["token": .string(token)]))
        #expect(looked.json["permissions"] == .strings(["invoke"]))
        #expect(looked.json["roles"] == .strings(["app"]))
        #expect(try house.send("DELETE", path, token: admin).status == 204)
        #expect(try house.send("DELETE", "/v1/roles/app", token: admin).status == 204)
        #expect(try house.send("GET", "/v1/roles/app", token: admin).code == "not_found")
        let list = try house.send("GET", "/v1/roles", token: admin)
        #expect(list.json["items"]?.array?.count == 5)
    }

    @Test("built-in roles stay as they are, and the last super administrator cannot be lost")
    func builtIn() throws {
        let house = try House()
        let admin = try house.logIn()
        let own = try #require(try house.send("GET", "/v1/users/self", token: admin)["id"])
        for answer in [
            try house.send(
                "PUT", "/v1/roles/viewer", token: admin, body: .object(["permissions": .array([])])),
            try house.send("DELETE", "/v1/roles/viewer", token: admin),
            try house.send("DELETE", "/v1/users/\(own)", token: admin),
            try house.send("DELETE", "/v1/users/\(own)/roles/super_admin", token: admin),
            try house.send(
                "PATCH", "/v1/users/\(own)", token: admin, body: .object(["disabled": .bool(true)])),
            try house.send(
                "PATCH", "/v1/users/\(own)", token: admin, body: .object(["roles": .array([])])),
        ] {
            #expect(answer.status == 422, "\(answer.json)")
            #expect(answer.code == "invalid")
        }
    }

    @Test("every way to more than one has is refused (security C15)")
    func escalation() throws {
        let house = try House()
        let admin = try house.logIn()
        let boss = try #require(try house.send("GET", "/v1/users/self", token: admin)["id"])
        // Somebody with every permission over users, roles and sessions, but none of a secret.
        let malloryID = try house.makeUser(
            "mallory",
            permissions: [
                "users:read", "users:write", "roles:read", "roles:write", "roles:grant",
                "sessions:create", "sessions:lookup", "sessions:read", "sessions:revoke",
            ], by: admin)
        let mallory = try house.logIn("mallory", "password of a user")
        let attempts: [(String, String, JSONValue?)] = [
            ("PUT", "/v1/users/\(malloryID)/roles/super_admin", nil),
            ("PUT", "/v1/users/\(malloryID)/roles/admin", nil),
            ("PATCH", "/v1/users/\(malloryID)", .object(["roles": .strings(["super_admin"])])),
            (
                "POST", "/v1/users",
                .object([
                    "username": .string("puppet"), "password": .string("long enough for all"),
                    "roles": .strings(["admin"]),
                ])
            ),
            ("PUT", "/v1/roles/mine", .object(["permissions": .strings(["*"])])),
            ("PUT", "/v1/roles/mine", .object(["permissions": .strings(["secrets:read:app/*"])])),
            (
                "PUT", "/v1/roles/mine",
                .object(["permissions": .array([]), "inherits": .strings(["super_admin"])])
            ),
            (
                "PUT", "/v1/roles/role-of-mallory",
                .object(["permissions": .strings(["users:write", "cluster:manage"])])
            ),
            (
                "PUT", "/v1/users/\(boss)/password",
                .object(["password": .string("mallory was here")])
            ),
            ("POST", "/v1/sessions", .object(["user_id": .string(boss)])),
            ("DELETE", "/v1/users/\(boss)/roles/super_admin", nil),
        ]
        for (method, path, body) in attempts {
            let answer = try house.send(method, path, token: mallory, body: body)
            #expect(answer.status == 403, "\(method) \(path): \(answer.status) \(answer.json)")
        }
        let looked = try house.send(
            "POST", "/v1/sessions/lookup", token: admin,
            body: .object(["token": .string(mallory)]))
        #expect(looked.json["permissions"]?.array?.count == 9)
        // What Mallory has, Mallory may give.
        let mine = try house.send(
            "PUT", "/v1/roles/mine", token: mallory,
            body: .object(["permissions": .strings(["users:read"])]))
        #expect(mine.status == 201)
    }

    @Test(
        "permissions of another form are refused",
        arguments: [
            "", "*:*", "a:*", "a/*/b", "A", "a:b:c:d", "a b", "a::b", ":a", "a:", "secrets:*",
        ])
    func forms(_ permission: String) throws {
        let house = try House()
        let admin = try house.logIn()
        let answer = try house.send(
            "PUT", "/v1/roles/x", token: admin,
            body: .object(["permissions": .strings([permission])]))
        #expect(answer.status == 422, "\(permission): \(answer.status)")
    }
}
