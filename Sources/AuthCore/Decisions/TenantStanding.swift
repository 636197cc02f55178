public import ByteCodec

/// What a tenant's standing means for whoever belongs to it.
public enum TenantStanding: Sendable {
    /// They may do what they may.
    case open
    /// They may do nothing until it is resumed.
    case suspended
    /// There is no such tenant, or it is being removed: in every later view too.
    case gone

    /// How a tenant stands. The first tenant is always open, and costs no look-up.
    public static func of(
        _ tenant: TenantID, _ reader: some TableReader
    ) throws -> TenantStanding {
        guard tenant != .platform else { return .open }
        return switch try TenantRow.read(tenant, reader)?.state {
        case .active: .open
        case .suspended: .suspended
        case .deleting, nil: .gone
        }
    }
}

extension Listing {
    /// The tenants by name, those included that are being removed.
    public static func tenants(
        after cursor: [UInt8]? = nil, limit: Int, _ reader: some TableReader
    ) throws -> Page<TenantRow> {
        try page(.tenantsByName, prefix: [], cursor, limit, reader) { key, value in
            guard let id = TenantID(bytes: value), let tenant = try TenantRow.read(id, reader)
            else { throw StateDamage(table: .tenantsByName, key: key, what: "name of no tenant") }
            return tenant
        }
    }

    /// All sessions of a tenant that have not ended, by user, oldest first.
    public static func sessions(
        of tenant: TenantID, after cursor: [UInt8]? = nil, limit: Int, wall: Timestamp,
        _ reader: some TableReader
    ) throws -> Page<SessionRow> {
        let now = max(try StateMeta.read(reader).lastStamp, wall)
        return try page(
            .sessionsByUser, prefix: Key.of(tenant), cursor, limit, looking: usersLookedAt, reader
        ) { key, _ in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let session = try SessionRow.read(number, reader) else {
                throw StateDamage(table: .sessionsByUser, key: key, what: "no such session")
            }
            // Of a user who is gone the sweep has not met the session yet.
            let user = try UserRow.read(tenant, session.user, reader)
            let lives =
                session.epoch == user?.sessionEpoch && now < session.expiresAt
                && now < session.idleExpiresAt
            return lives ? session : nil
        }
    }
}
