internal import ByteCodec
internal import RaftCore

extension Group {
    /// The blocks that a group with records of these bytes fills.
    static func blocks(recordBytes: Int) -> Int {
        Block.count(
            forBytes: GroupHeader.encodedBytes + recordBytes + CommitFrame.encodedBytes)
    }

    /// Appends the group: header, records, zeros, frame and checksum, in whole blocks.
    ///
    /// - Returns: the group as it then stands in the segment.
    func encode(
        into writer: inout ByteWriter, at block: Int, segment: SegmentHeader,
        identifierBlock: Int, previousChain: UInt32
    ) -> Located {
        let start = writer.count
        let recordBytes = records.reduce(0) { $0 + $1.encodedBytes }
        let blocks = Self.blocks(recordBytes: recordBytes)
        let salt = segment.salt
        let header = GroupHeader(
            sequence: segment.sequence, number: number, blocks: blocks, recordBytes: recordBytes,
            recordCount: records.count, identifierBlock: identifierBlock,
            previousChain: previousChain)
        header.encode(into: &writer, salt: salt, at: block)
        var slots: [IdentifierSlot] = []
        slots.reserveCapacity(records.count)
        for record in records {
            let offset = block * Block.bytes + writer.count - start
            let checksum = record.encode(into: &writer, salt: salt)
            slots.append(IdentifierSlot(record, offset: offset, checksum: checksum))
        }
        let end = start + blocks * Block.bytes
        writer.write(zeros: end - CommitFrame.encodedBytes - writer.count)
        frame.encode(into: &writer, number: number)
        let chain = Self.chain(writer.bytes, in: start..<(end - 4), salt: salt)
        writer.write(chain)
        precondition(writer.count == end, "group ends at \(writer.count), not at \(end)")
        return Located(group: self, header: header, chain: chain, block: block, slots: slots)
    }

    // The previous value stands in the header, so the checksum of the bytes chains the groups.
    private static func chain(_ bytes: [UInt8], in range: Range<Int>, salt: UInt32) -> UInt32 {
        var crc = CRC32C(salt: salt)
        crc.update(bytes, in: range)
        return crc.value
    }

    /// A group as it stands in a segment.
    struct Located: Equatable {
        var group: Group
        var header: GroupHeader
        var chain: UInt32
        /// Where it begins.
        var block: Int
        var slots: [IdentifierSlot]
        /// The block behind it.
        var endBlock: Int { block + header.blocks }
        /// The identifier blocks behind its own.
        var endIdentifierBlock: Int {
            header.identifierBlock + IdentifierBlock.blocks(slots: slots.count)
        }
    }

    /// Reads a group, whatever it follows.
    ///
    /// - Parameters:
    ///   - image: the segment from a block on, the first one if nothing else is said.
    ///   - block: where the group begins, counted from the beginning of the segment.
    /// - Throws: `ByteCodecError` for anything but a whole group of this segment.
    static func locate(
        in image: [UInt8], from firstBlock: Int = 0, at block: Int, segment: SegmentHeader
    ) throws(ByteCodecError) -> Located {
        let skipped = firstBlock * Block.bytes
        let start = block * Block.bytes - skipped
        let salt = segment.salt
        var reader = ByteReader(image, in: start..<image.count)
        let header = try GroupHeader(from: &reader, image: image, salt: salt, at: block)
        let blocksLeft = (image.count - start) / Block.bytes
        guard header.sequence == segment.sequence, header.blocks <= blocksLeft,
            header.recordBytes <= image.count,
            header.blocks == blocks(recordBytes: header.recordBytes)
        else { throw .malformed(offset: start, what: "group header \(header)") }
        let end = start + header.blocks * Block.bytes
        var checksum = ByteReader(image, in: (end - 4)..<end)
        let chain = chain(image, in: start..<(end - 4), salt: salt)
        guard try checksum.read() == chain else {
            throw .malformed(offset: start, what: "checksum of a group")
        }
        let recordsEnd = reader.offset + header.recordBytes
        var records: [Record] = []
        var slots: [IdentifierSlot] = []
        var recordReader = ByteReader(image, in: reader.offset..<recordsEnd)
        while recordReader.remaining > 0 {
            let offset = recordReader.offset
            let record = try Record(from: &recordReader, image: image, salt: salt)
            var first = ByteReader(image, in: offset..<(offset + 4))
            slots.append(
                IdentifierSlot(
                    record, offset: skipped + offset, checksum: try first.read()))
            records.append(record)
        }
        guard records.count == header.recordCount else {
            throw .malformed(offset: start, what: "\(records.count) records")
        }
        var frameReader = ByteReader(image, in: (end - CommitFrame.encodedBytes)..<(end - 4))
        let frame = try CommitFrame(from: &frameReader, number: header.number)
        return Located(
            group: Group(number: header.number, records: records, frame: frame),
            header: header, chain: chain, block: block, slots: slots)
    }
}
