import ByteCodec

/// Who may do what, decided from the replicated state at the command's place in the log.
extension Execution {
    /// Whether the actor is there, enabled, of a tenant that is open, on a session or key that
    /// lives, and in its own tenant or allowed to act in another.
    mutating func checkActor() throws -> Refusal? {
        guard case .user(let actor) = header.actor else { return nil }
        guard try TenantStanding.of(actor.tenant, tables) == .open,
            let user = try UserRow.read(actor.tenant, actor.user, tables), !user.disabled
        else { return .actorEnded }
        switch actor.credential {
        case .session(let id):
            guard let session = try SessionRow.read(id, tables), session.tenant == user.tenant,
                session.user == user.id, session.epoch == user.sessionEpoch,
                stamp < session.expiresAt
            else { return .actorEnded }
        case .key(let id):
            guard let key = try KeyRow.read(id, tables), key.tenant == user.tenant,
                key.owner == user.id, !key.hasEnded(by: stamp)
            else { return .actorEnded }
            actorKey = key
        }
        actorUser = user
        guard actor.tenant != tenant else { return nil }
        guard actor.tenant == .platform else { return .insufficientPermissions }
        return try require(.tenantsAct)
    }

    /// Refuses unless the actor holds `permission`.
    mutating func require(_ permission: Permission) throws -> Refusal? {
        switch header.actor {
        case .node:
            return nil
        case .anonymous:
            return .insufficientPermissions
        case .user:
            guard try permissions().allows(permission) else {
                note?.details.append(.permission(permission))
                return .insufficientPermissions
            }
            return nil
        }
    }

    /// Refuses unless the actor holds everything in `target`: nobody gives, or takes the place
    /// of, more than they are (api, "Who may do what"; security C15).
    mutating func require(covering target: EffectivePermissions) throws -> Refusal? {
        switch header.actor {
        case .node: nil
        case .anonymous: .insufficientPermissions
        case .user: try permissions().covers(target) ? nil : .insufficientPermissions
        }
    }

    /// Whether the actor is this user of this tenant in person: a key is made for one purpose, and
    /// has no part in what users may do with what is their own.
    func isActor(_ user: UserID) -> Bool {
        guard case .user(let actor) = header.actor else { return false }
        return actor.user == user && actor.tenant == tenant && actor.session != nil
    }

    /// Whether the actor acts through this key.
    func isActor(_ key: KeyID) -> Bool {
        guard case .user(let actor) = header.actor else { return false }
        return actor.credential == .key(key)
    }

    /// The actor's session, when there is one.
    var actorSession: SessionID? {
        guard case .user(let actor) = header.actor else { return nil }
        return actor.session
    }

    /// Whether taking `user` away would leave the tenant without a super administrator who can
    /// log in.
    ///
    /// Complexity: ends at the first other holder who is an enabled person with a password.
    func isLastSuperAdmin(_ user: UserRow) throws -> Bool {
        guard user.roles.contains(BuiltInRole.superAdmin.name),
            try canLogIn(user, at: meta.featureLevel)
        else { return false }
        return try !hasSuperAdmin(user.tenant, besides: user.id, at: meta.featureLevel)
    }

    /// Whether there is a super administrator who can log in, at this feature level.
    func hasSuperAdmin(
        _ tenant: TenantID, besides user: UserID? = nil, at featureLevel: UInt32
    ) throws -> Bool {
        let prefix = RoleHolders.prefix(tenant, BuiltInRole.superAdmin.name)
        var isThere = false
        try tables.scan(.roleHolders, from: prefix, upTo: Key.behind(prefix: prefix)) { key, _ in
            guard let id = UserID(bytes: Array(key.suffix(16))),
                let holder = try UserRow.read(tenant, id, tables)
            else { throw StateDamage(table: .roleHolders, key: key, what: "no such holder") }
            isThere = try holder.id != user && canLogIn(holder, at: featureLevel)
            return !isThere
        }
        return isThere
    }

    private func canLogIn(_ user: UserRow, at featureLevel: UInt32) throws -> Bool {
        guard !user.disabled, user.kind.logsInByPassword(at: featureLevel) else { return false }
        return try PasswordRow.read(user.tenant, user.id, tables) != nil
    }

    private mutating func permissions() throws -> EffectivePermissions {
        if let actorPermissions { return actorPermissions }
        guard let actorUser else {
            preconditionFailure("permissions of an actor that was not checked")
        }
        let owned = try EffectivePermissions.resolve(actorUser, tables)
        let resolved = try actorKey?.permissions(of: owned, tables) ?? owned
        actorPermissions = resolved
        return resolved
    }
}

/// The index of users by the roles that they hold directly.
enum RoleHolders {
    /// What the keys of all holders of a role begin with. A zero byte ends the name, so holders
    /// of `a` do not mix with those of `a.b`.
    static func prefix(_ tenant: TenantID, _ role: RoleName) -> [UInt8] {
        Key.of(tenant, role.bytes + [0])
    }

    /// The key that says that the user holds the role.
    static func key(_ tenant: TenantID, _ role: RoleName, _ user: UserID) -> [UInt8] {
        prefix(tenant, role) + user.bytes
    }

    /// Follows a change of a user's roles.
    static func update(
        _ tenant: TenantID, _ user: UserID, from old: [RoleName], to new: [RoleName],
        _ tables: some TableWriter
    ) throws {
        for role in old where !new.contains(role) {
            try tables.delete(.roleHolders, key(tenant, role, user))
        }
        for role in new where !old.contains(role) {
            try tables.put(.roleHolders, key(tenant, role, user), [])
        }
    }

    /// Whether anybody holds the role directly.
    static func isHeld(
        _ tenant: TenantID, _ role: RoleName, _ reader: some TableReader
    ) throws -> Bool {
        let prefix = prefix(tenant, role)
        var held = false
        try reader.scan(.roleHolders, from: prefix, upTo: Key.behind(prefix: prefix)) { _, _ in
            held = true
            return false
        }
        return held
    }
}
