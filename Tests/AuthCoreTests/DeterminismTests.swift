import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct DeterminismTests {
    @Test("Two replicas that apply one log in different batches are the same", arguments: 0..<6)
    func sameState(round: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        var house = try House.open()
        for _ in 0..<150 {
            house.now = house.now.advanced(milliseconds: UInt64(dice.below(200_000)))
            let command = RandomCommand(dice: dice, sessions: try sessions(house)).command
            _ = dice.next()
            let known = dice.chance(10) ? UInt64(1 + dice.below(house.log.count)) : nil
            let counter = known ?? UInt64(house.log.count) + 1000
            _ = try house.apply(
                ProposalID(node: NodeID(1 + UInt64(dice.below(3))), run: 1, counter: counter),
                oldestPending: counter > 20 ? counter - 20 : 1,
                dice.chance(5) ? [1, 2, 3] : command.encoded())
        }
        let replica = InMemoryTables()
        var rest = house.log[...]
        var outcomes = 0
        while !rest.isEmpty {
            let batch = rest.prefix(1 + dice.below(9))
            rest = rest.dropFirst(batch.count)
            outcomes += try House.apply(Array(batch), to: replica).count
        }
        #expect(outcomes == house.log.count)
        for table in Table.allCases {
            let rows = house.tables.rows(table)
            let others = replica.rows(table)
            #expect(rows.elementsEqual(others, by: ==), "\(table), seed \(seed)")
        }
        #expect(try StateMeta.read(replica) == house.meta)
    }

    @Test("The hash of the rows tells two states apart that differ in one applied bit")
    func hashDiffers() throws {
        var one = try House.open()
        var two = try House.open()
        #expect(try one.meta.rowsHash == two.meta.rowsHash)
        _ = try one.apply(.updateUser(.init(id: House.adminID, email: "a")), by: .node)
        _ = try two.apply(.updateUser(.init(id: House.adminID, email: "b")), by: .node)
        #expect(try one.meta.rowsHash != two.meta.rowsHash)
    }

    @Test("No row of any table is damaged after any sequence of commands")
    func rowsReadable() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        var house = try House.open()
        for _ in 0..<300 {
            house.now = house.now.advanced(milliseconds: UInt64(dice.below(100_000)))
            let command = RandomCommand(dice: dice, sessions: try sessions(house)).command
            _ = dice.next()
            _ = try house.apply(bytes: command.encoded())
        }
        try checkInvariants(house.tables)
    }

    private func sessions(_ house: House) throws -> [SessionRow] {
        try house.tables.rows(.sessions).map { try SessionRow(key: $0.key, value: $0.value) }
    }

    /// Rows that speak of each other agree.
    private func checkInvariants(_ tables: InMemoryTables) throws {
        let users = try tables.rows(.users).map { try UserRow(key: $0.key, value: $0.value) }
        #expect(tables.count(.usersByName) == users.count)
        for user in users {
            #expect(try UserRow.read(user.tenant, named: user.username, tables) == user)
        }
        #expect(tables.count(.roleHolders) == users.map(\.roles.count).reduce(0, +))
        let sessions = try tables.rows(.sessions).map {
            try SessionRow(key: $0.key, value: $0.value)
        }
        #expect(tables.count(.sessionsByUser) == sessions.count)
        #expect(tables.count(.sessionsByExpiry) == sessions.count)
        #expect(
            tables.count(.refreshFamilies) == sessions.filter(\.hasRefreshFamily).count)
        for session in sessions {
            #expect(try tables.get(.sessionsByUser, Sessions.userKey(session)) != nil)
            #expect(try tables.get(.sessionsByExpiry, Sessions.expiryKey(session)) != nil)
            #expect(session.expiryMinute <= Sessions.dueMinute(of: session))
        }
        #expect(tables.count(.requests) == tables.count(.requestsByExpiry))
        let heads = try tables.rows(.secrets).map { try SecretRow(key: $0.key, value: $0.value) }
        let versions = heads.map { Int($0.latest - $0.oldest) + 1 }.reduce(0, +)
        #expect(tables.count(.secretVersions) == versions)
        let meta = try StateMeta.read(tables)
        #expect(UInt64(tables.count(.audit)) == meta.nextAudit - meta.firstAudit)
    }
}

