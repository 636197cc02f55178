import ByteCodec

extension Execution {
    /// Makes a user with a password and roles, as far as given.
    mutating func createUser(_ body: Command.CreateUser) throws -> Outcome.Result {
        if let refusal = try require(.usersWrite) { return .refused(refusal) }
        let roles = body.roles.sortedUnique()
        if !roles.isEmpty, let refusal = try checkGrant(of: roles) { return .refused(refusal) }
        guard body.password == nil || body.kind.logsInByPassword(at: meta.featureLevel) else {
            return .refused(.invalid(.passwordOfService))
        }
        guard try UserRow.read(tenant, body.id, tables) == nil,
            try UserRow.read(tenant, named: body.username, tables) == nil
        else { return .refused(.exists(.user)) }
        var user = UserRow(
            tenant: tenant, id: body.id, username: body.username, email: body.email,
            displayName: body.displayName, kind: body.kind, disabled: body.disabled,
            roles: roles, metadata: body.metadata, createdAt: stamp, updatedAt: stamp,
            version: 1, sessionEpoch: 1, authzEpoch: 1)
        user.quota = body.quota
        try insert(user, password: body.password)
        note?.details += roles.prefix(Limits.auditDetails / 2).map(AuditDetail.role)
        return .user(user)
    }

    /// Puts a new user into every table.
    func insert(_ user: UserRow, password: PasswordHash?) throws {
        try user.put(tables)
        try tables.put(.usersByName, Key.of(user.tenant, user.username.bytes), user.id.bytes)
        try RoleHolders.update(user.tenant, user.id, from: [], to: user.roles, tables)
        guard let password else { return }
        try PasswordRow(
            tenant: user.tenant, user: user.id, hash: password, authVersion: 1, changedAt: stamp
        ).put(tables)
    }

    /// Changes the fields that are named, and raises what the change concerns: version, epochs,
    /// indexes.
    mutating func updateUser(_ body: Command.UpdateUser) throws -> Outcome.Result {
        if let refusal = try require(.usersWrite) { return .refused(refusal) }
        guard let old = try UserRow.read(tenant, body.id, tables) else {
            return .refused(.notFound(.user))
        }
        if let refusal = body.condition.refusal(current: old.version, kind: .user) {
            return .refused(refusal)
        }
        var user = old
        let changed = user.merge(body)
        note?.details.append(.changed(changed))
        if let refusal = try checkUpdate(old, user, body, changed) { return .refused(refusal) }
        guard !changed.isEmpty else { return .user(old) }
        user.version += 1
        user.updatedAt = stamp
        if changed.contains(.disabled) { user.sessionEpoch += 1 }
        if changed.contains(.roles) { user.authzEpoch += 1 }
        try user.put(tables)
        try RoleHolders.update(tenant, user.id, from: old.roles, to: user.roles, tables)
        if changed.contains(.username) {
            try tables.delete(.usersByName, Key.of(tenant, old.username.bytes))
            try tables.put(.usersByName, Key.of(tenant, user.username.bytes), user.id.bytes)
        }
        return .user(user)
    }

    /// What speaks against a change of a user's fields.
    private mutating func checkUpdate(
        _ old: UserRow, _ new: UserRow, _ body: Command.UpdateUser, _ changed: UserFields
    ) throws -> Refusal? {
        if body.roles != nil {
            if let refusal = try checkGrant(of: new.roles) { return refusal }
            let lost = old.roles.filter { !new.roles.contains($0) }
            if let refusal = try checkCovers(rolesHeld: lost) { return refusal }
        } else if changed.contains(.enabled) || takesIdentity(changed) {
            // Who is enabled has again what their roles give.
            if let refusal = try checkCovers(rolesHeld: new.roles) { return refusal }
        }
        if changed.contains(.username),
            try UserRow.read(tenant, named: new.username, tables) != nil
        {
            return .exists(.user)
        }
        let losesAdmin =
            changed.contains(.disabled) || !new.roles.contains(BuiltInRole.superAdmin.name)
            || !new.kind.logsInByPassword(at: meta.featureLevel)
        return try losesAdmin && isLastSuperAdmin(old) ? .lastSuperAdmin : nil
    }

