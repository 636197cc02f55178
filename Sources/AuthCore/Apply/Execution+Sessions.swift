import ByteCodec

extension Execution {
    /// Gives a session its number and its ends, and writes its rows.
    mutating func startSession(_ body: Command.StartSession) throws -> Outcome.Result {
        let isLogIn = header.actor == .anonymous
        if !isLogIn, let refusal = try require(.sessionsCreate) { return .refused(refusal) }
        let found = try UserRow.read(tenant, body.user, tables)
        let finding: CodeFinding = isLogIn ? try codeFinding(body) : .none
        var factors: Factors = isLogIn ? .password : .delegated
        if case .good = finding { factors.insert(.code) }
        let hasFactor = try hasSecondFactor(body.user) && !Planted.codeNotAsked.isOn
        let refusal = mayIssue(
            found, of: try TenantStanding.of(tenant, tables), factors, hasSecondFactor: hasFactor)
        if let refusal, refusal != .codeRequired { return .refused(refusal) }
        guard let user = found else { return .refused(.notFound(.user)) }
        // A password that does not count any more says nothing of codes.
        if let refusal = try checkStart(body, user, isLogIn: isLogIn) { return .refused(refusal) }
        if case .spent = finding { return .refused(.codeSpent) }
        if let refusal { return .refused(refusal) }
        let settings = try SettingsRow.read(tenant, tables)
        let others: (evicted: [SessionRow], ended: [SessionRow])
        switch try crowd(body, user, settings) {
        case .success(let found): others = found
        case .failure(let reason): return .refused(reason.refusal)
        }
        let absolute = min(body.absoluteMilliseconds, settings.absoluteMilliseconds ?? .max)
        var session = SessionRow(
            id: SessionID(number: meta.nextNumber, nonce: body.nonce), tenant: tenant,
            user: user.id, kind: .user, method: body.method, verifier: body.verifier,
            hasRefreshFamily: body.refreshVerifier != nil, epoch: user.sessionEpoch,
            createdAt: stamp,
            expiresAt: stamp.advanced(milliseconds: absolute), idleExpiresAt: .zero,
            idleMilliseconds: min(body.idleMilliseconds, settings.idleMilliseconds ?? .max),
            lastSeenAt: stamp,
            accessCount: 0, expiryMinute: 0, version: 1, label: body.label,
            address: header.address)
        session.slide(to: stamp)
        session.expiryMinute = Sessions.dueMinute(of: session)
        if case .good(let row) = finding, let shown = body.code { try spend(row, shown) }
        for session in others.ended { try Sessions.remove(session, tables) }
        try evict(others.evicted, for: user.id)
        meta.nextNumber = meta.nextNumber.next
        try Sessions.insert(session, tables)
        if let verifier = body.refreshVerifier {
            try RefreshFamilyRow(
                number: session.id.number, generation: 1, current: verifier, previous: nil,
                rotatedAt: stamp, sealedSuccessor: [], ancestors: []
            ).put(tables)
        }
        note?.target = .session(session.id)
        note?.details.append(.user(user.id))
        if isLogIn {
            note?.actor = .user(session.actor)
            try noteLogIn(user.id, beginsSession: true)
        }
        return .session(session)
    }

    /// What speaks against a session of this user, here and now (security A10, C12).
    private mutating func checkStart(
        _ body: Command.StartSession, _ user: UserRow, isLogIn: Bool
    ) throws -> Refusal? {
        if isLogIn || body.authVersionSeen != nil {
            let password = try PasswordRow.read(tenant, user.id, tables)
            guard let seen = body.authVersionSeen,
                user.kind.logsInByPassword(at: meta.featureLevel),
                password?.authVersion == seen || Planted.authVersionIgnored.isOn
            else {
                return .credentialsChanged
            }
        }
        if case .user = header.actor {
            // A session of somebody else is their power over this server.
            let power = try EffectivePermissions.resolve(user, tables)
                .administrative(at: meta.featureLevel)
            if let refusal = try require(covering: power) { return refusal }
        }
        guard body.idleMilliseconds > 0, body.absoluteMilliseconds > 0,
            body.absoluteMilliseconds <= Limits.sessionMilliseconds
        else { return .invalid(.duration) }
        return nil
    }

