import APITypes
import ByteCodec
import Cryptography
import Testing

@testable import AuthCore
@testable import AuthService
@testable import HTTPAPI

@Suite("One-time codes (api.md, Second factor)")
struct SecondFactorTests {
    let house: House
    let admin: String
    let bob: String
    let token: String
    private static let password = "password of a user"

    init() throws {
        house = try House()
        admin = try house.logIn()
        bob = try house.makeUser("bob", by: admin)
        token = try house.logIn("bob", Self.password)
    }

    private func own(
        _ path: String, _ fields: [(String, String)] = [], to node: Int = 1
    ) throws -> HouseAnswer {
        try house.send(
            "POST", "/v1/users/self/totp" + path, token: token,
            body: .object(fields.map { JSONMember($0.0, .string($0.1)) }), to: node)
    }

    private func logIn(
        _ code: String?, password: String = Self.password, to node: Int = 1, key: String? = nil
    ) throws -> HouseAnswer {
        var members = [
            JSONMember("username", .string("bob")), JSONMember("password", .string(password)),
        ]
        if let code { members.append(JSONMember("code", .string(code))) }
        return try house.send(
            "POST", "/v1/auth/login", body: .object(members),
            headers: key.map { [("Idempotency-Key", $0)] } ?? [], to: node)
    }

