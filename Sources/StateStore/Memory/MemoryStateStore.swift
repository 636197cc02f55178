public import AuthCore
public import RaftCore
internal import Synchronization

/// A store that lives in memory, for the simulator and for tests: the semantics of the disk's
/// store in commits, views, durable lag and crashes, with nothing of a disk, and the same answer
/// to the same calls in every run.
///
/// Images are values, so a view costs nothing and keeps what it sees.
public final class MemoryStateStore: StateStore {
    /// How a node ends without being asked.
    public enum Crash: Sendable {
        /// The process is killed: every commit stays, because the page cache does.
        case kill
        /// The power goes: the last commit may be undone, unless it was made durable.
        case powerLoss(undoesLastCommit: Bool)
    }

    private struct State {
        var image: MemoryImage
        var meta: StateMeta
        // The last commit, unless it is durable: what a power loss may undo.
        var undoable: [RowChange] = []
        // What a power loss would leave at worst.
        var durable: EntryID
        var failure: StateStoreError?
        var failsNextCommit = false
        var isShortOfSpace = false
        // Why no snapshot is taken any more, once one was of a state past this release.
        var tooOld: StateStoreError?
        var incoming: MemorySnapshotSink?
        var origin: EntryID

        /// The image of a transaction that is over comes back, with what was committed.
        mutating func take(_ slot: ImageSlot) {
            image = slot.image
            for commit in slot.commits {
                // The sync of this commit makes the one before it durable.
                durable = meta.applied
                undoable = commit.changes
                meta = commit.meta
            }
        }

        mutating func becomeDurable() {
            durable = meta.applied
            undoable = []
        }
    }

    private let applier: BatchApplier
    private let state: Mutex<State>

    /// An empty store of a node that begins with `configuration`.
    public convenience init(machine: StateMachine, configuration: ConfState) {
        var image = MemoryImage()
        var made: MemoryImage?
        let transaction = MemoryTransaction(image) { made = $0 }
        do {
            try StateMeta(initial: configuration).write(transaction)
            try transaction.commit()
        } catch {
            preconditionFailure("the first row of an empty store: \(error)")
        }
        if let made { image = made }
        self.init(machine: machine, image: image)
    }

    private convenience init(
        machine: StateMachine, image: MemoryImage, origin: EntryID = .zero
    ) {
        let meta: StateMeta
        do {
            meta = try StateMeta.read(MemoryRows(image: image))
        } catch {
            preconditionFailure("an image without its meta row: \(error)")
        }
        self.init(
            machine: machine,
            state: State(image: image, meta: meta, durable: meta.applied, origin: origin))
    }

    private init(machine: StateMachine, state: State) {
        applier = BatchApplier(machine: machine)
        self.state = Mutex(state)
    }

    // MARK: Reading and applying

    public func read<R>(_ body: (ReadView) throws -> R) throws -> R {
        let (image, meta) = try usable { ($0.image, $0.meta) }
        return try body(
            ReadView(row: ReadView.Meta(meta), rows: .memory(MemoryRows(image: image))))
    }

    public func apply(_ entries: [Entry]) throws -> ApplyResult {
        try usable { state in
            let failure =
                state.failsNextCommit
                ? StateStoreError(.failed, "commit, by order of the test") : nil
            let slot = ImageSlot(state.image)
            // Now the slot alone holds the image. Who reads waits for the lock.
            state.image = .empty
            let result = Result {
                try applier.apply(entries, behind: state.meta.applied) {
                    MemoryTransaction(slot) { changes in
                        if let failure { throw failure }
                        try slot.commit(changes)
                    }
                }
            }
            state.take(slot)
            do {
                let batch = try result.get()
                return ApplyResult(
                    applied: batch.meta.applied, durable: state.durable.index,
                    entries: batch.entries, meta: batch.meta,
                    levelBeyond: batch.levelBeyond)
            } catch let error as StateStoreError where error == failure {
                state.failure = failure
                throw error
            }
        }
    }

