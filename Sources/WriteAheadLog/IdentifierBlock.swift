internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// Names one record, far from the record itself: where it lies and what it is.
struct IdentifierSlot: Equatable {
    static let encodedBytes = 40

    var kind: Record.Kind
    var index: LogIndex
    var term: Term
    /// Where the record begins, in bytes from the beginning of the segment.
    var offset: Int
    /// The bytes of the record's payload.
    var length: Int
    /// The record's checksum.
    var checksum: UInt32

    init(_ record: Record, offset: Int, checksum: UInt32) {
        kind = record.kind
        index = record.index
        term = record.term
        self.offset = offset
        length = record.payload.count
        self.checksum = checksum
    }

    func encode(into writer: inout ByteWriter, salt: UInt32) {
        let start = writer.count
        writer.write(index.rawValue)
        writer.write(term.rawValue)
        writer.write(UInt32(offset))
        writer.write(UInt32(length))
        writer.write(checksum)
        writer.write(kind.rawValue)
        writer.write(zeros: 7)
        var crc = CRC32C(salt: salt)
        crc.update(writer.bytes, in: start..<writer.count)
        writer.write(crc.value)
    }

    /// Reads a slot.
    ///
    /// - Throws: `ByteCodecError` for a slot that does not match its checksum.
    init(
        from reader: inout ByteReader, image: [UInt8], salt: UInt32
    ) throws(ByteCodecError) {
        let start = reader.offset
        index = LogIndex(try reader.read())
        term = Term(try reader.read())
        offset = Int(try reader.read() as UInt32)
        length = Int(try reader.read() as UInt32)
        checksum = try reader.read()
        let code: UInt8 = try reader.read()
        _ = try reader.read(count: 7)
        var crc = CRC32C(salt: salt)
        crc.update(image, in: start..<reader.offset)
        guard let kind = Record.Kind(rawValue: code), try reader.read() == crc.value,
            index.rawValue <= WireLimits.counterMax, term.rawValue <= WireLimits.counterMax
        else { throw .malformed(offset: start, what: "identifier slot") }
        self.kind = kind
    }
}

/// Where the identifiers of one group stand. They fill blocks from the end of the segment towards
/// its middle, while groups fill it from the beginning: one local fault does not hit both, and
/// neither area has a size of its own that could run out before the other.
///
/// Each group has blocks of its own here too, so that a block with acknowledged identifiers is
/// never written again. The group's place, and what is true after it, stand in each of them. The
/// very last block of the segment is the copy of its header.
enum IdentifierBlock {
    static let magic: UInt32 = 0x5344_4957  // "WIDS"
    static let headerBytes = 96
    static let version: UInt32 = 3
    static let slotsMax = (Block.bytes - headerBytes) / IdentifierSlot.encodedBytes

    /// The blocks that this many slots fill; one even for none.
    static func blocks(slots: Int) -> Int { max(1, (slots + slotsMax - 1) / slotsMax) }

    /// The offset of the identifier block with this number, counted from the end of the segment.
    static func offset(_ number: Int, segmentBytes: Int) -> Int {
        segmentBytes - (number + 2) * Block.bytes
    }

    /// The identifier blocks of a group in the order of their offsets: the last one first.
    static func encode(_ located: Group.Located, segment: SegmentHeader) -> [UInt8] {
        let slots = located.slots
        let count = blocks(slots: slots.count)
        var writer = ByteWriter(capacity: count * Block.bytes)
        for part in (0..<count).reversed() {
            let range = (part * slotsMax)..<min(slots.count, (part + 1) * slotsMax)
            encode(located, Array(slots[range]), part, into: &writer, segment: segment)
        }
        return writer.bytes
    }

    private static func encode(
        _ located: Group.Located, _ slots: [IdentifierSlot], _ part: Int,
        into writer: inout ByteWriter, segment: SegmentHeader
    ) {
        let salt = segment.salt
        let start = writer.count
        writer.write(magic)
        writer.write(version)
        writer.write(segment.sequence)
        writer.write(located.group.number)
        writer.write(UInt32(located.block))
        writer.write(UInt32(located.header.blocks))
        writer.write(UInt32(located.header.recordCount))
        writer.write(UInt32(slots.count))
        located.group.frame.hardState.encode(into: &writer)
        writer.write(raw: [0, 0, 0])
        writer.write(located.group.frame.generation)
        located.group.frame.last.encode(into: &writer)
        var crc = CRC32C(salt: salt)
        crc.update(writer.bytes, in: start..<writer.count)
        // As of a group: at another place these are no identifiers.
        crc.update(littleEndian: UInt32(located.header.identifierBlock + part))
        writer.write(crc.value)
        precondition(writer.count - start == headerBytes, "\(writer.count - start) bytes")
        for slot in slots { slot.encode(into: &writer, salt: salt) }
        writer.write(zeros: start + Block.bytes - writer.count)
    }

    /// What one identifier block still tells when its group is damaged.
    struct Testimony: Equatable {
        /// The group.
        var number: UInt64
        /// What was true after it.
        var after: LogSummary
        /// All records of the group, also those that other identifier blocks name.
        var recordCount: Int
        /// The slots of this block that match their checksums.
        var slots: [IdentifierSlot]
    }

    /// Reads the identifier block with this number.
    ///
    /// - Throws: `ByteCodecError` for a block whose header does not match its checksum.
    static func testimony(
        in image: [UInt8], number identifierBlock: Int, segment: SegmentHeader
    ) throws(ByteCodecError) -> Testimony {
        let start = offset(identifierBlock, segmentBytes: image.count)
        guard start >= Block.bytes else {
            throw .truncated(offset: start, wanted: Block.bytes, available: 0)
        }
        var reader = ByteReader(image, in: start..<(start + Block.bytes))
        let foundMagic: UInt32 = try reader.read()
        let foundVersion: UInt32 = try reader.read()
        let sequence: UInt64 = try reader.read()
        let number: UInt64 = try reader.read()
        _ = try reader.read(count: 8)
        let recordCount: UInt32 = try reader.read()
        let slotCount: UInt32 = try reader.read()
        let hardState = try HardState(from: &reader)
        _ = try reader.read(count: 3)
        let generation: UInt64 = try reader.read()
        let last = try EntryID(from: &reader)
        var crc = CRC32C(salt: segment.salt)
        crc.update(image, in: start..<reader.offset)
        crc.update(littleEndian: UInt32(identifierBlock))
        guard foundMagic == magic, foundVersion == version, sequence == segment.sequence,
            try reader.read() == crc.value, slotCount <= slotsMax, slotCount <= recordCount
        else { throw .malformed(offset: start, what: "identifier block") }
        var slots: [IdentifierSlot] = []
        for slot in 0..<Int(slotCount) {
            let at = start + headerBytes + slot * IdentifierSlot.encodedBytes
            var slotReader = ByteReader(image, in: at..<(at + IdentifierSlot.encodedBytes))
            do {
                slots.append(
                    try IdentifierSlot(from: &slotReader, image: image, salt: segment.salt))
            } catch {
                // A damaged slot tells nothing; its neighbours still do.
                continue
            }
        }
        return Testimony(
            number: number,
            after: LogSummary(last: last, generation: generation, hardState: hardState),
            recordCount: Int(recordCount), slots: slots)
    }
}
