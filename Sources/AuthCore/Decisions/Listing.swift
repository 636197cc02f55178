public import ByteCodec

/// One page of a list.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// Where the next page begins; nil when nothing may follow. To be authenticated before it
    /// leaves the server: it is part of a key.
    public let next: [UInt8]?
}

/// Which users are wanted. Nil, and an empty prefix, do not narrow.
public struct UserFilter: Hashable, Sendable {
    /// What the canonical name begins with.
    public var prefix: [UInt8]
    /// Held directly.
    public var role: RoleName?
    public var kind: UserKind?
    public var disabled: Bool?
    public init(
        prefix: [UInt8] = [], role: RoleName? = nil, kind: UserKind? = nil, disabled: Bool? = nil
    ) {
        self.prefix = prefix
        self.role = role
        self.kind = kind
        self.disabled = disabled
    }

    /// Whether the user is wanted.
    public func admits(_ user: UserRow) -> Bool {
        user.username.bytes.starts(with: prefix) && (kind ?? user.kind) == user.kind
            && (disabled ?? user.disabled) == user.disabled
            && (role.map { user.roles.contains($0) } ?? true)
    }
}

/// Lists, in pages of bounded cost. A cursor is a `Page.next` of the same list.
public enum Listing {
    /// Rows that one page may look at, wanted or not.
    static let rowsLookedAt = 10_000
    /// How often one page of the audit trail asks its index: mostly as often as there are blocks,
    /// of which as many records as are kept fill some 11,000.
    static let auditBlocksLookedAt = 20_000
    /// The same for users, each of whom is a look-up and some kilobytes at most.
    static let usersLookedAt = 2_000

    /// The users of a tenant by name, or where a role is asked for, its holders by id.
    public static func users(
        _ tenant: TenantID, filter: UserFilter = UserFilter(), after cursor: [UInt8]? = nil,
        limit: Int, _ reader: some TableReader
    ) throws -> Page<UserRow> {
        if let role = filter.role {
            return try holders(of: role, tenant, filter, after: cursor, limit: limit, reader)
        }
        let prefix = Key.of(tenant, filter.prefix)
        return try page(.usersByName, prefix: prefix, cursor, limit, looking: usersLookedAt, reader)
        { key, value in
            guard let id = UserID(bytes: value), let user = try UserRow.read(tenant, id, reader)
            else { throw StateDamage(table: .usersByName, key: key, what: "name of no user") }
            return filter.admits(user) ? user : nil
        }
    }

    private static func holders(
        of role: RoleName, _ tenant: TenantID, _ filter: UserFilter, after cursor: [UInt8]?,
        limit: Int, _ reader: some TableReader
    ) throws -> Page<UserRow> {
        let prefix = RoleHolders.prefix(tenant, role)
        return try page(.roleHolders, prefix: prefix, cursor, limit, looking: usersLookedAt, reader)
        { key, _ in
            guard let id = UserID(bytes: Array(key.suffix(16))),
                let user = try UserRow.read(tenant, id, reader)
            else { throw StateDamage(table: .roleHolders, key: key, what: "no such holder") }
            return filter.admits(user) ? user : nil
        }
    }

    /// The roles of a tenant by name.
    public static func roles(
        _ tenant: TenantID, after cursor: [UInt8]? = nil, limit: Int, _ reader: some TableReader
    ) throws -> Page<RoleRow> {
        try page(.roles, prefix: Key.of(tenant), cursor, limit, reader) { key, value in
            try RoleRow(key: key, value: value)
        }
    }

    /// The living sessions of a user, oldest first.
    public static func sessions(
        of user: UserRow, after cursor: [UInt8]? = nil, limit: Int, wall: Timestamp,
        _ reader: some TableReader
    ) throws -> Page<SessionRow> {
        let now = max(try StateMeta.read(reader).lastStamp, wall)
        let prefix = Sessions.userPrefix(user.tenant, user.id)
        return try page(.sessionsByUser, prefix: prefix, cursor, limit, reader) { key, _ in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let session = try SessionRow.read(number, reader) else {
                throw StateDamage(table: .sessionsByUser, key: key, what: "no such session")
            }
            let lives =
                session.epoch == user.sessionEpoch && now < session.expiresAt
                && now < session.idleExpiresAt
            return lives ? session : nil
        }
    }

