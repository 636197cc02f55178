import APITypes
import AuthCore
import ByteCodec
import Testing

@testable import AuthService
@testable import HTTPAPI

/// Whatever takes an id, taken from the table of routes itself: an id of another tenant is answered
/// as one that nobody has, with the same bytes after the same steps (security C22).
@Suite("No tenant sees another (security C22)")
struct IsolationTests {
    let house: House
    let admin: String
    /// Whose objects are asked for.
    let owner: HouseTenant
    /// Who asks, and may do everything at home.
    let stranger: HouseTenant
    /// What the owner has, by kind.
    private let foreign: [Kind: String]
    private let strangersUser: String

    /// What an id is of.
    private enum Kind: String, CaseIterable {
        case usr, ses, key, ten
        /// Found by names, which are chosen.
        case role, secret
    }

    init() throws {
        house = try House()
        admin = try house.logIn()
        owner = try house.makeTenant("owner", by: admin)
        stranger = try house.makeTenant("stranger", by: admin)
        var foreign: [Kind: String] = [.ten: owner.id]
        foreign[.usr] = try house.makeUser("bob", permissions: ["invoke"], by: owner.token)
        foreign[.role] = "role-of-bob"
        let bob = try house.logIn(to: "owner", "bob", "password of a user")
        foreign[.ses] = try #require(bob.json["session"]?["id"]?.string)
        let key = try house.send(
            "POST", "/v1/keys", token: owner.token,
            body: .object(["permissions": .strings(["invoke"])]))
        foreign[.key] = key["id"]
        let put = try house.send(
            "PUT", "/v1/secrets/app/owned", token: owner.token,
            body: .object(["value": .string("v")]))
        #expect(put.status == 201)
        foreign[.secret] = "app/owned"
        self.foreign = foreign
        strangersUser = try house.makeUser("eve", by: stranger.token)
        for node in house.nodes { try node.catchUp() }
    }

    /// One that nobody has, spelt as well as the other.
    private func unknown(_ kind: Kind) -> String {
        let tokens = house.tokens
        return switch kind {
        case .usr: ObjectText.show(UserID(bits: 0x7777_0000_1111))
        case .ses: tokens.show(SessionID(number: CredentialNumber(1 << 20), nonce: 3))
        case .key: tokens.show(KeyID(number: CredentialNumber(1 << 20), nonce: 3))
        case .ten: ObjectText.show(TenantID(bits: 0x7777_0000_1111))
        case .role: "role-of-nob"
        case .secret: "app/nobody"
        }
    }

    // MARK: - The cases

    /// How a route is asked about something.
    private struct Case {
        var kind: Kind
        var status: Int
        var target: (String) -> String
        var body: (String) -> JSONValue?

        init(
            _ kind: Kind, status: Int = 404, target: @escaping (String) -> String,
            body: @escaping (String) -> JSONValue? = { _ in nil }
        ) {
            self.kind = kind
            self.status = status
            self.target = target
            self.body = body
        }
    }

    /// What stands in the body of a route whose path names the object.
    private static let bodies: [String: JSONValue] = [
        "updateUser": .object(["disabled": .bool(true)]),
        "setPassword": .object(["password": .string("another password of theirs")]),
        "updateKey": .object(["name": .string("mine")]),
        "rotateKey": .object([]),
        "updateTenant": .object(["state": .string("suspended")]),
        "putRole": .object(["permissions": .array([])]),
        "putSecret": .object(["value": .string("mine")]),
    ]

    /// Routes that make what their path names: the stranger gets one of their own.
    private static let making: Set<String> = ["putRole", "putSecret"]

