import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

/// Tenants in the replicated state (decision 16).
@Suite("Tenants: made, suspended, deleted, and never seen from another one")
struct TenantTests {
    static let acme = TenantID(bits: 0xAC)
    static let first = UserID(bits: 0xF1)

    var house: House

    init() throws {
        house = try House.open()
        try create(Self.acme, "acme", Self.first)
    }

    @discardableResult
    mutating func create(
        _ id: TenantID, _ name: String, _ administrator: UserID? = nil, by actor: Actor? = nil
    ) throws -> Outcome {
        try house.apply(
            .createTenant(
                .init(
                    id: id, name: role(name), displayName: "Acme",
                    administrator: administrator.map {
                        .init(
                            id: $0, username: AuthCoreTests.name("first"),
                            password: PasswordHash(phc: "$test$1"))
                    })), by: actor ?? house.admin)
    }

    private mutating func set(_ suspended: Bool) throws -> Outcome {
        try house.apply(
            .updateTenant(.init(id: Self.acme, suspended: suspended)), by: house.admin)
    }

    /// The first administrator of acme, on a new session.
    mutating func logIn(_ nonce: UInt64 = 50, refresh: Digest256? = nil) throws
        -> SessionRow
    {
        let outcome = try house.apply(
            house.start(Self.first, nonce: nonce, refresh: refresh), by: .anonymous, in: Self.acme)
        guard case .session(let session) = outcome.result else {
            throw Unexpected(outcome: outcome)
        }
        return session
    }

    struct Unexpected: Error { let outcome: Outcome }

    mutating func makeKey(_ byte: UInt8 = 0x77) throws -> KeyRow {
        let outcome = try house.apply(
            .createKey(
                .init(
                    nonce: 9, owner: Self.first, digest: digest(byte),
                    scope: .permissions([permission("invoke")]), expiry: .never)),
            by: .node, in: Self.acme)
        guard case .key(let key) = outcome.result else { throw Unexpected(outcome: outcome) }
        return key
    }

    // MARK: - Making

