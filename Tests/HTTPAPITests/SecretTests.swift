import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("secrets (api.md, Endpoints; security J3)")
struct SecretTests {
    private let value = "s3cr3t-value-é"

    @Test("a secret is put, read, versioned, and deleted")
    func life() throws {
        let house = try House()
        let admin = try house.logIn()
        let path = "/v1/secrets/app/db/password"
        let first = try house.send(
            "PUT", path, token: admin,
            body: .object([
                "value": .string(value), "metadata": .object(["owner": .string("db")]),
            ]))
        #expect(first.status == 201)
        #expect(first.headers["Location"] == path)
        #expect(first["value"] == nil)
        #expect(first.json["metadata"]?["owner"] == .string("db"))
        let second = try house.send(
            "PUT", path, token: admin,
            body: .object([
                "value": .string("AAEC/w=="), "encoding": .string("base64"),
                "ttl_seconds": .integer(60),
            ]), headers: [("If-Match", "\"1\"")], to: 2)
        #expect(second.status == 200)
        #expect(second.headers["ETag"] == "\"2\"")
        let conflict = try house.send(
            "PUT", path, token: admin, body: .object(["value": .string("x")]),
            headers: [("If-None-Match", "*")])
        #expect([409, 412].contains(conflict.status))

        let newest = try house.send("GET", path, token: admin, to: 3)
        #expect(newest["value"] == "AAEC/w==")
        #expect(newest["encoding"] == "base64")
        let old = try house.send("GET", "\(path)?version=1", token: admin)
        #expect(old["value"] == value)
        let alias = try house.send("GET", "/secrets/app/db/password?version=1", token: admin)
        #expect(alias["value"] == value)
        #expect(
            try house.send("GET", "\(path)?version=3", token: admin).code == "not_found")

        let versions = try house.send("GET", "\(path):versions", token: admin)
        #expect(versions.json["items"]?.array?.count == 2)
        let list = try house.send("GET", "/v1/secrets?prefix=app/", token: admin)
        #expect(list.json["items"]?.array?.first?["path"] == .string("app/db/password"))
        #expect(!String(decoding: list.body, as: UTF8.self).contains("value"))

