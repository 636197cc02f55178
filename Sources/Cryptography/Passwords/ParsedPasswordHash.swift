public import APITypes

/// A stored password hash whose text was parsed and whose every parameter is below its ceiling.
///
/// The text is a PHC string or one of crypt(5). It prints as its scheme.
public struct ParsedPasswordHash: Hashable, Sendable, CustomStringConvertible {
    /// The longest text, in bytes.
    public static let textByteCountMax = 512

    /// The text as it is stored.
    public let text: String
    /// How the password was hashed.
    public let scheme: PasswordScheme
    let recipe: Recipe

    /// What verification computes, and what it must come to.
    enum Recipe: Hashable, Sendable {
        case argon2(Argon2Parameters, Argon2Variant, salt: [UInt8], tag: [UInt8])
        case scrypt(ScryptParameters, salt: [UInt8], tag: [UInt8])
        case pbkdf2(PBKDF2Digest, iterations: UInt32, salt: [UInt8], tag: [UInt8])
        /// crypt(3) makes a text whose last `hashCount` characters must be those of the stored one.
        case crypt(hashCount: Int, memoryBytes: Int)
    }

    /// Parses `text`.
    ///
    /// - Throws: `unsupported`, `malformed`, `overCeiling`.
    public init(
        _ text: String, ceilings: PasswordCeilings = .default
    ) throws(PasswordHashError) {
        let scheme: PasswordScheme
        switch PasswordHashKind(of: text) {
        case .unsupported(let name): throw .unsupported(name)
        case .supported(let supported): scheme = supported
        }
        guard text.utf8.count <= Self.textByteCountMax,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .malformed(scheme, reason: "longer than 512 bytes, or not printable ASCII") }
        self.text = text
        self.scheme = scheme
        recipe = try PasswordHashParser(scheme: scheme, ceilings: ceilings).parse(text)
    }

    /// The memory that one verification takes, in bytes, rounded up generously.
    public var memoryBytes: Int {
        switch recipe {
        case .argon2(let parameters, _, _, _): Int(parameters.memoryKiB) * 1024 + 65_536
        case .scrypt(let parameters, _, _): parameters.memoryBytes + 65_536
        case .pbkdf2: 65_536
        case .crypt(_, let memoryBytes): memoryBytes + 65_536
        }
    }

    /// The scheme; never salt or hash.
    public var description: String { "ParsedPasswordHash(\(scheme.rawValue))" }
}

/// A user's stored password: what is replicated.
public struct PasswordRecord: Hashable, Sendable, CustomStringConvertible {
    /// The key of the HMAC over the raw hash; 0 means that there is none.
    public var pepperKeyID: UInt32
    /// The text of a `ParsedPasswordHash`.
    public var phc: String

    /// A record of its two parts, which are not checked.
    public init(pepperKeyID: UInt32, phc: String) {
        self.pepperKeyID = pepperKeyID
        self.phc = phc
    }

    /// The pepper key and the kind; never salt or hash.
    public var description: String {
        "PasswordRecord(pepper \(pepperKeyID), \(PasswordHashKind(of: phc)))"
    }
}
