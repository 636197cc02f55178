public import ByteCodec

/// Names one proposal for ever, so that a repeated one takes effect once.
public struct ProposalID: Hashable, Sendable {
    /// The node that was asked.
    public let node: NodeID
    /// That process of the node: higher than that of every process before.
    public let run: UInt64
    /// Counts that run's proposals from 1.
    public let counter: UInt64
    public init(node: NodeID, run: UInt64, counter: UInt64) {
        self.node = node
        self.run = run
        self.counter = counter
    }
}

/// The payload of a `.command` entry: a command, who proposed it, and the leader's time.
///
/// Layout, little-endian: version 1 (1 byte), whether it narrows (1), node, run, counter, oldest
/// pending counter, stamp (8 bytes each), command (the rest).
public struct Proposal: Equatable, Sendable {
    public var id: ProposalID
    /// The proposer's lowest counter whose outcome it still waits for: what lies below is never
    /// proposed again.
    public var oldestPending: UInt64
    /// The leader's time when it appended the entry; never less than the entry's before.
    public var stamp: Timestamp
    /// Whether the command may take access away from anybody: then it is acknowledged only when no
    /// node can answer on a view without it (docs/lease.md).
    public var isNarrowing: Bool
    public var command: [UInt8]

    /// How far apart the counters of one run's proposals may lie while the older one can still be
    /// proposed again. A proposer keeps to it; the state machine keeps outcomes for as long.
    public static let window: UInt64 = 65_536

    /// What the fields in front of the command take.
    public static let headerBytes = 42

    public init(
        id: ProposalID, oldestPending: UInt64, stamp: Timestamp, isNarrowing: Bool,
        command: [UInt8]
    ) {
        self.id = id
        self.oldestPending = oldestPending
        self.stamp = stamp
        self.isNarrowing = isNarrowing
        self.command = command
    }

    /// The payload of the entry.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.headerBytes + command.count)
        writer.write(UInt8(1))
        writer.write(isNarrowing)
        writer.write(id.node.rawValue)
        writer.write(id.run)
        writer.write(id.counter)
        writer.write(oldestPending)
        writer.write(stamp.rawValue)
        writer.write(raw: command)
        return writer.bytes
    }

    /// Reads a payload.
    ///
    /// - Throws: `ByteCodecError` for a payload that is too short or of an unknown version.
    public init(decoding payload: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(payload)
        let version: UInt8 = try reader.read()
        guard version == 1 else { throw .malformed(offset: 0, what: "proposal version \(version)") }
        isNarrowing = try reader.readBool()
        id = ProposalID(
            node: NodeID(try reader.read()), run: try reader.read(), counter: try reader.read())
        oldestPending = try reader.read()
        stamp = Timestamp(rawValue: try reader.read())
        command = try reader.read(count: reader.remaining)
    }
}
