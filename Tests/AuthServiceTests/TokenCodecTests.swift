import ByteCodec
import Cryptography
import Testing

@testable import AuthService

@Suite("Tokens")
struct TokenCodecTests {
    private let random = SimulatedRandomBytes(seed: 4)

    private func codec(_ byte: UInt8 = 0x42) throws -> TokenCodec {
        try TokenCodec(blockKey: SecretBytes(copying: [UInt8](repeating: byte, count: 32)))
    }

    @Test("reads what it composed, and finds the digest that is stored")
    func roundTrip() throws {
        let codec = try codec()
        for kind in [TokenKind.session, .refresh] {
            for rowNumber in [0, 1, 255, 1 << 32, UInt64.max] {
                let verifier = TokenCodec.drawVerifier(random)
                let token = codec.compose(kind, rowNumber: rowNumber, verifier: verifier.bytes)
                #expect(token.count == 53)
                let parsed = try #require(codec.parse(token, as: kind))
                #expect(parsed.rowNumber == rowNumber)
                #expect(parsed.digest == TokenCodec.digest(kind, verifier: verifier.bytes))
                let (again, presented) = try #require(codec.parseWithVerifier(token, as: kind))
                #expect(again == parsed)
                let same = presented.bytes.isEqual(to: verifier.bytes)
                #expect(same)
            }
        }
    }

    @Test("looks as the contract says: prefix, 43 digits of base62, six of CRC-32 (api.md)")
    func shape() throws {
        let token = try codec().compose(
            .session, rowNumber: 7, verifier: TokenCodec.drawVerifier(random).bytes)
        let text = String(decoding: token, as: UTF8.self)
        #expect(text.hasPrefix("wws_"))
        #expect(text.dropFirst(4).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        #expect(
            Base62.encode(CRC32.checksum(of: token.prefix(47))) == String(text.suffix(6)))
    }

    @Test("keeps the kinds apart, by spelling and by digest")
    func kinds() throws {
        let codec = try codec()
        let verifier = TokenCodec.drawVerifier(random)
        let token = codec.compose(.session, rowNumber: 7, verifier: verifier.bytes)
        #expect(codec.parse(token, as: .refresh) == nil)
        #expect(
            TokenCodec.digest(.session, verifier: verifier.bytes)
                != TokenCodec.digest(.refresh, verifier: verifier.bytes))
    }

    @Test("refuses any changed, cut or added character (security C6)")
    func malleability() throws {
        let codec = try codec()
        let token = codec.compose(
            .session, rowNumber: 7, verifier: TokenCodec.drawVerifier(random).bytes)
        for index in token.indices {
            for character in UInt8(0)...UInt8(127) where character != token[index] {
                var forged = token
                forged[index] = character
                #expect(codec.parse(forged, as: .session) == nil)
            }
            #expect(codec.parse(Array(token[..<index]), as: .session) == nil)
            #expect(
                codec.parse(Array(token[index...]) + token[..<index], as: .session) == nil
                    || index == 0)
        }
        for character in UInt8(0)...UInt8(255) {
            #expect(codec.parse(token + [character], as: .session) == nil)
            #expect(codec.parse([character] + token, as: .session) == nil)
        }
    }

    @Test("refuses 43 digits that spell 2²⁵⁶ or more, whatever their checksum")
    func overflow() throws {
        let body = Array(("wws_" + String(repeating: "z", count: 43)).utf8)
        let token = body + Array(Base62.encode(CRC32.checksum(of: body)).utf8)
        #expect(try codec().parse(token, as: .session) == nil)
    }

    @Test("hides row numbers: neighbours share no block, another key reads another number")
    func hiding() throws {
        let codec = try codec()
        let verifier = TokenCodec.drawVerifier(random)
        let tokens = (0..<50).map {
            codec.compose(.session, rowNumber: $0, verifier: verifier.bytes)
        }
        #expect(Set(tokens).count == 50)
        let read = try self.codec(0x43).parse(tokens[5], as: .session)
        #expect(read?.rowNumber != 5)
    }

    @Test("takes an invented token for a row that nobody has")
    func invented() throws {
        let codec = try codec()
        for _ in 0..<200 {
            let body = Array(("wws_" + Base62.encode(random.bytes(32))).utf8)
            let token = body + Array(Base62.encode(CRC32.checksum(of: body)).utf8)
            let parsed = try #require(codec.parse(token, as: .session))
            // A guess is below 2³² once in 2³².
            #expect(parsed.rowNumber > 1 << 32)
        }
    }

    @Test("gives the successor of a refresh token to the holder of that token alone")
    func successor() throws {
        let presented = TokenCodec.drawVerifier(random)
        let successor = TokenCodec.drawVerifier(random)
        let sealed = try SuccessorSeal.seal(
            successor: successor.bytes, presented: presented.bytes, rowNumber: 9, random: random)
        #expect(sealed.count == SuccessorSeal.byteCount)
        let opened = try SuccessorSeal.open(sealed, presented: presented.bytes, rowNumber: 9)
        let same = opened.isEqual(to: successor.bytes)
        #expect(same)
        func refuses(_ sealed: [UInt8], _ presented: SharedSecret, _ row: UInt64) -> Bool {
            do throws(KeyringError) {
                _ = try SuccessorSeal.open(sealed, presented: presented.bytes, rowNumber: row)
                return false
            } catch {
                return true
            }
        }
        #expect(refuses(sealed, successor, 9))
        #expect(refuses(sealed, presented, 10))
        for bit in 0..<(sealed.count * 8) {
            #expect(refuses(sealed.flipping(bit), presented, 9))
        }
        for count in 0..<sealed.count { #expect(refuses(Array(sealed[..<count]), presented, 9)) }
    }
}
