import AuthCore

/// Something that a client wants, perhaps asked for several times.
struct HTTPOperation {
    /// What it wants. Accounts and sessions by their places in the lists of the world.
    enum Kind {
        case logIn(account: Int?, password: Int, seconds: UInt64?)
        case logOut(session: Int)
        case refresh(session: Int, token: String)
        case validate(session: Int)
        case lookUp(session: Int)
        case revoke(session: Int)
        case revokeAll(account: Int)
        case revokeOwn(session: Int)
        case setPassword(account: Int, new: Int)
        case changePassword(session: Int, old: Int, new: Int)
        case setDisabled(account: Int, Bool)
        case grant(account: Int)
        case takeBack(account: Int)
        case readUser(account: Int)
        case putSecret(path: Int, SecretModel.Condition, value: UInt64)
        case readSecret(path: Int)
        case deleteSecret(path: Int)
        case putRole(String, permissions: [String])
        case createUser(account: Int)
        case createKey(account: Int, givesRole: Bool, seconds: UInt64?)
        case rotateKey(Int, grace: UInt64)
        case deleteKey(Int)
        case useKey(Int, part: Int)
        case createLimited(Int)
        case useLimited(Int)
        case rotateSigningKeys(isRevoking: Bool)
        case useAccessToken(Int)
        case limitSessions(UInt64?, evicts: Bool)
        case coder(Int, CoderStep)
        case showCode(Int)
        case showNoCode(coder: Int)
        case createTenant(Int)
        case setTenant(Int, suspended: Bool)
        case deleteTenant(Int)
        case tenantLogIn(Int)
        case tenantKey(Int)
        case useInTenant(Int)
        /// With one credential of a tenant, for the session of another one.
        case reachSession(by: Int, of: Int, ends: Bool)
    }

    let kind: Kind
    /// The session whose token it is asked with.
    let session: Int?
    /// An `Idempotency-Key`, so that it may be asked for again.
    let key: String?
    /// Whether it asks for the role's permission too.
    var needsRole = false
    /// Straight to this node; nil: through the load balancer.
    var node: Int?
    /// One for each time of asking.
    var requestIDs: [String] = []
    /// When it may first have reached a node.
    var began: UInt64?
    /// Whether an earlier time of asking may have taken effect, or may yet.
    var isDoubtful = false

    /// The administrator logs in.
    static var enter: HTTPOperation {
        HTTPOperation(
            kind: .logIn(account: nil, password: 0, seconds: nil), session: nil, key: nil)
    }
}

extension HTTPOperation.Kind {
    /// What it is, in a few words.
    var told: String {
        switch self {
        case .logIn: "log in"
        case .logOut: "log out"
        case .refresh: "refresh"
        case .validate: "validate"
        case .lookUp: "look up"
        case .revoke: "revoke session"
        case .revokeAll, .revokeOwn: "revoke all sessions"
        case .setPassword, .changePassword: "set password"
        case .setDisabled(_, let isDisabled): isDisabled ? "disable" : "enable"
        case .grant: "grant role"
        case .takeBack: "take role back"
        case .readUser: "read user"
        case .putSecret: "put secret"
        case .readSecret: "read secret"
        case .deleteSecret: "delete secret"
        case .putRole: "put role"
        case .createUser: "create user"
        case .createKey: "create key"
        case .rotateKey: "rotate key"
        case .deleteKey: "delete key"
        case .useKey: "use key"
        case .createLimited: "create key with a limit"
        case .useLimited: "use key with a limit"
        case .rotateSigningKeys(let isRevoking): isRevoking ? "revoke tokens" : "rotate keys"
        case .useAccessToken: "use access token"
        case .limitSessions: "limit sessions"
        case .coder(_, let step): "\(step) for codes"
        case .showCode: "log in with a code"
        case .showNoCode: "log in without a code"
        case .createTenant: "create tenant"
        case .setTenant(_, let suspended): suspended ? "suspend tenant" : "resume tenant"
        case .deleteTenant: "delete tenant"
        case .tenantLogIn: "log in to tenant"
        case .tenantKey: "create key in tenant"
        case .useInTenant: "use in tenant"
        case .reachSession(_, _, let ends): ends ? "reach to end" : "reach to see"
        }
    }

    /// What the audit trail calls it; nil for what leaves no record.
    var action: AuditAction? {
        switch self {
        case .logIn: .logIn
        case .logOut, .revoke: .sessionRevoke
        case .refresh: .sessionRefresh
        case .revokeAll, .revokeOwn: .sessionRevokeAll
        case .setPassword, .changePassword: .passwordSet
        case .setDisabled: .userUpdate
        case .grant: .roleGrant
        case .takeBack: .roleRevoke
        case .putSecret: .secretPut
        case .readSecret: .secretRead
        case .deleteSecret: .secretDelete
        case .putRole: .rolePut
        case .createUser: .userCreate
        case .createKey, .createLimited: .keyCreate
        case .rotateKey: .keyRotate
        case .deleteKey: .keyDelete
        case .rotateSigningKeys(let isRevoking):
            isRevoking ? .signingKeysRevoke : .signingKeysRotate
        case .limitSessions: .settingsUpdate
        case .coder(_, let step): step.action
        case .showCode, .showNoCode: .logIn
        case .createTenant: .tenantCreate
        case .setTenant(_, let suspended): suspended ? .tenantSuspend : .tenantResume
        case .deleteTenant: .tenantDelete
        case .tenantLogIn: .logIn
        case .tenantKey: .keyCreate
        case .validate, .lookUp, .readUser, .useKey, .useLimited, .useAccessToken, .useInTenant,
            .reachSession:
            nil
        }
    }

    /// Whether it is about API keys.
    var isOfKeys: Bool {
        switch self {
        case .createKey, .rotateKey, .deleteKey, .useKey, .createLimited, .useLimited: true
        default: false
        }
    }

    /// Whether it only looks.
    var isRead: Bool {
        switch self {
        case .validate, .lookUp, .readUser, .readSecret, .useKey, .useLimited, .useAccessToken,
            .useInTenant, .reachSession:
            true
        default: false
        }
    }
}
