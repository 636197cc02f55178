import APITypes
import AuthCore
import AuthService
import ByteCodec
import Testing

@testable import HTTPAPI

@Suite("Settings of sessions (api.md, Endpoints)")
struct SettingsTests {
    let house: House
    let admin: String
    private static let password = "password of a user"

    init() throws {
        house = try House()
        admin = try house.logIn()
    }

    @discardableResult
    private func set(_ fields: [(String, JSONValue)], status: Int = 200) throws -> HouseAnswer {
        let answer = try house.send(
            "PATCH", "/v1/settings", token: admin,
            body: .object(fields.map { JSONMember($0.0, $0.1) }))
        #expect(answer.status == status, "\(answer.json)")
        return answer
    }

    private func lives(_ token: String, on node: Int) throws -> Bool {
        try house.send("GET", "/v1/validate", token: token, to: node, checked: false).status == 200
    }

    @Test("They are read and changed field by field, by who may")
    func settings() throws {
        let empty = try house.send("GET", "/v1/settings", token: admin, to: 3)
        #expect(empty.json["sessions_per_user_max"] == .null)
        #expect(empty.json["version"] == .integer(0))
        #expect(empty["session_overflow"] == "deny")
        try set([("sessions_per_user_max", .integer(2)), ("session_seconds_max", .integer(600))])
        let changed = try set([("sessions_per_user_max", .null)])
        #expect(changed.json["session_seconds_max"] == .integer(600))
        #expect(changed.json["sessions_per_user_max"] == .null)
        #expect(changed.json["version"] == .integer(2))
        let late = try house.send(
            "PATCH", "/v1/settings", token: admin,
            body: .object(["session_overflow": .string("evict_oldest")]),
            headers: [("If-Match", "\"1\"")])
        #expect(late.code == "version_mismatch")
        for wrong in [
            ("sessions_per_user_max", JSONValue.integer(0)),
            ("sessions_per_user_max", .integer(1_001)), ("session_seconds_max", .integer(59)),
            ("session_overflow", .string("x")), ("other", .null),
        ] {
            let answer = try set([wrong], status: wrong.0 == "other" ? 400 : 422)
            #expect(answer.code == (wrong.0 == "other" ? "unknown_field" : "invalid"))
        }
        _ = try house.makeUser("bob", permissions: ["users:write"], by: admin)
        let bob = try house.logIn("bob", Self.password)
        #expect(try house.send("GET", "/v1/settings", token: bob).status == 403)
        let refused = try house.send(
            "PATCH", "/v1/settings", token: bob, body: .object(["session_seconds_max": .null]))
        #expect(refused.status == 403)
    }

    @Test("With deny a log-in too many is 429, with evict_oldest the oldest session has ended")
    func overflow() throws {
        let id = try house.makeUser("bob", by: admin)
        try set([("sessions_per_user_max", .integer(2))])
        let tokens = try [1, 2].map { try house.logIn("bob", Self.password, to: $0) }
        let denied = try house.send(
            "POST", "/v1/auth/login",
            body: .object(["username": .string("bob"), "password": .string(Self.password)]), to: 3)
        #expect(denied.status == 429 && denied.code == "quota")
        let delegated = try house.send(
            "POST", "/v1/sessions", token: admin, body: .object(["user_id": .string(id)]))
        #expect(delegated.code == "quota")
        try set([("session_overflow", .string("evict_oldest"))])
        // A node that lags does not know that it must say so, and is told.
        house.forgetNeeds()
        let third = try house.logIn("bob", Self.password, to: 3)
        for node in 1...3 {
            try house.nodes[node - 1].catchUp()
            #expect(try !lives(tokens[0], on: node))
            #expect(try lives(tokens[1], on: node) && lives(third, on: node))
        }
        let fourth = try house.send(
            "POST", "/v1/sessions", token: admin, body: .object(["user_id": .string(id)]))
        #expect(fourth.status == 201)
        #expect(try !lives(tokens[1], on: 2))
        let trail = try house.send(
            "GET", "/v1/audit?action=session.evict", token: admin)
        #expect(trail.json["items"]?.array?.count == 2)
    }

