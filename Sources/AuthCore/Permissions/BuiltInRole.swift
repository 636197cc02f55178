/// The roles that every tenant has from the first day and nobody can change
/// (`docs/permissions.md`).
public enum BuiltInRole: CaseIterable, Sendable {
    /// Everything. The last holder who can log in cannot be lost.
    case superAdmin
    /// Everything about users, roles, sessions, keys and secrets; nothing about nodes but to see
    /// them.
    case admin
    /// Nodes, membership and the seal; nothing about users.
    case nodeOperator
    /// Sees what goes on, and ends sessions.
    case `operator`
    /// Sees users, roles, sessions and nodes.
    case viewer

    /// The name of the role.
    public var name: RoleName {
        switch self {
        case .superAdmin: RoleName(builtIn: "super_admin")
        case .admin: RoleName(builtIn: "admin")
        case .nodeOperator: RoleName(builtIn: "node_operator")
        case .operator: RoleName(builtIn: "operator")
        case .viewer: RoleName(builtIn: "viewer")
        }
    }

    /// What it is for, in one line.
    public var description: Text {
        switch self {
        case .superAdmin: "Everything"
        case .admin: "Users, roles, sessions, keys and secrets"
        case .nodeOperator: "Nodes, membership and the seal"
        case .operator: "Sees what goes on, and ends sessions"
        case .viewer: "Sees users, roles, sessions and nodes"
        }
    }

    /// What its holders may do.
    public var permissions: [Permission] {
        switch self {
        case .superAdmin:
            [.everything]
        case .admin:
            [
                .usersRead, .usersWrite, .rolesRead, .rolesWrite, .rolesGrant, .sessionsCreate,
                .sessionsLookup, .sessionsRead, .sessionsRevoke, .keysRead, .keysWrite,
                .secretsRead, .secretsWrite, .auditRead, .metricsRead, .clusterRead,
            ]
        case .nodeOperator:
            [.clusterRead, .clusterManage, .sealManage, .metricsRead]
        case .operator:
            [
                .usersRead, .rolesRead, .sessionsLookup, .sessionsRead, .sessionsRevoke, .keysRead,
                .auditRead, .metricsRead, .clusterRead,
            ]
        case .viewer:
            [.usersRead, .rolesRead, .sessionsRead, .keysRead, .metricsRead, .clusterRead]
        }
    }
}
