import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("validation for gateways (api.md, /v1/validate; security B1-B10)")
struct ValidationTests {
    private static let names = [
        "X-User-ID", "X-User-Name", "X-User-Email", "X-User-Roles", "X-User-Permissions",
        "X-Permissions", "X-User-Scopes", "X-Tenant-ID", "X-Organization-ID", "X-Org-ID",
        "X-Session-ID", "X-Credential-ID", "X-Auth-Method", "X-Token-Expires-At", "RateLimit",
        "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
        "X-Quota",
    ]

    /// Every identity header once, whatever the answer.
    private func expectWholeSet(_ answer: HouseAnswer, empty: Bool) {
        for name in Self.names {
            let values = answer.headers.all(name)
            #expect(values.count == 1, "\(name): \(values)")
            if empty { #expect(values == [""], "\(name)") }
        }
        #expect(answer.body.isEmpty)
    }

    @Test(
        "a live session passes, with the whole identity",
        arguments: ["GET", "POST", "HEAD", "BREW"])
    func allowed(_ method: String) throws {
        let house = try House()
        let admin = try house.logIn()
        let id = try house.makeUser("bob", permissions: ["invoke", "code:execute"], by: admin)
        let token = try house.logIn("bob", "password of a user")
        for path in ["/v1/validate", "/validate", "/api/v1/validate", "/v1/validate/nginx"] {
            house.forgetNeeds()
            let answer = try house.send(method, path, token: token, to: 2)
            #expect(answer.status == 200)
            expectWholeSet(answer, empty: false)
            #expect(answer.headers["X-User-ID"] == id)
            #expect(answer.headers["X-User-Name"] == "bob")
            #expect(answer.headers["X-User-Roles"] == "role-of-bob")
            #expect(answer.headers["X-Permissions"] == "code:execute,invoke")
            #expect(answer.headers["X-Tenant-ID"] == "ten_0000000000000000000001")
            #expect(answer.headers["X-Auth-Method"] == "session")
            // In this version every allow is confirmed by a quorum.
            #expect(house.needs == ["confirm"])
        }
    }

    @Test("nobody, junk and the ended get 401, and the right challenge")
    func denied() throws {
        let house = try House()
        let token = try house.logIn()
        let anonymous = try house.send("GET", "/v1/validate")
        #expect(anonymous.status == 401)
        #expect(anonymous.headers["WWW-Authenticate"] == "Bearer realm=\"watchword\"")
        expectWholeSet(anonymous, empty: true)
        house.forgetNeeds()
        var junk = Array(token.utf8)
        junk[20] = junk[20] == 48 ? 49 : 48
        for other in [
            String(decoding: junk, as: UTF8.self), "wwr_" + token.dropFirst(4),
            "wwk_" + token.dropFirst(4), "wws_" + String(repeating: "A", count: 49),
        ] {
            let answer = try house.send("GET", "/v1/validate", token: other)
            #expect(answer.status == 401)
            #expect(
                answer.headers["WWW-Authenticate"]
                    == "Bearer realm=\"watchword\", error=\"invalid_token\"")
            expectWholeSet(answer, empty: true)
        }
        // What is spelt wrong is refused without asking anybody.
        #expect(house.needs.isEmpty)
        #expect(try house.send("POST", "/v1/auth/logout", token: token, to: 2).status == 204)
        let ended = try house.send("GET", "/v1/validate", token: token, to: 3)
        #expect(ended.status == 401)
        expectWholeSet(ended, empty: true)
    }

