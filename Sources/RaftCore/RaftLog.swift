/// The log of one node in memory: its entries, and how far each stage has come with them.
///
/// ```
///    start    compactable  applied   delivered        committed     durable  requested  last
///  ────┼───────────┼──────────┼──────────┼────────────────┼─────────────┼────────┼────────┼──▶
///      entries begin behind `start`      `delivered` ≤ min(committed, durable)
/// ```
/// `committed` and `durable` may stand in either order: a leader commits by the disks of others
/// (dissertation §10.2.1). Entries are delivered for applying only when both have passed them, so
/// the log on disk always covers the state.
struct RaftLog: Equatable, Sendable {
    /// The entry before the first one in memory.
    private(set) var start: EntryID
    /// Raised whenever a suffix is replaced or the log begins anew, so that completions of what
    /// was there before do not count (etcd/raft `append_aba_race`).
    private(set) var generation: UInt64 = 0
    /// The last entry that was handed to the disk in the present generation.
    private(set) var requested: LogIndex
    /// The last entry that the disk is known to hold in the present generation.
    private(set) var durable: LogIndex
    /// The last entry known to be committed.
    private(set) var committed: LogIndex
    /// The last entry handed out for applying.
    private(set) var delivered: LogIndex
    /// The last entry known to be applied.
    private(set) var applied: LogIndex
    /// The last entry that a durable snapshot covers, so that it may be cut.
    private(set) var compactable: LogIndex
    /// Bytes of the entries at or before `compactable`.
    private(set) var retainedBytes = 0
    /// Bytes of the entries delivered and not yet applied.
    private(set) var applyingBytes = 0
    /// Bytes of the entries committed and not yet applied.
    private(set) var backlogBytes = 0
    /// Bytes of all entries in memory.
    private(set) var bytes = 0
    /// Bytes of all entries that were ever cut off the beginning.
    private(set) var cutBytes: UInt64 = 0

    // The entry at `start.index + 1 + k` stands at `head + k`; slots before `head` are emptied.
    private var slots: [Entry]
    private var head = 0

    /// The log as it was found on the disk.
    init(restored: RestoredState) {
        start = restored.logStart
        slots = restored.entries
        let snapshot = restored.snapshot.last
        let end = restored.logStart.index + restored.entries.count
        precondition(start.index <= snapshot.index, "the log begins behind the state")
        precondition(end >= snapshot.index, "the log ends before the state: acknowledged data lost")
        requested = end
        durable = end
        applied = snapshot.index
        delivered = snapshot.index
        compactable = snapshot.index
        // The hint was durable together with the entries; what lies past the log is not believed.
        committed = max(snapshot.index, min(restored.hardState.commit, end))
        precondition(
            term(at: snapshot.index) == snapshot.term, "log and state disagree at \(snapshot)")
        bytes = sizeBytes(after: start.index, upTo: end)
        retainedBytes = sizeBytes(after: start.index, upTo: compactable)
        backlogBytes = sizeBytes(after: applied, upTo: committed)
    }

    /// How many entries are in memory.
    var count: Int { slots.count - head }
    /// The index of the last entry.
    var lastIndex: LogIndex { start.index + count }
    /// The last entry.
    var last: EntryID { EntryID(index: lastIndex, term: slots.last?.term ?? start.term) }
    /// The last entry that the disk holds.
    var lastDurable: EntryID {
        guard let term = term(at: durable) else {
            preconditionFailure("durable \(durable.rawValue) outside the log")
        }
        return EntryID(index: durable, term: term)
    }

    /// The term of the entry at `index`; nil where there is none in memory.
    func term(at index: LogIndex) -> Term? {
        if index == start.index { return start.term }
        guard index > start.index, index <= lastIndex else { return nil }
        return self[index].term
    }

    /// Whether this log holds just this entry.
    func matches(_ id: EntryID) -> Bool { term(at: id.index) == id.term }

    /// The entry at `index`.
    ///
    /// - Precondition: it is in memory.
    subscript(index: LogIndex) -> Entry {
        precondition(index > start.index && index <= lastIndex, "no entry \(index.rawValue)")
        return slots[head + Int(index.distance(from: start.index)) - 1]
    }

    /// The entries behind `lower`, up to and with `upper`.
    func entries(after lower: LogIndex, upTo upper: LogIndex) -> ArraySlice<Entry> {
        precondition(lower >= start.index && upper <= lastIndex, "outside the log")
        guard lower < upper else { return [] }
        let first = head + Int(lower.distance(from: start.index))
        return slots[first..<(first + Int(upper.distance(from: lower)))]
    }

