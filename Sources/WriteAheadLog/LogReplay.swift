internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// The log that groups of records add up to, applied in the order in which they were written, with
/// what is known of the groups that were lost between them.
struct LogReplay {
    /// The place of one entry.
    enum Slot: Equatable {
        case entry(Entry)
        /// The entry is gone; its term, if its identifier is not.
        case lost(Term?)

        var term: Term? {
            switch self {
            case .entry(let entry): entry.term
            case .lost(let term): term
            }
        }
    }

    /// Records that match their checksums contradict each other.
    struct Contradiction: Error, Equatable {
        var index: LogIndex
        var term: Term
    }

    /// The entry before the first.
    private(set) var logStart: EntryID
    private(set) var slots: [Slot] = []
    private(set) var hardState: HardState
    private(set) var generation: UInt64
    /// What the log had promised before; zero when it was kept.
    private(set) var promised: EntryID
    /// Whether it goes on so far from where it last stood for certain that it cannot tell what is
    /// its own.
    private(set) var isBeginningUnknown = false
    /// More than there are in any log, and as many as a process can count in memory.
    private static let lostMax = 1 << 22
    /// The last entry that the state has applied, or the beginning of the log when the state is
    /// lost: what lies before it is not missed.
    private let floor: EntryID

    /// The log as the oldest segment continues it.
    init(_ header: SegmentHeader, floor: EntryID) {
        logStart = header.startsAfter
        hardState = header.hardState
        generation = header.generation
        promised = header.promised
        self.floor = floor
    }

    /// How many entries there are, whole or lost.
    var count: Int { slots.count }

    /// Takes back what a group that appends only has appended, when it proves to be wrong.
    mutating func takeBack(to count: Int) { slots.removeLast(slots.count - count) }

    /// The index of the last entry, whole or lost.
    var lastIndex: LogIndex { logStart.index + slots.count }

    /// The term of the last entry, unless it was lost with the entry.
    var lastTerm: Term? { slots.isEmpty ? startTerm : slots[slots.count - 1].term }

    // Behind a stretch of which nothing is known there may be an index without a term (`bridge`).
    private var startTerm: Term? {
        logStart.term == .zero && logStart.index > .zero ? nil : logStart.term
    }

    /// The last entry, of the highest term that it can have had.
    var last: EntryID { EntryID(index: lastIndex, term: lastTerm ?? hardState.term) }

    /// The entries before the first that was lost.
    var entries: [Entry] {
        var whole: [Entry] = []
        whole.reserveCapacity(slots.count)
        for case .entry(let entry) in slots {
            guard entry.index == logStart.index + whole.count + 1 else { break }
            whole.append(entry)
        }
        return whole
    }

    /// The term of an entry that the log holds, or of the one before the first; nil also where it
    /// was lost.
    func term(at index: LogIndex) -> Term? {
        if index == logStart.index { return startTerm }
        guard index > logStart.index, index <= lastIndex else { return nil }
        return slots[position(of: index)].term
    }

    /// What a segment that continues the log just here says in its header.
    var summary: LogSummary {
        LogSummary(last: last, generation: generation, hardState: hardState, promised: promised)
    }

    /// Whether a segment with this header continues the log just here.
    func isContinued(by header: SegmentHeader) -> Bool {
        isAt(header.startsAfter) && header.generation == generation
            && header.hardState.term >= hardState.term
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
        try finish(group.frame.summary)
    }

    /// Begins anew behind a snapshot.
    mutating func reset(to entry: EntryID) {
        slots = []
        logStart = entry
        settlePromise()
    }

    private func position(of index: LogIndex) -> Int {
        Int(index.distance(from: logStart.index)) - 1
    }

    private func isAt(_ end: EntryID) -> Bool {
        end.index == lastIndex && (lastTerm.map { $0 == end.term } ?? true)
    }

    private mutating func settlePromise() {
        guard let lastTerm else { return }
        let last = EntryID(index: lastIndex, term: lastTerm)
        if last.isAtLeastAsUpToDate(as: promised) { promised = .zero }
    }

    private mutating func finish(_ after: LogSummary) throws(Contradiction) {
        guard isAt(after.last), after.hardState.term >= hardState.term,
            after.generation >= generation
        else { throw Contradiction(index: after.last.index, term: after.last.term) }
        name(after.last)
        hardState = after.hardState
        generation = after.generation
        settlePromise()
    }

    // Notes the term of an entry that was lost, if it was not known.
    private mutating func name(_ id: EntryID) {
        guard id.index > logStart.index, id.index <= lastIndex,
            case .lost(nil) = slots[position(of: id.index)]
        else { return }
        slots[position(of: id.index)] = .lost(id.term)
    }

    private mutating func apply(_ record: Record) throws(Contradiction) -> Bool {
        switch record.kind {
        case .entry:
            let entry = try decode(record)
            guard entry.id.index == lastIndex.next, entry.term >= lastTerm ?? .zero else {
                return false
            }
            slots.append(.entry(entry))
        case .truncate:
            guard record.index > .zero, record.index <= lastIndex else { return false }
            return truncate(to: EntryID(index: record.index.previous, term: record.term))
        case .reset:
            reset(to: EntryID(index: record.index, term: record.term))
        }
        return true
    }

