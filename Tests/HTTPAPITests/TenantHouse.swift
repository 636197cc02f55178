import APITypes
import AuthCore
import ByteCodec
import Testing

@testable import AuthService
@testable import HTTPAPI

/// What was done with tables, in order: the kind of each access and its table.
// Used by the one thread of its test.
final class TableNotes {
    var lines: [String] = []
}

/// Tables that note every access: how many there are of each kind is what a clock could tell.
struct NotingTables: TableWriter {
    let tables: InMemoryTables
    let notes: TableNotes

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        notes.lines.append("get \(table)")
        return try tables.get(table, key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        notes.lines.append("scan \(table)")
        try tables.scan(table, from: from, upTo: upTo, body)
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        notes.lines.append("scan back \(table)")
        try tables.scanReverse(table, from: from, upTo: upTo, body)
    }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        notes.lines.append("put \(table)")
        try tables.put(table, key, value)
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        notes.lines.append("delete \(table)")
        try tables.delete(table, key)
    }
}

/// A tenant with an administrator who is logged in.
struct HouseTenant {
    let id: String
    let name: String
    /// The administrator's session.
    let token: String
    /// Where a platform subject acts in it.
    var path: String { "/v1/tenants/\(id)" }
}

extension House {
    static let tenantPassword = "password of an administrator"

    /// Makes a tenant, and logs its first administrator in.
    func makeTenant(_ name: String, by admin: String) throws -> HouseTenant {
        let made = try send(
            "POST", "/v1/tenants", token: admin,
            body: .object([
                "name": .string(name), "display_name": .string("The \(name)"),
                "administrator": .object([
                    "username": .string("admin"), "password": .string(Self.tenantPassword),
                ]),
            ]))
        let id = try #require(made["id"], "\(made.status) \(made.json)")
        #expect(made.headers["Location"] == "/v1/tenants/\(id)")
        let token = try #require(try logIn(to: name)["session_token"])
        return HouseTenant(id: id, name: name, token: token)
    }

    /// Tries to log in to a tenant.
    func logIn(
        to tenant: String, _ username: String = "admin", _ password: String = House.tenantPassword,
        on node: Int = 1, from address: String = "127.0.0.1"
    ) throws -> HouseAnswer {
        try send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string(username), "password": .string(password),
                "tenant": .string(tenant),
            ]), headers: [("X-Request-ID", "r1")], to: node, from: address)
    }

    /// Changes how a tenant stands.
    @discardableResult
    func set(_ state: String, of tenant: HouseTenant, by admin: String) throws -> HouseAnswer {
        try send(
            "PATCH", tenant.path, token: admin, body: .object(["state": .string(state)]))
    }
}
