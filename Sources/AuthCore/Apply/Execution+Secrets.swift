import ByteCodec

extension Execution {
    /// Adds the next version, and drops the oldest one beyond those that are kept.
    mutating func putSecret(_ body: Command.PutSecret) throws -> Outcome.Result {
        if let refusal = try require(.secretsWrite(body.path)) { return .refused(refusal) }
        let old = try SecretRow.read(tenant, body.path, tables)
        let visible = old.flatMap {
            $0.isReadable(at: stamp) || Planted.checkAndSetDeleted.isOn ? $0.latest : nil
        }
        if let refusal = body.condition.refusal(current: visible, kind: .secret) {
            return .refused(refusal)
        }
        let latest = old?.latest ?? 0
        guard body.version == latest + 1 else { return .refused(.stale(current: latest)) }
        guard body.timeToLiveMilliseconds != 0 else { return .refused(.invalid(.duration)) }
        let expiresAt = body.timeToLiveMilliseconds.map { stamp.advanced(milliseconds: $0) }
        var author: UserID?
        if case .user(let actor) = header.actor { author = actor.user }
        try SecretVersionRow(
            tenant: tenant, path: body.path, version: body.version, state: .live,
            createdAt: stamp, expiresAt: expiresAt, encoding: body.encoding,
            metadata: body.metadata, author: author, value: body.value
        ).put(tables)
        var head = SecretRow(
            tenant: tenant, path: body.path, latest: body.version, oldest: old?.oldest ?? 1,
            state: .live, createdAt: stamp, expiresAt: expiresAt, encoding: body.encoding,
            metadata: body.metadata)
        if head.latest - head.oldest >= Limits.versionsPerSecret {
            try tables.delete(
                .secretVersions, SecretVersionRow.key(tenant, body.path, head.oldest))
            head.oldest += 1
        }
        try head.put(tables)
        note?.details.append(.version(body.version))
        return .secret(head)
    }

    /// Marks the newest version deleted, in the head and in its own row.
    mutating func deleteSecret(_ body: Command.DeleteSecret) throws -> Outcome.Result {
        if let refusal = try require(.secretsWrite(body.path)) { return .refused(refusal) }
        guard var head = try SecretRow.read(tenant, body.path, tables), head.state == .live
        else { return .refused(.notFound(.secret)) }
        if let refusal = body.condition.refusal(current: head.latest, kind: .secret) {
            return .refused(refusal)
        }
        guard
            var version = try SecretVersionRow.read(tenant, body.path, head.latest, tables)
        else {
            throw StateDamage(table: .secrets, key: head.key, what: "head of no version")
        }
        head.state = .deleted
        version.state = .deleted
        try head.put(tables)
        try version.put(tables)
        note?.details.append(.version(head.latest))
        return .secret(head)
    }
}
