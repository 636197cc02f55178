internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// What a segment holds, found by reading all of it. A pure function of the segment's bytes and of
/// what is known to be durable: it never traps, whatever the bytes are.
struct SegmentScan {
    /// What was durable for certain.
    struct Bound: Equatable {
        var group: UInt64
        var index: LogIndex
        /// The bound that knows nothing.
        static let none = Bound(group: 0, index: .zero)
    }

    /// Damage to what was durable.
    struct Damage: Equatable {
        var offset: Int
        var number: UInt64
        var reason: WALCorruption.Reason
        /// The first entry that was hit, where its identifier survives.
        var entry: EntryID?
    }

    /// A part of the log.
    enum Piece: Equatable {
        case group(Group.Located)
        /// It was durable, and is not whole.
        case lost(LostGroup)
    }

    /// The groups that are whole, in order; those behind damage too.
    private(set) var groups: [Group.Located] = []
    /// Those, and between them what is left of others; groups of which nothing is left are missing.
    private(set) var pieces: [Piece] = []
    private(set) var damage: [Damage] = []
    /// Whether the last group that was durable is lost without a trace, and with it, in the newest
    /// segment, the newest term and vote.
    private(set) var isEndUnknown = false
    /// Identifier blocks to be written again, from their groups.
    private(set) var repairs: [SegmentWriter.Write] = []
    /// Whether something was being written when the node stopped.
    private(set) var isTorn = false
    /// The number of the highest group that is known to have been durable.
    private(set) var durableGroup: UInt64

    let image: [UInt8]
    private let header: SegmentHeader
    private let boundIndex: LogIndex

    /// - Parameters:
    ///   - image: the whole file.
    ///   - lastGroup: the group that the next segment continues, which is the last that counts
    ///     here; nil for the newest segment.
    init(_ image: [UInt8], header: SegmentHeader, bound: Bound, lastGroup: UInt64?) {
        precondition(image.count == header.segmentBytes, "\(image.count) bytes")
        self.image = image
        self.header = header
        boundIndex = lastGroup == nil ? bound.index : .zero
        durableGroup = max(header.durableGroup, lastGroup ?? bound.group)
        scan(lastGroup: lastGroup)
    }

    /// The block behind the last group, and the identifier blocks used.
    var end: (block: Int, identifierBlocks: Int) {
        groups.last.map { ($0.endBlock, $0.endIdentifierBlock) } ?? (1, 0)
    }

    private mutating func scan(lastGroup: UInt64?) {
        var expected = header.firstGroup
        var chain = header.chain
        while lastGroup.map({ expected <= $0 }) ?? true {
            let located = wholeGroup(at: end.block)
            let follows =
                located.map {
                    $0.group.number == expected && $0.header.previousChain == chain
                        && $0.header.identifierBlock == end.identifierBlocks
                } ?? false
            if let located, follows {
                keep(located)
            } else {
                // A later group tells by its frame whether this one was durable before it.
                let later = laterGroups(number: expected)
                durableGroup = max(durableGroup, later.map(\.group.frame.durableGroup).max() ?? 0)
                guard judgeMissing(number: expected) else { return }
                let next = later.first.flatMap { next in
                    next.group.number <= lastGroup ?? .max ? next : nil
                }
                lose(from: expected, upTo: next)
                guard let next else { return }
                keep(next)
            }
            expected = groups[groups.count - 1].group.number &+ 1
            chain = groups[groups.count - 1].chain
        }
    }

    private mutating func keep(_ located: Group.Located) {
        let expected = IdentifierBlock.encode(located, segment: header)
        let offset = IdentifierBlock.offset(
            located.endIdentifierBlock - 1, segmentBytes: image.count)
        groups.append(located)
        pieces.append(.group(located))
        durableGroup = max(durableGroup, located.group.frame.durableGroup)
        guard offset >= located.endBlock * Block.bytes else {
            // Whoever wrote this did not lay it out as this program does.
            damage.append(
                Damage(
                    offset: offset, number: located.group.number, reason: .recordOrder, entry: nil))
            return
        }
        if !image.matches(expected, at: offset) {
            sometimes(.identifiersRepaired)
            repairs.append(SegmentWriter.Write(offset: offset, bytes: expected))
        }
    }

    // Gathers what is left of the groups from `number` up to the next whole one, or to the last
    // that was durable.
    private mutating func lose(from number: UInt64, upTo next: Group.Located?) {
        let identifiersEnd = image.count / Block.bytes - end.block
        let last = next.map { $0.group.number - 1 } ?? max(durableGroup, number)
        let lost =
            lostGroups(
                number...last,
                identifierBlocks: end
                    .identifierBlocks..<max(
                        end.identifierBlocks, next?.header.identifierBlock ?? identifiersEnd))
        pieces += lost.map { .lost($0) }
        damage[damage.count - 1].entry = lost.lazy.compactMap(\.firstLost).first
        if next == nil, lost.last?.number != last { isEndUnknown = true }
    }

