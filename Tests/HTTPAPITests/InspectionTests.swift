import APITypes
import AuthCore
import ByteCodec
import Cryptography
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("what a credential is, and why it is refused (POST /v1/credentials/inspect)")
struct InspectionTests: KeyTesting {
    let house: House
    let admin: String

    init() throws {
        house = try House()
        admin = try house.logIn()
    }

    private func inspect(
        _ credential: String, from address: String? = nil, by token: String? = nil
    ) throws -> HouseAnswer {
        let place = address.map { [JSONMember("address", .string($0))] } ?? []
        return try house.send(
            "POST", "/v1/credentials/inspect", token: token ?? admin,
            body: .object([JSONMember("credential", .string(credential))] + place), to: 2)
    }

    /// The kind, and the reason or `good`.
    private func words(_ credential: String, from address: String? = nil) throws -> [String] {
        let answer = try inspect(credential, from: address)
        #expect(answer.status == 200, "\(answer.json)")
        let reason = answer.json["reason"]?.string
        #expect((reason == nil) == (answer.json["good"]?.bool == true))
        return [try #require(answer["kind"]), reason ?? "good"]
    }

    @Test("Of a session: whose it is while it lives, and how it ended")
    func sessions() throws {
        let bob = try house.makeUser("bob", permissions: ["invoke"], by: admin)
        let token = try house.logIn("bob", "password of a user")
        let good = try inspect(token)
        #expect(good.json["user"]?["username"]?.string == "bob")
        #expect(good.json["permissions"] == .strings(["invoke"]))
        #expect(good.json["session"]?["user_id"]?.string == bob && good.json["key"] == .null)
        #expect(try words(token) == ["session", "good"])
        #expect(try words(String(token.dropLast())) == ["session", "misspelt"])
        #expect(try words(" " + token) == ["unknown", "never_issued"])
        _ = try house.send(
            "PATCH", "/v1/users/\(bob)", token: admin,
            body: .object([JSONMember("disabled", .bool(true))]))
        #expect(try words(token)[1] != "good")
        _ = try house.send("DELETE", "/v1/users/\(bob)/sessions", token: admin)
        let ended = try inspect(token)
        #expect(try words(token) == ["session", "ended"])
        #expect(ended.json["permissions"] == .array([]))
    }

    @Test("Of a refresh token: whether it is the newest, and nothing is spent by asking")
    func refreshTokens() throws {
        let answer = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                JSONMember("username", .string("admin")),
                JSONMember("password", .string(House.adminPassword)),
                JSONMember("tokens", .bool(true)),
            ]))
        let first = try #require(answer["refresh_token"])
        for _ in 1...3 { #expect(try words(first) == ["refresh_token", "good"]) }
        let body = JSONValue.object([JSONMember("refresh_token", .string(first))])
        let next = try house.send("POST", "/v1/auth/refresh", body: body)
        let second = try #require(next["refresh_token"])
        #expect(try words(second) == ["refresh_token", "good"])
        house.now = house.now.advanced(milliseconds: 60_000)
        _ = try house.logIn()
        #expect(try words(first) == ["refresh_token", "spent"])
        // It was looked at only: the session lives.
        let session = try #require(answer["session_token"])
        #expect(try words(session) == ["session", "good"])
        #expect(try house.send("GET", "/v1/users/self", token: session).status == 200)
    }

    @Test("Of a key: with its address or without, rotated, deleted, taken in, of nobody")
    func keys() throws {
        let made = try make([
            permissions("invoke"),
            JSONMember("allowed_addresses", .strings(["10.0.0.0/8"])),
        ])
        let key = try #require(made["key"])
        #expect(try words(key) == ["api_key", "good"])
        #expect(try words(key, from: "10.1.2.3") == ["api_key", "good"])
        #expect(try words(key, from: "192.0.2.1") == ["api_key", "address"])
        #expect(try inspect(key, from: "nowhere").status == 422)
        let id = try #require(made["id"])
        _ = try house.send(
            "POST", "/v1/keys/\(id)/rotate", token: admin,
            body: .object([JSONMember("grace_seconds", .unsigned(0))]))
        #expect(try words(key)[1] != "good")
        let wrong = try inspect(key)
        _ = try house.send("DELETE", "/v1/keys/\(id)", token: admin)
        #expect(try words(key) == ["api_key", "ended"])
        #expect(wrong.json["permissions"] == .array([]))
        #expect(try words("wwk_short") == ["api_key", "misspelt"])
        let foreign = "sk-live-0123456789abcdef"
        #expect(try words(foreign) == ["unknown", "never_issued"])
        let digest = RequestID.hex(SHA256.hash(Array(foreign.utf8)).bytes)
        try make([permissions("invoke"), JSONMember("sha256", .string(digest))])
        #expect(try words(foreign) == ["imported_key", "good"])
    }

    @Test("It takes sessions:lookup, and for keys keys:read; no answer echoes the credential")
    func rights() throws {
        let made = try make([permissions("invoke")])
        let key = try #require(made["key"])
        _ = try house.makeUser("helper", permissions: ["sessions:lookup"], by: admin)
        let helper = try house.logIn("helper", "password of a user")
        _ = try house.makeUser("nobody", permissions: ["invoke"], by: admin)
        let nobody = try house.logIn("nobody", "password of a user")
        #expect(try inspect(admin, by: nobody).status == 403)
        #expect(try inspect(admin, by: helper).status == 200)
        #expect(try inspect(key, by: helper).status == 403)
        // What is no key is told as much to both.
        #expect(try inspect("wws_x", by: helper).status == 200)
        for credential in [admin, key, "wws_something"] {
            let text = "\(try inspect(credential).json)"
            #expect(!text.contains(credential))
        }
    }
}
