public import RaftCore

/// What an audit row tells of. Raw values are part of the format; names are part of the API.
public enum AuditAction: UInt16, CaseIterable, Sendable {
    case clusterBootstrap = 1
    case memberRegister = 2
    case keyringUpdate = 3
    case clusterRaise = 4
    case userCreate = 10
    case userUpdate = 11
    case userDelete = 12
    case passwordSet = 13
    case passwordRehash = 14
    case roleGrant = 20
    case roleRevoke = 21
    case rolePut = 22
    case roleDelete = 23
    case sessionStart = 30
    case sessionRefresh = 31
    case sessionRefreshReuse = 32
    case sessionRevoke = 33
    case sessionRevokeAll = 34
    case logIn = 35
    /// Failed log-ins that have no records of their own, in sum.
    case logInFailures = 36
    /// A name is held back, because too many log-ins have failed.
    case logInHeld = 37
    /// A user who is known of some networks has logged in from another one.
    case logInElsewhere = 38
    case secretRead = 40
    case secretPut = 41
    case secretDelete = 42
    case secretList = 43
    case auditRead = 50
    case leadershipTransfer = 60
    /// A request was turned away before it became a command.
    case requestDenied = 61
    case authoritySet = 62
    /// A change of members has ended, or was given up.
    case memberChange = 63
    case memberInvite = 64
    case memberJoin = 65
    case memberPromote = 66
    case memberDemote = 67
    case memberRemove = 68
    /// Somebody had the nodes compare their states.
    case clusterVerify = 69
    /// A cluster that had lost its quorum goes on from one survivor.
    case clusterRecover = 70
    case keyCreate = 80
    case keyUpdate = 81
    case keyRotate = 82
    case keyDelete = 83
    /// Access tokens are to be signed by another key.
    case signingKeysRotate = 90
    /// The same, and whatever was signed before is good no more.
    case signingKeysRevoke = 91
    /// A session gave way to a newer one of its user.
    case sessionEvict = 100
    case settingsUpdate = 101
    case factorEnrol = 102
    case factorConfirm = 103
    case factorRemove = 104
    case recoveryCodesRenew = 105
    case tenantCreate = 115
    case tenantUpdate = 116
    case tenantSuspend = 117
    case tenantResume = 118
    case tenantDelete = 119
    /// Nothing is left of a tenant that was deleted.
    case tenantRemove = 120
    case tenantExport = 121

    /// The name as the API shows it.
    public var name: String {
        switch self {
        case .clusterBootstrap: "cluster.bootstrap"
        case .memberRegister: "member.register"
        case .keyringUpdate: "keyring.update"
        case .clusterRaise: "cluster.raise"
        case .clusterVerify: "cluster.verify"
        case .clusterRecover: "cluster.recover"
        case .memberInvite: "member.invite"
        case .memberJoin: "member.join"
        case .memberPromote: "member.promote"
        case .memberDemote: "member.demote"
        case .memberRemove: "member.remove"
        case .memberChange: "member.change"
        case .userCreate: "user.create"
        case .userUpdate: "user.update"
        case .userDelete: "user.delete"
        case .passwordSet: "password.set"
        case .passwordRehash: "password.rehash"
        case .roleGrant: "role.grant"
        case .roleRevoke: "role.revoke"
        case .rolePut: "role.put"
        case .roleDelete: "role.delete"
        case .sessionStart: "session.start"
        case .sessionRefresh: "session.refresh"
        case .sessionRefreshReuse: "session.refresh_reuse"
        case .sessionRevoke: "session.revoke"
        case .sessionRevokeAll: "session.revoke_all"
        case .logIn: "auth.login"
        case .logInFailures: "auth.login_failures"
        case .logInHeld: "auth.login_held"
        case .logInElsewhere: "auth.login_new_network"
        case .secretRead: "secret.read"
        case .secretPut: "secret.put"
        case .secretDelete: "secret.delete"
        case .secretList: "secret.list"
        case .auditRead: "audit.read"
        case .leadershipTransfer: "cluster.transfer"
        case .requestDenied: "request.denied"
        case .authoritySet: "authority.set"
        case .keyCreate: "key.create"
        case .keyUpdate: "key.update"
        case .keyRotate: "key.rotate"
        case .keyDelete: "key.delete"
        case .signingKeysRotate: "signing_keys.rotate"
        case .signingKeysRevoke: "signing_keys.revoke"
        case .sessionEvict: "session.evict"
        case .settingsUpdate: "settings.update"
        case .factorEnrol: "totp.enrol"
        case .factorConfirm: "totp.confirm"
        case .factorRemove: "totp.remove"
        case .recoveryCodesRenew: "totp.recovery_codes"
        case .tenantCreate: "tenant.create"
        case .tenantUpdate: "tenant.update"
        case .tenantSuspend: "tenant.suspend"
        case .tenantResume: "tenant.resume"
        case .tenantDelete: "tenant.delete"
        case .tenantRemove: "tenant.remove"
        case .tenantExport: "tenant.export"
        }
    }

    /// The action of this name.
    public init?(name: String) {
        guard let action = Self.allCases.first(where: { $0.name.utf8.elementsEqual(name.utf8) })
        else { return nil }
        self = action
    }
}

/// How what an audit row tells of ended. Raw values are part of the format.
public enum AuditOutcome: UInt8, Sendable {
    case success = 0
    case denied = 1
    case error = 2

    /// The name as the API shows it.
    public var name: String { "\(self)" }
}

/// What was acted on.
public enum AuditTarget: Hashable, Sendable {
    case none
    case user(UserID)
    case role(RoleName)
    case session(SessionID)
    case secret(SecretPath)
    case member(NodeID)
    case key(KeyID)
    case tenant(TenantID)
}

