internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// The first block of a segment: whose it is, where it continues the log, and everything that the
/// segments before it would tell, so that they can be removed.
///
/// The block is durable before the segment bears its name, and is never written again. The last
/// block is its copy: one local fault does not take both.
struct SegmentHeader: Equatable {
    static let magic: UInt64 = 0x314C_4157_5757  // "WWWAL1", two zero bytes
    static let version: UInt32 = 3

    var identity: WALIdentity
    /// Counts the segments of this log; never used twice.
    var sequence: UInt64
    var segmentBytes: Int
    /// The segment whose group `continuesGroup` is the last one before this segment; 0 for the
    /// first segment. Whatever else those two and segments between them hold is superseded.
    var continuesSequence: UInt64
    var continuesGroup: UInt64
    /// The number of this segment's first group.
    var firstGroup: UInt64
    /// Groups up to this number were durable when the segment got its name.
    var durableGroup: UInt64
    /// The chain value of `continuesGroup`, or 0.
    var chain: UInt32
    /// The last entry of the log before this segment's first group.
    var startsAfter: EntryID
    /// Truncations and resets so far.
    var generation: UInt64
    var hardState: HardState
    /// What the log had promised to hold when it lost a part, and does not hold again yet; or zero.
    var promised: EntryID

    /// The block.
    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Block.bytes)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(chain)
        writer.write(raw: identity.clusterID)
        writer.write(identity.node.rawValue)
        writer.write(identity.incarnation.rawValue)
        writer.write(sequence)
        writer.write(UInt64(segmentBytes))
        writer.write(continuesSequence)
        writer.write(continuesGroup)
        writer.write(firstGroup)
        writer.write(durableGroup)
        startsAfter.encode(into: &writer)
        writer.write(generation)
        hardState.encode(into: &writer)
        promised.encode(into: &writer)
        writer.write(zeros: Block.bytes - 4 - writer.count)
        writer.write(CRC32C.checksum(of: writer.bytes))
        return writer.bytes
    }

    /// Reads a block.
    ///
    /// - Throws: `ByteCodecError` for a block that does not match its checksum, or is no header.
    init(decoding block: [UInt8]) throws(ByteCodecError) {
        guard block.count == Block.bytes else {
            throw .truncated(offset: 0, wanted: Block.bytes, available: block.count)
        }
        var check = ByteReader(block, in: (Block.bytes - 4)..<Block.bytes)
        let checksum: UInt32 = try check.read()
        var crc = CRC32C()
        crc.update(block, in: 0..<(Block.bytes - 4))
        guard checksum == crc.value else {
            throw .malformed(offset: Block.bytes - 4, what: "checksum of a segment header")
        }
        var reader = ByteReader(block)
        let magic: UInt64 = try reader.read()
        let version: UInt32 = try reader.read()
        guard magic == Self.magic, version == Self.version else {
            throw .malformed(offset: 0, what: "segment format \(magic) version \(version)")
        }
        chain = try reader.read()
        let clusterID = try reader.read(count: WALIdentity.clusterIDBytes)
        let node: UInt64 = try reader.read()
        guard node != 0 else { throw .malformed(offset: reader.offset, what: "node 0") }
        identity = WALIdentity(
            clusterID: clusterID, node: NodeID(node), incarnation: Incarnation(try reader.read()))
        sequence = try reader.read()
        let size: UInt64 = try reader.read()
        guard size <= 1 << 30, size % UInt64(Block.bytes) == 0, size >= 4 * Block.bytes else {
            throw .malformed(offset: reader.offset, what: "segment of \(size) bytes")
        }
        segmentBytes = Int(size)
        continuesSequence = try reader.read()
        continuesGroup = try reader.read()
        firstGroup = try reader.read()
        durableGroup = try reader.read()
        startsAfter = try EntryID(from: &reader)
        generation = try reader.read()
        hardState = try HardState(from: &reader)
        promised = try EntryID(from: &reader)
        guard sequence > 0, sequence < .max, firstGroup > 0, continuesSequence < sequence else {
            throw .malformed(offset: 0, what: "segment \(sequence) from group \(firstGroup)")
        }
    }

    init(
        identity: WALIdentity, sequence: UInt64, segmentBytes: Int, continuesSequence: UInt64,
        continuesGroup: UInt64, firstGroup: UInt64, durableGroup: UInt64, chain: UInt32,
        startsAfter: EntryID, generation: UInt64, hardState: HardState, promised: EntryID = .zero
    ) {
        self.identity = identity
        self.sequence = sequence
        self.segmentBytes = segmentBytes
        self.continuesSequence = continuesSequence
        self.continuesGroup = continuesGroup
        self.firstGroup = firstGroup
        self.durableGroup = durableGroup
        self.chain = chain
        self.startsAfter = startsAfter
        self.generation = generation
        self.hardState = hardState
        self.promised = promised
    }

    /// Where the copy of the header stands.
    static func copyOffset(segmentBytes: Int) -> Int { segmentBytes - Block.bytes }

    /// The version of a block that is whole, whether this program can read it or not; nil for one
    /// that is not.
    static func version(of block: [UInt8]) -> UInt32? {
        guard block.count == Block.bytes else { return nil }
        do {
            var check = ByteReader(block, in: (Block.bytes - 4)..<Block.bytes)
            var crc = CRC32C()
            crc.update(block, in: 0..<(Block.bytes - 4))
            guard try check.read() == crc.value else { return nil }
            var reader = ByteReader(block)
            guard try reader.read() == magic else { return nil }
            return try reader.read()
        } catch {
            // It has its full length, so this does not happen.
            return nil
        }
    }

    /// What every checksum in the segment begins with: bytes of another segment, another node or
    /// another life of this file never match.
    var salt: UInt32 { Self.salt(of: identity, sequence: sequence) }

    /// The salt of a segment of this identity; of the watermark, for sequence 0.
    static func salt(of identity: WALIdentity, sequence: UInt64) -> UInt32 {
        var writer = ByteWriter(capacity: 40)
        writer.write(raw: identity.clusterID)
        writer.write(identity.node.rawValue)
        writer.write(identity.incarnation.rawValue)
        writer.write(sequence)
        return CRC32C.checksum(of: writer.bytes)
    }
}
