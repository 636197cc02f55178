import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("API keys (api.md)")
struct KeyTests: KeyTesting {
    let house: House
    let admin: String

    init() throws {
        house = try House()
        admin = try house.logIn()
    }

    @Test("A key is shown once, and is good in each of its three places")
    func making() throws {
        let made = try make([
            JSONMember("name", .string("ci")), JSONMember("prefix", .string("acme-ci")),
            permissions("invoke", "users:read"),
            JSONMember("metadata", .object(["team": .string("x")])),
            JSONMember("rate_limit", .string("100/minute")),
        ])
        let key = try #require(made["key"])
        let id = try #require(made["id"])
        #expect(key.hasPrefix("acme-ci_") && key.utf8.count == 8 + 49)
        #expect(made.headers["Location"] == "/v1/keys/\(id)")
        #expect(made.headers["Cache-Control"] == "no-store")
        #expect(made["owner_id"] == "usr_" + String(repeating: "0", count: 20) + "2n")
        for header in ["X-API-Key", "API-Key", "Authorization"] {
            let answer = try validate(key, "?permission=invoke", header: header)
            #expect(answer.status == 200)
            #expect(answer.headers["X-Auth-Method"] == "api_key")
            #expect(answer.headers["X-Credential-ID"] == id)
            #expect(answer.headers["X-Session-ID"] == "")
            #expect(answer.headers["X-User-Name"] == "admin")
            #expect(answer.headers["X-User-Roles"] == "")
            #expect(answer.headers["X-Permissions"] == "invoke,users:read")
            #expect(answer.headers["X-Token-Expires-At"] == made["expires_at"])
        }
        #expect(try validate(key, "?permission=users:write").status == 403)
        #expect(try house.send("GET", "/v1/users", token: key).status == 200)
        #expect(try house.send("GET", "/v1/keys", token: key).status == 403)
        let read = try house.send("GET", "/v1/keys/\(id)", token: admin)
        #expect(read["name"] == "ci" && read["key"] == nil)
        #expect(read.json["metadata"] == .object(["team": .string("x")]))
        for part in ["acme-ci_", String(key.suffix(20))] {
            #expect(!String(decoding: read.body, as: UTF8.self).contains(part))
        }
    }

