import ByteCodec

/// API keys. One that has ended by the entry's stamp is not there any more, swept or not.
extension Execution {
    /// Gives a key its number and its end, and writes its rows.
    mutating func createKey(_ body: Command.CreateKey) throws -> Outcome.Result {
        if let refusal = try require(.keysWrite) { return .refused(refusal) }
        let found = try UserRow.read(tenant, body.owner, tables)
        let hasSecondFactor = try self.hasSecondFactor(body.owner)
        let standing = try TenantStanding.of(tenant, tables)
        if let refusal = mayIssue(
            found, of: standing, .keyHolder, hasSecondFactor: hasSecondFactor)
        {
            return .refused(refusal)
        }
        guard let owner = found else { return .refused(.notFound(.user)) }
        if let refusal = try checkScope(body.scope, of: owner) { return .refused(refusal) }
        guard let end = body.expiry.end(from: stamp) else {
            return .refused(.invalid(.duration))
        }
        if let refusal = try checkRoom(for: body) { return .refused(refusal) }
        let key = try insert(body, until: end.moment)
        note?.target = .key(key.id)
        note?.details.append(.user(owner.id))
        return .key(key)
    }

    /// Writes a key with which the cluster begins.
    mutating func insert(bootstrap body: Command.CreateKey) throws {
        let key = try insert(body, until: nil)
        try append(
            AuditEvent(
                actor: .node, action: .keyCreate, target: .key(key.id), outcome: .success,
                requestID: header.requestID, address: header.address,
                details: [.user(key.owner)]))
    }

    private mutating func insert(
        _ body: Command.CreateKey, until end: Timestamp?
    ) throws -> KeyRow {
        var key = KeyRow(
            id: KeyID(number: meta.nextNumber, nonce: body.nonce), tenant: tenant,
            owner: body.owner, origin: body.origin, name: body.name, prefix: body.prefix,
            digest: body.digest, former: nil, scope: body.scope.sorted, addresses: body.addresses,
            rateLimit: body.rateLimit, createdAt: stamp, updatedAt: stamp, expiresAt: end,
            lastUsedAt: nil, lastUsedAddress: .empty, metadata: body.metadata, version: 1)
        key.quota = body.quota
        meta.nextNumber = meta.nextNumber.next
        try Keys.insert(key, tables)
        return key
    }

    /// Changes the fields that are named.
    mutating func updateKey(_ body: Command.UpdateKey) throws -> Outcome.Result {
        if let refusal = try require(.keysWrite) { return .refused(refusal) }
        guard let old = try liveKey(body.id) else { return .refused(.notFound(.key)) }
        if let refusal = body.condition.refusal(current: old.version, kind: .key) {
            return .refused(refusal)
        }
        var key = old
        var changed: KeyFields = []
        key.merge(body, &changed)
        if let expiry = body.expiry {
            guard let end = expiry.end(from: stamp) else {
                return .refused(.invalid(.duration))
            }
            key.expiresAt = end.moment
            if key.expiresAt != old.expiresAt { changed.insert(.expiry) }
        }
        note?.details += [.user(old.owner), .changedKey(changed)]
        if body.scope != nil || key.widensLife(of: old) {
            if let refusal = try checkHolding(key) { return .refused(refusal) }
        }
        guard !changed.isEmpty else { return .key(old) }
        key.version += 1
        key.updatedAt = stamp
        try Keys.replace(old, by: key, tables)
        note?.details.append(.version(key.version))
        return .key(key)
    }

    /// Puts another verifier in the place of the present one, which stays good for a while.
    mutating func rotateKey(_ body: Command.RotateKey) throws -> Outcome.Result {
        if let refusal = try require(.keysWrite) { return .refused(refusal) }
        guard var key = try liveKey(body.id) else { return .refused(.notFound(.key)) }
        if let refusal = body.condition.refusal(current: key.version, kind: .key) {
            return .refused(refusal)
        }
        guard key.origin == .made else { return .refused(.invalid(.imported)) }
        guard body.graceMilliseconds <= Limits.keyGraceMilliseconds else {
            return .refused(.invalid(.duration))
        }
        if let refusal = try checkHolding(key) { return .refused(refusal) }
        key.former = FormerKey(
            digest: key.digest, endsAt: stamp.advanced(milliseconds: body.graceMilliseconds))
        key.digest = body.digest
        key.version += 1
        key.updatedAt = stamp
        try key.put(tables)
        note?.details += [.user(key.owner), .version(key.version)]
        return .key(key)
    }

    /// Removes a key with all its rows; its number is never used again.
    mutating func deleteKey(_ body: Command.DeleteKey) throws -> Outcome.Result {
        if !isActor(body.id), let refusal = try require(.keysWrite) { return .refused(refusal) }
        guard let key = try liveKey(body.id) else { return .refused(.notFound(.key)) }
        if let refusal = body.condition.refusal(current: key.version, kind: .key) {
            return .refused(refusal)
        }
        try Keys.remove(key, tables)
        note?.details.append(.user(key.owner))
        return .done
    }