    /// What the entries behind `lower`, up to and with `upper`, count.
    func sizeBytes(after lower: LogIndex, upTo upper: LogIndex) -> Int {
        precondition(lower >= start.index && upper <= lastIndex, "outside the log")
        guard lower < upper else { return 0 }
        let first = head + Int(lower.distance(from: start.index))
        var sum = 0
        // By position: an iterator would take hold of each payload and let go of it.
        for position in first..<(first + Int(upper.distance(from: lower))) {
            sum += slots[position].sizeBytes
        }
        return sum
    }

    /// As many entries behind `lower` as fit: the first always, more within both limits.
    func page(after lower: LogIndex, bytesMax: Int, countMax: Int) -> ArraySlice<Entry> {
        page(after: lower, upTo: lastIndex, bytesMax: bytesMax, countMax: countMax)
    }

    private func page(
        after lower: LogIndex, upTo upper: LogIndex, bytesMax: Int, countMax: Int
    ) -> ArraySlice<Entry> {
        let all = entries(after: lower, upTo: upper)
        var bytes = 0
        var end = all.startIndex
        while end < all.endIndex, end - all.startIndex < countMax {
            bytes += all[end].sizeBytes
            if bytes > bytesMax && end > all.startIndex { break }
            end += 1
        }
        return all[..<end]
    }

    /// The last entry at or before `index` whose term is at most `term`; the search ends at
    /// `floor`. It is the best guess where two logs that part at `index` may still agree: a whole
    /// term is skipped with each step (Raft §5.3, last paragraphs; etcd/raft `findConflictByTerm`).
    func lastPossibleMatch(
        atOrBefore index: LogIndex, term: Term, floor: LogIndex
    ) -> EntryID {
        precondition(floor >= start.index, "floor \(floor.rawValue) is cut off")
        var candidate = min(index, lastIndex)
        while candidate > floor, let own = self.term(at: candidate), own > term {
            candidate = candidate.previous
        }
        let found = max(candidate, floor)
        guard let own = self.term(at: found) else {
            preconditionFailure("no term at \(found.rawValue)")
        }
        return EntryID(index: found, term: own)
    }
}

// MARK: - Growing and shrinking

extension RaftLog {
    /// Appends one entry of this node's own as leader.
    mutating func append(term: Term, kind: EntryKind, payload: [UInt8]) -> EntryID {
        precondition(term >= last.term, "term \(term.rawValue) behind \(last.term.rawValue)")
        let entry = Entry(index: lastIndex.next, term: term, kind: kind, payload: payload)
        slots.append(entry)
        bytes += entry.sizeBytes
        return EntryID(index: entry.index, term: term)
    }

    /// Appends entries from a leader behind the last one.
    mutating func append(_ entries: ArraySlice<Entry>) {
        precondition(entries.first.map { $0.index == lastIndex.next } ?? true, "gap in the log")
        slots.append(contentsOf: entries)
        bytes += entries.reduce(0) { $0 + $1.sizeBytes }
    }

    /// Removes everything behind `index`, which another leader's entries will replace.
    ///
    /// - Precondition: nothing committed is removed (S4).
    mutating func truncate(after index: LogIndex) {
        precondition(index >= committed, "truncation at \(index.rawValue) of committed entries")
        guard index < lastIndex else { return }
        bytes -= sizeBytes(after: index, upTo: lastIndex)
        slots.removeLast(Int(lastIndex.distance(from: index)))
        generation += 1
        requested = min(requested, index)
        durable = min(durable, index)
    }

    /// Goes on with the same entries behind a snapshot that replaced a lost state.
    mutating func goOn(behind snapshot: EntryID) {
        precondition(matches(snapshot), "the log does not hold \(snapshot)")
        applied = snapshot.index
        delivered = snapshot.index
        compactable = snapshot.index
        committed = max(committed, snapshot.index)
        retainedBytes = sizeBytes(after: start.index, upTo: compactable)
        applyingBytes = 0
        backlogBytes = sizeBytes(after: applied, upTo: committed)
    }

    /// Begins anew behind a snapshot that replaced the state.
    mutating func restart(behind snapshot: EntryID, mayGoBack: Bool = false) {
        precondition(mayGoBack || snapshot.index > committed, "snapshot \(snapshot) goes back")
        slots.removeAll()
        head = 0
        start = snapshot
        generation += 1
        requested = snapshot.index
        durable = snapshot.index
        committed = snapshot.index
        delivered = snapshot.index
        applied = snapshot.index
        compactable = snapshot.index
        retainedBytes = 0
        applyingBytes = 0
        backlogBytes = 0
        bytes = 0
    }

    /// Allows cutting up to and with `index`, but nothing that is not applied.
    mutating func allowCut(upTo index: LogIndex) {
        let limit = min(index, applied)
        guard limit > compactable else { return }
        retainedBytes += sizeBytes(after: compactable, upTo: limit)
        compactable = limit
    }

