import RaftCore

/// A log as an onlooker sees it: the terms of its entries. By log matching that is enough to tell
/// two logs apart.
struct TermLog: Equatable {
    /// The entry before the first.
    private(set) var base: EntryID = .zero
    private var terms: [Term] = []

    init() {}

    init(base: EntryID, terms: [Term]) {
        self.base = base
        self.terms = terms
    }

    var last: EntryID { EntryID(index: lastIndex, term: terms.last ?? base.term) }
    var lastIndex: LogIndex { base.index + terms.count }

    /// The term of the entry; nil where the log holds none. What lies before the base is not
    /// known here.
    func term(at index: LogIndex) -> Term? {
        if index == base.index { return base.term }
        guard index > base.index, index <= lastIndex else { return nil }
        return terms[Int(index.distance(from: base.index)) - 1]
    }

    /// Whether the log holds this entry, or a snapshot that covers it.
    func holds(_ entry: EntryID) -> Bool {
        entry.index < base.index || term(at: entry.index) == entry.term
    }

    /// Appends entries, replacing everything from the first one on. False if that leaves a gap.
    mutating func append(_ entries: [Entry]) -> Bool {
        guard let first = entries.first else { return true }
        guard first.index > base.index, first.index <= lastIndex.next else { return false }
        terms.removeLast(Int(lastIndex.next.distance(from: first.index)))
        for entry in entries { terms.append(entry.term) }
        return true
    }

    /// Forgets entries up to and with `index`.
    mutating func trim(upTo index: LogIndex) {
        guard index > base.index, let term = term(at: index) else { return }
        terms.removeFirst(Int(index.distance(from: base.index)))
        base = EntryID(index: index, term: term)
    }
}