    @Test("a session made a millisecond ago through another node is not refused")
    func fresh() throws {
        let house = try House()
        for node in 1...3 {
            let token = try house.logIn(to: node)
            for other in 1...3 {
                #expect(
                    try house.send("GET", "/v1/validate", token: token, to: other).status == 200)
            }
        }
    }

    @Test("requirements add up: all must hold, and none replaces another")
    func requirements() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", permissions: ["invoke", "code:execute"], by: admin)
        let token = try house.logIn("bob", "password of a user")
        func status(_ query: String, _ headers: [(String, String)] = []) throws -> Int {
            let answer = try house.send(
                "GET", "/v1/validate\(query)", token: token, headers: headers)
            if answer.status != 200 { expectWholeSet(answer, empty: true) }
            return answer.status
        }
        #expect(try status("?permission=invoke") == 200)
        #expect(try status("?permission=invoke,code:execute") == 200)
        #expect(try status("?permission=invoke&permission=code:execute&scope=invoke") == 200)
        #expect(try status("?permission=admin") == 403)
        #expect(try status("?permission=invoke&permission=admin") == 403)
        #expect(try status("?permission=invoke&scope=admin") == 403)
        let header = ("X-Required-Permission", "admin")
        #expect(try status("?permission=invoke", [header]) == 403)
        #expect(try status("", [("X-Required-Permission", "invoke"), header]) == 403)
        #expect(try status("", [("X-Required-Permission", "invoke, code:execute")]) == 200)
        for nonsense in ["", "*:*", "A+B", "invoke,X", "%2A:x", "%C3%A9"] {
            #expect(try status("?permission=\(nonsense)") == 403, "\(nonsense)")
        }
        #expect(try status("?permission=a%00b") == 400)
        #expect(try status("?other=a%00b&permission=invoke") == 400)
        #expect(try status("?other=1&other=2&permission=invoke") == 200)
        let forbidden = try house.send("GET", "/v1/validate?permission=admin", token: token)
        #expect(
            forbidden.headers["WWW-Authenticate"]
                == "Bearer realm=\"watchword\", error=\"insufficient_scope\"")
    }

    @Test("two credentials of our spelling are 400, others do not count (B9)")
    func credentials() throws {
        let house = try House()
        let token = try house.logIn()
        let bearer = ("Authorization", "Bearer \(token)")
        let cookie = ("Cookie", "x=y; __Host-ww_session=\(token)")
        func status(_ headers: [(String, String)], _ path: String = "/v1/validate") throws -> Int {
            let answer = try house.send("GET", path, headers: headers)
            if answer.status != 200 { expectWholeSet(answer, empty: true) }
            return answer.status
        }
        #expect(try status([bearer]) == 200)
        #expect(try status([cookie]) == 200)
        #expect(try status([("X-API-Key", token)]) == 200)
        for pair in [
            [bearer, bearer], [bearer, cookie], [cookie, cookie], [bearer, ("X-API-Key", token)],
            [("X-API-Key", token), ("API-Key", token)],
            [bearer, ("Authorization", "Bearer wwk_" + token.dropFirst(4))],
            [("Cookie", "__Host-ww_session=\(token); __Host-ww_session=\(token)")],
        ] {
            #expect(try status(pair) == 400, "\(pair)")
            #expect(try status(pair, "/v1/validate/nginx") == 403)
        }
        // The service behind the gateway has credentials of its own.
        #expect(try status([bearer, ("X-API-Key", "something else")]) == 200)
        #expect(try status([cookie, ("Authorization", "Basic QWxhZGRpbjpvcGVu")]) == 200)
        #expect(try status([("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")]) == 401)
        #expect(try status([("Authorization", "bearer   \(token)")]) == 200)
    }

    @Test("what the gateway's client wrote is ignored and never echoed (B1, B2)")
    func forged() throws {
        let house = try House()
        let token = try house.logIn()
        let forged = [
            ("X-User-ID", "FORGED"), ("X_User_ID", "FORGED"), ("x.user.id", "FORGED"),
            ("X-Tenant-ID", "FORGED"), ("X-Permissions", "FORGED"), ("X-Auth-Method", "FORGED"),
            ("Watchword-Consistency", "FORGED"), ("Watchword-Min-Index", "99999"),
            ("Watchword-Timeout-Ms", "x"), ("Idempotency-Key", "FORGED \u{7F}".replacing7F),
            ("Expect", "something-else"), ("Accept", "image/png"), ("Content-Type", "FORGED"),
        ]
        for credential in [token, nil] {
            let answer = try house.send("GET", "/v1/validate", token: credential, headers: forged)
            #expect(answer.status == (credential == nil ? 401 : 200))
            #expect(!answer.headers.fields.contains { $0.value.contains("FORGED") })
        }
    }

    @Test("a body that was announced is not waited for, and the connection closes (B12)")
    func announcedBody() throws {
        let house = try House()
        let token = try house.logIn()
        for framing in ["Content-Length: 100000000", "Transfer-Encoding: chunked"] {
            let bytes = Array(
                ("POST /v1/validate HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n"
                    + "\(framing)\r\nExpect: 100-continue\r\n\r\n").utf8)
            let answer = try house.send(bytes: bytes, to: house.nodes[0])
            #expect(answer.status == 200)
            #expect(answer.closes)
        }
        let empty = try house.send("POST", "/v1/validate", token: token, text: "")
        #expect(empty.status == 200 && !empty.closes)
    }

    @Test("without a quorum the answer is 503, and 403 for nginx: fail closed (B10)")
    func noQuorum() throws {
        let house = try House()
        let token = try house.logIn()
        for failure in [ReadFailure.noLeader, .noQuorum, .timeout, .tooBusy] {
            house.interfere = { need in
                if case .confirmRead = need { return .readFailed(failure) }
                return nil
            }
            let plain = try house.send("GET", "/v1/validate", token: token)
            #expect(plain.status == 503)
            #expect(plain.headers["Retry-After"] == "1")
            expectWholeSet(plain, empty: true)
            let nginx = try house.send("GET", "/v1/validate/nginx", token: token)
            #expect(nginx.status == 403)
            #expect(nginx.headers["X-Error-Status"] == "503")
        }
    }

    @Test("an identity over 3 KiB is 403 identity_too_large (B13)")
    func tooLarge() throws {
        let house = try House()
        let admin = try house.logIn()
        let many = (0..<200).map { "permission-number-\($0)" }
        let role = try house.send(
            "PUT", "/v1/roles/many", token: admin, body: .object(["permissions": .strings(many)]))
        #expect(role.status == 201)
        let user = try house.send(
            "POST", "/v1/users", token: admin,
            body: .object([
                "username": .string("bob"), "password": .string("password of a user"),
                "roles": .strings(["many"]),
            ]))
        #expect(user.status == 201)
        let token = try house.logIn("bob", "password of a user")
        let answer = try house.send("GET", "/v1/validate", token: token)
        #expect(answer.status == 403)
        #expect(answer.headers["X-Error-Code"] == "identity_too_large")
        expectWholeSet(answer, empty: true)
    }

    @Test("no mutation of a token's byte passes (B8, C6)")
    func mutations() throws {
        let house = try House()
        let token = Array(try house.logIn().utf8)
        for index in token.indices {
            for byte: UInt8 in [48, 65, 97, 95, 45, 126] where byte != token[index] {
                var mutated = token
                mutated[index] = byte
                let answer = try house.send(
                    "GET", "/v1/validate", token: String(decoding: mutated, as: UTF8.self))
                #expect(answer.status == 401)
            }
        }
        for cut in 1..<token.count {
            let short = String(decoding: token[..<cut], as: UTF8.self)
            #expect(try house.send("GET", "/v1/validate", token: short).status == 401)
        }
    }

    @Test("a gate that holds a lease answers an allow without asking anybody, and no denial")
    func lease() throws {
        struct Leased: ReadGate {
            func admitsAllow(viewedAt index: LogIndex) -> Bool { true }
        }
        let house = try House()
        let token = Array(try house.logIn().utf8)
        let codecs = house.nodes[0]
        let world = codecs.world().replacing(gate: Leased())
        let context = RequestContext(requestID: "r", address: "a")
        guard case .done = Validate(token: token, required: [], context: context).run(world) else {
            Issue.record("an allow asked for something")
            return
        }
        let missing = Validate(
            token: token, required: [Permission("cluster:manage")!, Permission("x:y")!],
            context: context)
        guard case .done = missing.run(world) else {
            Issue.record("a super administrator lacks a permission")
            return
        }
        let other = house.nodes[1].world().replacing(gate: Leased())
        // Node 2 does not know the session yet: a denial that must be confirmed.
        guard
            case .need(.confirmRead, _) = Validate(token: token, required: [], context: context)
                .run(other)
        else {
            Issue.record("a denial was not confirmed")
            return
        }
    }
}

