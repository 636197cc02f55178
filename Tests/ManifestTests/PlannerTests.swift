import APITypes
import Testing

@testable import Manifest

/// A server that is asked nothing but what the planner's requests ask, and refuses like one.
private struct Server {
    var roles: [String: JSONValue] = [:]
    var users: [String: JSONValue] = [:]
    var keys: [String: JSONValue] = [:]
    var settings: JSONValue = .object([
        "sessions_per_user_max": .null, "session_overflow": .string("deny"),
        "quota": .string("5/day"), "version": .unsigned(0),
    ])

    init() {
        for name in ["super_admin", "viewer"] {
            roles[name] = .object([
                "name": .string(name), "permissions": .array([]), "inherits": .array([]),
                "rate_limit": .string(""), "description": .string(""), "builtin": .bool(true),
                "version": .integer(1),
            ])
        }
        users["admin"] = user("admin", [JSONMember("roles", .strings(["super_admin"]))])
    }

    func present() throws -> PresentState {
        func values(_ objects: [String: JSONValue]) -> [JSONValue] {
            objects.sorted { $0.key < $1.key }.map(\.value)
        }
        return try PresentState(
            roles: values(roles), users: values(users), keys: values(keys), settings: settings,
            caller: "admin")
    }

    func plan(_ yaml: String, prunes: Bool = false) throws -> [Change] {
        try Planner.plan(Manifest(yaml: yaml), present(), prunes: prunes)
    }

    /// Applies a file, and checks that a second time there is nothing to do.
    mutating func apply(_ yaml: String, prunes: Bool = false) throws -> [String] {
        let changes = try plan(yaml, prunes: prunes)
        for change in changes { carryOut(change) }
        #expect(try plan(yaml, prunes: prunes).isEmpty)
        return changes.flatMap(\.lines)
    }

    mutating func carryOut(_ change: Change) {
        let body = change.body(
            ownerID: change.owner.map { "usr_\($0)" },
            password: change.passwordFile.map { _ in "p" })
        switch change.subject {
        case .role(let name):
            guard let body else { return remove(role: name) }
            for inherited in body["inherits"]?.array?.compactMap(\.string) ?? [] {
                #expect(roles[inherited] != nil, "\(name) inherits \(inherited) too early")
                #expect(!reaches(inherited, name), "a circle through \(name)")
            }
            let version = (roles[name]?["version"]?.unsigned ?? 0) + 1
            roles[name] = merged(
                [
                    JSONMember("name", .string(name)), JSONMember("builtin", .bool(false)),
                    JSONMember("version", .unsigned(version)),
                ], body)
        case .user(let name):
            guard let body else {
                users[name] = nil
                return
            }
            for role in body["roles"]?.array?.compactMap(\.string) ?? [] {
                #expect(roles[role] != nil, "\(name) holds \(role) too early")
            }
            users[name] = user(name, body.members ?? [])
        case .key(let name, let owner):
            guard let body else {
                keys["\(owner)/\(name)"] = nil
                return
            }
            let old = keys["\(owner)/\(name)"]?.members ?? []
            if old.isEmpty { #expect(body["owner_id"] == .string("usr_\(owner)")) }
            keys["\(owner)/\(name)"] = merged(
                [
                    JSONMember("id", .string("key_\(name)")), JSONMember("imported", .bool(true)),
                    JSONMember("roles", .array([])), JSONMember("permissions", .array([])),
                ] + old, .object((body.members ?? []) + [JSONMember("version", .integer(1))]))
        case .settings:
            let version = (settings["version"]?.unsigned ?? 0) + 1
            settings = merged(
                settings.members ?? [],
                .object((body?.members ?? []) + [JSONMember("version", .unsigned(version))]))
        }
    }

    private mutating func remove(role name: String) {
        #expect(!roles.values.contains { reads($0, "inherits", name) }, "\(name) is inherited")
        #expect(!users.values.contains { reads($0, "roles", name) }, "\(name) is held")
        roles[name] = nil
    }

    private func reads(_ object: JSONValue, _ list: String, _ name: String) -> Bool {
        object[list]?.array?.contains(.string(name)) == true
    }

    private func reaches(_ from: String, _ to: String) -> Bool {
        from == to
            || (roles[from]?["inherits"]?.array ?? []).contains { reaches($0.string ?? "", to) }
    }

    private func user(_ name: String, _ fields: [JSONMember]) -> JSONValue {
        let old =
            users[name]?.members ?? [
                JSONMember("id", .string("usr_\(name)")), JSONMember("username", .string(name)),
                JSONMember("email", .string("")), JSONMember("display_name", .string("")),
                JSONMember("kind", .string("person")), JSONMember("roles", .array([])),
                JSONMember("disabled", .bool(false)),
                JSONMember("metadata", .object([JSONMember]())),
            ]
        let version = (users[name]?["version"]?.unsigned ?? 0) + 1
        return merged(old, .object(fields + [JSONMember("version", .unsigned(version))]))
    }

    private func merged(_ old: [JSONMember], _ new: JSONValue) -> JSONValue {
        .object(
            old.filter { new[$0.name] == nil }
                + (new.members ?? []).filter { $0.name != "password_hash" })
    }
}

@Suite("the plan of watchword apply") struct PlannerTests {
    private let digest = String(repeating: "0a", count: 32)

