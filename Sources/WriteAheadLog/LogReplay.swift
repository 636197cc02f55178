internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// What is true of a log after a group, its entries left out.
struct LogSummary: Equatable {
    /// The last entry.
    var last: EntryID
    /// Truncations and resets so far.
    var generation: UInt64
    var hardState: HardState

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
}

/// The log that groups of records add up to, applied in the order in which they were written.
struct LogReplay {
    /// The entry before the first.
    private(set) var logStart: EntryID
    private(set) var entries: [Entry] = []
    private(set) var hardState: HardState
    private(set) var generation: UInt64

    /// Records that match their checksums contradict each other.
    struct Contradiction: Error, Equatable {
        var index: LogIndex
        var term: Term
    }

    /// The log as the oldest segment continues it.
    init(_ header: SegmentHeader) {
        logStart = header.startsAfter
        hardState = header.hardState
        generation = header.generation
    }

    /// The last entry.
    var last: EntryID { entries.last.map(\.id) ?? logStart }

    /// The term of an entry that the log holds, or of the one before the first.
    func term(at index: LogIndex) -> Term? {
        if index == logStart.index { return logStart.term }
        guard index > logStart.index, index <= last.index else { return nil }
        return entries[Int(index.distance(from: logStart.index)) - 1].term
    }

    /// Applies a group.
    ///
    /// - Throws: `Contradiction` for an entry that does not follow the last one, and a frame that
    ///   says something else than its records.
    mutating func apply(_ group: Group) throws(Contradiction) {
        for record in group.records {
            guard try apply(record) else {
                throw Contradiction(index: record.index, term: record.term)
            }
        }
        let frame = group.frame
        guard frame.last == last, frame.hardState.term >= hardState.term,
            frame.generation >= generation
        else { throw Contradiction(index: frame.last.index, term: frame.last.term) }
        hardState = frame.hardState
        generation = frame.generation
    }

    /// What a segment that continues the log just here says in its header.
    var summary: LogSummary {
        LogSummary(last: last, generation: generation, hardState: hardState)
    }

    /// Whether a segment with this header continues the log just here.
    func isContinued(by header: SegmentHeader) -> Bool {
        header.startsAfter == last && header.generation == generation
            && header.hardState.term >= hardState.term
    }

    /// Begins anew behind a snapshot.
    mutating func reset(to entry: EntryID) {
        entries = []
        logStart = entry
    }

    private mutating func apply(_ record: Record) throws(Contradiction) -> Bool {
        switch record.kind {
        case .entry:
            let entry = try decode(record)
            guard entry.id.index == last.index.next, entry.term >= last.term else { return false }
            entries.append(entry)
        case .truncate:
            guard record.index > .zero, record.index <= last.index else { return false }
            let before = EntryID(index: record.index.previous, term: record.term)
            if before.index < logStart.index {
                // The entries before are no longer here: the segment that held them is gone.
                reset(to: before)
            } else {
                guard term(at: before.index) == before.term else { return false }
                entries.removeLast(Int(last.index.distance(from: before.index)))
            }
        case .reset:
            reset(to: EntryID(index: record.index, term: record.term))
        }
        return true
    }

    private func decode(_ record: Record) throws(Contradiction) -> Entry {
        do {
            var reader = ByteReader(record.payload)
            let entry = try Entry(from: &reader)
            try reader.finish()
            guard entry.index == record.index, entry.term == record.term else {
                throw Contradiction(index: record.index, term: record.term)
            }
            return entry
        } catch {
            throw Contradiction(index: record.index, term: record.term)
        }
    }
}

extension Entry {
    /// Index and term.
    var id: EntryID { EntryID(index: index, term: term) }
}
