import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("Quotas and usage (api.md)")
struct UsageTests: KeyTesting {
    let house: House
    let admin: String

    init() throws {
        house = try House()
        admin = try house.logIn()
        try house.configure(ConfState(voters: (1...3).map { NodeID($0) }))
    }

    private func quota(_ text: String) -> JSONMember { JSONMember("quota", .string(text)) }

    /// Every node tells what it let through, and learns what the others did.
    private func tell() throws {
        for node in house.nodes { try node.tellUsage() }
        for node in house.nodes { try node.catchUp() }
    }

    private func items(_ answer: HouseAnswer) throws -> [JSONValue] {
        #expect(answer.status == 200, "\(answer.json)")
        return try #require(answer.json["items"]?.array)
    }

    @Test("A key's quota holds on all nodes together, and each answer tells how it stands")
    func key() throws {
        let key = try #require(try make([quota("9/day"), permissions("invoke")])["key"])
        let first = try validate(key)
        #expect(first.headers["X-Quota"] == "8/9")
        var passed = 1
        for attempt in 0..<60 {
            if try validate(key, to: attempt % 3 + 1).status == 200 { passed += 1 }
            if attempt.isMultiple(of: 5) { try tell() }
        }
        // Each node has a share of what is left, rounded up.
        #expect((9...11).contains(passed), "\(passed)")
        let refused = try validate(key)
        #expect(refused.status == 429)
        #expect(refused.headers["X-Error-Code"] == "quota")
        #expect(refused.headers["X-Quota"] == "0/9")
        #expect(refused.headers["RateLimit"] == "")
        let after = try #require(refused.headers["Retry-After"].flatMap { UInt64($0) })
        let past = house.now.rawValue / 1_000 % 86_400
        #expect((1...86_400).contains(after))
        #expect(after + past <= 86_401 && after + past >= 86_340, "until midnight")
        let told = try house.send("GET", "/v1/users", token: key, to: 2)
        #expect(told.status == 429)
        #expect(told.code == "quota")
        #expect(told.headers["X-Quota"] == "0/9")
        // The next day by the state's time, not by the clock of a node.
        house.now = house.now.advanced(milliseconds: 86_400_000)
        #expect(try validate(key).status == 429)
        try house.propose(
            Command(.sweep(.init(limit: 1)), header: CommandHeader(actor: .node)),
            by: house.nodes[0])
        try tell()
        let fresh = try validate(key)
        #expect(fresh.status == 200)
        #expect(fresh.headers["X-Quota"] == "8/9")
    }

