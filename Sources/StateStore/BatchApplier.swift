internal import AuthCore
internal import ByteCodec
internal import RaftCore

/// A transaction of a store: dropped unless it is committed.
protocol StoreTransaction: TableWriter {
    /// Makes the changes visible; once.
    func commit() throws
    /// Undoes the changes; after a commit, nothing.
    func abort()
}

/// Runs the state machine over a batch, the same for every store.
struct BatchApplier: Sendable {
    let machine: StateMachine

    /// What a committed batch has brought about.
    struct Batch {
        let entries: [AppliedEntry]
        let meta: StateMeta
        /// As `ApplyResult.levelBeyond`.
        let levelBeyond: UInt32?
    }

    /// Applies `entries` in one transaction, and commits it; only those before the one, if there is
    /// one, from which on the cluster uses a feature level that this release does not know.
    func apply(
        _ entries: [Entry], behind applied: EntryID,
        begin: () throws -> some StoreTransaction
    ) throws -> Batch {
        check(entries, behind: applied)
        do {
            if Planted.appliedIndexApart.isOn {
                return try applyApart(entries, begin: begin)
            }
            let transaction = try begin()
            defer { transaction.abort() }
            let batch = try run(entries, on: transaction)
            try transaction.commit()
            return batch
        } catch let damage as StateDamage {
            throw StateStoreError(.damaged, "table \(damage.table): \(damage.what)")
        }
    }

    /// Checks that this release can go on from a state.
    ///
    /// - Throws: `tooOld`.
    func check(_ meta: StateMeta) throws(StateStoreError) {
        do { try machine.check(meta) } catch {
            throw StateStoreError(
                .tooOld,
                "the cluster uses feature level \(error.cluster), and this release knows only "
                    + "\(machine.supports): start a newer one")
        }
    }

    private func run(_ entries: [Entry], on tables: some TableWriter) throws -> Batch {
        var session = try machine.begin(tables)
        var results: [AppliedEntry] = []
        results.reserveCapacity(entries.count)
        var levelBeyond: UInt32?
        do {
            for entry in entries { results.append(try session.apply(entry, tables)) }
        } catch let error as FeatureLevelTooHigh {
            levelBeyond = error.cluster
        }
        try session.finish(tables)
        let meta = session.meta
        if let last = entries.prefix(results.count).last {
            precondition(
                meta.applied == EntryID(index: last.index, term: last.term),
                "applied \(meta.applied) behind a batch up to \(last.index)")
        }
        return Batch(entries: results, meta: meta, levelBeyond: levelBeyond)
    }

    // The defect: the applied index goes first, in a commit of its own.
    private func applyApart(
        _ entries: [Entry], begin: () throws -> some StoreTransaction
    ) throws -> Batch {
        let rehearsal = try begin()
        let recorder = RecordingTables(rehearsal)
        let batch: Batch
        do {
            defer { rehearsal.abort() }
            batch = try run(entries, on: recorder)
        }
        for isMeta in [true, false] {
            let transaction = try begin()
            defer { transaction.abort() }
            for change in recorder.changes where (change.table == .meta) == isMeta {
                if let value = change.value {
                    try transaction.put(change.table, change.key, value)
                } else {
                    try transaction.delete(change.table, change.key)
                }
            }
            try transaction.commit()
        }
        return batch
    }

    private func check(_ entries: [Entry], behind applied: EntryID) {
        precondition(!entries.isEmpty, "an empty batch")
        var previous = applied
        for entry in entries {
            precondition(
                entry.index == previous.index.next && entry.term >= previous.term,
                "entry \(entry.index)/\(entry.term) behind \(previous)")
            previous = EntryID(index: entry.index, term: entry.term)
        }
    }
}

/// Passes everything on and remembers the changes in order.
final class RecordingTables<Base: TableWriter>: TableWriter {
    struct Change {
        let table: Table
        let key: [UInt8]
        let value: [UInt8]?
    }

    private let base: Base
    private(set) var changes: [Change] = []

    init(_ base: Base) { self.base = base }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? { try base.get(table, key) }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws { try base.scan(table, from: from, upTo: upTo, body) }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws { try base.scanReverse(table, from: from, upTo: upTo, body) }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        try base.put(table, key, value)
        changes.append(Change(table: table, key: key, value: value))
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        try base.delete(table, key)
        changes.append(Change(table: table, key: key, value: nil))
    }
}
