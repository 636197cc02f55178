internal import APITypes
internal import ByteCodec

/// What a password turned out to be.
public enum PasswordVerdict: Hashable, Sendable {
    /// The right one; with `needsRehash` the record should be made anew while it is at hand.
    case matches(needsRehash: Bool)
    /// A wrong one.
    case differs
}

/// The keys of the HMAC over raw hashes, by number; number 0 is no key.
public struct PepperKeys: Sendable {
    /// The key under which records are made; 0 for none.
    public let currentID: UInt32
    private let keys: [UInt32: SharedSecret]

    /// - Precondition: the current key is 0 or among `keys`, which have none of number 0.
    public init(currentID: UInt32, keys: [UInt32: SharedSecret]) {
        precondition(keys[0] == nil, "pepper key 0")
        precondition(currentID == 0 || keys[currentID] != nil, "no pepper key \(currentID)")
        self.currentID = currentID
        self.keys = keys
    }

    /// No key at all.
    public static let none = PepperKeys(currentID: 0, keys: [:])

    func key(_ id: UInt32) throws(PasswordHashError) -> SharedSecret? {
        guard id != 0 else { return nil }
        guard let key = keys[id] else { throw .missingPepper(keyID: id) }
        return key
    }
}

/// Makes and verifies password records.
///
/// Blocking, by design: tens of milliseconds and megabytes each. It belongs on a bounded pool.
public struct PasswordHasher: Sendable {
    /// The longest password, in bytes.
    public static let passwordByteCountMax = 1024
    /// The length of a salt that is made here, in bytes.
    public static let saltByteCount = 16
    /// The length of a tag that is made here, in bytes.
    public static let tagByteCount = 32

    /// The work of records that are made here.
    public let parameters: Argon2Parameters
    /// The most work that stored records may ask for.
    public let ceilings: PasswordCeilings
    private let peppers: PepperKeys

    /// - Precondition: the parameters are within the ceilings.
    public init(
        parameters: Argon2Parameters = .default, ceilings: PasswordCeilings = .default,
        peppers: PepperKeys = .none
    ) {
        precondition(parameters.memoryKiB <= ceilings.argon2MemoryKiB, "memory over the ceiling")
        precondition(parameters.passes <= ceilings.argon2Passes, "passes over the ceiling")
        precondition(parameters.version == 19, "version \(parameters.version)")
        self.parameters = parameters
        self.ceilings = ceilings
        self.peppers = peppers
    }

    /// Argon2id with 19 MiB, two passes and one lane, without a pepper.
    public static let `default` = PasswordHasher()

    /// A new record of `password`, with a salt from `random`.
    ///
    /// - Throws: `passwordTooLong`, `library`.
    public func make(
        _ password: borrowing SecretBytes, random: some RandomBytes
    ) throws(PasswordHashError) -> PasswordRecord {
        guard password.count <= Self.passwordByteCountMax else {
            throw .passwordTooLong(byteCount: password.count)
        }
        let salt = random.bytes(Self.saltByteCount)
        let tag = try argon2(
            password, parameters, .id, salt: salt, count: Self.tagByteCount,
            pepper: peppers.key(peppers.currentID))
        let phc =
            "$argon2id$v=19$m=\(parameters.memoryKiB),t=\(parameters.passes),p=\(parameters.lanes)"
            + "$\(Base64.unpadded.encode(salt))$\(Base64.unpadded.encode(tag))"
        return PasswordRecord(pepperKeyID: peppers.currentID, phc: phc)
    }

    /// Whether `record` was made from `password`.
    ///
    /// A password that the scheme cannot have (too long, NUL in a C string) differs after the same
    /// work.
    /// - Throws: `unsupported`, `malformed`, `overCeiling`, `missingPepper`, `library`.
    public func verify(
        _ password: borrowing SecretBytes, against record: PasswordRecord
    ) throws(PasswordHashError) -> PasswordVerdict {
        let hash = try ParsedPasswordHash(record.phc, ceilings: ceilings)
        let pepper = try peppers.key(record.pepperKeyID)
        guard pepper == nil || hash.scheme == .argon2id else {
            throw .malformed(hash.scheme, reason: "a pepper is for Argon2id only")
        }
        // Too long for anybody: the length is the caller's own, so no work hides it.
        guard password.count <= Self.passwordByteCountMax else { return .differs }
        guard try matches(password, hash, pepper: pepper) else { return .differs }
        return .matches(needsRehash: needsRehash(record, hash))
    }

