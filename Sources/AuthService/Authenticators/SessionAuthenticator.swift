internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// Recognises users by the tokens of their sessions (`wws_…`).
struct SessionAuthenticator: Authenticator {
    func read(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential? {
        guard let token = codec.parse(text, as: .session) else { return nil }
        let digest = Digest256(token.digest)
        return PresentedCredential(digest: digest) { view, _ in
            var remembered: Rights?
            let verdict = try decideValidation(
                of: CredentialNumber(token.rowNumber), verifier: digest, wall: view.now,
                meta: view.meta,
                known: { view.memory.user($0, &remembered) }, view.tables)
            switch verdict {
            case .allow(let facts):
                let rights = try view.rights(of: facts.known, remembered)
                return .success(
                    Caller(
                        proof: .session(facts), presented: digest, rights: rights,
                        expiresAt: facts.session.expiresAt,
                        metering: try Metering(rights, view)))
            case .deny(let denial, let isFinal):
                return .denied(Self.failure(denial), isFinal: isFinal)
            }
        }
    }

    /// What whoever presents a token of the session is told.
    static func failure(_ denial: SessionDenial) -> ServiceFailure {
        switch denial {
        case .expired, .idle: .tokenExpired
        case .unknown, .ended, .wrongVerifier, .userDisabled, .tenantSuspended: .tokenInvalid
        }
    }
}
