import APITypes
import Manifest
import Testing

@testable import HTTPAPI

@Suite("what watchword apply plans is what the API takes") struct ApplyTests {
    private let digest = String(repeating: "5c", count: 32)

    private var yaml: String {
        """
        roles:
          deployer:
            permissions: [invoke, "secrets:read:app/*"]
            inherits: [base]
            rate_limit: 100/minute
            description: rolls out
          base: {inherits: [viewer]}
        users:
          Alice: {email: a@x, display_name: Alice, roles: [deployer], metadata: {team: core}}
          bob: {password_file: bob.txt}
          ci: {kind: service, roles: [base], disabled: false}
        keys:
          - name: pipeline
            owner: ci
            sha256: \(digest)
            permissions: [cluster:read, roles:read]
            allowed_addresses: [10.1.1.1/8, 127.0.0.1]
            rate_limit: 5/second
            metadata: {for: pipeline}
            expires_at: never
        settings: {session_idle_seconds_max: 3600, session_seconds_max: none, quota: 9999/day}
        """
    }

    private func present(_ house: House, _ token: String) throws -> PresentState {
        func items(_ list: String) throws -> [JSONValue] {
            let answer = try house.send("GET", "/v1/\(list)?limit=1000", token: token)
            return try #require(answer.json["items"]?.array)
        }
        let settings = try house.send("GET", "/v1/settings", token: token)
        return try PresentState(
            roles: items("roles"), users: items("users"), keys: items("keys"),
            settings: settings.status == 200 ? settings.json : nil,
            caller: house.send("GET", "/v1/users/self", token: token)["username"])
    }

    private func plan(
        _ yaml: String, _ house: House, _ token: String, prunes: Bool = false
    ) throws -> [Change] {
        try Planner.plan(Manifest(yaml: yaml), present(house, token), prunes: prunes)
    }

    private func carryOut(
        _ change: Change, _ house: House, _ token: String
    ) throws -> HouseAnswer {
        var owner: String?
        if let name = change.owner {
            let found = try house.send("GET", "/v1/users?username=\(name)", token: token)
            owner = try #require(found.json["items"]?.array?.first?["id"]?.string)
        }
        return try house.send(
            change.method, change.path, token: token,
            body: change.body(
                ownerID: owner, password: change.passwordFile.map { "password in \($0)" }),
            headers: change.conditionHeader.map { [($0.name, $0.value)] } ?? [])
    }

    private func apply(
        _ yaml: String, _ house: House, _ token: String, prunes: Bool = false
    ) throws -> Int {
        let changes = try plan(yaml, house, token, prunes: prunes)
        for change in changes {
            let answer = try carryOut(change, house, token)
            #expect((200..<300).contains(answer.status), "\(change): \(answer.json)")
        }
        #expect(try plan(yaml, house, token, prunes: prunes) == [], "a second run")
        return changes.count
    }

    @Test("a file is carried out as it is planned, and the second time there is nothing to do")
    func life() throws {
        let house = try House()
        let admin = try house.logIn()
        #expect(try apply(yaml, house, admin) == 7)
        _ = try house.logIn("bob", "password in bob.txt")
        let changed = yaml.replacing("[deployer]", with: "[base]").replacing("core", with: "infra")
            .replacing("5/second", with: "6/hour").replacing("a@x", with: "b@x")
            .replacing("[cluster:read, roles:read]", with: "[roles:read]")
            .replacing("description: rolls out", with: "description: \"\"")
        #expect(try apply(changed, house, admin) == 3)
        #expect(try apply(yaml, house, admin) == 3)
        // Without being asked to, it removes nothing.
        let less = "roles: {base: {}}\nusers: {ci: {}}\nkeys: []"
        #expect(try apply(less, house, admin) == 0)
        #expect(try apply(less, house, admin, prunes: true) == 4)
        let left = try present(house, admin)
        #expect(left.users.map(\.subject) == [.user("admin"), .user("ci")])
        #expect(left.keys.isEmpty)
        #expect(left.roles.count == 6)
    }

    @Test("a change that somebody else was faster with is refused, and nothing is lost")
    func concurrent() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try apply(yaml, house, admin)
        let changed = yaml.replacing("a@x", with: "b@x").replacing("100/min", with: "200/min")
        let late = try plan(changed, house, admin)
        #expect(try apply(changed, house, admin) == late.count)
        for change in late {
            let answer = try carryOut(change, house, admin)
            #expect(answer.status == 412 && answer.code == "version_mismatch", "\(change)")
        }
        // What was to be made is there meanwhile.
        let empty = try House()
        let other = try empty.logIn()
        let first = try plan(yaml, empty, other)
        _ = try apply(yaml, empty, other)
        for change in first {
            let answer = try carryOut(change, empty, other)
            let code = change.subject == .settings ? "version_mismatch" : "exists"
            #expect(answer.code == code, "\(change): \(answer.json)")
        }
    }

    @Test("whoever applies gains nothing by it (security C15)")
    func escalation() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser(
            "mallory",
            permissions: [
                "users:read", "users:write", "roles:read", "roles:write", "roles:grant",
                "keys:read",
                "keys:write",
            ], by: admin)
        let mallory = try house.logIn("mallory", "password of a user")
        for yaml in [
            "roles: {mine: {permissions: [\"*\"]}}", "roles: {mine: {inherits: [super_admin]}}",
            "users: {mallory: {roles: [super_admin]}}",
            "users: {puppet: {roles: [admin], password_file: puppet.txt}}",
            "users: {admin: {kind: service}}",
            "keys: [{name: k, owner: admin, sha256: \(digest), permissions: [secrets:read]}]",
        ] {
            let changes = try plan(yaml, house, mallory)
            let change = try #require(changes.first)
            #expect(changes.count == 1)
            let answer = try carryOut(change, house, mallory)
            #expect(answer.status == 403, "\(yaml): \(answer.status) \(answer.json)")
        }
    }
}
