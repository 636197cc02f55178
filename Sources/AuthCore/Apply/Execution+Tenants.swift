import ByteCodec

/// Tenants: made, changed and deleted from the platform tenant.
extension Execution {
    /// Makes a tenant with the built-in roles, and perhaps its first administrator.
    ///
    /// Whoever may make tenants says who begins there: nothing is there yet that they would get.
    mutating func createTenant(_ body: Command.CreateTenant) throws -> Outcome.Result {
        if let refusal = try requireTenants() { return .refused(refusal) }
        guard body.id != .nobody, TenantRow.mayBeCalled(body.name) else {
            return .refused(.invalid(.form))
        }
        guard try TenantRow.read(body.id, tables) == nil,
            try TenantRow.id(named: body.name, tables) == nil
        else { return .refused(.exists(.tenant)) }
        var count = try TenantCountRow.read(tables)
        guard count.tenants < Limits.tenants else { return .refused(.quota(.tenant)) }
        count.tenants += 1
        try count.put(tables)
        let tenant = TenantRow(
            id: body.id, name: body.name, createdAt: stamp, displayName: body.displayName)
        try insert(tenant)
        if let first = body.administrator {
            _ = try insertAdministrator(first.id, first.username, first.password, in: tenant.id)
            note?.details.append(.user(first.id))
        }
        return .tenant(tenant)
    }

    /// Writes a new tenant, with the roles that every tenant has.
    mutating func insert(_ tenant: TenantRow) throws {
        try tenant.put(tables)
        try tables.put(.tenantsByName, tenant.name.bytes, tenant.id.bytes)
        try putBuiltInRoles(of: tenant.id)
        meta.roleTableVersion += 1
    }

    /// Writes a tenant's first user, who may do everything in it.
    mutating func insertAdministrator(
        _ id: UserID, _ username: UserName, _ password: PasswordHash, in tenant: TenantID
    ) throws -> UserRow {
        let administrator = UserRow(
            tenant: tenant, id: id, username: username, email: .empty, displayName: .empty,
            kind: .person, disabled: false, roles: [BuiltInRole.superAdmin.name],
            metadata: .empty, createdAt: stamp, updatedAt: stamp, version: 1, sessionEpoch: 1,
            authzEpoch: 1)
        try insert(administrator, password: password)
        return administrator
    }

    /// Changes the fields that are named.
    mutating func updateTenant(_ body: Command.UpdateTenant) throws -> Outcome.Result {
        if let refusal = try requireTenants() { return .refused(refusal) }
        guard let old = try TenantRow.read(body.id, tables), old.state != .deleting else {
            return .refused(.notFound(.tenant))
        }
        if let refusal = body.condition.refusal(current: old.version, kind: .tenant) {
            return .refused(refusal)
        }
        var new = old
        new.name = body.name ?? old.name
        new.displayName = body.displayName ?? old.displayName
        if let suspended = body.suspended { new.state = suspended ? .suspended : .active }
        guard old.id != .platform || (new.name == old.name && new.state == old.state) else {
            return .refused(.invalid(.platformTenant))
        }
        if new.name != old.name {
            guard TenantRow.mayBeCalled(new.name) else { return .refused(.invalid(.form)) }
            guard try TenantRow.id(named: new.name, tables) == nil else {
                return .refused(.exists(.tenant))
            }
        }
        guard new != old else { return .tenant(old) }
        new.version += 1
        new.updatedAt = stamp
        try tables.delete(.tenantsByName, old.name.bytes)
        try tables.put(.tenantsByName, new.name.bytes, new.id.bytes)
        try new.put(tables)
        note?.details.append(.version(new.version))
        return .tenant(new)
    }

    /// Ends a tenant for good. The name is free when the sweep has removed everything.
    mutating func deleteTenant(_ body: Command.DeleteTenant) throws -> Outcome.Result {
        if let refusal = try requireTenants() { return .refused(refusal) }
        guard var row = try TenantRow.read(body.id, tables) else {
            return .refused(.notFound(.tenant))
        }
        guard row.id != .platform else { return .refused(.invalid(.platformTenant)) }
        guard row.state != .deleting else { return .done }
        if let refusal = body.condition.refusal(current: row.version, kind: .tenant) {
            return .refused(refusal)
        }
        row.state = .deleting
        row.version += 1
        row.updatedAt = stamp
        try row.put(tables)
        try TenantDeletionRow(tenant: row.id).put(tables)
        try closeLastAuditMinute(of: row.id)
        return .done
    }

