import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct RequestTests {
    private func key(
        _ scope: UInt8, body: UInt8 = 1, subject: UInt128 = 1,
        lifeMilliseconds: UInt64 = 60_000, sealed: [UInt8] = []
    ) -> RequestKey {
        RequestKey(
            scope: digest(scope), subject: subject, body: digest(body),
            timeToLiveMilliseconds: lifeMilliseconds, sealedAnswer: sealed)
    }

    private func create(_ id: UInt128) -> Command.Operation {
        .createUser(.init(id: UserID(bits: id), username: name("u\(id)")))
    }

    @Test("The same key and body give the first outcome again, and nothing else happens")
    func replay() throws {
        var house = try House.open()
        let first = try house.apply(create(1), by: house.admin, key: key(1, sealed: [4, 2]))
        let users = house.tables.count(.users)
        let audit = try house.meta.nextAudit
        // A retry draws another id; it must not matter.
        let again = try house.apply(create(2), by: house.admin, key: key(1, sealed: [9]))
        #expect(again.result == first.result && again.index == first.index)
        #expect(first.replay == nil && again.replay == .init(sealedAnswer: [4, 2]))
        #expect(house.tables.count(.users) == users)
        #expect(try house.meta.nextAudit == audit)
    }

    @Test("Who is ended gets no session again by asking again (security §2.8)")
    func replayOfTheEnded() throws {
        var house = try House.open()
        let user = UserID(bits: 9)
        _ = try house.apply(
            .createUser(.init(id: user, username: name("nine"))), by: house.admin)
        let start = Command.Operation.startSession(
            .init(
                user: user, nonce: 1, verifier: digest(1), idleMilliseconds: 60_000,
                absoluteMilliseconds: 60_000, method: .delegated))
        let first = try house.apply(start, by: house.admin, key: key(1, sealed: [4]))
        #expect(first.refusal == nil)
        #expect(try house.apply(start, by: house.admin, key: key(1)).replay != nil)
        guard case .user(let actor) = house.admin, let session = actor.session else { return }
        _ = try house.apply(.revokeSession(.init(session: session)), by: house.admin)
        let again = try house.apply(start, by: house.admin, key: key(1))
        #expect(again.refusal == .actorEnded)
        #expect(again.replay == nil)
    }

    @Test("The same key with another body is refused, and the first outcome stays")
    func mismatch() throws {
        var house = try House.open()
        _ = try house.apply(create(1), by: house.admin, key: key(1))
        let other = try house.apply(create(2), by: house.admin, key: key(1, body: 2))
        #expect(other.refusal == .idempotencyMismatch)
        #expect(try house.apply(create(3), by: house.admin, key: key(1)).replay != nil)
    }

    @Test("A refusal is remembered, but not one that the server retries by itself")
    func refusals() throws {
        var house = try House.open()
        let taken = Command.CreateUser(id: UserID(bits: 5), username: name("admin"))
        let refused = try house.apply(.createUser(taken), by: house.admin, key: key(1))
        #expect(refused.refusal == .exists(.user))
        #expect(try house.apply(.createUser(taken), by: house.admin, key: key(1)).replay != nil)
        func put(_ version: UInt64) -> Command.Operation {
            .putSecret(
                .init(
                    path: path("a"), version: version, value: SealedBlob(term: 1, bytes: [])))
        }
        let stale = try house.apply(put(7), by: house.admin, key: key(2))
        #expect(stale.refusal == .stale(current: 0))
        let done = try house.apply(put(1), by: house.admin, key: key(2))
        #expect(done.refusal == nil && done.replay == nil)
    }

    @Test("A record is kept until its moment, at most a day, and then the key is free")
    func expiry() throws {
        var house = try House.open()
        _ = try house.apply(create(1), by: house.admin, key: key(1, lifeMilliseconds: 1000))
        house.now = house.now.advanced(milliseconds: 999)
        #expect(try house.apply(create(2), by: house.admin, key: key(1)).replay != nil)
        house.now = house.now.advanced(milliseconds: 1)
        let fresh = try house.apply(create(2), by: house.admin, key: key(1))
        #expect(fresh.replay == nil && fresh.refusal == nil)
        #expect(house.tables.count(.requests) == 1)
        _ = try house.apply(create(3), by: house.admin, key: key(2, lifeMilliseconds: .max))
        let row = try #require(try RequestRow.row(digest(2).bytes, house.tables))
        #expect(row.expiresAt == house.now.advanced(milliseconds: 86_400_000))
    }

    @Test("Records that expired are removed as others come, with their counts")
    func swept() throws {
        var house = try House.open()
        for scope in 1...20 as ClosedRange<UInt8> {
            _ = try house.apply(
                create(UInt128(scope)), by: house.admin,
                key: key(scope, subject: UInt128(scope % 3), lifeMilliseconds: 1000))
        }
        house.now = house.now.advanced(milliseconds: 1000)
        for scope in 21...40 as ClosedRange<UInt8> {
            _ = try house.apply(
                create(UInt128(scope)), by: house.admin, key: key(scope, subject: 9))
        }
        #expect(house.tables.count(.requests) == 20)
        #expect(house.tables.count(.requestsByExpiry) == 20)
        #expect(try RequestSubject.count(0, house.tables) == 0)
        #expect(try RequestSubject.count(9, house.tables) == 20)
        #expect(house.tables.count(.requestSubjects) == 1)
    }

    @Test("A subject has at most so many live records; others are not concerned")
    func quota() throws {
        var house = try House.open()
        try RequestSubject.add(Int64(Limits.requestsPerSubject), to: 7, house.tables)
        let refused = try house.apply(create(1), by: house.admin, key: key(1, subject: 7))
        #expect(refused.refusal == .quota(.request))
        #expect(try house.apply(create(1), by: house.admin, key: key(1, subject: 8)).refusal == nil)
    }
}

