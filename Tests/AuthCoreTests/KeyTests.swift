import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("API keys") struct KeyTests {
    private let owner = UserID(bits: 9)

    /// A house with an owner who may `invoke` and read sessions, and write keys.
    private func open() throws -> (house: House, owner: Actor) {
        var house = try House.open()
        let actor = try house.makeActor(9, ["invoke", "keys:write", "sessions:read"])
        return (house, actor)
    }

    private func create(
        _ permissions: [String], roles: [String]? = nil, owner: UserID? = nil,
        expiry: KeyExpiry = .never, origin: KeyOrigin = .made, addresses: [AddressRange] = []
    ) -> Command.Operation {
        .createKey(
            .init(
                nonce: 3, owner: owner ?? self.owner, origin: origin, name: "ci",
                digest: digest(0xC1),
                scope: roles.map { .roles($0.map(role)) }
                    ?? .permissions(permissions.map(permission)),
                addresses: addresses, expiry: expiry))
    }

    @Test("A key gets a number that no session has, and an end by the entry's stamp")
    func creating() throws {
        var (house, actor) = try open()
        let next = try house.meta.nextNumber
        let outcome = try house.apply(
            create(["invoke"], expiry: .after(milliseconds: 5_000)), by: actor)
        guard case .key(let key) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(key.id.number == next && key.version == 1)
        #expect(key.expiresAt == house.now.advanced(milliseconds: 5_000))
        #expect(try KeyRow.read(key.id, house.tables) == key)
        let guess = KeyID(number: key.id.number, nonce: key.id.nonce + 1)
        #expect(try KeyRow.read(guess, house.tables) == nil)
        #expect(try SessionRow.read(key.id.number, house.tables) == nil)
        #expect(try house.startSession(owner).id.number == next.next)
        #expect(try house.isAllowed(key))
        let listed = try Listing.keys(.platform, owner: owner, limit: 9, wall: .zero, house.tables)
        #expect(listed.items == [key])
    }

    @Test("It tells the audit trail who, whose and what, and nothing of the credential")
    func audit() throws {
        var (house, actor) = try open()
        _ = try house.apply(create(["invoke"]), by: actor)
        let made = try #require(try house.lastAudit())
        #expect(made.action == .keyCreate && made.details.contains(.user(owner)))
        guard case .key(let id) = made.target else {
            Issue.record("\(made.target)")
            return
        }
        _ = try house.apply(.updateKey(.init(id: id, name: "other")), by: actor)
        let changed = try #require(try house.lastAudit())
        #expect(changed.action == .keyUpdate && changed.target == .key(id))
        #expect(changed.details.contains(.changedKey([.name])))
        _ = try house.apply(
            .rotateKey(.init(id: id, digest: digest(2), graceMilliseconds: 0)), by: actor)
        #expect(try house.lastAudit()?.action == .keyRotate)
        _ = try house.apply(.deleteKey(.init(id: id)), by: actor)
        #expect(try house.lastAudit()?.action == .keyDelete)
        let denied = try house.apply(create(["users:write"]), by: actor)
        #expect(denied.refusal == .insufficientPermissions)
        #expect(try house.lastAudit()?.outcome == .denied)
        #expect(KeyFields(rawValue: 127).names.count == 7)
    }

    @Test("Nobody makes a key with more than they have, nor with more than its owner has")
    func tooMuch() throws {
        var (house, actor) = try open()
        #expect(
            try house.apply(create(["users:read"]), by: actor).refusal == .insufficientPermissions)
        // The administrator has everything, the owner has not.
        #expect(
            try house.apply(create(["users:read"]), by: house.admin).refusal
                == .insufficientPermissions)
        #expect(try house.apply(create(["*"]), by: house.admin).refusal == .insufficientPermissions)
        let poor = try house.makeActor(10, ["users:read"])
        #expect(try house.apply(create([]), by: poor).refusal == .insufficientPermissions)
        #expect(try house.apply(create(["invoke"]), by: house.admin).refusal == nil)
    }

    @Test("Setting roles needs the right to grant, and that there are such roles")
    func roles() throws {
        var (house, actor) = try open()
        let own = create([], roles: ["role-9"])
        #expect(try house.apply(own, by: actor).refusal == .insufficientPermissions)
        #expect(try house.apply(own, by: house.admin).refusal == nil)
        let none = create([], roles: ["nothing"])
        #expect(try house.apply(none, by: house.admin).refusal == .notFound(.role))
        // A role that a key names is in use.
        _ = try house.apply(.revokeRole(.init(user: owner, role: role("role-9"))), by: house.admin)
        let delete = Command.Operation.deleteRole(.init(name: role("role-9")))
        #expect(try house.apply(delete, by: house.admin).refusal == .roleInUse)
    }

    @Test("What the owner loses the key loses, at once and without a change of the key (C18)")
    func demotion() throws {
        var (house, _) = try open()
        let key = try house.makeKey(of: owner, ["invoke", "sessions:read"])
        let byRole = try house.makeKey(of: owner, roles: ["role-9"], byte: 2)
        func permissions(_ key: KeyRow) throws -> EffectivePermissions {
            let user = try #require(try house.user(owner))
            return try key.permissions(
                of: EffectivePermissions.resolve(user, house.tables), house.tables)
        }
        #expect(try permissions(key).allows(permission("invoke")))
        #expect(try permissions(key).roles.isEmpty)
        #expect(try permissions(byRole).roles == [role("role-9")])
        try house.makeRole("role-9", ["sessions:read"])
        #expect(try !permissions(key).allows(permission("invoke")))
        #expect(try permissions(key).allows(.sessionsRead))
        _ = try house.apply(.revokeRole(.init(user: owner, role: role("role-9"))), by: .node)
        #expect(try permissions(key).permissions.isEmpty)
        #expect(try permissions(byRole).permissions.isEmpty)
        #expect(try permissions(byRole).roles.isEmpty)
        #expect(try KeyRow.read(key.id, house.tables) == key)
    }

    @Test("A new verifier takes the place of the old one, which is good for the grace time")
    func rotation() throws {
        var (house, actor) = try open()
        let key = try house.makeKey(of: owner, ["invoke"])
        let rotate = { (byte: UInt8) in
            Command.Operation.rotateKey(
                .init(id: key.id, digest: digest(byte), graceMilliseconds: 60_000))
        }
        #expect(try house.apply(rotate(1), by: actor).refusal == nil)
        #expect(try house.isAllowed(key, presented: digest(1)))
        #expect(try house.isAllowed(key))
        guard case .allow(let facts) = try house.verdict(key) else {
            Issue.record("refused within the grace time")
            return
        }
        let end = house.now.advanced(milliseconds: 60_000)
        #expect(facts.expiresAt == end)
        // By our own clock it has ended; by the state's time it has not yet.
        #expect(try house.verdict(key, wall: end) == .deny(.expired, isFinal: false))
        house.now = end
        _ = try house.apply(.touchKeys(.init(touches: [])), by: .node)
        #expect(try house.verdict(key) == .deny(.expired, isFinal: true))
        // A second rotation forgets the first key at once.
        #expect(try house.apply(rotate(2), by: actor).refusal == nil)
        #expect(try house.verdict(key) == .deny(.wrongVerifier, isFinal: false))
        #expect(try house.isAllowed(key, presented: digest(1)))
        #expect(try house.isAllowed(key, presented: digest(2)))
    }

    @Test("Whoever rotates a key must hold what it gives, and may not stretch the grace time")
    func rotationRefused() throws {
        var (house, _) = try open()
        let key = try house.makeKey(of: owner, ["invoke"])
        func rotate(_ grace: UInt64, _ id: KeyID) -> Command.Operation {
            .rotateKey(.init(id: id, digest: digest(1), graceMilliseconds: grace))
        }
        let writer = try house.makeActor(10, ["keys:write"])
        #expect(
            try house.apply(rotate(0, key.id), by: writer).refusal == .insufficientPermissions)
        let long = rotate(Limits.keyGraceMilliseconds + 1, key.id)
        #expect(try house.apply(long, by: house.admin).refusal == .invalid(.duration))
        let foreign = try house.makeKey(of: owner, byte: 7, origin: .imported)
        #expect(
            try house.apply(rotate(0, foreign.id), by: house.admin).refusal == .invalid(.imported))
        #expect(
            try house.apply(rotate(0, KeyID(bits: 1)), by: house.admin).refusal == .notFound(.key))
    }

    @Test("Narrowing a key needs the right to write keys; giving it more needs what it then has")
    func updating() throws {
        var (house, _) = try open()
        let end = house.now.advanced(milliseconds: 100_000)
        let key = try house.makeKey(
            of: owner, ["invoke", "sessions:read"], expiry: .at(end), addresses: ["10.0.0.0/8"])
        let writer = try house.makeActor(10, ["keys:write", "invoke"])
        func update(_ change: (inout Command.UpdateKey) -> Void) throws -> Refusal? {
            var body = Command.UpdateKey(id: key.id)
            change(&body)
            return try house.apply(.updateKey(body), by: writer).refusal
        }
        #expect(try update { $0.name = "x" } == nil)
        #expect(try update { $0.addresses = [range("10.1.0.0/16"), range("10.2.2.2")] } == nil)
        #expect(try update { $0.expiry = .after(milliseconds: 50_000) } == nil)
        #expect(try update { $0.addresses = [] } == .insufficientPermissions)
        #expect(try update { $0.addresses = [range("10.0.0.0/8")] } == .insufficientPermissions)
        #expect(try update { $0.expiry = .never } == .insufficientPermissions)
        #expect(try update { $0.expiry = .at(end) } == .insufficientPermissions)
        #expect(try update { $0.scope = .permissions([.sessionsRead]) } == .insufficientPermissions)
        #expect(try update { $0.scope = .permissions([permission("invoke")]) } == nil)
        #expect(try update { $0.expiry = .never } == nil, "the writer has all of it now")
        #expect(try update { $0.condition = .version(1) } == .versionMismatch(current: 6))
        #expect(try update { $0.expiry = .at(house.now) } == .invalid(.duration))
    }

    @Test("It ends by being deleted, by its end and with its owner; a disabled owner's is refused")
    func ending() throws {
        var (house, actor) = try open()
        let one = try house.makeKey(of: owner, byte: 1)
        #expect(try house.apply(.deleteKey(.init(id: one.id)), by: actor).result == .done)
        #expect(try house.verdict(one) == .deny(.ended, isFinal: true))
        #expect(
            try house.apply(.deleteKey(.init(id: one.id)), by: actor).refusal == .notFound(.key))
        let two = try house.makeKey(of: owner, byte: 2, expiry: .after(milliseconds: 10))
        let three = try house.makeKey(of: owner, roles: ["role-9"], byte: 3)
        _ = try house.apply(.updateUser(.init(id: owner, disabled: true)), by: .node)
        #expect(try house.verdict(three) == .deny(.ownerDisabled, isFinal: false))
        let make = create([])
        #expect(try house.apply(make, by: house.admin).refusal == .userDisabled)
        house.now = house.now.advanced(milliseconds: 10)
        #expect(try isSweepDue(wall: house.now, house.tables))
        _ = try house.apply(.sweep(.init(limit: 1)), by: .node)
        #expect(try KeyRow.read(two.id, house.tables) == nil)
        #expect(try house.verdict(two) == .deny(.ended, isFinal: true))
        #expect(house.tables.count(.keysByOwner) == 1)
        _ = try house.apply(.deleteUser(.init(id: owner)), by: .node)
        #expect(try house.verdict(three) == .deny(.ended, isFinal: true))
        for table in [Table.keys, .keysByOwner, .keysByExpiry, .keyRoles, .importedKeys] {
            #expect(house.tables.count(table) == 0, "\(table)")
        }
        #expect(try KeyCountRow.read(house.tables) == KeyCountRow(keys: 0, imported: 0))
    }

    @Test("One that has ended is not there, though no sweep has met it")
    func ended() throws {
        var (house, actor) = try open()
        let key = try house.makeKey(of: owner, ["invoke"], expiry: .after(milliseconds: 10))
        house.now = house.now.advanced(milliseconds: 10)
        let prolong = Command.UpdateKey(id: key.id, expiry: .never)
        #expect(try house.apply(.updateKey(prolong), by: house.admin).refusal == .notFound(.key))
        let byKey = Actor.user(key.actor)
        #expect(try house.apply(.deleteKey(.init(id: key.id)), by: byKey).refusal == .actorEnded)
        #expect(try house.apply(.deleteKey(.init(id: key.id)), by: actor).refusal != nil)
        let listed = try Listing.keys(.platform, limit: 9, wall: .zero, house.tables)
        #expect(listed.items.isEmpty)
    }

    @Test("From elsewhere it is refused, and nobody takes that for final")
    func addresses() throws {
        var (house, _) = try open()
        let key = try house.makeKey(of: owner, addresses: ["10.0.0.0/8", "2001:db8::/32"])
        for good in ["10.9.8.7", "::ffff:10.0.0.1", "2001:db8:1::2"] {
            guard case .allow = try house.verdict(key, from: good) else {
                Issue.record("\(good) is refused")
                continue
            }
        }
        for bad in ["11.0.0.1", "2001:db9::1", nil] {
            #expect(try house.verdict(key, from: bad) == .deny(.address, isFinal: false))
        }
    }

    @Test("A number that nobody has yet may be a key's in a newer view; a far one may not")
    func unknown() throws {
        let (house, _) = try open()
        let next = try house.meta.nextNumber
        func verdict(_ number: UInt64) throws -> KeyVerdict {
            try decideKey(
                CredentialNumber(number), digest: digest(1), from: nil, wall: .zero, house.tables)
        }
        #expect(try verdict(next.rawValue) == .deny(.unknown, isFinal: false))
        #expect(try verdict(next.rawValue + 1 << 32) == .deny(.unknown, isFinal: true))
        #expect(try verdict(0) == .deny(.ended, isFinal: true))
        // A session's number is no key's.
        let session = try SessionRow.read(CredentialNumber(1), house.tables)
        #expect(session != nil)
        #expect(try verdict(1) == .deny(.ended, isFinal: true))
    }

    @Test("A key from elsewhere is found by the digest of its whole, and by nothing else")
    func imported() throws {
        var (house, _) = try open()
        let key = try house.makeKey(of: owner, ["invoke"], byte: 7, origin: .imported)
        #expect(try house.isAllowed(key))
        #expect(try house.verdict(key, presented: digest(8)) == .deny(.unknown, isFinal: false))
        let byNumber = try decideKey(
            key.id.number, digest: key.digest, from: nil, wall: .zero, house.tables)
        #expect(byNumber == .deny(.ended, isFinal: true))
        let again = Command.CreateKey(
            nonce: 1, owner: owner, origin: .imported, digest: digest(7), scope: .permissions([]),
            expiry: .never)
        #expect(try house.apply(.createKey(again), by: .node).refusal == .exists(.key))
        _ = try house.apply(.deleteKey(.init(id: key.id)), by: .node)
        #expect(try house.apply(.createKey(again), by: .node).refusal == nil)
    }

    @Test("A key acts with its own rights alone, and has no part in what is its owner's")
    func acting() throws {
        var (house, session) = try open()
        let key = try house.makeKey(of: owner, ["sessions:read"])
        let actor = Actor.user(key.actor)
        #expect(try house.apply(create([]), by: actor).refusal == .insufficientPermissions)
        guard case .user(let other) = session, let id = other.session else { return }
        #expect(
            try house.apply(.revokeSession(.init(session: id)), by: actor).refusal
                == .insufficientPermissions)
        let password = Command.SetPassword(
            user: owner, password: PasswordHash(phc: "$2"), authVersionSeen: 1)
        #expect(
            try house.apply(.setPassword(password), by: actor).refusal == .insufficientPermissions)
        // But it may end itself.
        #expect(try house.apply(.deleteKey(.init(id: key.id)), by: actor).result == .done)
        #expect(try house.lastAudit()?.actor == actor)
        #expect(try house.apply(.deleteKey(.init(id: key.id)), by: actor).refusal == .actorEnded)
    }

    @Test("Uses are noted by the earlier of two clocks, and never go back or revive")
    func touching() throws {
        var (house, _) = try open()
        let key = try house.makeKey(of: owner)
        func touch(_ moment: Timestamp, _ address: Text) throws -> KeyRow? {
            let touch = KeyTouch(key: key.id, lastUsed: moment, address: address)
            #expect(
                try house.apply(.touchKeys(.init(touches: [touch])), by: .node).result == .done)
            return try KeyRow.read(key.id, house.tables)
        }
        let first = try #require(try touch(.max, "10.0.0.1"))
        #expect(first.lastUsedAt == house.now && first.lastUsedAddress == "10.0.0.1")
        #expect(first.version == key.version)
        #expect(try touch(House.start, "10.0.0.2")?.lastUsedAddress == "10.0.0.1")
        _ = try house.apply(.deleteKey(.init(id: key.id)), by: .node)
        #expect(try touch(.max, "10.0.0.3") == nil)
        let refused = try house.apply(.touchKeys(.init(touches: [])), by: house.admin)
        #expect(refused.refusal == .insufficientPermissions)
    }

    @Test("An owner has so many keys, and no more; and a key so many addresses")
    func quota() throws {
        var (house, _) = try open()
        for byte in 0..<Limits.keysPerOwner {
            try house.makeKey(of: owner, byte: UInt8(byte))
        }
        #expect(try house.apply(create([]), by: .node).refusal == .quota(.key))
        try KeyCountRow(keys: Limits.keys, imported: 0).put(house.tables)
        #expect(
            try house.apply(create([], owner: House.adminID), by: .node).refusal == .quota(.key))
        try KeyCountRow(keys: 256, imported: Limits.importedKeys).put(house.tables)
        let imported = create([], owner: House.adminID, origin: .imported)
        #expect(try house.apply(imported, by: .node).refusal == .quota(.key))
        #expect(try house.apply(create([], owner: House.adminID), by: .node).refusal == nil)
    }

    @Test("An end in the past, too far away, or of no length is refused")
    func ends() throws {
        var (house, _) = try open()
        let now = house.now
        let far = Limits.keyMilliseconds
        for bad: KeyExpiry in [
            .at(now), .at(now.advanced(milliseconds: far + 1)), .after(milliseconds: 0),
            .after(milliseconds: far + 1), .at(.max), .after(milliseconds: .max),
        ] {
            #expect(
                try house.apply(create([], expiry: bad), by: .node).refusal == .invalid(.duration))
        }
        #expect(
            try house.apply(create([], expiry: .at(now.advanced(milliseconds: far))), by: .node)
                .refusal == nil)
    }
}