    @Test("It lives as long as was asked for, or chosen, or until it is deleted")
    func expiry() throws {
        func end(_ member: JSONMember?) throws -> String? {
            try make([member].compactMap { $0 })["expires_at"]
        }
        func after(_ seconds: UInt64) -> String {
            house.now.advanced(milliseconds: seconds * 1_000).rfc3339
        }
        #expect(try end(nil) == after(90 * 86_400))
        #expect(try end(JSONMember("ttl_seconds", .unsigned(60))) == after(60))
        #expect(try end(JSONMember("expires_at", .null)) == nil)
        #expect(try end(JSONMember("expires_at", .string(after(5)))) == after(5))
        for wrong in [
            [JSONMember("expires_at", .string(after(0)))],
            [JSONMember("expires_at", .string("2026-02-30T00:00:00.000Z"))],
            [JSONMember("expires_at", .null), JSONMember("ttl_seconds", .unsigned(1))],
        ] {
            #expect(try make(wrong, status: 422).code == "invalid")
        }
        let short = try make([JSONMember("ttl_seconds", .unsigned(1))])
        let never = try make([JSONMember("expires_at", .null)])
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(
            try validate(#require(short["key"])).headers["X-Error-Code"] == "token_expired")
        let allowed = try validate(#require(never["key"]))
        #expect(allowed.status == 200 && allowed.headers["X-Token-Expires-At"] == "")
        let list = try house.send("GET", "/v1/keys", token: admin)
        #expect(list.json["items"]?.array?.contains { $0["id"]?.string == short["id"] } == false)
    }

    @Test("What is wrong with a body is told, and makes nothing")
    func wrongBodies() throws {
        for (member, code) in [
            (JSONMember("prefix", .string("ww")), "invalid"),
            (JSONMember("prefix", .string("wwx")), "invalid"),
            (JSONMember("prefix", .string("A")), "invalid"),
            (JSONMember("permissions", .strings(["a:*"])), "invalid"),
            (JSONMember("allowed_addresses", .strings(["10.0.0.0/33"])), "invalid"),
            (JSONMember("sha256", .string(String(repeating: "A", count: 64))), "invalid"),
            (JSONMember("rate_limit", .string("fast")), "invalid"),
        ] {
            #expect(try make([member], status: 422).code == code, "\(member.name)")
        }
        let both = [permissions("a"), JSONMember("roles", .strings(["viewer"]))]
        #expect(try make(both, status: 422).code == "invalid")
        #expect(try make([JSONMember("color", .null)], status: 400).code == "unknown_field")
        let nobody = JSONMember("owner_id", .string("usr_0000000000000000000009"))
        #expect(try make([nobody], status: 404).code == "not_found")
        #expect(try make([JSONMember("roles", .strings(["nothing"]))], status: 404).code != nil)
        let list = try house.send("GET", "/v1/keys", token: admin)
        #expect(list.json["items"]?.array?.isEmpty == true)
    }

    @Test("Nobody gives a key more than they have, nor than its owner has, now or later")
    func escalation() throws {
        let owner = try house.makeUser(
            "bob", permissions: ["invoke", "keys:write", "keys:read"], by: admin)
        let bob = try house.logIn("bob", "password of a user")
        let denied = try make([permissions("users:read")], by: bob, status: 403)
        #expect(denied.code == "insufficient_permissions")
        try make([JSONMember("roles", .strings(["role-of-bob"]))], by: bob, status: 403)
        try make(
            [permissions("users:read"), JSONMember("owner_id", .string(owner))], status: 403)
        let made = try make([
            JSONMember("roles", .strings(["role-of-bob"])),
            JSONMember("owner_id", .string(owner)),
        ])
        let key = try #require(made["key"])
        let before = try validate(key, "?permission=invoke")
        #expect(before.headers["X-User-Roles"] == "role-of-bob")
        #expect(before.headers["X-User-ID"] == owner)
        // Through the key it is no more than through the session.
        let second = try make([permissions("invoke")], by: key)
        #expect(second["owner_id"] == owner)
        try make([permissions("users:read")], by: key, status: 403)
        let taken = try house.send(
            "DELETE", "/v1/users/\(owner)/roles/role-of-bob", token: admin)
        #expect(taken.status == 204)
        let after = try validate(key, to: 3)
        #expect(after.status == 200)
        #expect(after.headers["X-Permissions"] == "" && after.headers["X-User-Roles"] == "")
        #expect(try validate(key, "?permission=invoke").status == 403)
    }

    @Test("Rotating keeps id and rights; the key before is good for the grace time")
    func rotating() throws {
        let made = try make([permissions("invoke")])
        let id = try #require(made["id"])
        let first = try #require(made["key"])
        let rotated = try house.send(
            "POST", "/v1/keys/\(id)/rotate", token: admin,
            body: .object(["grace_seconds": .unsigned(60)]), to: 2)
        #expect(rotated.status == 201 && rotated["id"] == id, "\(rotated.json)")
        let second = try #require(rotated["key"])
        #expect(second != first)
        for key in [first, second] { #expect(try validate(key, to: 3).status == 200) }
        #expect(
            try validate(first).headers["X-Token-Expires-At"] == rotated["previous_expires_at"])
        house.now = house.now.advanced(milliseconds: 60_000)
        #expect(try validate(first).headers["X-Error-Code"] == "token_expired")
        #expect(try validate(second).status == 200)
        let third = try house.send("POST", "/v1/keys/\(id)/rotate", token: admin)
        #expect(third.status == 201)
        #expect(try validate(second).status == 401)
        #expect(try validate(#require(third["key"])).status == 200)
        let long = try house.send(
            "POST", "/v1/keys/\(id)/rotate", token: admin,
            body: .object(["grace_seconds": .unsigned(2_592_001)]))
        #expect(long.status == 422)
        let stale = try house.send(
            "POST", "/v1/keys/\(id)/rotate", token: admin, headers: [("If-Match", "\"1\"")])
        #expect(stale.status == 412)
        let nobody = try house.send(
            "POST", "/v1/keys/key_0000000000000000000001/rotate", token: admin)
        #expect(nobody.status == 404)
    }

    @Test("Whoever may write keys and lacks what a key gives can end it, and have it by no way")
    func othersKeys() throws {
        let key = try make([permissions("users:write")])
        let id = try #require(key["id"])
        _ = try house.makeUser("eve", permissions: ["keys:write", "keys:read"], by: admin)
        let eve = try house.logIn("eve", "password of a user")
        let rotated = try house.send("POST", "/v1/keys/\(id)/rotate", token: eve)
        #expect(rotated.status == 403 && rotated.code == "insufficient_permissions")
        func patch(_ body: JSONValue) throws -> Int {
            try house.send("PATCH", "/v1/keys/\(id)", token: eve, body: body).status
        }
        #expect(try patch(.object(["expires_at": .null])) == 403)
        #expect(try patch(.object(["permissions": .strings(["users:read"])])) == 403)
        #expect(try patch(.object(["ttl_seconds": .unsigned(60)])) == 200)
        #expect(try patch(.object(["allowed_addresses": .strings(["10.0.0.0/8"])])) == 200)
        #expect(try patch(.object(["allowed_addresses": .strings([])])) == 403)
        #expect(try house.send("GET", "/v1/keys/\(id)", token: eve).status == 200)
        #expect(try house.send("DELETE", "/v1/keys/\(id)", token: eve).status == 204)
        #expect(try validate(#require(key["key"])).status == 401)
        _ = try house.makeUser("nobody", by: admin)
        let nobody = try house.logIn("nobody", "password of a user")
        for (method, path) in [
            ("GET", "/v1/keys"), ("GET", "/v1/keys/\(id)"), ("DELETE", "/v1/keys/\(id)"),
            ("POST", "/v1/keys/\(id)/rotate"),
        ] {
            #expect(try house.send(method, path, token: nobody).status == 403)
        }
    }

    @Test("Fields change one by one, on the condition of the version")
    func patching() throws {
        let made = try make([permissions("invoke")])
        let id = try #require(made["id"])
        func patch(_ body: JSONValue, _ match: String? = nil) throws -> HouseAnswer {
            try house.send(
                "PATCH", "/v1/keys/\(id)", token: admin, body: body,
                headers: match.map { [("If-Match", $0)] } ?? [])
        }
        let named = try patch(.object(["name": .string("x")]), "\"1\"")
        #expect(named.status == 200 && named["name"] == "x" && named.headers["ETag"] == "\"2\"")
        #expect(try patch(.object(["name": .string("y")]), "\"1\"").status == 412)
        let roles = try patch(.object(["roles": .strings(["viewer"])]))
        #expect(roles.json["roles"] == .strings(["viewer"]))
        #expect(roles.json["permissions"] == .strings([]))
        let key = try #require(made["key"])
        #expect(try validate(key, "?permission=users:read").status == 200)
        #expect(try validate(key, "?permission=invoke").status == 403)
        #expect(try validate(key).headers["X-User-Roles"] == "viewer")
        #expect(try patch(.object(["prefix": .string("abc")])).code == "unknown_field")
        let both = JSONValue.object(["roles": .strings([]), "permissions": .strings([])])
        #expect(try patch(both).status == 422)
    }
}
