public import ByteCodec

/// A user. What belongs to the password lies in `PasswordRow`.
public struct UserRow: Hashable, Sendable {
    public let tenant: TenantID
    public let id: UserID
    public var username: UserName
    public var email: Text
    public var displayName: Text
    public var kind: UserKind
    public var disabled: Bool
    /// Held directly; sorted, no repetitions.
    public var roles: [RoleName]
    /// A JSON object as text, or empty.
    public var metadata: Text
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// Counts changes from 1.
    public var version: UInt64
    /// A session that began under an older epoch has ended: raised by disabling, by a new
    /// password, by ending all sessions.
    public var sessionEpoch: UInt64
    /// What was resolved under an older epoch is out of date: raised by every change of roles.
    public var authzEpoch: UInt64
    /// As in `10000/day,1000000/month`, or empty: as the roles say.
    public var quota = Text.empty
}

extension UserRow: Row {
    static let table = Table.users
    static func key(_ tenant: TenantID, _ id: UserID) -> [UInt8] { Key.of(tenant, id) }
    var key: [UInt8] { Self.key(tenant, id) }

    /// The user of this id, or nil.
    public static func read(
        _ tenant: TenantID, _ id: UserID, _ reader: some TableReader
    ) throws -> UserRow? { try row(key(tenant, id), reader) }

    /// The user of this name, or nil.
    public static func read(
        _ tenant: TenantID, named name: UserName, _ reader: some TableReader
    ) throws -> UserRow? {
        guard let id = try id(tenant, named: name, reader) else { return nil }
        guard let user = try read(tenant, id, reader) else {
            throw StateDamage(
                table: .usersByName, key: Key.of(tenant, name.bytes), what: "name of no user")
        }
        return user
    }

    /// The id of the user of this name, or nil; takes almost as long either way.
    public static func id(
        _ tenant: TenantID, named name: UserName, _ reader: some TableReader
    ) throws -> UserID? {
        let nameKey = Key.of(tenant, name.bytes)
        guard let value = try reader.get(.usersByName, nameKey) else { return nil }
        guard let id = UserID(bytes: value) else {
            throw StateDamage(table: .usersByName, key: nameKey, what: "no id")
        }
        return id
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(quota.isEmpty ? 1 : 2))
        writer.write(tenant)
        writer.write(id)
        writer.write(kind.rawValue)
        writer.write(disabled)
        writer.write(createdAt)
        writer.write(updatedAt)
        writer.write(version)
        writer.write(sessionEpoch)
        writer.write(authzEpoch)
        writer.write(username)
        writer.write(email)
        writer.write(displayName)
        writer.write(metadata)
        writer.write(list: roles) { $0.write($1) }
        if !quota.isEmpty { writer.write(quota) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let format = try reader.readVersion(1...2, of: "user")
        tenant = try reader.readID()
        id = try reader.readID()
        kind = try reader.readCase()
        disabled = try reader.readBool()
        createdAt = try reader.readTime()
        updatedAt = try reader.readTime()
        version = try reader.read()
        sessionEpoch = try reader.read()
        authzEpoch = try reader.read()
        username = try reader.readUserName()
        email = try reader.readText(atMost: Limits.emailBytes)
        displayName = try reader.readText(atMost: Limits.shortTextBytes)
        metadata = try reader.readText(atMost: Limits.metadataBytes)
        roles = try reader.readList(atMost: Limits.rolesPerUser) { reader throws(ByteCodecError) in
            try reader.readRoleName()
        }
        quota = try reader.readQuota(since: 2, format)
    }
}

/// A user's password, as far as it is stored.
public struct PasswordRow: Hashable, Sendable {
    public let tenant: TenantID
    public let user: UserID
    public var hash: PasswordHash
    /// Counts passwords from 1; storing the same one under better parameters does not count.
    public var authVersion: UInt64
    public var changedAt: Timestamp
}

extension PasswordRow: Row {
    static let table = Table.passwords
    var key: [UInt8] { UserRow.key(tenant, user) }

    /// The password of this user, or nil when there is none.
    public static func read(
        _ tenant: TenantID, _ user: UserID, _ reader: some TableReader
    ) throws -> PasswordRow? { try row(UserRow.key(tenant, user), reader) }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(user)
        writer.write(authVersion)
        writer.write(changedAt)
        writer.write(hash)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "password")
        tenant = try reader.readID()
        user = try reader.readID()
        authVersion = try reader.read()
        changedAt = try reader.readTime()
        hash = try reader.readPassword()
    }
}
