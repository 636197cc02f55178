public import ByteCodec

/// What a signing key is for at a moment.
public enum SigningKeyState: String, Sendable {
    /// It is published, and signs later.
    case next
    /// It signs.
    case current
    /// It signs no more, and what it has signed is good.
    case previous
}

/// The keys that access tokens are signed with, as one view has them.
public struct SigningKeys: Equatable, Sendable {
    /// How often they have changed; 0 before there was one.
    public let version: UInt64
    /// In the order in which they sign.
    public let rows: [SigningKeyRow]

    /// All keys, those included that have ended and are not swept yet: at most
    /// `Limits.signingKeys`.
    public static func read(_ reader: some TableReader) throws -> SigningKeys {
        var rows: [SigningKeyRow] = []
        try reader.scan(.signingKeys, from: [], upTo: nil) { key, value in
            rows.append(try SigningKeyRow(key: key, value: value))
            return true
        }
        rows.sort { one, other in
            one.signsFrom == other.signsFrom
                ? one.id.bytes.lexicographicallyPrecedes(other.id.bytes)
                : one.signsFrom < other.signsFrom
        }
        let version = try SigningKeysVersionRow.row(SigningKeysVersionRow.key, reader)?.version
        return SigningKeys(version: version ?? 0, rows: rows)
    }

    /// The key that signs at this moment of the state's own time.
    public func signer(at now: Timestamp) -> SigningKeyRow? {
        rows.last { $0.signsFrom <= now && !$0.hasEnded(by: now) }
    }

    /// What a key is for at this moment; nil when it has ended.
    public func state(of row: SigningKeyRow, at now: Timestamp) -> SigningKeyState? {
        if row.hasEnded(by: now) { return nil }
        if row.signsFrom > now { return .next }
        return row.id == signer(at: now)?.id ? .current : .previous
    }

    /// Whether a key waits to sign.
    public func isRotating(at now: Timestamp) -> Bool { rows.contains { $0.signsFrom > now } }
}

/// Whether what a key has signed is to be looked at.
public enum SigningKeyVerdict: Equatable, Sendable {
    case good(SigningKeyRow)
    /// There is no such key, as far as this view knows, or it has ended. Final when every later
    /// view says so too.
    case bad(isFinal: Bool)
}

/// Judges the key that an access token names.
///
/// One that is not known is not refused for good: a newer view may know it. One whose end lies
/// behind the state's own time is: an end moves only while the key signs.
public func decideSigningKey(
    _ id: Digest256, meta: StateMeta, wall: Timestamp, _ reader: some TableReader
) throws -> SigningKeyVerdict {
    guard let row = try SigningKeyRow.read(id, reader) else { return .bad(isFinal: false) }
    guard let end = row.endsAt, !Planted.jwtPreviousKeyKept.isOn else { return .good(row) }
    let now = max(meta.lastStamp, wall)
    return now < end ? .good(row) : .bad(isFinal: meta.lastStamp >= end)
}

/// Judges a session that a good signature of ours names.
///
/// - Complexity: two look-ups, three without `meta`.
public func decideValidation(
    of id: SessionID, wall: Timestamp, meta: StateMeta? = nil,
    known: (UserID) -> KnownUser? = { _ in nil }, _ reader: some TableReader
) throws -> SessionVerdict {
    let meta = try meta ?? StateMeta.read(reader)
    guard let session = try SessionRow.read(id.number, reader) else {
        return .deny(
            id.number < meta.nextNumber ? .ended : .unknown,
            isFinal: isForeignForEver(id.number, meta.nextNumber))
    }
    // A number is given once, so another nonce under it stays another.
    guard session.id == id else { return .deny(.wrongVerifier, isFinal: true) }
    if Planted.jwtSessionNotChecked.isOn,
        let user = try KnownUser.read(session.tenant, session.user, reader)
    {
        return .allow(
            SessionFacts(session: session, user: user, roleTableVersion: meta.roleTableVersion))
    }
    return try decideLife(of: session, meta: meta, wall: wall, known: known, reader)
}
