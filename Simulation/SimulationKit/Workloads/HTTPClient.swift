import AuthCore
import RaftCore

/// Somebody who asks over HTTP, one thing at a time.
struct HTTPClient {
    /// What it is there for.
    enum Part {
        /// Makes users, grants, revokes.
        case administrator
        /// Logs in, keeps secrets.
        case member
        /// Validates what others show to it.
        case gateway
        /// Asks this node for what has just ended.
        case watcher(node: Int)
        /// Makes, rotates and deletes API keys.
        case keeper
        /// Uses API keys at this node.
        case keyUser(node: Int)
        /// Makes API keys with limits.
        case limitMaker
        /// Uses them at this node, more often than they allow.
        case limitUser(node: Int)
        /// Rotates the keys that sign access tokens.
        case rotator
        /// Shows access tokens to this node.
        case bearer(node: Int)
        /// Changes how many sessions users may have.
        case crowdKeeper
        /// Begins sessions at this node, and shows what has had to give way.
        case crowdUser(node: Int)
        /// Makes users and has them enrol in one-time codes.
        case coderMaker
        /// Logs in with codes at this node, which others show too.
        case coderUser(node: Int)
        /// Makes, suspends, resumes and deletes tenants.
        case tenantKeeper
        /// Works in tenants at this node.
        case tenantUser(node: Int)
    }

    let index: Int
    let part: Part
    /// Everything that it leaves to chance.
    var random: RandomSource
    /// Its own session, in the list of the world.
    var session: Int?
    var operation: HTTPOperation?
    /// The request that it waits for.
    var flight: Int?
    /// When the operation under way began.
    var began: UInt64 = 0
    var operations: UInt64 = 0
    /// What a watcher, or one of a crowd, is to ask for.
    var suspects: [(session: Int, needsRole: Bool)] = []
    /// What a user of keys is to ask for before anything else.
    var keySuspects: [(key: Int, part: Int, needsRole: Bool)] = []
    /// What it last read of each secret: a version to write behind.
    var versions: [Int: UInt64] = [:]
}

/// A user, as those who work with it know it.
struct Account {
    static let administrator = "admin"
    static let administratorPassword = "correct horse battery staple"

    var name: String
    /// As the API shows it, once it is made.
    var shownID: String?
    var id: UserID?
    /// Passwords that it may have, by number; the newest is the likeliest.
    var passwords: [Int]
    /// Whether it is thought to be disabled.
    var isDisabled = false

    static func password(_ number: Int) -> String { "password number \(number)" }
}

/// A session that somebody was given, as those who work with it know it.
struct KnownToken {
    let token: String
    /// Its row.
    let number: UInt64
    /// As the API shows it.
    let shownID: String
    /// Nil for the administrator.
    let account: Int?
    /// The newest refresh token, and those before it.
    var refreshTokens: [String] = []
    /// Whether it is thought to have ended.
    var isEnded = false
}
