import ByteCodec

extension Execution {
    /// Changes what a tenant asks of sessions that begin from then on.
    mutating func updateSettings(_ body: Command.UpdateSettings) throws -> Outcome.Result {
        if let refusal = try require(.settingsWrite) { return .refused(refusal) }
        let old = try SettingsRow.read(tenant, tables)
        let isUnset = old.version == 0 && body.condition == .absent
        if let refusal = body.condition.refusal(
            current: isUnset ? nil : old.version, kind: .tenant)
        {
            return .refused(refusal)
        }
        var new = old
        new.idleMilliseconds = body.idleMilliseconds.applied(to: old.idleMilliseconds)
        new.absoluteMilliseconds = body.absoluteMilliseconds.applied(to: old.absoluteMilliseconds)
        new.sessionsPerUser = body.sessionsPerUser.applied(to: old.sessionsPerUser)
        new.overflow = body.overflow ?? old.overflow
        new.quota = body.quota ?? old.quota
        for duration in [new.idleMilliseconds, new.absoluteMilliseconds].compactMap({ $0 })
        where !Limits.sessionMillisecondsAllowed.contains(duration) {
            return .refused(.invalid(.duration))
        }
        if let limit = new.sessionsPerUser, !(1...Limits.sessionsPerUser).contains(limit) {
            return .refused(.invalid(.tooMany))
        }
        guard new != old else { return .settings(old) }
        new.version += 1
        new.updatedAt = stamp
        try new.put(tables)
        note?.details.append(.version(new.version))
        return .settings(new)
    }

    /// Which sessions must end so that another one of this user may begin; or why none may.
    ///
    /// Writes nothing: a start that is refused leaves no trace. A session ends here only under a
    /// command that says that it may, and so waits for every node that answers on its own
    /// (docs/lease.md); where it does not say so it is asked for again.
    func crowd(
        _ body: Command.StartSession, _ user: UserRow, _ settings: SettingsRow
    ) throws -> Result<(evicted: [SessionRow], ended: [SessionRow]), StartRefusal> {
        guard let limit = settings.sessionsPerUser else { return .success(([], [])) }
        let crowd = try SessionCrowd(of: user, limit: limit, at: stamp, tables)
        let excess = crowd.excess(over: limit)
        guard excess > 0 else { return .success(([], crowd.ended)) }
        switch settings.overflow {
        case .deny: return .failure(StartRefusal(.quota(.session)))
        case .evictOldest:
            guard body.mayEvict || Planted.evictionUnannounced.isOn else {
                return .failure(StartRefusal(.evictionNeeded))
            }
            let oldest = crowd.living.prefix(excess)
            let newest = crowd.living.suffix(excess)
            return .success(
                (Array(Planted.crowdEvictsNewest.isOn ? newest : oldest), crowd.ended))
        }
    }

    /// Why a session may not begin.
    struct StartRefusal: Error {
        let refusal: Refusal
        init(_ refusal: Refusal) { self.refusal = refusal }
    }

    /// Ends sessions that give way to a new one, each with a record of its own.
    mutating func evict(_ sessions: [SessionRow], for user: UserID) throws {
        for session in sessions {
            try Sessions.remove(session, tables)
            try append(
                AuditEvent(
                    tenant: tenant, actor: header.actor, action: .sessionEvict,
                    target: .session(session.id), outcome: .success,
                    requestID: header.requestID, address: header.address,
                    details: [.user(user)]))
        }
    }

    /// Ends the sessions of a user that began before a moment, as many as one entry may.
    mutating func revokeSessions(
        of user: UserRow, before moment: Timestamp, keeping kept: SessionID?
    ) throws -> Outcome.Result {
        let prefix = Sessions.userPrefix(user.tenant, user.id)
        var found: [SessionRow] = []
        // Numbers and stamps ascend together, so what is older stands first.
        try tables.scan(.sessionsByUser, from: prefix, upTo: Key.behind(prefix: prefix)) {
            key, _ in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let session = try SessionRow.read(number, tables) else {
                throw StateDamage(table: .sessionsByUser, key: key, what: "no such session")
            }
            guard session.createdAt < moment else { return false }
            if session.id != kept { found.append(session) }
            return found.count < Limits.revocationsPerEntry
        }
        for session in found { try Sessions.remove(session, tables) }
        note?.details.append(.count(UInt64(found.count)))
        return .revoked(removed: UInt32(found.count))
    }
}
