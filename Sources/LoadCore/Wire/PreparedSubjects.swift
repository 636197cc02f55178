/// Whom and what a load asks for, as it was made before the load begins.
public struct PreparedSubjects: Sendable {
    /// One user of the load.
    public struct User: Sendable {
        public let id: String
        public let name: String
        /// Drawn for this load; empty when the mix has no log-ins.
        public let password: String

        public init(id: String, name: String, password: String) {
            self.id = id
            self.name = name
            self.password = password
        }
    }

    /// The label of every session that a load begins.
    public static let label = "watchword bench"

    /// The token of whoever runs the load: begins and revokes sessions, reads the secret.
    public var callerToken: String
    /// The tenant to log in to, by id; nil for `default`.
    public var logInTenant: String?
    public var users: [User]
    public var sessionTokens: [String]
    /// One for each session that was begun with a refresh token.
    public var refreshTokens: [String]
    /// Of characters that a path may have as they are.
    public var secretPath: String

    public init(
        callerToken: String, logInTenant: String?, users: [User] = [],
        sessionTokens: [String] = [], refreshTokens: [String] = [], secretPath: String
    ) {
        self.callerToken = callerToken
        self.logInTenant = logInTenant
        self.users = users
        self.sessionTokens = sessionTokens
        self.refreshTokens = refreshTokens
        self.secretPath = secretPath
    }
}