    @Test("settings come last, bound to what they were, and are never removed")
    func settings() throws {
        var server = Server()
        let yaml = """
            settings: {sessions_per_user_max: 3, session_overflow: deny, quota: none}
            roles: {a: {}}
            """
        let changes = try server.plan(yaml)
        #expect(changes.last?.subject == .settings && changes.count == 2)
        #expect(changes.last?.path == "/v1/settings" && changes.last?.method == "PATCH")
        #expect(changes.last?.conditionHeader?.value == "\"0\"")
        #expect(
            try server.apply(yaml) == [
                "+ role a", "~ settings",
                "~ settings sessions_per_user_max: none -> 3", "~ settings quota: 5/day -> \"\"",
            ])
        #expect(try server.apply("settings:", prunes: true) == [])
        #expect(
            try server.apply("settings: {sessions_per_user_max: none}")
                == ["~ settings", "~ settings sessions_per_user_max: 3 -> none"])
    }

    @Test("from nothing: roles in order of inheritance, then users, then keys; then nothing")
    func first() throws {
        var server = Server()
        let lines = try server.apply(
            """
            roles:
              a: {inherits: [b], permissions: [invoke]}
              b: {inherits: [c]}
              c: {inherits: [viewer], rate_limit: 5/second}
            users:
              robot: {kind: service, roles: [a], metadata: {team: x}}
              zoe: {password_hash: "$6$salt$hash"}
              eve: {password_file: eve.txt}
            keys:
              - {name: ci, owner: robot, sha256: \(digest), permissions: [invoke]}
            """)
        #expect(
            lines == [
                "+ role c", "+ role c inherits: viewer", "+ role c rate_limit: 5/second",
                "+ role b", "+ role b inherits: c",
                "+ role a", "+ role a permissions: invoke", "+ role a inherits: b",
                "+ user robot", "+ user robot kind: service", "+ user robot roles: a",
                "+ user robot metadata.team: x",
                "+ user zoe", "+ user zoe password: by its hash",
                "+ user eve", "+ user eve password: from eve.txt",
                "+ key ci of robot", "+ key ci of robot permissions: invoke",
                "+ key ci of robot sha256: imported",
            ])
        #expect(!lines.contains { $0.contains("$6$") || $0.contains(digest) })
    }

    @Test("a change names what differs, and leaves alone what is not written")
    func update() throws {
        var server = Server()
        _ = try server.apply(
            """
            roles: {r: {permissions: [invoke, code], description: old}}
            users: {bob: {email: b@x, roles: [r, viewer], metadata: {a: "1", b: "2"}}}
            """)
        let yaml = """
            roles: {r: {permissions: [invoke, jobs]}}
            users: {bob: {roles: [viewer], disabled: true, metadata: {b: "3", c: "4"}}}
            """
        let changes = try server.plan(yaml)
        #expect(changes.map(\.method) == ["PUT", "PATCH"])
        #expect(changes.map(\.path) == ["/v1/roles/r", "/v1/users/usr_bob"])
        #expect(changes.map(\.condition) == [.version(1), .version(1)])
        #expect(changes.map { $0.conditionHeader?.name } == ["If-Match", "If-Match"])
        #expect(changes.map { $0.conditionHeader?.value } == ["\"1\"", "\"1\""])
        #expect(changes[0].body()?["description"] == .string("old"))
        #expect(changes[1].body()?["email"] == nil)
        #expect(
            try server.apply(yaml) == [
                "~ role r", "- role r permissions: code", "+ role r permissions: jobs",
                "~ user bob", "- user bob roles: r", "~ user bob disabled: false -> true",
                "- user bob metadata.a: 1", "~ user bob metadata.b: 2 -> 3",
                "+ user bob metadata.c: 4",
            ])
        #expect(server.users["bob"]?["email"] == .string("b@x"))
    }

    @Test("roles that change who inherits whom never make a circle on the way")
    func turnedRound() throws {
        var server = Server()
        _ = try server.apply("roles: {a: {inherits: [b]}, b: {inherits: [c]}, c: {}, x: {}}")
        _ = try server.apply("roles: {x: {inherits: [a]}}")
        // c now inherits x, which is not in the file and inherits a.
        let lines = try server.apply(
            "roles: {c: {inherits: [x]}, b: {inherits: []}, a: {inherits: [b]}}")
        #expect(
            lines.filter { !$0.contains(":") } == ["~ role b", "~ role c"])
    }

    @Test("nothing is removed unless it is asked for; then what holds before what is held")
    func prune() throws {
        var server = Server()
        _ = try server.apply(
            """
            roles: {a: {inherits: [b]}, b: {}, z: {inherits: [a]}, kept: {}}
            users: {bob: {roles: [z]}, robot: {kind: service, roles: [a]}}
            keys: [{name: k, owner: robot, sha256: \(digest)}]
            """)
        let yaml = "roles: {kept: {}}\nusers: {robot: {roles: []}}\nkeys: []"
        #expect(try server.plan(yaml).map(\.kind) == [.update])
        #expect(try server.plan("roles: {}", prunes: true).allSatisfy { $0.path.contains("roles") })
        #expect(
            try server.apply(yaml, prunes: true) == [
                "~ user robot", "- user robot roles: a", "- key k of robot", "- user bob",
                "- role z", "- role a", "- role b",
            ])
        // Neither the caller nor what is built in.
        #expect(server.users.keys.sorted() == ["admin", "robot"])
        #expect(server.roles.keys.sorted() == ["kept", "super_admin", "viewer"])
    }

    @Test("the caller is changed last")
    func callerLast() throws {
        let plan = try Server().plan("users: {admin: {email: a@x}, bob: {}}")
        #expect(plan.map(\.subject) == [.user("bob"), .user("admin")])
    }

    @Test(
        "what cannot be is told with its line before anything is sent",
        arguments: [
            ("roles:\n  a: {inherits: [b]}\n  b: {inherits: [a]}", "line 2: roles would inherit"),
            ("roles:\n  a: {inherits: [a]}", "line 2: roles would inherit each other in a circle"),
            ("roles:\n  a: {inherits: [none]}", "line 2: role a: there is no role none"),
            ("roles:\n  viewer: {permissions: [invoke]}", "line 2: role viewer is built in"),
            ("users:\n  bob: {roles: [none]}", "line 2: user bob: there is no role none"),
            (
                "keys:\n- {name: k, owner: none, sha256: \(String(repeating: "0", count: 64))}",
                "line 2: key k of none: there is no user none"
            ),
        ])
    func impossible(_ yaml: String, _ text: String) throws {
        do {
            let plan = try Server().plan(yaml)
            Issue.record("\(plan)")
        } catch let error as ManifestError {
            #expect(error.description.hasPrefix(text))
        }
    }

    @Test("a role that is to be removed cannot be named")
    func prunedButNamed() throws {
        var server = Server()
        _ = try server.apply("roles: {old: {}}")
        #expect(throws: ManifestError.self) {
            try server.plan("roles: {}\nusers: {bob: {roles: [old]}}", prunes: true)
        }
    }

    @Test("a built-in role may be named as it is")
    func builtIn() throws {
        #expect(try Server().plan("roles: {viewer: {permissions: []}}").isEmpty)
    }

    @Test("a key's roles give way to permissions, and the other way round")
    func keyScope() throws {
        var server = Server()
        let key = "keys: [{name: k, owner: admin, sha256: \(digest), "
        _ = try server.apply(key + "roles: [viewer]}]")
        let plan = try server.plan(key + "permissions: []}]")
        #expect(plan.map(\.method) == ["PATCH"])
        #expect(plan.first?.body() == .object(["permissions": .array([])]))
    }

    @Test("what a stored text could do to a terminal is not shown")
    func terminal() throws {
        var server = Server()
        _ = try server.apply("users: {bob: {}}")
        server.users["bob"] = .object(
            (server.users["bob"]?.members ?? []).map {
                $0.name == "email" ? JSONMember("email", .string("a\u{1B}[2Jb")) : $0
            })
        let plan = try server.plan("users: {bob: {email: c@d}}")
        #expect(plan.first?.lines.last == "~ user bob email: a?[2Jb -> c@d")
    }
}
