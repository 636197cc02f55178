import APITypes
import ByteCodec
import Cryptography
import Foundation
import RaftCore
import Testing

@testable import AuthCore
@testable import AuthService
@testable import HTTPAPI

@Suite("access tokens (RFC 9068; security C1-C6)")
struct AccessTokenTests {
    @Test("a log-in with tokens gives one that says what RFC 9068 asks for")
    func claims() throws {
        let tokens = try TokenHouse()
        let answer = try tokens.logIn()
        #expect(answer.status == 201)
        #expect(answer["token_type"] == "Bearer" && answer.json["expires_in"]?.integer == 300)
        let token = try TokenParts(try #require(answer["access_token"]))
        #expect(token.header["alg"] == .string("EdDSA") && token.header["typ"] == .string("at+jwt"))
        #expect(token.header.members?.count == 3)
        let claims = token.payload
        #expect(claims["iss"]?.string == TokenHouse.issuer && claims["aud"]?.string == "api")
        #expect(claims["sub"]?.string == answer.json["user"]?["id"]?.string)
        #expect(claims["sid"]?.string == answer.json["session"]?["id"]?.string)
        #expect(claims["client_id"]?.string == "watchword")
        #expect(claims["roles"]?.array == [.string("super_admin")])
        let issued = try #require(claims["iat"]?.unsigned)
        #expect(issued == House.start.rawValue / 1_000 && claims["exp"]?.unsigned == issued + 300)
        #expect(claims["auth_time"]?.unsigned == issued)
        let plain = try tokens.house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("admin"), "password": .string(House.adminPassword),
            ]))
        #expect(plain["access_token"] == nil && plain["refresh_token"] == nil)
    }

    @Test(
        "it is as good as its session at validate, on every node",
        arguments: SigningAlgorithm.allCases)
    func use(algorithm: SigningAlgorithm) throws {
        let tokens = try TokenHouse(algorithm)
        let answer = try tokens.logIn()
        let token = try #require(answer["access_token"])
        for node in 1...3 {
            let allowed = try tokens.validate(token, on: node)
            #expect(allowed.status == 200, "\(allowed.headers)")
            #expect(allowed.headers["X-Auth-Method"] == "jwt")
            #expect(allowed.headers["X-User-Name"] == "admin")
            #expect(allowed.headers["X-Session-ID"] == answer.json["session"]?["id"]?.string)
            let own = try tokens.house.send("GET", "/v1/users/self", token: token, to: node)
            #expect(own.status == 200)
        }
        let session = try tokens.house.send("GET", "/v1/sessions/self", token: token)
        #expect(session["id"] == answer.json["session"]?["id"]?.string)
    }

    @Test("a service that it was shown to can do nothing with it here, whoever its user is")
    func confined() throws {
        let tokens = try TokenHouse()
        let answer = try tokens.logIn()
        let token = try #require(answer["access_token"])
        let session = try #require(answer["session_token"])
        let own = try #require(answer.json["session"]?["id"]?.string)
        let password = JSONValue.object([
            "old_password": .string(House.adminPassword),
            "new_password": .string("another password of admin"),
        ])
        let requests: [(String, String, JSONValue?)] = [
            ("GET", "/v1/users", nil), ("GET", "/v1/sessions/\(own)", nil),
            ("GET", "/v1/users/self/sessions", nil), ("GET", "/v1/secrets", nil),
            ("GET", "/v1/secrets/a", nil), ("GET", "/v1/audit", nil), ("GET", "/metrics", nil),
            ("GET", "/v1/cluster", nil), ("DELETE", "/v1/sessions/\(own)", nil),
            ("DELETE", "/v1/users/self/sessions", nil),
            ("POST", "/v1/users", .object(["username": .string("bob")])),
            ("POST", "/v1/keys", .object(["name": .string("k")])),
            ("PUT", "/v1/users/self/password", password),
            ("POST", "/v1/users/self/totp", .object(["password": .string(House.adminPassword)])),
        ]
        for (method, path, body) in requests {
            let refused = try tokens.house.send(method, path, token: token, body: body)
            #expect(refused.code == "insufficient_permissions", "\(method) \(path)")
            let allowed = try tokens.house.send(
                method == "DELETE" ? "GET" : method, path, token: session, body: body)
            #expect(allowed.code != "insufficient_permissions", "\(method) \(path)")
        }
        // What it may do itself may be asked with it, and of others nothing.
        let other = try tokens.house.send(
            "POST", "/v1/users", token: session, body: .object(["username": .string("eve")]))
        let questions = JSONValue.array([
            .object(["permission": .string("invoke")]),
            .object([
                "permission": .string("invoke"), "user_id": .string(try #require(other["id"])),
            ]),
        ])
        let checked = try tokens.house.send(
            "POST", "/v1/check", token: token, body: .object(["checks": questions]))
        #expect(checked.status == 200, "\(checked.json)")
        let results = try #require(checked.json["results"]?.array)
        #expect(results.map { $0["allowed"]?.bool } == [true, false])
        #expect(results[1]["code"]?.string == "insufficient_permissions")
    }

    @Test("it ends with its session, whatever ends that, and with its own time")
    func ends() throws {
        for way in ["logout", "revoke all", "disable", "expiry"] {
            let tokens = try TokenHouse()
            let admin = try tokens.house.logIn()
            let id = try tokens.house.makeUser("bob", by: admin)
            let answer = try tokens.logIn("bob", "password of a user")
            let token = try #require(answer["access_token"])
            #expect(try tokens.validate(token, on: 2).status == 200)
            switch way {
            case "logout":
                let out = try tokens.house.send("POST", "/v1/auth/logout", token: token)
                #expect(out.status == 204)
            case "revoke all":
                let out = try tokens.house.send("DELETE", "/v1/users/\(id)/sessions", token: admin)
                #expect(out.status == 204)
            case "disable":
                let out = try tokens.house.send(
                    "PATCH", "/v1/users/\(id)", token: admin,
                    body: .object(["disabled": .bool(true)]))
                #expect(out.status == 200)
            default: tokens.house.now = tokens.house.now.advanced(milliseconds: 300_000)
            }
            for node in 1...3 {
                let denied = try tokens.validate(token, on: node)
                #expect(denied.status == 401, "\(way) on \(node)")
                let own = try tokens.house.send("GET", "/v1/users/self", token: token, to: node)
                let isExpired = way == "expiry"
                #expect(own.code == (isExpired ? "token_expired" : "token_invalid"), "\(way)")
            }
            if way == "expiry" {
                #expect(
                    try tokens.validate(try #require(answer["session_token"])).status == 200)
            }
        }
    }

    @Test("what names a session is no token: neither the sid nor the row under another signature")
    func sessionIDIsNoToken() throws {
        let tokens = try TokenHouse()
        let answer = try tokens.logIn()
        let sid = try #require(answer.json["session"]?["id"]?.string)
        #expect(try tokens.validate(sid).status == 401)
        #expect(try tokens.house.send("GET", "/v1/users/self", token: sid).status == 401)
    }

    @Test("a node that has not heard of the key asks a quorum before it says no")
    func laggingNode() throws {
        let tokens = try TokenHouse()
        let token = try tokens.accessToken()
        tokens.house.forgetNeeds()
        #expect(try tokens.validate(token, on: 3).status == 200)
        #expect(tokens.house.needs == ["confirm"])
        // What its own state's time ends, and a signature that is wrong, nobody is asked about.
        var forged = try TokenParts(token)
        forged.signature[5] ^= 1
        let text = token.split(separator: ".").prefix(2).joined(separator: ".") + "."
        tokens.house.forgetNeeds()
        let denied = try tokens.validate(text + Base64.url.encode(forged.signature), on: 3)
        #expect(denied.status == 401 && tokens.house.needs.isEmpty)
        try tokens.wait(seconds: 300)
        tokens.house.forgetNeeds()
        #expect(try tokens.validate(token).status == 401)
        #expect(tokens.house.needs.isEmpty)
    }

    @Test("a refresh gives another one for the same session; a repeated request the same again")
    func refreshAndRepeat() throws {
        let tokens = try TokenHouse()
        let first = try tokens.logIn(key: "k-1")
        let again = try tokens.logIn(to: 2, key: "k-1")
        #expect(first["access_token"] == again["access_token"] && first["access_token"] != nil)
        try tokens.wait(seconds: 100)
        let late = try tokens.logIn(to: 3, key: "k-1")
        #expect(late["access_token"] == first["access_token"])
        #expect(late.json["expires_in"]?.integer == 200)
        let refreshed = try tokens.house.send(
            "POST", "/v1/auth/refresh",
            body: .object(["refresh_token": .string(try #require(first["refresh_token"]))]))
        let token = try #require(refreshed["access_token"], "\(refreshed.json)")
        #expect(token != first["access_token"])
        let (old, new) = try (TokenParts(first["access_token"] ?? ""), TokenParts(token))
        #expect(old.payload["sid"] == new.payload["sid"])
        #expect(old.payload["jti"] != new.payload["jti"])
        #expect(try tokens.validate(token).status == 200)
    }

    @Test("nothing of an access token or of a private key is in the log")
    func nothingInTheLog() throws {
        let tokens = try TokenHouse()
        let token = try tokens.logIn(key: "k-2")["access_token"] ?? ""
        let key = try tokens.signingKey()
        let seed = key.document.bytes.withBytes { bytes in
            (bytes.count - 32..<bytes.count).map { bytes[$0] }
        }
        let signature = try TokenParts(token).signature
        for entry in tokens.house.log {
            for secret in [seed, signature, Array(token.utf8.prefix(200))] {
                #expect(entry.payload.firstRange(of: secret) == nil)
            }
        }
        #expect(tokens.house.log.contains { $0.payload.firstRange(of: key.verifying.bytes) != nil })
    }

    @Test("a node that is sealed signs nothing, and begins nothing that it could not answer")
    func sealed() throws {
        let tokens = try TokenHouse()
        let token = try tokens.accessToken()
        let refresh = try #require(try tokens.logIn()["refresh_token"])
        tokens.house.nodes[1].keys = nil
        let before = tokens.house.commands.count
        #expect(try tokens.logIn(to: 2).code == "sealed")
        let refused = try tokens.house.send(
            "POST", "/v1/auth/refresh", body: .object(["refresh_token": .string(refresh)]), to: 2)
        #expect(refused.code == "sealed")
        #expect(tokens.house.commands.count == before)
        // To verify takes public keys alone.
        #expect(try tokens.validate(token, on: 2).status == 200)
    }

    @Test("below feature level 2, and without an issuer, tokens go on as before")
    func withoutAccessTokens() throws {
        for tokens in [try TokenHouse(featureLevel: 1), try TokenHouse(issuer: nil)] {
            let answer = try tokens.logIn()
            #expect(answer.status == 201 && answer["refresh_token"] != nil)
            #expect(answer["access_token"] == nil && answer["token_type"] == nil)
            let keys = try tokens.house.send("GET", "/.well-known/jwks.json")
            #expect(keys.json["keys"]?.array == [])
            #expect(keys.headers["Cache-Control"] == "no-store")
            let refreshed = try tokens.house.send(
                "POST", "/v1/auth/refresh",
                body: .object(["refresh_token": .string(answer["refresh_token"] ?? "")]))
            #expect(refreshed.status == 200 && refreshed["access_token"] == nil)
        }
        let without = try TokenHouse(issuer: nil)
        #expect(
            try without.house.send("GET", "/.well-known/oauth-authorization-server").status == 404)
        let admin = try without.house.logIn()
        #expect(try without.rotate(by: admin).code == "configuration")
        // A signed token of somebody else belongs to the service behind the gateway.
        let foreign = try TokenHouse().accessToken()
        #expect(try without.validate(foreign).headers["X-Error-Code"] == "missing_credentials")
        #expect(
            try TokenHouse(issuer: "https://other").validate(foreign)
                .headers["X-Error-Code"] == "missing_credentials")
    }

    @Test("what one is, and why it is refused, is told to who helps")
    func inspected() throws {
        let tokens = try TokenHouse()
        let admin = try tokens.house.logIn()
        let answer = try tokens.logIn()
        let token = try #require(answer["access_token"])
        func words(_ text: String) throws -> String {
            let told = try tokens.house.send(
                "POST", "/v1/credentials/inspect", token: admin,
                body: .object(["credential": .string(text)]), to: 2)
            return "\(told["kind"] ?? "?") \(told["reason"] ?? "good")"
        }
        #expect(try words(token) == "access_token good")
        let parts = token.split(separator: ".")
        var forged = try TokenParts(token).signature
        forged[5] ^= 1
        #expect(
            try words("\(parts[0]).\(parts[1]).\(Base64.url.encode(forged))")
                == "access_token wrong_secret")
        let header = try TokenParts(token).header.setting("typ", .string("JWT"))
        let other = "\(Base64.url.encode(header.bytes)).\(parts[1]).\(parts[2])"
        #expect(try words(other) == "access_token misspelt")
        let foreign = try TokenHouse().accessToken()
        #expect(try words(foreign) == "access_token unknown_key")
        tokens.house.now = tokens.house.now.advanced(milliseconds: 300_000)
        #expect(try words(token) == "access_token expired")
        _ = try tokens.house.send("POST", "/v1/auth/logout", token: answer["session_token"])
        #expect(try words(token) == "access_token ended")
    }

    @Test("two credentials are refused when one is an access token of ours")
    func twoCredentials() throws {
        let tokens = try TokenHouse()
        let answer = try tokens.logIn()
        let token = try #require(answer["access_token"])
        let session = try #require(answer["session_token"])
        let both = try tokens.house.send(
            "GET", "/v1/validate", token: token,
            headers: [("Cookie", "__Host-ww_session=\(session)")])
        #expect(both.headers["X-Error-Code"] == "two_credentials")
    }
}

@Suite("a memory of verified signatures")
struct SignatureMemoryTests {
    @Test("it forgets the oldest, remembers no refusal, and knows which key it was")
    func bounded() throws {
        let key = try SigningKey.make(.edDSA, random: SimulatedRandomBytes(seed: 3))
        let policy = AccessTokenPolicy(issuer: "https://a.example")
        let row = try self.row(key)
        let memory = SignatureMemory(countMax: 4)
        func token(_ number: UInt64) throws -> PresentedAccessToken {
            let claims = AccessTokenClaims(
                issuer: policy.issuer, audience: policy.audience, subject: "usr", tenant: "ten",
                session: "ses", tokenID: "\(number)", issuedAt: 1, expiresAt: 2,
                authenticatedAt: 1, roles: [])
            let signed = try AccessToken.sign(claims, with: key)
            return try #require(PresentedAccessToken(Array(signed.text.utf8), policy))
        }
        for number in 0..<9 {
            #expect(memory.verifies(try token(UInt64(number)), row))
            #expect(memory.verifies(try token(UInt64(number)), row))
            #expect(memory.count == min(number + 1, 4))
        }
        let stranger = try SigningKey.make(.edDSA, random: SimulatedRandomBytes(seed: 4))
        let wrong = SigningKeyRow(
            id: row.id, algorithm: .edDSA, createdAt: .zero, signsFrom: .zero, endsAt: nil,
            publicKey: stranger.verifying.bytes, privateKey: row.privateKey)
        #expect(!memory.verifies(try token(99), wrong))
        #expect(memory.count == 4)
    }

    private func row(_ key: SigningKey) throws -> SigningKeyRow {
        SigningKeyRow(
            id: Digest256(key.verifying.thumbprint), algorithm: .edDSA, createdAt: .zero,
            signsFrom: .zero, endsAt: nil, publicKey: key.verifying.bytes,
            privateKey: SealedBlob(term: 1, bytes: []))
    }
}
