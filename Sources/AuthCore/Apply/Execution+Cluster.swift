import ByteCodec
import RaftCore

extension Execution {
    /// Makes cluster, keyring, the first tenant with its built-in roles, and the first user.
    mutating func bootstrap(_ body: Command.Bootstrap) throws -> Outcome.Result {
        guard header.actor == .node else { return .refused(.insufficientPermissions) }
        guard !meta.isBootstrapped else { return .refused(.alreadyBootstrapped) }
        guard body.tokenBlockKey.count == 32, tenant == .platform, body.featureLevel > 0,
            !body.configuration.isEmpty
        else { return .refused(.invalid(.form)) }
        guard body.mayBeginWithKeys else { return .refused(.invalid(.form)) }
        guard body.featureLevel <= supports else {
            throw FeatureLevelTooHigh(cluster: body.featureLevel)
        }
        meta.featureLevel = body.featureLevel
        // Who was there from the beginning has it, and so has whoever saw it change.
        if meta.configuration.isEmpty { meta.configuration = body.configuration }
        try ClusterRow(
            cluster: body.cluster, tokenBlockKey: body.tokenBlockKey, createdAt: stamp
        ).put(tables)
        try KeyringRow(version: 1, keyring: body.keyring, updatedAt: stamp).put(tables)
        try insert(
            TenantRow(id: .platform, name: RoleName(builtIn: "default"), createdAt: stamp))
        let administrator = try insertAdministrator(
            body.administrator, body.username, body.password, in: .platform)
        for key in body.keys { try insert(bootstrap: key) }
        meta.isBootstrapped = true
        return .user(administrator)
    }

    /// Writes the row of a member that is new or has moved; anything else changes nothing.
    mutating func registerMember(_ body: Command.RegisterMember) throws -> Outcome.Result {
        let old = try MemberRow.read(body.node, tables)
        if let old, old.incarnation != body.incarnation, !old.isExpected {
            return .refused(.otherIncarnation)
        }
        // It could apply nothing of what follows.
        guard body.featureLevel >= meta.featureLevel else {
            return .refused(.memberTooOld(body.node))
        }
        if old == nil {
            // A number that was given up stays so.
            guard meta.configuration.isMember(body.node) else {
                return .refused(.notFound(.member))
            }
            guard try memberCount() < Limits.members else { return .refused(.quota(.member)) }
        }
        var member = MemberRow(
            node: body.node, incarnation: body.incarnation, url: body.url, peer: body.peer,
            version: body.version, featureLevel: body.featureLevel,
            registeredAt: old?.registeredAt ?? stamp)
        guard member != old else {
            note = nil
            return .done
        }
        member.registeredAt = stamp
        try member.put(tables)
        return .done
    }

    /// Raises the feature level, when every member has said that its release knows it.
    ///
    /// - Throws: `FeatureLevelTooHigh` where it takes effect and this release is the exception: the
    ///   entry stays to be applied by its successor.
    mutating func raiseFeatureLevel(_ body: Command.RaiseFeatureLevel) throws -> Outcome.Result {
        if let refusal = try require(.clusterManage) { return .refused(refusal) }
        guard body.level > meta.featureLevel else {
            note = nil
            return body.level == meta.featureLevel ? .done : .refused(.invalid(.form))
        }
        guard !meta.configuration.isEmpty else { return .refused(.notFound(.member)) }
        for node in meta.configuration.members {
            let level = try MemberRow.read(node, tables)?.featureLevel ?? 0
            guard level >= body.level else { return .refused(.memberTooOld(node)) }
        }
        if meta.featureLevel < 2, try !hasSuperAdmin(.platform, at: body.level) {
            // Services cannot log in from level 2 on: somebody must be left who can.
            return .refused(.lastSuperAdmin)
        }
        guard body.level <= supports else { throw FeatureLevelTooHigh(cluster: body.level) }
        meta.featureLevel = body.level
        note?.details.append(.version(UInt64(body.level)))
        return .done
    }

    /// Replaces the keyring if it is still of the version that was seen.
    mutating func updateKeyring(_ body: Command.UpdateKeyring) throws -> Outcome.Result {
        if let refusal = try require(.sealManage) { return .refused(refusal) }
        guard let old = try KeyringRow.read(tables) else {
            throw StateDamage(table: .keyring, key: KeyringRow.key, what: "no keyring")
        }
        guard old.version == body.expectedVersion else {
            return .refused(.versionMismatch(current: old.version))
        }
        let new = KeyringRow(version: old.version + 1, keyring: body.keyring, updatedAt: stamp)
        try new.put(tables)
        note?.details.append(.version(new.version))
        return .keyring(version: new.version)
    }

    func memberCount() throws -> Int {
        var count = 0
        try tables.scan(.members, from: [], upTo: nil) { _, _ in
            count += 1
            return true
        }
        return count
    }
}

extension Command.Bootstrap {
    /// Whether its keys can be the first ones: the administrator's, made elsewhere, each another
    /// one, with permissions of their own and for as long as nobody deletes them.
    fileprivate var mayBeginWithKeys: Bool {
        guard !keys.isEmpty else { return true }
        return featureLevel >= Table.keys.featureLevel && keys.count <= Limits.bootstrapKeys
            && Set(keys.map(\.digest)).count == keys.count
            && keys.allSatisfy { key in
                guard case .permissions(let permissions) = key.scope else { return false }
                return permissions.count <= Limits.permissionsPerKey && key.expiry == .never
                    && key.owner == administrator && key.origin == .imported
                    && key.addresses.count <= Limits.addressesPerKey
            }
    }
}