/// A command out of a small world, so that commands meet each other's objects.
struct RandomCommand {
    var dice: Dice
    let sessions: [SessionRow]

    var command: Command {
        var copy = self
        return copy.make()
    }

    private mutating func make() -> Command {
        let operation = self.operation()
        let request =
            dice.chance(30)
            ? RequestKey(
                scope: digest(UInt8(dice.below(20))), subject: UInt128(dice.below(3)),
                body: digest(UInt8(dice.below(2))), timeToLiveMilliseconds: 600_000) : nil
        let actor: Actor
        switch dice.below(4) {
        case 0: actor = .anonymous
        case 1 where !sessions.isEmpty: actor = .user(dice.pick(sessions).actor)
        default: actor = .node
        }
        let tenant = dice.chance(3) ? TenantID(bits: 5) : .platform
        return Command(
            operation,
            header: CommandHeader(
                tenant: tenant, actor: actor, requestID: "r", address: "::1", request: request))
    }

    private mutating func user() -> UserID {
        dice.chance(10) ? House.adminID : UserID(bits: UInt128(dice.below(6)))
    }

    private mutating func roleName() -> RoleName {
        dice.chance(20) ? BuiltInRole.superAdmin.name : role("r\(dice.below(5))")
    }

    private mutating func condition() -> VersionCondition {
        switch dice.below(6) {
        case 0: .absent
        case 1: .version(UInt64(dice.below(4)))
        default: .any
        }
    }

    private mutating func session() -> SessionID {
        guard !sessions.isEmpty, dice.chance(90) else {
            return SessionID(bits: UInt128(dice.next()))
        }
        return dice.pick(sessions).id
    }

    private mutating func operation() -> Command.Operation {
        switch dice.below(20) {
        case 0, 1: users()
        case 2: .updateUser(patch())
        case 3: .deleteUser(.init(id: user(), condition: condition()))
        case 4:
            .setPassword(
                .init(
                    user: user(), password: PasswordHash(phc: "$2"),
                    authVersionSeen: dice.chance(50) ? UInt64(dice.below(3)) : nil))
        case 5:
            .rehashPassword(
                .init(
                    user: user(), password: PasswordHash(phc: "$3"),
                    authVersionSeen: UInt64(dice.below(3))))
        case 6: .grantRole(.init(user: user(), role: roleName()))
        case 7: .revokeRole(.init(user: user(), role: roleName()))
        case 8: .putRole(rolePut())
        case 9: .deleteRole(.init(name: roleName(), condition: condition()))
        case 10, 11, 12: start()
        case 13: refresh()
        case 14: .revokeSession(.init(session: session()))
        case 15:
            .revokeSessions(
                .init(user: user(), keeping: dice.chance(50) ? session() : nil))
        case 16:
            .touchSessions(
                .init(
                    touches: (0..<dice.below(4)).map { _ in
                        SessionTouch(session: session(), lastSeen: .max, uses: 1)
                    }))
        case 17: secretPut()
        case 18: .deleteSecret(.init(path: path("s\(dice.below(3))"), condition: condition()))
        default: node()
        }
    }

    private mutating func users() -> Command.Operation {
        .createUser(
            .init(
                id: user(), username: name("u\(dice.below(8))"), email: "e", displayName: "d",
                kind: dice.chance(50) ? .person : .service,
                roles: (0..<dice.below(3)).map { _ in roleName() }, disabled: dice.chance(20),
                metadata: "{}", password: dice.chance(70) ? PasswordHash(phc: "$1") : nil))
    }

    private mutating func patch() -> Command.UpdateUser {
        Command.UpdateUser(
            id: user(), condition: condition(),
            username: dice.chance(30) ? name("u\(dice.below(8))") : nil,
            email: dice.chance(30) ? "e2" : nil, displayName: dice.chance(30) ? "d2" : nil,
            kind: dice.chance(30) ? .service : nil,
            roles: dice.chance(30) ? [roleName()] : nil,
            disabled: dice.chance(40) ? dice.chance(50) : nil,
            metadata: dice.chance(30) ? "{\"a\":1}" : nil)
    }

