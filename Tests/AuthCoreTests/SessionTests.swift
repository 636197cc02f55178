import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct SessionTests {
    @Test("A session gets the next number and deadlines from the entry's stamp")
    func start() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let next = try house.meta.nextNumber
        let session = try house.startSession(id, refresh: digest(9))
        #expect(session.id.number == next)
        #expect(session.expiresAt == house.now.advanced(milliseconds: 720 * 60_000))
        #expect(session.idleExpiresAt == house.now.advanced(milliseconds: 30 * 60_000))
        #expect(session.address == "192.0.2.1" && session.hasRefreshFamily)
        #expect(try SessionRow.read(session.id, house.tables) == session)
        let guess = SessionID(number: session.id.number, nonce: session.id.nonce + 1)
        #expect(try SessionRow.read(guess, house.tables) == nil)
        #expect(try house.startSession(id).id.number == next.next)
        let audit = try house.lastAudit()
        #expect(audit?.action == .logIn)
        if case .user(let actor)? = audit?.actor {
            #expect(actor.user == id)
        } else {
            Issue.record("\(String(describing: audit?.actor))")
        }
    }

    @Test("Durations are bounded, and the idle end never lies behind the absolute one")
    func durations() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        for operation in [
            house.start(id, idleMinutes: 0), house.start(id, absoluteMinutes: 0),
            house.start(id, absoluteMinutes: Limits.sessionMilliseconds / 60_000 + 1),
        ] {
            #expect(try house.apply(operation, by: .anonymous).refusal == .invalid(.duration))
        }
        let outcome = try house.apply(
            house.start(id, idleMinutes: 50, absoluteMinutes: 20), by: .anonymous)
        if case .session(let session) = outcome.result {
            #expect(session.idleExpiresAt == session.expiresAt)
        } else {
            Issue.record("\(outcome)")
        }
    }

    @Test("A log-in without an auth version, or of a user without a password, is refused")
    func logInRefused() throws {
        var house = try House.open()
        let id = try house.makeUser(1, password: false)
        let has = try house.makeUser(2)
        #expect(
            try house.apply(house.start(id, authVersion: 1), by: .anonymous).refusal
                == .credentialsChanged)
        #expect(
            try house.apply(house.start(has, authVersion: nil), by: .anonymous).refusal
                == .credentialsChanged)
        #expect(
            try house.apply(house.start(UserID(bits: 99)), by: .anonymous).refusal
                == .notFound(.user))
    }

    @Test("A session for another needs sessions:create and their power over this server")
    func delegated() throws {
        var house = try House.open()
        try house.makeRole("app", ["invoke", "code:execute"])
        try house.makeRole("own", ["users:read"])
        let app = try house.makeUser(1, ["app"])
        let own = try house.makeUser(2, ["own"])
        let front = try house.makeActor(3, ["sessions:create"])
        let back = try house.makeActor(4, ["sessions:create", "users:read"])
        let none = try house.makeActor(5, ["sessions:read"])
        func start(_ user: UserID) -> Command.Operation {
            house.start(user, authVersion: nil, method: .delegated)
        }
        let operations = (app: start(app), own: start(own), admin: start(House.adminID))
        #expect(try house.apply(operations.app, by: front).refusal == nil)
        #expect(try house.lastAudit()?.action == .sessionStart)
        #expect(try house.apply(operations.own, by: front).refusal == .insufficientPermissions)
        #expect(try house.apply(operations.own, by: back).refusal == nil)
        #expect(try house.apply(operations.admin, by: back).refusal == .insufficientPermissions)
        #expect(try house.apply(operations.app, by: none).refusal == .insufficientPermissions)
    }

    @Test("Uses slide the idle end, never back, never past the absolute one")
    func touch() throws {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1))
        house.now = house.now.advanced(milliseconds: 600_000)
        try touch(&house, session, at: house.now, uses: 3)
        var row = try #require(try SessionRow.read(session.id, house.tables))
        #expect(row.accessCount == 3 && row.lastSeenAt == house.now)
        #expect(row.idleExpiresAt == house.now.advanced(milliseconds: 1_800_000))
        try touch(&house, session, at: .zero, uses: 1)
        #expect(try SessionRow.read(session.id, house.tables)?.idleExpiresAt == row.idleExpiresAt)
        try touch(&house, session, at: .max, uses: 1)
        row = try #require(try SessionRow.read(session.id, house.tables))
        #expect(row.lastSeenAt == house.now, "a node's clock does not lead the log's")
        #expect(row.version == 1, "uses are no change")
        for _ in 0..<40 {
            house.now = house.now.advanced(milliseconds: 1_200_000)
            try touch(&house, session, at: house.now, uses: 1)
        }
        #expect(try SessionRow.read(session.id, house.tables)?.idleExpiresAt == row.expiresAt)
    }

    @Test("A late touch revives nothing: neither idle, nor expired, nor revoked")
    func lateTouch() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let idle = try house.startSession(id)
        let revoked = try house.startSession(id)
        _ = try house.apply(.revokeSession(.init(session: revoked.id)), by: house.admin)
        let lastUse = house.now.advanced(milliseconds: 1_799_999)
        house.now = house.now.advanced(milliseconds: 1_800_000)
        try touch(&house, idle, at: lastUse, uses: 1)
        try touch(&house, revoked, at: lastUse, uses: 1)
        #expect(try SessionRow.read(idle.id, house.tables) == idle)
        #expect(try house.verdict(revoked) == .deny(.ended, isFinal: true))
    }

    @Test("Revoking removes every row of the session, its refresh family included")
    func revoke() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let session = try house.startSession(id, refresh: digest(1))
        let before = house.tables.count(.sessions)
        let outcome = try house.apply(.revokeSession(.init(session: session.id)), by: house.admin)
        #expect(outcome.result == .revoked(removed: 1))
        #expect(house.tables.count(.sessions) == before - 1)
        #expect(house.tables.count(.sessionsByUser) == before - 1)
        #expect(house.tables.count(.sessionsByExpiry) == before - 1)
        #expect(house.tables.count(.refreshFamilies) == 0)
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        let again = try house.apply(.revokeSession(.init(session: session.id)), by: house.admin)
        #expect(again.refusal == .notFound(.session))
    }

    @Test("One's own session ends without a permission, another's with sessions:revoke only")
    func revokePermissions() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let own = try house.startSession(id)
        let actor = try house.logIn(id)
        let other = try house.startSession(house.makeUser(2))
        let revoker = try house.makeActor(3, ["sessions:revoke"])
        func revoke(_ session: SessionRow) -> Command.Operation {
            .revokeSession(.init(session: session.id))
        }
        #expect(try house.apply(revoke(own), by: actor).refusal == nil)
        #expect(try house.apply(revoke(other), by: actor).refusal == .insufficientPermissions)
        #expect(try house.apply(revoke(own), by: actor).refusal == .insufficientPermissions)
        #expect(try house.apply(revoke(other), by: revoker).refusal == nil)
        #expect(
            try house.apply(.revokeSessions(.init(user: House.adminID)), by: actor).refusal
                == .insufficientPermissions)
    }

    @Test("All sessions of a user end in one step, but the one that is kept")
    func revokeAll() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let sessions = try (0..<5).map { _ in try house.startSession(id) }
        let foreign = try house.startSession(house.makeUser(2))
        let keep = Command.RevokeSessions(user: id, keeping: sessions[2].id)
        #expect(try house.apply(.revokeSessions(keep), by: house.admin).refusal == nil)
        #expect(try sessions.map { try house.isAllowed($0) } == [false, false, true, false, false])
        let dead = Command.RevokeSessions(user: id, keeping: sessions[1].id)
        _ = try house.apply(.revokeSessions(dead), by: house.admin)
        #expect(try sessions.allSatisfy { try !house.isAllowed($0) }, "the dead stay dead")
        let others = Command.RevokeSessions(user: id, keeping: foreign.id)
        _ = try house.apply(.revokeSessions(others), by: house.admin)
        #expect(try house.isAllowed(foreign))
        #expect(try house.user(id)?.version == 1)
    }

    private func touch(
        _ house: inout House, _ session: SessionRow, at: Timestamp, uses: UInt32
    ) throws {
        let touch = SessionTouch(session: session.id, lastSeen: at, uses: uses)
        let outcome = try house.apply(.touchSessions(.init(touches: [touch])), by: .node)
        #expect(outcome.result == .done)
    }
}