    /// Cases of routes that take ids elsewhere than in their path.
    private func elsewhere(_ name: String) -> [Case]? {
        switch name {
        case "listSessions": [Case(.usr) { "/v1/sessions?user_id=\($0)" }]
        case "revokeSessionsBefore":
            [Case(.usr) { "/v1/sessions?user_id=\($0)&before=2026-01-01T00:00:00.000Z" }]
        case "getUsage":
            [
                Case(.usr, status: 200) { "/v1/usage?by=day&user_id=\($0)" },
                Case(.key, status: 200) { "/v1/usage?by=day&key_id=\($0)" },
            ]
        case "listKeys": [Case(.usr, status: 200) { "/v1/keys?owner_id=\($0)" }]
        case "createSession":
            [
                Case(.usr) { _ in
                    "/v1/sessions"
                } body: {
                    .object(["user_id": .string($0)])
                }
            ]
        case "createKey":
            [
                Case(.usr) { _ in
                    "/v1/keys"
                } body: {
                    .object(["owner_id": .string($0)])
                }
            ]
        case "check":
            [
                Case(.usr, status: 200) { _ in
                    "/v1/check"
                } body: {
                    .object([
                        "checks": .array([
                            .object(["permission": .string("invoke"), "user_id": .string($0)])
                        ])
                    ])
                }
            ]
        default: nil
        }
    }

    /// Every way in which a route can be asked about something of somebody's.
    private func cases(_ route: Route) throws -> [Case] {
        let parameters = route.pattern.parameterNames
        var cases: [Case] = []
        for name in parameters {
            let kind: Kind
            switch name {
            case "name": kind = .role
            case "path": kind = .secret
            case "tenant_id": kind = .ten
            default:
                let rule = PathParameter.rule(name, in: route.pattern)
                let prefix = rule.example?.prefix(3)
                // A node is nobody's.
                guard let found = prefix.flatMap({ Kind(rawValue: String($0)) }) else { continue }
                kind = found
            }
            let needsBody: Bool
            if case .json = route.body { needsBody = true } else { needsBody = false }
            let body = Self.bodies[route.name]
            try #require(!needsBody || body != nil, "\(route.name) has no body to try it with")
            let pattern = route.pattern.text
            let user = strangersUser
            cases.append(
                Case(kind, status: Self.making.contains(route.name) ? 201 : 404) { value in
                    parameters.reduce(pattern) { path, other in
                        // What else the path names is the stranger's own, or there everywhere.
                        let own = ["id": user, "name": "viewer", "path": "a"][other] ?? ""
                        return path.replacing("{\(other)}", with: other == name ? value : own)
                    }
                } body: { _ in
                    body
                })
        }
        guard Self.takesIDs(route) else { return cases }
        let others = try #require(elsewhere(route.name), "\(route.name) has no case")
        return cases + others
    }

    /// Whether a route takes an id in its query or its body.
    private static func takesIDs(_ route: Route) -> Bool {
        let queries = route.query.map(\.schema)
        guard case .json(let schema, _, _, _) = route.body else {
            return queries.contains(where: holdsID)
        }
        return (queries + [schema]).contains(where: holdsID)
    }

    private static func holdsID(_ schema: Schema) -> Bool {
        switch schema {
        case .text(let rule):
            ["usr", "ses", "key", "ten"].contains { rule.pattern == "^\($0)_[0-9A-Za-z]{22}$" }
        case .array(let element, _), .nullable(let element): holdsID(element)
        case .object(let object): object.properties.contains { holdsID($0.schema) }
        case .time, .integer, .boolean, .freeObject: false
        }
    }

    /// All routes; those behind the others after which the stranger has what the owner has.
    private static let makingLast =
        Endpoints.all.filter { !making.contains($0.name) }
        + Endpoints.all.filter { making.contains($0.name) }

    // MARK: - The answers

    /// An answer, and everything that led to it.
    private struct Shape: Equatable {
        var status: Int
        var body: String
        var headers: [String]
        var needs: [String]
        var looks: [String]
    }

    private func ask(
        _ route: Route, _ asked: Case, about value: String, by token: String, in place: String?
    ) throws -> Shape {
        let notes = TableNotes()
        house.leader.notes = notes
        defer { house.leader.notes = nil }
        house.forgetNeeds()
        var target = asked.target(value)
        if let place { target = "/v1/tenants/\(place)" + target.dropFirst(3) }
        let answer = try house.send(
            route.method, target, token: token, body: asked.body(value),
            headers: [("X-Request-ID", "r1")])
        func neutral(_ text: String) -> String { text.replacing(value, with: "ID") }
        return Shape(
            status: answer.status, body: neutral(String(decoding: answer.body, as: UTF8.self)),
            headers: answer.headers.fields.filter { $0.name != "Watchword-Index" }
                .map { neutral("\($0.name): \($0.value)") },
            needs: house.needs, looks: notes.lines)
    }

