public import AuthCore
public import ByteCodec
internal import Cryptography

/// What a text is that somebody presents as a credential, and why it is refused: for whoever has
/// to help, and never for who presents it, to whom every refusal looks alike.
///
/// It is no use of the credential: nothing is touched, and nothing spent.
public struct Inspection: Sendable {
    /// What a text is by its spelling.
    public enum Kind: String, CaseIterable, Sendable {
        case session
        case refreshToken = "refresh_token"
        case joinToken = "join_token"
        case apiKey = "api_key"
        case importedKey = "imported_key"
        case accessToken = "access_token"
        /// None of ours, and no key that was taken in.
        case unknown
    }

    /// Why it is refused.
    public enum Reason: String, CaseIterable, Sendable {
        /// It begins as one of ours and is not spelt as one: cut off, or mistyped.
        case misspelt
        /// There never was such a one here, or not in this tenant.
        case neverIssued = "never_issued"
        /// It was revoked, or what it belonged to was, or its end is long past.
        case ended
        /// It names one that there is, and is not it: an older secret part, or an invention.
        case wrongSecret = "wrong_secret"
        /// It is signed by no key that there is: one that was dropped, or somebody else's.
        case unknownKey = "unknown_key"
        case expired
        /// The session was not used for too long.
        case idle
        case userDisabled = "user_disabled"
        /// Its tenant is suspended.
        case tenantSuspended = "tenant_suspended"
        /// The key is not good from this address.
        case address
        /// The refresh token was redeemed before; once more, and its session ends.
        case spent
        /// It opens no request: a join token is for a new node.
        case noCredential = "no_credential"
    }

    public let kind: Kind
    /// Nil when it is good now.
    public internal(set) var refusal: Reason?
    public internal(set) var user: UserRow?
    public internal(set) var session: SessionRow?
    public internal(set) var key: KeyRow?
    /// What it gives its holder now; nil unless it is good for requests.
    public internal(set) var permissions: EffectivePermissions?
    /// When it ends, if nothing else ends it before.
    public internal(set) var expiresAt: Timestamp?

    init(_ kind: Kind, _ refusal: Reason? = nil) {
        self.kind = kind
        self.refusal = refusal
    }

    /// Looks at a text for somebody who may look sessions up; of keys nothing but their kind is
    /// told to who may not read keys.
    ///
    /// - Parameter address: from where a key is to be judged; nil judges it as if it were listed.
    public static func inspect(
        _ text: String, from address: IPAddress?, by caller: Caller, _ view: StateView,
        _ world: World
    ) throws -> Result<Inspection, ServiceFailure> {
        switch world.tokenCodec {
        case .failure(let failure): return .failure(failure)
        case .success(let codec):
            let inspector = Inspector(
                bytes: Array(text.utf8), address: address, tenant: caller.tenant, codec: codec,
                view: view)
            let found = try inspector.inspect()
            let isKey = [.apiKey, .importedKey].contains(found.kind)
            guard !isKey || caller.permissions.allows(.keysRead) else {
                return .failure(.insufficientPermissions)
            }
            return .success(found)
        }
    }
}

/// Looks at one text in one view.
private struct Inspector {
    let bytes: [UInt8]
    let address: IPAddress?
    let tenant: TenantID
    let codec: TokenCodec
    let view: StateView

    private static let own: [(kind: TokenKind, told: Inspection.Kind)] = [
        (.session, .session), (.refresh, .refreshToken), (.join, .joinToken),
    ]

    func inspect() throws -> Inspection {
        for (kind, told) in Self.own where bytes.starts(with: kind.prefix + [UInt8(ascii: "_")]) {
            guard let token = codec.parse(bytes, as: kind) else {
                return Inspection(told, .misspelt)
            }
            return switch told {
            case .session: try session(token)
            case .refreshToken: try refreshToken(token)
            default: Inspection(told, .noCredential)
            }
        }
        if let token = codec.accessTokens.flatMap({ PresentedAccessToken(bytes, $0) }) {
            return try accessToken(token)
        }
        if let policy = codec.accessTokens, PresentedAccessToken.isAddressedHere(bytes, policy) {
            return Inspection(.accessToken, .misspelt)
        }
        let imported = try importedKey()
        let width = TokenKind.tailByteCount
        if imported.kind == .unknown, bytes.count > width,
            let prefix = KeyPrefix(bytes: Array(bytes.dropLast(width))),
            let token = codec.parse(bytes, as: .key(prefix))
        {
            return try key(token)
        }
        let standard = KeyPrefix.standard.bytes + [UInt8(ascii: "_")]
        if imported.kind == .unknown, bytes.starts(with: standard) {
            return Inspection(.apiKey, .misspelt)
        }
        return imported
    }

    // MARK: Sessions

    private func session(_ token: ParsedToken) throws -> Inspection {
        let number = CredentialNumber(token.rowNumber)
        guard let row = try ownSession(number) else { return try missing(.session, number) }
        let verdict = try decideValidation(
            of: number, verifier: Digest256(token.digest), wall: view.now, meta: view.meta,
            view.tables)
        return try told(Inspection(.session), row, verdict)
    }

