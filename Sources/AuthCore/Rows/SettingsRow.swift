public import ByteCodec

/// What happens when a user who has as many sessions as allowed begins another one. Raw values are
/// part of the format.
public enum SessionOverflow: UInt8, CaseIterable, Sendable {
    /// The new one is refused.
    case deny = 0
    /// The oldest ones end.
    case evictOldest = 1

    /// The name as the API shows it.
    public var name: String {
        switch self {
        case .deny: "deny"
        case .evictOldest: "evict_oldest"
        }
    }

    /// What the API calls so.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name.utf8.elementsEqual(name.utf8) })
        else { return nil }
        self = found
    }
}

/// What a tenant asks of sessions. A tenant that has set nothing has no row.
///
/// It holds for what begins from then on: a session keeps the ends that it was given.
public struct SettingsRow: Hashable, Sendable {
    public let tenant: TenantID
    /// Counts changes; 0 where there is no row.
    public var version: UInt64
    public var updatedAt: Timestamp
    /// How long a session may live without being used, at most; nil: as the log-in asks.
    public var idleMilliseconds: UInt64?
    /// How long a session may live at most; nil: as the log-in asks.
    public var absoluteMilliseconds: UInt64?
    /// How many living sessions a user may have; nil: any number.
    public var sessionsPerUser: UInt64?
    public var overflow: SessionOverflow
    /// Of all its users and keys together, as in `10000/day,1000000/month`, or empty.
    public var quota = Text.empty
}

extension SettingsRow: Row {
    static let table = Table.settings
    var key: [UInt8] { tenant.bytes }

    /// What holds for a tenant.
    public static func read(
        _ tenant: TenantID, _ reader: some TableReader
    ) throws -> SettingsRow { try row(tenant.bytes, reader) ?? SettingsRow(tenant: tenant) }

    /// Nothing set.
    private init(tenant: TenantID) {
        self.init(
            tenant: tenant, version: 0, updatedAt: .zero, idleMilliseconds: nil,
            absoluteMilliseconds: nil, sessionsPerUser: nil, overflow: .deny)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(self.version)
        writer.write(updatedAt)
        writer.write(optional: idleMilliseconds) { $0.write($1) }
        writer.write(optional: absoluteMilliseconds) { $0.write($1) }
        writer.write(optional: sessionsPerUser) { $0.write($1) }
        writer.write(overflow.rawValue)
        writer.write(quota)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "settings")
        tenant = try reader.readID()
        version = try reader.read()
        updatedAt = try reader.readTime()
        idleMilliseconds = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
        absoluteMilliseconds = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
        sessionsPerUser = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
        overflow = try reader.readCase()
        quota = try reader.readText(atMost: Limits.shortTextBytes)
    }
}