    @Test("A tenant has the built-in roles, without what exists in the platform tenant only")
    mutating func roles() throws {
        for builtIn in BuiltInRole.allCases {
            let role = try #require(
                try RoleRow.read(Self.acme, builtIn.name, house.tables), "\(builtIn)")
            #expect(role.builtIn && !role.permissions.contains(where: \.isPlatformOnly))
        }
        let user = try #require(try UserRow.read(Self.acme, Self.first, house.tables))
        #expect(user.roles == [BuiltInRole.superAdmin.name])
        let all = try EffectivePermissions.resolve(user, house.tables)
        for text in ["cluster:read", "seal:manage", "tenants:act", "tenants:write", "audit:export"]
        {
            #expect(!all.allows(permission(text)), "\(text)")
        }
        #expect(all.allows(permission("users:write")) && all.allows(permission("anything")))
        let session = try logIn()
        let outcome = try house.apply(
            .putRole(.init(name: role("r"), permissions: [permission("tenants:act")])),
            by: .user(session.actor), in: Self.acme)
        #expect(outcome.refusal == .invalid(.platformPermission))
    }

    @Test("Names and ids are given once, and no name begins like an id")
    mutating func names() throws {
        #expect(try create(TenantID(bits: 2), "acme").refusal == .exists(.tenant))
        #expect(try create(Self.acme, "other").refusal == .exists(.tenant))
        #expect(try create(TenantID(bits: 2), "default").refusal == .exists(.tenant))
        #expect(try create(TenantID(bits: 2), "ten_x").refusal == .invalid(.form))
        #expect(try create(.nobody, "nobody").refusal == .invalid(.form))
        let rename = Command.UpdateTenant(id: Self.acme, name: role("default"))
        #expect(
            try house.apply(.updateTenant(rename), by: house.admin).refusal == .exists(.tenant))
        let moved = Command.UpdateTenant(id: Self.acme, name: role("moved"))
        #expect(try house.apply(.updateTenant(moved), by: house.admin).refusal == nil)
        #expect(try TenantRow.read(named: role("acme"), house.tables) == nil)
        #expect(try TenantRow.read(named: role("moved"), house.tables)?.id == Self.acme)
        let old = Command.UpdateTenant(
            id: Self.acme, condition: .version(1), displayName: "x")
        #expect(
            try house.apply(.updateTenant(old), by: house.admin).refusal
                == .versionMismatch(current: 2))
    }

    @Test("Only who may in the platform tenant makes, changes and deletes tenants")
    mutating func rights() throws {
        let viewer = try house.makeActor(9, ["users:write", "tenants:read", "tenants:act"])
        let inside = Actor.user(try logIn().actor)
        let operations: [Command.Operation] = [
            .createTenant(.init(id: TenantID(bits: 2), name: role("two"))),
            .updateTenant(.init(id: Self.acme, suspended: true)),
            .deleteTenant(.init(id: Self.acme)),
        ]
        for operation in operations {
            for (actor, place) in [
                (viewer, TenantID.platform), (inside, .platform), (inside, Self.acme),
                (house.admin, Self.acme), (.anonymous, .platform),
            ] {
                let outcome = try house.apply(operation, by: actor, in: place)
                #expect(outcome.refusal == .insufficientPermissions, "\(operation) \(actor)")
            }
        }
        #expect(try TenantRow.read(Self.acme, house.tables)?.state == .active)
    }

    @Test("The first tenant is neither suspended, renamed nor deleted")
    mutating func platform() throws {
        for body in [
            Command.UpdateTenant(id: .platform, suspended: true),
            .init(id: .platform, name: role("other")),
        ] {
            #expect(
                try house.apply(.updateTenant(body), by: .node).refusal
                    == .invalid(.platformTenant))
        }
        #expect(
            try house.apply(.deleteTenant(.init(id: .platform)), by: .node).refusal
                == .invalid(.platformTenant))
        let shown = Command.UpdateTenant(id: .platform, displayName: "Us", suspended: false)
        #expect(try house.apply(.updateTenant(shown), by: .node).refusal == nil)
        #expect(try TenantRow.read(.platform, house.tables)?.displayName == "Us")
    }

    @Test("The tenant of a cluster of the first release is written as that release writes it")
    func form() throws {
        let row = try #require(try house.tables.get(.tenants, TenantID.platform.bytes))
        #expect(row.first == 1)
        let made = try #require(try house.tables.get(.tenants, Self.acme.bytes))
        #expect(made.first == 2)
    }

    // MARK: - Acting

    @Test("A platform subject acts in another tenant with tenants:act and the right itself")
    mutating func acting() throws {
        let create = Command.Operation.createUser(
            .init(id: UserID(bits: 77), username: AuthCoreTests.name("made")))
        let without = try house.makeActor(9, ["users:write"])
        #expect(
            try house.apply(create, by: without, in: Self.acme).refusal
                == .insufficientPermissions)
        let merely = try house.makeActor(10, ["tenants:act"])
        #expect(
            try house.apply(create, by: merely, in: Self.acme).refusal
                == .insufficientPermissions)
        let both = try house.makeActor(11, ["tenants:act", "users:write"])
        #expect(try house.apply(create, by: both, in: Self.acme).refusal == nil)
        let record = try #require(try house.lastAudit())
        #expect(record.tenant == Self.acme && record.details.contains(.actorTenant(.platform)))
        #expect(try UserRow.read(.platform, UserID(bits: 77), house.tables) == nil)
        // Nobody gives more than they have, wherever they do it.
        let grant = Command.Operation.grantRole(
            .init(user: UserID(bits: 77), role: BuiltInRole.superAdmin.name))
        let granting = try house.makeActor(12, ["tenants:act", "roles:grant"])
        #expect(
            try house.apply(grant, by: granting, in: Self.acme).refusal
                == .insufficientPermissions)
        #expect(try house.apply(grant, by: house.admin, in: Self.acme).refusal == nil)
    }

    @Test("Nobody of another tenant acts anywhere else, whatever they hold at home")
    mutating func outward() throws {
        try create(TenantID(bits: 2), "two", UserID(bits: 0xF2))
        let actor = Actor.user(try logIn().actor)
        for place in [TenantID.platform, TenantID(bits: 2)] {
            for operation in [
                Command.Operation.createUser(
                    .init(id: UserID(bits: 78), username: AuthCoreTests.name("x"))),
                .deleteUser(.init(id: UserID(bits: 0xF2))),
                .deleteUser(.init(id: House.adminID)), .deleteSecret(.init(path: path("a"))),
                .putRole(.init(name: role("r"), permissions: [])),
                .updateSettings(.init(sessionsPerUser: .set(1))),
            ] {
                #expect(
                    try house.apply(operation, by: actor, in: place).refusal
                        == .insufficientPermissions)
            }
        }
    }

    // MARK: - Suspending

    @Test("Suspended: nothing of the tenant is good or given, and all comes back when resumed")
    mutating func suspension() throws {
        let session = try logIn(refresh: digest(1))
        let key = try makeKey()
        let own = Actor.user(session.actor)
        #expect(try house.isAllowed(session) && house.isAllowed(key))
        #expect(try set(true).refusal == nil)
        #expect(try house.verdict(session) == .deny(.tenantSuspended, isFinal: false))
        #expect(try house.verdict(key) == .deny(.tenantSuspended, isFinal: false))
        let byID = try decideValidation(of: session.id, wall: .zero, house.tables)
        #expect(byID == .deny(.tenantSuspended, isFinal: false))
        #expect(
            try house.apply(house.start(Self.first), by: .anonymous, in: Self.acme).refusal
                == .tenantSuspended)
        #expect(
            try house.apply(house.start(Self.first, method: .delegated), by: .node, in: Self.acme)
                .refusal == .tenantSuspended)
        #expect(throws: Unexpected.self) { try makeKey(0x78) }
        #expect(
            try house.apply(
                .rotateKey(.init(id: key.id, digest: digest(7), graceMilliseconds: 0)), by: .node,
                in: Self.acme
            ).refusal == .tenantSuspended)
        let refresh = Command.Operation.rotateRefresh(
            .init(
                number: session.id.number, presented: digest(1), successor: digest(2),
                sealedSuccessor: [1]))
        #expect(
            try house.apply(refresh, by: .anonymous, in: Self.acme).refusal == .refreshUnknown)
        let create = Command.Operation.createUser(
            .init(id: UserID(bits: 77), username: AuthCoreTests.name("made")))
        #expect(try house.apply(create, by: own, in: Self.acme).refusal == .actorEnded)
        // Who acts from outside may still put things right.
        #expect(try house.apply(create, by: house.admin, in: Self.acme).refusal == nil)
        #expect(try set(false).refusal == nil)
        #expect(try house.isAllowed(session) && house.isAllowed(key))
        #expect(try house.apply(refresh, by: .anonymous, in: Self.acme).refusal == nil)
    }

    @Test("What ended while the tenant was suspended stays so")
    mutating func endedMeanwhile() throws {
        let session = try logIn()
        let key = try makeKey()
        _ = try set(true)
        let admin = house.admin
        _ = try house.apply(
            .revokeSession(.init(session: session.id)), by: admin, in: Self.acme)
        _ = try house.apply(.deleteKey(.init(id: key.id)), by: admin, in: Self.acme)
        _ = try set(false)
        #expect(try !house.isAllowed(session) && !house.isAllowed(key))
    }

    @Test("Suspending and deleting wait for leases; the rest does not")
    func narrowing() {
        func narrows(_ operation: Command.Operation) -> Bool {
            Command(operation, header: CommandHeader(actor: .node)).isNarrowing
        }
        #expect(narrows(.updateTenant(.init(id: Self.acme, suspended: true))))
        #expect(narrows(.deleteTenant(.init(id: Self.acme))))
        #expect(!narrows(.updateTenant(.init(id: Self.acme, name: role("x"), suspended: false))))
        #expect(!narrows(.createTenant(.init(id: Self.acme, name: role("x")))))
    }

    @Test("A log-in is not shown again to a tenant that was suspended or deleted meanwhile")
    mutating func replay() throws {
        let key = RequestKey(
            scope: digest(3), subject: 1, body: digest(4), timeToLiveMilliseconds: 60_000)
        let start = house.start(Self.first, nonce: 51)
        func again(_ house: inout House) throws -> Outcome {
            try house.apply(start, by: .anonymous, in: Self.acme, key: key)
        }
        let begun = try again(&house)
        #expect(try begun.refusal == nil && again(&house).replay != nil)
        _ = try set(true)
        #expect(try again(&house).refusal == .tenantSuspended)
        _ = try set(false)
        #expect(try again(&house).result == begun.result)
        _ = try house.apply(.deleteTenant(.init(id: Self.acme)), by: house.admin)
        #expect(try again(&house).refusal == .notFound(.tenant))
    }
}
