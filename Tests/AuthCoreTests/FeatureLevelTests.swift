import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

/// A machine that stands for the next release, which knows one level more.
private let nextLevel = StateMachine.featureLevel + 1

@Suite("Feature levels (docs/decisions/0004-feature-levels.md)")
struct FeatureLevelTests {
    /// Registers three members of the next release, and one of them as `level`.
    private func house(third level: UInt32) throws -> House {
        var house = try House.open()
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(1), NodeID(2)], learners: [NodeID(3)])
        try meta.write(house.tables)
        for node in 1...3 as ClosedRange<UInt64> {
            try house.register(NodeID(node), node == 3 ? level : nextLevel)
        }
        return house
    }

    @Test("It is raised by a member of the staff, once every member knows it, learners included")
    func raising() throws {
        var house = try house(third: nextLevel - 1)
        house.supports = nextLevel
        let raise = Command.Operation.raiseFeatureLevel(.init(level: nextLevel))
        let other = try house.makeActor(9, ["users:read"])
        #expect(try house.apply(raise, by: other).refusal == .insufficientPermissions)
        #expect(try house.apply(raise, by: house.admin).refusal == .memberTooOld(NodeID(3)))
        #expect(try house.lastAudit()?.details.contains(.reason(.memberTooOld)) == true)
        #expect(try house.meta.featureLevel == nextLevel - 1)
        try house.register(NodeID(3), nextLevel)
        #expect(try house.apply(raise, by: house.admin).result == .done)
        #expect(try house.meta.featureLevel == nextLevel)
        #expect(try house.lastAudit()?.action == .clusterRaise)
        #expect(try house.apply(raise, by: house.admin).result == .done, "a repetition")
        let lower = Command.Operation.raiseFeatureLevel(.init(level: nextLevel - 1))
        #expect(try house.apply(lower, by: house.admin).refusal == .invalid(.form))
    }

    @Test("A member that has not registered is not known to be new enough")
    func unregistered() throws {
        var house = try House.open()
        house.supports = nextLevel
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(1)])
        try meta.write(house.tables)
        let raise = Command.Operation.raiseFeatureLevel(.init(level: nextLevel))
        #expect(try house.apply(raise, by: house.admin).refusal == .memberTooOld(NodeID(1)))
    }

    @Test("Nobody of an older release registers from then on")
    func lateComer() throws {
        var house = try house(third: nextLevel)
        house.supports = nextLevel
        _ = try house.apply(.raiseFeatureLevel(.init(level: nextLevel)), by: house.admin)
        let old = house.member(NodeID(2), nextLevel - 1)
        let refused = try house.apply(.registerMember(old), by: .node)
        #expect(refused.refusal == .memberTooOld(NodeID(2)))
    }

    @Test("A release that does not know the level stops before the entry, which stays unapplied")
    func tooOld() throws {
        var house = try house(third: nextLevel)
        let before = InMemoryTables(copying: house.tables)
        let raise = Command.Operation.raiseFeatureLevel(.init(level: nextLevel))
        #expect(throws: FeatureLevelTooHigh(cluster: nextLevel)) {
            try house.apply(raise, by: house.admin)
        }
        #expect(rows(house.tables) == rows(before))
        // Its successor goes on with the same entry.
        let entry = try #require(house.log.last)
        #expect(try House.apply([entry], to: house.tables, supports: nextLevel).count == 1)
        #expect(try house.meta.featureLevel == nextLevel)
        // And the older one finds the state closed when it comes back.
        #expect(throws: FeatureLevelTooHigh(cluster: nextLevel)) {
            try House.apply([], to: house.tables)
        }
    }

    @Test("A command that is refused stops nobody, however high the level that it asks for")
    func refusedByAll() throws {
        var house = try house(third: nextLevel - 1)
        let other = InMemoryTables(copying: house.tables)
        let raise = Command.Operation.raiseFeatureLevel(.init(level: nextLevel))
        #expect(try house.apply(raise, by: house.admin).refusal == .memberTooOld(NodeID(3)))
        let entry = try #require(house.log.last)
        _ = try House.apply([entry], to: other, supports: nextLevel)
        #expect(rows(house.tables) == rows(other))
    }

    @Test("Who joins has the configuration from the entry that made the cluster")
    func joiner() throws {
        let house = try House.open()
        #expect(try house.meta.configuration == ConfState(voters: [NodeID(1)]))
        #expect(try house.meta.featureLevel == StateMachine.featureLevel)
        // Who was there from the beginning keeps what it began with, or has seen since.
        let elder = InMemoryTables()
        let first = ConfState(voters: [NodeID(1), NodeID(2)])
        try StateMeta(initial: first).write(elder)
        _ = try House.apply(house.log, to: elder)
        #expect(try StateMeta.read(elder).configuration == first)
        var empty = House()
        var command = House.bootstrap
        command.configuration = ConfState(voters: [])
        let outcome = try empty.apply(.bootstrap(command), by: .node)
        #expect(outcome.refusal == .invalid(.form))
    }

    /// A cluster that was made by the first release, and one of its users.
    private func older() throws -> House {
        var house = House()
        var command = House.bootstrap
        command.featureLevel = 1
        _ = try house.apply(.bootstrap(command), by: .node)
        return house
    }

    @Test("Below level 2 there are no keys: a newer release answers as one that knows none")
    func keysBelowLevel() throws {
        var house = try older()
        let key = KeyID(bits: 1)
        let byKey = Actor.user(
            UserActor(tenant: .platform, user: House.adminID, credential: .key(key)))
        let operations: [(Command.Operation, Actor)] = [
            (
                .createKey(
                    .init(
                        nonce: 1, owner: House.adminID, digest: digest(1), scope: .permissions([]),
                        expiry: .never)), .node
            ),
            (.updateKey(.init(id: key, name: "x")), .node),
            (.rotateKey(.init(id: key, digest: digest(1), graceMilliseconds: 0)), .node),
            (.failLogIn(.init(subject: .user(House.adminID), reason: .wrongPassword)), .anonymous),
            (event(action: .logInHeld), .node), (event(action: .logInFailures), .node),
            (event(action: .logInElsewhere), .node),
            (.deleteKey(.init(id: key)), .node), (.touchKeys(.init(touches: [])), .node),
            (.rotateSigningKeys(.init(1, version: 0)), .node),
            (event(action: .signingKeysRotate), .node), (event(action: .signingKeysRevoke), .node),
            // What an older release knows, in the name of what it does not.
            (.updateUser(.init(id: House.adminID, email: "x")), byKey),
            (event(actor: byKey), .node), (event(target: .key(key)), .node),
            (event(action: .keyDelete), .node), (event(action: .sessionEvict), .node),
            (.updateSettings(.init(sessionsPerUser: .set(2))), .node),
            (.removeFactor(.init(user: House.adminID)), .node),
            (.createTenant(.init(id: TenantID(bits: 9), name: role("t"))), .node),
            (.updateTenant(.init(id: TenantID(bits: 9))), .node),
            (.deleteTenant(.init(id: TenantID(bits: 9))), .node),
            (event(action: .tenantExport), .node),
            (event(target: .tenant(TenantID(bits: 9))), .node),
            (event(action: .factorEnrol), .node),
            (
                .startSession(
                    .init(
                        user: House.adminID, nonce: 1, verifier: digest(1), authVersionSeen: 1,
                        idleMilliseconds: 1, absoluteMilliseconds: 1, method: .password,
                        mayEvict: true)), .anonymous
            ),
            (.revokeSessions(.init(user: House.adminID, before: .zero)), .node),
            (event(details: [.changedKey([.name])]), .node),
        ]
        for (operation, actor) in operations {
            let before = try house.meta
            #expect(try house.apply(operation, by: actor).refusal == .undecodable, "\(operation)")
            #expect(try house.meta.nextAudit == before.nextAudit)
        }
        #expect(house.tables.count(.keys) == 0)
        // The same at level 2, by the same release.
        var newer = try House.open()
        for (operation, actor) in operations {
            #expect(try newer.apply(operation, by: actor).refusal != .undecodable, "\(operation)")
        }
    }

    private func event(
        actor: Actor = .node, action: AuditAction = .logIn, target: AuditTarget = .none,
        details: [AuditDetail] = []
    ) -> Command.Operation {
        .recordAudit(
            .init(events: [
                AuditEvent(
                    actor: actor, action: action, target: target, outcome: .denied,
                    details: details)
            ]))
    }

    private func rows(_ tables: InMemoryTables) -> [[[UInt8]]] {
        Table.allCases.map { tables.rows($0).flatMap { [$0.key, $0.value] } }
    }
}

extension House {
    fileprivate func member(_ node: NodeID, _ level: UInt32) -> Command.RegisterMember {
        .init(
            node: node, incarnation: Incarnation(node.rawValue), url: "https://n", peer: "n:1",
            version: "1", featureLevel: level)
    }

    fileprivate mutating func register(_ node: NodeID, _ level: UInt32) throws {
        let outcome = try apply(.registerMember(member(node, level)), by: .node)
        #expect(outcome.result == .done)
    }
}
