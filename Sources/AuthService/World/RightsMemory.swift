public import AuthCore
internal import ByteCodec
internal import RaftCore
internal import Synchronization

/// What a user may do, and how that is told.
public final class Rights: Sendable {
    public let permissions: EffectivePermissions
    /// The user's id as the API shows it.
    public let userText: String
    /// What the memory's owner makes of user and permissions, once for all requests.
    public let shown: (any AnyObject & Sendable)?

    fileprivate init(
        _ permissions: EffectivePermissions, of user: UserRow,
        _ shown: (any AnyObject & Sendable)?
    ) {
        self.permissions = permissions
        userText = ObjectText.show(user.id)
        self.shown = shown
    }
}

/// Rights that were resolved before, so that the usual request looks no role up.
///
/// What is remembered is used only where it must be the same: for the same version of the user's
/// row and of all roles, of one lineage of states. Bounded: a shard that is full is emptied.
public final class RightsMemory: Sendable {
    private struct Entry: Sendable {
        let origin: LogIndex
        let createdAt: Timestamp
        let userVersion: UInt64
        let authzEpoch: UInt64
        let roleTableVersion: UInt64
        let rights: Rights

        func isOf(_ user: UserRow, _ meta: StateMeta, _ origin: LogIndex) -> Bool {
            self.origin == origin && userVersion == user.version && authzEpoch == user.authzEpoch
                && createdAt == user.createdAt
                && roleTableVersion == meta.roleTableVersion
                && rights.permissions.tenant == user.tenant
        }
    }

    private final class Shard: Sendable {
        let entries = Mutex<[UserID: Entry]>([:])
    }

    /// Users that are remembered at most.
    public static let usersMax = 16_384
    private static let shardCount = 16

    /// What is made of a user's row and permissions.
    public typealias Show = @Sendable (UserRow, EffectivePermissions) -> any AnyObject & Sendable

    private let shards = (0..<shardCount).map { _ in Shard() }
    private let show: Show?

    /// - Parameter show: what is made of a user and permissions is kept with them.
    public init(show: Show? = nil) { self.show = show }

    /// How many users are remembered.
    var count: Int { shards.reduce(0) { $0 + $1.entries.withLock { $0.count } } }

    /// Rights that hold for one credential alone, and are not remembered.
    func rights(_ permissions: EffectivePermissions, of user: UserRow) -> Rights {
        Rights(permissions, of: user, show?(user, permissions))
    }

    /// What a user may do in a view.
    ///
    /// - Parameter origin: the snapshot that the state of the view began with, asked for before the
    ///   view was opened: what was resolved in a state that had to be replaced says nothing of the
    ///   next one.
    func rights(
        of user: UserRow, _ meta: StateMeta, origin: LogIndex, _ tables: some TableReader
    ) throws -> Rights {
        let shard = shards[Int(truncatingIfNeeded: user.id.bits) & (Self.shardCount - 1)]
        let known = shard.entries.withLock { $0[user.id] }
        if let known, known.isOf(user, meta, origin) || Planted.rightsOutlived.isOn {
            return known.rights
        }
        let rights = rights(try EffectivePermissions.resolve(user, tables), of: user)
        let entry = Entry(
            origin: origin, createdAt: user.createdAt, userVersion: user.version,
            authzEpoch: user.authzEpoch,
            roleTableVersion: meta.roleTableVersion, rights: rights)
        shard.entries.withLock { entries in
            if entries.count >= Self.usersMax / Self.shardCount { entries.removeAll() }
            entries[user.id] = entry
        }
        return rights
    }
}
