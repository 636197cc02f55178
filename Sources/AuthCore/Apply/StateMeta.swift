public import ByteCodec
public import RaftCore

/// What is kept once for the whole state, in one row that is written in the same transaction as
/// everything it speaks of (security F4).
public struct StateMeta: Equatable, Sendable {
    /// The last entry that was applied.
    public var applied: EntryID
    /// The configuration of the cluster as of `applied`; empty on a node that joins until the log
    /// tells it. The same on all nodes from the making of the cluster on: nothing may be decided by
    /// it before.
    public var configuration: ConfState
    /// The stamp of the last command: the state's own time, which never goes back.
    public var lastStamp: Timestamp
    /// Of all rows but this one.
    public var rowsHash: StateHash
    /// What the cluster has agreed to use of formats and commands. A node that supports less
    /// applies nothing.
    public var featureLevel: UInt32
    /// Whether the cluster was made; before that every other command is refused.
    public var isBootstrapped: Bool
    /// The number that the next session or key gets.
    public var nextNumber: CredentialNumber
    /// Raised by every change of any role, so that resolved permissions are known to be old.
    public var roleTableVersion: UInt64
    /// The sequence number that the next audit row gets; the first one is 1.
    public var nextAudit: UInt64
    /// The oldest audit row that is kept; equal to `nextAudit` when there is none.
    public var firstAudit: UInt64
    /// What the audit rows take that are kept, in bytes of keys and values.
    public var auditBytes: UInt64
    /// SHA-256 of the newest audit row's value.
    public var auditHead: Digest256
    /// The last entry that changed anything but this comparison of states.
    public var written: LogIndex
    /// Where nodes compare their states, and what they said so far.
    public var checkpoint: Checkpoint

    /// The state before the first entry, with the configuration that the cluster begins with.
    public init(initial configuration: ConfState = ConfState(voters: [])) {
        applied = .zero
        self.configuration = configuration
        lastStamp = .zero
        rowsHash = .empty
        featureLevel = 1
        isBootstrapped = false
        nextNumber = CredentialNumber(1)
        roleTableVersion = 1
        nextAudit = 1
        firstAudit = 1
        auditBytes = 0
        auditHead = .zero
        written = .zero
        checkpoint = Checkpoint(index: .zero, digest: nil)
    }

    /// A hash of the whole state: of all rows, of everything in this one but the checkpoint, and so
    /// of the configuration. Equal on all nodes at an equal index, but on one that knows no
    /// configuration yet.
    public var digest: StateHash {
        var writer = ByteWriter(capacity: 256)
        writeReplicated(to: &writer)
        return StateHash.digest(of: writer.bytes)
    }

    /// The row of a view; `StateMeta()` when nothing was ever applied.
    ///
    /// - Throws: `StateFormatUnknown`, `StateDamage`, or what the reader throws.
    public static func read(_ reader: some TableReader) throws -> StateMeta {
        if let known = reader.ownRow { return known }
        guard let value = try reader.get(table, key) else { return StateMeta() }
        return try StateMeta(ownRow: value)
    }

    /// Whether this is the key of the state's own row, which no hash of rows takes in.
    public static func isOwnRow(_ table: Table, _ key: [UInt8]) -> Bool {
        table == .meta && key == self.key
    }

    /// As `isOwnRow`, of bytes that are lent.
    static func isOwnRow(_ table: Table, _ key: Span<UInt8>) -> Bool {
        table == .meta && key.count == self.key.count
            && key.indices.allSatisfy { key[$0] == self.key[$0] }
    }

    /// Reads the value of the state's own row.
    ///
    /// - Throws: `StateFormatUnknown`, `StateDamage`.
    public init(ownRow value: [UInt8]) throws {
        if let version = value.first, version != Self.formatVersion {
            throw StateFormatUnknown(version: version)
        }
        try self.init(key: Self.key, value: value)
    }

    /// Writes the row: by a store that begins with a configuration, and at the end of a batch.
    public func write(_ tables: some TableWriter) throws { try put(tables) }
}

extension StateMeta: Row {
    static let table = Table.meta
    static let key: [UInt8] = [0]
    var key: [UInt8] { Self.key }

    /// 2: the hash is of the rows, not of what was done to them.
    private static let formatVersion: UInt8 = 2

    func write(to writer: inout ByteWriter) {
        writeReplicated(to: &writer)
        checkpoint.write(to: &writer)
    }

    private func writeReplicated(to writer: inout ByteWriter) {
        writer.write(Self.formatVersion)
        writer.write(applied)
        writer.write(lastStamp)
        rowsHash.write(to: &writer)
        writer.write(featureLevel)
        writer.write(isBootstrapped)
        writer.write(nextNumber.rawValue)
        writer.write(roleTableVersion)
        writer.write(nextAudit)
        writer.write(firstAudit)
        writer.write(auditBytes)
        writer.write(auditHead)
        writer.write(written.rawValue)
        configuration.encode(into: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(Self.formatVersion, of: "state meta")
        applied = try reader.readEntryID()
        lastStamp = try reader.readTime()
        rowsHash = try StateHash(from: &reader)
        featureLevel = try reader.read()
        isBootstrapped = try reader.readBool()
        nextNumber = CredentialNumber(try reader.read())
        roleTableVersion = try reader.read()
        nextAudit = try reader.read()
        firstAudit = try reader.read()
        auditBytes = try reader.read()
        auditHead = try reader.readDigest()
        written = LogIndex(try reader.read())
        configuration = try ConfState(from: &reader)
        checkpoint = try Checkpoint(from: &reader)
    }
}

/// The state was written by another release, in a way that this one cannot read. Nothing is
/// damaged.
public struct StateFormatUnknown: Error, Equatable, Sendable {
    /// The version of the state's own row.
    public let version: UInt8
}
