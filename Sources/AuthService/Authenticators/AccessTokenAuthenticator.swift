internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// Recognises users by access tokens (RFC 9068): the signature names the session, and the session
/// decides, as it does for its own token.
struct AccessTokenAuthenticator: Authenticator {
    func read(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential? {
        guard let policy = codec.accessTokens, let token = PresentedAccessToken(text, policy),
            let session = codec.readSessionID(token.claims.session)
        else { return nil }
        let digest = Digest256(token.digest)
        return PresentedCredential(digest: digest) { view, _ in
            if let denied = try Self.check(token, view, codec.signatures) { return denied }
            return try Self.caller(session, token, digest, view)
        }
    }

    /// Why the token itself does not count: its key, its signature, its times.
    private static func check(
        _ token: PresentedAccessToken, _ view: StateView, _ signatures: SignatureMemory
    ) throws -> Result<Caller, Denial>? {
        let end = Timestamp(milliseconds: token.claims.expiresAt * 1_000)
        // No quorum is asked about what is over by the state's own time, whoever signed it.
        if view.meta.lastStamp >= end { return .denied(.tokenExpired, isFinal: true) }
        switch try decideSigningKey(token.key, meta: view.meta, wall: view.now, view.tables) {
        case .bad(let isFinal): return .denied(.tokenInvalid, isFinal: isFinal)
        case .good(let row):
            // A thumbprint stands for one key, so a wrong signature stays wrong.
            guard signatures.verifies(token, row) else {
                return .denied(.tokenInvalid, isFinal: true)
            }
        }
        guard view.now < end else { return .denied(.tokenExpired, isFinal: false) }
        // It bears the stamp of the entry behind it, which a view that lags may not have.
        let begin = token.claims.issuedAt * 1_000
        guard begin <= view.now.rawValue + AccessTokenPolicy.skewSeconds * 1_000 else {
            return .denied(.tokenInvalid, isFinal: false)
        }
        return nil
    }

    private static func caller(
        _ session: SessionID, _ token: PresentedAccessToken, _ digest: Digest256,
        _ view: StateView
    ) throws -> Result<Caller, Denial> {
        var remembered: Rights?
        let verdict = try decideValidation(
            of: session, wall: view.now, meta: view.meta,
            known: { view.memory.user($0, &remembered) }, view.tables)
        switch verdict {
        case .allow(let facts):
            guard ObjectText.show(facts.user.id) == token.claims.subject,
                ObjectText.show(facts.user.tenant) == token.claims.tenant
            else { return .denied(.tokenInvalid, isFinal: true) }
            let end = Timestamp(milliseconds: token.claims.expiresAt * 1_000)
            let rights = try view.rights(of: facts.known, remembered)
            return .success(
                Caller(
                    proof: .accessToken(facts), presented: digest,
                    rights: rights, expiresAt: min(end, facts.session.expiresAt),
                    metering: try Metering(rights, view)))
        case .deny(let denial, let isFinal):
            return .denied(SessionAuthenticator.failure(denial), isFinal: isFinal)
        }
    }
}
