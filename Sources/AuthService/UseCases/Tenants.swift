public import AuthCore
internal import ByteCodec
public import Cryptography
internal import RaftCore

/// What is done with tenants. Apply decides whether the caller may.
public enum Tenants {
    /// Who begins in a new tenant.
    public struct Administrator: Sendable {
        public var username: UserName
        public var password: SharedSecret
        public init(username: UserName, password: SharedSecret) {
            self.username = username
            self.password = password
        }
    }

    /// Makes a tenant. The ids are drawn here.
    public static func create(
        _ name: RoleName, displayName: String, administrator: Administrator?, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Changed<TenantRow>> {
        let fields = Command.CreateTenant(
            id: TenantID(bits: draw(world)), name: name, displayName: Text(displayName))
        guard let administrator else {
            return propose(.createTenant(fields), caller, context, world)
        }
        let id = UserID(bits: draw(world))
        return Flow(world.requireLevel(of: .createTenant(fields))).then {
            Users.hashed(administrator.password, world) { hash, world in
                var fields = fields
                fields.administrator = .init(
                    id: id, username: administrator.username, password: hash)
                return propose(.createTenant(fields), caller, context, world)
            }
        }
    }

    /// Changes the fields that are given.
    public static func update(
        _ fields: Command.UpdateTenant, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<Changed<TenantRow>> {
        propose(.updateTenant(fields), caller, context, world)
    }

    /// Ends a tenant for good: nobody of it gets in any more. What it has is removed afterwards.
    public static func delete(
        _ id: TenantID, _ condition: VersionCondition, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        let operation = Command.Operation.deleteTenant(.init(id: id, condition: condition))
        return Flow(world.requireLevel(of: operation)).then {
            Users.perform(operation, caller, context, world)
        }
    }

    private static func draw(_ world: World) -> UInt128 {
        world.random.bytes(16).reduce(0) { $0 << 8 | UInt128($1) }
    }

    private static func propose(
        _ operation: Command.Operation, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<Changed<TenantRow>> {
        let header = world.requireLevel(of: operation).flatMap { caller.header(context, world) }
        return Flow(header).then { header in
            .propose(Command(operation, header: header)) { applied, _ in
                guard case .tenant(let tenant) = applied.outcome.result else {
                    return .failed(.internal("a tenant was changed with another outcome"))
                }
                return .done(Changed(object: tenant, index: applied.index.rawValue))
            }
        }
    }
}
