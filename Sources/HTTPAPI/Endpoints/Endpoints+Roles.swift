internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    static let roles: [Route] = [
        Route(
            "listRoles", "GET", "/v1/roles", gate: .permission(.rolesRead),
            query: [.limit, .cursor],
            answers: [Answer(200, "A page of roles.", .page(.role))], summary: "The roles.",
            handler: .read(stale: true) { call, caller, view, world in
                try page(call, caller, world) { after, limit in
                    try Listing.roles(caller.tenant, after: after, limit: limit, view.tables)
                } show: { role in
                    Objects.role(role)
                }
            }),
        Route(
            "getRole", "GET", "/v1/roles/{name}", gate: .permission(.rolesRead),
            answers: [Answer(200, "The role.", .role)], summary: "One role.",
            handler: .read(stale: true) { call, caller, view, _ in
                guard let name = RoleName(call.parameter("name")),
                    let role = try RoleRow.read(caller.tenant, name, view.tables)
                else { return .failure(.notFound) }
                return .success(.json(Objects.role(role)).tagged(role.version))
            }),
        Route(
            "putRole", "PUT", "/v1/roles/{name}", gate: .permission(.rolesWrite),
            body: .json(.roleBody),
            answers: [
                Answer(200, "The role as it is now.", .role),
                Answer(201, "The role was made.", .role),
            ], idempotent: true, conditional: true,
            summary: "Makes or replaces a role.",
            handler: .steps { call, caller, world in putRole(call, caller, world) }),
        Route(
            "deleteRole", "DELETE", "/v1/roles/{name}", gate: .permission(.rolesWrite),
            answers: [Answer(204, "The role is gone.")], idempotent: true, conditional: true,
            summary: "Removes a role that nobody holds and none inherits.",
            handler: .steps { call, caller, world in
                Flow(call.parameter("name") { RoleName($0) }).then { name in
                    Flow(call.condition).then { condition in
                        Roles.delete(name, condition, caller, call.context, world)
                            .map { .noContent(index: $0) }
                    }
                }
            }),
    ]

    private static func putRole(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        guard let name = RoleName(call.parameter("name")) else {
            return .failed(.invalid("name: no name of a role"))
        }
        return Flow(call.condition).then { condition in
            var role = Command.PutRole(
                name: name, condition: condition,
                permissions: (call.texts("permissions") ?? []).compactMap { Permission($0) },
                inherits: roleNames(call.texts("inherits")),
                rateLimit: Text(call.text("rate_limit") ?? ""),
                description: Text(call.text("description") ?? ""))
            role.quota = quota(call) ?? .empty
            return Roles.put(role, caller, call.context, world).map { changed in
                let isNew = changed.object.version == 1
                let reply = Reply.json(
                    Objects.role(changed.object), status: isNew ? 201 : 200,
                    index: changed.index
                ).tagged(changed.object.version)
                let place = call.location("/roles/\(name.string)")
                return isNew ? reply.adding("Location", place) : reply
            }
        }
    }
}
