import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("Services, and names that change hands") struct ServiceTests {
    private let hash = PasswordHash(phc: "$test$1")

    /// A cluster of the first release.
    private func older() throws -> House {
        var house = House()
        var command = House.bootstrap
        command.featureLevel = 1
        _ = try house.apply(.bootstrap(command), by: .node)
        return house
    }

    @Test("A service is given no password, neither when it is made nor later")
    func noPassword() throws {
        var house = try House.open()
        let withPassword = Command.CreateUser(
            id: UserID(bits: 1), username: name("robot"), kind: .service, password: hash)
        let refused = try house.apply(.createUser(withPassword), by: house.admin)
        #expect(refused.refusal == .invalid(.passwordOfService))
        #expect(try house.user(UserID(bits: 1)) == nil)
        let plain = Command.CreateUser(
            id: UserID(bits: 1), username: name("robot"), kind: .service)
        #expect(try house.apply(.createUser(plain), by: house.admin).refusal == nil)
        let set = Command.SetPassword(user: UserID(bits: 1), password: hash)
        let outcome = try house.apply(.setPassword(set), by: house.admin)
        #expect(outcome.refusal == .invalid(.passwordOfService))
        #expect(try PasswordRow.read(.platform, UserID(bits: 1), house.tables) == nil)
    }

    @Test("Who becomes a service cannot log in from then on; sessions and keys go on")
    func becomesService() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let session = try house.startSession(id)
        let key = try house.makeKey(of: id)
        _ = try house.apply(.updateUser(.init(id: id, kind: .service)), by: house.admin)
        let logIn = try house.apply(house.start(id), by: .anonymous)
        #expect(logIn.refusal == .credentialsChanged)
        #expect(try house.isAllowed(session) && house.isAllowed(key))
        // A session that a front service begins is no log-in.
        let delegated = try house.apply(
            house.start(id, authVersion: nil, method: .delegated), by: house.admin)
        #expect(delegated.refusal == nil)
        _ = try house.apply(.updateUser(.init(id: id, kind: .person)), by: house.admin)
        #expect(try house.apply(house.start(id), by: .anonymous).refusal == nil)
    }

    @Test("The last super administrator cannot become a service, nor is one counted")
    func lastSuperAdmin() throws {
        var house = try House.open()
        let toService = Command.UpdateUser(id: House.adminID, kind: .service)
        #expect(try house.apply(.updateUser(toService), by: house.admin).refusal == .lastSuperAdmin)
        let other = try house.makeUser(1, ["super_admin"])
        _ = try house.apply(.updateUser(.init(id: other, kind: .service)), by: house.admin)
        #expect(try house.apply(.updateUser(toService), by: house.admin).refusal == .lastSuperAdmin)
        _ = try house.apply(.updateUser(.init(id: other, kind: .person)), by: house.admin)
        #expect(try house.apply(.updateUser(toService), by: house.admin).refusal == nil)
        // The service may go: it is not the one that is left.
        let back = Command.UpdateUser(id: other, disabled: true)
        #expect(try house.apply(.updateUser(back), by: house.admin).refusal == .lastSuperAdmin)
        #expect(
            try house.apply(.deleteUser(.init(id: House.adminID)), by: .node).refusal == nil)
    }

    @Test("Below feature level 2 a service logs in as it always did")
    func belowLevel() throws {
        var house = try older()
        let admin = try house.logIn(House.adminID)
        let robot = Command.CreateUser(
            id: UserID(bits: 1), username: name("robot"), kind: .service, password: hash)
        #expect(try house.apply(.createUser(robot), by: admin).refusal == nil)
        #expect(try house.apply(house.start(robot.id), by: .anonymous).refusal == nil)
        let set = Command.SetPassword(user: robot.id, password: hash)
        #expect(try house.apply(.setPassword(set), by: admin).refusal == nil)
        let rename = Command.UpdateUser(id: House.adminID, username: name("root"), kind: .service)
        try house.makeRole("writer", ["users:write"])
        let writer = try house.logIn(house.makeUser(2, ["writer"]))
        #expect(try house.apply(.updateUser(rename), by: writer).refusal == nil)
    }

    @Test("The level is not raised where only services could administer from then on")
    func raisingLocksNobodyOut() throws {
        var house = try older()
        let member = Command.RegisterMember(
            node: NodeID(1), incarnation: Incarnation(1), url: "https://n", peer: "n:1",
            version: "1", featureLevel: 2)
        _ = try house.apply(.registerMember(member), by: .node)
        _ = try house.apply(.updateUser(.init(id: House.adminID, kind: .service)), by: .node)
        let raise = Command.Operation.raiseFeatureLevel(.init(level: 2))
        #expect(try house.apply(raise, by: .node).refusal == .lastSuperAdmin)
        #expect(try house.meta.featureLevel == 1)
        _ = try house.apply(.updateUser(.init(id: House.adminID, kind: .person)), by: .node)
        #expect(try house.apply(raise, by: .node).result == .done)
        #expect(try house.meta.featureLevel == 2)
    }

    @Test("Renaming, making another kind of, or deleting needs every permission that the user has")
    func rename() throws {
        var house = try House.open()
        try house.makeRole("big", ["extra"])
        let strong = try house.makeUser(1, ["big"])
        let weak = try house.makeUser(2)
        let writer = try house.makeActor(3, ["users:write"])
        for patch in [
            Command.UpdateUser(id: strong, username: name("other")),
            Command.UpdateUser(id: strong, kind: .service),
        ] {
            let refused = try house.apply(.updateUser(patch), by: writer)
            #expect(refused.refusal == .insufficientPermissions)
        }
        let deletion = try house.apply(.deleteUser(.init(id: strong)), by: writer)
        #expect(deletion.refusal == .insufficientPermissions)
        let harmless = Command.UpdateUser(id: strong, username: name("user1"), email: "x@y")
        #expect(try house.apply(.updateUser(harmless), by: writer).refusal == nil)
        let done = Command.UpdateUser(id: weak, username: name("other"))
        #expect(try house.apply(.updateUser(done), by: writer).refusal == nil)
        #expect(try house.apply(.deleteUser(.init(id: weak)), by: writer).refusal == nil)
    }

    @Test("A renamed user keeps sessions and keys, and the old name is free")
    func renamed() throws {
        var house = try House.open()
        let id = try house.makeUser(1)
        let session = try house.startSession(id)
        let key = try house.makeKey(of: id)
        _ = try house.apply(.updateUser(.init(id: id, username: name("neo"))), by: house.admin)
        #expect(try house.isAllowed(session) && house.isAllowed(key))
        let heir = Command.CreateUser(id: UserID(bits: 2), username: name("user1"))
        #expect(try house.apply(.createUser(heir), by: house.admin).refusal == nil)
        #expect(house.tables.count(.usersByName) == 3)
    }
}

