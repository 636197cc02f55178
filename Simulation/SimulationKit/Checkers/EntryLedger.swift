import RaftCore

/// Every entry that any node ever asked its disk to keep, so that two entries of one index and
/// term are seen to be one (S2), with what came before it.
struct EntryLedger {
    private struct Known {
        let term: Term
        let digest: UInt64
        let termBefore: Term
    }

    // The entry lists of the indexes behind `base`.
    private var base: LogIndex = .zero
    private var known: [[Known]] = []

    /// Notes an entry and the term of the one before it. Nil if all is well.
    mutating func note(_ entry: Entry, termBefore: Term) -> Violation? {
        guard entry.index > base else { return nil }
        let digest = Self.digest(of: entry)
        let slot = Int(entry.index.distance(from: base)) - 1
        while known.count <= slot { known.append([]) }
        for other in known[slot] where other.term == entry.term {
            guard other.digest == digest else {
                return Violation(
                    "S2", "two entries at \(entry.index.rawValue) of term \(entry.term.rawValue)")
            }
            guard other.termBefore == termBefore else {
                return Violation(
                    "S2",
                    "entry \(entry.index.rawValue) of term \(entry.term.rawValue) behind term "
                        + "\(termBefore.rawValue) and behind term \(other.termBefore.rawValue)")
            }
            return nil
        }
        known[slot].append(Known(term: entry.term, digest: digest, termBefore: termBefore))
        return nil
    }

    /// Whether this very entry was ever handed to a disk.
    func isKnown(_ entry: Entry) -> Bool {
        guard entry.index > base else { return true }
        let slot = Int(entry.index.distance(from: base)) - 1
        guard slot < known.count else { return false }
        let digest = Self.digest(of: entry)
        return known[slot].contains { $0.term == entry.term && $0.digest == digest }
    }

    /// Forgets the entries up to and with `index`.
    mutating func forget(upTo index: LogIndex) {
        guard index > base else { return }
        let count = Int(index.distance(from: base))
        known.removeFirst(min(count, known.count))
        base = index
    }

    /// A digest of everything in an entry but its place.
    static func digest(of entry: Entry) -> UInt64 {
        TraceHash.digest(entry.payload) ^ UInt64(entry.kind.rawValue) &* 0x9E37_79B9_7F4A_7C15
    }
}