    /// Removes a session with all its rows; its number is never used again.
    mutating func revokeSession(_ body: Command.RevokeSession) throws -> Outcome.Result {
        let session = try SessionRow.read(body.session, tables)
        let isOwn = session.map { $0.tenant == tenant && isActor($0.user) } ?? false
        if !isOwn, let refusal = try require(.sessionsRevoke) { return .refused(refusal) }
        guard let session, session.tenant == tenant else {
            return .refused(.notFound(.session))
        }
        try Sessions.remove(session, tables)
        note?.details.append(.user(session.user))
        return .revoked(removed: 1)
    }

    /// Ends all sessions of a user, but perhaps one, by raising the epoch.
    mutating func revokeSessions(_ body: Command.RevokeSessions) throws -> Outcome.Result {
        if !isActor(body.user), let refusal = try require(.sessionsRevoke) {
            return .refused(refusal)
        }
        guard var user = try UserRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.user))
        }
        if let before = body.before {
            return try revokeSessions(of: user, before: before, keeping: body.keeping)
        }
        try endSessions(of: &user, keeping: body.keeping)
        return .revoked(removed: 0)
    }

    /// Ends every session of a user, but perhaps one, by raising the epoch that sessions must
    /// bear; writes the user. O(1): the sweep removes the rows.
    func endSessions(of user: inout UserRow, keeping kept: SessionID?) throws {
        let old = user.sessionEpoch
        user.sessionEpoch += 1
        try user.put(tables)
        guard let kept, var session = try SessionRow.read(kept, tables),
            session.tenant == user.tenant, session.user == user.id, session.epoch == old
        else { return }
        session.epoch = user.sessionEpoch
        session.version += 1
        try session.put(tables)
    }

    /// Counts uses and slides idle ends of sessions that still live.
    mutating func touchSessions(_ body: Command.TouchSessions) throws -> Outcome.Result {
        for touch in body.touches {
            // What ended meanwhile stays so: a late touch revives nothing.
            guard var session = try SessionRow.read(touch.session, tables),
                stamp < session.expiresAt, stamp < session.idleExpiresAt
            else { continue }
            session.accessCount &+= UInt64(touch.uses)
            session.slide(to: min(touch.lastSeen, stamp))
            try session.put(tables)
        }
        return .done
    }
}

extension SessionRow {
    /// Moves the idle end on to follow a use at `moment`; never back, never past the absolute
    /// end.
    mutating func slide(to moment: Timestamp) {
        lastSeenAt = max(lastSeenAt, moment)
        let end = min(moment.advanced(milliseconds: idleMilliseconds), expiresAt)
        idleExpiresAt = max(idleExpiresAt, end)
    }

    /// The session's user, acting through it.
    var actor: UserActor { UserActor(tenant: tenant, user: user, session: id) }
}

/// The tables in which a session has rows.
enum Sessions {
    /// The minute since the Unix epoch.
    static func minute(of time: Timestamp) -> UInt64 { time.rawValue / 60_000 }

    /// The first minute in which the session, if nobody uses it, has surely ended.
    static func dueMinute(of session: SessionRow) -> UInt64 {
        minute(of: min(session.idleExpiresAt, session.expiresAt)) + 1
    }

    /// Where `sessionsByExpiry` lists the session now.
    static func expiryKey(_ session: SessionRow) -> [UInt8] {
        Key.of(session.expiryMinute, session.id.number.rawValue)
    }

    /// What the keys of all sessions of a user begin with in `sessionsByUser`.
    static func userPrefix(_ tenant: TenantID, _ user: UserID) -> [UInt8] {
        Key.of(tenant, user.bytes)
    }

    /// Where `sessionsByUser` lists the session.
    static func userKey(_ session: SessionRow) -> [UInt8] {
        userPrefix(session.tenant, session.user) + Key.of(session.id.number.rawValue)
    }

    /// Writes a new session and what lists it.
    static func insert(_ session: SessionRow, _ tables: some TableWriter) throws {
        try session.put(tables)
        try tables.put(.sessionsByUser, userKey(session), [])
        try tables.put(.sessionsByExpiry, expiryKey(session), [])
    }

    /// Removes a session, what lists it, and its refresh family.
    static func remove(_ session: SessionRow, _ tables: some TableWriter) throws {
        try session.remove(tables)
        try tables.delete(.sessionsByUser, userKey(session))
        try tables.delete(.sessionsByExpiry, expiryKey(session))
        if session.hasRefreshFamily {
            try tables.delete(.refreshFamilies, SessionRow.key(session.id.number))
        }
    }
}
