import APITypes
import AuthCore
import ByteCodec
import Cryptography
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("forged access tokens are refused (security C1-C6)")
struct ForgeryTests {
    private func forger(_ tokens: TokenHouse) throws -> Forger {
        let answer = try tokens.logIn()
        let token = try #require(answer["access_token"])
        let parts = try TokenParts(token)
        let key = try tokens.signingKey()
        return Forger(
            token: token, header: parts.header, payload: parts.payload,
            signature: parts.signature, key: key,
            own: try SigningKey.make(key.algorithm, random: SystemRandomBytes()),
            session: try #require(answer["session_token"]),
            now: tokens.house.now.rawValue / 1_000)
    }

    @Test(
        "every one of the corpus, at validate and at the API, and the good one is taken",
        arguments: SigningAlgorithm.allCases)
    func corpus(algorithm: SigningAlgorithm) throws {
        let tokens = try TokenHouse(algorithm)
        let forger = try forger(tokens)
        #expect(Forgery.corpus.count > 120)
        for forgery in Forgery.corpus {
            let text = try forgery.make(forger)
            #expect(text != forger.token, "\(forgery.name) forges nothing")
            let validated = try tokens.validate(text, on: 2)
            #expect(validated.status == 401, "\(forgery.name) at validate: \(validated.status)")
            #expect(validated.headers["X-User-ID"] == "")
            let asked = try tokens.house.send("GET", "/v1/users/self", token: text)
            #expect(asked.status == 401, "\(forgery.name) at the API: \(asked.status)")
        }
        // The forger can write a good one, so what was refused was refused for its forgery.
        #expect(try tokens.validate(forger.signed(), on: 2).status == 200)
        #expect(try tokens.validate(forger.token).status == 200)
        #expect(try tokens.house.send("GET", "/v1/users/self", token: forger.token).status == 200)
    }

    @Test("no bit of a good token can be changed, and no end of it be left out (C6)")
    func everyBit() throws {
        let tokens = try TokenHouse()
        let good = Array(try tokens.accessToken().utf8)
        let policy = try #require(tokens.house.tokens.accessTokens)
        #expect(PresentedAccessToken(good, policy) != nil)
        for index in good.indices {
            var text = good
            text[index] = text[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let answer = try tokens.validate(String(decoding: text, as: UTF8.self))
            #expect(answer.status == 401, "byte \(index)")
            let cut = String(decoding: good[..<index], as: UTF8.self)
            #expect(try index == 0 || tokens.validate(cut).status == 401, "cut at \(index)")
        }
    }

    @Test("a bomb is not even split (C5)")
    func bombs() throws {
        let tokens = try TokenHouse()
        let policy = try #require(tokens.house.tokens.accessTokens)
        for text in [
            Array(repeating: UInt8(ascii: "."), count: 1 << 20),
            Array("eyJ".utf8) + Array(repeating: UInt8(ascii: "A"), count: 1 << 20),
            Array("eyJ..".utf8), Array("eyJ".utf8), [],
        ] {
            #expect(PresentedAccessToken(text, policy) == nil)
            #expect(!PresentedAccessToken.isAddressedHere(text, policy))
        }
    }
}