/// One fact beside the fixed fields. Only these can be written: there is no field into which a
/// password, token or value could find its way.
public enum AuditDetail: Hashable, Sendable {
    /// The user concerned, when the target is something else.
    case user(UserID)
    /// The role concerned.
    case role(RoleName)
    /// The object's version after the change, or the version that was read.
    case version(UInt64)
    /// Names of the fields that were changed.
    case changed(UserFields)
    /// How the user was authenticated.
    case method(AuthMethod)
    /// Why it was refused.
    case reason(AuditReason)
    /// How many.
    case count(UInt64)
    /// Which generation of a refresh family.
    case generation(UInt32)
    /// The permission that was missing.
    case permission(Permission)
    /// The actor's own tenant, when it worked in another one.
    case actorTenant(TenantID)
    /// Another member concerned.
    case member(NodeID)
    /// Names of the fields of a key that were changed.
    case changedKey(KeyFields)
}

/// Fields of a user that a change touched.
public struct UserFields: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let username = UserFields(rawValue: 1)
    public static let email = UserFields(rawValue: 2)
    public static let displayName = UserFields(rawValue: 4)
    public static let kind = UserFields(rawValue: 8)
    public static let roles = UserFields(rawValue: 16)
    public static let disabled = UserFields(rawValue: 32)
    public static let enabled = UserFields(rawValue: 64)
    public static let metadata = UserFields(rawValue: 128)
    public static let quota = UserFields(rawValue: 256)

    /// The names as the API shows them, in the order of the bits.
    public var names: [String] {
        let all = [
            "username", "email", "display_name", "kind", "roles", "disabled", "enabled", "metadata",
            "quota",
        ]
        return all.indices.filter { rawValue >> UInt16($0) & 1 == 1 }.map { all[$0] }
    }
}

/// Fields of a key that a change touched.
public struct KeyFields: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let name = KeyFields(rawValue: 1)
    public static let roles = KeyFields(rawValue: 2)
    public static let permissions = KeyFields(rawValue: 4)
    public static let addresses = KeyFields(rawValue: 8)
    public static let rateLimit = KeyFields(rawValue: 16)
    public static let expiry = KeyFields(rawValue: 32)
    public static let metadata = KeyFields(rawValue: 64)
    public static let quota = KeyFields(rawValue: 128)

    /// The names as the API shows them, in the order of the bits.
    public var names: [String] {
        let all = [
            "name", "roles", "permissions", "allowed_addresses", "rate_limit", "expires_at",
            "metadata", "quota",
        ]
        return all.indices.filter { rawValue >> UInt16($0) & 1 == 1 }.map { all[$0] }
    }
}

/// Why something was denied. Raw values are part of the format.
public enum AuditReason: UInt8, CaseIterable, Sendable {
    case insufficientPermissions = 1
    case lastSuperAdmin = 2
    case builtInRole = 3
    case roleInUse = 4
    case credentialsChanged = 5
    case userDisabled = 6
    case actorEnded = 7
    case notFound = 8
    case exists = 9
    case versionMismatch = 10
    case invalid = 11
    case quota = 12
    case refreshUnknown = 13
    case refreshReused = 14
    case otherIncarnation = 15
    case unknownUser = 16
    case wrongPassword = 17
    case rateLimited = 18
    case expired = 19
    case idempotencyMismatch = 20
    case memberTooOld = 21
    case joinTokenInvalid = 22
    case changeUnderWay = 23
    case changeRefused = 24
    case wrongCode = 50
    case codeRequired = 51
    case tenantSuspended = 61

    /// The name as the API shows it.
    public var name: String {
        switch self {
        case .insufficientPermissions: "insufficient_permissions"
        case .lastSuperAdmin: "last_super_admin"
        case .builtInRole: "builtin_role"
        case .roleInUse: "role_in_use"
        case .credentialsChanged: "credentials_changed"
        case .userDisabled: "user_disabled"
        case .actorEnded: "actor_ended"
        case .notFound: "not_found"
        case .exists: "exists"
        case .versionMismatch: "version_mismatch"
        case .invalid: "invalid"
        case .quota: "quota"
        case .refreshUnknown: "refresh_unknown"
        case .refreshReused: "refresh_reused"
        case .otherIncarnation: "other_incarnation"
        case .memberTooOld: "member_too_old"
        case .unknownUser: "unknown_user"
        case .wrongPassword: "wrong_password"
        case .rateLimited: "rate_limited"
        case .expired: "expired"
        case .idempotencyMismatch: "idempotency_mismatch"
        case .joinTokenInvalid: "join_token_invalid"
        case .changeUnderWay: "change_in_progress"
        case .changeRefused: "change_refused"
        case .wrongCode: "wrong_code"
        case .codeRequired: "code_required"
        case .tenantSuspended: "tenant_suspended"
        }
    }
}

/// An event for the audit trail that changes nothing else.
public struct AuditEvent: Hashable, Sendable {
    public var tenant: TenantID
    public var actor: Actor
    public var action: AuditAction
    public var target: AuditTarget
    public var outcome: AuditOutcome
    public var requestID: Text
    public var address: Text
    public var details: [AuditDetail]
    public init(
        tenant: TenantID = .platform, actor: Actor, action: AuditAction,
        target: AuditTarget = .none, outcome: AuditOutcome, requestID: Text = .empty,
        address: Text = .empty, details: [AuditDetail] = []
    ) {
        self.tenant = tenant
        self.actor = actor
        self.action = action
        self.target = target
        self.outcome = outcome
        self.requestID = requestID
        self.address = address
        self.details = details
    }
}
