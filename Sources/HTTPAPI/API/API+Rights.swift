public import AuthService

extension API {
    /// Remembers what users may do, and the fields in which gateways are told of it.
    public static func makeRightsMemory() -> RightsMemory {
        RightsMemory { user, permissions in IdentityHeaders.block(of: user, permissions) }
    }
}