    private mutating func rolePut() -> Command.PutRole {
        Command.PutRole(
            name: roleName(), condition: condition(),
            permissions: (0..<dice.below(4)).map { _ in
                dice.pick([.usersWrite, .rolesGrant, .everything, .secretsWrite])
            }, inherits: dice.chance(40) ? [roleName()] : [], rateLimit: "1/minute",
            description: "x")
    }

    private mutating func start() -> Command.Operation {
        .startSession(
            .init(
                user: user(), nonce: dice.next(), verifier: digest(UInt8(dice.below(256))),
                authVersionSeen: dice.chance(80) ? UInt64(dice.below(3)) : nil,
                idleMilliseconds: 1_800_000, absoluteMilliseconds: 3_600_000, label: "l",
                method: dice.chance(50) ? .password : .delegated,
                refreshVerifier: dice.chance(60) ? digest(UInt8(dice.below(4))) : nil))
    }

    private mutating func refresh() -> Command.Operation {
        .rotateRefresh(
            .init(
                number: session().number, presented: digest(UInt8(dice.below(4))),
                successor: digest(UInt8(dice.below(4))), sealedSuccessor: [1]))
    }

    private mutating func secretPut() -> Command.Operation {
        .putSecret(
            .init(
                path: path("s\(dice.below(3))"), condition: condition(),
                version: UInt64(dice.below(14)),
                value: SealedBlob(term: 1, bytes: Array(repeating: 1, count: dice.below(40))),
                encoding: dice.chance(50) ? .utf8 : .base64,
                timeToLiveMilliseconds: dice.chance(30) ? 1000 : nil, metadata: "{}"))
    }

    private mutating func node() -> Command.Operation {
        switch dice.below(10) {
        case 8:
            .raiseFeatureLevel(.init(level: UInt32(dice.below(3))))
        case 0:
            .registerMember(
                .init(
                    node: NodeID(UInt64(1 + dice.below(3))),
                    incarnation: Incarnation(UInt64(dice.below(2))), url: "u", peer: "p",
                    version: "v", featureLevel: 1))
        case 1:
            .updateKeyring(
                .init(
                    expectedVersion: UInt64(dice.below(4)),
                    keyring: SealedBlob(term: 2, bytes: [1])))
        case 2:
            .recordAudit(
                .init(events: [
                    AuditEvent(
                        actor: .anonymous, action: .logIn, target: .user(user()),
                        outcome: .denied, requestID: "q", address: "a",
                        details: [
                            .user(user()), .role(roleName()), .version(1),
                            .changed([.email]), .method(.password), .reason(.wrongPassword),
                            .count(3), .generation(2), .permission(.usersRead),
                            .actorTenant(.platform),
                        ])
                ]))
        case 3:
            .createJoinToken(
                .init(
                    digest: digest(UInt8(dice.below(4))),
                    role: dice.chance(70) ? .voter : .learner,
                    replaces: dice.chance(20) ? NodeID(UInt64(dice.below(4))) : nil,
                    timeToLiveMilliseconds: UInt64(dice.below(200_000))))
        case 4:
            .redeemJoinToken(
                .init(
                    node: NodeID(UInt64(1 + dice.below(8))),
                    digest: digest(UInt8(dice.below(4))),
                    publicKey: digest(UInt8(dice.below(3))), url: "u",
                    peer: Text("p\(dice.below(9))"), version: "v", featureLevel: 1))
        case 5:
            .orderChange(
                .init(
                    node: NodeID(UInt64(1 + dice.below(8))),
                    change: dice.pick([.promote, .demote, .remove])))
        case 6:
            .settlePlan(
                .init(
                    node: NodeID(UInt64(1 + dice.below(8))),
                    order: LogIndex(UInt64(dice.below(200))),
                    refusal: dice.chance(30) ? .notActive : nil))
        case 7:
            .setPeerAuthority(
                .init(
                    expectedVersion: UInt64(dice.below(3)), certificate: "pem",
                    sealedKey: SealedBlob(term: 1, bytes: [3])))
        default:
            .sweep(.init(limit: UInt32(dice.below(5))))
        }
    }
}
