internal import APITypes
internal import AuthCore
internal import AuthService
internal import Cryptography

extension Endpoints {
    static let tenants: [Route] = [
        Route(
            "createTenant", "POST", "/v1/tenants", gate: .permission(.tenantsWrite),
            body: .json(.newTenant, limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(201, "The tenant was made.", .tenant)], idempotent: true,
            summary: "Makes a tenant with the built-in roles, and perhaps its first administrator.",
            handler: .steps { call, caller, world in createTenant(call, caller, world) }),
        Route(
            "listTenants", "GET", "/v1/tenants", gate: .permission(.tenantsRead),
            query: [
                QueryParameter("name", .text(.tenantName), "Only the tenant of this name."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of tenants.", .page(.tenant))],
            summary: "The tenants, by name.",
            handler: .read(stale: true) { call, caller, view, world in
                if let name = call.query["name"].flatMap({ RoleName($0) }) {
                    let tenant = try TenantRow.read(named: name, view.tables)
                    let found = tenant.map { [Objects.tenant($0)] } ?? []
                    return .success(.json(Objects.page(found, next: nil)))
                }
                return try page(call, caller, world) { after, limit in
                    try Listing.tenants(after: after, limit: limit, view.tables)
                } show: { tenant in
                    Objects.tenant(tenant)
                }
            }),
        Route(
            "getTenant", "GET", "/v1/tenants/{tenant_id}", gate: .permission(.tenantsRead),
            answers: [Answer(200, "The tenant.", .tenant)], summary: "One tenant.",
            handler: .read(stale: true) { call, _, view, _ in
                guard let id: TenantID = ObjectText.read(call.parameter("tenant_id")),
                    let tenant = try TenantRow.read(id, view.tables)
                else { return .failure(.notFound) }
                return .success(.json(Objects.tenant(tenant)).tagged(tenant.version))
            }),
        Route(
            "updateTenant", "PATCH", "/v1/tenants/{tenant_id}", gate: .permission(.tenantsWrite),
            body: .json(.tenantChange, limitBytes: 4 << 10),
            answers: [Answer(200, "The tenant as it is now.", .tenant)], idempotent: true,
            conditional: true, summary: "Renames, suspends or resumes a tenant.",
            handler: .steps { call, caller, world in updateTenant(call, caller, world) }),
        Route(
            "deleteTenant", "DELETE", "/v1/tenants/{tenant_id}", gate: .permission(.tenantsWrite),
            answers: [
                Answer(204, "Nobody of it gets in any more; what it has is being removed.")
            ], idempotent: true, conditional: true, summary: "Deletes a tenant, for good.",
            handler: .steps { call, caller, world in
                Flow(tenantID(call)).then { id in
                    Flow(call.condition).then { condition in
                        Tenants.delete(id, condition, caller, call.context, world)
                            .map { .noContent(index: $0) }
                    }
                }
            }),
        Route(
            "exportTenant", "GET", "/v1/tenants/{tenant_id}/export",
            gate: .permission(.tenantsExport), query: [.limit, .cursor],
            answers: [Answer(200, "A page of what the tenant has.", .page(.exported))],
            summary: "What a tenant has, without passwords, keys and the values of secrets. Each"
                + " page is in the audit trail before the answer.",
            handler: .confirmedSteps { call, caller, world in
                Flow(tenantID(call)).then { id in
                    TenantExport.record(id, caller, call.context, world).then { index, world in
                        Flow(exportPage(id, call, caller, world, index: index))
                    }
                }
            }),
    ]

    private static func tenantID(_ call: Call) -> Result<TenantID, ServiceFailure> {
        call.parameter("tenant_id") { ObjectText.read($0) }
    }

    private static func createTenant(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        guard let name = RoleName(call.requiredText("name")) else {
            return .failed(.invalid("name: no name of a tenant"))
        }
        var administrator: Tenants.Administrator?
        if let body = call.body["administrator"] {
            guard let username = body["username"]?.string.flatMap({ UserName($0) }),
                let password = body["password"]?.string
            else { return .failed(.invalid("administrator")) }
            if let fault = world.fault(inNewPassword: password, of: username) {
                return .failed(fault)
            }
            administrator = .init(username: username, password: secret(password))
        }
        return Tenants.create(
            name, displayName: call.text("display_name") ?? "", administrator: administrator,
            caller, call.context, world
        ).map { changed in
            let id = ObjectText.show(changed.object.id)
            return Reply.json(Objects.tenant(changed.object), status: 201, index: changed.index)
                .adding("Location", "/v1/tenants/" + id).tagged(changed.object.version)
        }
    }

    private static func updateTenant(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        Flow(tenantID(call)).then { id in
            Flow(call.condition).then { condition in
                let change = Command.UpdateTenant(
                    id: id, condition: condition,
                    name: call.text("name").flatMap { RoleName($0) },
                    displayName: call.text("display_name").map { Text($0) },
                    suspended: call.text("state").map { $0 == TenantState.suspended.name })
                return Tenants.update(change, caller, call.context, world).map { changed in
                    Reply.json(Objects.tenant(changed.object), index: changed.index)
                        .tagged(changed.object.version)
                }
            }
        }
    }

    private static func exportPage(
        _ id: TenantID, _ call: Call, _ caller: Caller, _ world: World, index: UInt64
    ) -> Result<Reply, ServiceFailure> {
        world.read { view in
            guard let tenant = try TenantRow.read(id, view.tables), tenant.state != .deleting
            else { return .failure(.notFound) }
            guard case .success(let codec) = world.tokenCodec else { return .failure(.noLeader) }
            return try list(call, caller, world, filters: [ObjectText.show(id)]) { after, limit in
                let page = try TenantExport.page(of: tenant, after: after, limit: limit, view)
                return (page.items, page.next)
            } show: { item in
                Objects.exported(item, codec)
            }.map { reply in
                var reply = reply
                reply.index = index
                return reply
            }
        }
    }
}

extension Objects {
    static func tenant(_ tenant: TenantRow) -> JSONValue {
        .object([
            "id": .string(ObjectText.show(tenant.id)),
            "name": .string(tenant.name.string),
            "display_name": .string(tenant.displayName.string),
            "state": .string(tenant.state.name),
            "created_at": .string(tenant.createdAt.rfc3339),
            "updated_at": .string(tenant.updatedAt.rfc3339),
            "version": .unsigned(tenant.version),
        ])
    }

    /// One member, named for what it is.
    static func exported(_ item: TenantExport.Item, _ codec: TokenCodec) -> JSONValue {
        switch item {
        case .tenant(let row): .object(["tenant": tenant(row)])
        case .settings(let row): .object(["settings": settings(row)])
        case .role(let row): .object(["role": role(row)])
        case .user(let row): .object(["user": user(row)])
        case .key(let row): .object(["key": key(row, codec)])
        case .session(let row): .object(["session": session(row, codec)])
        case .secret(let row): .object(["secret": secret(row)])
        }
    }
}

extension Schema {
    static let tenant = Schema.object(
        ObjectSchema(
            "Tenant",
            [
                Property("id", .text(.objectID("ten"))),
                Property("name", .text(.tenantName)),
                Property("display_name", .text(.shortText)),
                Property(
                    "state", .text(.oneOf(TenantState.allCases.map(\.name))),
                    "Nobody of a tenant that is not active gets in; one that is being deleted"
                        + " is gone when nothing of it is left."),
                Property("created_at", .time),
                Property("updated_at", .time),
                Property("version", .integer(0...UInt64(Int64.max))),
            ]))

    static let newTenant = Schema.object(
        ObjectSchema(
            "NewTenant",
            [
                Property("name", .text(.tenantName)),
                Property("display_name", .text(.shortText), required: false),
                Property(
                    "administrator",
                    .object(
                        ObjectSchema(
                            "FirstAdministrator",
                            [
                                Property("username", .text(.userName)),
                                Property("password", .text(.newPassword)),
                            ])), required: false, "A person with the role `super_admin`."),
            ]))

    static let tenantChange = Schema.object(
        ObjectSchema(
            "TenantChange",
            [
                Property("name", .text(.tenantName), required: false),
                Property("display_name", .text(.shortText), required: false),
                Property(
                    "state",
                    .text(.oneOf([TenantState.active.name, TenantState.suspended.name])),
                    required: false),
            ]))

    static let exported = Schema.object(
        ObjectSchema(
            "Exported",
            [
                Property("tenant", .tenant, required: false),
                Property("settings", .settings, required: false),
                Property("role", .role, required: false),
                Property("user", .user, required: false),
                Property("key", .key, required: false),
                Property("session", .session, required: false),
                Property("secret", .secret, required: false),
            ]))
}
