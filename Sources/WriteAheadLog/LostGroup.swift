internal import ByteCodec
internal import RaftCore

/// A group that was durable and is damaged or gone, as far as its identifiers tell of it.
struct LostGroup: Equatable {
    /// One of its records.
    enum Salvaged: Equatable {
        /// It matches its own checksum, or consists of nothing but what its identifier says.
        case whole(Record)
        /// An entry of which only the identifier is left.
        case lostEntry(EntryID)
    }

    var number: UInt64
    /// What was true after it.
    var after: LogSummary
    /// How many records it had.
    var recordCount: Int
    /// Those of which something is left, in order.
    var records: [Salvaged] = []

    /// Whether something is left of each record.
    var isComplete: Bool { records.count == recordCount }

    /// Index and term of the first entry that is lost, as far as they are known.
    var firstLost: EntryID? {
        for case .lostEntry(let id) in records { return id }
        return nil
    }
}

extension SegmentScan {
    /// What the identifier blocks of a range tell of the groups of a range, in order.
    func lostGroups(_ numbers: ClosedRange<UInt64>, identifierBlocks: Range<Int>) -> [LostGroup] {
        var found: [LostGroup] = []
        for block in identifierBlocks {
            guard let testimony = testimony(inBlock: block) else { continue }
            if testimony.number > numbers.upperBound { break }
            guard testimony.number >= found.last?.number ?? numbers.lowerBound else { continue }
            if found.last?.number != testimony.number {
                found.append(
                    LostGroup(
                        number: testimony.number, after: testimony.after,
                        recordCount: testimony.recordCount))
            }
            found[found.count - 1].records += testimony.slots.map(salvage)
        }
        return found
    }

    private func salvage(_ slot: IdentifierSlot) -> LostGroup.Salvaged {
        switch slot.kind {
        case .truncate, .reset:
            return .whole(
                Record(kind: slot.kind, index: slot.index, term: slot.term, payload: []))
        case .entry:
            return record(of: slot).map { .whole($0) }
                ?? .lostEntry(EntryID(index: slot.index, term: slot.term))
        }
    }
}
