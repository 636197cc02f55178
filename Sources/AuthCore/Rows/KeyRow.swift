public import ByteCodec

/// How a key came to be. Raw values are part of the format.
public enum KeyOrigin: UInt8, Sendable {
    /// Drawn by a node: its token names its row.
    case made = 1
    /// Made elsewhere: known by the digest of the whole key alone.
    case imported = 2
}

/// What a key may do at most: either what some roles give, or the permissions themselves.
public enum KeyScope: Hashable, Sendable {
    case roles([RoleName])
    case permissions([Permission])
}

/// The key that was good before the last rotation.
public struct FormerKey: Hashable, Sendable {
    public let digest: Digest256
    /// Exclusive: at this moment it has ended.
    public let endsAt: Timestamp
}

/// An API key of a user. One that ended has no row, or lies past its end: its number is never used
/// again.
public struct KeyRow: Hashable, Sendable {
    public let id: KeyID
    public let tenant: TenantID
    /// Whose rights bound those of the key, at every use.
    public let owner: UserID
    public let origin: KeyOrigin
    public var name: Text
    public let prefix: KeyPrefix
    /// SHA-256 of prefix, `_` and verifier; of an imported key, of the whole.
    public var digest: Digest256
    /// Kept when it has ended, so that its refusal stays final until the next rotation.
    public var former: FormerKey?
    /// Sorted, no repetitions.
    public var scope: KeyScope
    /// From where it is good; everywhere when there is none.
    public var addresses: [AddressRange]
    public var rateLimit: Text
    public let createdAt: Timestamp
    public var updatedAt: Timestamp
    /// Exclusive; nil when it ends only by being deleted.
    public var expiresAt: Timestamp?
    public var lastUsedAt: Timestamp?
    /// Where it was last used from.
    public var lastUsedAddress: Text
    /// A JSON object as text, or empty.
    public var metadata: Text
    /// Counts changes from 1, uses apart.
    public var version: UInt64
    /// As in `10000/day,1000000/month`, or empty.
    public var quota = Text.empty
}

extension KeyRow {
    /// The key's owner, acting through it.
    public var actor: UserActor { UserActor(tenant: tenant, user: owner, credential: .key(id)) }

    /// What the key may do now: never more than its owner, whose rights must be of the same view.
    ///
    /// A role counts as held only while the owner holds it, or holds everything, because services
    /// behind a gateway may go by roles.
    public func permissions(
        of owner: EffectivePermissions, _ reader: some TableReader
    ) throws -> EffectivePermissions {
        try scope.resolve(in: tenant, reader).limited(to: owner)
    }

    /// Whether the key has ended by `moment`.
    func hasEnded(by moment: Timestamp) -> Bool { expiresAt.map { $0 <= moment } ?? false }
}

extension KeyScope {
    /// What is written in the key, whatever its owner may do.
    func resolve(
        in tenant: TenantID, _ reader: some TableReader
    ) throws -> EffectivePermissions {
        switch self {
        case .roles(let roles): try .resolve(roles, in: tenant, reader)
        case .permissions(let permissions):
            EffectivePermissions(tenant: tenant, roles: [], permissions: permissions)
        }
    }

    /// The roles that are named; none where permissions are.
    public var roles: [RoleName] { if case .roles(let roles) = self { roles } else { [] } }

    /// The permissions that are named; none where roles are.
    public var permissions: [Permission] {
        if case .permissions(let permissions) = self { permissions } else { [] }
    }

    /// The same without repetitions, in ascending order.
    var sorted: KeyScope {
        switch self {
        case .roles(let roles): .roles(roles.sortedUnique())
        case .permissions(let permissions): .permissions(permissions.sortedUnique())
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .roles(let roles):
            writer.write(UInt8(1))
            writer.write(list: roles) { $0.write($1) }
        case .permissions(let permissions):
            writer.write(UInt8(2))
            writer.write(list: permissions) { $0.write($1) }
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 1:
            self = .roles(
                try reader.readList(atMost: Limits.rolesPerUser) { reader throws(ByteCodecError) in
                    try reader.readRoleName()
                })
        case 2:
            self = .permissions(
                try reader.readList(atMost: Limits.permissionsPerKey) {
                    reader throws(ByteCodecError) in try reader.readPermission()
                })
        default: throw .malformed(offset: reader.offset - 1, what: "scope \(kind)")
        }
    }
}

