import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

extension TenantTests {
    /// Fills a tenant with one or more of everything.
    private mutating func fill() throws {
        let place = Self.acme
        _ = try logIn(60, refresh: digest(1))
        _ = try makeKey()
        let admin = house.admin
        func apply(_ operation: Command.Operation, by actor: Actor) throws {
            let outcome = try house.apply(operation, by: actor, in: place)
            #expect(outcome.refusal == nil, "\(operation) \(outcome)")
        }
        try apply(
            .createKey(
                .init(
                    nonce: 10, owner: Self.first, origin: .imported, digest: digest(0x79),
                    scope: .roles([BuiltInRole.superAdmin.name]),
                    expiry: .after(milliseconds: 1_000_000))), by: .node)
        for number in UInt128(0)..<450 {
            try apply(
                .createUser(
                    .init(
                        id: UserID(bits: 5_000 + number),
                        username: AuthCoreTests.name("user\(number)"),
                        roles: [BuiltInRole.viewer.name],
                        password: number < 3 ? PasswordHash(phc: "$1") : nil)), by: admin)
        }
        try apply(.putRole(.init(name: role("own"), permissions: [])), by: admin)
        for version in UInt64(1)...3 {
            try apply(
                .putSecret(
                    .init(
                        path: path("a/b"), version: version,
                        value: SealedBlob(term: 1, bytes: [1]))), by: admin)
        }
        try apply(.updateSettings(.init(sessionsPerUser: .set(9))), by: admin)
        let subjects: [LogInSubject] = [.user(UserID(bits: 5_001)), .name(digest(8))]
        for subject in subjects {
            try apply(.failLogIn(.init(subject: subject, reason: .wrongPassword)), by: .anonymous)
        }
        try apply(
            .enrolFactor(
                .init(
                    user: Self.first, authVersionSeen: 1, enrolment: 1,
                    secret: SealedBlob(term: 1, bytes: [1]))),
            by: .user(try logIn(61).actor))
        try tellUsage(sequence: 1)
    }

    /// Tells of uses in the tenant and in the first one, as a node does.
    private mutating func tellUsage(sequence: UInt64) throws {
        let day = UsagePeriod.day(of: house.now)
        let uses = [TenantID.platform, Self.acme].flatMap { tenant in
            (UInt128(1)...150).map {
                Usage(tenant: tenant, subject: UsageSubject(.user, $0), day: day, count: 1)
            }
        }
        _ = try house.apply(.addUsage(.init(sequence: sequence, uses: uses)), by: .node)
    }

    /// Rows that name the tenant, by table, but for the records of what was done.
    private func traces() -> [Table: Int] {
        var traces: [Table: Int] = [:]
        for table in Table.allCases
        where ![.audit, .proposals, .requests].contains(table) {
            let bytes = Self.acme.bytes
            func names(_ text: [UInt8]) -> Bool {
                text.count >= 16
                    && text.indices.dropLast(15).contains {
                        text[$0..<($0 + 16)].elementsEqual(bytes)
                    }
            }
            let count = house.tables.rows(table).count { names($0.key) || names($0.value) }
            if count > 0 { traces[table] = count }
        }
        return traces
    }

    @Test("Deleted: all is refused at once, removed in bounded steps, and then the name is free")
    mutating func deletion() throws {
        let before = InMemoryTables(copying: house.tables)
        try fill()
        let session = try logIn(70)
        let key = try makeKey(0x7A)
        let tables: Set<Table> = [
            .sessions, .sessionsByUser, .keys, .keysByOwner, .keyRoles, .users, .usersByName,
            .passwords, .roles, .roleHolders, .secrets, .secretVersions, .settings, .secondFactors,
            .logInFailures, .tenants, .tenantsByName, .usage, .usageLists,
        ]
        #expect(tables.isSubset(of: Set(traces().keys)), "\(traces())")
        let delete = Command.Operation.deleteTenant(.init(id: Self.acme))
        #expect(try house.apply(delete, by: house.admin).refusal == nil)
        #expect(try house.lastAudit()?.action == .tenantDelete)
        #expect(try house.lastAudit()?.target == .tenant(Self.acme))
        #expect(try isSweepDue(house.tables))
        try expectGone(session, key)
        var steps = 0
        while try isSweepDue(house.tables) {
            let rows = Table.allCases.reduce(0) { $0 + house.tables.count($1) }
            let outcome = try house.apply(.sweep(.init(limit: 5)), by: .node)
            let left = Table.allCases.reduce(0) { $0 + house.tables.count($1) }
            #expect(rows - left <= 45 * Limits.tenantObjectsPerSweep)
            steps += 1
            guard steps < 50, case .swept = outcome.result else { break }
            try expectGone(session, key)
            // What a node tells late of a tenant that is gone makes no rows again.
            try tellUsage(sequence: UInt64(steps) + 1)
            if try isSweepDue(house.tables) {
                #expect(try create(TenantID(bits: 3), "acme").refusal == .exists(.tenant))
                #expect(try house.apply(delete, by: house.admin).result == .done)
            }
        }
        #expect(steps > 2 && steps < 50)
        #expect(traces().isEmpty, "\(traces())")
        #expect(try house.apply(delete, by: house.admin).refusal == .notFound(.tenant))
        // What the other tenant has is as it was.
        for table in [Table.users, .roles, .passwords, .settings] {
            let own = before.rows(table).filter { $0.key.starts(with: TenantID.platform.bytes) }
            #expect(house.tables.rows(table).map(\.key) == own.map(\.key), "\(table)")
        }
        #expect(try KeyCountRow.read(house.tables) == KeyCountRow(keys: 0, imported: 0))
        #expect(try LogInCountRow.read(house.tables).rows == 0)
        #expect(try TenantCountRow.read(house.tables).tenants == 0)
        // A day and a month of each user of the first tenant.
        #expect(try UsageCountRow.read(house.tables).rows == 300)
        #expect(try create(TenantID(bits: 3), "acme", UserID(bits: 0xF3)).refusal == nil)
        #expect(try !house.isAllowed(session) && !house.isAllowed(key))
    }

    private mutating func expectGone(_ session: SessionRow, _ key: KeyRow) throws {
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        #expect(try house.verdict(key) == .deny(.ended, isFinal: true))
        for (operation, actor) in [
            (house.start(Self.first), Actor.anonymous),
            (.deleteUser(.init(id: Self.first)), house.admin),
            (.createUser(.init(id: UserID(bits: 9), username: AuthCoreTests.name("x"))), .node),
            (.failLogIn(.init(subject: .name(digest(1)), reason: .unknownUser)), .anonymous),
            (.deleteKey(.init(id: key.id)), .user(session.actor)),
        ] {
            let outcome = try house.apply(operation, by: actor, in: Self.acme)
            #expect(outcome.refusal == .notFound(.tenant), "\(operation)")
        }
        let resume = Command.Operation.updateTenant(.init(id: Self.acme, suspended: false))
        #expect(try house.apply(resume, by: house.admin).refusal == .notFound(.tenant))
    }

    @Test("There are no more tenants than the limit, and a deleted one makes room when it is gone")
    mutating func quota() throws {
        try TenantCountRow(tenants: Limits.tenants).put(house.tables)
        #expect(try create(TenantID(bits: 2), "two").refusal == .quota(.tenant))
        _ = try house.apply(.deleteTenant(.init(id: Self.acme)), by: .node)
        #expect(try create(TenantID(bits: 2), "two").refusal == .quota(.tenant))
        _ = try house.apply(.sweep(.init(limit: 5)), by: .node)
        #expect(try create(TenantID(bits: 2), "two").refusal == nil)
    }
}