    /// The living keys of a tenant, or of one owner: by owner, oldest first.
    public static func keys(
        _ tenant: TenantID, owner: UserID? = nil, after cursor: [UInt8]? = nil, limit: Int,
        wall: Timestamp, _ reader: some TableReader
    ) throws -> Page<KeyRow> {
        let now = max(try StateMeta.read(reader).lastStamp, wall)
        let prefix = owner.map { Keys.ownerPrefix(tenant, $0) } ?? Key.of(tenant)
        return try page(.keysByOwner, prefix: prefix, cursor, limit, reader) { key, _ in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let row = try KeyRow.read(number, reader) else {
                throw StateDamage(table: .keysByOwner, key: key, what: "no such key")
            }
            return row.hasEnded(by: now) ? nil : row
        }
    }

    /// The readable secrets whose path begins with `prefix`, by path.
    public static func secrets(
        _ tenant: TenantID, prefix: [UInt8], after cursor: [UInt8]? = nil, limit: Int,
        wall: Timestamp, _ reader: some TableReader
    ) throws -> Page<SecretRow> {
        let now = max(try StateMeta.read(reader).lastStamp, wall)
        return try page(.secrets, prefix: Key.of(tenant, prefix), cursor, limit, reader) {
            let head = try SecretRow(key: $0, value: $1)
            return head.isReadable(at: now) ? head : nil
        }
    }

    /// Every kept version of a secret, oldest first, whatever its state.
    public static func versions(
        _ tenant: TenantID, _ path: SecretPath, after cursor: [UInt8]? = nil, limit: Int,
        _ reader: some TableReader
    ) throws -> Page<SecretVersionRow> {
        let prefix = SecretVersionRow.prefix(tenant, path)
        return try page(.secretVersions, prefix: prefix, cursor, limit, reader) {
            try SecretVersionRow(key: $0, value: $1)
        }
    }

    /// Every registered node, by number.
    public static func members(_ reader: some TableReader) throws -> [MemberRow] {
        try page(.members, prefix: [], nil, Limits.members, reader) {
            try MemberRow(key: $0, value: $1)
        }.items
    }

    /// The numbers that are kept for nodes that may join, or have.
    public static func joinTokens(_ reader: some TableReader) throws -> [JoinTokenRow] {
        try page(.joinTokens, prefix: [], nil, Limits.members + Limits.joinTokens, reader) {
            try JoinTokenRow(key: $0, value: $1)
        }.items
    }

    /// Every change of members that is ordered, or was given up, by node number.
    public static func plans(_ reader: some TableReader) throws -> [MemberPlanRow] {
        try page(.memberPlans, prefix: [], nil, 2 * Limits.members, reader) {
            try MemberPlanRow(key: $0, value: $1)
        }.items
    }

    /// Items in the order of their keys behind the cursor, which is a key without its prefix.
    static func page<Item>(
        _ table: Table, prefix: [UInt8], _ cursor: [UInt8]?, _ limit: Int,
        looking rows: Int = rowsLookedAt, _ reader: some TableReader,
        _ item: (_ key: [UInt8], _ value: [UInt8]) throws -> Item?
    ) throws -> Page<Item> {
        precondition((1...Limits.pageRows).contains(limit), "page of \(limit)")
        var items: [Item] = []
        var last: [UInt8] = []
        var looked = 0
        var hasMore = false
        let from = cursor.map { prefix + Key.after($0) } ?? prefix
        try reader.scan(table, from: from, upTo: Key.behind(prefix: prefix)) { key, value in
            guard items.count < limit, looked < rows else {
                hasMore = true
                return false
            }
            looked += 1
            last = key
            if let found = try item(key, value) { items.append(found) }
            return true
        }
        return Page(items: items, next: hasMore ? Array(last.dropFirst(prefix.count)) : nil)
    }
}