extension KeyRow: Row {
    static let table = Table.keys
    static func key(_ number: CredentialNumber) -> [UInt8] { Key.of(number.rawValue) }
    var key: [UInt8] { Self.key(id.number) }

    /// The key of this number, or nil when it has ended or never was.
    public static func read(
        _ number: CredentialNumber, _ reader: some TableReader
    ) throws -> KeyRow? { try row(key(number), reader) }

    /// The key of this id, or nil when it has ended or never was.
    public static func read(_ id: KeyID, _ reader: some TableReader) throws -> KeyRow? {
        guard let key = try read(id.number, reader), key.id == id else { return nil }
        return key
    }

    /// The imported key whose whole has this digest, or nil.
    public static func read(
        imported digest: Digest256, _ reader: some TableReader
    ) throws -> KeyRow? {
        guard let value = try reader.get(.importedKeys, digest.bytes) else { return nil }
        guard value.count == 8, let key = try read(.init(Bytes.bigEndian(value[...])), reader),
            key.digest == digest, key.origin == .imported
        else { throw StateDamage(table: .importedKeys, key: digest.bytes, what: "no such key") }
        return key
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(origin.rawValue)
        writer.write(id)
        writer.write(tenant)
        writer.write(owner)
        writer.write(digest)
        writer.write(optional: former) { writer, former in
            writer.write(former.digest)
            writer.write(former.endsAt)
        }
        writer.write(createdAt)
        writer.write(updatedAt)
        writer.write(optional: expiresAt) { $0.write($1) }
        writer.write(optional: lastUsedAt) { $0.write($1) }
        writer.write(version)
        writer.write(lengthPrefixed: prefix.bytes)
        writer.write(name)
        writer.write(rateLimit)
        writer.write(lastUsedAddress)
        writer.write(metadata)
        scope.write(to: &writer)
        writer.write(list: addresses) { $0.write($1) }
        writer.write(quota)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "key")
        origin = try reader.readCase()
        id = try reader.readID()
        tenant = try reader.readID()
        owner = try reader.readID()
        digest = try reader.readDigest()
        former = try reader.readOptional { reader throws(ByteCodecError) in
            FormerKey(digest: try reader.readDigest(), endsAt: try reader.readTime())
        }
        createdAt = try reader.readTime()
        updatedAt = try reader.readTime()
        expiresAt = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readTime()
        }
        lastUsedAt = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readTime()
        }
        version = try reader.read()
        prefix = try reader.readKeyPrefix()
        name = try reader.readText(atMost: Limits.shortTextBytes)
        rateLimit = try reader.readText(atMost: Limits.shortTextBytes)
        lastUsedAddress = try reader.readText(atMost: Limits.addressBytes)
        metadata = try reader.readText(atMost: Limits.metadataBytes)
        scope = try KeyScope(from: &reader)
        addresses = try reader.readList(atMost: Limits.addressesPerKey) {
            reader throws(ByteCodecError) in try reader.readAddressRange()
        }
        quota = try reader.readText(atMost: Limits.shortTextBytes)
    }
}

/// How many keys there are; absent before the first was made.
struct KeyCountRow: Hashable, Row {
    static let table = Table.meta
    static let key: [UInt8] = [3]
    var key: [UInt8] { Self.key }
    /// All of them.
    var keys: UInt64
    /// Those among them that were made elsewhere.
    var imported: UInt64

    /// The row, with zeros where there is none.
    static func read(_ reader: some TableReader) throws -> KeyCountRow {
        try row(key, reader) ?? KeyCountRow(keys: 0, imported: 0)
    }

    init(keys: UInt64, imported: UInt64) {
        self.keys = keys
        self.imported = imported
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(keys)
        writer.write(imported)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "count of keys")
        keys = try reader.read()
        imported = try reader.read()
    }
}