    /// Asks for what another tenant has, and for what nobody has.
    private func compare(_ route: Route, by token: String, in place: String?) throws -> Int {
        var count = 0
        for asked in try cases(route) {
            let value = try #require(foreign[asked.kind])
            let ofNobody = try ask(
                route, asked, about: unknown(asked.kind), by: token, in: place)
            let ofAnother = try ask(route, asked, about: value, by: token, in: place)
            #expect(ofAnother == ofNobody, "\(route.name), \(asked.kind)")
            // Tenants, and the rest of the cluster, are the platform's.
            let isForbidden = ofAnother.status == 403 && route.isOfPlatform
            #expect(ofAnother.status == asked.status || isForbidden, "\(route.name) \(ofAnother)")
            count += 1
        }
        return count
    }

    @Test("Every route that takes an id: another tenant's is answered as one that nobody has")
    func ids() throws {
        var count = 0
        for route in Self.makingLast where !route.isInTenant && route.isVersioned {
            count += try compare(route, by: stranger.token, in: nil)
        }
        #expect(count > 30)
        try expectUntouched()
    }

    @Test("The same for a platform subject who acts in one tenant with ids of another")
    func acting() throws {
        let places = Set(Endpoints.all.filter(\.isInTenant).map { $0.name })
        var count = 0
        for route in Self.makingLast where places.contains(route.name + "InTenant") {
            count += try compare(route, by: admin, in: stranger.id)
        }
        #expect(count > 25)
        try expectUntouched()
    }

    @Test("Every route within a tenant has its twin for who acts in it, but for one's own")
    func twins() {
        let twins = Set(Endpoints.all.filter(\.isInTenant).map { $0.name })
        let alone = Endpoints.all.filter {
            !$0.isInTenant && !twins.contains($0.name + "InTenant") && !$0.isOwn
        }.map(\.name)
        let ofPlatform = Endpoints.all.filter(\.isOfPlatform).map(\.name)
        let ofNobody: Set = [
            "live", "ready", "leader", "follower", "lbWrite", "lbRead", "health", "metrics",
            "logIn", "refresh", "validate", "validateShort", "validateAPI", "validateNginx",
            "jwks", "serverMetadata", "verifyAudit", "getSecretAlias", "joinCluster",
        ]
        #expect(Set(alone) == ofNobody.union(ofPlatform))
    }

    /// Nothing of what was asked for has changed.
    private func expectUntouched() throws {
        for (kind, path) in [(Kind.usr, "users"), (.ses, "sessions"), (.key, "keys")] {
            let id = try #require(foreign[kind])
            let shown = try house.send("GET", "/v1/\(path)/\(id)", token: owner.token)
            #expect(shown.status == 200, "\(path)")
            #expect(shown.json["disabled"] != .bool(true) && shown["name"] != "mine")
        }
        let role = try house.send("GET", "/v1/roles/role-of-bob", token: owner.token)
        #expect(role.json["permissions"] == .strings(["invoke"]))
        let secret = try house.send("GET", "/v1/secrets/app/owned", token: owner.token)
        #expect(secret["value"] == "v")
        #expect(try house.logIn(to: "owner", "bob", "password of a user").status == 201)
    }

    @Test("Tokens of another tenant are nobody's for who looks them up or inspects them")
    func tokens() throws {
        let issued = try house.send(
            "POST", "/v1/keys", token: owner.token, body: .object(["name": .string("k")]))
        let key = try #require(issued["key"])
        let lookedUp = try house.send(
            "POST", "/v1/sessions/lookup", token: stranger.token,
            body: .object(["token": .string(owner.token)]))
        #expect(lookedUp.status == 404)
        for credential in [owner.token, key] {
            let told = try house.send(
                "POST", "/v1/credentials/inspect", token: stranger.token,
                body: .object(["credential": .string(credential)]))
            #expect(told.json["good"] == .bool(false))
            #expect(told.json["user"] == .null && told.json["session"] == .null)
            #expect(["ended", "never_issued"].contains(told["reason"]))
        }
    }
}

extension Route {
    /// Whether nobody of another tenant can have the permission.
    fileprivate var isOfPlatform: Bool {
        if case .permission(let needed) = gate { needed.isPlatformOnly } else { false }
    }
}
