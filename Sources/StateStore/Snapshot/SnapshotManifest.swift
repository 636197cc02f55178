public import AuthCore
public import ByteCodec
public import RaftCore
internal import RaftWire

/// What a snapshot is, told before its first byte: two with equal manifests have equal bytes, so
/// a transfer may go on with another copy.
///
/// Layout: `docs/formats/state.md`, "Manifest".
public struct SnapshotManifest: Hashable, Sendable {
    /// What the bytes of a snapshot are.
    public enum Kind: UInt8, Sendable {
        /// An LMDB data file.
        case disk = 1
        /// The rows of the model, in order.
        case model = 2
    }

    public let kind: Kind
    /// The last entry that is applied in it.
    public let last: EntryID
    /// The configuration then.
    public let configuration: ConfState
    /// `StateMeta.digest` then.
    public let stateHash: StateHash
    public let sizeBytes: UInt64
    /// CRC-32C of all bytes.
    public let checksum: UInt32

    /// The most bytes that a manifest takes.
    public static let encodedBytesMax = 4 << 10

    public init(
        kind: Kind, last: EntryID, configuration: ConfState, stateHash: StateHash,
        sizeBytes: UInt64, checksum: UInt32
    ) {
        self.kind = kind
        self.last = last
        self.configuration = configuration
        self.stateHash = stateHash
        self.sizeBytes = sizeBytes
        self.checksum = checksum
    }

    /// What the core knows of the snapshot.
    public var metadata: SnapshotMetadata {
        SnapshotMetadata(last: last, configuration: configuration)
    }

    /// The bytes that go to the peer in front of the snapshot.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.write(UInt8(1))
        writer.write(kind.rawValue)
        last.encode(into: &writer)
        writer.write(sizeBytes)
        writer.write(checksum)
        stateHash.write(to: &writer)
        configuration.encode(into: &writer)
        writer.write(CRC32C.checksum(of: writer.bytes))
        return writer.bytes
    }

    /// Reads what `encoded` wrote.
    ///
    /// - Throws: `ByteCodecError` for anything else.
    public init(decoding bytes: [UInt8]) throws(ByteCodecError) {
        guard bytes.count >= 4 else {
            throw .truncated(offset: 0, wanted: 4, available: bytes.count)
        }
        var reader = ByteReader(bytes)
        let version: UInt8 = try reader.read()
        guard version == 1 else { throw .malformed(offset: 0, what: "manifest of \(version)") }
        let rawKind: UInt8 = try reader.read()
        guard let kind = Kind(rawValue: rawKind) else {
            throw .malformed(offset: 1, what: "snapshot kind \(rawKind)")
        }
        self.kind = kind
        last = try EntryID(from: &reader)
        sizeBytes = try reader.read()
        checksum = try reader.read()
        stateHash = try StateHash(from: &reader)
        configuration = try ConfState(from: &reader)
        let covered = reader.offset
        let sum: UInt32 = try reader.read()
        try reader.finish()
        guard sum == CRC32C.checksum(of: bytes[..<covered]) else {
            throw .malformed(offset: covered, what: "checksum of a manifest")
        }
    }

    public static func == (a: Self, b: Self) -> Bool { a.encoded() == b.encoded() }
    public func hash(into hasher: inout Hasher) { hasher.combine(encoded()) }
}
