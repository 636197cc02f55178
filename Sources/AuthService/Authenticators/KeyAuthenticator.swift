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
            let verdict = try decideKey(
                CredentialNumber(token.rowNumber), digest: digest, from: request?.clientAddress,
                wall: view.now,
                view.tables)
            return try Self.caller(verdict, digest, view)
        }
    }

    /// Who presents the key, as far as the verdict says so.
    static func caller(
        _ verdict: KeyVerdict, _ digest: Digest256, _ view: StateView
    ) throws -> Result<Caller, Denial> {
        switch verdict {
        case .allow(let facts):
            let owned = try view.rights(of: facts.owner).permissions
            let rights = view.memory.rights(
                try facts.key.permissions(of: owned, view.tables), of: facts.owner)
            return .success(
                Caller(
                    user: facts.owner, proof: .key(facts.key), presented: digest,
                    rights: rights, expiresAt: facts.expiresAt,
                    metering: try Metering(facts.owner, key: facts.key, rights.permissions, view)))
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
