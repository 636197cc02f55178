extension Execution {
    /// Makes or replaces a role, if the graph stays sound and the actor has all that it gives.
    mutating func putRole(_ body: Command.PutRole) throws -> Outcome.Result {
        if let refusal = try require(.rolesWrite) { return .refused(refusal) }
        let permissions = body.permissions.sortedUnique()
        let inherits = body.inherits.sortedUnique()
        var graph = try RoleGraph(tenant, tables)
        let old = graph.role(body.name)
        guard old?.builtIn != true else { return .refused(.builtInRole) }
        if let refusal = body.condition.refusal(current: old?.version, kind: .role) {
            return .refused(refusal)
        }
        var role = RoleRow(
            tenant: tenant, name: body.name, permissions: permissions, inherits: inherits,
            rateLimit: body.rateLimit, description: body.description, builtIn: false,
            createdAt: old?.createdAt ?? stamp, updatedAt: stamp,
            version: (old?.version ?? 0) + 1)
        role.quota = body.quota
        if tenant != .platform, permissions.contains(where: \.isPlatformOnly) {
            return .refused(.invalid(.platformPermission))
        }
        guard inherits.allSatisfy({ $0 == body.name || graph.role($0) != nil }) else {
            return .refused(.notFound(.role))
        }
        graph.replace(role)
        guard graph.count <= Limits.rolesPerTenant else { return .refused(.quota(.role)) }
        if let defect = graph.defect(of: body.name) { return .refused(.invalid(defect)) }
        if let refusal = try require(covering: graph.permissions(of: body.name, in: tenant)) {
            return .refused(refusal)
        }
        note?.details.append(.version(role.version))
        try role.put(tables)
        meta.roleTableVersion += 1
        return .role(role)
    }

    /// Removes a role that nobody holds and none inherits.
    mutating func deleteRole(_ body: Command.DeleteRole) throws -> Outcome.Result {
        if let refusal = try require(.rolesWrite) { return .refused(refusal) }
        let graph = try RoleGraph(tenant, tables)
        guard let role = graph.role(body.name) else { return .refused(.notFound(.role)) }
        guard !role.builtIn else { return .refused(.builtInRole) }
        if let refusal = body.condition.refusal(current: role.version, kind: .role) {
            return .refused(refusal)
        }
        // A role that comes back under the same name must not find holders who were never asked.
        let isHeld =
            try RoleHolders.isHeld(tenant, body.name, tables)
            || Keys.isNamed(tenant, body.name, tables)
        guard !isHeld, !graph.isInherited(body.name) else { return .refused(.roleInUse) }
        try role.remove(tables)
        meta.roleTableVersion += 1
        return .done
    }
}
