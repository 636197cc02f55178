import APITypes
import AuthCore
import ByteCodec
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("log-in, refresh and log-out (api.md, Endpoints)")
struct LogInTests {
    private func body(_ username: String, _ password: String) -> JSONValue {
        .object(["username": .string(username), "password": .string(password)])
    }

    @Test("a node that cannot compose tokens yet begins no session (architecture, outcomes)")
    func withoutTokens() throws {
        let house = try House()
        let before = house.commands.count
        house.nodes[1].hasTokens = false
        let answer = try house.send(
            "POST", "/v1/auth/login", body: body("admin", House.adminPassword), to: 2)
        #expect(answer.status == 503 && answer.code == "no_leader")
        // To have begun one and say so would be a false failure.
        #expect(house.commands.count == before)
    }

    @Test("a right password begins a session, shown once with its token")
    func right() throws {
        let house = try House()
        let answer = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("Admin"), "password": .string(House.adminPassword),
                "label": .string("laptop"), "ttl_seconds": .integer(3_600),
                "tokens": .bool(true), "tenant": .string("default"),
            ]))
        #expect(answer.status == 201)
        let token = try #require(answer["session_token"])
        #expect(token.hasPrefix("wws_") && token.utf8.count == 53)
        #expect(answer["refresh_token"]?.hasPrefix("wwr_") == true)
        let session = try #require(answer.json["session"])
        #expect(session["label"] == .string("laptop"))
        #expect(session["auth_method"] == .string("password"))
        let id = try #require(session["id"]?.string)
        #expect(answer.headers["Location"] == "/v1/sessions/\(id)")
        #expect(answer.headers["Cache-Control"] == "no-store")
        #expect(answer.headers["Set-Cookie"] == nil)
        let created = try #require(session["created_at"]?.string)
        #expect(created == House.start.rfc3339)
        #expect(
            session["expires_at"]
                == .string(
                    House.start.advanced(milliseconds: 3_600_000).rfc3339))
        let own = try house.send("GET", "/v1/sessions/self", token: token, to: 3)
        #expect(own.status == 200)
        #expect(own["id"] == id)
    }

    @Test("every refusal costs one hash and one confirmed read, and answers alike (security A7)")
    func refusals() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", by: admin)
        let disabled = try house.makeUser("carol", by: admin)
        _ = try house.send(
            "PATCH", "/v1/users/\(disabled)", token: admin, body: .object(["disabled": .bool(true)])
        )
        let noPassword = try house.send(
            "POST", "/v1/users", token: admin, body: .object(["username": .string("dave")]))
        #expect(noPassword.status == 201)
        var answers: [HouseAnswer] = []
        for (name, password) in [
            ("bob", "wrong"), ("carol", "password of a user"), ("carol", "wrong"),
            ("dave", "x"), ("nobody", "x"), ("NOT A NAME!", "x"), ("admin", "wrong"),
        ] {
            house.forgetNeeds()
            answers.append(
                try house.send(
                    "POST", "/v1/auth/login", body: body(name, password),
                    headers: [("X-Request-ID", "r1")]))
            #expect(house.needs == ["hash", "confirm", "propose"], "\(name)")
        }
        house.forgetNeeds()
        answers.append(
            try house.send(
                "POST", "/v1/auth/login",
                body: .object([
                    "username": .string("bob"), "password": .string("password of a user"),
                    "tenant": .string("nowhere"),
                ]), headers: [("X-Request-ID", "r1")]))
        #expect(house.needs == ["hash", "confirm", "propose"])
        for answer in answers {
            #expect(answer.status == 401)
            #expect(answer.code == "invalid_credentials")
            #expect(answer.body == answers[0].body)
            #expect(
                answer.headers.fields.filter { $0.name != "Watchword-Index" }
                    == answers[0].headers.fields.filter { $0.name != "Watchword-Index" })
        }
        // The audit trail tells what the answer hides.
        let reasons = house.commands.compactMap { command -> AuditDetail? in
            guard case .failLogIn(let body) = command.operation else { return nil }
            return .reason(body.reason)
        }
        #expect(reasons.contains(.reason(.unknownUser)))
        #expect(reasons.contains(.reason(.wrongPassword)))
        #expect(reasons.contains(.reason(.userDisabled)))
    }

    @Test("a user made a moment ago through another node can log in here")
    func laggingNode() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", by: admin)
        // Node 2 has applied nothing of this yet.
        let token = try house.logIn("bob", "password of a user", to: 2)
        #expect(token.hasPrefix("wws_"))
    }

    @Test("a password changed between verification and apply does not let the old one in")
    func passwordChanged() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        var isChanged = false
        house.interfere = { need in
            if case .propose(let command) = need, case .startSession = command.operation,
                !isChanged
            {
                isChanged = true
                house.interfere = { _ in nil }
                do {
                    _ = try house.send(
                        "PUT", "/v1/users/\(bob)/password", token: admin,
                        body: .object(["password": .string("quite another password")]))
                } catch {
                    Issue.record(error)
                }
            }
            return nil
        }
        let answer = try house.send(
            "POST", "/v1/auth/login", body: body("bob", "password of a user"))
        #expect(isChanged)
        #expect(answer.code == "invalid_credentials")
    }

    @Test("a full hashing pool answers 429 busy (security A12)")
    func busy() throws {
        let house = try House()
        house.interfere = { need in
            if case .hash = need { return .hashingRefused }
            return nil
        }
        let answer = try house.send(
            "POST", "/v1/auth/login", body: body("admin", House.adminPassword))
        #expect(answer.status == 429)
        #expect(answer.code == "busy")
        #expect(answer.headers["Retry-After"] == "1")
    }

    @Test("a hash of another program is verified, and replaced by our own afterwards")
    func rehash() throws {
        let house = try House()
        let admin = try house.logIn()
        // Made by `openssl passwd -6 -salt saltsalt`.
        let made = try house.send(
            "POST", "/v1/users", token: admin,
            body: .object([
                "username": .string("eve"),
                "password_hash": .string(
                    "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc."
                        + "eoxqOmSuNp2xS0ktL3nh/"),
            ]))
        #expect(made.status == 201, "\(made.json)")
        _ = try house.logIn("eve", "password")
        #expect(house.nodes[0].background.count == 1)
        try house.nodes[0].flush()
        _ = try house.logIn("eve", "password")
        #expect(house.nodes[0].background.isEmpty)
    }

    @Test("the outcome of a log-in that nobody knows is 503, never a yes or a no")
    func unknown() throws {
        let house = try House()
        for (completion, code) in [
            (Completion.unknown, "outcome_unknown"), (.notProposed(.noLeader), "no_leader"),
            (.notProposed(.noQuorum), "no_quorum"), (.notProposed(.draining), "draining"),
        ] {
            house.interfere = { need in
                if case .propose = need { return completion }
                return nil
            }
            let answer = try house.send(
                "POST", "/v1/auth/login", body: body("admin", House.adminPassword))
            #expect(answer.status == 503)
            #expect(answer.code == code)
        }
        house.interfere = { need in
            if case .propose = need { return .notProposed(.storageFull) }
            return nil
        }
        let full = try house.send(
            "POST", "/v1/auth/login", body: body("admin", House.adminPassword))
        #expect(full.status == 507)
    }

    @Test("a browser on a page of ours gets the cookie too")
    func cookie() throws {
        let house = try House()
        let answer = try house.send(
            "POST", "/v1/auth/login", body: body("admin", House.adminPassword),
            headers: [("Origin", "https://auth.example.com")])
        let cookie = try #require(answer.headers["Set-Cookie"])
        let token = try #require(answer["session_token"])
        #expect(
            cookie
                == "__Host-ww_session=\(token); Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax"
        )
        let sent = ("Cookie", "a=b; __Host-ww_session=\(token); c=d")
        #expect(try house.send("GET", "/v1/sessions/self", headers: [sent]).status == 200)
        let elsewhere = try house.send("GET", "/v1/users/self", headers: [sent])
        #expect(elsewhere.code == "origin")
        let matching = try house.send(
            "GET", "/v1/users/self", headers: [sent, ("Origin", "https://auth.example.com")])
        #expect(matching.status == 200)
        let foreign = try house.send(
            "GET", "/v1/users/self", headers: [sent, ("Origin", "https://evil.example.com")])
        #expect(foreign.code == "origin")
        let two = try house.send("GET", "/v1/sessions/self", token: token, headers: [sent])
        #expect(two.code == "two_credentials")
        let out = try house.send("POST", "/v1/auth/logout", headers: [sent])
        #expect(out.status == 204)
        #expect(out.headers["Set-Cookie"]?.contains("Max-Age=0") == true)
    }

    @Test("an origin is scheme, host and port; it counts where the operator names it")
    func origins() throws {
        let console = try #require(PageOrigin("https://console.example.com:8443"))
        #expect(PageOrigin("http://[::1]:3000") != nil)
        for text in [
            "", "https://", "console.example.com", "https://a.example/", "https://a.example/path",
            "https://a b", "file:///", "null", "*", "https://*", "HTTPS://a.example",
        ] {
            #expect(PageOrigin(text) == nil, "\(text)")
        }
        func counts(_ sent: String...) -> Bool {
            var headers: HTTPHeaders = ["Host": "auth.example.com"]
            for origin in sent { headers.add("Origin", origin) }
            let head = HTTPRequestHead(method: "GET", path: "/", headers: headers)
            return Credential.matches(HTTPRequest(head: head), origins: [console])
        }
        #expect(counts("https://console.example.com:8443"))
        #expect(counts("https://auth.example.com"))
        #expect(!counts("https://console.example.com"))
        #expect(!counts("https://console.example.com:8443", "https://evil.example.com"))
        #expect(!counts())
    }

    @Test("log-out ends the session on every node")
    func logOut() throws {
        let house = try House()
        let token = try house.logIn()
        #expect(try house.send("POST", "/v1/auth/logout", token: token, to: 2).status == 204)
        for node in 1...3 {
            let answer = try house.send("GET", "/v1/sessions/self", token: token, to: node)
            #expect(answer.code == "token_invalid")
            #expect(
                answer.headers["WWW-Authenticate"]
                    == "Bearer realm=\"watchword\", error=\"invalid_token\"")
        }
    }

    @Test("a session past its end is token_expired, and a clock that runs back revives nothing")
    func expiry() throws {
        let house = try House()
        let token = try house.logIn()
        house.now = House.start.advanced(milliseconds: 31 * 60_000)
        #expect(
            try house.send("GET", "/v1/sessions/self", token: token).code == "token_expired")
        // The state's own time has moved on with an entry.
        _ = try house.logIn()
        house.now = House.start
        // Its row may be swept by then.
        let answer = try house.send("GET", "/v1/sessions/self", token: token)
        #expect(["token_expired", "token_invalid"].contains(answer.code))
    }

    @Test("uses slide the idle end, once they are applied")
    func touches() throws {
        let house = try House()
        let token = try house.logIn()
        for minutes in stride(from: UInt64(20), to: 120, by: 20) {
            house.now = House.start.advanced(milliseconds: minutes * 60_000)
            let answer = try house.send("GET", "/v1/sessions/self", token: token)
            #expect(answer.status == 200, "after \(minutes) minutes")
            try house.nodes[0].flush()
        }
    }

    @Test("a refresh token is redeemed for its successor; the one before gets the same within 10 s")
    func refresh() throws {
        let house = try House()
        let logIn = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("admin"), "password": .string(House.adminPassword),
                "tokens": .bool(true),
            ]))
        let first = try #require(logIn["refresh_token"])
        func redeem(_ token: String, to node: Int = 1) throws -> HouseAnswer {
            try house.send(
                "POST", "/v1/auth/refresh", body: .object(["refresh_token": .string(token)]),
                to: node)
        }
        let second = try redeem(first, to: 2)
        #expect(second.status == 200)
        let token = try #require(second["refresh_token"])
        #expect(token != first)
        // The answer was lost: the same successor again, on any node.
        #expect(try redeem(first, to: 3)["refresh_token"] == token)
        let third = try #require(try redeem(token)["refresh_token"])
        // Two generations back: somebody has stolen it.
        #expect(try redeem(first).code == "token_invalid")
        #expect(try redeem(third).code == "token_invalid")
        let session = try #require(logIn["session_token"])
        #expect(
            try house.send("GET", "/v1/sessions/self", token: session).code == "token_invalid")
    }

    @Test("a guessed refresh token writes nothing into the log")
    func guessedRefresh() throws {
        let house = try House()
        let length = house.log.count
        for token in ["", "x", "wwr_" + String(repeating: "0", count: 49), try house.logIn()] {
            let answer = try house.send(
                "POST", "/v1/auth/refresh", body: .object(["refresh_token": .string(token)]))
            #expect([401, 422].contains(answer.status))
        }
        #expect(house.log.count == length + 1)
    }

    @Test(
        "wrong bodies get the right code",
        arguments: [
            ("", 400, "malformed"), ("{", 400, "malformed"), ("[]", 400, "malformed"),
            ("\"x\"", 400, "malformed"), ("{}", 422, "invalid"),
            (#"{"username":"a"}"#, 422, "invalid"),
            (#"{"username":"a","password":1}"#, 422, "invalid"),
            (#"{"username":"a","password":"b","x":1}"#, 400, "unknown_field"),
            (#"{"username":"a","password":"b","password":"c"}"#, 400, "malformed"),
            (#"{"username":"a","password":"b","ttl_seconds":0}"#, 422, "invalid"),
            (#"{"username":"a","password":"b","ttl_seconds":-1}"#, 422, "invalid"),
            (#"{"username":"a","password":"b","ttl_seconds":1e3}"#, 422, "invalid"),
            (#"{"username":"a","password":"\ud800"}"#, 400, "malformed"),
            (#"{"username":"a","password":null}"#, 422, "invalid"),
        ])
    func bodies(_ text: String, _ status: Int, _ code: String) throws {
        let house = try House()
        let answer = try house.send("POST", "/v1/auth/login", text: text)
        #expect(answer.status == status)
        #expect(answer.code == code)
        #expect(house.needs.isEmpty)
    }

    @Test("no answer and no log line holds a password, wherever it was put (security J1, J2)")
    func noEcho() throws {
        let house = try House()
        let canary = "CANARY-7f3a"
        for (target, headers, text) in [
            ("/v1/auth/login", [], #"{"username":"\#(canary)","password":"\#(canary)"}"#),
            ("/v1/auth/login", [], #"{"username":"a","password":"\#(canary)","\#(canary)":1}"#),
            ("/v1/auth/login", [], #"{"password":"\#(canary)"#),
            ("/v1/auth/login?\(canary)=\(canary)", [], "{}"),
            ("/v1/users/\(canary)", [("Authorization", "Bearer \(canary)")], "{}"),
            ("/\(canary)", [("X-Request-ID", "not well formed \(canary)")], "{}"),
        ] as [(String, [(String, String)], String)] {
            let answer = try house.send("POST", target, text: text, headers: headers)
            #expect(answer.status >= 400)
            #expect(!String(decoding: answer.body, as: UTF8.self).contains(canary))
            #expect(!answer.headers.fields.contains { $0.value.contains(canary) })
            #expect(!"\(answer.record)".contains(canary))
        }
    }
}