extension String {
    /// The DEL of a forged field would be refused by the reader already.
    var replacing7F: String { replacing("\u{7F}", with: "x") }

    @Test("in development who shows nothing is the user that is named, to gateways alone")
    func nobody() throws {
        let house = try House()
        let admin = try house.logIn()
        let id = try house.makeUser("dev", permissions: ["invoke"], by: admin)
        #expect(try house.send("GET", "/v1/validate").status == 401)
        house.options.nobodyIs = UserName("dev")
        for path in ["/v1/validate?permission=invoke", "/v1/validate/nginx"] {
            let allowed = try house.send("GET", path, to: 2)
            #expect(allowed.status == 200 && allowed.headers["X-User-ID"] == id)
            #expect(allowed.headers["X-Auth-Method"] == "none")
            #expect(allowed.headers["X-Credential-ID"] == "")
        }
        #expect(try house.send("GET", "/v1/validate?permission=users:read").status == 403)
        // Who shows something is who they are, or nobody.
        for headers in [
            [("X-API-Key", "a"), ("X-API-Key", "b")], [("Cookie", "__Host-ww_session=x")],
            [("Authorization", "Basic YTpi")],
        ] {
            #expect(try house.send("GET", "/v1/validate", headers: headers).status == 401)
        }
        let junk = "wws_" + String(repeating: "A", count: 49)
        #expect(try house.send("GET", "/v1/validate", token: junk).status == 401)
        #expect(
            try house.send("GET", "/v1/validate", token: admin).headers["X-User-Name"] == "admin")
        for path in ["/v1/users/self", "/v1/users", "/v1/sessions/self"] {
            #expect(try house.send("GET", path).code == "missing_credentials")
        }
        _ = try house.send(
            "PATCH", "/v1/users/\(id)", token: admin,
            body: .object(["disabled": .bool(true)]))
        #expect(try house.send("GET", "/v1/validate").status == 401)
    }
}
