/// One request, with whom it is about: numbers into what was prepared, or what the load itself has
/// learnt.
public enum LoadRequest: Equatable, Sendable {
    /// With the token of this prepared session.
    case validate(session: Int)
    /// With this refresh token, which belongs to this holder.
    case refresh(holder: Int, token: String)
    /// For this prepared user.
    case start(user: Int)
    /// Of the session with this id, which the load has begun.
    case revoke(id: String)
    /// As this prepared user.
    case login(user: Int)
    /// Of the one prepared secret.
    case secret

    /// What it asks for.
    public var kind: RequestKind {
        switch self {
        case .validate: .validate
        case .refresh: .refresh
        case .start: .start
        case .revoke: .revoke
        case .login: .login
        case .secret: .secret
        }
    }
}
