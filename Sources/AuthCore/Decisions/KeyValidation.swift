public import ByteCodec

/// Whether an API key is good, as one view sees it.
public enum KeyVerdict: Equatable, Sendable {
    /// It is. An answer also needs that the view is new enough.
    case allow(KeyFacts)
    /// It is not. A denial that is final holds in every later view too; any other must be
    /// confirmed by a view that a quorum has confirmed.
    case deny(KeyDenial, isFinal: Bool)
}

/// What a good key stands for.
public struct KeyFacts: Equatable, Sendable {
    public let key: KeyRow
    public let known: KnownUser
    /// When what was presented ends, which for one that was rotated comes before the key's end.
    public let expiresAt: Timestamp?

    public var owner: UserRow { known.row }

    public static func == (a: KeyFacts, b: KeyFacts) -> Bool {
        a.key == b.key && a.owner == b.owner && a.expiresAt == b.expiresAt
    }
}

/// Why a key is not good.
public enum KeyDenial: Hashable, Sendable {
    /// No such key was made yet, as far as this view knows.
    case unknown
    /// There is no such key any more, or there cannot be.
    case ended
    /// The number is right and the verifier is not, as far as this view knows.
    case wrongVerifier
    /// It is past its end.
    case expired
    /// The owner is disabled.
    case ownerDisabled
    /// The tenant is suspended.
    case tenantSuspended
    /// It is not good from there.
    case address
}

/// Judges a key that names its row (architecture, "The protocol idea").
///
/// A wrong verifier is not final here: the view may not know of a rotation yet.
///
/// - Parameters:
///   - number: the number that the key's block deciphers to.
///   - digest: of prefix, `_` and verifier.
///   - address: where it comes from; nil where nobody can tell, which no list of addresses allows.
///   - wall: the node's own time, as for a session.
///   - known: what is known of a user from other views.
/// - Complexity: three look-ups, two when `meta` is at hand; one more outside the first tenant.
public func decideKey(
    _ number: CredentialNumber, digest: Digest256, from address: IPAddress?, wall: Timestamp,
    meta: StateMeta? = nil, known: (UserID) -> KnownUser? = { _ in nil },
    _ reader: some TableReader
) throws -> KeyVerdict {
    let meta = try meta ?? StateMeta.read(reader)
    guard let key = try KeyRow.read(number, reader), key.origin == .made else {
        return .deny(
            number < meta.nextNumber ? .ended : .unknown,
            isFinal: isForeignForEver(number, meta.nextNumber))
    }
    return try decideLife(
        of: key, presented: digest, from: address, meta: meta, wall: wall, known: known, reader)
}

/// Judges a key that was made elsewhere, by the digest of the whole.
public func decideKey(
    imported digest: Digest256, from address: IPAddress?, wall: Timestamp,
    meta: StateMeta? = nil, known: (UserID) -> KnownUser? = { _ in nil },
    _ reader: some TableReader
) throws -> KeyVerdict {
    let meta = try meta ?? StateMeta.read(reader)
    guard let key = try KeyRow.read(imported: digest, reader) else {
        return .deny(.unknown, isFinal: false)
    }
    return try decideLife(
        of: key, presented: digest, from: address, meta: meta, wall: wall, known: known, reader)
}

/// Judges a key by its row; `presented` is nil when only its life is asked for.
public func decideLife(
    of key: KeyRow, presented: Digest256?, from address: IPAddress?, meta: StateMeta,
    wall: Timestamp, known: (UserID) -> KnownUser? = { _ in nil }, _ reader: some TableReader
) throws -> KeyVerdict {
    var end = key.expiresAt
    if let presented, presented != key.digest {
        guard let former = key.former, former.digest == presented else {
            return .deny(.wrongVerifier, isFinal: false)
        }
        if !Planted.keyOutlivesGrace.isOn { end = min(end ?? .max, former.endsAt) }
    }
    let standing = try TenantStanding.of(key.tenant, reader)
    // What it has is being removed, and perhaps the owner was already.
    guard standing != .gone else { return .deny(.ended, isFinal: true) }
    guard
        let found = try KnownUser.read(key.tenant, key.owner, known: known(key.owner), reader)
    else { throw StateDamage(table: .keys, key: key.key, what: "key of no user") }
    let owner = found.row
    let now = max(meta.lastStamp, wall)
    if let end, now >= end {
        // No entry of a later stamp moves an end that is over. Our own clock may be wrong.
        return .deny(.expired, isFinal: meta.lastStamp >= end)
    }
    guard !owner.disabled else { return .deny(.ownerDisabled, isFinal: false) }
    guard standing == .open || Planted.keyOfSuspendedTenant.isOn else {
        return .deny(.tenantSuspended, isFinal: false)
    }
    if presented != nil, !key.isGood(from: address) { return .deny(.address, isFinal: false) }
    return .allow(KeyFacts(key: key, known: found, expiresAt: end))
}

extension KeyRow {
    fileprivate func isGood(from address: IPAddress?) -> Bool {
        guard !addresses.isEmpty else { return true }
        guard let address else { return false }
        return addresses.contains { $0.contains(address) }
    }
}
