import WatchwordClient

/// One user of a file to be imported.
struct ImportedUser: Equatable, Sendable {
    let line: Int
    let username: String
    /// The body of the request that creates the user.
    let body: JSON
}

/// A line that cannot be imported, and why.
struct RejectedLine: Equatable, Sendable {
    let line: Int
    let reason: String
}

/// What a file holds.
struct ImportFile: Equatable, Sendable {
    var users: [ImportedUser] = []
    var rejected: [RejectedLine] = []
}
