internal import AuthCore
internal import ByteCodec
internal import Cryptography
internal import RaftCore

/// Composes access tokens behind an outcome.
///
/// Whatever stands in one follows from the outcome and the rows: so a repeated request gets the
/// same token again, though nothing of it was kept (only ES256 signs otherwise each time).
enum Issuance {
    /// Where the private half of a signing key is sealed for, and nowhere else.
    static func place(_ key: Digest256) -> SealPlace {
        SealPlace(
            purpose: .fieldData, table: Table.signingKeys.rawValue, key: key.bytes, version: 1)
    }

    /// The access token of a session for the entry that began or refreshed it; nil where none are
    /// configured, or no key is there.
    ///
    /// - Returns: `sealed` where the key cannot be opened.
    static func issue(
        _ session: SessionRow, _ user: UserRow, _ outcome: Outcome, _ world: World,
        _ view: StateView
    ) throws -> Result<AccessToken?, ServiceFailure> {
        // A repetition comes later than its first answer: whoever verifies by themselves must not
        // get a new signature for what has ended since.
        guard case .success(let codec) = world.tokenCodec, let policy = codec.accessTokens,
            let living = try SessionRow.read(session.id, view.tables),
            try Sessions.isLive(living, view), let row = try signer(for: outcome.stamp, view)
        else { return .success(nil) }
        let issuedAt = outcome.stamp.rawValue / 1_000
        let expiresAt = min(issuedAt + policy.seconds, session.expiresAt.rawValue / 1_000)
        guard expiresAt > issuedAt else { return .success(nil) }
        return try world.requireKeys().tryMap { keys in
            let document = try keys.sealer.open(row.privateKey.bytes, from: place(row.id))
            let key = try SigningKey(SignatureAlgorithm(row.algorithm), document: document)
            let claims = AccessTokenClaims(
                issuer: policy.issuer, audience: policy.audience,
                subject: ObjectText.show(user.id), tenant: ObjectText.show(user.tenant),
                session: codec.show(session.id), tokenID: tokenID(session, outcome),
                issuedAt: issuedAt, expiresAt: expiresAt,
                authenticatedAt: session.createdAt.rawValue / 1_000, roles: roles(user))
            return try AccessToken.sign(claims, with: key)
        }
    }

    /// The key that signed at the moment of the entry; the present one where that one has ended.
    private static func signer(for stamp: Timestamp, _ view: StateView) throws -> SigningKeyRow? {
        let keys = try SigningKeys.read(view.tables)
        let now = view.meta.lastStamp
        if let row = keys.signer(at: stamp), !row.hasEnded(by: now) { return row }
        return keys.signer(at: now)
    }

    /// One for each session and entry.
    private static func tokenID(_ session: SessionRow, _ outcome: Outcome) -> String {
        var writer = ByteWriter(capacity: 48)
        writer.write(lengthPrefixed: "watchword/v1/jti")
        writer.write(raw: session.id.bytes)
        writer.write(outcome.index.rawValue)
        return Base64.url.encode(Array(SHA256.hash(writer.bytes).bytes[..<16]))
    }

    private static func roles(_ user: UserRow) -> [String]? {
        let names = user.roles.map(\.string)
        let count = names.reduce(0) { $0 + $1.utf8.count + 3 }
        return count <= AccessToken.roleBytesMax ? names : nil
    }
}
