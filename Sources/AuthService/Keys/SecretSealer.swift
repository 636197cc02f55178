internal import ByteCodec
public import Cryptography

/// Where something sealed belongs. It opens there and nowhere else.
public struct SealPlace: Hashable, Sendable {
    /// What its key is for.
    public let purpose: KeyPurpose
    /// The number of the table that holds it.
    public let table: UInt8
    /// The key of the row, without the version.
    public let key: [UInt8]
    /// The version of the row.
    public let version: UInt64

    /// - Precondition: a key of at most 1,024 bytes.
    public init(purpose: KeyPurpose, table: UInt8, key: [UInt8], version: UInt64) {
        precondition(key.count <= 1024, "key of \(key.count) bytes")
        self.purpose = purpose
        self.table = table
        self.key = key
        self.version = version
    }
}

/// Something sealed, with the term that it is sealed under, which stands in the bytes too.
public struct SealedBytes: Hashable, Sendable {
    /// The term of the keyring.
    public let term: UInt32
    /// Format, term, salt, nonce, ciphertext and tag.
    public let bytes: [UInt8]
}

/// Seals before the log, and opens after it; each ciphertext has a key of its own.
///
/// The bytes are laid out in docs/formats/keyring-and-secrets.md.
public struct SecretSealer: Sendable {
    /// By how many bytes something sealed is longer than before.
    public static let overheadByteCount = 1 + 4 + 32 + 12 + 16
    private static let format: UInt8 = 1

    private let keyring: Keyring

    /// Seals under the active term of `keyring`, and opens under all of its terms.
    public init(keyring: Keyring) { self.keyring = keyring }

    /// Seals a secret for its place.
    ///
    /// - Throws: `cryptography`.
    public func seal(
        _ secret: borrowing SecretBytes, for place: SealPlace, random: some RandomBytes
    ) throws(KeyringError) -> SealedBytes {
        let term = keyring.active.number
        let salt = random.bytes(32)
        let nonce = random.bytes(AESGCM.nonceByteCount)
        let key = recordKey(keyring.activeKey(place.purpose), salt: salt, place)
        do throws(CryptographyError) {
            let sealed = try AESGCM.seal(
                secret, key: key, nonce: nonce, aad: associatedData(place, term: term))
            var writer = ByteWriter(capacity: sealed.count + 49)
            writer.write(Self.format)
            writer.write(term)
            writer.write(raw: salt)
            writer.write(raw: nonce)
            writer.write(raw: sealed)
            return SealedBytes(term: term, bytes: writer.bytes)
        } catch {
            throw KeyringError(error)
        }
    }

    /// Opens what was sealed for exactly this place.
    ///
    /// - Throws: `malformed`, `unknownFormat`, `unknownTerm`, `authenticationFailed` when it was
    ///   sealed for another place or is damaged, `cryptography`.
    public func open(
        _ sealed: [UInt8], from place: SealPlace
    ) throws(KeyringError) -> SecretBytes {
        if let format = sealed.first, format != Self.format { throw .unknownFormat(format) }
        let (term, salt, nonce, ciphertext) = try Self.split(sealed)
        let key = recordKey(
            try keyring.key(place.purpose, term: term), salt: salt, place)
        do throws(CryptographyError) {
            return try AESGCM.open(
                ciphertext, key: key, nonce: nonce, aad: associatedData(place, term: term))
        } catch {
            throw KeyringError(error)
        }
    }

    private static func split(
        _ sealed: [UInt8]
    ) throws(KeyringError) -> (term: UInt32, salt: [UInt8], nonce: [UInt8], ciphertext: [UInt8]) {
        do throws(ByteCodecError) {
            guard sealed.count >= overheadByteCount else {
                throw .truncated(
                    offset: 0, wanted: overheadByteCount, available: sealed.count)
            }
            var reader = ByteReader(sealed)
            let _: UInt8 = try reader.read()
            return (
                try reader.read(), try reader.read(count: 32),
                try reader.read(count: AESGCM.nonceByteCount),
                try reader.read(count: reader.remaining)
            )
        } catch {
            throw .malformed(error)
        }
    }

    // Fixed lengths stand before and behind the row's key, so no two places spell the same.
    private func recordKey(
        _ purposeKey: SharedSecret, salt: [UInt8], _ place: SealPlace
    ) -> SecretBytes {
        var info = ByteWriter(capacity: place.key.count + 9)
        info.write(place.table)
        info.write(raw: place.key)
        info.write(place.version)
        return HKDF.sha256(
            secret: purposeKey.bytes, salt: salt, info: info.bytes, count: AESGCM.keyByteCount)
    }

    private func associatedData(_ place: SealPlace, term: UInt32) -> [UInt8] {
        var writer = ByteWriter(capacity: place.key.count + 30)
        writer.write(Self.format)
        writer.write(raw: keyring.clusterID)
        writer.write(place.table)
        writer.write(raw: place.key)
        writer.write(place.version)
        writer.write(term)
        return writer.bytes
    }
}