    /// Enrols and confirms; gives the secret and the recovery codes.
    private func enrol() throws -> (secret: [UInt8], recovery: [String]) {
        let made = try own("", [("password", Self.password)])
        #expect(made.status == 201)
        let text = try #require(made["secret"])
        #expect(
            made["uri"]
                == "otpauth://totp/Watchword:bob?secret=\(text)&issuer=Watchword"
                + "&algorithm=SHA1&digits=6&period=30")
        let secret = try #require(Base32.decode(Array(text.utf8)))
        #expect(try logIn(nil).status == 201, "not before a code was shown")
        let confirmed = try own("/confirm", [("code", code(secret))], to: 2)
        #expect(confirmed.status == 200)
        let recovery = confirmed.json["recovery_codes"]?.array?.compactMap(\.string) ?? []
        #expect(Set(recovery).count == 10)
        // The code that confirmed is spent.
        house.now = house.now.advanced(milliseconds: 30_000)
        return (secret, recovery)
    }

    private func code(_ secret: [UInt8], ahead: UInt64 = 0) -> String {
        let step = TOTP.step(at: house.now) + ahead
        return String(
            decoding: TOTP.code(step: step, secret: SecretBytes(copying: secret)), as: UTF8.self)
    }

    @Test("A log-in needs a code on every node, and each code is good once")
    func logIns() throws {
        let (secret, _) = try enrol()
        let without = try logIn(nil, to: 3)
        #expect(without.status == 401 && without.code == "code_required")
        let present = code(secret)
        #expect(try logIn(present, to: 2).status == 201)
        for node in 1...3 {
            let again = try logIn(present, to: node)
            #expect(again.status == 401 && again.code == "invalid_credentials")
        }
        #expect(try logIn(code(secret, ahead: 1), to: 3).status == 201)
        let state = try house.send("GET", "/v1/users/\(bob)/totp", token: admin, to: 3)
        #expect(state["state"] == "active" && state.json["recovery_codes_left"] == .integer(10))
    }

    @Test("A wrong password is answered alike with and without a second factor, code or not")
    func alike() throws {
        _ = try house.makeUser("eve", by: admin)
        _ = try enrol()
        var seen: Set<String> = []
        for (name, code) in [
            ("bob", nil), ("bob", "000000"), ("eve", nil), ("eve", "000000"), ("nobody", "000000"),
        ] as [(String, String?)] {
            house.forgetNeeds()
            var members = [
                JSONMember("username", .string(name)), JSONMember("password", .string("wrong")),
            ]
            if let code { members.append(JSONMember("code", .string(code))) }
            let answer = try house.send("POST", "/v1/auth/login", body: .object(members))
            seen.insert("\(answer.status) \(answer.code ?? "") \(house.needs)")
        }
        #expect(seen == ["401 invalid_credentials [\"hash\", \"confirm\", \"propose\"]"])
        // So is a right password with a wrong code.
        house.forgetNeeds()
        #expect(try logIn("000000").code == "invalid_credentials")
        #expect(house.needs == ["hash", "confirm", "propose"])
    }

    @Test("Wrong codes count as failed log-ins, and hold the name back")
    func guessing() throws {
        let (secret, _) = try enrol()
        for _ in 0..<5 { #expect(try logIn("000000").status == 401) }
        let held = try logIn(code(secret))
        #expect(held.status == 429 && held.code == "rate_limited")
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(try logIn(code(secret)).status == 201)
        for wrong in [" 123456", "１２３４５６", "12345", "1234567", "12345a"] {
            #expect(try logIn(wrong).code == "invalid", "\(wrong)")
        }
    }

    @Test("Whoever has session and password gets no more guesses at codes by a new password")
    func guessingBetweenPasswords() throws {
        let (secret, _) = try enrol()
        for _ in 0..<4 {
            let wrong = try own("/remove", [("password", Self.password), ("code", "000000")])
            #expect(wrong.status == 401)
        }
        #expect(try change(nil).code == "code_required")
        #expect(try change("000000").code == "invalid_credentials")
        // The fifth has failed: nothing is told of the next, right or wrong.
        #expect(try change(code(secret)).status == 429)
        #expect(try own("/remove", [("password", Self.password)]).status == 429)
        house.now = house.now.advanced(milliseconds: 60_000)
        #expect(try change(code(secret)).status == 204)
        #expect(try logIn(nil).code == "invalid_credentials", "the old password")
    }

    @Test("One's own password is changed with a code, which is spent by it")
    func ownPassword() throws {
        let (secret, recovery) = try enrol()
        let shown = code(secret)
        house.forgetNeeds()
        #expect(try change(nil).code == "code_required")
        #expect(house.needs.last == "propose", "it is said by an entry, which a hold refuses")
        #expect(try change(shown).status == 204)
        let again = try logIn(shown, password: "another password of bob")
        #expect(again.code == "invalid_credentials", "a code is good once")
        house.now = house.now.advanced(milliseconds: 60_000)
        let back = try change(recovery[2], from: "another password of bob", to: Self.password)
        #expect(back.status == 204, "\(back.json)")
        #expect(try logIn(recovery[2]).code == "invalid_credentials")
        #expect(try logIn(recovery[3]).status == 201)
    }

    @Test("A log-in whose answer was lost is answered again, its code spent or out of time")
    func lostAnswer() throws {
        let (secret, recovery) = try enrol()
        for shown in [code(secret), recovery[0]] {
            let key = "lost-\(shown)"
            let first = try logIn(shown, key: key)
            #expect(first.status == 201)
            house.now = house.now.advanced(milliseconds: 120_000)
            for node in 1...3 {
                let again = try logIn(shown, to: node, key: key)
                #expect(again.status == 201 && again["session_token"] == first["session_token"])
            }
            #expect(try logIn(shown).code == "invalid_credentials", "under no key")
            #expect(try logIn(shown, key: key + "-other").code == "invalid_credentials")
        }
    }

    private func change(
        _ code: String?, from old: String = Self.password,
        to new: String = "another password of bob"
    ) throws -> HouseAnswer {
        var members = [
            JSONMember("old_password", .string(old)), JSONMember("new_password", .string(new)),
        ]
        if let code { members.append(JSONMember("code", .string(code))) }
        return try house.send(
            "PUT", "/v1/users/self/password", token: token, body: .object(members))
    }

    @Test("A pending enrolment and one that is not there give nobody free guesses")
    func guessingWithout() throws {
        // What is said of the factor is said by the entry, which a hold refuses.
        house.forgetNeeds()
        #expect(try own("/remove", [("password", Self.password)]).code == "not_found")
        #expect(house.needs.last == "propose")
        let fields = [("password", Self.password), ("code", "000000")]
        house.forgetNeeds()
        #expect(try own("/recovery-codes", fields).code == "not_found")
        #expect(house.needs.last == "propose")
        #expect(try own("", [("password", Self.password)]).status == 201)
        for _ in 0..<5 { #expect(try own("/confirm", [("code", "000000")]).status == 401) }
        #expect(try logIn(nil).status == 429)
    }

    @Test("One code sent to three nodes at once 1,000 times is good once", arguments: [1, 2])
    func storm(seed: UInt64) throws {
        let (secret, recovery) = try enrol()
        for shown in [code(secret), recovery[0]] {
            // A day later nothing is held back any more.
            let present = recovery.contains(shown) ? shown : code(secret)
            let body = JSONValue.object([
                "username": .string("bob"), "password": .string(Self.password),
                "code": .string(present),
            ])
            var running = try (0..<1_000).map {
                (try house.begin("POST", "/v1/auth/login", body: body, on: house.nodes[$0 % 3]), $0)
            }
            let dice = SimulatedRandomBytes(seed: seed)
            var statuses: [Int: Int] = [:]
            while !running.isEmpty {
                let drawn = dice.bytes(4).reduce(0) { $0 << 8 | Int($1) }
                let place = drawn % running.count
                switch running[place].0.step {
                case .need(let need):
                    running[place].0.resume(
                        try house.complete(need, on: house.nodes[running[place].1 % 3]))
                case .respond(let response):
                    statuses[response.status, default: 0] += 1
                    running.swapAt(place, running.count - 1)
                    running.removeLast()
                }
            }
            #expect(statuses[201] == 1, "\(statuses)")
            #expect((statuses[401] ?? 0) + (statuses[429] ?? 0) == 999)
            house.now = house.now.advanced(milliseconds: 2 * 86_400_000)
        }
    }

    @Test("Recovery codes let in once each, and are made anew with password and code")
    func recovery() throws {
        let (secret, recovery) = try enrol()
        #expect(try logIn(recovery[3], to: 2).status == 201)
        #expect(try logIn(recovery[3], to: 3).code == "invalid_credentials")
        let wrong = try own("/recovery-codes", [("password", "x"), ("code", code(secret))])
        #expect(wrong.code == "invalid_credentials")
        let renewed = try own(
            "/recovery-codes", [("password", Self.password), ("code", code(secret))])
        #expect(renewed.status == 200)
        #expect(try logIn(recovery[4]).code == "invalid_credentials")
        let fresh = try #require(renewed.json["recovery_codes"]?.array?.first?.string)
        #expect(try logIn(fresh).status == 201)
    }

    @Test("It is removed with password and code, or by who may set the password")
    func removing() throws {
        let (secret, _) = try enrol()
        #expect(try own("/remove", [("password", Self.password)]).code == "code_required")
        #expect(
            try own("/remove", [("password", "x"), ("code", code(secret))]).code
                == "invalid_credentials")
        #expect(
            try own("/remove", [("password", Self.password), ("code", code(secret))]).status
                == 204)
        #expect(try logIn(nil).status == 201)
        house.now = house.now.advanced(milliseconds: 60_000)
        _ = try enrol()
        #expect(try own("", [("password", Self.password)]).code == "exists")
        #expect(
            try house.send("DELETE", "/v1/users/\(bob)/totp", token: token).status == 403)
        #expect(try house.send("DELETE", "/v1/users/\(bob)/totp", token: admin).status == 204)
        #expect(try logIn(nil).status == 201)
        #expect(try house.send("DELETE", "/v1/users/\(bob)/totp", token: admin).status == 404)
    }

    @Test("A sealed node does not say whether a code is right")
    func sealedNode() throws {
        let (secret, _) = try enrol()
        house.nodes[1].keys = nil
        let answer = try logIn(code(secret), to: 2)
        #expect(answer.status == 503 && answer.code == "sealed")
        #expect(try logIn(code(secret)).status == 201, "and spends none")
    }
}
