import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("Tenants over HTTP (api.md, Who may do what; decision 16)")
struct TenantTests {
    let house: House
    let admin: String
    let acme: HouseTenant

    init() throws {
        house = try House()
        admin = try house.logIn()
        acme = try house.makeTenant("acme", by: admin)
    }

    private func validate(_ token: String, on node: Int = 1) throws -> HouseAnswer {
        try house.send("GET", "/v1/validate", token: token, to: node, checked: false)
    }

    private func code(_ method: String, _ path: String, _ token: String) throws -> Int {
        try house.send(method, path, token: token).status
    }

    @Test("They are made, listed, shown, renamed and deleted by who may, and by nobody else")
    func life() throws {
        let shown = try house.send("GET", acme.path, token: admin, to: 2)
        #expect(shown["state"] == "active" && shown["display_name"] == "The acme")
        let listed = try house.send("GET", "/v1/tenants?limit=1", token: admin)
        #expect(listed.json["items"]?.array?.first?["name"] == .string("acme"))
        let cursor = try #require(listed["next_cursor"])
        let rest = try house.send("GET", "/v1/tenants?cursor=\(cursor)", token: admin)
        #expect(rest.json["items"]?.array?.map { $0["name"]?.string } == ["default"])
        let named = try house.send("GET", "/v1/tenants?name=acme", token: admin)
        #expect(named.json["items"]?.array?.first?["id"] == .string(acme.id))
        let twice = try house.send(
            "POST", "/v1/tenants", token: admin, body: .object(["name": .string("acme")]))
        #expect(twice.status == 409 && twice.code == "exists")
        let odd = try house.send(
            "POST", "/v1/tenants", token: admin, body: .object(["name": .string("ten_a")]))
        #expect(odd.code == "invalid")
        let renamed = try house.send(
            "PATCH", acme.path, token: admin, body: .object(["name": .string("emca")]),
            headers: [("If-Match", "\"1\"")])
        #expect(renamed["name"] == "emca" && renamed.headers["ETag"] == "\"2\"")
        let late = try house.send(
            "PATCH", acme.path, token: admin, body: .object(["name": .string("x")]),
            headers: [("If-Match", "\"1\"")])
        #expect(late.code == "version_mismatch")
        for (method, path) in [
            ("GET", "/v1/tenants"), ("GET", acme.path), ("DELETE", acme.path),
            ("GET", acme.path + "/export"), ("GET", acme.path + "/users"),
        ] {
            #expect(try code(method, path, acme.token) == 403, "\(path)")
        }
        let root = try house.send("GET", "/v1/tenants?name=default", token: admin)
        let id = try #require(root.json["items"]?.array?.first?["id"]?.string)
        let kept = try house.send("DELETE", "/v1/tenants/\(id)", token: admin)
        #expect(kept.status == 422)
    }

    @Test("A repetition under an Idempotency-Key makes no second tenant")
    func repeated() throws {
        let body = JSONValue.object(["name": .string("two")])
        let headers = [("Idempotency-Key", "k")]
        let first = try house.send(
            "POST", "/v1/tenants", token: admin, body: body, headers: headers)
        let again = try house.send(
            "POST", "/v1/tenants", token: admin, body: body, headers: headers, to: 3)
        #expect(first.status == 201 && again["id"] == first["id"])
    }

