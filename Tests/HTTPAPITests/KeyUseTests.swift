import APITypes
import AuthCore
import ByteCodec
import Cryptography
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("Uses of API keys (api.md)")
struct KeyUseTests: KeyTesting {
    let house: House
    let admin: String

    init() throws {
        house = try House()
        admin = try house.logIn()
    }

    @Test("From another address a key is answered like one that there is not")
    func addresses() throws {
        let here = try make([
            JSONMember("allowed_addresses", .strings(["127.0.0.0/8", "2001:db8::/32"]))
        ])
        let there = try make([JSONMember("allowed_addresses", .strings(["10.0.0.0/8"]))])
        #expect(here.json["allowed_addresses"] == .strings(["127.0.0.0/8", "2001:db8::/32"]))
        #expect(try validate(#require(here["key"])).status == 200)
        house.forgetNeeds()
        let key = try #require(there["key"])
        let refused = try validate(key)
        #expect(refused.status == 401)
        #expect(refused.headers["X-Error-Code"] == "token_invalid")
        // A newer view might allow it.
        #expect(house.needs == ["confirm"])
        #expect(try house.send("GET", "/v1/users", token: key).status == 401)
    }

    @Test("A key made elsewhere is taken in by its digest, and never shown")
    func importing() throws {
        let foreign = "sk-live-0123456789abcdef"
        let digest = RequestID.hex(SHA256.hash(Array(foreign.utf8)).bytes)
        house.forgetNeeds()
        let before = try validate(foreign)
        #expect(before.status == 401 && house.needs == ["confirm"])
        #expect(before.headers["X-Error-Code"] == "missing_credentials")
        let made = try make([permissions("invoke"), JSONMember("sha256", .string(digest))])
        #expect(made["key"] == nil && made.json["imported"] == .bool(true))
        for header in ["X-API-Key", "API-Key", "Authorization"] {
            let answer = try validate(foreign, "?permission=invoke", header: header, to: 3)
            #expect(answer.status == 200 && answer.headers["X-Credential-ID"] == made["id"])
        }
        #expect(try house.send("GET", "/v1/keys/self", token: foreign).status == 200)
        #expect(try validate(foreign + "x").headers["X-Error-Code"] == "missing_credentials")
        // Beside one of ours it belongs to the service behind.
        let both = try house.send(
            "GET", "/v1/validate", token: admin, headers: [("X-API-Key", foreign)])
        #expect(both.headers["X-Auth-Method"] == "session")
        try make([JSONMember("sha256", .string(digest))], status: 409)
        let id = try #require(made["id"])
        #expect(
            try house.send("POST", "/v1/keys/\(id)/rotate", token: admin).code == "invalid")
        #expect(try house.send("DELETE", "/v1/keys/\(id)", token: admin).status == 204)
        #expect(try validate(foreign).status == 401)
    }

    @Test("The holder reads and ends the calling key, whatever it may do otherwise")
    func own() throws {
        let made = try make([])
        let key = try #require(made["key"])
        #expect(try house.send("GET", "/v1/keys/self", token: key)["id"] == made["id"])
        #expect(try house.send("GET", "/v1/users/self", token: key)["username"] == "admin")
        #expect(try house.send("GET", "/v1/keys/self", token: admin).status == 404)
        #expect(try house.send("DELETE", "/v1/keys/self", token: admin).status == 404)
        // What is the owner's own is not the key's.
        for (method, path) in [
            ("POST", "/v1/auth/logout"), ("GET", "/v1/sessions/self"),
            ("GET", "/v1/users/self/sessions"), ("DELETE", "/v1/users/self/sessions"),
        ] {
            let answer = try house.send(method, path, token: key)
            #expect(answer.status == 403 && answer.code == "insufficient_permissions", "\(path)")
        }
        let headers = [("Idempotency-Key", "k")]
        for _ in 0..<2 {
            let ended = try house.send("DELETE", "/v1/keys/self", token: key, headers: headers)
            #expect(ended.status == 204, "a repetition gets the first answer")
        }
        #expect(try house.send("DELETE", "/v1/keys/self", token: key).status == 401)
        #expect(try validate(key, to: 3).status == 401)
    }

    @Test("Repeated under the same key a request shows the same credential, to the same caller")
    func repeating() throws {
        let headers = [("Idempotency-Key", "k1")]
        let body = [permissions("invoke")]
        let first = try make(body, headers: headers)
        let again = try make(body, headers: headers)
        #expect(again["key"] == first["key"] && again["id"] == first["id"])
        let other = try make([permissions("other")], status: 422, headers: headers)
        #expect(other.code == "idempotency_mismatch")
        let path = "/v1/keys/\(try #require(first["id"]))/rotate"
        let rotated = try house.send("POST", path, token: admin, headers: headers)
        let repeated = try house.send("POST", path, token: admin, headers: headers, to: 3)
        #expect(rotated.status == 201 && repeated["key"] == rotated["key"])
        // A key of the same user that may write keys is not shown what the session was.
        let writer = try #require(try make([permissions("keys:write", "invoke")])["key"])
        let own = try make(body, by: writer, headers: headers)
        #expect(own["id"] != first["id"])
        house.now = house.now.advanced(milliseconds: 600_001)
        #expect(try make(body, headers: headers)["id"] != first["id"])
    }

    @Test("Two credentials are 400, wherever they stand")
    func two() throws {
        let key = try #require(try make([])["key"])
        for path in ["/v1/validate", "/v1/keys/self"] {
            for header in ["X-API-Key", "API-Key"] {
                let answer = try house.send("GET", path, token: key, headers: [(header, key)])
                #expect(answer.status == 400)
            }
        }
    }

    @Test("Uses are gathered with where they came from, and shown some seconds later")
    func lastUse() throws {
        let made = try make([permissions("invoke")])
        for _ in 0..<5 { #expect(try validate(#require(made["key"]), to: 1).status == 200) }
        #expect(made.json["last_used_at"] == .null)
        house.now = house.now.advanced(milliseconds: 5_000)
        try house.nodes[0].flush()
        let read = try house.send("GET", "/v1/keys/\(try #require(made["id"]))", token: admin)
        #expect(read["last_used_at"] == House.start.rfc3339)
        #expect(read["last_used_address"] == "127.0.0.1")
    }

    @Test("A key made a millisecond ago through another node is not refused, nor its successor")
    func fresh() throws {
        for node in 1...3 {
            let made = try house.send(
                "POST", "/v1/keys", token: admin, body: .object([JSONMember]()), to: node)
            let key = try #require(made["key"])
            for other in 1...3 { #expect(try validate(key, to: other).status == 200) }
            let rotated = try house.send(
                "POST", "/v1/keys/\(try #require(made["id"]))/rotate", token: admin, to: node)
            let next = try #require(rotated["key"])
            for other in 1...3 {
                #expect(try validate(next, to: other).status == 200)
                #expect(try validate(key, to: other).status == 401)
            }
        }
    }

    @Test("A cluster that is not at level 2 yet says so, and nothing reaches its log")
    func olderCluster() throws {
        let old = try House(featureLevel: 1)
        let token = try old.logIn()
        let count = old.log.count
        for (method, path) in [
            ("POST", "/v1/keys"), ("PATCH", "/v1/keys/key_0000000000000000000001"),
            ("DELETE", "/v1/keys/key_0000000000000000000001"),
        ] {
            let body: JSONValue? = method == "DELETE" ? nil : .object([JSONMember]())
            let answer = try old.send(method, path, token: token, body: body)
            #expect(answer.status == 500 && answer.code == "configuration")
            #expect(answer["detail"]?.contains("feature level 1") == true)
        }
        #expect(old.log.count == count)
        #expect(
            try old.send("GET", "/v1/keys", token: token).json["items"]?.array?.isEmpty == true)
    }

    @Test("Lists narrow to one owner, and their cursors are good for that list alone")
    func lists() throws {
        let owner = try house.makeUser("bob", permissions: ["invoke"], by: admin)
        for _ in 0..<3 {
            try make([JSONMember("owner_id", .string(owner))])
            try make([])
        }
        let path = "/v1/keys?owner_id=\(owner)&limit=2"
        let first = try house.send("GET", path, token: admin)
        #expect(first.json["items"]?.array?.count == 2)
        let cursor = try #require(first["next_cursor"])
        let second = try house.send("GET", path + "&cursor=\(cursor)", token: admin)
        #expect(second.json["items"]?.array?.count == 1)
        #expect(second.json["next_cursor"] == .null)
        let other = try house.send("GET", "/v1/keys?limit=2&cursor=\(cursor)", token: admin)
        #expect(other.status == 400)
        let all = try house.send("GET", "/v1/keys", token: admin)
        #expect(all.json["items"]?.array?.count == 6)
    }
}