    /// Whether a change concerns as whom a user is known or how they get in. A name that somebody
    /// gives up is free for others, whom services behind the gateway would take for them; and a
    /// person may have a password. So from feature level 2 on it needs the power of the user.
    private func takesIdentity(_ changed: UserFields) -> Bool {
        meta.featureLevel >= 2 && (changed.contains(.username) || changed.contains(.kind))
    }

    /// Removes a user from every table but those of sessions.
    mutating func deleteUser(_ body: Command.DeleteUser) throws -> Outcome.Result {
        if let refusal = try require(.usersWrite) { return .refused(refusal) }
        guard let user = try UserRow.read(tenant, body.id, tables) else {
            return .refused(.notFound(.user))
        }
        if let refusal = body.condition.refusal(current: user.version, kind: .user) {
            return .refused(refusal)
        }
        // Like another name: this one is free then.
        if meta.featureLevel >= 2, let refusal = try checkCovers(rolesHeld: user.roles) {
            return .refused(refusal)
        }
        guard try !isLastSuperAdmin(user) else { return .refused(.lastSuperAdmin) }
        // Sessions of a user whom nobody finds are dead; the sweep removes their rows.
        try remove(user)
        // Keys may have no end at which a sweep would meet them, and there are few of one owner.
        for key in try Keys.all(of: user.id, in: tenant, tables) { try Keys.remove(key, tables) }
        return .done
    }

    /// Removes a user from every table but those of sessions and keys.
    func remove(_ user: UserRow) throws {
        try user.remove(tables)
        try tables.delete(.usersByName, Key.of(user.tenant, user.username.bytes))
        try tables.delete(.passwords, user.key)
        try SecondFactorRow.read(user.tenant, user.id, tables)?.remove(tables)
        if countsLogIns { try LogIns.forget(user.tenant, user.id, tables) }
        try RoleHolders.update(user.tenant, user.id, from: user.roles, to: [], tables)
    }

