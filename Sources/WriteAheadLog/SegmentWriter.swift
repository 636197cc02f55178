internal import ByteCodec

/// Lays groups out in one segment: records from the front, identifiers from the back.
struct SegmentWriter {
    /// Bytes that belong at an offset.
    struct Write: Equatable {
        var offset: Int
        var bytes: [UInt8]
    }

    let header: SegmentHeader
    /// The block behind the last group.
    private(set) var nextBlock = 1
    /// The identifier blocks used, counted from the end of the segment.
    private(set) var identifierBlocks = 0
    /// The chain value of the last group.
    private(set) var chain: UInt32

    private var groups = ByteWriter(capacity: Block.bytes)
    private var firstBlock = 1
    // Grows towards lower offsets, so its parts are kept in the order in which they were made.
    private var identifiers: [[UInt8]] = []

    /// A segment without groups.
    init(header: SegmentHeader) {
        self.header = header
        chain = header.chain
    }

    /// Blocks that neither groups nor identifiers fill.
    var freeBlocks: Int {
        header.segmentBytes / Block.bytes - 1 - nextBlock - identifierBlocks
    }

    /// Blocks that groups and identifiers can fill in an empty segment.
    static func blocksMax(segmentBytes: Int) -> Int { segmentBytes / Block.bytes - 2 }

    /// Lays out one more group.
    ///
    /// - Precondition: it fits.
    mutating func add(_ group: Group) {
        let located = group.encode(
            into: &groups, at: nextBlock, segment: header, identifierBlock: identifierBlocks,
            previousChain: chain)
        identifiers.append(IdentifierBlock.encode(located, segment: header))
        chain = located.chain
        nextBlock = located.endBlock
        identifierBlocks = located.endIdentifierBlock
        precondition(freeBlocks >= 0, "group \(group.number) does not fit")
    }

    /// What must be written for the groups added since the last call: at most two stretches.
    mutating func takeWrites() -> [Write] {
        guard groups.count > 0 else { return [] }
        let front = Write(offset: firstBlock * Block.bytes, bytes: groups.bytes)
        var backwards = ByteWriter(capacity: identifiers.reduce(0) { $0 + $1.count })
        for part in identifiers.reversed() { backwards.write(raw: part) }
        let back = Write(
            offset: IdentifierBlock.offset(
                identifierBlocks - 1, segmentBytes: header.segmentBytes),
            bytes: backwards.bytes)
        groups = ByteWriter(capacity: Block.bytes)
        identifiers = []
        firstBlock = nextBlock
        return [front, back]
    }
}
