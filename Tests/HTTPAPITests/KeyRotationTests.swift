import APITypes
import AuthCore
import ByteCodec
import Cryptography
import Foundation
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("signing keys: published before they sign, kept after (RFC 7517, RFC 8414)")
struct KeyRotationTests {
    private func published(_ tokens: TokenHouse) throws -> [String] {
        let answer = try tokens.house.send("GET", "/.well-known/jwks.json")
        #expect(answer.headers["Content-Type"] == "application/jwk-set+json")
        return (answer.json["keys"]?.array ?? []).compactMap { $0["kid"]?.string }
    }

    private func kid(_ token: String) throws -> String {
        try #require(try TokenParts(token).header["kid"]?.string)
    }

    @Test("two rotations lose no token that is good, and no verifier that remembers the keys")
    func twoRotations() throws {
        let tokens = try TokenHouse()
        let admin = try tokens.house.logIn()
        var good: [(token: String, kid: String)] = []
        for _ in 0..<2 {
            let token = try tokens.accessToken()
            good.append((token, try kid(token)))
            let before = try published(tokens)
            let rotated = try tokens.rotate(by: admin)
            #expect(rotated.status == 200, "\(rotated.json)")
            let states = rotated.json["items"]?.array?.compactMap { $0["state"]?.string }
            #expect(states?.suffix(2) == ["current", "next"])
            #expect(try published(tokens).count == before.count + 1)
            // Whoever fetched the keys a moment ago knows every key for as long as they may.
            try tokens.wait(seconds: 299)
            let meanwhile = try tokens.accessToken()
            #expect(before.contains(try kid(meanwhile)))
            try tokens.wait(seconds: 6)
            #expect(try tokens.validate(meanwhile, on: 2).status == 200)
            let after = try tokens.accessToken(to: 2)
            #expect(!before.contains(try kid(after)))
            #expect(try published(tokens).contains(try kid(after)))
            #expect(try tokens.validate(after, on: 3).status == 200)
        }
        #expect(Set(good.map(\.kid)).count == 2)
        try tokens.wait(seconds: 311)
        #expect(try published(tokens).count == 1)
    }

    @Test("revoking ends everything that was signed before, at once and everywhere")
    func revoking() throws {
        let tokens = try TokenHouse()
        let admin = try tokens.house.logIn()
        let token = try tokens.accessToken()
        #expect(try tokens.validate(token, on: 2).status == 200)
        let rotated = try tokens.rotate(
            .object(["revoke": .bool(true), "algorithm": .string("ES256")]), by: admin)
        #expect(rotated.json["items"]?.array?.count == 1)
        #expect(tokens.house.commands.last?.isNarrowing == true)
        for node in 1...3 { #expect(try tokens.validate(token, on: node).status == 401) }
        let next = try tokens.accessToken(to: 3)
        #expect(try TokenParts(next).header["alg"] == .string("ES256"))
        #expect(try tokens.validate(next).status == 200)
    }

    @Test("it takes rights of its own")
    func rights() throws {
        let tokens = try TokenHouse()
        let admin = try tokens.house.logIn()
        _ = try tokens.house.makeUser("eve", permissions: ["keys:write"], by: admin)
        _ = try tokens.house.makeUser("kim", permissions: ["signing-keys:read"], by: admin)
        let (eve, kim) = (
            try tokens.house.logIn("eve", "password of a user"),
            try tokens.house.logIn("kim", "password of a user")
        )
        #expect(try tokens.rotate(by: eve).status == 403)
        #expect(try tokens.rotate(by: kim).status == 403)
        #expect(
            try tokens.house.send("GET", "/v1/signing-keys", token: eve).status == 403)
        _ = try tokens.rotate(by: admin)
        let list = try tokens.house.send("GET", "/v1/signing-keys", token: kim)
        #expect(list.status == 200 && list.json["items"]?.array?.count == 1)
        #expect(list.json["items"]?.array?.first?["state"]?.string == "current")
    }

    @Test("a repeated rotation under one key makes one")
    func repeated() throws {
        let tokens = try TokenHouse()
        let admin = try tokens.house.logIn()
        for _ in 0..<2 {
            let answer = try tokens.house.send(
                "POST", "/v1/signing-keys/rotate", token: admin,
                headers: [("Idempotency-Key", "r-1")])
            #expect(answer.status == 200, "\(answer.json)")
        }
        #expect(try published(tokens).count == 1)
    }

    @Test("the keys may be remembered, and say when they have not changed")
    func caching() throws {
        let tokens = try TokenHouse()
        _ = try tokens.accessToken()
        let first = try tokens.house.send("GET", "/.well-known/jwks.json")
        #expect(first.headers["Cache-Control"] == "public, max-age=300")
        let tag = try #require(first.headers["ETag"])
        let again = try tokens.house.send(
            "GET", "/.well-known/jwks.json", headers: [("If-None-Match", tag)])
        #expect(again.status == 304 && again.body.isEmpty)
        let metadata = try tokens.house.send("GET", "/.well-known/oauth-authorization-server")
        #expect(metadata["issuer"] == TokenHouse.issuer)
        #expect(metadata["jwks_uri"] == TokenHouse.issuer + "/.well-known/jwks.json")
    }

    @Test("whoever leads rotates when the key is old enough, and not before")
    func scheduled() throws {
        let tokens = try TokenHouse()
        let node = tokens.house.leader
        func due() throws -> Command.Operation? {
            try node.withView { tables in
                func open(_ tables: some TableReader) throws -> KeyRotation.Due? {
                    try KeyRotation.due(tables, tokens.house.tokens)
                }
                return try open(tables)
            }?.operation(ServiceKeys(keyring: tokens.house.keyring), tokens.house.random)
        }
        // Nothing is made that nobody needs.
        #expect(try due() == nil)
        _ = try tokens.accessToken()
        try tokens.wait(seconds: 90 * 86_400 - 1)
        #expect(try due() == nil)
        try tokens.wait(seconds: 1)
        let operation = try #require(try due())
        try tokens.house.propose(
            Command(operation, header: CommandHeader(actor: .node)), by: node)
        #expect(try due() == nil)
        #expect(try published(tokens).count == 2)
        try tokens.wait(seconds: 305)
        #expect(try due() == nil)
        #expect(try tokens.validate(tokens.accessToken()).status == 200)
    }

    @Test("what others verify: keys and tokens of all algorithms across rotations, for PyJWT")
    func samples() throws {
        var samples: [JSONValue] = []
        for algorithm in SigningAlgorithm.allCases {
            let tokens = try TokenHouse(algorithm)
            let admin = try tokens.house.logIn()
            for rotation in 0..<3 {
                let token = try tokens.accessToken()
                let keys = try tokens.house.send("GET", "/.well-known/jwks.json").json
                let named = try kid(token)
                #expect(
                    keys["keys"]?.array?.contains { $0["kid"]?.string == named } == true)
                samples.append(
                    .object([
                        "algorithm": .string(algorithm.name), "rotation": .integer(Int64(rotation)),
                        "token": .string(token), "keys": keys,
                    ]))
                try tokens.rotate(by: admin)
                try tokens.wait(seconds: 306)
            }
        }
        #expect(samples.count == 9)
        guard let path = ProcessInfo.processInfo.environment["WATCHWORD_TOKEN_SAMPLES"] else {
            return
        }
        try Data(JSONValue.array(samples).bytes).write(to: URL(filePath: path))
    }
}
