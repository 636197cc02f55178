import APITypes
import AuthCore
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("many permission questions at once (api.md, POST /v1/check)")
struct CheckTests {
    private func ask(
        _ questions: [[String: String]], by token: String, _ house: House, to node: Int = 1
    ) throws -> HouseAnswer {
        let checks = questions.map { question in
            JSONValue.object(question.map { JSONMember($0.key, .string($0.value)) })
        }
        return try house.send(
            "POST", "/v1/check", token: token, body: .object(["checks": .array(checks)]), to: node)
    }

    /// Each answer as `yes`, `no` or its code.
    private func words(_ answer: HouseAnswer) -> [String] {
        (answer.json["results"]?.array ?? []).map {
            $0["code"]?.string ?? ($0["allowed"]?.bool == true ? "yes" : "no")
        }
    }

    @Test("one asks of oneself, of others, and of sessions, as far as one may")
    func subjects() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", permissions: ["invoke", "app/*"], by: admin)
        let carol = try house.makeUser("carol", permissions: ["users:read"], by: admin)
        let bobs = try house.logIn("bob", "password of a user")
        let carols = try house.logIn("carol", "password of a user")
        let own = [
            ["permission": "invoke"], ["permission": "app/x"], ["permission": "app"],
            ["permission": "users:read"], ["permission": "invoke", "user_id": bob],
            ["permission": "invoke", "user_id": carol], ["permission": "invoke", "token": carols],
        ]
        let asked = try ask(own, by: bobs, house, to: 2)
        #expect(asked.status == 200)
        #expect(
            words(asked) == [
                "yes", "yes", "no", "no", "yes", "insufficient_permissions",
                "insufficient_permissions",
            ])
        // To read users is not enough to learn what they may do.
        let carolAsks = try ask([["permission": "invoke", "user_id": bob]], by: carols, house)
        #expect(words(carolAsks) == ["insufficient_permissions"])
        let nobody = "usr_" + String(repeating: "z", count: 22)
        let unknown = "usr_0000000000000000000001"
        let others = try ask(
            [
                ["permission": "invoke", "user_id": bob],
                ["permission": "users:read", "user_id": bob],
                ["permission": "users:read", "token": carols],
                ["permission": "invoke", "token": carols],
                ["permission": "invoke", "user_id": nobody],
                ["permission": "invoke", "user_id": unknown],
                ["permission": "invoke", "token": "wws_" + String(repeating: "A", count: 49)],
            ], by: admin, house, to: 3)
        #expect(
            words(others) == ["yes", "no", "yes", "no", "not_found", "not_found", "not_found"])
    }

    @Test("whoever is disabled or signed out holds nothing")
    func ended() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", permissions: ["invoke"], by: admin)
        let token = try house.logIn("bob", "password of a user")
        let questions = [
            ["permission": "invoke", "user_id": bob], ["permission": "invoke", "token": token],
        ]
        #expect(words(try ask(questions, by: admin, house)) == ["yes", "yes"])
        try house.send(
            "PATCH", "/v1/users/\(bob)", token: admin, body: .object(["disabled": .bool(true)]))
        #expect(words(try ask(questions, by: admin, house, to: 2)) == ["no", "not_found"])
        #expect(try ask(questions, by: token, house, to: 2).status == 401)
    }

    @Test("what is refused is audited once, and a stale or oversized request is refused whole")
    func bounds() throws {
        let house = try House()
        let admin = try house.logIn()
        let carol = try house.makeUser("carol", by: admin)
        let carols = try house.logIn("carol", "password of a user")
        let admins = try #require(try house.send("GET", "/v1/users/self", token: admin)["id"])
        let before = house.leader.events.count
        let forbidden = Array(repeating: ["permission": "invoke", "user_id": admins], count: 100)
        let answer = try ask(forbidden, by: carols, house)
        #expect(words(answer) == Array(repeating: "insufficient_permissions", count: 100))
        let events = house.leader.events.dropFirst(before)
        #expect(events.map(\.action) == [.requestDenied])
        #expect(
            events.first?.details == [
                .reason(.insufficientPermissions), .permission(.usersRead), .permission(.rolesRead),
            ])
        let tooMany = try ask(
            Array(repeating: ["permission": "invoke"], count: 101), by: admin, house)
        #expect(tooMany.status == 422)
        let both = try ask(
            [["permission": "invoke", "user_id": carol, "token": carols]], by: admin, house)
        #expect(both.status == 422 && both.code == "invalid")
        #expect(try ask([["permission": "a b"]], by: admin, house).status == 422)
        #expect(try ask([[:]], by: admin, house).status == 422)
        #expect(words(try ask([], by: admin, house)) == [])
        let stale = try house.send(
            "POST", "/v1/check", token: admin, body: .object(["checks": .array([])]),
            headers: [("Watchword-Consistency", "stale")])
        #expect(stale.status == 400)
    }

    @Test("a batch never says otherwise than single questions to validate", arguments: 1...8)
    func differential(_ seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let house = try House()
        let admin = try house.logIn()
        let spellings = [
            "invoke", "invoke/*", "invoke/a", "invoke/a/*", "invoke/a/b", "code:execute",
            "code:execute/*", "code:execute:x", "code:execute:x/*", "code:execute:x/y", "a:b:c/*",
            "secrets:read", "secrets:read:app/*", "secrets:read:app/db", "users:read", "*",
            "cluster:read", "cluster:manage", "tenants:act",
        ]
        var users: [(id: String, token: String)] = []
        for number in 0..<4 {
            let held = spellings.filter { _ in random.chance(1, in: 5) }
            let id = try house.makeUser("user-\(number)", permissions: held, by: admin)
            users.append((id, try house.logIn("user-\(number)", "password of a user")))
        }
        var allowed = 0
        for (id, token) in users {
            let batch = try ask(
                spellings.map { ["permission": $0] }
                    + spellings.map { ["permission": $0, "user_id": id] }, by: token, house)
            let other = try ask(
                spellings.map { ["permission": $0, "user_id": id] }
                    + spellings.map { ["permission": $0, "token": token] }, by: admin, house)
            var single: [String] = []
            for permission in spellings {
                let status = try house.send(
                    "GET", "/v1/validate?permission=\(permission)", token: token
                ).status
                single.append(status == 200 ? "yes" : "no")
            }
            #expect(words(batch) == single + single)
            #expect(words(other) == single + single)
            allowed += single.count { $0 == "yes" }
        }
        #expect(allowed > 0)
    }
}
