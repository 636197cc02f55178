import APITypes
import AuthCore
import ByteCodec
import Cryptography

@testable import AuthService

/// What a forger has: a good token, the public key, keys of their own; and for those claims that
/// the issuer must check itself, even its private key.
struct Forger {
    let token: String
    let header: JSONValue
    let payload: JSONValue
    let signature: [UInt8]
    /// The issuer's.
    let key: SigningKey
    /// The forger's own, of the same algorithm.
    let own: SigningKey
    /// Another session's id, and this one's token.
    let session: String
    /// Seconds since 1970.
    let now: UInt64

    /// A token of these texts, signed by `key`, or with this signature.
    func token(
        _ header: [UInt8], _ payload: [UInt8], by signer: SigningKey?, signature: [UInt8]? = nil
    ) throws -> String {
        let input = Base64.url.encode(header) + "." + Base64.url.encode(payload)
        let signature = try signature ?? signer?.sign(Array(input.utf8)) ?? []
        return input + "." + Base64.url.encode(signature)
    }

    /// The good token with something changed, signed by the issuer's own key.
    func signed(_ header: JSONValue? = nil, _ payload: JSONValue? = nil) throws -> String {
        try token((header ?? self.header).bytes, (payload ?? self.payload).bytes, by: key)
    }

    func claiming(_ name: String, _ value: JSONValue?) throws -> String {
        try signed(nil, payload.setting(name, value))
    }

    func heading(_ name: String, _ value: JSONValue?) throws -> String {
        try signed(header.setting(name, value))
    }

    /// HS256 under something that everybody knows.
    func authenticated(_ secret: [UInt8]) throws -> String {
        let header = header.setting("alg", .string("HS256"))
        let input =
            Base64.url.encode(header.bytes) + "." + Base64.url.encode(payload.bytes)
        let tag = HMACSHA256.authenticate(
            Array(input.utf8), key: SecretBytes(copying: secret)
        ).bytes
        return input + "." + Base64.url.encode(tag)
    }

    func parts() -> [String] {
        token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
}

/// One forgery: its name, and how it is made.
struct Forgery: Sendable {
    let name: String
    let make: @Sendable (Forger) throws -> String

    init(_ name: String, _ make: @escaping @Sendable (Forger) throws -> String) {
        self.name = name
        self.make = make
    }

    static let corpus: [Forgery] =
        algorithms + confusions + headers + keys + types + claims + times + signatures + spellings
        + parsers

    /// C1: the algorithm is the key's.
    private static let algorithms: [Forgery] =
        ["none", "None", "NONE", "nOnE", "nonE", "", "null", "EdDSA ", "ES512", "PS256"].flatMap {
            name in
            [
                Forgery("alg \(name), no signature") {
                    try $0.token(
                        $0.header.setting("alg", .string(name)).bytes, $0.payload.bytes, by: nil)
                },
                Forgery("alg \(name), the good signature") {
                    try $0.token(
                        $0.header.setting("alg", .string(name)).bytes, $0.payload.bytes, by: nil,
                        signature: $0.signature)
                },
                Forgery("alg \(name), signed") { try $0.heading("alg", .string(name)) },
            ]
        } + [
            Forgery("no alg") { try $0.heading("alg", nil) },
            Forgery("alg is null") { try $0.heading("alg", .null) },
            Forgery("alg is a number") { try $0.heading("alg", .integer(1)) },
            Forgery("alg is a list") { try $0.heading("alg", .strings(["EdDSA"])) },
        ]
        + SigningAlgorithm.allCases.map { other in
            Forgery("another algorithm than the key's: \(other.name)") { forger in
                let wrong = other.name == forger.key.algorithm.name ? "HS512" : other.name
                return try forger.heading("alg", .string(wrong))
            }
        }

    /// C2: no secret that is public.
    private static let confusions = [
        Forgery("HS256 under the bytes of the public key") {
            try $0.authenticated($0.key.verifying.bytes)
        },
        Forgery("HS256 under the JWK") { try $0.authenticated($0.key.verifying.jwk.bytes) },
        Forgery("HS256 under the kid") {
            try $0.authenticated(Array(($0.header["kid"]?.string ?? "").utf8))
        },
        Forgery("HS256 under nothing") { try $0.authenticated([]) },
        Forgery("HS384") { try $0.heading("alg", .string("HS384")) },
    ]

