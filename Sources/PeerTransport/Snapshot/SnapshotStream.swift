public import RaftCore

/// Names one exported snapshot for ever: drawn at random by its exporter.
public struct SnapshotID: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    public var description: String { "\(hexadecimal(high))\(hexadecimal(low))" }

    private func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What a snapshot's sender says of it beforehand.
public struct SnapshotOffer: Equatable, Sendable {
    public let id: SnapshotID
    public let metadata: SnapshotMetadata
    public let sizeBytes: UInt64
    /// CRC-32C of the whole content.
    public let checksum: UInt32
    public init(
        id: SnapshotID, metadata: SnapshotMetadata, sizeBytes: UInt64, checksum: UInt32
    ) {
        self.id = id
        self.metadata = metadata
        self.sizeBytes = sizeBytes
        self.checksum = checksum
    }
}

/// A snapshot to be sent. Called on the transport's file thread, one call at a time.
public protocol SnapshotStreamSource: AnyObject, Sendable {
    /// The same for as long as the source lives; may be asked on any thread.
    var offer: SnapshotOffer { get }
    /// Reads exactly `count` bytes; may block.
    func read(at offset: UInt64, count: Int) throws -> [UInt8]
    /// Called once, last, whatever became of the stream.
    func close()
}

/// Where snapshots come in. Called on the transport's file thread, one call at a time.
///
/// Names of files are the implementation's own: nothing that a peer sends may become part of one
/// (CVE-2026-42600 in MinIO).
public protocol SnapshotStreamSink: AnyObject, Sendable {
    /// Makes ready for this snapshot.
    ///
    /// - Returns: how many bytes of it, from its beginning, are here already from a stream that
    ///   was cut; 0 when it has to begin anew.
    /// - Throws: when the snapshot cannot be taken; the sender is told so, and after
    ///   `SnapshotStreamBusy` tries again.
    func offered(_ offer: SnapshotOffer, from peer: NodeID) throws -> UInt64
    /// Writes bytes behind those written before; may block.
    func write(_ bytes: [UInt8], at offset: UInt64) throws
    /// Everything is written: verifies size and checksum of the whole, and makes it durable.
    ///
    /// - Throws: when the content is not what was offered; nothing of it is kept.
    func finish(_ offer: SnapshotOffer) throws
    /// The content cannot be used: forgets it. Not called when a connection is merely cut.
    func abort()
    /// The stream was cut before its end was told: what is here stays, for the next one.
    func interrupted()
}

/// Another snapshot is in the way, and will not be for long.
public struct SnapshotStreamBusy: Error {
    public init() {}
}

/// What became of a snapshot that was sent.
public enum SnapshotStreamEnd: Equatable, Sendable {
    /// The peer has all of it.
    case delivered
    /// The peer has found that it is not what was offered.
    case damaged
    /// It could not be brought there, or the peer has no use for it.
    case failed
}
