internal import ByteCodec

// A log that lost a part to a damaged disk (consensus recovery R8, docs/decisions/0006).

extension RaftCore {
    /// Whether the log has lost a part that it promised to hold, and has not got it back yet.
    ///
    /// Until then this node follows and votes as if it had all of it, and leads nobody.
    var isRepairing: Bool { promised != .zero }

    /// The entry at `index` and all behind it that the disk was asked to keep; nil if it is not in
    /// memory.
    public func log(behind index: LogIndex) -> (start: EntryID, entries: [Entry])? {
        guard index <= log.requested, let term = log.term(at: index) else { return nil }
        return (
            EntryID(index: index, term: term),
            Array(log.entries(after: index, upTo: log.requested))
        )
    }

    /// Ends the repair once the durable log is at least as up to date as it was.
    ///
    /// Then it has every committed entry that it ever acknowledged. Its last entry stands in the
    /// log of the leader that made it. If that is one of a later term than the promised entry's,
    /// the leader had everything committed before (Raft §5.4.3), and its entries stand behind all
    /// of it; if of the same term, one leader made both, and what was promised stands before
    /// (§5.3).
    mutating func endRepair() {
        guard isRepairing, log.lastDurable.isAtLeastAsUpToDate(as: promised) else { return }
        sometimes(.repairEnded)
        promised = .zero
        wakeElectionTimer()
    }
}