    /// Notes when and from where keys were used last.
    mutating func touchKeys(_ body: Command.TouchKeys) throws -> Outcome.Result {
        for touch in body.touches {
            let moment = min(touch.lastUsed, stamp)
            guard var key = try KeyRow.read(touch.key, tables), !key.hasEnded(by: stamp),
                key.lastUsedAt.map({ $0 < moment }) ?? true
            else { continue }
            key.lastUsedAt = moment
            key.lastUsedAddress = touch.address
            try key.put(tables)
        }
        return .done
    }

    /// The key of this id in the command's tenant, if it has not ended.
    private func liveKey(_ id: KeyID) throws -> KeyRow? {
        guard let key = try KeyRow.read(id, tables), key.tenant == tenant,
            !key.hasEnded(by: stamp)
        else { return nil }
        return key
    }

    /// What speaks against the actor's having this key, or more of it.
    private mutating func checkHolding(_ key: KeyRow) throws -> Refusal? {
        guard let owner = try UserRow.read(tenant, key.owner, tables) else {
            throw StateDamage(table: .keys, key: key.key, what: "key of no user")
        }
        let hasSecondFactor = try self.hasSecondFactor(key.owner)
        let standing = try TenantStanding.of(tenant, tables)
        if let refusal = mayIssue(
            owner, of: standing, .keyHolder, hasSecondFactor: hasSecondFactor)
        {
            return refusal
        }
        return try checkScope(key.scope, of: owner)
    }

    /// What speaks against a key of these roles or permissions: no such role, no right to grant,
    /// or more than the actor or the owner has (api, "Who may do what"; security C18).
    ///
    /// What is written counts, and not what the owner's rights leave of it today: these may grow.
    private mutating func checkScope(_ scope: KeyScope, of owner: UserRow) throws -> Refusal? {
        switch scope {
        case .roles(let roles):
            if let refusal = try require(.rolesGrant) { return refusal }
            guard roles.count <= Limits.rolesPerUser else { return .invalid(.tooMany) }
            for role in roles where try RoleRow.read(tenant, role, tables) == nil {
                return .notFound(.role)
            }
        case .permissions(let permissions):
            guard permissions.count <= Limits.permissionsPerKey else { return .invalid(.tooMany) }
            if tenant != .platform, permissions.contains(where: \.isPlatformOnly) {
                return .invalid(.platformPermission)
            }
        }
        let written = try scope.resolve(in: tenant, tables)
        if let refusal = try require(covering: written) { return refusal }
        let owned = try EffectivePermissions.resolve(owner, tables)
        return owned.covers(written) ? nil : .insufficientPermissions
    }

    /// What speaks against one more key.
    private func checkRoom(for body: Command.CreateKey) throws -> Refusal? {
        guard body.addresses.count <= Limits.addressesPerKey else { return .invalid(.tooMany) }
        let count = try KeyCountRow.read(tables)
        let own = try Keys.all(of: body.owner, in: tenant, tables).count
        guard count.keys < Limits.keys, own < Limits.keysPerOwner else { return .quota(.key) }
        guard body.origin == .imported else { return nil }
        guard count.imported < Limits.importedKeys else { return .quota(.key) }
        return try KeyRow.read(imported: body.digest, tables) == nil ? nil : .exists(.key)
    }
}

extension KeyExpiry {
    /// A moment, or none at all.
    fileprivate struct End {
        let moment: Timestamp?
    }

    /// The end that an entry of this stamp means; nil when no key may have it.
    fileprivate func end(from stamp: Timestamp) -> End? {
        let end: Timestamp
        switch self {
        case .never: return End(moment: nil)
        case .at(let moment): end = moment
        case .after(let milliseconds):
            guard milliseconds <= Limits.keyMilliseconds else { return nil }
            end = stamp.advanced(milliseconds: milliseconds)
        }
        guard stamp < end, end.milliseconds(since: stamp) <= Limits.keyMilliseconds else {
            return nil
        }
        return End(moment: end)
    }
}

extension KeyRow {
    /// Takes over the fields that a patch sets, but for the end, and says which became different.
    fileprivate mutating func merge(_ patch: Command.UpdateKey, _ changed: inout KeyFields) {
        if let scope = patch.scope?.sorted, scope != self.scope {
            // Whichever of the two it had, and whichever it has now.
            changed.insert(scope.roles == self.scope.roles ? [] : .roles)
            changed.insert(scope.permissions == self.scope.permissions ? [] : .permissions)
            if changed.isEmpty { changed.insert(.permissions) }
            self.scope = scope
        }
        if let name = patch.name, name != self.name {
            changed.insert(.name)
            self.name = name
        }
        if let addresses = patch.addresses, addresses != self.addresses {
            changed.insert(.addresses)
            self.addresses = addresses
        }
        if let rateLimit = patch.rateLimit, rateLimit != self.rateLimit {
            changed.insert(.rateLimit)
            self.rateLimit = rateLimit
        }
        if let quota = patch.quota, quota != self.quota {
            changed.insert(.quota)
            self.quota = quota
        }
        if let metadata = patch.metadata, metadata != self.metadata {
            changed.insert(.metadata)
            self.metadata = metadata
        }
    }