        house.now = House.start.advanced(milliseconds: 61_000)
        #expect(try house.send("GET", path, token: admin).code == "not_found")
        #expect(try house.send("DELETE", path, token: admin).status == 204)
        #expect(try house.send("GET", path, token: admin).code == "not_found")
        #expect(try house.send("GET", "/v1/secrets/none", token: admin).code == "not_found")
    }

    @Test("a value is never in a proposal, and every reading is in the audit trail first")
    func sealedAndAudited() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.send(
            "PUT", "/v1/secrets/a", token: admin, body: .object(["value": .string(value)]))
        for command in house.commands {
            let bytes = command.encoded()
            let needle = Array(value.utf8)
            for start in 0..<max(0, bytes.count - needle.count) {
                #expect(!bytes[start..<(start + needle.count)].elementsEqual(needle))
            }
        }
        house.forgetNeeds()
        let read = try house.send(
            "GET", "/v1/secrets/a", token: admin, headers: [("X-Request-ID", "read-1")])
        #expect(read["value"] == value)
        // One round trip is the audit and the confirmation both.
        #expect(house.needs == ["propose"])
        let audit = try house.send("GET", "/v1/audit?action=secret.read", token: admin)
        let records = try #require(audit.json["items"]?.array)
        #expect(records.count == 1)
        #expect(records[0]["request_id"] == .string("read-1"))
        #expect(records[0]["target"] == .string("secret:a"))

        house.interfere = { need in
            if case .propose = need { return .unknown }
            return nil
        }
        let unaudited = try house.send("GET", "/v1/secrets/a", token: admin)
        #expect(unaudited.status == 503)
        #expect(unaudited["value"] == nil)
    }

    @Test("a right narrowed to a path reads that path, and lists no other")
    func narrowed() throws {
        let house = try House()
        let admin = try house.logIn()
        for path in ["app/a", "app/b/c", "other/x", "app"] {
            _ = try house.send(
                "PUT", "/v1/secrets/\(path)", token: admin,
                body: .object(["value": .string(path)]))
        }
        _ = try house.makeUser(
            "bob", permissions: ["secrets:read:app/*", "secrets:write:app/a"], by: admin)
        let bob = try house.logIn("bob", "password of a user")
        func status(_ method: String, _ path: String) throws -> Int {
            try house.send(
                method, "/v1/secrets/\(path)", token: bob,
                body: method == "PUT" ? .object(["value": .string("x")]) : nil
            ).status
        }
        #expect(try status("GET", "app/a") == 200)
        #expect(try status("GET", "app/b/c") == 200)
        #expect(try status("GET", "app%2Fb%2Fc") == 200)
        #expect(try status("GET", "app") == 403)
        #expect(try status("GET", "other/x") == 403)
        #expect(try status("GET", "app/../other/x") == 404)
        #expect(try status("GET", "app/%2e%2e/other/x") == 404)
        #expect(try status("PUT", "app/a") == 200)
        #expect(try status("PUT", "app/b") == 403)
        #expect(try status("DELETE", "app/a") == 204)
        #expect(try status("DELETE", "other/x") == 403)
        let list = try house.send("GET", "/v1/secrets", token: bob)
        #expect(
            list.json["items"]?.array?.compactMap { $0["path"]?.string } == ["app/b/c"])
    }

    @Test("stale is refused for secrets, and a sealed node answers 503 sealed")
    func staleAndSealed() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.send(
            "PUT", "/v1/secrets/a", token: admin, body: .object(["value": .string(value)]))
        let stale = ("Watchword-Consistency", "stale")
        for path in ["/v1/secrets/a", "/v1/secrets", "/v1/secrets/a:versions", "/secrets/a"] {
            #expect(
                try house.send("GET", path, token: admin, headers: [stale]).code == "malformed")
        }
        house.nodes[1].keys = nil
        #expect(try house.send("GET", "/v1/secrets/a", token: admin, to: 2).code == "sealed")
        let put = try house.send(
            "PUT", "/v1/secrets/a", token: admin, body: .object(["value": .string(value)]), to: 2)
        #expect(put.code == "sealed")
        // Sessions need no key.
        #expect(try house.send("GET", "/v1/sessions/self", token: admin, to: 2).status == 200)
    }

    @Test("two writers at once both succeed: the later one seals anew")
    func race() throws {
        let house = try House()
        let admin = try house.logIn()
        var isRaced = false
        house.interfere = { need in
            if case .propose(let command) = need, case .putSecret = command.operation, !isRaced {
                isRaced = true
                house.interfere = { _ in nil }
                do {
                    _ = try house.send(
                        "PUT", "/v1/secrets/a", token: admin,
                        body: .object(["value": .string("first")]), to: 2)
                } catch {
                    Issue.record(error)
                }
            }
            return nil
        }
        let answer = try house.send(
            "PUT", "/v1/secrets/a", token: admin, body: .object(["value": .string("second")]))
        #expect(isRaced)
        #expect(answer.json["version"] == .integer(2))
        #expect(try house.send("GET", "/v1/secrets/a", token: admin)["value"] == "second")
        #expect(
            try house.send("GET", "/v1/secrets/a?version=1", token: admin)["value"] == "first")
    }

    @Test("a right taken away between the first view and the record shows nothing")
    func takenAway() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.send(
            "PUT", "/v1/secrets/a", token: admin, body: .object(["value": .string(value)]))
        let bob = try house.makeUser("bob", permissions: ["secrets:read"], by: admin)
        let token = try house.logIn("bob", "password of a user", to: 2)
        // Taken back through another node; node 2 does not know it yet.
        _ = try house.send("DELETE", "/v1/users/\(bob)/roles/role-of-bob", token: admin)
        let read = try house.send("GET", "/v1/secrets/a", token: token, to: 2)
        #expect(read.status == 403)
        #expect(read["value"] == nil)
    }

    @Test(
        "values and paths that cannot be are refused",
        arguments: [
            ("a", #"{"value":"%%%","encoding":"base64"}"#, 422),
            ("a", #"{"value":"AA=","encoding":"base64"}"#, 422), ("a", #"{}"#, 422),
            ("a", #"{"value":"x","ttl_seconds":0}"#, 422), ("a", #"{"value":"x","path":"b"}"#, 400),
            ("a~b", #"{"value":"x"}"#, 422), ("a%20b", #"{"value":"x"}"#, 422),
            ("a:undelete", #"{"value":"x"}"#, 404), ("a//b", #"{"value":"x"}"#, 404),
        ])
    func refused(_ path: String, _ body: String, _ status: Int) throws {
        let house = try House()
        let admin = try house.logIn()
        let answer = try house.send("PUT", "/v1/secrets/\(path)", token: admin, text: body)
        #expect(answer.status == status, "\(answer.json)")
    }

    @Test("a value of 64 KiB is taken, and one byte more is not")
    func size() throws {
        let house = try House()
        let admin = try house.logIn()
        for (count, status) in [(64 << 10, 201), (64 << 10 + 1, 413)] {
            let bytes = [UInt8](repeating: 0xA5, count: count)
            let answer = try house.send(
                "PUT", "/v1/secrets/big-\(count)", token: admin,
                body: .object([
                    "value": .string(Base64.standard.encode(bytes)),
                    "encoding": .string("base64"),
                ]))
            #expect(answer.status == status, "\(answer.json)")
        }
    }
}
