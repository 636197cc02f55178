import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct SecretTests {
    private func put(
        _ text: String, _ version: UInt64, condition: VersionCondition = .any,
        lifeMilliseconds: UInt64? = nil
    ) -> Command.Operation {
        .putSecret(
            .init(
                path: path(text), condition: condition, version: version,
                value: SealedBlob(term: 1, bytes: [UInt8(truncatingIfNeeded: version)]),
                timeToLiveMilliseconds: lifeMilliseconds, metadata: "{}"))
    }

    private func read(_ house: House, _ text: String, _ version: UInt64? = nil) throws -> [UInt8]? {
        try decideSecretRead(.platform, path(text), version: version, wall: .zero, house.tables)?
            .value.bytes
    }

    @Test("Versions count from 1, the newest is read, and older ones stay readable")
    func versions() throws {
        var house = try House.open()
        for version in 1...3 as ClosedRange<UInt64> {
            #expect(try house.apply(put("a/b", version), by: house.admin).refusal == nil)
        }
        #expect(try read(house, "a/b") == [3] && read(house, "a/b", 1) == [1])
        #expect(try read(house, "a/b", 4) == nil && read(house, "a") == nil)
        let row = try SecretVersionRow.read(.platform, path("a/b"), 2, house.tables)
        #expect(row?.author == House.adminID && row?.createdAt == house.now)
        #expect(try house.lastAudit()?.details == [.version(3)])
    }

    @Test("A value sealed as another version than the next is to be sealed again")
    func stale() throws {
        var house = try House.open()
        _ = try house.apply(put("a", 1), by: house.admin)
        let audit = try house.meta.nextAudit
        for version in [0, 1, 3] as [UInt64] {
            #expect(
                try house.apply(put("a", version), by: house.admin).refusal
                    == .stale(current: 1))
        }
        #expect(try house.meta.nextAudit == audit, "a retry within the server is no event")
    }

    @Test("If-Match and If-None-Match are compared in apply")
    func conditions() throws {
        var house = try House.open()
        #expect(
            try house.apply(put("a", 1, condition: .version(1)), by: house.admin).refusal
                == .versionMismatch(current: 0))
        #expect(try house.apply(put("a", 1, condition: .absent), by: house.admin).refusal == nil)
        #expect(
            try house.apply(put("a", 2, condition: .absent), by: house.admin).refusal
                == .exists(.secret))
        #expect(
            try house.apply(put("a", 2, condition: .version(1)), by: house.admin).refusal
                == nil)
        let delete = Command.DeleteSecret(path: path("a"), condition: .version(1))
        #expect(
            try house.apply(.deleteSecret(delete), by: house.admin).refusal
                == .versionMismatch(current: 2))
    }

    @Test("Ten versions are kept; an older one is gone with its ciphertext")
    func pruning() throws {
        var house = try House.open()
        for version in 1...13 as ClosedRange<UInt64> {
            _ = try house.apply(put("a", version), by: house.admin)
        }
        #expect(house.tables.count(.secretVersions) == 10)
        #expect(try SecretRow.read(.platform, path("a"), house.tables)?.oldest == 4)
        #expect(try read(house, "a", 3) == nil && read(house, "a", 4) == [4])
    }

    @Test("Deleting marks the newest version; the numbers go on, older versions stay")
    func delete() throws {
        var house = try House.open()
        _ = try house.apply(put("a", 1), by: house.admin)
        _ = try house.apply(put("a", 2), by: house.admin)
        let delete = Command.Operation.deleteSecret(.init(path: path("a")))
        guard case .secret(let head) = try house.apply(delete, by: house.admin).result else {
            Issue.record("not deleted")
            return
        }
        #expect(head.state == .deleted && head.latest == 2)
        #expect(try read(house, "a") == nil && read(house, "a", 1) == [1])
        #expect(try house.apply(delete, by: house.admin).refusal == .notFound(.secret))
        #expect(try house.apply(put("a", 3, condition: .absent), by: house.admin).refusal == nil)
        #expect(try read(house, "a") == [3])
    }

    @Test("A secret expires at its moment, by a stamp or by the node's own clock")
    func expiry() throws {
        var house = try House.open()
        _ = try house.apply(put("a", 1, lifeMilliseconds: 1000), by: house.admin)
        let end = house.now.advanced(milliseconds: 1000)
        func read(wall: UInt64) throws -> Bool {
            try decideSecretRead(
                .platform, path("a"), wall: Timestamp(milliseconds: wall), house.tables) != nil
        }
        #expect(try read(wall: end.rawValue - 1) && !read(wall: end.rawValue))
        #expect(
            try house.apply(put("a", 2, lifeMilliseconds: 0), by: house.admin).refusal
                == .invalid(.duration))
        house.now = end
        #expect(try house.apply(put("a", 2, condition: .absent), by: house.admin).refusal == nil)
    }

    @Test("Writing is narrowed by path (api, Endpoints)")
    func permissions() throws {
        var house = try House.open()
        let writer = try house.makeActor(2, ["secrets:write:app/*"])
        let reader = try house.makeActor(3, ["secrets:read"])
        #expect(try house.apply(put("app/x", 1), by: writer).refusal == nil)
        #expect(try house.apply(put("app", 1), by: writer).refusal == .insufficientPermissions)
        #expect(try house.apply(put("apple/x", 1), by: writer).refusal == .insufficientPermissions)
        #expect(try house.apply(put("app/x", 2), by: reader).refusal == .insufficientPermissions)
        let delete = Command.Operation.deleteSecret(.init(path: path("app/x")))
        #expect(try house.apply(delete, by: reader).refusal == .insufficientPermissions)
        #expect(try house.apply(delete, by: writer).refusal == nil)
    }
}

