internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// Records that are written and synced together, and what is true after them.
struct Group: Equatable {
    /// Counts the groups of this log; never used twice but for a group that was torn.
    var number: UInt64
    var records: [Record]
    var frame: CommitFrame
}

/// The end of a group: what holds once the group is durable.
struct CommitFrame: Equatable {
    static let magic: UInt32 = 0x544D_4357  // "WCMT"
    /// With the group's checksum, the last four bytes of its last block.
    static let encodedBytes = 4 + 8 + HardState.encodedBytes + 8 + 16 + 8 + 8 + 4

    var hardState: HardState
    /// Truncations and resets so far.
    var generation: UInt64
    /// The last entry of the log.
    var last: EntryID
    /// Groups and entries up to these were durable before this group was written.
    var durableGroup: UInt64
    var durableIndex: LogIndex

    func encode(into writer: inout ByteWriter, number: UInt64) {
        writer.write(Self.magic)
        writer.write(number)
        hardState.encode(into: &writer)
        writer.write(generation)
        last.encode(into: &writer)
        writer.write(durableGroup)
        writer.write(durableIndex.rawValue)
    }

    init(
        hardState: HardState, generation: UInt64, last: EntryID, durableGroup: UInt64,
        durableIndex: LogIndex
    ) {
        self.hardState = hardState
        self.generation = generation
        self.last = last
        self.durableGroup = durableGroup
        self.durableIndex = durableIndex
    }

    init(from reader: inout ByteReader, number: UInt64) throws(ByteCodecError) {
        let start = reader.offset
        let magic: UInt32 = try reader.read()
        let found: UInt64 = try reader.read()
        guard magic == Self.magic, found == number else {
            throw .malformed(offset: start, what: "commit frame of group \(found)")
        }
        hardState = try HardState(from: &reader)
        generation = try reader.read()
        last = try EntryID(from: &reader)
        durableGroup = try reader.read()
        durableIndex = LogIndex(try reader.read())
    }
}

/// The beginning of a group: how long it is and what it follows.
struct GroupHeader: Equatable {
    static let magic: UInt32 = 0x5052_4757  // "WGRP"
    static let encodedBytes = 48

    var sequence: UInt64
    var number: UInt64
    var blocks: Int
    var recordBytes: Int
    var recordCount: Int
    /// Which identifier block, counted from the end of the segment, is the group's first.
    var identifierBlock: Int
    /// The chain value of the group before.
    var previousChain: UInt32

    private static let version: UInt32 = 2

    /// - Parameter block: where it stands, counted from the beginning of the segment. It counts in
    ///   the checksum, so that a group that was written to another place is none there.
    func encode(into writer: inout ByteWriter, salt: UInt32, at block: Int) {
        let start = writer.count
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(sequence)
        writer.write(number)
        writer.write(UInt32(blocks))
        writer.write(UInt32(recordBytes))
        writer.write(UInt32(recordCount))
        writer.write(UInt32(identifierBlock))
        writer.write(previousChain)
        var crc = CRC32C(salt: salt)
        crc.update(writer.bytes, in: start..<writer.count)
        crc.update(littleEndian: UInt32(block))
        writer.write(crc.value)
    }

    init(
        sequence: UInt64, number: UInt64, blocks: Int, recordBytes: Int, recordCount: Int,
        identifierBlock: Int, previousChain: UInt32
    ) {
        self.sequence = sequence
        self.number = number
        self.blocks = blocks
        self.recordBytes = recordBytes
        self.recordCount = recordCount
        self.identifierBlock = identifierBlock
        self.previousChain = previousChain
    }

    init(
        from reader: inout ByteReader, image: [UInt8], salt: UInt32, at block: Int
    ) throws(ByteCodecError) {
        let start = reader.offset
        let magic: UInt32 = try reader.read()
        let version: UInt32 = try reader.read()
        guard magic == Self.magic, version == Self.version else {
            throw .malformed(offset: start, what: "group")
        }
        sequence = try reader.read()
        number = try reader.read()
        blocks = Int(try reader.read() as UInt32)
        recordBytes = Int(try reader.read() as UInt32)
        recordCount = Int(try reader.read() as UInt32)
        identifierBlock = Int(try reader.read() as UInt32)
        previousChain = try reader.read()
        var crc = CRC32C(salt: salt)
        crc.update(image, in: start..<reader.offset)
        crc.update(littleEndian: UInt32(block))
        let checksum: UInt32 = try reader.read()
        guard checksum == crc.value else {
            throw .malformed(offset: start, what: "checksum of a group header")
        }
    }
}