    /// Whether the record differs from what `make` makes now.
    public func needsRehash(_ record: PasswordRecord) throws(PasswordHashError) -> Bool {
        needsRehash(record, try ParsedPasswordHash(record.phc, ceilings: ceilings))
    }

    private func needsRehash(_ record: PasswordRecord, _ hash: ParsedPasswordHash) -> Bool {
        guard case .argon2(let stored, .id, let salt, let tag) = hash.recipe else { return true }
        return stored != parameters || record.pepperKeyID != peppers.currentID
            || salt.count < Self.saltByteCount || tag.count < Self.tagByteCount
    }

    private func matches(
        _ password: borrowing SecretBytes, _ hash: ParsedPasswordHash, pepper: SharedSecret?
    ) throws(PasswordHashError) -> Bool {
        switch hash.recipe {
        case .argon2(let parameters, let variant, let salt, let tag):
            let made = try argon2(
                password, parameters, variant, salt: salt, count: tag.count, pepper: pepper)
            return constantTimeEqual(made, tag)
        case .scrypt(let parameters, let salt, let tag):
            return try equals(tag, password) { password throws(CryptographyError) in
                try KeyStretching.scrypt(
                    password, salt: salt, parameters: parameters, count: tag.count)
            }
        case .pbkdf2(let digest, let iterations, let salt, let tag):
            return try equals(tag, password) { password throws(CryptographyError) in
                try KeyStretching.pbkdf2(
                    password, salt: salt, iterations: iterations, digest: digest, count: tag.count)
            }
        case .crypt(let hashCount, _):
            return try crypt(password, hash, hashCount: hashCount)
        }
    }

    private func argon2(
        _ password: borrowing SecretBytes, _ parameters: Argon2Parameters,
        _ variant: Argon2Variant, salt: [UInt8], count: Int, pepper: SharedSecret?
    ) throws(PasswordHashError) -> [UInt8] {
        let raw = try derive(password) { password throws(CryptographyError) in
            try Argon2.hash(
                password, salt: salt, parameters: parameters, variant: variant, count: count)
        }
        return raw.withBytes { raw in
            guard let pepper else { return raw.indices.map { raw[$0] } }
            var mac = HMACSHA256(key: pepper.bytes)
            mac.update(raw)
            return mac.finish().bytes
        }
    }

    private func equals(
        _ tag: [UInt8], _ password: borrowing SecretBytes,
        _ body: (Span<UInt8>) throws(CryptographyError) -> SecretBytes
    ) throws(PasswordHashError) -> Bool {
        let made = try derive(password, body)
        return made.withBytes { made in constantTimeEqual(made, tag.span) }
    }

    private func derive(
        _ password: borrowing SecretBytes,
        _ body: (Span<UInt8>) throws(CryptographyError) -> SecretBytes
    ) throws(PasswordHashError) -> SecretBytes {
        do throws(CryptographyError) {
            return try password.withBytes(body)
        } catch {
            throw .library(error)
        }
    }

    // bcrypt reads 72 bytes and no more, so cutting there is what it does itself. The other schemes
    // read all, and the library takes 511: a longer password differs, as does one with a NUL, at
    // which a C string would end; the work is done all the same.
    private func crypt(
        _ password: borrowing SecretBytes, _ hash: ParsedPasswordHash, hashCount: Int
    ) throws(PasswordHashError) -> Bool {
        let limit = hash.scheme == .bcrypt ? 72 : Crypt.passwordByteCountMax
        let hasNUL = password.withBytes { bytes in bytes.indices.contains { bytes[$0] == 0 } }
        let representable = !hasNUL && (hash.scheme == .bcrypt || password.count <= limit)
        let made: [UInt8]
        do throws(CryptographyError) {
            made = try password.withBytes { bytes throws(CryptographyError) in
                let cut = bytes.extracting(first: limit)
                guard hasNUL else { return try Crypt.hash(cut, setting: hash.text) }
                let other = cut.indices.map { cut[$0] == 0 ? 1 : cut[$0] }
                return try Crypt.hash(other.span, setting: hash.text)
            }
        } catch {
            throw .library(error)
        }
        // Only the hash is compared: libraries differ in unused bits of the salt before it.
        let equal = constantTimeEqual(
            Array(made.suffix(hashCount)), Array(hash.text.utf8.suffix(hashCount)))
        return equal && representable
    }
}