    @Test("A gateway is told the tenant; what exists in the platform tenant only, nobody else has")
    func validation() throws {
        let answer = try validate(acme.token, on: 2)
        #expect(answer.status == 200)
        for name in ["X-Tenant-ID", "X-Organization-ID", "X-Org-ID"] {
            #expect(answer.headers[name] == acme.id)
        }
        let own = try validate(admin)
        #expect(own.headers["X-Tenant-ID"] != acme.id)
        for permission in ["cluster:read", "seal:manage", "tenants:act", "audit:export"] {
            let asked = try house.send(
                "GET", "/v1/validate?permission=\(permission)", token: acme.token, checked: false)
            #expect(asked.status == 403, "\(permission)")
        }
        for path in ["/v1/cluster", "/v1/audit/chain", "/metrics"] {
            #expect(try code("GET", path, acme.token) == 403, "\(path)")
            #expect(try code("GET", path, admin) == 200, "\(path)")
        }
        #expect(
            try house.send(
                "GET", "/v1/validate?permission=orders:read", token: acme.token, checked: false
            ).status == 200)
    }

    @Test("The same names stand in several tenants, and mean somebody else in each")
    func names() throws {
        let other = try house.makeTenant("other", by: admin)
        var ids: Set<String> = []
        for tenant in [acme, other] {
            ids.insert(try house.makeUser("bob", permissions: ["invoke"], by: tenant.token))
            let put = try house.send(
                "PUT", "/v1/secrets/app/db", token: tenant.token,
                body: .object(["value": .string("of \(tenant.name)")]))
            #expect(put.status == 201)
        }
        #expect(ids.count == 2)
        let read = try house.send("GET", "/v1/secrets/app/db", token: other.token, to: 3)
        #expect(read["value"] == "of other")
        let users = try house.send("GET", "/v1/users", token: acme.token)
        #expect(users.json["items"]?.array?.count == 2)
        // A cursor of one tenant's list is none of another's.
        let page = try house.send("GET", "/v1/users?limit=1", token: acme.token)
        let cursor = try #require(page["next_cursor"])
        let stolen = try house.send("GET", "/v1/users?cursor=\(cursor)", token: other.token)
        #expect(stolen.code == "malformed")
        let trail = try house.send("GET", "/v1/audit?limit=1000", token: other.token)
        let tenants = Set(trail.json["items"]?.array?.compactMap { $0["tenant_id"]?.string } ?? [])
        #expect(tenants == [other.id])
    }

    @Test("A log-in names its tenant by name or id")
    func logIn() throws {
        #expect(try house.logIn(to: acme.id, on: 2).status == 201)
        #expect(try house.logIn(to: "default").code == "invalid_credentials")
        // The platform's administrator is nobody here.
        #expect(try house.logIn(to: "acme", "admin", House.adminPassword).status == 401)
        #expect(try house.logIn(to: "No Tenant").status == 422)
    }

    @Test("An unknown tenant, a suspended one, a deleted one: the same no, in the same steps")
    func sameNo() throws {
        let asleep = try house.makeTenant("asleep", by: admin)
        let gone = try house.makeTenant("gone", by: admin)
        try house.set("suspended", of: asleep, by: admin)
        #expect(try code("DELETE", gone.path, admin) == 204)
        let unknown = "ten_" + String(repeating: "1", count: 22)
        func shapes(_ tenant: String, _ password: String) throws -> [[String]] {
            try (1...6).map { _ in
                house.forgetNeeds()
                let jobs = house.hashJobs.count
                let notes = TableNotes()
                house.leader.notes = notes
                defer { house.leader.notes = nil }
                // From where nobody has logged in: there each user has counters of their own.
                let answer = try house.logIn(
                    to: tenant, "admin", password, from: "203.0.113.9")
                let fields = answer.headers.fields.filter { $0.name != "Watchword-Index" }
                // What is held back is decided before any hash could cover the look-ups.
                return [
                    "\(answer.status)", String(decoding: answer.body, as: UTF8.self),
                    "\(house.needs)", "\(house.hashJobs.count - jobs)",
                    answer.status == 429 ? "\(notes.lines)" : "",
                ] + fields.map { "\($0.name): \($0.value)" }
            }
        }
        for names in [
            ["acme", "asleep", "gone", "nowhere"], [acme.id, asleep.id, gone.id, unknown],
        ] {
            let wrong = try shapes(names[0], "wrong password")
            #expect(wrong[0][0] == "401" && wrong[5][0] == "429")
            for name in names.dropFirst() {
                #expect(try shapes(name, House.tenantPassword) == wrong, "\(name)")
            }
            for tenant in [acme, asleep] { try house.forgetLogIns(of: tenant, by: admin) }
        }
    }

    @Test("What is held back in one tenant is not in another, though the name is the same")
    func guessing() throws {
        let other = try house.makeTenant("other", by: admin)
        for _ in 1...5 { _ = try house.logIn(to: "acme", "bob", "wrong") }
        #expect(try house.logIn(to: "acme", "bob", "wrong").status == 429)
        #expect(try house.logIn(to: other.name, "bob", "wrong").status == 401)
        #expect(try house.logIn(to: "nowhere", "bob", "wrong").status == 401)
    }

    @Test("Suspended on every node: session, key, access and log-in; resumed, they are back")
    func suspension() throws {
        let issued = try house.send(
            "POST", "/v1/keys", token: acme.token, body: .object(["name": .string("k")]))
        let key = try #require(issued["key"])
        for node in house.nodes { try node.catchUp() }
        #expect(try house.set("suspended", of: acme, by: admin)["state"] == "suspended")
        for node in house.nodes { try node.catchUp() }
        for node in 1...3 {
            #expect(try validate(acme.token, on: node).status == 401)
            #expect(try validate(key, on: node).status == 401)
            #expect(try code("GET", "/v1/users/self", acme.token) == 401)
            #expect(try house.logIn(to: "acme", on: node).code == "invalid_credentials")
        }
        let write = try house.send(
            "PUT", "/v1/roles/r", token: acme.token, body: .object(["permissions": .array([])]))
        #expect(write.code == "token_invalid")
        // Who acts from outside reads, and sees why.
        #expect(try code("GET", acme.path + "/users", admin) == 200)
        let told = try house.send(
            "POST", acme.path + "/credentials/inspect", token: admin,
            body: .object(["credential": .string(acme.token)]))
        #expect(told["reason"] == "tenant_suspended")
        let session = try #require(told.json["session"]?["id"]?.string)
        #expect(try code("GET", acme.path + "/sessions/\(session)", admin) == 200)
        let user = try #require(told.json["user"]?["id"]?.string)
        let begun = try house.send(
            "POST", acme.path + "/sessions", token: admin,
            body: .object(["user_id": .string(user)]))
        #expect(begun.status == 422)
        #expect(try house.set("active", of: acme, by: admin).status == 200)
        for node in 1...3 {
            #expect(try validate(acme.token, on: node).status == 200)
            #expect(try validate(key, on: node).status == 200)
        }
    }

    @Test("A platform subject acts in another tenant by path: with both rights, and on record")
    func acting() throws {
        let made = try house.send(
            "POST", acme.path + "/users", token: admin,
            body: .object(["username": .string("carol")]))
        let id = try #require(made["id"], "\(made.json)")
        #expect(made.headers["Location"] == acme.path + "/users/\(id)")
        #expect(try code("GET", "/v1/users/\(id)", admin) == 404)
        #expect(try code("GET", "/v1/users/\(id)", acme.token) == 200)
        let trail = try house.send(
            "GET", "/v1/audit?action=user.create&order=newest", token: acme.token)
        let record = try #require(trail.json["items"]?.array?.first)
        #expect(record["tenant_id"] == .string(acme.id))
        let home = try #require(record["details"]?["actor_tenant_id"]?.string)
        #expect(home != acme.id && home.hasPrefix("ten_"))
        _ = try house.makeUser("reader", permissions: ["users:read"], by: admin)
        let reader = try house.logIn("reader", "password of a user")
        #expect(try code("GET", acme.path + "/users", reader) == 403)
        _ = try house.makeUser("actor", permissions: ["tenants:act"], by: admin)
        let actor = try house.logIn("actor", "password of a user")
        #expect(try code("GET", acme.path + "/users", actor) == 403)
        _ = try house.makeUser("both", permissions: ["users:read", "tenants:act"], by: admin)
        let both = try house.logIn("both", "password of a user")
        #expect(try code("GET", acme.path + "/users", both) == 200)
        #expect(try code("DELETE", acme.path + "/users/\(id)", both) == 403)
        for missing in ["ten_" + String(repeating: "1", count: 22), "ten_1", "acme", id] {
            #expect(try code("GET", "/v1/tenants/\(missing)/users", both) == 404)
        }
        let read = try house.send(
            "PUT", acme.path + "/secrets/a", token: admin, body: .object(["value": .string("v")]))
        #expect(read.headers["Location"] == acme.path + "/secrets/a")
        #expect(try house.send("GET", acme.path + "/secrets/a", token: admin)["value"] == "v")
        let reading = try house.send(
            "GET", "/v1/audit?action=secret.read", token: acme.token)
        #expect(
            reading.json["items"]?.array?.first?["details"]?["actor_tenant_id"] == .string(home))
    }

    @Test("Deleted: nothing of it answers, its name is taken until all is gone, then free")
    func deletion() throws {
        let id = try house.makeUser("bob", by: acme.token)
        #expect(try code("DELETE", acme.path, admin) == 204)
        for node in house.nodes { try node.catchUp() }
        #expect(try validate(acme.token, on: 2).status == 401)
        #expect(try house.send("GET", acme.path, token: admin)["state"] == "deleting")
        #expect(try code("GET", acme.path + "/users/\(id)", admin) == 404)
        #expect(try code("GET", acme.path + "/export", admin) == 404)
        #expect(try house.set("active", of: acme, by: admin).status == 404)
        let early = try house.send(
            "POST", "/v1/tenants", token: admin, body: .object(["name": .string("acme")]))
        #expect(early.code == "exists")
        try house.propose(
            Command(.sweep(.init(limit: 200)), header: CommandHeader(actor: .node)),
            by: house.leader)
        #expect(try code("GET", acme.path, admin) == 404)
        let again = try house.makeTenant("acme", by: admin)
        #expect(again.id != acme.id)
        #expect(try validate(acme.token).status == 401)
        #expect(try code("GET", "/v1/users/\(id)", again.token) == 404)
        // What was done in it stays on record.
        let trail = try house.send(
            "GET", "/v1/audit?outcome=success&target=\(acme.id)", token: admin)
        let actions = trail.json["items"]?.array?.compactMap { $0["action"]?.string }
        #expect(actions == ["tenant.create", "tenant.delete", "tenant.remove"])
    }

    @Test("Audit records outlive their tenant, for who may act in it and read them")
    func recordsOfTheGone() throws {
        _ = try house.makeUser("bob", by: acme.token)
        _ = try house.makeUser("actor", permissions: ["tenants:act"], by: admin)
        _ = try house.makeUser("reader", permissions: ["audit:read"], by: admin)
        _ = try house.makeUser("both", permissions: ["audit:read", "tenants:act"], by: admin)
        let actor = try house.logIn("actor", "password of a user")
        let reader = try house.logIn("reader", "password of a user")
        let both = try house.logIn("both", "password of a user")
        let path = acme.path + "/audit"
        let before = try house.send("GET", path + "?limit=1000", token: both)
        #expect(before.json["items"]?.array?.isEmpty == false)
        #expect(try code("DELETE", acme.path, admin) == 204)
        for isGone in [false, true] {
            if isGone {
                try house.propose(
                    Command(.sweep(.init(limit: 200)), header: CommandHeader(actor: .node)),
                    by: house.leader)
            }
            #expect(try code("GET", acme.path, admin) == (isGone ? 404 : 200))
            let kept = try house.send("GET", path + "?limit=1000", token: both)
            #expect(kept.status == 200 && kept.json["items"] == before.json["items"])
            let made = try house.send("GET", path + "?action=user.create&limit=1", token: both)
            #expect(made.json["items"]?.array?.first?["tenant_id"] == .string(acme.id))
            #expect(try code("GET", path, actor) == 403)
            #expect(try code("GET", path, reader) == 403)
            // Nothing else of it is there.
            #expect(try code("GET", acme.path + "/users", admin) == 404)
            #expect(try code("GET", acme.path + "/settings", admin) == 404)
        }
        // Of an id that no tenant ever had there are none; what is no id is not there.
        let never = "ten_" + String(repeating: "1", count: 21) + "7"
        let none = try house.send("GET", "/v1/tenants/\(never)/audit", token: both)
        #expect(none.status == 200 && none.json["items"]?.array?.isEmpty == true)
        #expect(try code("GET", "/v1/tenants/acme/audit", both) == 404)
        let other = try house.makeTenant("other", by: admin)
        #expect(try code("GET", path, other.token) == 403)
    }

    @Test("An export has everything by pages, and nothing by which anybody is recognised")
    func export() throws {
        for name in ["bob", "carol", "dave"] { _ = try house.makeUser(name, by: acme.token) }
        let issued = try house.send(
            "POST", "/v1/keys", token: acme.token, body: .object(["name": .string("k")]))
        let key = try #require(issued["key"])
        _ = try house.send(
            "PUT", "/v1/secrets/app/db", token: acme.token,
            body: .object(["value": .string("the value itself")]))
        var kinds: [String: Int] = [:]
        var text = ""
        var cursor: String?
        repeat {
            let page = try house.send(
                "GET", acme.path + "/export?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""),
                token: admin)
            #expect(page.status == 200)
            for item in page.json["items"]?.array ?? [] {
                let name = try #require(item.members?.first?.name)
                kinds[name, default: 0] += 1
            }
            text += String(decoding: page.body, as: UTF8.self)
            cursor = page["next_cursor"]
        } while cursor != nil
        #expect(
            kinds == [
                "tenant": 1, "settings": 1, "role": 5, "user": 4, "key": 1, "session": 1,
                "secret": 1,
            ])
        for secret in ["$argon2", "the value itself", key, acme.token] {
            #expect(!text.contains(secret))
        }
        let trail = try house.send("GET", "/v1/audit?action=tenant.export", token: admin)
        let home = try #require(trail.json["items"]?.array)
        #expect(!home.isEmpty)
        // Whose data went out is told too, and by whom.
        let own = try house.send("GET", "/v1/audit?action=tenant.export", token: acme.token)
        let told = try #require(own.json["items"]?.array)
        #expect(told.count == home.count)
        for record in told {
            #expect(record["tenant_id"] == .string(acme.id))
            #expect(record["details"]?["actor_tenant_id"] == home.first?["tenant_id"])
        }
        _ = try house.makeUser("reader", permissions: ["tenants:read"], by: admin)
        let reader = try house.logIn("reader", "password of a user")
        #expect(try code("GET", acme.path, reader) == 200)
        #expect(try code("GET", acme.path + "/export", reader) == 403)
    }

    @Test("Below feature level 2 there is one tenant, and the answer says why")
    func level() throws {
        let house = try House(featureLevel: 1)
        let admin = try house.logIn()
        let made = try house.send(
            "POST", "/v1/tenants", token: admin, body: .object(["name": .string("acme")]))
        #expect(made.status == 500 && made.code == "configuration")
        #expect(
            try house.send("GET", "/v1/tenants", token: admin).json["items"]?.array?.count == 1)
    }
}

extension House {
    /// Failed log-ins of a tenant's administrator are forgotten: by a new password.
    fileprivate func forgetLogIns(of tenant: HouseTenant, by admin: String) throws {
        let found = try send("GET", tenant.path + "/users?username=admin", token: admin)
        let id = try #require(found.json["items"]?.array?.first?["id"]?.string)
        let set = try send(
            "PUT", tenant.path + "/users/\(id)/password", token: admin,
            body: .object(["password": .string(Self.tenantPassword)]))
        #expect(set.status == 204)
    }
}
