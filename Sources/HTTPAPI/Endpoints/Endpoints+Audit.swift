internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography

extension Endpoints {
    static let audit: [Route] = [
        Route(
            "listAudit", "GET", "/v1/audit", gate: .permission(.auditRead),
            query: [
                QueryParameter(
                    "after", .integer(0...UInt64(Int64.max)), "Only records behind this `seq`."),
                QueryParameter("since", .time, "Only records of this time or later."),
                QueryParameter("until", .time, "Only records from before this time."),
                QueryParameter(
                    "actor", .text(TextRule(1...128)), "Only of this user, by id or name."),
                QueryParameter("action", .text(TextRule(1...64)), "Only of this action."),
                QueryParameter(
                    "target", .text(TextRule(1...300)),
                    "Only about this, spelt as the records spell it."),
                QueryParameter(
                    "outcome", .text(.oneOf(["success", "denied", "error"])),
                    "Only of this outcome."),
                QueryParameter(
                    "order", .text(.oneOf(["oldest", "newest"])),
                    "Which come first; the oldest by default."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of the audit trail.", .page(.auditRecord))],
            summary: "The audit trail, oldest first or newest first.",
            handler: .read(stale: true) { call, caller, view, world in
                try listAudit(call, caller, view, world)
            }
        ).outlivingTenant,
        Route(
            "verifyAudit", "GET", "/v1/audit/chain", gate: .permission(.auditRead),
            query: [
                QueryParameter(
                    "after", .integer(0...UInt64(Int64.max)), "Looks behind this `seq`."),
                .limit,
            ],
            answers: [Answer(200, "What a part of the chain shows.", .auditChain)],
            summary: "Whether each record of the audit trail bears the digest of the one before; "
                + "in the platform tenant only.",
            handler: .read(stale: true) { call, caller, view, _ in
                // There is one chain for all tenants, and its numbers tell of all.
                guard caller.tenant == .platform else {
                    return .failure(.insufficientPermissions)
                }
                let chain = try AuditChain.look(
                    after: call.query["after"].flatMap { UInt64($0) } ?? 0, limit: call.limit,
                    view.tables
                ) { SHA256.hash($0).bytes }
                return .success(
                    .json(
                        .object([
                            "first": .unsigned(chain.first), "last": .unsigned(chain.last),
                            "head": .string(RequestID.hex(chain.head.bytes)),
                            "broken_at": chain.brokenAt.map { .unsigned($0) } ?? .null,
                            "complete": .bool(chain.isWhole),
                        ])))
            }),
    ]

    private static func listAudit(
        _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        guard case .success(let codec) = world.tokenCodec else { return .failure(.noLeader) }
        let objects = AuditObjects(codec: codec)
        // What names nothing that there is has no records.
        guard let filter = try auditFilter(call, caller, view, objects) else {
            return .success(.json(Objects.page([], next: nil)))
        }
        var span = AuditSpan(after: call.query["after"].flatMap { UInt64($0) } ?? 0)
        if let since = call.query["since"].flatMap({ Timestamp(rfc3339: $0) }) {
            let first = try Listing.auditSequence(notBefore: since, view.tables)
            span.after = max(span.after, first - 1)
        }
        if let until = call.query["until"].flatMap({ Timestamp(rfc3339: $0) }) {
            span.before = try Listing.auditSequence(notBefore: until, view.tables)
        }
        let isNewestFirst = call.query["order"] == "newest"
        let names = ["after", "since", "until", "actor", "action", "target", "outcome", "order"]
        let filters = names.map { call.query[$0] ?? "" }
        return try list(call, caller, world, filters: filters) { position, limit in
            var rest = span
            if let position = position.map({ $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }) {
                if isNewestFirst { rest.before = position } else { rest.after = position }
            }
            let found = try Listing.audit(
                caller.tenant, in: rest, newestFirst: isNewestFirst, limit: limit, filter: filter,
                view.tables)
            let next = found.next.map { sequence -> [UInt8] in
                var writer = ByteWriter(capacity: 8)
                writer.write(bigEndian: sequence)
                return writer.bytes
            }
            return (found.items, next)
        } show: { row in
            objects.record(row)
        }
    }

    private static func auditFilter(
        _ call: Call, _ caller: Caller, _ view: StateView, _ objects: AuditObjects
    ) throws -> AuditFilter? {
        var filter = AuditFilter()
        if let actor = call.query["actor"] {
            let id: UserID? =
                try ObjectText.read(actor)
                ?? UserName(actor).flatMap {
                    try UserRow.read(caller.tenant, named: $0, view.tables)?.id
                }
            guard let id else { return nil }
            filter.actor = id
        }
        if let action = call.query["action"] {
            guard let known = AuditAction(name: action) else { return nil }
            filter.action = known
        }
        if let target = call.query["target"] {
            guard let known = objects.target(spelt: target) else { return nil }
            filter.target = known
        }
        filter.outcome = call.query["outcome"].flatMap { AuditOutcome(name: $0) }
        return filter
    }
}

extension AuditOutcome {
    init?(name: String) {
        switch name {
        case "success": self = .success
        case "denied": self = .denied
        case "error": self = .error
        default: return nil
        }
    }
}