@Suite("Filtered lists of users") struct UserFilterTests {
    private func all(
        _ filter: UserFilter, limit: Int = 3, _ house: House
    ) throws -> (names: [String], pages: Int) {
        var names: [String] = []
        var cursor: [UInt8]?
        var pages = 0
        repeat {
            let page = try Listing.users(
                .platform, filter: filter, after: cursor, limit: limit, house.tables)
            #expect(page.items.count <= limit)
            names += page.items.map(\.username.string)
            cursor = page.next
            pages += 1
        } while cursor != nil
        return (names, pages)
    }

    @Test("By prefix, role, kind and whether they are disabled, and all of them at once")
    func filters() throws {
        var house = try House.open()
        try house.makeRole("r", ["invoke"])
        try house.makeRole("r.x", ["invoke"])
        for id in 1...12 as ClosedRange<UInt128> {
            try house.makeUser(
                id, id % 2 == 0 ? ["r"] : ["r.x"], password: false, disabled: id % 3 == 0)
            if id > 9 {
                let patch = Command.UpdateUser(id: UserID(bits: id), kind: .service)
                _ = try house.apply(.updateUser(patch), by: .node)
            }
        }
        #expect(try all(UserFilter(), house).names.count == 13)
        #expect(
            try all(UserFilter(prefix: Array("user1".utf8)), house).names
                == ["user1", "user10", "user11", "user12"])
        #expect(try all(UserFilter(prefix: Array("user1".utf8)), limit: 1, house).pages == 4)
        #expect(try all(UserFilter(prefix: Array("v".utf8)), house).names == [])
        let holders = try all(UserFilter(role: role("r")), house)
        #expect(holders.names.sorted() == ["user10", "user12", "user2", "user4", "user6", "user8"])
        #expect(holders.pages == 2)
        #expect(try all(UserFilter(role: role("none")), house).names == [])
        #expect(
            try all(UserFilter(kind: .service), house).names == ["user10", "user11", "user12"])
        #expect(
            try all(UserFilter(disabled: true), house).names
                == ["user12", "user3", "user6", "user9"])
        let narrow = UserFilter(
            prefix: Array("user1".utf8), role: role("r"), kind: .service, disabled: false)
        #expect(try all(narrow, house).names == ["user10"])
    }

    @Test("A page looks at so many users at most, and says where to go on")
    func bounded() throws {
        var house = try House.open()
        let most = Listing.usersLookedAt
        for id in 1000..<UInt128(most + 1010) {
            try house.makeUser(id, ["viewer"], password: false)
        }
        for filter in [
            UserFilter(disabled: true), UserFilter(role: role("viewer"), kind: .service),
        ] {
            let first = try Listing.users(.platform, filter: filter, limit: 1, house.tables)
            #expect(first.items.isEmpty && first.next != nil)
            let second = try Listing.users(
                .platform, filter: filter, after: first.next, limit: 1, house.tables)
            #expect(second.items.isEmpty && second.next == nil)
        }
    }
}
