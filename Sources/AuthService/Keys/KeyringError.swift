public import ByteCodec
public import Cryptography

/// Why a key, a keyring or something sealed cannot be used.
public enum KeyringError: Error, Equatable, Sendable {
    /// The root key file is not 64 hexadecimal digits, or has a version that is not a number.
    case malformedRootKey
    /// The keyring row or the sealed bytes do not have their format.
    case malformed(ByteCodecError)
    /// The keyring row or the sealed bytes have a format that this release does not know.
    case unknownFormat(UInt8)
    /// The keyring is sealed under another version of the root key.
    case rootKeyVersion(sealed: UInt32, held: UInt32)
    /// What the keyring holds breaks a rule of its own.
    case inconsistent(String)
    /// Something is sealed under a term that the keyring does not have.
    case unknownTerm(UInt32)
    /// The tag is wrong: another key, another place, or damage.
    case authenticationFailed
    /// The library refused.
    case cryptography(CryptographyError)

    init(_ error: CryptographyError) {
        self = error.code == .authenticationFailed ? .authenticationFailed : .cryptography(error)
    }
}
