import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct UserTests {
    @Test("A user is made with every field, found by id and by name, and audited")
    func create() throws {
        var house = try House.open()
        try house.makeRole("r", ["invoke"])
        let body = Command.CreateUser(
            id: UserID(bits: 1), username: name("alice"), email: "a@example", displayName: "Älice",
            kind: .person, roles: [role("viewer"), role("r"), role("r")], metadata: "{}",
            password: PasswordHash(phc: "$p"))
        let outcome = try house.apply(.createUser(body), by: house.admin)
        guard case .user(let user) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(user.roles == [role("r"), role("viewer")] && user.version == 1)
        #expect(user.createdAt == house.now && user.kind == .person)
        #expect(try house.user(user.id) == user)
        #expect(try UserRow.read(.platform, named: name("alice"), house.tables) == user)
        #expect(try PasswordRow.read(.platform, user.id, house.tables)?.authVersion == 1)
        let audit = try house.lastAudit()
        #expect(audit?.action == .userCreate && audit?.target == .user(user.id))
        #expect(audit?.actor == house.admin && audit?.outcome == .success)
        #expect(audit?.requestID == "req-1" && audit?.address == "192.0.2.1")
    }

    @Test("Neither an id nor a name is given twice, nor a role that is not there")
    func createRefused() throws {
        var house = try House.open()
        try house.makeUser(1)
        let sameID = Command.CreateUser(id: UserID(bits: 1), username: name("other"))
        let sameName = Command.CreateUser(id: UserID(bits: 2), username: name("user1"))
        let noRole = Command.CreateUser(
            id: UserID(bits: 2), username: name("x"), roles: [role("none")])
        #expect(try house.apply(.createUser(sameID), by: house.admin).refusal == .exists(.user))
        #expect(try house.apply(.createUser(sameName), by: house.admin).refusal == .exists(.user))
        #expect(try house.apply(.createUser(noRole), by: house.admin).refusal == .notFound(.role))
        #expect(try house.lastAudit()?.details == [.reason(.notFound)])
    }

    @Test("Making a user needs users:write; with roles also roles:grant and all they give")
    func createPermissions() throws {
        var house = try House.open()
        try house.makeRole("big", ["invoke", "extra"])
        try house.makeRole("small", ["invoke"])
        let plain = Command.CreateUser(id: UserID(bits: 50), username: name("a"))
        let small = Command.CreateUser(
            id: UserID(bits: 51), username: name("b"), roles: [role("small")])
        let big = Command.CreateUser(
            id: UserID(bits: 52), username: name("c"), roles: [role("big")])
        let nobody = try house.makeActor(2, ["users:read"])
        let writer = try house.makeActor(3, ["users:write"])
        let granter = try house.makeActor(4, ["users:write", "roles:grant", "invoke"])
        #expect(try house.apply(.createUser(plain), by: nobody).refusal == .insufficientPermissions)
        #expect(try house.lastAudit()?.details.contains(.permission(.usersWrite)) == true)
        #expect(try house.apply(.createUser(plain), by: writer).refusal == nil)
        #expect(try house.apply(.createUser(small), by: writer).refusal == .insufficientPermissions)
        #expect(try house.apply(.createUser(small), by: granter).refusal == nil)
        #expect(try house.apply(.createUser(big), by: granter).refusal == .insufficientPermissions)
        #expect(try house.apply(.createUser(plain), by: .anonymous).refusal != nil)
    }

    @Test("A patch changes what it names, raises the version, and follows a new name")
    func update() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        house.now = house.now.advanced(milliseconds: 5)
        let outcome = try house.apply(
            .updateUser(
                .init(
                    id: id, condition: .version(1), username: name("neo"), email: "e",
                    displayName: "d", kind: .service, metadata: "{}")), by: house.admin)
        guard case .user(let user) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(user.version == 2 && user.updatedAt == house.now && user.email == "e")
        #expect(user.sessionEpoch == 1 && user.authzEpoch == 1)
        #expect(try UserRow.read(.platform, named: name("user1"), house.tables) == nil)
        #expect(try UserRow.read(.platform, named: name("neo"), house.tables)?.id == id)
        let fields: UserFields = [.username, .email, .displayName, .kind, .metadata]
        #expect(try house.lastAudit()?.details == [.changed(fields)])
    }

    @Test("A patch of another version, of nobody, or to a taken name is refused")
    func updateRefused() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let old = Command.UpdateUser(id: id, condition: .version(9), email: "x")
        let none = Command.UpdateUser(id: UserID(bits: 9), email: "x")
        let taken = Command.UpdateUser(id: id, username: name("admin"))
        let mismatch = try house.apply(.updateUser(old), by: house.admin).refusal
        #expect(mismatch == .versionMismatch(current: 1))
        #expect(try house.apply(.updateUser(none), by: house.admin).refusal == .notFound(.user))
        #expect(try house.apply(.updateUser(taken), by: house.admin).refusal == .exists(.user))
    }

    @Test("A patch that changes nothing leaves the version as it is")
    func updateNothing() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let outcome = try house.apply(
            .updateUser(.init(id: id, username: name("user1"), disabled: false)), by: house.admin)
        #expect(outcome.result == .user(try #require(try house.user(id))))
        #expect(try house.user(id)?.version == 1)
    }

    @Test("Disabling ends every session for ever, in one step (security C12)")
    func disable() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let session = try house.startSession(id)
        let rows = house.tables.count(.sessions)
        _ = try house.apply(.updateUser(.init(id: id, disabled: true)), by: house.admin)
        #expect(house.tables.count(.sessions) == rows)
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        #expect(try house.apply(house.start(id), by: .anonymous).refusal == .userDisabled)
        _ = try house.apply(.updateUser(.init(id: id, disabled: false)), by: house.admin)
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        #expect(try house.isAllowed(house.startSession(id)))
    }

    @Test("Enabling gives power back, so it needs that power")
    func enable() throws {
        var house = try House.open()
        try house.makeRole("big", ["extra"])
        let strong = try house.makeUser(1, ["big"], disabled: true)
        let weak = try house.makeUser(2, disabled: true)
        let writer = try house.makeActor(3, ["users:write"])
        let refused = try house.apply(.updateUser(.init(id: strong, disabled: false)), by: writer)
        #expect(refused.refusal == .insufficientPermissions)
        let done = try house.apply(.updateUser(.init(id: weak, disabled: false)), by: writer)
        #expect(done.refusal == nil)
    }

    @Test("A deleted user leaves nothing by which it could be found or validated")
    func delete() throws {
        var house = try House.open()
        let id = try house.makeUser(1, ["viewer"])
        let session = try house.startSession(id)
        #expect(try house.apply(.deleteUser(.init(id: id)), by: house.admin).result == .done)
        #expect(try house.user(id) == nil)
        #expect(try UserRow.read(.platform, named: name("user1"), house.tables) == nil)
        #expect(try PasswordRow.read(.platform, id, house.tables) == nil)
        #expect(try !RoleHolders.isHeld(.platform, role("viewer"), house.tables))
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        #expect(try house.apply(.deleteUser(.init(id: id)), by: house.admin).refusal != nil)
    }

    @Test("The last super administrator who can log in cannot be lost in any way")
    func lastSuperAdmin() throws {
        var house = try House.open()
        let id = House.adminID
        // These hold the role but cannot log in.
        try house.makeUser(1, ["super_admin"], password: false)
        try house.makeUser(2, ["super_admin"], disabled: true)
        let ways: [Command.Operation] = [
            .updateUser(.init(id: id, disabled: true)),
            .updateUser(.init(id: id, roles: [role("admin")])),
            .revokeRole(.init(user: id, role: role("super_admin"))),
            .deleteUser(.init(id: id)),
            .putRole(.init(name: role("super_admin"), permissions: [])),
            .deleteRole(.init(name: role("super_admin"))),
        ]
        let refusals = try ways.map { try house.apply($0, by: house.admin).refusal }
        #expect(
            refusals == [
                .lastSuperAdmin, .lastSuperAdmin, .lastSuperAdmin, .lastSuperAdmin, .builtInRole,
                .builtInRole,
            ])
        try house.makeUser(3, ["super_admin"])
        #expect(try house.apply(ways[2], by: house.admin).refusal == nil)
    }
}

