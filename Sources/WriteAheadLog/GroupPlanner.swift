/// Divides records into groups and groups among segments before anything is written, so that a
/// request that does not fit is refused whole.
struct GroupPlanner: Equatable {
    /// One group to be written.
    struct Planned: Equatable {
        /// Which segment, counted from the one being written.
        var segment: Int
        var records: Int
        var recordBytes: Int
        /// Blocks for the group and its identifiers.
        var blocks: Int {
            Group.blocks(recordBytes: recordBytes) + IdentifierBlock.blocks(slots: records)
        }
    }

    /// Free blocks of the segment that the last group went to.
    private(set) var freeBlocks: Int
    /// Spare segments that no group went to yet.
    private(set) var spares: Int
    private(set) var groups: [Planned] = []
    private var segment = 0
    private let segmentBlocks: Int
    private let groupBytesMax: Int

    init(freeBlocks: Int, spares: Int, options: WALOptions) {
        self.freeBlocks = freeBlocks
        self.spares = spares
        segmentBlocks = SegmentWriter.blocksMax(segmentBytes: options.segmentBytes)
        groupBytesMax = options.groupBytesMax
    }

    /// Whether a record of these bytes fits into an empty segment.
    func canEverFit(recordBytes: Int) -> Bool {
        Planned(segment: 0, records: 1, recordBytes: recordBytes).blocks <= segmentBlocks
    }

    /// Another spare segment is ready.
    mutating func spareAdded() { spares += 1 }

    /// Finds room for one more record.
    ///
    /// - Returns: false when there is none; then nothing has changed.
    mutating func add(recordBytes: Int) -> Bool {
        if let last = groups.last {
            var longer = last
            longer.records += 1
            longer.recordBytes += recordBytes
            if longer.recordBytes <= groupBytesMax, longer.blocks - last.blocks <= freeBlocks {
                freeBlocks -= longer.blocks - last.blocks
                groups[groups.count - 1] = longer
                return true
            }
        }
        return begin(records: 1, recordBytes: recordBytes)
    }

    /// Sees to it that there is a group, even one without records.
    ///
    /// - Returns: false when there is no room; then nothing has changed.
    mutating func addFrame() -> Bool {
        groups.isEmpty ? begin(records: 0, recordBytes: 0) : true
    }

    private mutating func begin(records: Int, recordBytes: Int) -> Bool {
        var group = Planned(segment: segment, records: records, recordBytes: recordBytes)
        if group.blocks > freeBlocks {
            guard spares > 0, group.blocks <= segmentBlocks else { return false }
            spares -= 1
            segment += 1
            freeBlocks = segmentBlocks
            group.segment = segment
        }
        freeBlocks -= group.blocks
        groups.append(group)
        return true
    }
}