@Suite struct AuditTests {
    @Test("Rows chain by the hash of the row before, without a gap (security §2.8)")
    func chain() throws {
        var house = try House.open()
        for id in 1...5 as ClosedRange<UInt128> { try house.makeUser(id) }
        var previous = Digest256.zero
        var sequence: UInt64 = 0
        for (key, value) in house.tables.rows(.audit) {
            let row = try AuditRow(key: key, value: value)
            sequence += 1
            #expect(row.sequence == sequence && row.previous == previous)
            previous = try #require(Digest256(bytes: House.hash(value)))
            #expect(row.encoded() == value)
        }
        #expect(try house.meta.auditHead == previous)
        #expect(try house.meta.nextAudit == sequence + 1)
        let bytes = house.tables.rows(.audit).map { $0.key.count + $0.value.count }
        #expect(try house.meta.auditBytes == UInt64(bytes.reduce(0, +)))
    }

    @Test("Events that change nothing come in a batch, each with its own actor")
    func batch() throws {
        var house = try House.open()
        let events = [
            AuditEvent(
                actor: house.admin, action: .secretRead, target: .secret(path("a")),
                outcome: .success, requestID: "r1", details: [.version(2)]),
            AuditEvent(
                actor: .anonymous, action: .logIn, outcome: .denied,
                details: [.reason(.wrongPassword)]),
        ]
        let first = try house.meta.nextAudit
        let outcome = try house.apply(.recordAudit(.init(events: events)), by: .node)
        #expect(outcome.result == .audited(first: first, count: 2))
        let row = try AuditRow.read(first, house.tables)
        #expect(row?.actor == house.admin && row?.requestID == "r1" && row?.node == NodeID(1))
        #expect(try AuditRow.read(first + 1, house.tables)?.details == [.reason(.wrongPassword)])
    }