    @Test("A start that cannot end anybody waits for no lease; one that may says so at once")
    func narrowing() throws {
        _ = try house.makeUser("bob", by: admin)
        func starts() -> [Bool] {
            house.commands.compactMap {
                if case .startSession = $0.operation { $0.isNarrowing } else { nil }
            }
        }
        try set([
            ("sessions_per_user_max", .integer(2)), ("session_overflow", .string("evict_oldest")),
        ])
        let before = starts().count
        for _ in 0..<4 { _ = try house.logIn("bob", Self.password) }
        #expect(Array(starts().dropFirst(before)) == [false, false, true, true])
    }

    @Test("A start that would end somebody after all is asked for again, and ends them")
    func asksAgain() throws {
        _ = try house.makeUser("bob", by: admin)
        try set([
            ("sessions_per_user_max", .integer(1)), ("session_overflow", .string("evict_oldest")),
        ])
        let house = house
        var overtaking: String?
        house.interfere = { need in
            guard overtaking == nil, case .propose(let command) = need,
                case .startSession(let start) = command.operation, !start.mayEvict
            else { return nil }
            // Another node begins one first.
            overtaking = ""
            do { overtaking = try house.logIn("bob", Self.password, to: 3) } catch {
                Issue.record("\(error)")
            }
            return nil
        }
        // It holds the house.
        defer { house.interfere = { _ in nil } }
        let token = try house.logIn("bob", Self.password, to: 2)
        let verdicts = house.commands.compactMap { command -> Bool? in
            guard case .startSession(let start) = command.operation else { return nil }
            return start.mayEvict
        }
        #expect(verdicts.suffix(3) == [false, false, true])
        for node in house.nodes { try node.catchUp() }
        #expect(try lives(token, on: 1))
        #expect(try !lives(#require(overtaking), on: 1))
    }

    @Test("A log-in repeated under its key waits for what the first one ended")
    func repeated() throws {
        _ = try house.makeUser("bob", by: admin)
        try set([
            ("sessions_per_user_max", .integer(1)), ("session_overflow", .string("evict_oldest")),
        ])
        _ = try house.logIn("bob", Self.password)
        let body = JSONValue.object([
            "username": .string("bob"), "password": .string(Self.password),
        ])
        let headers = [("Idempotency-Key", "k")]
        let first = try house.send("POST", "/v1/auth/login", body: body, headers: headers)
        house.forgetNeeds()
        let again = try house.send("POST", "/v1/auth/login", body: body, headers: headers, to: 2)
        #expect(first["session_token"] == again["session_token"])
        #expect(again.status == 201 && house.needs.contains("release"))
    }

    @Test("Sessions end by time: of a user by who may, of oneself but the calling one")
    func before() throws {
        let id = try house.makeUser("bob", by: admin)
        let old = try house.logIn("bob", Self.password)
        let calling = try house.logIn("bob", Self.password)
        house.now = house.now.advanced(milliseconds: 5_000)
        let moment = house.now.rfc3339
        let new = try house.logIn("bob", Self.password)
        let path = "/v1/users/self/sessions?before=\(moment)"
        #expect(try house.send("DELETE", path, token: calling).status == 204)
        #expect(try !lives(old, on: 1))
        #expect(try lives(calling, on: 1) && lives(new, on: 1))
        let all = "/v1/sessions?user_id=\(id)&before=\(moment)"
        #expect(try house.send("DELETE", all, token: new).status == 403)
        let headers = [("Idempotency-Key", "k")]
        #expect(try house.send("DELETE", all, token: admin, headers: headers).status == 204)
        #expect(try !lives(calling, on: 1) && lives(new, on: 1))
        #expect(try house.send("DELETE", all, token: admin, headers: headers).status == 204)
        let other = all.replacing(moment, with: House.start.rfc3339)
        #expect(
            try house.send("DELETE", other, token: admin, headers: headers).code
                == "idempotency_mismatch")
        #expect(try house.send("DELETE", "/v1/sessions", token: admin).status == 422)
    }
}