    // Judges the place where group `number` should stand and does not. True when it is damage, so
    // that a group behind it may be looked for.
    private mutating func judgeMissing(number: UInt64) -> Bool {
        let testimony = testimony(number: number)
        let slots = testimony?.slots ?? []
        let end = end
        let restEnd = image.count - (end.identifierBlocks + 1) * Block.bytes
        let rest = min(end.block * Block.bytes, restEnd)..<restEnd
        let isBlank = rest.isEmpty || image.isZero(in: rest)
        let evidence = GroupEvidence(
            groupIsGood: false, identifiersAreGood: testimony != nil, isBlank: isBlank,
            isKnownDurable: !Planted.damageTakenForTorn.isOn
                && (number <= durableGroup
                    || slots.contains { $0.kind == .entry && $0.index <= boundIndex })
        )
        switch GroupVerdict(evidence) {
        case .corrupt:
            sometimes(.damageFound)
            damage.append(
                Damage(
                    offset: end.block * Block.bytes, number: number,
                    reason: isZeroBlock(end.block) ? .groupMissing : .group, entry: nil))
            return true
        case .torn:
            isTorn = true
            sometimes(.tornTail)
            if Planted.tornTailKept.isOn { salvage(number: number, slots: slots) }
            return false
        case .end, .good, .repairIdentifiers:
            return false
        }
    }

    private func isZeroBlock(_ block: Int) -> Bool {
        let start = min(block * Block.bytes, image.count)
        return image.isZero(in: start..<min(start + Block.bytes, image.count))
    }

    private func wholeGroup(at block: Int) -> Group.Located? {
        guard block < image.count / Block.bytes else { return nil }
        do {
            return try Group.locate(in: image, at: block, segment: header)
        } catch {
            // Not a group: what that means is for the verdict.
            return nil
        }
    }

    // The groups behind the place where group `number` should stand, as far as they are whole.
    private func laterGroups(number: UInt64) -> [Group.Located] {
        var found: [Group.Located] = []
        var block = end.block
        while block < image.count / Block.bytes - 1 - end.identifierBlocks {
            if let located = wholeGroup(at: block), located.group.number > number,
                located.group.number > found.last?.group.number ?? 0
            {
                found.append(located)
                block = located.endBlock
            } else {
                block += 1
            }
        }
        return found
    }

    private func testimony(number: UInt64) -> IdentifierBlock.Testimony? {
        testimony(inBlock: end.identifierBlocks).flatMap { $0.number == number ? $0 : nil }
    }

    /// What an identifier block tells; nil where it is damaged too.
    func testimony(inBlock block: Int) -> IdentifierBlock.Testimony? {
        do {
            return try IdentifierBlock.testimony(in: image, number: block, segment: header)
        } catch {
            return nil
        }
    }

    /// The record that a slot names, if it matches the slot and its own checksum.
    func record(of slot: IdentifierSlot) -> Record? {
        let end = slot.offset + Record.headerBytes + slot.length
        guard slot.offset >= Block.bytes, end <= image.count else { return nil }
        do {
            var first = ByteReader(image, in: slot.offset..<(slot.offset + 4))
            var reader = ByteReader(image, in: slot.offset..<end)
            let record = try Record(from: &reader, image: image, salt: header.salt)
            guard try first.read() == slot.checksum, reader.remaining == 0,
                record.kind == slot.kind, record.index == slot.index, record.term == slot.term
            else { return nil }
            return record
        } catch {
            return nil
        }
    }

    // The planted defect: takes what stands where the identifiers point for the records.
    private mutating func salvage(number: UInt64, slots: [IdentifierSlot]) {
        var summary = LogSummary(
            last: header.startsAfter, generation: header.generation,
            hardState: header.hardState)
        if let last = groups.last { summary = last.group.frame.summary }
        var records: [Record] = []
        for slot in slots {
            var payload: [UInt8] = []
            if slot.kind == .entry {
                let start = slot.offset + Record.headerBytes + Entry.headerBytes
                let end = min(slot.offset + Record.headerBytes + slot.length, image.count)
                let entry = Entry(
                    index: slot.index, term: slot.term, kind: .command,
                    payload: Array(image[min(start, end)..<end]))
                payload = Record.entry(entry).payload
            }
            let record = Record(
                kind: slot.kind, index: slot.index, term: slot.term, payload: payload)
            summary.apply(record)
            records.append(record)
        }
        guard !records.isEmpty else { return }
        summary.hardState.term = max(summary.hardState.term, summary.last.term)
        let frame = CommitFrame(
            hardState: summary.hardState, generation: summary.generation, last: summary.last,
            durableGroup: durableGroup, durableIndex: .zero)
        let recordBytes = records.reduce(0) { $0 + $1.encodedBytes }
        let groupHeader = GroupHeader(
            sequence: header.sequence, number: number,
            blocks: Group.blocks(recordBytes: recordBytes), recordBytes: recordBytes,
            recordCount: records.count, identifierBlock: end.identifierBlocks, previousChain: 0)
        groups.append(
            Group.Located(
                group: Group(number: number, records: records, frame: frame),
                header: groupHeader, chain: 0, block: end.block, slots: slots))
    }
}
