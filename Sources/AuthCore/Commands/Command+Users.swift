/// What a user is.
public enum UserKind: UInt8, Sendable {
    case person = 0
    case service = 1

    /// Whether such a user logs in by password. From feature level 2 on only persons do.
    public func logsInByPassword(at featureLevel: UInt32) -> Bool {
        self == .person || featureLevel < 2
    }
}

extension Command {
    /// Makes a user. Needs `users:write`; with roles also `roles:grant` and every permission
    /// that the user then has.
    public struct CreateUser: Hashable, Sendable {
        public var id: UserID
        public var username: UserName
        public var email: Text
        public var displayName: Text
        public var kind: UserKind
        /// Sorted in apply; at most `Limits.rolesPerUser`.
        public var roles: [RoleName]
        public var disabled: Bool
        /// A JSON object as text.
        public var metadata: Text
        public var password: PasswordHash?
        /// As in `10000/day,1000000/month`; empty is none. Feature level 2.
        public var quota = Text.empty
        public init(
            id: UserID, username: UserName, email: Text = .empty, displayName: Text = .empty,
            kind: UserKind = .person, roles: [RoleName] = [], disabled: Bool = false,
            metadata: Text = .empty, password: PasswordHash? = nil
        ) {
            self.id = id
            self.username = username
            self.email = email
            self.displayName = displayName
            self.kind = kind
            self.roles = roles
            self.disabled = disabled
            self.metadata = metadata
            self.password = password
        }
    }

    /// Changes the fields that are not nil. Needs `users:write`; setting roles also
    /// `roles:grant`; setting roles or enabling also every permission the user then has, and from
    /// feature level 2 on so does another name or kind.
    ///
    /// Disabling ends every session of the user for ever.
    public struct UpdateUser: Hashable, Sendable {
        public var id: UserID
        public var condition: VersionCondition
        public var username: UserName?
        public var email: Text?
        public var displayName: Text?
        public var kind: UserKind?
        public var roles: [RoleName]?
        public var disabled: Bool?
        public var metadata: Text?
        /// Empty takes it away. Feature level 2.
        public var quota: Text?
        public init(
            id: UserID, condition: VersionCondition = .any, username: UserName? = nil,
            email: Text? = nil, displayName: Text? = nil, kind: UserKind? = nil,
            roles: [RoleName]? = nil, disabled: Bool? = nil, metadata: Text? = nil
        ) {
            self.id = id
            self.condition = condition
            self.username = username
            self.email = email
            self.displayName = displayName
            self.kind = kind
            self.roles = roles
            self.disabled = disabled
            self.metadata = metadata
        }
    }

    /// Removes a user, and with that every session. Needs `users:write`.
    public struct DeleteUser: Hashable, Sendable {
        public var id: UserID
        public var condition: VersionCondition
        public init(id: UserID, condition: VersionCondition = .any) {
            self.id = id
            self.condition = condition
        }
    }

    /// Sets a password.
    ///
    /// A user's own: the old one was verified against `authVersionSeen`, which is compared
    /// here; the calling session goes on, the others end. Another's: needs `users:write` and
    /// every permission that the user has; all sessions end.
    public struct SetPassword: Hashable, Sendable {
        public var user: UserID
        public var password: PasswordHash
        /// Required when actor and user are the same.
        public var authVersionSeen: UInt64?
        /// Required when they are the same and have a second factor.
        public var code: ShownCode?
        public init(
            user: UserID, password: PasswordHash, authVersionSeen: UInt64? = nil,
            code: ShownCode? = nil
        ) {
            self.user = user
            self.password = password
            self.authVersionSeen = authVersionSeen
            self.code = code
        }
    }

    /// Stores the same password under better parameters; nothing else changes.
    public struct RehashPassword: Hashable, Sendable {
        public var user: UserID
        public var password: PasswordHash
        /// The auth version under which the clear password was verified; another one refuses.
        public var authVersionSeen: UInt64
        public init(user: UserID, password: PasswordHash, authVersionSeen: UInt64) {
            self.user = user
            self.password = password
            self.authVersionSeen = authVersionSeen
        }
    }

    /// Gives a user a role. Needs `roles:grant` and every permission that the user then has.
    public struct GrantRole: Hashable, Sendable {
        public var user: UserID
        public var role: RoleName
        public init(user: UserID, role: RoleName) {
            self.user = user
            self.role = role
        }
    }

    /// Takes a role back from a user. Needs `roles:grant` and every permission of the role.
    public struct RevokeRole: Hashable, Sendable {
        public var user: UserID
        public var role: RoleName
        public init(user: UserID, role: RoleName) {
            self.user = user
            self.role = role
        }
    }

    /// Makes or replaces a role. Needs `roles:write` and every permission it then has.
    public struct PutRole: Hashable, Sendable {
        public var name: RoleName
        public var condition: VersionCondition
        /// Sorted in apply; at most `Limits.permissionsPerRole`.
        public var permissions: [Permission]
        /// At most `Limits.inheritsPerRole`.
        public var inherits: [RoleName]
        /// As in `100/minute`; empty is none.
        public var rateLimit: Text
        public var description: Text
        /// As in `10000/day,1000000/month`; empty is none. Feature level 2.
        public var quota = Text.empty
        public init(
            name: RoleName, condition: VersionCondition = .any, permissions: [Permission],
            inherits: [RoleName] = [], rateLimit: Text = .empty, description: Text = .empty
        ) {
            self.name = name
            self.condition = condition
            self.permissions = permissions
            self.inherits = inherits
            self.rateLimit = rateLimit
            self.description = description
        }
    }

    /// Removes a role that nobody holds and none inherits. Needs `roles:write`.
    public struct DeleteRole: Hashable, Sendable {
        public var name: RoleName
        public var condition: VersionCondition
        public init(name: RoleName, condition: VersionCondition = .any) {
            self.name = name
            self.condition = condition
        }
    }
}
