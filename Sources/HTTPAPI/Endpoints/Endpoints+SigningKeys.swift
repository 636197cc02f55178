internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography

extension Endpoints {
    static let signingKeys: [Route] = [
        Route(
            "jwks", "GET", "/.well-known/jwks.json",
            gate: .open(because: "public keys are for everybody"),
            answers: [
                Answer(
                    200, "The keys that access tokens are signed with (RFC 7517).", .keySet,
                    mediaType: keySetType)
            ],
            summary: "The next, the present and former public keys, as this node knows them.",
            handler: .openSteps { _, world in Flow(keySet(world)) }),
        Route(
            "serverMetadata", "GET", "/.well-known/oauth-authorization-server",
            gate: .open(because: "it tells nothing of anybody"),
            answers: [
                Answer(200, "What there is of RFC 8414.", .serverMetadata)
            ],
            summary: "Who issues access tokens, and where the keys are.",
            handler: .openSteps { _, world in Flow(metadata(world)) }),
        Route(
            "listSigningKeys", "GET", "/v1/signing-keys", gate: .permission(.signingKeysRead),
            answers: [Answer(200, "All of them, in the order in which they sign.", .signingKeys)],
            summary: "The keys that access tokens are signed with.",
            handler: .read(stale: true) { _, _, view, _ in
                .success(.json(Objects.signingKeys(try KeyRotation.list(view))))
            }),
        Route(
            "rotateSigningKeys", "POST", "/v1/signing-keys/rotate",
            gate: .permission(.signingKeysWrite),
            body: .json(
                .signingKeyRotation, limitBytes: 4 << 10, holdsSecret: false, isOptional: true),
            answers: [Answer(200, "The keys as they are now.", .signingKeys)], idempotent: true,
            summary:
                "Makes another signing key, which signs when others have had time to learn it.",
            handler: .steps { call, caller, world in
                KeyRotation.rotate(
                    call.text("algorithm").flatMap { SigningAlgorithm(name: $0) },
                    isRevoking: call.body["revoke"]?.bool ?? false, caller, call.context, world
                ).map { .json(Objects.signingKeys($0.keys), index: $0.index) }
            }),
    ]

    private static let keySetType = "application/jwk-set+json"

    private static func keySet(_ world: World) -> Result<Reply, ServiceFailure> {
        KeyRotation.published(world).map { published in
            let keys = published.keys.map(Objects.jwk)
            var reply = Reply.json(.object(["keys": .array(keys)]))
            reply.mediaType = keySetType
            let digest = SHA256.hash(reply.body).bytes
            let tag = digest[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            // Whoever remembers that there is none would refuse the first token.
            let seconds = keys.isEmpty ? nil : published.seconds
            reply.headers.add(
                "Cache-Control", seconds.map { "public, max-age=\($0)" } ?? "no-store")
            return reply.tagged(tag)
        }
    }

    private static func metadata(_ world: World) -> Result<Reply, ServiceFailure> {
        world.tokenCodec.flatMap { codec in
            guard let policy = codec.accessTokens else { return .failure(.notFound) }
            var reply = Reply.json(
                .object([
                    "issuer": .string(policy.issuer),
                    "jwks_uri": .string(policy.issuer + "/.well-known/jwks.json"),
                ]))
            reply.headers.add("Cache-Control", "public, max-age=\(policy.publicationSeconds)")
            return .success(reply)
        }
    }
}

extension Objects {
    /// The public half of a key; null for bytes that are none, which apply does not take.
    static func jwk(_ row: SigningKeyRow) -> JSONValue { KeyRotation.jwk(row) ?? .null }

    static func signingKeys(_ keys: [(SigningKeyRow, SigningKeyState)]) -> JSONValue {
        page(
            keys.map { row, state in
                .object([
                    "id": .string(Base64.url.encode(row.id.bytes)),
                    "algorithm": .string(row.algorithm.name),
                    "state": .string(state.rawValue),
                    "created_at": .string(row.createdAt.rfc3339),
                    "signs_from": .string(row.signsFrom.rfc3339),
                    "ends_at": .optional(row.endsAt?.rfc3339),
                ])
            }, next: nil)
    }

    /// What stands beside tokens of ours where an access token was made (RFC 6749 §5.1).
    static func accessToken(_ token: AccessToken?, now: Timestamp) -> [JSONMember] {
        guard let token else { return [] }
        return [
            JSONMember("access_token", .string(token.text)),
            JSONMember("token_type", .string("Bearer")),
            JSONMember("expires_in", .unsigned(token.seconds(at: now))),
        ]
    }
}
