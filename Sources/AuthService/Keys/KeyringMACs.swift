internal import ByteCodec
public import Cryptography

/// Remembers bodies that hold a password, code or secret: by HMAC, never by a plain digest.
///
/// Under the *oldest* term, so that a rotation of the keyring does not make a repeated request
/// look like another one; dropping that term does, for requests of the last 24 hours.
public struct IdempotencyMAC: Sendable {
    private let key: SharedSecret

    /// Authenticates under the oldest term of `keyring`.
    public init(keyring: Keyring) {
        do throws(KeyringError) {
            key = try keyring.key(.idempotencyMAC, term: keyring.terms[0].number)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// The 32 bytes by which `body` is remembered within `scope`.
    public func tag(scope: [UInt8], body: [UInt8]) -> SHA256Digest {
        var mac = HMACSHA256(key: key.bytes)
        var length = ByteWriter(capacity: 4)
        length.write(UInt32(scope.count))
        mac.update(length.bytes.span)
        mac.update(scope.span)
        mac.update(body.span)
        return mac.finish()
    }
}

/// Names under which failed log-ins are counted, where nobody has them: by HMAC, because what is
/// typed there is sometimes a password.
///
/// Under the oldest term, as `IdempotencyMAC`: dropping that term forgets what was counted.
public struct LogInNameMAC: Sendable {
    private let key: SharedSecret

    /// Authenticates under the oldest term of `keyring`.
    public init(keyring: Keyring) {
        do throws(KeyringError) {
            key = try keyring.key(.logInName, term: keyring.terms[0].number)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// The 32 bytes for a name in a tenant. `tenant` is as it was asked for, which need not be one.
    public func tag(tenant: [UInt8], name: [UInt8]) -> SHA256Digest {
        var message = ByteWriter(capacity: 8 + tenant.count + name.count)
        message.write(lengthPrefixed: tenant)
        message.write(lengthPrefixed: name)
        return HMACSHA256.authenticate(message.bytes, key: key.bytes)
    }
}

/// Makes positions in lists opaque to change: a cursor is taken only as it was given out, and only
/// for the list that gave it out.
public struct CursorMAC: Sendable {
    /// The longest position inside a cursor, in bytes.
    public static let positionByteCountMax = 768
    private static let format: UInt8 = 1
    private static let tagByteCount = 16

    private let keyring: Keyring

    /// Signs under the active term of `keyring`, and takes all of its terms.
    public init(keyring: Keyring) { self.keyring = keyring }

    /// The cursor for a position. `list` names tenant, route and filters, and is not in it.
    ///
    /// - Precondition: a position of at most 768 bytes.
    public func cursor(at position: [UInt8], in list: [UInt8]) -> String {
        precondition(position.count <= Self.positionByteCountMax, "\(position.count) bytes")
        let term = keyring.active.number
        let tag = Self.tag(
            keyring.activeKey(.cursorMAC), term: term, position: position, list: list)
        var writer = ByteWriter(capacity: 21 + position.count)
        writer.write(Self.format)
        writer.write(term)
        writer.write(raw: tag)
        writer.write(raw: position)
        return Base64.url.encode(writer.bytes)
    }

    /// The position inside a cursor, or nil unless it was given out for this list.
    public func position(of cursor: String, in list: [UInt8]) -> [UInt8]? {
        let headerByteCount = 5 + Self.tagByteCount
        guard cursor.utf8.count <= (Self.positionByteCountMax + headerByteCount) * 4 / 3 + 3,
            let bytes = Base64.url.decode(cursor), bytes.count >= headerByteCount,
            bytes[0] == Self.format
        else { return nil }
        let term = (1...4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
        let position = Array(bytes[headerByteCount...])
        let key: SharedSecret
        do throws(KeyringError) {
            key = try keyring.key(.cursorMAC, term: term)
        } catch {
            return nil
        }
        let tag = Self.tag(key, term: term, position: position, list: list)
        return constantTimeEqual(tag, Array(bytes[5..<headerByteCount])) ? position : nil
    }

    private static func tag(
        _ key: SharedSecret, term: UInt32, position: [UInt8], list: [UInt8]
    ) -> [UInt8] {
        var message = ByteWriter(capacity: 9 + list.count + position.count)
        message.write(format)
        message.write(term)
        message.write(lengthPrefixed: list)
        message.write(raw: position)
        let digest = HMACSHA256.authenticate(message.bytes, key: key.bytes)
        return Array(digest.bytes.prefix(tagByteCount))
    }
}
