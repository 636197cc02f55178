internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// Recognises users by API keys that were made here: a prefix of the maker's choice, and the form
/// of a token.
struct KeyAuthenticator: Authenticator {
    func read(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential? {
        let width = TokenKind.tailByteCount
        guard text.count > width, let prefix = KeyPrefix(bytes: Array(text.dropLast(width))),
            let token = codec.parse(text, as: .key(prefix))
        else { return nil }
        let digest = Digest256(token.digest)
        return PresentedCredential(digest: digest) { view, request in
            var remembered: Rights?
            let verdict = try decideKey(
                CredentialNumber(token.rowNumber), digest: digest, from: request?.clientAddress,
                wall: view.now, meta: view.meta,
                known: { view.memory.user($0, &remembered) }, view.tables)
            return try Self.caller(verdict, remembered, digest, view)
        }
    }

    /// Who presents the key, as far as the verdict says so.
    static func caller(
        _ verdict: KeyVerdict, _ remembered: Rights?, _ digest: Digest256, _ view: StateView
    ) throws -> Result<Caller, Denial> {
        switch verdict {
        case .allow(let facts):
            let owned = try view.rights(of: facts.known, remembered).permissions
            let rights = view.memory.rights(
                try facts.key.permissions(of: owned, view.tables), of: facts.known)
            return .success(
                Caller(
                    proof: .key(facts.key), presented: digest, rights: rights,
                    expiresAt: facts.expiresAt,
                    metering: try Metering(rights, key: facts.key, view)))
        case .deny(let denial, let isFinal):
            return .denied(failure(denial), isFinal: isFinal)
        }
    }

    /// A key that comes from elsewhere is answered as one that there is not, so that a thief does
    /// not learn what it is worth.
    private static func failure(_ denial: KeyDenial) -> ServiceFailure {
        switch denial {
        case .expired: .tokenExpired
        case .unknown, .ended, .wrongVerifier, .ownerDisabled, .tenantSuspended, .address:
            .tokenInvalid
        }
    }
}