@Suite struct ValidationTests {
    @Test("A good token is allowed with its session, its user and the role table's version")
    func allow() throws {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1))
        let facts = SessionFacts(
            session: session, user: KnownUser(try #require(try house.user(UserID(bits: 1)))),
            roleTableVersion: try house.meta.roleTableVersion)
        #expect(try house.verdict(session) == .allow(facts))
    }

    @Test(
        "Only what no later view can undo is final (architecture, The protocol idea)",
        arguments: [
            (0, SessionDenial.ended, true), (1, .unknown, false),
            ((1 << 32) - 1, .unknown, false), (1 << 32, .unknown, true),
        ] as [(UInt64, SessionDenial, Bool)])
    func numbers(ahead: UInt64, denial: SessionDenial, isFinal: Bool) throws {
        let house = try House.open()
        let next = try house.meta.nextNumber.rawValue
        let number = CredentialNumber(ahead == 0 ? 0 : next + ahead)
        let verdict = try decideValidation(
            of: number, verifier: digest(1), wall: .zero, house.tables)
        #expect(verdict == .deny(denial, isFinal: isFinal))
        let exactlyNext = try decideValidation(
            of: CredentialNumber(next), verifier: digest(1), wall: .zero, house.tables)
        #expect(exactlyNext == .deny(.unknown, isFinal: false))
    }

    @Test("Another verifier is refused for good")
    func wrongVerifier() throws {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1))
        let verdict = try decideValidation(
            of: session.id.number, verifier: digest(0xEE), wall: .zero, house.tables)
        #expect(verdict == .deny(.wrongVerifier, isFinal: true))
    }

    @Test("Ends are exclusive; a wall clock shortens a life but ends nothing for good")
    func edges() throws {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1))
        func at(_ end: Timestamp, _ minus: UInt64) -> Timestamp {
            Timestamp(milliseconds: end.rawValue - minus)
        }
        if case .allow = try house.verdict(session, wall: at(session.idleExpiresAt, 1)) {
        } else {
            Issue.record("denied before the idle end")
        }
        #expect(
            try house.verdict(session, wall: session.idleExpiresAt)
                == .deny(.idle, isFinal: false))
        #expect(
            try house.verdict(session, wall: at(session.expiresAt, 1))
                == .deny(.idle, isFinal: false))
        #expect(
            try house.verdict(session, wall: session.expiresAt)
                == .deny(.expired, isFinal: false))
        house.now = session.expiresAt
        // An entry that sweeps nothing moves the state's own time.
        _ = try house.apply(.touchSessions(.init(touches: [])), by: .node)
        #expect(try house.verdict(session) == .deny(.expired, isFinal: true))
    }

    @Test("A session whose epoch lies ahead of its user's is damage")
    func damagedEpoch() throws {
        var house = try House.open()
        var session = try house.startSession(house.makeUser(1))
        session.epoch = 9
        try session.put(house.tables)
        #expect(throws: StateDamage.self) { try house.verdict(session) }
    }

    @Test("A row that cannot be read, or lies under another key, is damage")
    func damagedRow() throws {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1))
        let other = CredentialNumber(session.id.number.rawValue + 10)
        try house.tables.put(.sessions, SessionRow.key(other), session.encodedRow)
        #expect(throws: StateDamage.self) { try SessionRow.read(other, house.tables) }
        try house.tables.put(.sessions, session.key, [1, 2, 3])
        #expect(throws: StateDamage.self) { try house.verdict(session) }
    }
}
