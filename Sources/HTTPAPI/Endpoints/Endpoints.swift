internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography

/// Every endpoint, in the order of the document.
enum Endpoints {
    /// All but the document itself.
    static let all: [Route] =
        health + authentication + validation + checks + inspection + sessions + users + roles
        + keys + secrets + cluster + audit + members + joinTokens + upkeep + signingKeys
        + settings + secondFactors + usage + tenants + inTenant

    /// What works within a tenant, for who acts in another one: all but what is the caller's own,
    /// and the one chain of all tenants' records.
    private static let inTenant: [Route] =
        (checks + inspection + sessions + users + roles + keys + secrets + audit + settings
        + secondFactors + usage)
        .filter { $0.isVersioned && !$0.isOwn && $0.pattern.segments.first == .literal("v1") }
        .filter { $0.name != "verifyAudit" }
        .map(\.inTenant)

    /// `GET /openapi.json`, which tells of all the others.
    static func openAPI(_ document: [UInt8]) -> Route {
        Route(
            "openAPI", "GET", "/openapi.json", gate: .open(because: "it tells nothing of anybody"),
            answers: [Answer(200, "This document.", .freeObject(bytesMax: 1 << 20))],
            summary: "The description of this API as OpenAPI 3.1.",
            handler: .local { _, _ in
                var reply = Reply(status: 200)
                reply.body = document
                reply.mediaType = MediaType.json
                reply.headers.add("Cache-Control", "public, max-age=300")
                return .success(reply)
            })
    }

    /// The secret that a text of the body holds, copied into memory that is wiped.
    static func secret(_ text: String) -> SharedSecret { SharedSecret(copying: Array(text.utf8)) }

    /// A JSON object's text as it is stored; empty for none.
    static func metadata(_ value: JSONValue?) -> Text? {
        value.flatMap { Text(utf8: $0.bytes) }
    }

    /// The names of roles in a body, which its schema has checked.
    static func roleNames(_ texts: [String]?) -> [RoleName] {
        (texts ?? []).compactMap { RoleName($0) }
    }

    /// The quota that a body names, as it is stored: days before months.
    static func quota(_ call: Call) -> Text? {
        call.text("quota").map { Text(Quota($0)?.description ?? "") }
    }

    /// Lists with an authenticated cursor that is good for this list alone.
    static func page<Item>(
        _ call: Call, _ caller: Caller, _ world: World, filters: [String] = [],
        read: (_ after: [UInt8]?, _ limit: Int) throws -> Page<Item>, show: (Item) -> JSONValue?
    ) throws -> Result<Reply, ServiceFailure> {
        try list(call, caller, world, filters: filters) { after, limit in
            let page = try read(after, limit)
            return (page.items, page.next)
        } show: { item in
            show(item)
        }
    }

    /// The same, for items and the position behind them.
    static func list<Item>(
        _ call: Call, _ caller: Caller, _ world: World, filters: [String] = [],
        read: (_ after: [UInt8]?, _ limit: Int) throws -> (items: [Item], next: [UInt8]?),
        show: (Item) -> JSONValue?
    ) throws -> Result<Reply, ServiceFailure> {
        let cursors: CursorMAC
        switch world.cursorMAC {
        case .success(let found): cursors = found
        case .failure(let failure): return .failure(failure)
        }
        var list = ByteWriter(capacity: 128)
        list.write(raw: caller.tenant.bytes)
        list.write(lengthPrefixed: call.route.name)
        for filter in filters { list.write(lengthPrefixed: filter) }
        var after: [UInt8]?
        if let cursor = call.query["cursor"] {
            guard let position = cursors.position(of: cursor, in: list.bytes) else {
                return .failure(.malformed("the cursor is not one of this list"))
            }
            after = position
        }
        let found = try read(after, call.limit)
        let next = found.next.map { cursors.cursor(at: $0, in: list.bytes) }
        return .success(.json(Objects.page(found.items.compactMap(show), next: next)))
    }
}
