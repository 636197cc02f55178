import RaftCore
import Testing

@testable import AuthCore

@Suite struct RoleTests {
    @Test("A role is made, replaced by version, and every change raises the table's version")
    func put() throws {
        var house = try House.open()
        let before = try house.meta.roleTableVersion
        let made = try house.apply(put("r", ["b", "a", "b"]), by: house.admin)
        guard case .role(let role1) = made.result else {
            Issue.record("\(made)")
            return
        }
        #expect(role1.permissions.map(\.string) == ["a", "b"] && role1.version == 1)
        let replaced = try house.apply(put("r", ["c"], condition: .version(1)), by: house.admin)
        #expect(replaced.refusal == nil)
        #expect(try house.meta.roleTableVersion == before + 2)
        let again = try house.apply(put("r", [], condition: .version(1)), by: house.admin)
        #expect(again.refusal == .versionMismatch(current: 2))
        let create = try house.apply(put("r", [], condition: .absent), by: house.admin)
        #expect(create.refusal == .exists(.role))
    }

    @Test("Roles inherit in chains; what they give is resolved once for all")
    func inheritance() throws {
        var house = try House.open()
        try house.makeRole("a", ["pa"])
        try house.makeRole("b", ["pb"], inherits: ["a"])
        try house.makeRole("c", ["pc"], inherits: ["b", "viewer"])
        let id = try house.makeUser(1, ["c"])
        let user = try #require(try house.user(id))
        let held = try EffectivePermissions.resolve(user, house.tables)
        #expect(held.roles.map(\.string) == ["a", "b", "c", "viewer"])
        for text in ["pa", "pb", "pc", "users:read"] { #expect(held.allows(permission(text))) }
        #expect(!held.allows(permission("users:write")))
    }

    @Test("Circles are refused, the shortest and longer ones")
    func cycles() throws {
        var house = try House.open()
        #expect(
            try house.apply(put("a", [], inherits: ["a"]), by: .node).refusal
                == .invalid(.inheritanceCycle))
        try house.makeRole("a", [])
        try house.makeRole("b", [], inherits: ["a"])
        try house.makeRole("c", [], inherits: ["b"])
        #expect(
            try house.apply(put("a", [], inherits: ["c"]), by: .node).refusal
                == .invalid(.inheritanceCycle))
    }

    @Test("Inheritance is bounded in depth, also when the chain grows at its far end")
    func depth() throws {
        var house = try House.open()
        try house.makeRole("d0", [])
        for level in 1...Limits.inheritanceDepth {
            try house.makeRole("d\(level)", [], inherits: ["d\(level - 1)"])
        }
        #expect(
            try house.apply(put("e", [], inherits: ["d8"]), by: .node).refusal
                == .invalid(.inheritanceTooLarge))
        try house.makeRole("below", [])
        #expect(
            try house.apply(put("d0", [], inherits: ["below"]), by: .node).refusal
                == .invalid(.inheritanceTooLarge))
    }

    @Test("What a role gives with all that it inherits is bounded, whoever grows it")
    func permissionsBound() throws {
        var house = try House.open()
        let many = (0..<Limits.permissionsPerRole).map { "p\($0)" }
        for part in 0..<4 { try house.makeRole("part\(part)", many.map { "\($0)-\(part)" }) }
        try house.makeRole("all", [], inherits: (0..<4).map { "part\($0)" })
        #expect(
            try house.apply(put("all", ["x"], inherits: (0..<4).map { "part\($0)" }), by: .node)
                .refusal == .invalid(.inheritanceTooLarge))
        try house.makeRole("more", ["y"])
        #expect(
            try house.apply(put("part0", many, inherits: ["more"]), by: .node).refusal
                == .invalid(.inheritanceTooLarge))
    }

    @Test("A role that is not there cannot be inherited")
    func unknownParent() throws {
        var house = try House.open()
        #expect(
            try house.apply(put("a", [], inherits: ["none"]), by: .node).refusal
                == .notFound(.role))
    }

    @Test("Editing a role needs roles:write and everything that the role then has")
    func editPermissions() throws {
        var house = try House.open()
        try house.makeRole("strong", ["extra"])
        let editor = try house.makeActor(2, ["roles:write", "invoke"])
        let other = try house.makeActor(3, ["roles:read", "invoke"])
        #expect(try house.apply(put("r", ["invoke"]), by: editor).refusal == nil)
        #expect(
            try house.apply(put("r", ["invoke"]), by: other).refusal == .insufficientPermissions)
        #expect(
            try house.apply(put("r", ["extra"]), by: editor).refusal == .insufficientPermissions)
        #expect(
            try house.apply(put("r", [], inherits: ["strong"]), by: editor).refusal
                == .insufficientPermissions)
        #expect(
            try house.apply(put("role-2", ["*"]), by: editor).refusal
                == .insufficientPermissions)
        #expect(
            try house.apply(put("r", ["invoke/*"]), by: editor).refusal
                == .insufficientPermissions)
    }

    @Test("Built-in roles are there and cannot be changed")
    func builtIn() throws {
        var house = try House.open()
        for builtIn in BuiltInRole.allCases {
            let row = try RoleRow.read(.platform, builtIn.name, house.tables)
            #expect(row?.builtIn == true)
            #expect(
                try house.apply(put(builtIn.name.string, []), by: house.admin).refusal
                    == .builtInRole)
            #expect(
                try house.apply(.deleteRole(.init(name: builtIn.name)), by: house.admin)
                    .refusal == .builtInRole)
        }
    }

    @Test("A role that is held or inherited cannot be deleted; then it can")
    func delete() throws {
        var house = try House.open()
        try house.makeRole("a", [])
        try house.makeRole("b", [], inherits: ["a"])
        let id = try house.makeUser(1, ["b"])
        #expect(try house.apply(delete("a"), by: house.admin).refusal == .roleInUse)
        #expect(try house.apply(delete("b"), by: house.admin).refusal == .roleInUse)
        _ = try house.apply(.revokeRole(.init(user: id, role: role("b"))), by: house.admin)
        #expect(try house.apply(delete("b"), by: house.admin).result == .done)
        #expect(try house.apply(delete("a"), by: house.admin).result == .done)
        #expect(try house.apply(delete("a"), by: house.admin).refusal == .notFound(.role))
    }

    @Test("Granting needs roles:grant and everything that the user then has (security C15)")
    func grant() throws {
        var house = try House.open()
        try house.makeRole("small", ["invoke"])
        try house.makeRole("big", ["extra"])
        let plain = try house.makeUser(1)
        let strong = try house.makeUser(2, ["big"])
        let granter = try house.makeActor(3, ["roles:grant", "invoke"])
        let other = try house.makeActor(4, ["users:write", "invoke"])
        func grant(_ user: UserID, _ name: String) -> Command.Operation {
            .grantRole(.init(user: user, role: role(name)))
        }
        #expect(
            try house.apply(grant(plain, "small"), by: other).refusal
                == .insufficientPermissions)
        #expect(
            try house.apply(grant(plain, "big"), by: granter).refusal
                == .insufficientPermissions)
        #expect(
            try house.apply(grant(strong, "small"), by: granter).refusal
                == .insufficientPermissions)
        #expect(try house.apply(grant(plain, "none"), by: granter).refusal == .notFound(.role))
        #expect(
            try house.apply(grant(plain, "super_admin"), by: granter).refusal
                == .insufficientPermissions)
        let done = try house.apply(grant(plain, "small"), by: granter)
        #expect(done.refusal == nil)
        #expect(try house.user(plain)?.authzEpoch == 2)
        #expect(try house.apply(grant(plain, "small"), by: granter).result == done.result)
        #expect(try house.user(plain)?.authzEpoch == 2)
    }

    @Test("Taking a role back needs what the role gives, and raises the epoch only")
    func revoke() throws {
        var house = try House.open()
        try house.makeRole("small", ["invoke"])
        try house.makeRole("big", ["extra"])
        let id = try house.makeUser(1, ["small", "big"])
        let session = try house.startSession(id)
        let granter = try house.makeActor(2, ["roles:grant", "invoke"])
        func revoke(_ name: String) -> Command.Operation {
            .revokeRole(.init(user: id, role: role(name)))
        }
        #expect(try house.apply(revoke("big"), by: granter).refusal == .insufficientPermissions)
        #expect(try house.apply(revoke("small"), by: granter).refusal == nil)
        #expect(try house.apply(revoke("small"), by: granter).refusal == .notFound(.role))
        #expect(try house.user(id)?.authzEpoch == 2)
        #expect(try house.isAllowed(session))
    }

    @Test("An actor who lost the permission, the session or the account is refused in apply")
    func actorChanged() throws {
        var house = try House.open()
        let actor = try house.makeActor(2, ["roles:write"])
        let operation = put("r", [])
        _ = try house.apply(put("role-2", ["other"]), by: .node)
        #expect(try house.apply(operation, by: actor).refusal == .insufficientPermissions)
        _ = try house.apply(put("role-2", ["roles:write"]), by: .node)
        #expect(try house.apply(operation, by: actor).refusal == nil)
        _ = try house.apply(
            .updateUser(.init(id: UserID(bits: 2), disabled: true)), by: house.admin)
        #expect(try house.apply(operation, by: actor).refusal == .actorEnded)
        #expect(try house.lastAudit()?.details == [.reason(.actorEnded)])
        let second = try house.logIn(house.makeUser(3, ["role-2"]))
        if case .user(let who) = second, let session = who.session {
            _ = try house.apply(.revokeSession(.init(session: session)), by: house.admin)
        }
        #expect(try house.apply(operation, by: second).refusal == .actorEnded)
    }

    @Test("The number of roles of a tenant is bounded")
    func quota() throws {
        var house = try House.open()
        // Rows are put directly: a thousand commands would judge the graph a thousand times.
        let template = try #require(
            try RoleRow.read(.platform, BuiltInRole.viewer.name, house.tables))
        for number in 0..<(Limits.rolesPerTenant - BuiltInRole.allCases.count) {
            let row = RoleRow(
                tenant: .platform, name: role("r\(number)"), permissions: [], inherits: [],
                rateLimit: .empty, description: .empty, builtIn: false,
                createdAt: template.createdAt, updatedAt: template.updatedAt, version: 1)
            try row.put(house.tables)
        }
        #expect(try house.apply(put("more", []), by: .node).refusal == .quota(.role))
        #expect(try house.apply(put("r1", ["x"]), by: .node).refusal == nil)
    }

    private func put(
        _ name: String, _ permissions: [String], inherits: [String] = [],
        condition: VersionCondition = .any
    ) -> Command.Operation {
        .putRole(
            .init(
                name: role(name), condition: condition, permissions: permissions.map(permission),
                inherits: inherits.map(role)))
    }

    private func delete(_ name: String) -> Command.Operation {
        .deleteRole(.init(name: role(name)))
    }
}
