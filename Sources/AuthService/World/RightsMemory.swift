public import AuthCore
internal import ByteCodec
internal import RaftCore
internal import Synchronization

/// What a user may do, and how that is told.
public final class Rights: Sendable {
    /// What it was resolved from, besides the user's row.
    struct Source: Equatable, Sendable {
        /// The snapshot that the state began with.
        let origin: LogIndex
        let roleTableVersion: UInt64
    }

    public let user: KnownUser
    public let permissions: EffectivePermissions
    /// The user's id as the API shows it.
    public let userText: String
    /// What the memory's owner makes of user and permissions, once for all requests.
    public let shown: (any AnyObject & Sendable)?
    fileprivate let source: Source?

    fileprivate init(
        _ permissions: EffectivePermissions, of user: KnownUser, from source: Source?,
        _ shown: (any AnyObject & Sendable)?
    ) {
        self.user = user
        self.permissions = permissions
        self.source = source
        userText = ObjectText.show(user.row.id)
        self.shown = shown
    }
}

/// Rights that were resolved before, so that the usual request looks no role up.
///
/// What is remembered is used only where it must be the same: for the same bytes of the user's row
/// and the same version of all roles, of one lineage of states. Bounded: who was not asked for
/// since half as many others were is forgotten.
public final class RightsMemory: Sendable {
    private final class Shard: Sendable {
        let entries = Mutex(Generations())
    }

    /// Users that were asked for lately, and those that were before them.
    private struct Generations {
        var young: [UserID: Rights] = [:]
        var old: [UserID: Rights] = [:]

        /// How many there are; one that is in both is counted twice.
        var count: Int { young.count + old.count }

        mutating func find(_ id: UserID) -> Rights? {
            if let rights = young[id] { return rights }
            guard let rights = old[id] else { return nil }
            insert(rights, id)
            return rights
        }

        mutating func insert(_ rights: Rights, _ id: UserID) {
            if young.count >= usersMax / shardCount / 2 {
                old = young
                young = [:]
            }
            young[id] = rights
        }
    }

    /// Users that are remembered at most: one or two KiB each.
    public static let usersMax = 65_536
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
    func rights(_ permissions: EffectivePermissions, of user: KnownUser) -> Rights {
        Rights(permissions, of: user, from: nil, show?(user.row, permissions))
    }

    /// What is remembered of a user, of whatever view.
    ///
    /// - Parameter rights: becomes what is remembered besides.
    func user(_ id: UserID, _ rights: inout Rights?) -> KnownUser? {
        rights = shard(of: id).entries.withLock { $0.find(id) }
        return rights?.user
    }

    /// What a user may do in a view.
    ///
    /// - Parameters:
    ///   - user: as the view has it.
    ///   - remembered: what `user` gave besides, where it was asked.
    ///   - origin: the snapshot that the state of the view began with, asked for before the view
    ///     was opened: what was resolved in a state that had to be replaced says nothing of the
    ///     next one.
    func rights(
        of user: KnownUser, _ remembered: Rights?, _ meta: StateMeta, origin: LogIndex,
        _ tables: some TableReader
    ) throws -> Rights {
        let source = Rights.Source(origin: origin, roleTableVersion: meta.roleTableVersion)
        if let remembered, remembered.isOf(user, source) || Planted.rightsOutlived.isOn {
            return remembered
        }
        let permissions = try EffectivePermissions.resolve(user.row, tables)
        let rights = Rights(permissions, of: user, from: source, show?(user.row, permissions))
        shard(of: user.row.id).entries.withLock { $0.insert(rights, user.row.id) }
        return rights
    }

    private func shard(of user: UserID) -> Shard {
        shards[Int(truncatingIfNeeded: user.bits) & (Self.shardCount - 1)]
    }
}

extension Rights {
    /// Whether they were resolved from this very row, as it was read then, and these roles.
    fileprivate func isOf(_ user: KnownUser, _ source: Source) -> Bool {
        self.user === user && self.source == source
    }
}