    /// Sets a password, and ends all sessions or all but the calling one.
    mutating func setPassword(_ body: Command.SetPassword) throws -> Outcome.Result {
        let isOwn = isActor(body.user) && body.authVersionSeen != nil
        // One's own takes what it takes, whatever else one may do.
        guard isOwn || !isActor(body.user) || meta.featureLevel < Limits.factorFeatureLevel else {
            return .refused(.credentialsChanged)
        }
        if !isOwn, let refusal = try require(.usersWrite) { return .refused(refusal) }
        guard var user = try UserRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.user))
        }
        let old = try PasswordRow.read(tenant, body.user, tables)
        if isOwn {
            if let refusal = try checkHold(user.id) {
                // The trail would tell that the old one was right.
                note = nil
                return .refused(refusal)
            }
            guard let old, old.authVersion == body.authVersionSeen else {
                return .refused(.credentialsChanged)
            }
        } else if let refusal = try checkCovers(rolesHeld: user.roles) {
            // Who sets a password can log in with it.
            return .refused(refusal)
        }
        guard user.kind.logsInByPassword(at: meta.featureLevel) else {
            return .refused(.invalid(.passwordOfService))
        }
        // Whoever has a session and the password alone would keep the owner out for good.
        if isOwn, let factor = try SecondFactorRow.read(tenant, user.id, tables), factor.isActive {
            guard let shown = body.code else { return .refused(.codeRequired) }
            guard let spent = factor.spending(shown, at: stamp) else { return .refused(.codeSpent) }
            try spend(spent, shown)
        }
        try PasswordRow(
            tenant: tenant, user: user.id, hash: body.password,
            authVersion: (old?.authVersion ?? 0) + 1, changedAt: stamp
        ).put(tables)
        user.version += 1
        user.updatedAt = stamp
        try endSessions(of: &user, keeping: isOwn ? actorSession : nil)
        // Nobody's guesses were at the new one. Whoever has set it is let in from there.
        try forgetLogIns(user.id)
        if isOwn { try noteLogIn(user.id, beginsSession: false) }
        return .user(user)
    }

    /// Stores the same password under other parameters.
    mutating func rehashPassword(_ body: Command.RehashPassword) throws -> Outcome.Result {
        guard var row = try PasswordRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.password))
        }
        guard row.authVersion == body.authVersionSeen else {
            return .refused(.credentialsChanged)
        }
        row.hash = body.password
        try row.put(tables)
        return .done
    }

    /// Adds a role to those of a user; one that is held already changes nothing.
    mutating func grantRole(_ body: Command.GrantRole) throws -> Outcome.Result {
        if let refusal = try require(.rolesGrant) { return .refused(refusal) }
        guard var user = try UserRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.user))
        }
        let old = user.roles
        let isNew = user.roles.insertSorted(body.role)
        if let refusal = try checkGrant(of: user.roles, added: body.role) {
            return .refused(refusal)
        }
        guard isNew else { return .user(user) }
        try changeRoles(of: &user, from: old)
        return .user(user)
    }

    /// Takes a role away from a user who holds it.
    mutating func revokeRole(_ body: Command.RevokeRole) throws -> Outcome.Result {
        if let refusal = try require(.rolesGrant) { return .refused(refusal) }
        guard var user = try UserRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.user))
        }
        guard user.roles.contains(body.role) else { return .refused(.notFound(.role)) }
        if let refusal = try checkCovers(rolesHeld: [body.role]) { return .refused(refusal) }
        if body.role == BuiltInRole.superAdmin.name, try isLastSuperAdmin(user) {
            return .refused(.lastSuperAdmin)
        }
        let old = user.roles
        user.roles.removeAll { $0 == body.role }
        try changeRoles(of: &user, from: old)
        return .user(user)
    }

    private func changeRoles(of user: inout UserRow, from old: [RoleName]) throws {
        user.version += 1
        user.updatedAt = stamp
        user.authzEpoch += 1
        try user.put(tables)
        try RoleHolders.update(tenant, user.id, from: old, to: user.roles, tables)
    }

    /// What speaks against somebody's having `roles`: no such role, too many, no permission to
    /// grant, or more than the actor has. `added` are the ones that must exist.
    private mutating func checkGrant(
        of roles: [RoleName], added: RoleName? = nil
    ) throws -> Refusal? {
        if let refusal = try require(.rolesGrant) { return refusal }
        guard roles.count <= Limits.rolesPerUser else { return .invalid(.tooMany) }
        for role in added.map({ [$0] }) ?? roles
        where try RoleRow.read(tenant, role, tables) == nil {
            return .notFound(.role)
        }
        return try checkCovers(rolesHeld: roles)
    }

    /// Refuses unless the actor has everything that the holder of `roles` has.
    mutating func checkCovers(rolesHeld roles: [RoleName]) throws -> Refusal? {
        try require(covering: EffectivePermissions.resolve(roles, in: tenant, tables))
    }
}

extension UserRow {
    /// Takes over the fields that a patch sets, and says which became different.
    fileprivate mutating func merge(_ patch: Command.UpdateUser) -> UserFields {
        var changed: UserFields = []
        func set<Value: Equatable>(
            _ field: WritableKeyPath<UserRow, Value>, _ value: Value?, _ name: UserFields
        ) {
            guard let value, self[keyPath: field] != value else { return }
            self[keyPath: field] = value
            changed.insert(name)
        }
        set(\.username, patch.username, .username)
        set(\.email, patch.email, .email)
        set(\.displayName, patch.displayName, .displayName)
        set(\.kind, patch.kind, .kind)
        set(\.roles, patch.roles?.sortedUnique(), .roles)
        set(\.disabled, patch.disabled, patch.disabled == true ? .disabled : .enabled)
        set(\.metadata, patch.metadata, .metadata)
        set(\.quota, patch.quota, .quota)
        return changed
    }
}
