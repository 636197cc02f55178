import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("Limits that a tenant sets for sessions (security §3.7)")
struct SessionLimitTests {
    private func set(
        _ house: inout House, _ change: Command.UpdateSettings
    ) throws {
        let outcome = try house.apply(.updateSettings(change), by: house.admin)
        #expect(outcome.refusal == nil)
    }

    private func start(
        _ house: inout House, _ user: UserID, nonce: UInt64, mayEvict: Bool = false,
        by actor: Actor = .anonymous
    ) throws -> Outcome {
        let isLogIn = actor == .anonymous
        guard
            case .startSession(var body) = house.start(
                user, nonce: nonce, authVersion: isLogIn ? 1 : nil,
                method: isLogIn ? .password : .delegated)
        else { throw NoSession() }
        body.mayEvict = mayEvict
        return try house.apply(.startSession(body), by: actor)
    }

    private struct NoSession: Error {}

    private func session(_ outcome: Outcome) throws -> SessionRow {
        guard case .session(let session) = outcome.result else { throw NoSession() }
        return session
    }

    @Test("What a start asks for is cut down to what the tenant allows, however it is begun")
    func durations() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        try set(
            &house,
            .init(idleMilliseconds: .set(300_000), absoluteMilliseconds: .set(3_600_000)))
        for actor in [Actor.anonymous, house.admin, .node] {
            let session = try session(try start(&house, id, nonce: 9, by: actor))
            #expect(session.expiresAt == house.now.advanced(milliseconds: 3_600_000))
            #expect(session.idleExpiresAt == house.now.advanced(milliseconds: 300_000))
        }
        try set(&house, .init(idleMilliseconds: .clear, absoluteMilliseconds: .clear))
        let free = try session(try start(&house, id, nonce: 9))
        #expect(free.expiresAt == house.now.advanced(milliseconds: 720 * 60_000))
    }

    @Test("No use and no refresh moves a session past the absolute end that it was given")
    func refreshes() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        try set(&house, .init(absoluteMilliseconds: .set(3_600_000)))
        let session = try house.startSession(id, refresh: digest(1))
        var token: UInt8 = 1
        while house.now.advanced(milliseconds: 1_200_000) < session.expiresAt {
            house.now = house.now.advanced(milliseconds: 1_200_000)
            let outcome = try house.apply(
                .rotateRefresh(
                    .init(
                        number: session.id.number, presented: digest(token),
                        successor: digest(token + 1), sealedSuccessor: [1])), by: .anonymous)
            guard case .refreshed(let after, _) = outcome.result else { throw NoSession() }
            #expect(after.expiresAt == session.expiresAt)
            #expect(after.idleExpiresAt <= session.expiresAt)
            token += 1
        }
        house.now = session.expiresAt
        let late = try house.apply(
            .rotateRefresh(
                .init(
                    number: session.id.number, presented: digest(token),
                    successor: digest(99), sealedSuccessor: [1])), by: .anonymous)
        #expect(late.refusal == .refreshUnknown)
        #expect(try !house.isAllowed(session))
    }

    @Test("With deny one more is refused, until one of them ends by itself or is ended")
    func deny() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        try set(&house, .init(sessionsPerUser: .set(2), overflow: .deny))
        let first = try session(try start(&house, id, nonce: 1))
        _ = try start(&house, id, nonce: 2)
        for mayEvict in [false, true] {
            for actor in [Actor.anonymous, house.admin] {
                let refused = try start(&house, id, nonce: 3, mayEvict: mayEvict, by: actor)
                #expect(refused.refusal == .quota(.session))
            }
        }
        #expect(try house.isAllowed(first))
        _ = try house.apply(.revokeSession(.init(session: first.id)), by: .node)
        #expect(try start(&house, id, nonce: 4).refusal == nil)
        house.now = house.now.advanced(milliseconds: 30 * 60_000)
        #expect(try start(&house, id, nonce: 5).refusal == nil, "both were idle for too long")
        _ = try house.apply(.revokeSessions(.init(user: id)), by: .node)
        #expect(try start(&house, id, nonce: 6).refusal == nil)
        #expect(try start(&house, House.adminID, nonce: 7).refusal == nil, "each counts alone")
    }

    @Test("With evict_oldest the oldest end, by a command that says so and by no other")
    func evict() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        try set(&house, .init(sessionsPerUser: .set(2), overflow: .evictOldest))
        let sessions = try (1...2).map { nonce in
            try session(try start(&house, id, nonce: UInt64(nonce)))
        }
        let before = house.tables.rows(.sessions).map(\.key)
        let asked = try start(&house, id, nonce: 3)
        #expect(asked.refusal == .evictionNeeded)
        #expect(house.tables.rows(.sessions).map(\.key) == before)
        let third = try session(try start(&house, id, nonce: 3, mayEvict: true))
        #expect(try !house.isAllowed(sessions[0]))
        #expect(try SessionRow.read(sessions[0].id, house.tables) == nil)
        #expect(try house.isAllowed(sessions[1]) && house.isAllowed(third))
        let trail = try (house.meta.firstAudit..<house.meta.nextAudit).compactMap {
            try AuditRow.read($0, house.tables)
        }
        let evictions = trail.filter { $0.action == .sessionEvict }
        #expect(evictions.map(\.target) == [.session(sessions[0].id)])
        #expect(evictions.map(\.details) == [[.user(id)]])
    }

    @Test("A limit that is lowered works off what there is, and a start ends a bounded number")
    func lowered() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let count = Limits.evictionsPerStart + 20
        for nonce in 1...count { _ = try start(&house, id, nonce: UInt64(nonce)) }
        try set(&house, .init(sessionsPerUser: .set(1), overflow: .evictOldest))
        func living() throws -> Int {
            guard let user = try house.user(id) else { return -1 }
            return try Listing.sessions(
                of: user, limit: 1_000, wall: house.now, house.tables
            ).items.count
        }
        _ = try start(&house, id, nonce: 900, mayEvict: true)
        #expect(try living() == count + 1 - Limits.evictionsPerStart)
        _ = try start(&house, id, nonce: 901, mayEvict: true)
        #expect(try living() == 1)
    }

    @Test("Rows of sessions that have ended are removed by the starts that see them")
    func ended() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        try set(&house, .init(sessionsPerUser: .set(3), overflow: .deny))
        for round in 0..<20 {
            for nonce in 1...3 {
                let outcome = try start(&house, id, nonce: UInt64(round * 3 + nonce))
                #expect(outcome.refusal == nil)
            }
            _ = try house.apply(.revokeSessions(.init(user: id)), by: .node)
            let prefix = Sessions.userPrefix(.platform, id)
            let rows = house.tables.rows(.sessionsByUser).filter { $0.key.starts(with: prefix) }
            #expect(rows.count <= 5)
        }
    }

    @Test("Settings have bounds, a version and a permission of their own")
    func settings() throws {
        var house = try House.open()
        let other = try house.makeActor(9, ["users:write", "sessions:revoke"])
        let change = Command.UpdateSettings(sessionsPerUser: .set(3))
        #expect(
            try house.apply(.updateSettings(change), by: other).refusal
                == .insufficientPermissions)
        for wrong in [
            Command.UpdateSettings(sessionsPerUser: .set(0)),
            .init(sessionsPerUser: .set(Limits.sessionsPerUser + 1)),
            .init(idleMilliseconds: .set(59_999)),
            .init(absoluteMilliseconds: .set(Limits.sessionMilliseconds + 1)),
        ] {
            let refusal = try house.apply(.updateSettings(wrong), by: house.admin).refusal
            #expect(refusal == .invalid(.duration) || refusal == .invalid(.tooMany))
        }
        #expect(try SettingsRow.read(.platform, house.tables).version == 0)
        let own = try house.makeActor(10, ["settings:write"])
        var conditional = change
        conditional.condition = .version(0)
        #expect(try house.apply(.updateSettings(conditional), by: own).refusal == nil)
        #expect(
            try house.apply(.updateSettings(conditional), by: own).refusal
                == .versionMismatch(current: 1))
        let row = try SettingsRow.read(.platform, house.tables)
        #expect(row.version == 1 && row.sessionsPerUser == 3 && row.overflow == .deny)
        #expect(try house.lastAudit()?.action == .settingsUpdate)
        // The same again changes nothing.
        #expect(try house.apply(.updateSettings(change), by: own).refusal == nil)
        #expect(try SettingsRow.read(.platform, house.tables).version == 1)
    }

    @Test("Sessions that began before a moment end, in parts, and others go on")
    func before() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let old = try (1...3).map { try session(try start(&house, id, nonce: UInt64($0))) }
        house.now = house.now.advanced(milliseconds: 60_000)
        let moment = house.now
        let new = try session(try start(&house, id, nonce: 4))
        let other = try house.makeActor(9, ["users:write"])
        let command = Command.Operation.revokeSessions(
            .init(user: id, keeping: old[1].id, before: moment))
        #expect(try house.apply(command, by: other).refusal == .insufficientPermissions)
        #expect(try house.apply(command, by: .user(old[1].actor)).result == .revoked(removed: 2))
        for (session, lives) in [(old[0], false), (old[1], true), (old[2], false), (new, true)] {
            #expect(try house.isAllowed(session) == lives)
        }
        #expect(try house.apply(command, by: .node).result == .revoked(removed: 0))
        let many = Limits.revocationsPerEntry + 5
        for nonce in 10..<(10 + many) { _ = try start(&house, id, nonce: UInt64(nonce)) }
        house.now = house.now.advanced(milliseconds: 1)
        let all = Command.Operation.revokeSessions(.init(user: id, before: house.now))
        #expect(
            try house.apply(all, by: .node).result
                == .revoked(removed: UInt32(Limits.revocationsPerEntry)))
        // The two that were left, and the session that began last before these.
        #expect(try house.apply(all, by: .node).result == .revoked(removed: 7))
    }
}
