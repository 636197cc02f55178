/// A way of hashing passwords that can be verified here.
public enum PasswordScheme: String, CaseIterable, Sendable {
    /// Argon2id (RFC 9106): the only one that is made here.
    case argon2id
    /// Argon2i (RFC 9106).
    case argon2i
    /// bcrypt, `$2a$`, `$2b$` and `$2y$`.
    case bcrypt
    /// scrypt (RFC 7914) as a PHC string.
    case scrypt
    /// scrypt as crypt(5) writes it, `$7$`.
    case scryptCrypt = "scrypt-crypt"
    /// PBKDF2-HMAC-SHA-256 (RFC 8018), as a PHC string or as passlib writes it.
    case pbkdf2SHA256 = "pbkdf2-sha256"
    /// PBKDF2-HMAC-SHA-512 (RFC 8018), as a PHC string or as passlib writes it.
    case pbkdf2SHA512 = "pbkdf2-sha512"
    /// SHA-256-crypt, `$5$`.
    case sha256Crypt = "sha256-crypt"
    /// SHA-512-crypt, `$6$`.
    case sha512Crypt = "sha512-crypt"
    /// yescrypt with its usual parameters, `$y$`.
    case yescrypt

    // In the order in which they are tried; no prefix is the beginning of another.
    static let prefixes: [(text: String, scheme: PasswordScheme)] = [
        ("$argon2id$", .argon2id), ("$argon2i$", .argon2i),
        ("$2a$", .bcrypt), ("$2b$", .bcrypt), ("$2y$", .bcrypt),
        ("$scrypt$", .scrypt), ("$7$", .scryptCrypt),
        ("$pbkdf2-sha256$", .pbkdf2SHA256), ("$pbkdf2-sha512$", .pbkdf2SHA512),
        ("$5$", .sha256Crypt), ("$6$", .sha512Crypt), ("$y$", .yescrypt),
    ]
}

/// What a stored password looks like, before anything of it is checked.
public enum PasswordHashKind: Hashable, Sendable {
    /// A hash of a scheme that can be verified.
    case supported(PasswordScheme)
    /// Something that cannot be verified, by the name that its users know.
    case unsupported(String)

    /// Names the kind of `text` by its spelling alone.
    public init(of text: String) {
        if let match = PasswordScheme.prefixes.first(where: { text.hasPrefix($0.text) }) {
            self = .supported(match.scheme)
        } else {
            self = .unsupported(Self.foreignName(of: text))
        }
    }

    private static let foreign: [(prefix: String, name: String)] = [
        ("$apr1$", "Apache MD5 ($apr1$)"), ("$1$", "MD5-crypt ($1$)"),
        ("{SHA}", "unsalted SHA-1 ({SHA})"), ("{SSHA}", "salted SHA-1 ({SSHA})"),
        ("$argon2d$", "Argon2d"), ("$2x$", "bcrypt with the sign bug ($2x$)"),
        ("$2$", "the first bcrypt ($2$)"), ("$gy$", "gost-yescrypt ($gy$)"),
        ("$pbkdf2$", "PBKDF2-SHA-1"), ("$pbkdf2-sha1$", "PBKDF2-SHA-1"),
        ("$bcrypt-sha256$", "bcrypt over SHA-256 (passlib)"), ("$sha1$", "SHA-1-crypt ($sha1$)"),
        ("$3$", "NT hash ($3$)"), ("$md5", "Sun MD5 ($md5$)"),
        ("pbkdf2_sha", "PBKDF2 as Django writes it"),
        ("bcrypt_sha256$", "bcrypt as Django writes it"),
        ("!", "a locked account"), ("*", "a locked account"), ("{", "an LDAP scheme in braces"),
        ("$", "an unknown $…$ scheme"),
    ]

    private static func foreignName(of text: String) -> String {
        if text.isEmpty { return "an empty password" }
        if let match = foreign.first(where: { text.hasPrefix($0.prefix) }) { return match.name }
        // The alphabet of crypt(5).
        let digits = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                // `.`, `/` and the digits lie side by side.
                UInt8(ascii: ".")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        if digits && text.utf8.count == 13 { return "DES crypt" }
        if text.utf8.first == UInt8(ascii: "_") && text.utf8.count == 20 { return "BSDi DES crypt" }
        return "plain text or an unknown scheme"
    }
}
