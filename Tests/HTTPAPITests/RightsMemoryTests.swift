import APITypes
import ByteCodec
import RaftCore
import Testing

@testable import AuthCore
@testable import AuthService
@testable import HTTPAPI

/// What users may do is remembered, and never longer than it is right.
@Suite("What a user may do is resolved once")
struct RightsMemoryTests {
    /// The permissions and roles that a validation tells of a user.
    private func told(_ house: House, _ token: String) throws -> [String] {
        let answer = try house.send("GET", "/v1/validate", token: token)
        return ["X-User-Permissions", "X-User-Roles", "X-User-Name"].map {
            answer.headers[$0] ?? "none"
        }
    }

    @Test("every change of the user, of a role and of what a role inherits shows at once")
    func changes() throws {
        let house = try House()
        let admin = try house.logIn()
        func put(_ role: String, _ permissions: [String], inherits: [String] = []) throws {
            try house.send(
                "PUT", "/v1/roles/\(role)", token: admin,
                body: .object([
                    "permissions": .strings(permissions), "inherits": .strings(inherits),
                ]))
        }
        try put("base", ["app:read"])
        try put("reader", ["app:list"], inherits: ["base"])
        let made = try house.send(
            "POST", "/v1/users", token: admin,
            body: .object(["username": .string("ada"), "roles": .strings(["reader"])]))
        let user = try #require(made["id"])
        let begun = try house.send(
            "POST", "/v1/sessions", token: admin, body: .object(["user_id": .string(user)]))
        let token = try #require(begun["session_token"])
        for _ in 0..<2 {
            #expect(try told(house, token) == ["app:list,app:read", "base,reader", "ada"])
        }
        try put("base", ["app:read", "app:write"])
        #expect(try told(house, token)[0] == "app:list,app:read,app:write")
        try house.send("DELETE", "/v1/users/\(user)/roles/reader", token: admin)
        #expect(try told(house, token) == ["", "", "ada"])
        try house.send(
            "PATCH", "/v1/users/\(user)", token: admin,
            body: .object(["username": .string("grace")]))
        #expect(try told(house, token) == ["", "", "grace"])
    }

    @Test("what was resolved in a state that had to be replaced is not used for the next one")
    func origins() throws {
        let house = try House()
        let view = house.nodes[0]
        let (user, meta) = try view.withView { tables in
            (
                try #require(try KnownUser.read(.platform, UserID(bits: 0xAD), tables)),
                try StateMeta.read(tables)
            )
        }
        let memory = RightsMemory()
        let empty = InMemoryTables()
        let whole = try view.withView {
            try memory.rights(of: user, nil, meta, origin: .zero, $0).permissions
        }
        #expect(whole.permissions == [.everything])
        // Of the same lineage nothing is looked up; of another one all is.
        var known: Rights?
        let again = try view.withView {
            try KnownUser.read(
                .platform, UserID(bits: 0xAD), known: memory.user(UserID(bits: 0xAD), &known), $0)
        }
        #expect(again === user)
        func permissions(origin: LogIndex) throws -> EffectivePermissions {
            try memory.rights(of: user, known, meta, origin: origin, empty).permissions
        }
        #expect(try permissions(origin: .zero) == whole)
        #expect(try permissions(origin: LogIndex(9)).permissions.isEmpty)
    }

    @Test("is bounded")
    func bounded() throws {
        let house = try House()
        let node = house.nodes[0]
        let memory = RightsMemory()
        try node.withView { tables in
            let meta = try StateMeta.read(tables)
            let user = try #require(try UserRow.read(.platform, UserID(bits: 0xAD), tables))
            for number in 0..<UInt64(2 * RightsMemory.usersMax) {
                let other = UserRow(
                    tenant: user.tenant, id: UserID(bits: UInt128(number)),
                    username: user.username, email: .empty, displayName: .empty, kind: .person,
                    disabled: false, roles: [], metadata: .empty, createdAt: user.createdAt,
                    updatedAt: user.updatedAt, version: 1, sessionEpoch: 1, authzEpoch: 1)
                _ = try memory.rights(of: KnownUser(other), nil, meta, origin: .zero, tables)
                if number % 1_000 == 0 { #expect(memory.count <= RightsMemory.usersMax) }
            }
        }
    }
}

@Suite("Header fields that many answers share")
struct HeaderBlockTests {
    private let block = HTTPHeaders.Block([
        (HeaderName("X-A"), "1"), (HeaderName("X-B"), ""),
    ])

    @Test("are found, changed and removed like others")
    func fields() {
        var headers = HTTPHeaders(block)
        headers.add("x-a", "2")
        #expect(headers["X-a"] == "1")
        #expect(headers.all("x-A") == ["1", "2"])
        #expect(headers.count("x-b") == 1)
        #expect(headers == ["X-A": "1", "X-B": "", "x-a": "2"])
        headers.set("X-A", "3")
        #expect(headers == ["X-B": "", "X-A": "3"])
        #expect(HTTPHeaders(block) != headers)
        #expect(block.valueBytes == 1)
    }

    @Test("are written in front of the others, as they would be one by one")
    func bytes() {
        var shared = HTTPHeaders(block)
        var single: HTTPHeaders = ["X-A": "1", "X-B": ""]
        for name in ["X-C", "Content-Length"] {
            shared.add(name, "c")
            single.add(name, "c")
        }
        func bytes(_ headers: HTTPHeaders) -> [UInt8] {
            HTTPResponse(status: 200, headers: headers).serialized(
                method: "GET", keepsAlive: true, date: House.start)
        }
        #expect(bytes(shared) == bytes(single))
        #expect(String(decoding: bytes(shared), as: UTF8.self).contains("X-A: 1\r\nX-B: \r\n"))
        let odd = HTTPHeaders.Block([
            (HeaderName("X\r\nY"), "a\r\nb"), (HeaderName("Date"), "never"),
        ])
        var written: [UInt8] = []
        HTTPHeaders(odd).write(to: &written)
        #expect(written == Array("XY: a%0D%0Ab\r\n".utf8))
    }

    @Test("the date is spelt anew with each second")
    func date() {
        var line = HTTPResponse.DateLine()
        func date(_ milliseconds: UInt64) -> String {
            let bytes = HTTPResponse(status: 204).serialized(
                method: "GET", keepsAlive: true, date: Timestamp(milliseconds: milliseconds), &line)
            let text = String(decoding: bytes, as: UTF8.self)
            return text.split(separator: "\r\n").first { $0.hasPrefix("Date") }.map(String.init)
                ?? ""
        }
        #expect(date(784_111_777_000) == "Date: Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(date(784_111_777_999) == "Date: Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(date(784_111_778_000) == "Date: Sun, 06 Nov 1994 08:49:38 GMT")
        #expect(date(784_111_777_000) == "Date: Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