    public var applied: EntryID { state.withLock { $0.meta.applied } }

    public var installedSnapshot: EntryID { state.withLock { $0.origin } }

    public var durableAppliedIndex: LogIndex {
        state.withLock { $0.durable.index }
    }

    public func forceSync() throws { try usable { $0.becomeDurable() } }

    // MARK: Space

    public var isShortOfSpace: Bool { state.withLock { $0.isShortOfSpace } }

    public func growAhead() throws { try usable { _ in } }

    /// Fills the modelled disk, or gives it room again.
    public func setShortOfSpace(_ isShort: Bool) {
        state.withLock { $0.isShortOfSpace = isShort }
    }

    /// Makes the next commit fail, which is final.
    public func failNextCommit() { state.withLock { $0.failsNextCommit = true } }

    // MARK: Crashes

    /// The store that is found after a crash at this moment. What was being received is gone.
    ///
    /// - Parameter machine: of the release that is started next; the same one if nil.
    public func afterCrash(
        _ crash: Crash, machine: StateMachine? = nil
    ) -> MemoryStateStore {
        var (image, undoable, origin) = state.withLock { ($0.image, $0.undoable, $0.origin) }
        if case .powerLoss(undoesLastCommit: true) = crash { image.revert(undoable) }
        return MemoryStateStore(machine: machine ?? applier.machine, image: image, origin: origin)
    }

    /// Whether the newest states of both hold the same rows.
    ///
    /// - Throws: the failure of a store that had one.
    public func holdsSameRows(as other: MemoryStateStore) throws -> Bool {
        let (mine, theirs) = (
            try usable { $0.image }, try other.usable { $0.image }
        )
        return mine.holdsSameRows(as: theirs)
    }

    /// Keeps its newest rows in the memory of another store's, so that later comparisons have
    /// little to look into.
    ///
    /// - Precondition: both hold the same rows.
    public func shareRows(with other: MemoryStateStore) throws {
        let image = try other.usable { $0.image }
        try usable { $0.image = image }
    }

    // MARK: Snapshots

    public func exportSnapshot() throws -> any SnapshotSource {
        let (image, meta) = try usable { ($0.image, $0.meta) }
        return MemorySnapshotSource(image: image, meta: meta)
    }

    public func receiveSnapshot(_ manifest: SnapshotManifest) throws -> any SnapshotSink {
        guard manifest.kind == .model else {
            throw StateStoreError(.foreign, "a snapshot of kind \(manifest.kind)")
        }
        return try usable { state in
            try refuseStale(manifest, behind: state.meta.applied)
            if let tooOld = state.tooOld { throw tooOld }
            if let sink = state.incoming, sink.manifest == manifest { return sink }
            state.incoming?.giveUp()
            let sink = MemorySnapshotSink(manifest)
            state.incoming = sink
            return sink
        }
    }

    @discardableResult
    public func install(_ manifest: SnapshotManifest) throws -> StateMeta {
        try usable { state in
            guard let sink = state.incoming, sink.manifest == manifest, let image = sink.verified
            else { throw StateStoreError(.notReceived, "snapshot up to \(manifest.last)") }
            state.incoming = nil
            try refuseStale(manifest, behind: state.meta.applied)
            let meta = try StateMeta.read(MemoryRows(image: image))
            do throws(StateStoreError) { try applier.check(meta) } catch {
                state.tooOld = error
                throw error
            }
            state.image = image
            state.meta = meta
            state.becomeDurable()
            state.origin = manifest.last
            return meta
        }
    }

    /// Calls `body` with the state, unless a commit failed before.
    private func usable<R: Sendable>(_ body: (inout State) throws -> R) throws -> R {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }
}

/// Refuses a snapshot that brings nothing new (S13).
func refuseStale(_ manifest: SnapshotManifest, behind applied: EntryID) throws {
    guard manifest.last.index > applied.index else {
        throw StateStoreError(.stale, "snapshot up to \(manifest.last), applied \(applied)")
    }
}