    /// What exists in the platform tenant only is in no role of another tenant.
    private func putBuiltInRoles(of tenant: TenantID) throws {
        for role in BuiltInRole.allCases {
            let permissions = role.permissions.filter {
                tenant == .platform || !$0.isPlatformOnly
            }
            try RoleRow(
                tenant: tenant, name: role.name, permissions: permissions.sortedUnique(),
                inherits: [], rateLimit: .empty, description: role.description, builtIn: true,
                createdAt: stamp, updatedAt: stamp, version: 1
            ).put(tables)
        }
    }

    /// Why no credential of the command's tenant is shown, first or again.
    func checkStanding() throws -> Refusal? {
        switch try TenantStanding.of(tenant, tables) {
        case .open: nil
        case .suspended: .tenantSuspended
        case .gone: .notFound(.tenant)
        }
    }

    private mutating func requireTenants() throws -> Refusal? {
        guard tenant == .platform else { return .insufficientPermissions }
        return try require(.tenantsWrite)
    }
}

/// Removing what a deleted tenant had, in bounded steps. Nothing is added meanwhile: every command
/// in such a tenant is refused.
extension Execution {
    /// One step. What may still be looked for by its number goes before what it belongs to.
    mutating func sweepTenants() throws -> (removed: UInt32, moreDue: Bool) {
        guard let deletion = try TenantDeletionRow.first(tables) else { return (0, false) }
        let tenant = deletion.tenant
        let prefix = Key.of(tenant)
        var rest = Limits.tenantObjectsPerSweep
        try each(.sessionsByUser, prefix, &rest) { execution, key in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let session = try SessionRow.read(number, execution.tables) else {
                throw StateDamage(table: .sessionsByUser, key: key, what: "no such session")
            }
            try Sessions.remove(session, execution.tables)
        }
        try each(.keysByOwner, prefix, &rest) { execution, key in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let row = try KeyRow.read(number, execution.tables) else {
                throw StateDamage(table: .keysByOwner, key: key, what: "no such key")
            }
            try Keys.remove(row, execution.tables)
        }
        try each(.users, prefix, &rest) { execution, key in
            guard let user = try UserRow.row(key, execution.tables) else { return }
            try execution.remove(user)
        }
        try each(.logInFailures, LogInFailureRow.prefix(of: tenant), &rest) { execution, key in
            guard let row = try LogInFailureRow.row(key, execution.tables) else { return }
            try LogIns.drop(row, execution.tables)
        }
        for table in [Table.roles, .secretVersions, .secrets, .settings] {
            try each(table, prefix, &rest) { execution, key in
                try execution.tables.delete(table, key)
            }
        }
        rest -= try dropUsage(of: tenant, atMost: rest)
        let removed = UInt32(Limits.tenantObjectsPerSweep - rest)
        guard rest > 0 else { return (removed, true) }
        try end(deletion)
        return (removed, try TenantDeletionRow.first(tables) != nil)
    }

    /// Nothing is left: the name is free.
    private mutating func end(_ deletion: TenantDeletionRow) throws {
        var count = try TenantCountRow.read(tables)
        guard let row = try TenantRow.read(deletion.tenant, tables), count.tenants > 0 else {
            throw StateDamage(
                table: .tenantDeletions, key: deletion.key, what: "deletion of no tenant")
        }
        count.tenants -= 1
        try count.put(tables)
        try tables.delete(.tenantsByName, row.name.bytes)
        try row.remove(tables)
        try deletion.remove(tables)
        try append(
            AuditEvent(
                actor: .node, action: .tenantRemove, target: .tenant(row.id), outcome: .success))
    }

    /// Removes rows of one table, as many as the step has left.
    private func each(
        _ table: Table, _ prefix: [UInt8], _ rest: inout Int,
        _ remove: (Execution, [UInt8]) throws -> Void
    ) throws {
        var keys: [[UInt8]] = []
        let limit = rest
        try tables.scan(table, from: prefix, upTo: Key.behind(prefix: prefix)) { key, _ in
            guard keys.count < limit else { return false }
            keys.append(key)
            return true
        }
        for key in keys { try remove(self, key) }
        rest -= keys.count
    }
}
