internal import ByteCodec
public import Cryptography

/// Keeps the verifier of a refresh token's successor so that only the holder of the token itself
/// can have it again: a client whose answer was lost repeats its request, and gets the *same*
/// successor (RFC 9700 §4.14.2).
public enum SuccessorSeal {
    /// The length of what is kept, in bytes.
    public static let byteCount = 1 + 32 + 12 + TokenCodec.verifierByteCount + 16
    private static let format: UInt8 = 1

    /// Seals the successor's verifier under the presented one, for one row.
    ///
    /// - Throws: `cryptography`.
    public static func seal(
        successor: borrowing SecretBytes, presented: borrowing SecretBytes, rowNumber: UInt64,
        random: some RandomBytes
    ) throws(KeyringError) -> [UInt8] {
        precondition(successor.count == TokenCodec.verifierByteCount, "\(successor.count) bytes")
        let salt = random.bytes(32)
        let nonce = random.bytes(AESGCM.nonceByteCount)
        do throws(CryptographyError) {
            let sealed = try AESGCM.seal(
                successor, key: key(presented, salt: salt), nonce: nonce,
                aad: associatedData(rowNumber))
            return [format] + salt + nonce + sealed
        } catch {
            throw KeyringError(error)
        }
    }

    /// The successor's verifier, for whoever presents the token before it.
    ///
    /// - Throws: `malformed`, `unknownFormat`, `authenticationFailed`, `cryptography`.
    public static func open(
        _ sealed: [UInt8], presented: borrowing SecretBytes, rowNumber: UInt64
    ) throws(KeyringError) -> SecretBytes {
        if let first = sealed.first, first != format { throw .unknownFormat(first) }
        guard sealed.count == byteCount else {
            throw .malformed(
                .truncated(offset: 0, wanted: byteCount, available: sealed.count))
        }
        do throws(CryptographyError) {
            return try AESGCM.open(
                Array(sealed[45...]), key: key(presented, salt: Array(sealed[1..<33])),
                nonce: Array(sealed[33..<45]), aad: associatedData(rowNumber))
        } catch {
            throw KeyringError(error)
        }
    }

    private static func key(_ presented: borrowing SecretBytes, salt: [UInt8]) -> SecretBytes {
        HKDF.sha256(
            secret: presented, salt: salt, info: Array("watchword/v1/refresh-successor".utf8),
            count: AESGCM.keyByteCount)
    }

    private static func associatedData(_ rowNumber: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 9)
        writer.write(format)
        writer.write(rowNumber)
        return writer.bytes
    }
}
