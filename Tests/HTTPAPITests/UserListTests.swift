import APITypes
import AuthCore
import Testing

@testable import HTTPAPI

@Suite("filtered lists of users, renaming, and services (api.md)")
struct UserListTests {
    private func names(_ answer: HouseAnswer) -> [String] {
        (answer.json["items"]?.array ?? []).compactMap { $0["username"]?.string }
    }

    @Test("users are found by name, prefix, role, kind and state, over pages")
    func filters() throws {
        let house = try House()
        let admin = try house.logIn()
        for number in 0..<5 {
            let made = try house.send(
                "POST", "/v1/users", token: admin,
                body: .object([
                    "username": .string("robot\(number)"), "kind": .string("service"),
                    "roles": .strings(number < 3 ? ["viewer"] : []),
                    "disabled": .bool(number == 1),
                ]))
            #expect(made.status == 201)
        }
        _ = try house.makeUser("rob", by: admin)
        func list(_ query: String) throws -> [String] {
            let answer = try house.send("GET", "/v1/users?\(query)", token: admin)
            #expect(answer.status == 200, "\(query): \(answer.json)")
            return names(answer)
        }
        let robots = (0..<5).map { "robot\($0)" }
        #expect(try list("username_prefix=ROB") == ["rob"] + robots)
        #expect(try list("username_prefix=robot") == robots)
        #expect(try list("kind=person") == ["admin", "rob"])
        #expect(try list("disabled=true") == ["robot1"])
        #expect(try list("role=viewer").sorted() == ["robot0", "robot1", "robot2"])
        #expect(try list("role=viewer&disabled=false&username_prefix=robot0") == ["robot0"])
        #expect(try list("role=no-such-role") == [])
        #expect(try list("username=ROBOT1&disabled=true") == ["robot1"])
        #expect(try list("username=robot1&kind=person") == [])

        let first = try house.send(
            "GET", "/v1/users?username_prefix=robot&limit=3", token: admin)
        let cursor = try #require(first["next_cursor"])
        #expect(
            try list("username_prefix=robot&limit=3&cursor=\(cursor)") == ["robot3", "robot4"])
        // A cursor of one filter is none of another.
        for query in ["username_prefix=rob", "kind=person", "role=viewer", "disabled=true", ""] {
            let other = try house.send(
                "GET", "/v1/users?\(query)&cursor=\(cursor)".replacing("?&", with: "?"),
                token: admin)
            #expect(other.code == "malformed", "\(query)")
        }
        for query in [
            "kind=robot", "disabled=1", "disabled=", "role=X", "username_prefix=-",
            "username_prefix=",
        ] {
            let answer = try house.send("GET", "/v1/users?\(query)", token: admin)
            #expect(answer.status == 422, "\(query): \(answer.status)")
        }
    }

    @Test("a renamed user logs in by the new name alone, and what they held goes on")
    func rename() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        _ = try house.makeUser("eve", by: admin)
        let session = try house.logIn("bob", "password of a user")
        let key = try #require(
            try house.send(
                "POST", "/v1/keys", token: admin,
                body: .object(["name": .string("k"), "owner_id": .string(bob)]))["key"])
        let path = "/v1/users/\(bob)"
        let taken = try house.send(
            "PATCH", path, token: admin, body: .object(["username": .string("EVE")]))
        #expect(taken.status == 409 && taken.code == "exists")
        let renamed = try house.send(
            "PATCH", path, token: admin, body: .object(["username": .string("Robert")]),
            headers: [("If-Match", "\"1\"")])
        #expect(renamed["username"] == "robert" && renamed.headers["ETag"] == "\"2\"")
        for token in [session, key] {
            let own = try house.send("GET", "/v1/users/self", token: token)
            #expect(own["username"] == "robert" && own["id"] == bob)
        }
        _ = try house.logIn("ROBERT", "password of a user")
        let old = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("bob"), "password": .string("password of a user"),
            ]))
        #expect(old.code == "invalid_credentials")
        #expect(try house.makeUser("bob", by: admin) != bob)
    }

    @Test("a service logs in with no password, after the same work as anybody (security A7)")
    func service() throws {
        let house = try House()
        let admin = try house.logIn()
        let bob = try house.makeUser("bob", by: admin)
        let path = "/v1/users/\(bob)"
        let changed = try house.send(
            "PATCH", path, token: admin, body: .object(["kind": .string("service")]))
        #expect(changed["kind"] == "service")
        func logIn(_ name: String) throws -> HouseAnswer {
            try house.send(
                "POST", "/v1/auth/login",
                body: .object([
                    "username": .string(name), "password": .string("password of a user"),
                ]))
        }
        let jobs = house.hashJobs.count
        let service = try logIn("bob")
        let work = house.hashJobs.count - jobs
        let nobody = try logIn("nobody")
        #expect(service.code == "invalid_credentials" && service.status == 401)
        #expect(house.hashJobs.count - jobs == 2 * work && work == 1)
        #expect(service.json["detail"] == nobody.json["detail"])
        for answer in [
            try house.send(
                "PUT", "\(path)/password", token: admin,
                body: .object(["password": .string("long enough")])),
            try house.send(
                "POST", "/v1/users", token: admin,
                body: .object([
                    "username": .string("robot"), "kind": .string("service"),
                    "password": .string("long enough"),
                ])),
        ] {
            #expect(answer.status == 422 && answer.code == "invalid", "\(answer.json)")
        }
        let session = try house.send(
            "POST", "/v1/sessions", token: admin, body: .object(["user_id": .string(bob)]))
        #expect(session.status == 201)
    }

    @Test("below feature level 2 a service logs in as it always did")
    func olderCluster() throws {
        let house = try House(featureLevel: 1)
        let admin = try house.logIn()
        let made = try house.send(
            "POST", "/v1/users", token: admin,
            body: .object([
                "username": .string("robot"), "kind": .string("service"),
                "password": .string("password of a user"),
            ]))
        #expect(made.status == 201)
        _ = try house.logIn("robot", "password of a user")
    }

    @Test("nobody takes the name of somebody mightier (security C15)")
    func takesNoName() throws {
        let house = try House()
        let admin = try house.logIn()
        let boss = try #require(try house.send("GET", "/v1/users/self", token: admin)["id"])
        _ = try house.makeUser("mallory", permissions: ["users:read", "users:write"], by: admin)
        let mallory = try house.logIn("mallory", "password of a user")
        for body in [
            JSONValue.object(["username": .string("old-admin")]),
            JSONValue.object(["kind": .string("service")]),
        ] {
            let answer = try house.send("PATCH", "/v1/users/\(boss)", token: mallory, body: body)
            #expect(answer.status == 403 && answer.code == "insufficient_permissions")
        }
    }
}
