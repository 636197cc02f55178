/// One ordered map of the replicated state. Raw values are part of the format: never reused.
///
/// Keys and values are laid out as `docs/formats/rows.md` says.
public enum Table: UInt8, CaseIterable, Sendable {
    /// The one `StateMeta` row, and the facts of the cluster that never change.
    case meta = 0
    /// The nodes that registered themselves, by node number.
    case members = 1
    /// Tenants by id.
    case tenants = 2
    /// Tenant ids by name.
    case tenantsByName = 3
    /// Users by tenant and id.
    case users = 4
    /// User ids by tenant and canonical name.
    case usersByName = 5
    /// Password records, apart from the users so that no listing ever holds one.
    case passwords = 6
    /// Roles by tenant and name.
    case roles = 7
    /// Who holds a role directly: tenant, role name, user id.
    case roleHolders = 8
    /// Sessions by ascending number.
    case sessions = 9
    /// Session numbers by user.
    case sessionsByUser = 10
    /// Session numbers by the minute at which they are next looked at for expiry.
    case sessionsByExpiry = 11
    /// Refresh families by the number of their session.
    case refreshFamilies = 12
    /// The head of each secret, by tenant and path.
    case secrets = 13
    /// The versions of each secret, by tenant, path and version.
    case secretVersions = 14
    /// Idempotency records by scope digest.
    case requests = 15
    /// Idempotency records by the moment of their expiry.
    case requestsByExpiry = 16
    /// How many idempotency records each subject has.
    case requestSubjects = 17
    /// Outcomes of proposals whose proposer may still ask again, by node, run and counter.
    case proposals = 18
    /// What is known of each run of a proposer.
    case proposalRuns = 19
    /// The audit chain by ascending sequence number.
    case audit = 20
    /// The sealed keyring.
    case keyring = 21
    /// Failed log-ins that count towards a delay, and the networks from which users are known.
    case logInFailures = 22
    /// Rights to join the cluster, by the number that is kept for the node.
    case joinTokens = 23
    /// Changes of members that were ordered, by node number.
    case memberPlans = 24
    /// API keys by ascending number, which they share with sessions.
    case keys = 25
    /// Numbers of keys by tenant and owner.
    case keysByOwner = 26
    /// Numbers of keys by the moment at which they expire.
    case keysByExpiry = 27
    /// Which keys name a role: tenant, role name, number of the key.
    case keyRoles = 28
    /// Numbers of imported keys by the digest of the whole key.
    case importedKeys = 29
    /// Keys that access tokens are signed with, by thumbprint.
    case signingKeys = 30
    /// How often those have changed.
    case signingKeysVersion = 31
    /// How many requests were let through, by tenant, whose they were, and day or month.
    case usage = 32
    /// The rows of usage by their ends, how many there are, and what each node has told.
    case usageLists = 33
    /// What tenants ask of sessions, by tenant.
    case settings = 34
    /// Secrets of one-time codes, sealed, by tenant and user.
    case secondFactors = 35
    /// Tenants that are being removed, and how many there are.
    case tenantDeletions = 36
    /// Which audit rows of a block there are of an actor, an action, a target or an outcome.
    case auditIndex = 39
    /// Which blocks of the trail that index reaches.
    case auditIndexExtent = 40

    /// The feature level of the operations that put the first rows into it.
    public var featureLevel: UInt32 { rawValue < Table.keys.rawValue ? 1 : 2 }

    /// A name for logs, file names and the names of databases inside a store.
    public var name: String { "\(self)" }
}

/// A consistent view of all tables.
///
/// Bytes that a call returns or hands to a closure are copies and may be kept.
public protocol TableReader {
    /// The state's own row, where it is at hand; nil: it is looked up.
    var ownRow: StateMeta? { get }
    /// The value under `key`, or nil.
    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]?
    /// Visits rows in ascending order of their keys' bytes, from `from` (inclusive; empty is the
    /// beginning of the table) up to `upTo` (exclusive; nil is its end), until `body` returns
    /// false.
    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws
    /// Visits the same range as `scan`, in descending order.
    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws
}

extension TableReader {
    public var ownRow: StateMeta? { nil }
}

/// A transaction on all tables. Its reads see its own writes.
///
/// A scan must not be under way while a row is put or deleted.
public protocol TableWriter: TableReader {
    /// Sets the value under `key`. Keys are 1...511 bytes.
    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws
    /// Removes the row under `key`, if there is one.
    func delete(_ table: Table, _ key: [UInt8]) throws
}

/// Rows that do not spell what their table holds: damage, never a caller's mistake.
public struct StateDamage: Error, Equatable, Sendable {
    /// Where the row lies.
    public let table: Table
    /// The row's key.
    public let key: [UInt8]
    /// What is wrong, without any of the row's contents.
    public let what: String
    public init(table: Table, key: [UInt8], what: String) {
        self.table = table
        self.key = key
        self.what = what
    }
}