@Suite struct PasswordTests {
    @Test("A user's own new password ends the other sessions and keeps the calling one")
    func own() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let other = try house.startSession(id)
        let calling = try house.startSession(id, refresh: digest(1))
        let outcome = try house.apply(
            set(id, seen: 1), by: .user(calling.actor))
        #expect(outcome.refusal == nil)
        #expect(try house.verdict(other) == .deny(.ended, isFinal: true))
        #expect(try house.isAllowed(calling))
        #expect(try PasswordRow.read(.platform, id, house.tables)?.authVersion == 2)
    }

    @Test("A password that was changed since the old one was verified is not set")
    func ownStale() throws {
        var house = try House.open()
        let actor = try house.logIn(house.makeUser(1))
        #expect(
            try house.apply(set(UserID(bits: 1), seen: 7), by: actor).refusal
                == .credentialsChanged)
        #expect(try house.lastAudit()?.outcome == .denied)
    }

    @Test("Setting another's password needs users:write and everything that they may do")
    func others() throws {
        var house = try House.open()
        try house.makeRole("big", ["extra"])
        let strong = try house.makeUser(1, ["big"])
        let weak = try house.makeUser(2)
        let session = try house.startSession(weak)
        let writer = try house.makeActor(3, ["users:write"])
        let reader = try house.makeActor(4, ["users:read", "extra"])
        #expect(try house.apply(set(strong), by: writer).refusal == .insufficientPermissions)
        #expect(try house.apply(set(weak), by: reader).refusal == .insufficientPermissions)
        #expect(try house.apply(set(weak), by: writer).refusal == nil)
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        #expect(try house.apply(set(House.adminID), by: writer).refusal != nil)
    }

    @Test("A log-in verified under the old password is refused in apply")
    func logInAfterChange() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        _ = try house.apply(set(id), by: house.admin)
        #expect(
            try house.apply(house.start(id, authVersion: 1), by: .anonymous).refusal
                == .credentialsChanged)
        #expect(try house.apply(house.start(id, authVersion: 2), by: .anonymous).refusal == nil)
    }

    @Test("Better parameters are stored without any other change, or not at all")
    func rehash() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let session = try house.startSession(id)
        let user = try house.user(id)
        let rehash = Command.RehashPassword(
            user: id, password: PasswordHash(phc: "$new"), authVersionSeen: 1)
        #expect(try house.apply(.rehashPassword(rehash), by: .anonymous).result == .done)
        #expect(try PasswordRow.read(.platform, id, house.tables)?.hash.phc == "$new")
        #expect(try house.user(id) == user && house.isAllowed(session))
        _ = try house.apply(set(id), by: house.admin)
        let late = try house.apply(.rehashPassword(rehash), by: .anonymous)
        #expect(late.refusal == .credentialsChanged)
    }

    private func set(_ user: UserID, seen: UInt64? = nil) -> Command.Operation {
        .setPassword(
            .init(user: user, password: PasswordHash(phc: "$new"), authVersionSeen: seen))
    }
}
