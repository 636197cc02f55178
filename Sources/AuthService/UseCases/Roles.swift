public import AuthCore
internal import RaftCore

/// What is done with roles. Apply decides whether the caller may.
public enum Roles {
    /// Makes or replaces a role.
    public static func put(
        _ role: Command.PutRole, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Changed<RoleRow>> {
        Flow(caller.header(context, world)).then { header in
            .propose(Command(.putRole(role), header: header)) { applied, _ in
                guard case .role(let row) = applied.outcome.result else {
                    return .failed(.internal("a role was changed with another outcome"))
                }
                return .done(Changed(object: row, index: applied.index.rawValue))
            }
        }
    }

    /// Removes a role.
    public static func delete(
        _ name: RoleName, _ condition: VersionCondition, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        Users.perform(
            .deleteRole(.init(name: name, condition: condition)), caller, context, world)
    }
}