    private mutating func truncate(to before: EntryID) -> Bool {
        if before.index < logStart.index {
            // The entries before are no longer here: the segment that held them is gone.
            reset(to: before)
            return true
        }
        guard term(at: before.index).map({ $0 == before.term }) ?? true else { return false }
        name(before)
        slots.removeLast(Int(lastIndex.distance(from: before.index)))
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

// MARK: - Over what was lost

extension LogReplay {
    /// Follows a group that was lost, as far as its identifiers tell of it.
    mutating func apply(_ lost: LostGroup) {
        guard lost.isComplete else { return anchor(lost.after) }
        let before = self
        for record in lost.records where !follow(record) {
            // The groups before it were lost without a trace.
            self = before
            return anchor(lost.after)
        }
        anchor(lost.after)
    }

    private mutating func follow(_ record: LostGroup.Salvaged) -> Bool {
        switch record {
        case .whole(let record):
            do {
                return try apply(record)
            } catch {
                return false
            }
        case .lostEntry(let id):
            guard id.index == lastIndex.next, id.term >= lastTerm ?? .zero else { return false }
            slots.append(.lost(id.term))
            return true
        }
    }

    /// Goes on where the log certainly stood, from before a stretch of which nothing is known.
    mutating func anchor(_ after: LogSummary) {
        let isGrown = after.generation == generation && after.last.index >= lastIndex
        let isSame =
            after.last.index > lastIndex || (lastTerm.map { $0 == after.last.term } ?? true)
        if isGrown, isSame, after.last.term >= lastTerm ?? .zero {
            // Entries were appended, and nothing was taken away.
            lose(upTo: after.last.index)
            name(after.last)
        } else {
            beginAnew(at: after.last)
        }
        generation = after.generation
        hardState = after.hardState
        settlePromise()
    }

    /// Prepares for a whole group behind a stretch of which nothing is known.
    mutating func bridge(to group: Group) {
        let changes = group.records.count { $0.kind != .entry }
        let generationBefore = group.frame.generation &- UInt64(changes)
        let isGrown = generationBefore == generation
        // Where the log stood before the group, as far as its first record tells.
        let before: EntryID
        switch group.records.first {
        case nil: before = group.frame.last
        case let first? where first.kind == .entry:
            before = EntryID(index: first.index.previous, term: .zero)
        case let first? where first.kind == .truncate:
            // It took away one entry at least.
            let index = isGrown ? max(first.index, lastIndex) : first.index
            before = EntryID(index: index, term: .zero)
        case _?:
            generation = generationBefore
            return
        }
        if isGrown, before.index >= lastIndex {
            lose(upTo: before.index)
        } else {
            beginAnew(at: before)
        }
        generation = generationBefore
    }

    /// Takes over what the header of the next segment says.
    ///
    /// - Returns: whether it goes on where this ends.
    mutating func link(_ header: SegmentHeader) -> Bool {
        let isContinued = isContinued(by: header)
        if isContinued {
            name(header.startsAfter)
            // The last group before it may be lost, and have held nothing but a term and a vote.
            hardState = header.hardState
        } else {
            anchor(header.summary)
        }
        promised = header.promised
        return isContinued
    }

    private mutating func lose(upTo index: LogIndex) {
        while lastIndex < index { slots.append(.lost(nil)) }
    }

    // What lies before is not known to belong to the log any more: it may have been taken away.
    // What the state has applied does; what is behind it is lost.
    private mutating func beginAnew(at end: EntryID) {
        slots = []
        guard end.index > floor.index else {
            logStart = end
            return
        }
        guard end.index.distance(from: floor.index) <= Self.lostMax else {
            // Only beside a lost state: what is between was behind a snapshot that it had.
            isBeginningUnknown = true
            logStart = end
            return
        }
        logStart = floor
        lose(upTo: end.index)
    }

    /// Gives up what the state has applied, and everything that is not certain to continue it.
    mutating func cut(to applied: EntryID) {
        if logStart.index > applied.index {
            let gap = Int(logStart.index.distance(from: applied.index))
            slots =
                [Slot](repeating: .lost(nil), count: gap - 1) + [.lost(logStart.term)] + slots
        } else {
            let isLinked = term(at: applied.index) == applied.term
            slots.removeFirst(Int(applied.index.distance(from: logStart.index)))
            if !isLinked { slots = slots.map { .lost($0.term) } }
        }
        logStart = applied
    }

    /// Notes the terms of lost entries that can be told: terms never go back, so between two
    /// entries of one term all have it.
    mutating func inferTerms() {
        var before = startTerm
        var from: Int?
        for position in slots.indices {
            guard let term = slots[position].term else {
                from = from ?? position
                continue
            }
            if let first = from, before == term {
                for hole in first..<position { slots[hole] = .lost(term) }
            }
            from = nil
            before = term
        }
    }

    /// How many entries there are from the first that was lost on.
    var lostCount: Int { slots.count - entries.count }

    /// Keeps what is whole before the first loss, and promises the rest.
    mutating func keepWhole() {
        let last = last
        let whole = entries
        guard whole.count < slots.count else { return settlePromise() }
        slots = whole.map { .entry($0) }
        // The promise that was there is older only in the order of Raft §5.4.1.
        if !promised.isAtLeastAsUpToDate(as: last) { promised = last }
    }
}

extension Entry {
    /// Index and term.
    var id: EntryID { EntryID(index: index, term: term) }
}
