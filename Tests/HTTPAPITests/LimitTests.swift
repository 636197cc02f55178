import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("Rate limits (api.md, 429)")
struct LimitTests: KeyTesting {
    let house: House
    let admin: String

    init() throws {
        house = try House()
        admin = try house.logIn()
    }

    private func advance(_ milliseconds: UInt64) {
        house.now = house.now.advanced(milliseconds: milliseconds)
    }

    private func limit(_ text: String) -> JSONMember { JSONMember("rate_limit", .string(text)) }

    @Test("A key's limit holds on all nodes together, and its answers tell how it stands")
    func key() throws {
        let key = try #require(try make([limit("5/minute"), permissions("invoke")])["key"])
        // A node before it has heard the leader lets a share pass.
        var passed = 0
        for attempt in 0..<30 {
            let answer = try validate(key, to: attempt % 3 + 1)
            if answer.status == 200 { passed += 1 }
            #expect([200, 429].contains(answer.status))
            advance(10)
        }
        #expect((5...7).contains(passed), "\(passed)")
        let refused = try validate(key)
        #expect(refused.status == 429)
        #expect(refused.body.isEmpty)
        #expect(refused.headers["X-Error-Code"] == "rate_limited")
        let after = try #require(refused.headers["Retry-After"].flatMap { UInt64($0) })
        #expect((1...60).contains(after))
        #expect(refused.headers["RateLimit-Policy"] == "\"key\";q=5;w=60")
        #expect(refused.headers["X-RateLimit-Limit"] == "5")
        #expect(refused.headers["X-RateLimit-Remaining"] == "0")
        #expect(refused.headers["X-User-ID"] == "")
        advance(60_000)
        let again = try validate(key)
        #expect(again.status == 200)
        #expect(again.headers["RateLimit"]?.hasPrefix("\"key\";r=") == true)
    }

    @Test("Behind nginx it is 403, which tells the true status")
    func nginx() throws {
        let key = try #require(try make([limit("1/hour"), permissions("invoke")])["key"])
        let headers = [("X-API-Key", key)]
        #expect(
            try house.send("GET", "/v1/validate/nginx", headers: headers, to: 2).status == 200)
        let refused = try house.send("GET", "/v1/validate/nginx", headers: headers, to: 2)
        #expect(refused.status == 403)
        #expect(refused.headers["X-Error-Status"] == "429")
        #expect(refused.headers["Retry-After"] != nil)
    }

    @Test("A user has the highest limit of all roles, inherited ones too, whatever the credential")
    func roles() throws {
        for (name, rate, inherits) in [
            ("slow", "2/minute", []), ("base", "4/minute", []), ("fast", "", ["base"]),
        ] as [(String, String, [String])] {
            let body: JSONValue = .object([
                JSONMember("permissions", .strings(["invoke"])), limit(rate),
                JSONMember("inherits", .strings(inherits)),
            ])
            #expect(
                try house.send("PUT", "/v1/roles/\(name)", token: admin, body: body).status < 300)
        }
        let id = try house.makeUser("bob", permissions: [], by: admin)
        for role in ["slow", "fast"] {
            let answer = try house.send("PUT", "/v1/users/\(id)/roles/\(role)", token: admin)
            #expect(answer.status < 300, "\(answer.json)")
        }
        let token = try house.logIn("bob", "password of a user")
        let first = try house.send("GET", "/v1/validate", token: token)
        #expect(first.headers["RateLimit-Policy"] == "\"user\";q=4;w=60")
        var statuses: [Int] = []
        for _ in 0..<10 {
            // Another way to spend the same budget, on another node.
            statuses.append(try house.send("GET", "/v1/users/self", token: token, to: 2).status)
            advance(10)
        }
        #expect(statuses.contains(200) && statuses.last == 429)
        let refused = try house.send("GET", "/v1/users/self", token: token, to: 2)
        #expect(refused.code == "rate_limited")
        #expect(refused.headers["Retry-After"] != nil)
        #expect(refused.headers["RateLimit-Policy"] == "\"user\";q=4;w=60")
    }

    @Test("Who hammers at what they may not do spends as by anything else")
    func denials() throws {
        let key = try #require(try make([limit("3/hour"), permissions("invoke")])["key"])
        var statuses: [Int] = []
        for attempt in 0..<12 {
            let isValidation = attempt.isMultiple(of: 2)
            let answer =
                isValidation
                ? try validate(key, "?permission=other")
                : try house.send("GET", "/v1/users", token: key)
            statuses.append(answer.status)
        }
        #expect(statuses.prefix(1) == [403])
        #expect((1...4).contains(statuses.count { $0 == 403 }), "\(statuses)")
        #expect(statuses.suffix(6).allSatisfy { $0 == 429 })
        #expect(try validate(key, "?permission=invoke").status == 429)
        let told = try house.send("GET", "/v1/users", token: key)
        #expect(told.code == "rate_limited")
        #expect(told.headers["Retry-After"] != nil)
    }

    @Test("A credential that has ended spends nothing, and who has no limit is told none")
    func ended() throws {
        let limited = try make([limit("3/hour"), permissions("invoke")])
        let key = try #require(limited["key"])
        let id = try #require(limited["id"])
        #expect(try house.send("DELETE", "/v1/keys/\(id)", token: admin).status == 204)
        for _ in 0..<12 { #expect(try validate(key).status == 401) }
        let free = try house.send("GET", "/v1/validate", token: admin)
        #expect(free.status == 200)
        #expect(free.headers["RateLimit"] == "")
    }

    @Test("Limits of the configuration hold where nothing else is stated, and for tenants")
    func defaults() throws {
        house.options.limits.key = RateLimit("1/hour")
        let key = try #require(try make([permissions("invoke")])["key"])
        #expect(try validate(key).status == 200)
        #expect(try validate(key).status == 429)
        house.options.limits.tenant = RateLimit("1/day")
        #expect(try house.send("GET", "/v1/validate", token: admin, to: 3).status == 200)
        let refused = try house.send("GET", "/v1/validate", token: admin, to: 3)
        #expect(refused.status == 429)
        #expect(refused.headers["RateLimit-Policy"] == "\"tenant\";q=1;w=86400")
    }
}
