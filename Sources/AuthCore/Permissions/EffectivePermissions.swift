import ByteCodec

/// What somebody may do in a tenant, with everything inherited.
public struct EffectivePermissions: Hashable, Sendable {
    /// Where the permissions hold.
    public let tenant: TenantID
    /// The roles they come from, inherited ones included; sorted.
    public let roles: [RoleName]
    /// Sorted, no repetitions.
    public let permissions: [Permission]
    /// How often the holder may ask: the highest limit that any role states; nil when none does.
    public let rateLimit: RateLimit?
    /// How much the holder may ask in a day and a month: the highest that any role states.
    public let quota: Quota

    /// Takes roles and permissions in any order.
    public init(
        tenant: TenantID, roles: [RoleName], permissions: [Permission],
        rateLimit: RateLimit? = nil, quota: Quota = .none
    ) {
        self.tenant = tenant
        self.rateLimit = rateLimit
        self.quota = quota
        self.roles = roles.sortedUnique()
        self.permissions = permissions.sortedUnique()
    }

    /// Whether `permission` is held: exactly, by a wildcard, or by a name without a path.
    ///
    /// A permission that exists in the platform tenant only is held nowhere else, whatever
    /// wildcard there is.
    public func allows(_ permission: Permission) -> Bool {
        guard exists(permission) else { return false }
        return permissions.contains { exists($0) && $0.covers(permission) }
    }

    /// Whether everything that `other` allows is held too.
    public func covers(_ other: EffectivePermissions) -> Bool {
        other.permissions.allSatisfy { !other.exists($0) || allows($0) }
    }

    /// What both allow: as much of this as `other` has too.
    ///
    /// Of two permissions that allow something in common, one covers the other (a name, everything
    /// below it, or everything below a path), so the narrower of each such pair is all there is. A
    /// role stays only where `other` has it too, or has everything. Limit and quota are those of
    /// `other`.
    ///
    /// Complexity: the product of the numbers of permissions.
    public func limited(to other: EffectivePermissions) -> EffectivePermissions {
        precondition(tenant == other.tenant, "rights of two tenants")
        if Planted.keyBeyondOwner.isOn { return self }
        var common: [Permission] = []
        for own in permissions {
            if other.permissions.contains(where: { $0.covers(own) }) {
                common.append(own)
            } else {
                common += other.permissions.filter(own.covers)
            }
        }
        let hasEverything = other.permissions.contains(.everything)
        return EffectivePermissions(
            tenant: tenant, roles: roles.filter { hasEverything || other.roles.contains($0) },
            permissions: common, rateLimit: other.rateLimit, quota: other.quota)
    }

    /// Only what is power over this server itself, as far as the cluster knows of it.
    public func administrative(at featureLevel: UInt32) -> EffectivePermissions {
        EffectivePermissions(
            tenant: tenant, roles: roles,
            permissions: permissions.filter { $0.isAdministrative(at: featureLevel) },
            rateLimit: rateLimit, quota: quota)
    }

    private func exists(_ permission: Permission) -> Bool {
        tenant == .platform || !permission.isPlatformOnly
    }
}

extension EffectivePermissions {
    /// What a user may do, by the roles that there are in this view.
    ///
    /// Valid as long as the user's `authzEpoch` and the state's `roleTableVersion` stay as they
    /// are. Complexity: one look-up for each role, inherited ones included.
    public static func resolve(
        _ user: UserRow, _ reader: some TableReader
    ) throws -> EffectivePermissions {
        try resolve(user.roles, in: user.tenant, reader)
    }

    /// What the holder of these roles may do. A role that there is not gives nothing.
    static func resolve(
        _ roles: [RoleName], in tenant: TenantID, _ reader: some TableReader
    ) throws -> EffectivePermissions {
        var seen = roles.sortedUnique()
        var waiting = seen
        var permissions: [Permission] = []
        var rateLimit: RateLimit?
        var quota = Quota.none
        while let name = waiting.popLast() {
            guard let role = try RoleRow.read(tenant, name, reader) else { continue }
            permissions += role.permissions
            if role.rateLimit != .empty, let limit = RateLimit(role.rateLimit.string) {
                rateLimit = max(rateLimit ?? limit, limit)
            }
            quota = quota.raised(to: Quota(stored: role.quota))
            for inherited in role.inherits where seen.insertSorted(inherited) {
                waiting.append(inherited)
            }
        }
        let most = Limits.rolesPerUser * Limits.inheritanceBreadth
        precondition(seen.count <= most, "\(seen.count) roles were resolved")
        return EffectivePermissions(
            tenant: tenant, roles: seen, permissions: permissions, rateLimit: rateLimit,
            quota: quota)
    }
}

extension Array where Element: Comparable {
    /// The elements in ascending order, each once.
    func sortedUnique() -> [Element] {
        sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// Puts an element in its place; false when it is there already.
    ///
    /// - Precondition: the array is ascending without repetitions.
    mutating func insertSorted(_ element: Element) -> Bool {
        let position = sortedPosition(of: element)
        guard position == count || self[position] != element else { return false }
        insert(element, at: position)
        return true
    }

    /// The first position at or behind `element` in an ascending array.
    func sortedPosition(of element: Element) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