    @Test("Touching and sweeping write no row; every other command writes one")
    func oneRowEach() throws {
        var house = try House.open()
        let before = try house.meta.nextAudit
        _ = try house.apply(.sweep(.init(limit: 1)), by: .node)
        _ = try house.apply(.touchSessions(.init(touches: [])), by: .node)
        #expect(try house.meta.nextAudit == before)
        let operations: [Command.Operation] = [
            .createUser(.init(id: UserID(bits: 1), username: name("a"))),
            .updateUser(.init(id: UserID(bits: 1), email: "x")),
            .setPassword(.init(user: UserID(bits: 1), password: PasswordHash(phc: "$"))),
            .putRole(.init(name: role("r"), permissions: [])),
            .grantRole(.init(user: UserID(bits: 1), role: role("r"))),
            .revokeRole(.init(user: UserID(bits: 1), role: role("r"))),
            .deleteRole(.init(name: role("r"))),
            .revokeSessions(.init(user: UserID(bits: 1))),
            .putSecret(.init(path: path("p"), version: 1, value: SealedBlob(term: 1, bytes: []))),
            .deleteSecret(.init(path: path("p"))), .deleteUser(.init(id: UserID(bits: 1))),
        ]
        var actions: [AuditAction] = []
        for (count, operation) in operations.enumerated() {
            #expect(try house.apply(operation, by: house.admin).refusal == nil)
            #expect(try house.meta.nextAudit == before + UInt64(count) + 1)
            let row = try #require(try house.lastAudit())
            #expect(row.outcome == .success && row.index.rawValue == UInt64(house.log.count))
            actions.append(row.action)
        }
        #expect(
            actions == [
                .userCreate, .userUpdate, .passwordSet, .rolePut, .roleGrant, .roleRevoke,
                .roleDelete, .sessionRevokeAll, .secretPut, .secretDelete, .userDelete,
            ])
    }

    @Test("Rows older than 90 days go, two at a time, and the chain goes on")
    func age() throws {
        var house = try House.open()
        for id in 1...10 as ClosedRange<UInt128> { try house.makeUser(id) }
        let rows = house.tables.count(.audit)
        house.now = house.now.advanced(milliseconds: Limits.auditMilliseconds)
        try house.makeUser(20)
        #expect(house.tables.count(.audit) == rows + 1)
        house.now = house.now.advanced(milliseconds: 1)
        try house.makeUser(21)
        #expect(house.tables.count(.audit) == rows)
        _ = try house.apply(.sweep(.init(limit: 1000)), by: .node)
        #expect(house.tables.count(.audit) == 2)
        #expect(try house.meta.firstAudit == house.meta.nextAudit - 2)
        let kept = try Listing.audit(.platform, limit: 9, filter: .init(), house.tables).items
        #expect(kept.map(\.sequence) == [try house.meta.firstAudit, try house.meta.firstAudit + 1])
        for row in kept {
            let found = try Listing.auditSequence(notBefore: row.at, house.tables)
            #expect(found == kept.first { $0.at == row.at }?.sequence)
        }
        #expect(
            try Listing.auditSequence(notBefore: .zero, house.tables) == house.meta.firstAudit)
    }

    @Test("A record that was changed, removed or put behind the last one breaks the chain")
    func brokenChain() throws {
        var house = try House.open()
        for id in 1...5 as ClosedRange<UInt128> { try house.makeUser(id) }
        let last = try house.meta.nextAudit - 1
        func look(after: UInt64 = 0, limit: Int = 100) throws -> AuditChain {
            try AuditChain.look(after: after, limit: limit, house.tables, sha256: House.hash)
        }
        let whole = try look()
        #expect(whole.isWhole && whole.brokenAt == nil && whole.first == 1 && whole.last == last)
        #expect(try whole.head == house.meta.auditHead)
        let part = try look(after: 2, limit: 2)
        #expect(!part.isWhole && part.brokenAt == nil && part.first == 3 && part.last == 4)
        for after in [last, last + 1, .max] {
            let rest = try look(after: after)
            #expect(rest.isWhole && rest.brokenAt == nil && rest.last == 0)
        }
        for sequence in 1...last {
            let row = try #require(try AuditRow.read(sequence, house.tables))
            let key = Key.of(sequence)
            let changed = AuditRow(
                sequence: sequence, index: row.index, at: row.at, tenant: row.tenant,
                actor: row.actor, action: row.action, target: row.target, outcome: .denied,
                requestID: row.requestID, address: row.address, node: row.node,
                details: row.details, previous: row.previous)
            try house.tables.put(.audit, key, changed.encoded())
            #expect(try look().brokenAt == sequence + 1)
            #expect(try look(after: sequence, limit: 1).brokenAt == sequence + 1)
            try house.tables.delete(.audit, key)
            #expect(try look().brokenAt == sequence)
            try house.tables.put(.audit, key, row.encoded())
        }
        #expect(try look() == whole)
    }

    @Test("Rows over the bytes that are kept go first in, first out")
    func bytes() throws {
        var house = try House.open()
        var meta = try house.meta
        meta.auditBytes += Limits.auditBytes
        try meta.write(house.tables)
        let first = meta.firstAudit
        try house.makeUser(1)
        #expect(try house.meta.firstAudit == first + 2)
    }

    @Test("Names of actions are one to one, and found again")
    func names() {
        for action in AuditAction.allCases { #expect(AuditAction(name: action.name) == action) }
        #expect(AuditAction(name: "nothing") == nil)
        #expect(Set(AuditReason.allCases.map(\.name)).count == AuditReason.allCases.count)
        #expect(UserFields([.email, .disabled]).names == ["email", "disabled"])
    }
}

