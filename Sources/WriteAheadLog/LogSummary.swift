internal import RaftCore

/// What is true of a log after a group, its entries left out.
struct LogSummary: Equatable {
    /// The last entry.
    var last: EntryID
    /// Truncations and resets so far.
    var generation: UInt64
    var hardState: HardState
    /// What the log had promised to hold when it lost a part; zero when it has all of it.
    var promised: EntryID = .zero

    /// Follows a record.
    mutating func apply(_ record: Record) {
        switch record.kind {
        case .entry:
            last = EntryID(index: record.index, term: record.term)
        case .truncate:
            last = EntryID(index: record.index.previous, term: record.term)
            generation += 1
        case .reset:
            last = EntryID(index: record.index, term: record.term)
            generation += 1
        }
    }

    /// A promise is kept, and forgotten, when the log is as up to date as it was.
    mutating func settlePromise() {
        if last.isAtLeastAsUpToDate(as: promised) { promised = .zero }
    }
}

extension CommitFrame {
    /// What is true once the group is durable.
    var summary: LogSummary {
        LogSummary(last: last, generation: generation, hardState: hardState)
    }
}

extension SegmentHeader {
    /// What is true before the segment's first group.
    var summary: LogSummary {
        LogSummary(
            last: startsAfter, generation: generation, hardState: hardState, promised: promised)
    }
}
