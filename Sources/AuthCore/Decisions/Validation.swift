public import ByteCodec

/// Whether a session token is good, as one view sees it.
public enum SessionVerdict: Equatable, Sendable {
    /// It is. An answer also needs that the view is new enough.
    case allow(SessionFacts)
    /// It is not. A denial that is final holds in every later view too; any other must be
    /// confirmed by a view that a quorum has confirmed.
    case deny(SessionDenial, isFinal: Bool)
}

/// What a good session token stands for. An object, because it is passed on in every request.
public final class SessionFacts: Equatable, Sendable {
    public let session: SessionRow
    public let known: KnownUser
    /// What the user may do was resolved for good under this and `user.authzEpoch`.
    public let roleTableVersion: UInt64

    init(session: SessionRow, user: KnownUser, roleTableVersion: UInt64) {
        self.session = session
        known = user
        self.roleTableVersion = roleTableVersion
    }

    public var user: UserRow { known.row }

    public static func == (a: SessionFacts, b: SessionFacts) -> Bool {
        a.session == b.session && a.user == b.user && a.roleTableVersion == b.roleTableVersion
    }
}

/// Why a session token is not good.
public enum SessionDenial: Hashable, Sendable {
    /// No session of this number began yet, as far as this view knows.
    case unknown
    /// There is no such session any more, or there cannot be.
    case ended
    /// The number is right and the verifier is not.
    case wrongVerifier
    /// The session is past its absolute end.
    case expired
    /// The session was not used for too long.
    case idle
    /// The user is disabled.
    case userDisabled
    /// The tenant is suspended.
    case tenantSuspended
}

/// Judges a session token by one view (architecture, "The protocol idea").
///
/// - Parameters:
///   - number: the number that the token's block deciphers to.
///   - verifier: the digest of its verifier.
///   - wall: the node's own time. Expiry is judged by the later of it and the last stamp, so a
///     wrong clock can only shorten a life.
///   - meta: the meta row of the same view.
///   - known: what is known of a user from other views.
/// - Complexity: two look-ups; one more outside the first tenant.
public func decideValidation(
    of number: CredentialNumber, verifier: Digest256, wall: Timestamp, meta: StateMeta,
    known: (UserID) -> KnownUser? = { _ in nil }, _ reader: some TableReader
) throws -> SessionVerdict {
    guard let session = try SessionRow.read(number, reader) else {
        return .deny(
            number < meta.nextNumber ? .ended : .unknown,
            isFinal: isForeignForEver(number, meta.nextNumber))
    }
    // From here on the number is below `nextNumber`, and the row never changes its verifier.
    guard session.verifier == verifier else { return .deny(.wrongVerifier, isFinal: true) }
    return try decideLife(of: session, meta: meta, wall: wall, known: known, reader)
}

/// The same, where the meta row is not at hand.
public func decideValidation(
    of number: CredentialNumber, verifier: Digest256, wall: Timestamp, _ reader: some TableReader
) throws -> SessionVerdict {
    try decideValidation(
        of: number, verifier: verifier, wall: wall, meta: StateMeta.read(reader), reader)
}

/// Judges a session that is known by its id, as for a look-up without its token.
///
/// - Parameter known: what is known of a user from other views.
public func decideLife(
    of session: SessionRow, meta: StateMeta, wall: Timestamp,
    known: (UserID) -> KnownUser? = { _ in nil }, _ reader: some TableReader
) throws -> SessionVerdict {
    let standing = try TenantStanding.of(session.tenant, reader)
    guard standing != .gone,
        let found = try KnownUser.read(
            session.tenant, session.user, known: known(session.user), reader)
    else { return .deny(.ended, isFinal: true) }
    let user = found.row
    guard session.epoch <= user.sessionEpoch else {
        throw StateDamage(table: .sessions, key: session.key, what: "epoch of the future")
    }
    guard session.epoch == user.sessionEpoch || Planted.sessionEpochIgnored.isOn else {
        return .deny(.ended, isFinal: true)
    }
    let now = Planted.expiryByOwnClock.isOn ? wall : max(meta.lastStamp, wall)
    guard now < session.expiresAt else {
        // Our own clock may be wrong; a stamp holds for everybody.
        return .deny(.expired, isFinal: meta.lastStamp >= session.expiresAt)
    }
    guard now < session.idleExpiresAt else { return .deny(.idle, isFinal: false) }
    guard !user.disabled else { return .deny(.userDisabled, isFinal: false) }
    guard standing == .open else { return .deny(.tenantSuspended, isFinal: false) }
    return .allow(
        SessionFacts(session: session, user: found, roleTableVersion: meta.roleTableVersion))
}

