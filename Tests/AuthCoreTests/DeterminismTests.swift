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
            let command = try command(&dice, house)
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
            let command = try command(&dice, house)
            _ = dice.next()
            _ = try house.apply(bytes: command.encoded())
        }
        try checkInvariants(house.tables)
    }

    private func command(_ dice: inout Dice, _ house: House) throws -> Command {
        RandomCommand(
            dice: dice,
            sessions: try house.tables.rows(.sessions).map {
                try SessionRow(key: $0.key, value: $0.value)
            },
            keys: try house.tables.rows(.keys).map { try KeyRow(key: $0.key, value: $0.value) }
        ).command
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
        let keys = try tables.rows(.keys).map { try KeyRow(key: $0.key, value: $0.value) }
        let count = try KeyCountRow.read(tables)
        #expect(count.keys == UInt64(keys.count))
        #expect(count.imported == UInt64(keys.count { $0.origin == .imported }))
        #expect(tables.count(.keysByOwner) == keys.count)
        #expect(tables.count(.keysByExpiry) == keys.count { $0.expiresAt != nil })
        #expect(tables.count(.importedKeys) == keys.count { $0.origin == .imported })
        #expect(tables.count(.keyRoles) == keys.map(\.scope.roles.count).reduce(0, +))
        for key in keys {
            #expect(try Keys.all(of: key.owner, in: key.tenant, tables).contains(key))
            #expect(users.contains { $0.id == key.owner && $0.tenant == key.tenant })
            if key.origin == .imported {
                #expect(try KeyRow.read(imported: key.digest, tables) == key)
            }
            for role in key.scope.roles {
                #expect(try RoleRow.read(key.tenant, role, tables) != nil)
            }
        }
        let failures = tables.rows(.logInFailures)
        let listed = failures.filter { $0.key[0] == 1 }
        let counted = try failures.filter { $0.key[0] == 0 }
            .map { try LogInFailureRow(key: $0.key, value: $0.value) }
        #expect(Set(counted.map(\.expiryKey)) == Set(listed.map(\.key)))
        #expect(try logInNamesCounted(tables) == UInt64(counted.count))
        let minutes = try failures.filter { $0.key[0] == 4 }
            .map { try LogInAuditRow(key: $0.key, value: $0.value) }
        #expect(
            Set(minutes.map(\.minuteKey)) == Set(failures.filter { $0.key[0] == 6 }.map(\.key)))
        for row in failures where row.key[0] == 3 {
            let row = try LogInNetworksRow(key: row.key, value: row.value)
            #expect(users.contains { $0.id == row.user && $0.tenant == row.tenant })
        }
        #expect(tables.count(.requests) == tables.count(.requestsByExpiry))
        let heads = try tables.rows(.secrets).map { try SecretRow(key: $0.key, value: $0.value) }
        let versions = heads.map { Int($0.latest - $0.oldest) + 1 }.reduce(0, +)
        #expect(tables.count(.secretVersions) == versions)
        let meta = try StateMeta.read(tables)
        #expect(UInt64(tables.count(.audit)) == meta.nextAudit - meta.firstAudit)
    }
}