    private func refreshToken(_ token: ParsedToken) throws -> Inspection {
        let number = CredentialNumber(token.rowNumber)
        guard let row = try ownSession(number) else { return try missing(.refreshToken, number) }
        let life = try decideLife(of: row, meta: view.meta, wall: view.now, view.tables)
        var found = try told(Inspection(.refreshToken), row, life)
        found.permissions = nil
        let family = try RefreshFamilyRow.read(number, view.tables)
        switch family?.standing(of: Digest256(token.digest), at: view.meta.lastStamp) {
        case nil: found.refusal = found.refusal ?? .ended
        case .unknown: return Inspection(.refreshToken, .wrongSecret)
        case .reused: found.refusal = found.refusal ?? .spent
        case .current, .previousInGrace: break
        }
        return found
    }

    private func ownSession(_ number: CredentialNumber) throws -> SessionRow? {
        guard let row = try SessionRow.read(number, view.tables), row.tenant == tenant else {
            return nil
        }
        return row
    }

    /// Of a guess nothing is told but that it is wrong.
    private func told(
        _ start: Inspection, _ row: SessionRow, _ verdict: SessionVerdict
    ) throws -> Inspection {
        var found = start
        switch verdict {
        case .allow(let facts):
            found.permissions = try EffectivePermissions.resolve(facts.user, view.tables)
        case .deny(.wrongVerifier, _): return Inspection(start.kind, .wrongSecret)
        case .deny(let denial, _): found.refusal = Inspection.Reason(denial)
        }
        found.session = row
        found.user = try UserRow.read(row.tenant, row.user, view.tables)
        found.expiresAt = row.expiresAt
        return found
    }

    // MARK: Access tokens

    private func accessToken(_ token: PresentedAccessToken) throws -> Inspection {
        let key = try decideSigningKey(
            token.key, meta: view.meta, wall: view.now, view.tables)
        guard case .good(let signer) = key else { return Inspection(.accessToken, .unknownKey) }
        guard codec.signatures.verifies(token, signer) else {
            return Inspection(.accessToken, .wrongSecret)
        }
        guard let id = codec.readSessionID(token.claims.session) else {
            return Inspection(.accessToken, .neverIssued)
        }
        guard let row = try ownSession(id.number), row.id == id else {
            return try missing(.accessToken, id.number)
        }
        let life = try decideLife(of: row, meta: view.meta, wall: view.now, view.tables)
        var found = try told(Inspection(.accessToken), row, life)
        let end = Timestamp(milliseconds: token.claims.expiresAt * 1_000)
        found.expiresAt = min(end, row.expiresAt)
        if view.now >= end { found.refusal = found.refusal ?? .expired }
        if found.refusal != nil { found.permissions = nil }
        return found
    }

    // MARK: Keys

    private func key(_ token: ParsedToken) throws -> Inspection {
        let number = CredentialNumber(token.rowNumber)
        guard let row = try KeyRow.read(number, view.tables), row.origin == .made,
            row.tenant == tenant
        else { return try missing(.apiKey, number) }
        return try told(Inspection(.apiKey), row, Digest256(token.digest))
    }

    private func importedKey() throws -> Inspection {
        let digest = Digest256(SHA256.hash(bytes))
        guard let row = try KeyRow.read(imported: digest, view.tables), row.tenant == tenant else {
            return Inspection(.unknown, .neverIssued)
        }
        return try told(Inspection(.importedKey), row, digest)
    }

    private func told(
        _ start: Inspection, _ row: KeyRow, _ digest: Digest256
    ) throws -> Inspection {
        var found = start
        var verdict = try decideLife(
            of: row, presented: digest, from: address, meta: view.meta, wall: view.now,
            view.tables)
        if case .deny(.address, _) = verdict, address == nil {
            verdict = try decideLife(
                of: row, presented: nil, from: nil, meta: view.meta, wall: view.now, view.tables)
        }
        found.expiresAt = row.expiresAt
        switch verdict {
        case .allow(let facts):
            let owned = try EffectivePermissions.resolve(facts.owner, view.tables)
            found.permissions = try row.permissions(of: owned, view.tables)
            found.expiresAt = facts.expiresAt
        case .deny(.wrongVerifier, _): return Inspection(start.kind, .wrongSecret)
        case .deny(let denial, _): found.refusal = Inspection.Reason(denial)
        }
        found.key = row
        found.user = try UserRow.read(row.tenant, row.owner, view.tables)
        return found
    }

    /// There is no row: a number that was given away is gone, any other was never given.
    private func missing(
        _ kind: Inspection.Kind, _ number: CredentialNumber
    ) throws -> Inspection {
        let isPast = number < view.meta.nextNumber
        return Inspection(kind, isPast ? .ended : .neverIssued)
    }
}

extension Inspection.Reason {
    fileprivate init(_ denial: SessionDenial) {
        self =
            switch denial {
            case .unknown: .neverIssued
            case .ended: .ended
            case .wrongVerifier: .wrongSecret
            case .expired: .expired
            case .idle: .idle
            case .userDisabled: .userDisabled
            case .tenantSuspended: .tenantSuspended
            }
    }

    fileprivate init(_ denial: KeyDenial) {
        self =
            switch denial {
            case .unknown: .neverIssued
            case .ended: .ended
            case .wrongVerifier: .wrongSecret
            case .expired: .expired
            case .ownerDisabled: .userDisabled
            case .tenantSuspended: .tenantSuspended
            case .address: .address
            }
    }
}
