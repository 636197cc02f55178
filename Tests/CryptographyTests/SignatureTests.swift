import APITypes
import ByteCodec
import Testing

@testable import Cryptography

/// The bytes that base64url spells.
private func decoded(_ text: String) throws -> [UInt8] {
    try #require(Base64.url.decode(text))
}

@Suite("Signatures")
struct SignatureTests {
    @Test(
        "Ed25519 makes and takes the signatures of RFC 8032 §7.1",
        arguments: [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                """
                e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
                5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
                """
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                """
                92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
                085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
                """
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                """
                6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
                18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
                """
            ),
        ])
    func edDSA(seed: String, publicKey: String, message: String, signature: String) throws {
        let key = try SigningKey(ed25519: SecretBytes(copying: hex(seed)))
        #expect(hex(key.verifying.bytes) == publicKey)
        #expect(try key.sign(hex(message)) == hex(signature))
        #expect(key.verifying.verifies(hex(signature), of: hex(message)))
    }

    @Test("EdDSA signs the example of RFC 8037 A.4, under the thumbprint of A.3")
    func joseEdDSA() throws {
        let seed = try decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
        let key = try SigningKey(ed25519: SecretBytes(copying: seed))
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        let signature = try key.sign(Array(input.utf8))
        #expect(
            Base64.url.encode(signature)
                == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvp"
                + "Ar_MuM0KAg")
        #expect(
            Base64.url.encode(key.verifying.thumbprint.bytes)
                == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(key.verifying.jwk["x"]?.string == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        #expect(key.verifying.jwk["kty"]?.string == "OKP" && key.verifying.jwk["d"] == nil)
    }

    private let claims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        + "cnVlfQ"

    @Test("ES256 takes the example of RFC 7515 A.3, and no other r or s")
    func joseES256() throws {
        let point =
            try decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
            + decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        let key = try #require(VerifyingKey(.es256, bytes: point))
        let message = Array("eyJhbGciOiJFUzI1NiJ9.\(claims)".utf8)
        let signature = try decoded(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        )
        #expect(key.verifies(signature, of: message))
        let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        let zero = [UInt8](repeating: 0, count: 32)
        let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
        for forged in [zero + s, r + zero, zero + zero, order + s, r + order, s + r] {
            #expect(!key.verifies(forged, of: message))
        }
        // Both signs of s are one signature in ECDSA: JOSE does not choose between them.
        #expect(key.verifies(r + subtract(s, from: order), of: message))
    }

    @Test("RS256 takes the example of RFC 7515 A.2, and the thumbprint is that of RFC 7638 §3.1")
    func joseRS256() throws {
        let modulus = try decoded(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt"
                + "0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6"
                + "3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qC"
                + "o5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9g"
                + "b54h4FRWyuXpoQ")
        let key = try #require(VerifyingKey(.rs256, bytes: modulus))
        let signature = try decoded(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W"
                + "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArL"
                + "IARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
                + "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_I"
                + "oypGlUPQGe77Rw")
        let message = Array("eyJhbGciOiJSUzI1NiJ9.\(claims)".utf8)
        #expect(key.verifies(signature, of: message))
        #expect(!key.verifies(signature, of: message + [0]))
        let other = try #require(
            VerifyingKey(
                .rs256,
                bytes: try decoded(
                    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1"
                        + "L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN"
                        + "5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
                        + "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHa"
                        + "Q-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")))
        #expect(
            Base64.url.encode(other.thumbprint.bytes)
                == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        #expect(!other.verifies(signature, of: message))
    }

    @Test(
        "A key signs what its public half takes, also when it comes back from its document",
        arguments: SignatureAlgorithm.allCases)
    func made(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.make(algorithm, random: SystemRandomBytes())
        let again = try SigningKey(algorithm, document: key.document.bytes)
        #expect(again.verifying == key.verifying)
        let message = Array("message".utf8)
        let signature = try again.sign(message)
        #expect(signature.count == algorithm.signatureByteCount)
        #expect(key.verifying.verifies(signature, of: message))
        for bit in stride(from: 0, to: signature.count * 8, by: 61) {
            var forged = signature
            forged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.verifying.verifies(forged, of: message), "bit \(bit)")
        }
        for forged in [[], Array(signature.dropLast()), signature + [0], [0] + signature] {
            #expect(!key.verifying.verifies(forged, of: message))
        }
        let stranger = try SigningKey.make(algorithm, random: SystemRandomBytes())
        #expect(!stranger.verifying.verifies(signature, of: message))
        #expect(stranger.verifying.thumbprint != key.verifying.thumbprint)
        for other in SignatureAlgorithm.allCases where other != algorithm {
            #expect(throws: CryptographyError.self) {
                try SigningKey(other, document: key.document.bytes)
            }
        }
    }

    @Test("What is no point of the curve verifies nothing, and a key of another length is none")
    func wrongCurve() throws {
        let key = try SigningKey.make(.es256, random: SystemRandomBytes())
        let signature = try key.sign([1])
        var point = key.verifying.bytes
        point[63] ^= 1
        let bent = try #require(VerifyingKey(.es256, bytes: point))
        #expect(!bent.verifies(signature, of: [1]))
        #expect(VerifyingKey(.es256, bytes: Array(point.dropLast())) == nil)
        #expect(VerifyingKey(.edDSA, bytes: point) == nil)
    }

    @Test("The same seed of a simulation gives the same Ed25519 key")
    func repeats() throws {
        let keys = try (0..<2).map { _ in
            try SigningKey.make(.edDSA, random: SimulatedRandomBytes(seed: 7)).verifying
        }
        #expect(keys[0] == keys[1])
        #expect(SignatureAlgorithm(name: "EdDSA") == .edDSA)
        for name in ["none", "HS256", "eddsa", "es256", ""] {
            #expect(SignatureAlgorithm(name: name) == nil)
        }
    }

    /// `from` − `bytes`, both most significant byte first.
    private func subtract(_ bytes: [UInt8], from minuend: [UInt8]) -> [UInt8] {
        var result = minuend
        var borrow = 0
        for index in result.indices.reversed() {
            let difference = Int(minuend[index]) - Int(bytes[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt8(difference + borrow * 256)
        }
        return result
    }
}
