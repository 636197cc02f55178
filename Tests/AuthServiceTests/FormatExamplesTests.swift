import ByteCodec
import Cryptography
import Testing

@testable import AuthService

/// The frozen examples of docs/formats: what is on disk today must open in every later release.
@Suite("Frozen examples of docs/formats")
struct FormatExamplesTests {
    private static let row =
        "0101000000020000000000000064b572a20cec4f61adc50cf2b8dd15de641617a359903ba453"
        + "ca0b3466106112efd91b49cf3bc31cc43085468dcb2cd6e3cc70b9c3943129b5818efe64ea58"
        + "af06678ad6f78b149ed22bf00ddd5bc51956bd031f841f0b8cf26c01ed9aa6efd2d20be72d15"
        + "40a19b8c3d0426b78790087f157c66d512c58fe2ba9e4dfca2f0b41044e2ba9f1f157f913528"
        + "dad45535113fad6768badfcdcb4329a805f87ea0e2261fb9ab41eeed0dd1"
    private static let sealed =
        "010200000050baffffb7fc71a7d44c639d9f86f01bc42be37f352b580a84fcd2193da3a4f8ec"
        + "acd75c56308b29b000a007fdb6bfb0f5f7d19f2f8543d2ae82eae2754e40670ac085438e4f3e"
        + "b5"
    private static let successor =
        "01c9560aad76abfd38950e6cfa371e45d3f1b990aa824445e5082bf437e863c10baac9ad9271"
        + "3aac2b0508fc59ce374d9332c43950e19ad58a60256931f21d6a89df042dddbb69054381a99e"
        + "c3cf99fd88cc8e935c"

    private func keyring() throws -> Keyring {
        let root = RootKey(version: 1, key: SecretBytes(copying: (0..<32).map { UInt8($0) }))
        return try Keyring(row: hex(Self.row), under: root, clusterID: KeyFixtures.clusterID)
    }

    @Test("opens the keyring (keyring-and-secrets.md)")
    func keyringRow() throws {
        let ring = try keyring()
        #expect(ring.generation == 2)
        #expect(ring.terms.map(\.number) == [1, 2])
        #expect(ring.terms.map(\.state) == [.retired, .active])
        #expect(
            ring.terms.map(\.createdAt.rawValue) == [1_750_000_000_000, 1_760_000_000_000])
        #expect(ring.terms.map(\.uses) == [0, 0])
        let keys = ring.terms.map { hex($0.key.bytes.revealed) }
        #expect(
            keys == [
                "a8f02cd10262012d33a1c2be90b4ab03bbf252d62bb11f5371301bcfccc7b1a7",
                "135dac23da2f36acfedd74b30ef9abf98122cd4441c8939ab9f4e0943e1d9eca",
            ])
    }

    @Test("opens the secret, and takes cursor and remembered body (keyring-and-secrets.md)")
    func secret() throws {
        let ring = try keyring()
        let place = SealPlace(
            purpose: .secretData, table: 14, key: Array("app/db".utf8), version: 3)
        let opened = try SecretSealer(keyring: ring).open(hex(Self.sealed), from: place)
        let revealed = opened.revealed
        #expect(revealed == Array("s3cr3t value".utf8))
        let cursor = "AQIAAAB3cmM0IDb9J96RNqsUHCOHcG9zaXRpb24"
        let position = CursorMAC(keyring: ring).position(of: cursor, in: Array("list".utf8))
        #expect(position == Array("position".utf8))
        let tag = IdempotencyMAC(keyring: ring).tag(scope: [1, 2, 3], body: Array("{}".utf8))
        #expect(
            tag.description == "0b9679577e3c712653fc57d20481530d4663392d0cac886bb5cf8aea17f3c35c")
    }

    @Test(
        "reads and composes the tokens (tokens.md)",
        arguments: [
            (
                TokenKind.session, "wws_Het1aPnC2dHlqXUraXoTKEH7OnnP9JzAY5uu5QTQ6Nj4N5AKu",
                "756b1b84e833e1d36d8bb4dea4509d706fb5a86bd6372e6ba259de8a48cb0b51"
            ),
            (
                TokenKind.refresh, "wwr_Het1aPnC2dHlqXUraXoTKEH7OnnP9JzAY5uu5QTQ6Nj1PoJo4",
                "7e09a065078e6a030b963c94b49502f0cc2a59bf8002c1de38e891d853064a69"
            ),
        ])
    func tokens(kind: TokenKind, text: String, digest: String) throws {
        let codec = try TokenCodec(
            blockKey: SecretBytes(copying: (0x40..<0x60).map { UInt8($0) }))
        let parsed = try #require(codec.parse(Array(text.utf8), as: kind))
        #expect(parsed.rowNumber == 4711)
        #expect(parsed.digest.description == digest)
        let verifier = SecretBytes(copying: (0xC0..<0xD8).map { UInt8($0) })
        let composed = codec.compose(kind, rowNumber: 4711, verifier: verifier)
        #expect(String(decoding: composed, as: UTF8.self) == text)
    }

    @Test("opens the successor for the holder of the token before it (tokens.md)")
    func successor() throws {
        let presented = SecretBytes(copying: (0xC0..<0xD8).map { UInt8($0) })
        let opened = try SuccessorSeal.open(
            hex(Self.successor), presented: presented, rowNumber: 4711)
        let revealed = opened.revealed
        #expect(revealed == (0xA0..<0xB8).map { UInt8($0) })
    }
}