    /// C3: what a header must not choose.
    private static let headers: [Forgery] =
        [
            ("jku", JSONValue.string("https://evil.example/jwks.json")),
            ("x5u", .string("https://evil.example/cert.pem")), ("x5c", .strings(["MIIB"])),
            ("x5t", .string("AAAA")), ("crit", .strings(["exp"])), ("crit", .array([])),
            ("zip", .string("DEF")), ("b64", .bool(false)), ("cty", .string("JWT")),
            ("enc", .string("A256GCM")), ("p2c", .integer(2_147_483_647)), ("x", .null),
        ].map { name, value in
            Forgery("header \(name)") { try $0.heading(name, value) }
        } + [
            Forgery("header jwk, signed by that key") { forger in
                try forger.token(
                    forger.header.setting("jwk", forger.own.verifying.jwk).bytes,
                    forger.payload.bytes, by: forger.own)
            },
            Forgery("header jwk and its kid") { forger in
                let kid = Base64.url.encode(forger.own.verifying.thumbprint.bytes)
                return try forger.token(
                    forger.header.setting("jwk", forger.own.verifying.jwk)
                        .setting("kid", .string(kid)).bytes, forger.payload.bytes, by: forger.own)
            },
        ]

    private static let keys: [Forgery] =
        [
            "../../../../dev/null", "' OR '1'='1", "\u{0}", "", "AAAA",
            String(repeating: "A", count: 43), String(repeating: "A", count: 2_000), "*", "0",
            "https://evil.example", "/proc/sys/kernel/randomize_va_space",
        ].flatMap { name in
            [
                Forgery("kid \(name.prefix(20))") { try $0.heading("kid", .string(name)) },
                Forgery("kid \(name.prefix(20)), own key") { forger in
                    try forger.token(
                        forger.header.setting("kid", .string(name)).bytes, forger.payload.bytes,
                        by: forger.own)
                },
            ]
        } + [
            Forgery("no kid") { try $0.heading("kid", nil) },
            Forgery("kid is a number") { try $0.heading("kid", .integer(0)) },
            Forgery("kid of a key of the forger") { forger in
                let kid = Base64.url.encode(forger.own.verifying.thumbprint.bytes)
                return try forger.token(
                    forger.header.setting("kid", .string(kid)).bytes, forger.payload.bytes,
                    by: forger.own)
            },
            Forgery("the good kid, the forger's signature") { forger in
                try forger.token(forger.header.bytes, forger.payload.bytes, by: forger.own)
            },
        ]

    /// C4: another token of the same issuer.
    private static let types: [Forgery] =
        ["JWT", "jwt", "id+jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "logout+jwt", ""].map {
            name in Forgery("typ \(name)") { try $0.heading("typ", .string(name)) }
        } + [Forgery("no typ") { try $0.heading("typ", nil) }]

    private static let claims: [Forgery] =
        ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "tenant", "auth_time"].map {
            name in Forgery("no \(name)") { try $0.claiming(name, nil) }
        }
        + [
            ("iss", JSONValue.string("https://evil.example")),
            ("iss", .string("https://auth.example.com/")),
            ("iss", .string("HTTPS://auth.example.com")),
            ("iss", .strings(["https://auth.example.com"])), ("iss", .null),
            ("aud", .string("other")), ("aud", .strings(["api"])),
            ("aud", .strings(["api", "other"])), ("aud", .string("")), ("aud", .string("API")),
            ("client_id", .string("other")), ("sub", .string("usr_0000000000000000000001")),
            ("sub", .string("")), ("tenant", .string("ten_0000000000000000000002")),
            ("sid", .string("")), ("sid", .string("ses_0000000000000000000001")),
            ("sid", .integer(1)), ("sid", .string("../admin")), ("cnf", .string("x")),
        ].map { name, value in
            Forgery("\(name) is \(String(decoding: value.bytes, as: UTF8.self))") {
                try $0.claiming(name, value)
            }
        } + [
            Forgery("sid is a session token") { try $0.claiming("sid", .string($0.session)) }
        ]

    private static let times: [Forgery] =
        [
            ("exp", JSONValue.integer(0)), ("exp", .integer(-1)), ("exp", .decimal("1e400")),
            ("exp", .decimal("1e3")), ("exp", .decimal("99999999999999999999999")),
            ("exp", .integer(.max)), ("exp", .string("9999999999")), ("exp", .null),
            ("exp", .bool(true)), ("iat", .integer(-5)), ("iat", .decimal("1.5")),
            ("iat", .string("0")), ("iat", .integer(.max)), ("iat", .integer(0)),
        ].map { name, value in
            Forgery("\(name) is \(String(decoding: value.bytes, as: UTF8.self))") {
                try $0.claiming(name, value)
            }
        } + [
            Forgery("exp is now") { try $0.claiming("exp", .unsigned($0.now)) },
            Forgery("exp is an hour behind iat and more") {
                try $0.claiming("exp", .unsigned($0.now + 3_601))
            },
            Forgery("iat in the future") { forger in
                try forger.signed(
                    nil,
                    forger.payload.setting("iat", .unsigned(forger.now + 60))
                        .setting("exp", .unsigned(forger.now + 120)))
            },
            Forgery("nbf in the future") {
                try $0.claiming("nbf", .unsigned($0.now + 600))
            },
        ]

