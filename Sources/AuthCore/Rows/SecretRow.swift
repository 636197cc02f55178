public import ByteCodec

/// The head of a secret: what a list shows, and where its versions stand.
public struct SecretRow: Hashable, Sendable {
    public let tenant: TenantID
    public let path: SecretPath
    /// The number of the newest version, counted from 1 and never used again.
    public var latest: UInt64
    /// The number of the oldest version that is kept.
    public var oldest: UInt64
    /// Whether the newest version is readable, deleted or destroyed.
    public var state: SecretState
    /// When the newest version was written.
    public var createdAt: Timestamp
    /// When the newest version expires, exclusive; nil is never.
    public var expiresAt: Timestamp?
    public var encoding: SecretEncoding
    /// A JSON object as text, or empty.
    public var metadata: Text

    /// Whether the newest version can be read at this moment.
    public func isReadable(at now: Timestamp) -> Bool {
        state == .live && (expiresAt.map { now < $0 } ?? true)
    }
}

/// What became of a version of a secret. Raw values are part of the format.
public enum SecretState: UInt8, Sendable {
    /// It can be read until it expires.
    case live = 0
    /// It cannot be read, and could be brought back.
    case deleted = 1
    /// Its ciphertext is gone.
    case destroyed = 2
}

extension SecretRow: Row {
    static let table = Table.secrets
    static func key(_ tenant: TenantID, _ path: SecretPath) -> [UInt8] {
        Key.of(tenant, path.bytes)
    }
    var key: [UInt8] { Self.key(tenant, path) }

    /// The head of the secret under this path, or nil.
    public static func read(
        _ tenant: TenantID, _ path: SecretPath, _ reader: some TableReader
    ) throws -> SecretRow? { try row(key(tenant, path), reader) }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(path)
        writer.write(latest)
        writer.write(oldest)
        writer.write(state.rawValue)
        writer.write(createdAt)
        writer.write(optional: expiresAt) { $0.write($1) }
        writer.write(encoding.rawValue)
        writer.write(metadata)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "secret")
        tenant = try reader.readID()
        path = try reader.readSecretPath()
        latest = try reader.read()
        oldest = try reader.read()
        state = try reader.readCase()
        createdAt = try reader.readTime()
        expiresAt = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readTime()
        }
        encoding = try reader.readCase()
        metadata = try reader.readText(atMost: Limits.metadataBytes)
    }
}

/// One version of a secret, sealed.
public struct SecretVersionRow: Hashable, Sendable {
    public let tenant: TenantID
    public let path: SecretPath
    public let version: UInt64
    public var state: SecretState
    public let createdAt: Timestamp
    /// When it expires, exclusive; nil is never.
    public let expiresAt: Timestamp?
    public let encoding: SecretEncoding
    /// A JSON object as text, or empty.
    public let metadata: Text
    /// Who wrote it; nil for a node.
    public let author: UserID?
    /// Sealed under format, cluster, table, key, version and term.
    public var value: SealedBlob

    /// Whether it can be read at this moment.
    public func isReadable(at now: Timestamp) -> Bool {
        state == .live && (expiresAt.map { now < $0 } ?? true)
    }
}

extension SecretVersionRow: Row {
    static let table = Table.secretVersions
    /// What the keys of all versions of a secret begin with. No byte of a path is zero, so the
    /// versions of `a` do not mix with those of `a/b`.
    static func prefix(_ tenant: TenantID, _ path: SecretPath) -> [UInt8] {
        Key.of(tenant, path.bytes + [0])
    }
    /// The key of one version.
    static func key(_ tenant: TenantID, _ path: SecretPath, _ version: UInt64) -> [UInt8] {
        prefix(tenant, path) + Key.of(version)
    }
    var key: [UInt8] { Self.key(tenant, path, version) }

    /// One version of the secret under this path, or nil.
    public static func read(
        _ tenant: TenantID, _ path: SecretPath, _ version: UInt64, _ reader: some TableReader
    ) throws -> SecretVersionRow? { try row(key(tenant, path, version), reader) }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(path)
        writer.write(version)
        writer.write(state.rawValue)
        writer.write(createdAt)
        writer.write(optional: expiresAt) { $0.write($1) }
        writer.write(encoding.rawValue)
        writer.write(metadata)
        writer.write(optional: author) { $0.write($1) }
        writer.write(value)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "secret version")
        tenant = try reader.readID()
        path = try reader.readSecretPath()
        version = try reader.read()
        state = try reader.readCase()
        createdAt = try reader.readTime()
        expiresAt = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readTime()
        }
        encoding = try reader.readCase()
        metadata = try reader.readText(atMost: Limits.metadataBytes)
        author = try reader.readOptional { reader throws(ByteCodecError) in try reader.readID() }
        value = try reader.readBlob(atMost: Limits.sealedSecretBytes)
    }
}
