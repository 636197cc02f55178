/// What one request of a load asks the cluster for; the raw value counts from 0 without gaps.
public enum RequestKind: Int, CaseIterable, Sendable {
    /// `GET /v1/validate` with a session's token, as gateways ask.
    case validate
    /// `POST /v1/auth/refresh`: the successor of a refresh token.
    case refresh
    /// `POST /v1/sessions`: a session for a user without a password.
    case start
    /// `DELETE /v1/sessions/{id}`: the end of one session.
    case revoke
    /// `POST /v1/auth/login`: a session for a user with a password.
    case login
    /// `GET /v1/secrets/{path}`: a secret's value.
    case secret

    /// The kind of this name, as an operator writes it; nil when there is none.
    public init?(name: some StringProtocol) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// As an operator writes it.
    public var name: String {
        switch self {
        case .validate: "validate"
        case .refresh: "refresh"
        case .start: "start"
        case .revoke: "revoke"
        case .login: "login"
        case .secret: "secret"
        }
    }
}