@Suite struct SweepTests {
    @Test("Sessions that ended in any way are removed in bounded steps; others are looked at later")
    func sessions() throws {
        var house = try House.open()
        let living = try house.makeUser(1)
        let deleted = try house.makeUser(2)
        for _ in 0..<5 { _ = try house.startSession(living) }
        for _ in 0..<5 { _ = try house.startSession(deleted, refresh: digest(1)) }
        let kept = try house.startSession(living)
        _ = try house.apply(.deleteUser(.init(id: deleted)), by: .node)
        house.now = house.now.advanced(milliseconds: 1_200_000)
        let touch = SessionTouch(session: kept.id, lastSeen: house.now, uses: 1)
        _ = try house.apply(.touchSessions(.init(touches: [touch])), by: .node)
        #expect(try !isSweepDue(house.tables))
        house.now = house.now.advanced(milliseconds: 660_000)
        _ = try house.apply(.touchSessions(.init(touches: [])), by: .node)
        #expect(try isSweepDue(house.tables))
        // The administrator's own, five and five, and one that lives.
        #expect(house.tables.count(.sessions) == 12)
        let outcome = try house.apply(.sweep(.init(limit: 5)), by: .node)
        #expect(outcome.result == .swept(removed: 5, moreDue: true))
        #expect(house.tables.count(.sessions) == 7)
        _ = try house.apply(.sweep(.init(limit: 50)), by: .node)
        #expect(house.tables.rows(.sessions).map(\.key) == [SessionRow.key(kept.id.number)])
        #expect(house.tables.count(.sessionsByUser) == 1)
        #expect(house.tables.count(.sessionsByExpiry) == 1)
        #expect(house.tables.count(.refreshFamilies) == 0)
        #expect(try !isSweepDue(house.tables))
        #expect(try house.isAllowed(kept))
    }

    @Test("A session that was used is kept until its last millisecond")
    func lastMillisecond() throws {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1))
        house.now = house.now.advanced(milliseconds: 600_000)
        let touch = SessionTouch(session: session.id, lastSeen: house.now, uses: 1)
        _ = try house.apply(.touchSessions(.init(touches: [touch])), by: .node)
        house.now = house.now.advanced(milliseconds: 1_799_999)
        _ = try house.apply(.sweep(.init(limit: 9)), by: .node)
        #expect(try house.isAllowed(session))
    }

    @Test("Every log-in removes two that expired, so the table does not outgrow what lives")
    func inPassing() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        for _ in 0..<20 { _ = try house.startSession(id) }
        house.now = house.now.advanced(milliseconds: 3_600_000)
        for _ in 0..<20 { _ = try house.startSession(id) }
        #expect(house.tables.count(.sessions) == 20)
    }

    @Test("No sweep touches a session that a validation would allow")
    func neverLiving() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        var house = try House.open()
        let id = try house.makeUser(1)
        var sessions: [SessionRow] = []
        for _ in 0..<150 {
            house.now = house.now.advanced(milliseconds: UInt64(dice.below(400_000)))
            switch dice.below(4) {
            case 0: sessions.append(try house.startSession(id))
            case 1:
                let touches = sessions.filter { _ in dice.chance(50) }.map {
                    SessionTouch(session: $0.id, lastSeen: house.now, uses: 1)
                }
                _ = try house.apply(.touchSessions(.init(touches: touches)), by: .node)
            default:
                let before = try sessions.filter { try isAlive($0, house) }
                _ = try house.apply(.sweep(.init(limit: 3)), by: .node)
                for session in before {
                    #expect(try SessionRow.read(session.id, house.tables) != nil, "seed \(seed)")
                }
            }
        }
    }

    private func isAlive(_ session: SessionRow, _ house: House) throws -> Bool {
        let verdict = try decideValidation(
            of: session.id.number, verifier: session.verifier, wall: house.now, house.tables)
        if case .allow = verdict { return true } else { return false }
    }
}