    /// Whether this is good longer, or from elsewhere, than `old`.
    fileprivate func widensLife(of old: KeyRow) -> Bool {
        let isLonger =
            switch (expiresAt, old.expiresAt) {
            case (_, nil): false
            case (nil, .some): true
            case (.some(let new), .some(let old)): new > old
            }
        if isLonger { return true }
        guard !old.addresses.isEmpty else { return false }
        return addresses.isEmpty
            || !addresses.allSatisfy { new in old.addresses.contains { $0.contains(new) } }
    }
}

/// The tables in which a key has rows.
enum Keys {
    /// What the keys of all keys of an owner begin with in `keysByOwner`.
    static func ownerPrefix(_ tenant: TenantID, _ owner: UserID) -> [UInt8] {
        Key.of(tenant, owner.bytes)
    }

    /// Behind every entry of `keysByExpiry` of a key that has ended at `moment`.
    static func expiredBefore(_ moment: Timestamp) -> [UInt8] {
        Key.of(moment.advanced(milliseconds: 1).rawValue)
    }

    /// Every key of an owner, oldest first: at most `Limits.keysPerOwner`.
    static func all(
        of owner: UserID, in tenant: TenantID, _ reader: some TableReader
    ) throws -> [KeyRow] {
        let prefix = ownerPrefix(tenant, owner)
        var numbers: [CredentialNumber] = []
        try reader.scan(.keysByOwner, from: prefix, upTo: Key.behind(prefix: prefix)) { key, _ in
            numbers.append(CredentialNumber(Bytes.bigEndian(key.suffix(8))))
            return true
        }
        return try numbers.map { number in
            guard let key = try KeyRow.read(number, reader) else {
                throw StateDamage(
                    table: .keysByOwner, key: prefix + KeyRow.key(number), what: "no such key")
            }
            return key
        }
    }

    /// Whether any key names the role.
    static func isNamed(
        _ tenant: TenantID, _ role: RoleName, _ reader: some TableReader
    ) throws -> Bool {
        let prefix = RoleHolders.prefix(tenant, role)
        var found = false
        try reader.scan(.keyRoles, from: prefix, upTo: Key.behind(prefix: prefix)) { _, _ in
            found = true
            return false
        }
        return found
    }

    /// Writes a new key and what lists it.
    static func insert(_ key: KeyRow, _ tables: some TableWriter) throws {
        try key.put(tables)
        for (table, place, value) in lists(key) { try tables.put(table, place, value) }
        try count(key, by: 1, tables)
    }

    /// Writes a key in the place of what it was.
    static func replace(_ old: KeyRow, by key: KeyRow, _ tables: some TableWriter) throws {
        for (table, place, _) in lists(old) { try tables.delete(table, place) }
        try key.put(tables)
        for (table, place, value) in lists(key) { try tables.put(table, place, value) }
    }

    /// Removes a key and what lists it.
    static func remove(_ key: KeyRow, _ tables: some TableWriter) throws {
        try key.remove(tables)
        for (table, place, _) in lists(key) { try tables.delete(table, place) }
        try count(key, by: -1, tables)
    }

    /// Where a key is listed, and what stands there.
    private static func lists(_ key: KeyRow) -> [(Table, [UInt8], [UInt8])] {
        let number = key.key
        var lists: [(Table, [UInt8], [UInt8])] = [
            (.keysByOwner, ownerPrefix(key.tenant, key.owner) + number, [])
        ]
        if let end = key.expiresAt {
            lists.append((.keysByExpiry, Key.of(end.rawValue, key.id.number.rawValue), []))
        }
        for role in key.scope.roles {
            lists.append((.keyRoles, RoleHolders.prefix(key.tenant, role) + number, []))
        }
        if key.origin == .imported { lists.append((.importedKeys, key.digest.bytes, number)) }
        return lists
    }

    private static func count(
        _ key: KeyRow, by step: Int64, _ tables: some TableWriter
    ) throws {
        var count = try KeyCountRow.read(tables)
        let imported = key.origin == .imported ? step : 0
        guard Int64(count.keys) + step >= 0, Int64(count.imported) + imported >= 0 else {
            throw StateDamage(table: .meta, key: KeyCountRow.key, what: "count below zero")
        }
        count.keys = UInt64(Int64(count.keys) + step)
        count.imported = UInt64(Int64(count.imported) + imported)
        try count.put(tables)
    }
}
