public import ByteCodec

/// How a tenant stands. Raw values are part of the format.
public enum TenantState: UInt8, CaseIterable, Sendable {
    case active = 0
    /// Nobody of it gets in until it is resumed.
    case suspended = 1
    /// Nobody gets in any more, and what it has is being removed.
    case deleting = 2

    /// The name as the API shows it.
    public var name: String { "\(self)" }
}

/// A tenant.
public struct TenantRow: Hashable, Sendable {
    public let id: TenantID
    /// As a role's name, but nothing that begins like an id.
    public var name: RoleName
    public let createdAt: Timestamp
    public var displayName: Text
    public var state: TenantState
    public var updatedAt: Timestamp
    /// Counts changes, from 1.
    public var version: UInt64

    public init(
        id: TenantID, name: RoleName, createdAt: Timestamp, displayName: Text = .empty,
        state: TenantState = .active, updatedAt: Timestamp? = nil, version: UInt64 = 1
    ) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.displayName = displayName
        self.state = state
        self.updatedAt = updatedAt ?? createdAt
        self.version = version
    }

    /// Whether a tenant may have this name: what begins like an id is taken for one at a log-in.
    public static func mayBeCalled(_ name: RoleName) -> Bool {
        !name.bytes.starts(with: "\(TenantID.prefix)_".utf8)
    }
}

extension TenantRow: Row {
    static let table = Table.tenants
    var key: [UInt8] { id.bytes }

    /// The tenant of this id, or nil.
    public static func read(_ id: TenantID, _ reader: some TableReader) throws -> TenantRow? {
        try row(id.bytes, reader)
    }

    /// The tenant of this name, or nil.
    public static func read(
        named name: RoleName, _ reader: some TableReader
    ) throws -> TenantRow? {
        guard let id = try id(named: name, reader) else { return nil }
        guard let tenant = try read(id, reader) else {
            throw StateDamage(table: .tenantsByName, key: name.bytes, what: "name of no tenant")
        }
        return tenant
    }

    /// The id of the tenant of this name, or nil.
    public static func id(
        named name: RoleName, _ reader: some TableReader
    ) throws -> TenantID? {
        guard let value = try reader.get(.tenantsByName, name.bytes) else { return nil }
        guard let id = TenantID(bytes: value) else {
            throw StateDamage(table: .tenantsByName, key: name.bytes, what: "no id")
        }
        return id
    }

    /// Whether it has nothing that feature level 1 does not know: then it is written as there.
    private var isOfFirstForm: Bool {
        displayName == .empty && state == .active && updatedAt == createdAt && version == 1
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(isOfFirstForm ? 1 : 2))
        writer.write(id)
        writer.write(createdAt)
        writer.write(name)
        guard !isOfFirstForm else { return }
        writer.write(displayName)
        writer.write(state.rawValue)
        writer.write(updatedAt)
        writer.write(self.version)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let form: UInt8 = try reader.read()
        guard form == 1 || form == 2 else {
            throw .malformed(offset: reader.offset - 1, what: "tenant of version \(form)")
        }
        let id: TenantID = try reader.readID()
        let createdAt = try reader.readTime()
        self.init(id: id, name: try reader.readRoleName(), createdAt: createdAt)
        guard form == 2 else { return }
        displayName = try reader.readText(atMost: Limits.shortTextBytes)
        state = try reader.readCase()
        updatedAt = try reader.readTime()
        version = try reader.read()
        guard !isOfFirstForm else {
            throw .malformed(offset: reader.offset, what: "tenant in a form that it does not need")
        }
    }
}

/// A tenant that is being removed, for the sweep.
struct TenantDeletionRow: Hashable, Row {
    static let table = Table.tenantDeletions
    let tenant: TenantID

    /// What the keys of all begin with.
    static let prefix: [UInt8] = [0]
    var key: [UInt8] { Self.prefix + tenant.bytes }

    init(tenant: TenantID) { self.tenant = tenant }

    /// The tenant whose rows are to be removed next, or nil.
    static func first(_ reader: some TableReader) throws -> TenantDeletionRow? {
        var first: TenantDeletionRow?
        try reader.scan(table, from: prefix, upTo: Key.behind(prefix: prefix)) { key, value in
            first = try TenantDeletionRow(key: key, value: value)
            return false
        }
        return first
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "deletion of a tenant")
        tenant = try reader.readID()
    }
}

/// How many tenants there are beside the first; absent before one was made.
struct TenantCountRow: Hashable, Row {
    static let table = Table.tenantDeletions
    static let key: [UInt8] = [1]
    var key: [UInt8] { Self.key }
    var tenants: UInt64

    static func read(_ reader: some TableReader) throws -> TenantCountRow {
        try row(key, reader) ?? TenantCountRow(tenants: 0)
    }

    init(tenants: UInt64) { self.tenants = tenants }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenants)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "count of tenants")
        tenants = try reader.read()
    }
}
