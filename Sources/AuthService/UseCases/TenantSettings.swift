public import AuthCore
internal import RaftCore

/// What a tenant asks of sessions.
public enum TenantSettings {
    /// Changes the settings of the caller's tenant. Apply decides whether the caller may.
    public static func update(
        _ fields: Command.UpdateSettings, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<Changed<SettingsRow>> {
        Flow(caller.header(context, world)).then { header in
            .propose(Command(.updateSettings(fields), header: header)) { applied, _ in
                guard case .settings(let settings) = applied.outcome.result else {
                    return .failed(.internal("settings were changed with another outcome"))
                }
                return .done(Changed(object: settings, index: applied.index.rawValue))
            }
        }
    }
}