@Suite struct ListingTests {
    @Test("Users are listed by name, in pages that follow each other")
    func users() throws {
        var house = try House.open()
        for id in 1...7 as ClosedRange<UInt128> { try house.makeUser(id) }
        var names: [String] = []
        var cursor: [UInt8]?
        repeat {
            let page = try Listing.users(.platform, after: cursor, limit: 3, house.tables)
            #expect(page.items.count <= 3)
            names += page.items.map(\.username.string)
            cursor = page.next
        } while cursor != nil
        #expect(names == ["admin"] + (1...7).map { "user\($0)" })
        #expect(try Listing.users(TenantID(bits: 2), limit: 9, house.tables).items.isEmpty)
    }

    @Test("A list of sessions shows those that live")
    func sessions() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let first = try house.startSession(id)
        house.now = house.now.advanced(milliseconds: 1_700_000)
        let second = try house.startSession(id)
        func list(wall: Timestamp = .zero) throws -> [SessionID] {
            let user = try #require(try house.user(id))
            return try Listing.sessions(of: user, limit: 10, wall: wall, house.tables)
                .items.map(\.id)
        }
        #expect(try list() == [first.id, second.id])
        #expect(try list(wall: first.idleExpiresAt) == [second.id])
        _ = try house.apply(
            .revokeSessions(.init(user: id, keeping: first.id)), by: house.admin)
        #expect(try list() == [first.id])
    }

    @Test("Secrets are listed by the prefix of their path, without the deleted")
    func secrets() throws {
        var house = try House.open()
        for text in ["app/a", "app/b", "app/b/c", "apple", "z"] {
            _ = try house.apply(
                .putSecret(
                    .init(
                        path: path(text), version: 1, value: SealedBlob(term: 1, bytes: [1]))),
                by: house.admin)
        }
        _ = try house.apply(.deleteSecret(.init(path: path("app/a"))), by: house.admin)
        let page = try Listing.secrets(
            .platform, prefix: Array("app/".utf8), limit: 10, wall: .zero, house.tables)
        #expect(page.items.map(\.path.string) == ["app/b", "app/b/c"])
        let versions = try Listing.versions(.platform, path("app/b"), limit: 10, house.tables)
        #expect(versions.items.map(\.version) == [1], "those of app/b/c are not among them")
    }

    @Test("Audit rows are listed behind a sequence number and by what is asked for")
    func audit() throws {
        var house = try House.open()
        for id in 1...5 as ClosedRange<UInt128> { try house.makeUser(id) }
        _ = try house.apply(.deleteUser(.init(id: UserID(bits: 1))), by: house.admin)
        let all = try Listing.audit(.platform, limit: 1000, filter: .init(), house.tables)
        #expect(all.items.map(\.sequence) == Array(1...(try house.meta.nextAudit - 1)))
        let made = try Listing.audit(
            .platform, limit: 2, filter: .init(action: .userCreate), house.tables)
        #expect(made.items.count == 2)
        let next = try #require(made.next)
        let rest = try Listing.audit(
            .platform, in: .init(after: next), limit: 9, filter: .init(action: .userCreate),
            house.tables)
        #expect(rest.items.count == 3)
        let newest = try Listing.audit(
            .platform, newestFirst: true, limit: 2, filter: .init(action: .userCreate),
            house.tables)
        #expect(newest.items == rest.items.suffix(2).reversed())
        let older = try Listing.audit(
            .platform, in: .init(before: try #require(newest.next)), newestFirst: true, limit: 9,
            filter: .init(action: .userCreate), house.tables)
        #expect(older.items == (made.items + rest.items).dropLast(2).reversed())
        #expect(older.next == nil)
        let first = try Listing.audit(
            .platform, limit: 9, filter: .init(target: .user(UserID(bits: 1))), house.tables)
        #expect(first.items.map(\.action) == [.userCreate, .userDelete])
        let byAdmin = try Listing.audit(
            .platform, limit: 9, filter: .init(actor: House.adminID, action: .userDelete),
            house.tables)
        #expect(byAdmin.items.map(\.target) == [.user(UserID(bits: 1))])
        for row in all.items {
            let sequence = try Listing.auditSequence(notBefore: row.at, house.tables)
            #expect(sequence == all.items.first { $0.at == row.at }?.sequence)
            let later = row.at.advanced(milliseconds: 1)
            #expect(
                try Listing.auditSequence(notBefore: later, house.tables)
                    == all.items.first { $0.at >= later }?.sequence ?? house.meta.nextAudit)
        }
        let foreign = try Listing.audit(
            TenantID(bits: 3), limit: 9, filter: .init(), house.tables)
        #expect(foreign.items.isEmpty)
    }

    @Test("Roles are listed by name")
    func roles() throws {
        let house = try House.open()
        let page = try Listing.roles(.platform, limit: 3, house.tables)
        #expect(page.items.map(\.name.string) == ["admin", "node_operator", "operator"])
        let rest = try Listing.roles(.platform, after: page.next, limit: 3, house.tables)
        #expect(rest.items.map(\.name.string) == ["super_admin", "viewer"] && rest.next == nil)
    }
}
