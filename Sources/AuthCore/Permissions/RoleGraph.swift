/// All roles of a tenant and who inherits whom, to judge a change before it is made.
struct RoleGraph {
    // Ascending by name.
    private var roles: [RoleRow]

    /// Reads the roles of a tenant.
    ///
    /// Complexity: one scan of at most `Limits.rolesPerTenant` rows.
    init(_ tenant: TenantID, _ reader: some TableReader) throws {
        let prefix = Key.of(tenant)
        var found: [RoleRow] = []
        try reader.scan(.roles, from: prefix, upTo: Key.behind(prefix: prefix)) { key, value in
            found.append(try RoleRow(key: key, value: value))
            return true
        }
        roles = found
    }

    var count: Int { roles.count }

    /// Puts a role in, in place of the one of that name.
    mutating func replace(_ role: RoleRow) {
        let position = self.position(role.name)
        if position < roles.count, roles[position].name == role.name {
            roles[position] = role
        } else {
            roles.insert(role, at: position)
        }
    }

    /// The role of this name, or nil.
    func role(_ name: RoleName) -> RoleRow? {
        let position = self.position(name)
        guard position < roles.count, roles[position].name == name else { return nil }
        return roles[position]
    }

    /// Whether another role inherits `name` directly.
    func isInherited(_ name: RoleName) -> Bool { roles.contains { $0.inherits.contains(name) } }

    /// What is wrong with the graph now that `name` was put in; nil when nothing is.
    ///
    /// Only roles that inherit `name` can have become wrong, and `name` itself: a circle that was
    /// not there before runs through it.
    func defect(of name: RoleName) -> InvalidValue? {
        for role in roles {
            guard let closure = closure(of: role.name) else { return .inheritanceTooLarge }
            guard role.name == name || closure.roles.contains(name) else { continue }
            if closure.isCircular { return .inheritanceCycle }
            if closure.permissions.count > Limits.permissionsPerClosure {
                return .inheritanceTooLarge
            }
        }
        return nil
    }

    /// What the holder of `name` alone may do.
    func permissions(of name: RoleName, in tenant: TenantID) -> EffectivePermissions {
        let closure = closure(of: name)
        return EffectivePermissions(
            tenant: tenant, roles: closure?.roles ?? [], permissions: closure?.permissions ?? [])
    }

    private struct Closure {
        var roles: [RoleName]
        var permissions: [Permission] = []
        var isCircular = false
    }

    /// A role and all that it inherits; nil when they are too many or too far away.
    private func closure(of name: RoleName) -> Closure? {
        var closure = Closure(roles: [name])
        var level = [name]
        var depth = 0
        while !level.isEmpty {
            guard depth <= Limits.inheritanceDepth else { return nil }
            var next: [RoleName] = []
            for member in level {
                guard let role = role(member) else { continue }
                closure.permissions += role.permissions
                for inherited in role.inherits {
                    if inherited == name { closure.isCircular = true }
                    if closure.roles.insertSorted(inherited) { next.append(inherited) }
                }
            }
            guard closure.roles.count <= Limits.inheritanceBreadth else { return nil }
            level = next
            depth += 1
        }
        return closure
    }

    private func position(_ name: RoleName) -> Int {
        var low = 0
        var high = roles.count
        while low < high {
            let middle = (low + high) / 2
            if roles[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