/// Whether a number without a row will have none of this token's in any later view.
///
/// Below `next` the session has ended. Far above it the number was never enciphered here: a
/// guess passes once in 2³². Zero is never assigned.
func isForeignForEver(_ number: CredentialNumber, _ next: CredentialNumber) -> Bool {
    if number < next { return true }
    return number.rawValue - next.rawValue >= 1 << 32
}

/// Whether a refresh token is worth proposing its redemption: apply decides anew.
public enum RefreshVerdict: Equatable, Sendable {
    /// The family knows it, as the current token or as a former one. The session of the family
    /// gives tenant and user.
    case propose(SessionRow)
    /// The family does not know it. Not final when a newer view might.
    case deny(isFinal: Bool)
}

/// Judges a refresh token by one view.
public func decideRefresh(
    of number: CredentialNumber, presented: Digest256, _ reader: some TableReader
) throws -> RefreshVerdict {
    let meta = try StateMeta.read(reader)
    guard let session = try SessionRow.read(number, reader) else {
        return .deny(isFinal: isForeignForEver(number, meta.nextNumber))
    }
    guard let family = try RefreshFamilyRow.read(number, reader) else {
        // A family begins and ends with its session.
        return .deny(isFinal: true)
    }
    // A lagging view may not know the newest token yet.
    let isKnown = family.standing(of: presented, at: meta.lastStamp) != .unknown
    return isKnown ? .propose(session) : .deny(isFinal: false)
}

/// Finds the version of a secret that a read gets: the newest, or the one asked for; nil when
/// there is none, or it is deleted, destroyed or expired.
public func decideSecretRead(
    _ tenant: TenantID, _ path: SecretPath, version: UInt64? = nil, wall: Timestamp,
    _ reader: some TableReader
) throws -> SecretVersionRow? {
    let meta = try StateMeta.read(reader)
    guard let head = try SecretRow.read(tenant, path, reader) else { return nil }
    let wanted = version ?? head.latest
    guard let row = try SecretVersionRow.read(tenant, path, wanted, reader) else {
        guard wanted != head.latest else {
            throw StateDamage(table: .secrets, key: head.key, what: "head of no version")
        }
        return nil
    }
    return row.isReadable(at: max(meta.lastStamp, wall)) ? row : nil
}

/// Whether there is something for a `sweep` to remove, by the later of the last stamp and the
/// node's own time: in an idle cluster only the sweep itself brings a new stamp.
public func isSweepDue(wall: Timestamp = .zero, _ reader: some TableReader) throws -> Bool {
    let now = max(try StateMeta.read(reader).lastStamp, wall)
    var due = false
    let ends: [(Table, [UInt8])] = [
        (.sessionsByExpiry, Key.of(Sessions.minute(of: now) + 1)),
        (.requestsByExpiry, Key.of(now.advanced(milliseconds: 1).rawValue)),
        (.keysByExpiry, Keys.expiredBefore(now)),
    ]
    for (table, end) in ends where !due {
        try reader.scan(table, from: [], upTo: end) { _, _ in
            due = true
            return false
        }
    }
    if try TenantDeletionRow.first(reader) != nil { return true }
    return try due || SigningKeys.read(reader).rows.contains { $0.hasEnded(by: now) }
}
