public import ByteCodec

/// What a session is for. Raw values are part of the format.
public enum SessionKind: UInt8, Sendable {
    /// A user's log-in.
    case user = 0
}

/// A log-in of a user, from its begin until it is revoked or has expired. A session that ended
/// has no row: its number is never used again.
public struct SessionRow: Hashable, Sendable {
    public let id: SessionID
    public let tenant: TenantID
    public let user: UserID
    public let kind: SessionKind
    public let method: AuthMethod
    /// SHA-256 of the token's verifier.
    public let verifier: Digest256
    /// Whether a refresh family lies under the same number.
    public var hasRefreshFamily: Bool
    /// The user's `sessionEpoch` under which the session lives.
    public var epoch: UInt64
    public let createdAt: Timestamp
    /// The end that no use moves. Exclusive: at this moment the session has ended.
    public let expiresAt: Timestamp
    /// The end that uses move, never past `expiresAt`. Exclusive.
    public var idleExpiresAt: Timestamp
    /// How far a use moves it.
    public let idleMilliseconds: UInt64
    public var lastSeenAt: Timestamp
    public var accessCount: UInt64
    /// The minute under which `sessionsByExpiry` lists the session.
    var expiryMinute: UInt64
    /// Counts changes from 1, uses apart.
    public var version: UInt64
    public let label: Text
    /// Where it was begun from.
    public let address: Text
}

extension SessionRow: Row {
    static let table = Table.sessions
    static func key(_ number: CredentialNumber) -> [UInt8] { Key.of(number.rawValue) }
    var key: [UInt8] { Self.key(id.number) }

    // Without a key of its own: this row is read in every request.
    func belongs(under key: [UInt8]) -> Bool { Key.spells(id.number.rawValue, key) }

    /// The session of this number, or nil when it has ended or never began.
    public static func read(
        _ number: CredentialNumber, _ reader: some TableReader
    ) throws -> SessionRow? { try row(key(number), reader) }

    /// The session of this id, or nil when it has ended or never began.
    public static func read(_ id: SessionID, _ reader: some TableReader) throws -> SessionRow? {
        guard let session = try read(id.number, reader), session.id == id else { return nil }
        return session
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(kind.rawValue)
        writer.write(method.rawValue)
        writer.write(hasRefreshFamily)
        writer.write(id)
        writer.write(tenant)
        writer.write(user)
        writer.write(verifier)
        writer.write(epoch)
        writer.write(createdAt)
        writer.write(expiresAt)
        writer.write(idleExpiresAt)
        writer.write(idleMilliseconds)
        writer.write(lastSeenAt)
        writer.write(accessCount)
        writer.write(expiryMinute)
        writer.write(version)
        writer.write(label)
        writer.write(address)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "session")
        kind = try reader.readCase()
        method = try reader.readCase()
        hasRefreshFamily = try reader.readBool()
        id = try reader.readID()
        tenant = try reader.readID()
        user = try reader.readID()
        verifier = try reader.readDigest()
        epoch = try reader.read()
        createdAt = try reader.readTime()
        expiresAt = try reader.readTime()
        idleExpiresAt = try reader.readTime()
        idleMilliseconds = try reader.read()
        lastSeenAt = try reader.readTime()
        accessCount = try reader.read()
        expiryMinute = try reader.read()
        version = try reader.read()
        label = try reader.readText(atMost: Limits.shortTextBytes)
        address = try reader.readText(atMost: Limits.addressBytes)
    }
}

/// The refresh tokens of one session, of which one at a time may be redeemed (RFC 9700 §4.14).
///
/// Redeeming the current one makes the next generation. The one before it gets the *same*
/// successor within the grace time, because an answer may be lost on the way. Any other that the
/// family remembers was stolen, or is being replayed by a thief: family and session end.
public struct RefreshFamilyRow: Hashable, Sendable {
    /// The number of the session.
    public let number: CredentialNumber
    /// Counts tokens from 1.
    public var generation: UInt32
    public var current: Digest256
    /// The token before the current one, when there was one.
    public var previous: Digest256?
    public var rotatedAt: Timestamp
    /// The current token, sealed under a key derived from the previous one.
    public var sealedSuccessor: [UInt8]
    /// `tag`s of tokens before the previous one, oldest first.
    public var ancestors: [UInt64]
}

extension RefreshFamilyRow: Row {
    static let table = Table.refreshFamilies
    var key: [UInt8] { SessionRow.key(number) }

    /// The family of the session of this number, or nil.
    public static func read(
        _ number: CredentialNumber, _ reader: some TableReader
    ) throws -> RefreshFamilyRow? { try row(SessionRow.key(number), reader) }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(number.rawValue)
        writer.write(generation)
        writer.write(current)
        writer.write(optional: previous) { $0.write($1) }
        writer.write(rotatedAt)
        writer.write(lengthPrefixed: sealedSuccessor)
        writer.write(list: ancestors) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "refresh family")
        number = CredentialNumber(try reader.read())
        generation = try reader.read()
        current = try reader.readDigest()
        previous = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readDigest()
        }
        rotatedAt = try reader.readTime()
        sealedSuccessor = try reader.readLengthPrefixed(atMost: Limits.sealedAnswerBytes)
        ancestors = try reader.readList(atMost: Limits.refreshAncestors) {
            reader throws(ByteCodecError) in try reader.read()
        }
    }
}