    @Test("It survives a start of all nodes at once, but for what the log was not told")
    func restart() throws {
        let key = try #require(try make([quota("9/month"), permissions("invoke")])["key"])
        for _ in 0..<3 { #expect(try validate(key).status == 200) }
        #expect(try validate(key).status == 429, "a node's share")
        try tell()
        try house.restart()
        let next = try validate(key)
        #expect(next.headers["X-Quota"] == "5/9")
    }

    @Test("A user's own quota stands in place of the roles', and a tenant's holds for all")
    func levels() throws {
        let body: JSONValue = .object([
            JSONMember("permissions", .strings(["invoke"])), quota("60/day,900/month"),
        ])
        let made = try house.send("PUT", "/v1/roles/small", token: admin, body: body)
        #expect(made.json["quota"]?.string == "60/day,900/month")
        let id = try house.makeUser("bob", permissions: [], by: admin)
        _ = try house.send("PUT", "/v1/users/\(id)/roles/small", token: admin)
        let token = try house.logIn("bob", "password of a user")
        // The log-in itself counts for nobody.
        #expect(
            try house.send("GET", "/v1/validate", token: token).headers["X-Quota"] == "59/60")
        let changed = try house.send(
            "PATCH", "/v1/users/\(id)", token: admin,
            body: .object([quota("900000/month,30/day")]))
        #expect(changed.json["quota"]?.string == "30/day,900000/month")
        #expect(
            try house.send("GET", "/v1/validate", token: token).headers["X-Quota"] == "28/30")
        let settings = try house.send(
            "PATCH", "/v1/settings", token: admin, body: .object([quota("21/day")]))
        #expect(settings.json["quota"]?.string == "21/day")
        let left = try #require(
            try house.send("GET", "/v1/validate", token: token).headers["X-Quota"])
        #expect(left.hasSuffix("/21"))
        // Somebody else's requests spend it too.
        for _ in 0..<30 { _ = try house.send("GET", "/v1/users/self", token: admin) }
        #expect(try house.send("GET", "/v1/validate", token: token).status == 429)
        let wrong = try house.send(
            "PATCH", "/v1/settings", token: admin, body: .object([quota("21/hour")]), to: 3)
        #expect(wrong.status == 422 || wrong.status == 400, "\(wrong.status)")
    }

    @Test("Whatever ends access is never refused by a quota")
    func ending() throws {
        let key = try #require(try make([quota("1/day"), permissions("invoke")])["key"])
        #expect(try validate(key).status == 200)
        #expect(try validate(key).status == 429)
        #expect(try house.send("DELETE", "/v1/keys/self", token: key, to: 2).status == 204)
    }

    @Test("Usage is told by key, user and day, in pages, and to whom it is nobody's business not")
    func usage() throws {
        let made = try make([permissions("invoke")])
        let key = try #require(made["key"])
        let keyID = try #require(made["id"])
        let userID = try house.makeUser("carol", permissions: ["invoke"], by: admin)
        let carol = try house.logIn("carol", "password of a user")
        for node in 1...3 {
            for _ in 0..<node { _ = try validate(key, to: node) }
            _ = try house.send("GET", "/v1/validate", token: carol, to: node)
        }
        #expect(try validate(key, "?permission=other").status == 403)
        try tell()
        let byKey = try items(try house.send("GET", "/v1/usage?by=key", token: admin))
        #expect(byKey.count == 1)
        #expect(byKey[0]["key_id"]?.string == keyID)
        #expect(byKey[0]["requests"]?.unsigned == 7, "what is refused with 403 counts")
        let byUser = try items(try house.send("GET", "/v1/usage?by=user", token: admin))
        #expect(byUser.count == 2)
        #expect(
            byUser.first { $0["user_id"]?.string == userID }?["requests"]?.unsigned == 3)
        let pages = try house.send("GET", "/v1/usage?by=user&limit=1", token: admin)
        let cursor = try #require(pages.json["next_cursor"]?.string)
        let next = try items(
            try house.send("GET", "/v1/usage?by=user&limit=1&cursor=\(cursor)", token: admin))
        #expect(next.count == 1)
        #expect(next[0]["user_id"]?.string != pages.json["items"]?.array?[0]["user_id"]?.string)
        let one = try items(
            try house.send("GET", "/v1/usage?by=key&key_id=\(keyID)", token: admin))
        #expect(one.map { $0["requests"]?.unsigned } == [7])
        let day = DayText.show(UsagePeriod.day(of: House.start))
        let days = try items(
            try house.send(
                "GET", "/v1/usage?by=day&key_id=\(keyID)&from=\(day)&to=\(day)", token: admin))
        #expect(days.map { $0["day"]?.string } == [day])
        let whole = try items(try house.send("GET", "/v1/usage?by=day", token: admin))
        #expect((whole.first?["requests"]?.unsigned ?? 0) >= 10)
        let own = try items(try house.send("GET", "/v1/usage/self", token: carol))
        #expect(own.map { $0["requests"]?.unsigned } == [3])
        let keys = try items(try house.send("GET", "/v1/usage/self", token: key))
        #expect(keys.map { $0["requests"]?.unsigned } == [7])
        #expect(try house.send("GET", "/v1/usage?by=day", token: carol).status == 403)
        for wrong in [
            "by=week", "", "by=key&user_id=\(userID)", "by=user&key_id=\(keyID)",
            "by=day&key_id=\(keyID)&user_id=\(userID)", "by=day&from=\(day)&to=2020-01-01",
            "by=day&from=yesterday",
        ] {
            let answer = try house.send("GET", "/v1/usage?\(wrong)", token: admin)
            #expect([400, 422].contains(answer.status), "\(wrong): \(answer.status)")
        }
    }

    @Test("Days are spelt as the calendar has them")
    func days() {
        #expect(DayText.read("2026-11-23").map(DayText.show) == "2026-11-23")
        #expect(DayText.read("2024-02-31").map(DayText.show) == "2024-02-29")
        for wrong in ["1969-12-31", "2026-13-01", "2026-00-10", "2026-1-1", "26-11-23", "x"] {
            #expect(DayText.read(wrong) == nil, "\(wrong)")
        }
    }
}
