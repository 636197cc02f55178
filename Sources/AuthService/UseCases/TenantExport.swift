public import AuthCore
internal import ByteCodec
internal import RaftCore

/// What a tenant has, for who takes it elsewhere: nothing by which anybody is recognised.
public enum TenantExport {
    /// One thing that a tenant has.
    public enum Item: Sendable {
        case tenant(TenantRow)
        case settings(SettingsRow)
        case role(RoleRow)
        case user(UserRow)
        case key(KeyRow)
        case session(SessionRow)
        /// Without its value.
        case secret(SecretRow)
    }

    /// The kinds, in their order. A cursor is one, and a position in its list.
    private enum Part: UInt8, CaseIterable {
        case tenant, settings, roles, users, keys, sessions, secrets
    }

    /// Puts the export into the audit trail, at home and in the tenant, and goes on with what
    /// stands in the log by then.
    public static func record(
        _ tenant: TenantID, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<(UInt64, World)> {
        let trails = tenant == caller.tenant ? [tenant] : [caller.tenant, tenant]
        let events = trails.map { trail in
            AuditEvent(
                tenant: trail, actor: caller.actor, action: .tenantExport,
                target: .tenant(tenant), outcome: .success, requestID: Text(context.requestID),
                address: Text(context.address),
                details: trail == caller.user.tenant ? [] : [.actorTenant(caller.user.tenant)])
        }
        let command = Command(
            .recordAudit(.init(events: events)),
            header: context.header(caller.actor, tenant: caller.tenant))
        let level = world.requireLevel(of: .deleteTenant(.init(id: tenant)))
        let isThere = level.flatMap {
            world.view { view in
                let row = try TenantRow.read(tenant, view.tables)
                return row.map { $0.state != .deleting } ?? false
                    ? .success(()) : .failure(.notFound)
            }
        }
        return Flow(isThere).then {
            .propose(command) { applied, world in .done((applied.index.rawValue, world)) }
        }
    }

    /// A page: of one part or of several, one after the other.
    public static func page(
        of tenant: TenantRow, after cursor: [UInt8]?, limit: Int, _ view: StateView
    ) throws -> (items: [Item], next: [UInt8]?) {
        var items: [Item] = []
        var position = cursor.map { Array($0.dropFirst()) } ?? []
        let first = cursor?.first ?? 0
        for part in Part.allCases where part.rawValue >= first {
            guard items.count < limit else { return (items, [part.rawValue]) }
            let page = try self.page(
                part, of: tenant, after: position.isEmpty ? nil : position,
                limit: limit - items.count, view)
            items += page.items
            if let next = page.next { return (items, [part.rawValue] + next) }
            position = []
        }
        return (items, nil)
    }

    private static func page(
        _ part: Part, of tenant: TenantRow, after: [UInt8]?, limit: Int, _ view: StateView
    ) throws -> (items: [Item], next: [UInt8]?) {
        let tables = view.tables
        switch part {
        case .tenant: return ([.tenant(tenant)], nil)
        case .settings: return ([.settings(try SettingsRow.read(tenant.id, tables))], nil)
        case .roles:
            let page = try Listing.roles(tenant.id, after: after, limit: limit, tables)
            return (page.items.map(Item.role), page.next)
        case .users:
            let page = try Listing.users(tenant.id, after: after, limit: limit, tables)
            return (page.items.map(Item.user), page.next)
        case .keys:
            let page = try Listing.keys(
                tenant.id, after: after, limit: limit, wall: view.now, tables)
            return (page.items.map(Item.key), page.next)
        case .sessions:
            let page = try Listing.sessions(
                of: tenant.id, after: after, limit: limit, wall: view.now, tables)
            return (page.items.map(Item.session), page.next)
        case .secrets:
            let page = try Listing.secrets(
                tenant.id, prefix: [], after: after, limit: limit, wall: view.now, tables)
            return (page.items.map(Item.secret), page.next)
        }
    }
}

extension World {
    /// Opens a view for an answer.
    public func read<Answer>(
        _ body: (StateView) throws -> Result<Answer, ServiceFailure>
    ) -> Result<Answer, ServiceFailure> { view(body) }
}
