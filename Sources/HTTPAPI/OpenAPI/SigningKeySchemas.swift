internal import AuthCore

/// The shapes of signing keys and of what they sign.
extension Schema {
    private static let algorithm = Schema.text(.oneOf(["EdDSA", "ES256", "RS256"]))

    /// The thumbprint of a key, in base64url.
    private static let thumbprint = Schema.text(
        TextRule(43...43, pattern: "^[0-9A-Za-z_-]{43}$"))

    private static let number = Schema.text(TextRule(1...512, pattern: "^[0-9A-Za-z_-]+$"))

    /// A public key as JWK; which members there are depends on the type (RFC 7518 §6, RFC 8037).
    private static let publicKey = Schema.object(
        ObjectSchema(
            "JWK",
            [
                Property("kty", .text(.oneOf(["OKP", "EC", "RSA"]))),
                Property("crv", .text(.oneOf(["Ed25519", "P-256"])), required: false),
                Property("x", number, required: false),
                Property("y", number, required: false),
                Property("n", number, required: false),
                Property("e", number, required: false),
                Property("kid", thumbprint, "The key's thumbprint (RFC 7638)."),
                Property("use", .text(.oneOf(["sig"]))),
                Property("alg", algorithm),
            ]))

    static let keySet = Schema.object(
        ObjectSchema(
            "JWKSet", [Property("keys", .array(publicKey, countMax: Limits.signingKeys))]))

    static let serverMetadata = Schema.object(
        ObjectSchema(
            "ServerMetadata",
            [
                Property("issuer", .text(TextRule(1...512))),
                Property("jwks_uri", .text(TextRule(1...512))),
            ]))

    private static let signingKey = Schema.object(
        ObjectSchema(
            "SigningKey",
            [
                Property("id", thumbprint, "The key's thumbprint: the `kid` of tokens."),
                Property("algorithm", algorithm),
                Property(
                    "state", .text(.oneOf(["next", "current", "previous"])),
                    "It signs later; it signs; it has signed."),
                Property("created_at", .time),
                Property("signs_from", .time),
                Property(
                    "ends_at", .nullable(.time),
                    "When what it has signed is good no more; null while it has no successor."),
            ]))

    static let signingKeys = Schema.page(signingKey)

    static let signingKeyRotation = Schema.object(
        ObjectSchema(
            "SigningKeyRotation",
            [
                Property(
                    "algorithm", algorithm, required: false, "As it is configured by default."),
                Property(
                    "revoke", .boolean, required: false,
                    "Every other key is good for nothing from now on."),
            ]))

    /// What stands beside a session where access tokens are made.
    static let accessTokenProperties = [
        Property(
            "access_token", .text(.accessToken), required: false,
            "A signed token (RFC 9068); absent where no issuer is configured."),
        Property("token_type", .text(.oneOf(["Bearer"])), required: false),
        Property(
            "expires_in", .integer(0...3_600), required: false,
            "For how many seconds the access token is good."),
    ]
}

extension TextRule {
    /// A signed token in its compact form.
    static let accessToken = TextRule(
        1...4_096, pattern: "^[0-9A-Za-z_-]+\\.[0-9A-Za-z_-]+\\.[0-9A-Za-z_-]+$")
}