    private static let signatures: [Forgery] =
        (0..<8).map { part in
            Forgery("bit flipped in the signature, \(part)") { forger in
                var signature = forger.signature
                signature[part * signature.count / 8] ^= 1 << UInt8(part)
                return try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil, signature: signature)
            }
        } + [
            Forgery("no signature") {
                try $0.token($0.header.bytes, $0.payload.bytes, by: nil, signature: [])
            },
            Forgery("signature of zeros") { forger in
                try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: Array(repeating: 0, count: forger.signature.count))
            },
            Forgery("signature of ones") { forger in
                try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: Array(repeating: 255, count: forger.signature.count))
            },
            Forgery("signature cut") { forger in
                try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: Array(forger.signature.dropLast()))
            },
            Forgery("signature with more") { forger in
                try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: forger.signature + [0])
            },
            Forgery("halves of the signature swapped") { forger in
                let half = forger.signature.count / 2
                return try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: Array(forger.signature[half...] + forger.signature[..<half]))
            },
            Forgery("r of zero") { forger in
                let half = forger.signature.count / 2
                return try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: Array(repeating: 0, count: half) + forger.signature[half...])
            },
            Forgery("s of zero") { forger in
                let half = forger.signature.count / 2
                return try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: forger.signature[..<half] + Array(repeating: 0, count: half))
            },
            Forgery("ECDSA's other spelling") { forger in
                try forger.token(
                    forger.header.bytes, forger.payload.bytes, by: nil,
                    signature: [0x30, 0x44] + forger.signature)
            },
            Forgery("payload of another") { forger in
                try forger.token(
                    forger.header.bytes, forger.payload.setting("roles", .strings(["root"])).bytes,
                    by: nil, signature: forger.signature)
            },
        ]

    /// C6: one spelling.
    private static let spellings: [Forgery] = [
        Forgery("padding") { $0.token + "=" },
        Forgery("padding within") { forger in
            let parts = forger.parts()
            return "\(parts[0])=.\(parts[1]).\(parts[2])"
        },
        Forgery("a part more") { $0.token + "." },
        Forgery("a part more before") { "." + $0.token },
        Forgery("an empty payload") { forger in "\(forger.parts()[0])..\(forger.parts()[2])" },
        Forgery("two parts") { $0.parts().prefix(2).joined(separator: ".") },
        Forgery("five parts, as JWE has") { forger in
            (forger.parts() + ["AAAA", "AAAA"]).joined(separator: ".")
        },
        Forgery("cut by one") { String($0.token.dropLast()) },
        Forgery("one more") { $0.token + "A" },
        Forgery("the other alphabet") { forger in
            "\(forger.parts()[0]).\(forger.parts()[1]).+/" + forger.parts()[2].dropFirst(2)
        },
        Forgery("left-over bits") { forger in
            // The last character of 64 or 256 bytes has four or two bits that must be zero.
            let digits = Array(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
            let last = digits.firstIndex(of: forger.token.last ?? "A") ?? 0
            return String(forger.token.dropLast()) + String(digits[last ^ 1])
        },
        Forgery("a space within") { forger in forger.parts().joined(separator: ". ") },
        Forgery("capitals") { $0.token.uppercased() },
    ]

    /// C5: what a parser might choke on.
    private static let parsers: [Forgery] = [
        Forgery("a name twice in the header") { forger in
            let text = Array(#"{"alg":"none","#.utf8) + forger.header.bytes.dropFirst()
            return try forger.token(text, forger.payload.bytes, by: forger.key)
        },
        Forgery("a name twice in the payload") { forger in
            let text = Array(#"{"sub":"usr_0000000000000000000001","#.utf8)
            return try forger.token(
                forger.header.bytes, text + forger.payload.bytes.dropFirst(), by: forger.key)
        },
        Forgery("the payload is a list") {
            try $0.token($0.header.bytes, Array("[]".utf8), by: $0.key)
        },
        Forgery("the payload is text") {
            try $0.token($0.header.bytes, Array("\"x\"".utf8), by: $0.key)
        },
        Forgery("the header is no JSON") {
            try $0.token(Array("alg=EdDSA".utf8), $0.payload.bytes, by: $0.key)
        },
        Forgery("something behind the payload") {
            try $0.token($0.header.bytes, $0.payload.bytes + Array("{}".utf8), by: $0.key)
        },
        Forgery("no UTF-8") {
            try $0.token(
                $0.header.bytes, Array("{\"iss\":\"".utf8) + [0xFF, 0x22, 0x7D], by: $0.key)
        },
        Forgery("nested deeply") { forger in
            let deep = Array(repeating: UInt8(ascii: "["), count: 900)
            return try forger.token(forger.header.bytes, deep, by: forger.key)
        },
        Forgery("many members") { forger in
            var payload = forger.payload
            for number in 0..<70 { payload = payload.setting("m\(number)", .integer(1)) }
            return try forger.signed(nil, payload)
        },
        Forgery("longer than a token may be") { forger in
            try forger.claiming("pad", .string(String(repeating: "x", count: 4_096)))
        },
        Forgery("dots") { _ in "eyJ" + String(repeating: ".", count: 5_000) },
    ]
}