    /// Cuts the oldest entries, as far as that is allowed, until those that are only kept for
    /// slow followers take at most `bytesMax`; or at most `graceMax`, if more is wanted: what lies
    /// behind `wanted`, by followers that still answer.
    mutating func cut(keepingBytes bytesMax: Int, wanted: LogIndex, graceMax: Int) {
        precondition(graceMax >= bytesMax, "less for whom answers than for whom does not")
        while retainedBytes > bytesMax, start.index < compactable {
            let first = slots[head]
            if first.index > wanted, retainedBytes <= graceMax { break }
            retainedBytes -= first.sizeBytes
            bytes -= first.sizeBytes
            cutBytes += UInt64(first.sizeBytes)
            start = EntryID(index: first.index, term: first.term)
            // The slot lets go of its payload at once; the array shrinks later, all at once.
            slots[head] = Entry(index: first.index, term: first.term, kind: .empty, payload: [])
            head += 1
        }
        if head > slots.count / 2 {
            slots.removeFirst(head)
            head = 0
        }
    }
}

// MARK: - Stages

extension RaftLog {
    /// The entries that the disk was not yet asked to keep; from now on it was.
    mutating func takeUnrequested() -> [Entry] {
        let entries = Array(entries(after: requested, upTo: lastIndex))
        requested = lastIndex
        return entries
    }

    /// Notes that the disk holds everything up to and with `index` of the present generation.
    mutating func becomeDurable(upTo index: LogIndex) {
        durable = max(durable, min(index, requested))
    }

    /// Notes that everything up to and with `index` is committed. False if that was known.
    mutating func commit(upTo index: LogIndex) -> Bool {
        precondition(index <= lastIndex, "commit \(index.rawValue) past \(lastIndex.rawValue)")
        guard index > committed else { return false }
        backlogBytes += sizeBytes(after: committed, upTo: index)
        committed = index
        return true
    }

    /// The next entries to be applied, within `bytesMax` of what is not yet applied; from now on
    /// they are delivered.
    mutating func takeCommitted(bytesMax: Int) -> [Entry] {
        let limit = min(committed, durable)
        guard delivered < limit, applyingBytes < bytesMax else { return [] }
        var entries = page(
            after: delivered, upTo: limit, bytesMax: bytesMax - applyingBytes, countMax: Int.max)
        // `page` gives one entry at least; one that does not fit waits unless nothing is under way.
        if let only = entries.first, entries.count == 1, applyingBytes > 0,
            applyingBytes + only.sizeBytes > bytesMax
        {
            entries = []
        }
        applyingBytes += entries.reduce(0) { $0 + $1.sizeBytes }
        delivered = entries.last?.index ?? delivered
        return Array(entries)
    }

    /// Notes that everything up to and with `index` is applied.
    mutating func apply(upTo index: LogIndex) {
        precondition(index <= delivered, "\(index.rawValue) applied, not delivered")
        guard index > applied else { return }
        let size = sizeBytes(after: applied, upTo: index)
        applyingBytes -= size
        backlogBytes -= size
        applied = index
    }

    /// Checks the order of the stages, and the entries from `entriesMax` before the end on; the
    /// sums over what lies before the backlog only if that is wanted.
    ///
    /// `isWhole` may be left to every so many turns: nothing ever mends a wrong sum but the end of
    /// the process or a log that begins anew, so the next whole look sees it.
    func checkInvariants(entriesMax: Int = 64, isWhole: Bool = true) {
        precondition(start.index <= compactable, "cut past what is covered")
        precondition(compactable <= applied, "cut past what is applied")
        precondition(applied <= delivered, "applied before delivered")
        precondition(delivered <= committed, "delivered before committed")
        precondition(committed <= lastIndex, "committed past the end")
        precondition(durable <= requested && requested <= lastIndex, "durable before requested")
        precondition(applyingBytes >= 0 && retainedBytes >= 0, "negative bytes")
        precondition(backlogBytes >= applyingBytes, "more is applied than committed")
        if isWhole {
            precondition(
                bytes == retainedBytes + sizeBytes(after: compactable, upTo: lastIndex),
                "bytes in memory")
            precondition(
                retainedBytes == sizeBytes(after: start.index, upTo: compactable), "bytes kept")
        }
        precondition(backlogBytes == sizeBytes(after: applied, upTo: committed), "backlog")
        guard head < slots.count else { return }
        let first = max(head, slots.count - entriesMax)
        precondition(slots[first].term >= start.term, "first term before start")
        precondition(slots[slots.count - 1].index == lastIndex, "entries are misplaced")
        // By position, as above.
        for position in (first + 1)..<max(first + 1, slots.count) {
            let (index, term) = (slots[position].index, slots[position].term)
            precondition(index == slots[position - 1].index.next, "gap before \(index.rawValue)")
            precondition(term >= slots[position - 1].term, "term goes back at \(index.rawValue)")
        }
    }
}
