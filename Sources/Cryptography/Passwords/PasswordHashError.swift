public import APITypes

/// Why a stored password cannot be used, or a new one cannot be made.
public enum PasswordHashError: Error, Hashable, Sendable {
    /// The text is of a kind that cannot be verified, by the name that its users know.
    case unsupported(String)
    /// The text does not spell a hash of its scheme.
    case malformed(PasswordScheme, reason: String)
    /// A stored parameter asks for more work or memory than is allowed.
    case overCeiling(PasswordScheme, parameter: String, value: UInt64, ceiling: UInt64)
    /// The password is longer than 1,024 bytes.
    case passwordTooLong(byteCount: Int)
    /// The record was made under a pepper key that is not at hand.
    case missingPepper(keyID: UInt32)
    /// The library refused: no memory.
    case library(CryptographyError)
}

/// The most work and memory that a stored hash may ask for.
///
/// Whoever can write a record, by an import for one, could otherwise stop a node with it.
public struct PasswordCeilings: Hashable, Sendable {
    /// Argon2's memory in KiB: 256 MiB.
    public var argon2MemoryKiB: UInt64 = 262_144
    /// Argon2's passes.
    public var argon2Passes: UInt64 = 10
    /// Argon2's lanes; they run one after the other here.
    public var argon2Lanes: UInt64 = 16
    /// bcrypt's cost, the logarithm of its rounds.
    public var bcryptCost: UInt64 = 15
    /// The memory of scrypt and yescrypt in bytes, 128·N·r: 256 MiB.
    public var scryptMemoryBytes: UInt64 = 256 << 20
    /// The memory that scrypt walks through in bytes, 128·N·r·p: 512 MiB.
    public var scryptWorkBytes: UInt64 = 512 << 20
    /// PBKDF2's iterations.
    public var pbkdf2Iterations: UInt64 = 2_000_000
    /// The rounds of SHA-256-crypt and SHA-512-crypt.
    public var shaCryptRounds: UInt64 = 1_000_000

    /// The usual ceilings: about two seconds of one core.
    public init() {}

    /// The usual ceilings.
    public static let `default` = PasswordCeilings()
}
