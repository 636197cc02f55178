public import ByteCodec

/// A role: permissions of its own, and those of the roles that it inherits.
public struct RoleRow: Hashable, Sendable {
    public let tenant: TenantID
    public let name: RoleName
    /// Sorted, no repetitions.
    public var permissions: [Permission]
    /// Sorted, no repetitions.
    public var inherits: [RoleName]
    /// As in `100/minute`, or empty.
    public var rateLimit: Text
    public var description: Text
    public var builtIn: Bool
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// Counts changes from 1.
    public var version: UInt64
    /// As in `10000/day,1000000/month`, or empty.
    public var quota = Text.empty
}

extension RoleRow: Row {
    static let table = Table.roles
    static func key(_ tenant: TenantID, _ name: RoleName) -> [UInt8] { Key.of(tenant, name.bytes) }
    var key: [UInt8] { Self.key(tenant, name) }

    /// The role of this name, or nil.
    public static func read(
        _ tenant: TenantID, _ name: RoleName, _ reader: some TableReader
    ) throws -> RoleRow? { try row(key(tenant, name), reader) }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(quota.isEmpty ? 1 : 2))
        writer.write(tenant)
        writer.write(name)
        writer.write(builtIn)
        writer.write(createdAt)
        writer.write(updatedAt)
        writer.write(version)
        writer.write(rateLimit)
        writer.write(description)
        writer.write(list: permissions) { $0.write($1) }
        writer.write(list: inherits) { $0.write($1) }
        if !quota.isEmpty { writer.write(quota) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let format = try reader.readVersion(1...2, of: "role")
        tenant = try reader.readID()
        name = try reader.readRoleName()
        builtIn = try reader.readBool()
        createdAt = try reader.readTime()
        updatedAt = try reader.readTime()
        version = try reader.read()
        rateLimit = try reader.readText(atMost: Limits.shortTextBytes)
        description = try reader.readText(atMost: Limits.shortTextBytes)
        permissions = try reader.readList(atMost: Limits.permissionsPerRole) {
            reader throws(ByteCodecError) in try reader.readPermission()
        }
        inherits = try reader.readList(atMost: Limits.inheritsPerRole) {
            reader throws(ByteCodecError) in try reader.readRoleName()
        }
        quota = try reader.readQuota(since: 2, format)
    }
}
