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

/// How a hash is called, and whether a node can verify it.
enum HashKind: Equatable, Sendable {
    case supported(String)
    case unsupported(String)

    /// Tells the kind by the way the hash is written.
    init(of hash: String) {
        let supported = [
            "$argon2id$": "Argon2id", "$2a$": "bcrypt", "$2b$": "bcrypt", "$2y$": "bcrypt",
            "$scrypt$": "scrypt", "$pbkdf2-sha256$": "PBKDF2-SHA-256",
            "$pbkdf2-sha512$": "PBKDF2-SHA-512", "$5$": "SHA-256-crypt", "$6$": "SHA-512-crypt",
        ]
        let unsupported = [
            "$apr1$": "Apache MD5 (apr1)", "$1$": "MD5-crypt", "{SHA}": "SHA-1",
            "{SSHA}": "salted SHA-1", "$argon2i$": "Argon2i", "$argon2d$": "Argon2d",
            "$y$": "yescrypt", "$3$": "NT hash",
        ]
        if let found = supported.first(where: { hash.hasPrefix($0.key) }) {
            self = .supported(found.value)
        } else if let found = unsupported.first(where: { hash.hasPrefix($0.key) }) {
            self = .unsupported(found.value)
        } else if hash.utf8.count == 13 {
            self = .unsupported("DES crypt, or a password in clear")
        } else {
            self = .unsupported("an unknown kind, or a password in clear")
        }
    }
}
