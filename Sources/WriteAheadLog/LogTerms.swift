internal import RaftCore

/// The terms of the log's entries, in runs: what must be known of a log that is not kept in memory.
struct LogTerms: Equatable {
    private struct Run: Equatable {
        var first: LogIndex
        var term: Term
    }
    // Ascending in both, never empty; a run ends where the next begins.
    private var runs: [Run]
    /// The last entry.
    private(set) var lastIndex: LogIndex

    /// A log that begins behind an entry.
    init(startingAfter entry: EntryID) {
        runs = [Run(first: entry.index, term: entry.term)]
        lastIndex = entry.index
    }

    /// The last entry.
    var last: EntryID { EntryID(index: lastIndex, term: runs[runs.count - 1].term) }

    /// The lowest index whose term is known.
    var first: LogIndex { runs[0].first }

    /// Adds an entry.
    ///
    /// - Precondition: it follows the last one, and its term is not lower.
    mutating func append(_ entry: EntryID) {
        precondition(entry.index == lastIndex.next, "\(entry) behind \(last)")
        precondition(entry.term >= last.term, "\(entry) behind \(last)")
        if entry.term != last.term { runs.append(Run(first: entry.index, term: entry.term)) }
        lastIndex = entry.index
    }

    /// Removes the entries from `index` on.
    ///
    /// - Precondition: the term of the entry before is known.
    /// - Returns: the entry before.
    mutating func truncate(from index: LogIndex) -> EntryID {
        precondition(index > first && index <= lastIndex, "\(index) of \(first)...\(lastIndex)")
        lastIndex = index.previous
        while runs[runs.count - 1].first > lastIndex { runs.removeLast() }
        return last
    }

    /// Forgets the terms before the entry at `index`, or the last one if that comes first.
    mutating func forget(before index: LogIndex) {
        let index = min(index, lastIndex)
        guard index > first else { return }
        while runs.count > 1, runs[1].first <= index { runs.removeFirst() }
        runs[0].first = index
    }
}
