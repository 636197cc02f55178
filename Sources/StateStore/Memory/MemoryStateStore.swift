public import AuthCore
internal import ByteCodec
public import RaftCore
internal import Synchronization

/// A store that lives in memory, for the simulator and for tests: the semantics of the disk's
/// store in commits, views, durable lag and crashes, with nothing of a disk, and the same answer
/// to the same calls in every run.
///
/// Images are values, so a view costs nothing and keeps what it sees.
public final class MemoryStateStore: StateStore {
    private struct State {
        var image: MemoryImage
        var meta: StateMeta
        // What was committed since the last sync: what the end of the process undoes.
        var undoable: [RowChange] = []
        // What it leaves.
        var durable: EntryID
        var failure: StateStoreError?
        var failsNextCommit = false
        var isShortOfSpace = false
        // Why no snapshot is taken any more, once one was of a state past this release.
        var tooOld: StateStoreError?
        var incoming: MemorySnapshotSink?
        var origin: EntryID
        // Durable: the state was given up.
        var lost: LostState?

        /// The image of a transaction that is over comes back, with what was committed.
        mutating func take(_ slot: ImageSlot) {
            image = slot.image
            for (number, commit) in slot.commits.enumerated() {
                // A sync may come between any two commits.
                if number > 0 { undoable = [] }
                undoable += commit.changes
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
    private let health: StoreHealth

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
        machine: StateMachine, image: MemoryImage, origin: EntryID = .zero,
        lost: LostState? = nil
    ) {
        let meta: StateMeta
        do {
            meta = try StateMeta.read(MemoryRows(image: image.undamaged))
        } catch {
            preconditionFailure("an image without its meta row: \(error)")
        }
        self.init(
            machine: machine,
            state: State(
                image: image, meta: meta, durable: meta.applied, origin: origin, lost: lost))
    }

    private init(machine: StateMachine, state: State) {
        applier = BatchApplier(machine: machine)
        health = StoreHealth(
            state.lost == nil ? nil : StateStoreError(.damaged, "the state was given up"))
        self.state = Mutex(state)
    }

    // MARK: Reading and applying

    public func read<R>(_ body: (ReadView) throws -> R) throws -> R {
        try health.check()
        let (image, meta) = try usable { ($0.image, $0.meta) }
        return try noting {
            try body(
                ReadView(
                    row: ReadView.Meta(meta),
                    rows: .memory(MemoryRows(image: image, health: health))))
        }
    }

    public func apply(_ entries: [Entry]) throws -> ApplyResult {
        try health.check()
        return try noting { try applyAll(entries) }
    }

    private func applyAll(_ entries: [Entry]) throws -> ApplyResult {
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

    public var applied: EntryID {
        state.withLock { $0.lost == nil ? $0.meta.applied : .zero }
    }

    public var installedSnapshot: EntryID { state.withLock { $0.lost == nil ? $0.origin : .zero } }

    // MARK: Damage

    public var damage: StateStoreError? { health.damage }

    public var lost: LostState? { state.withLock { $0.lost } }

    public func observeDamage(_ observer: @escaping @Sendable (StateStoreError) -> Void) {
        health.observe(observer)
    }

    public func scrub() throws -> ScrubReport {
        try health.check()
        let (image, meta) = try usable { ($0.image, $0.meta) }
        return try noting { try image.check(meta) }
    }

    public func giveUp() throws {
        health.note(StateStoreError(.damaged, "given up"))
        try usable { state in
            state.lost =
                state.lost
                ?? LostState(applied: state.meta.applied, installedSnapshot: state.origin)
        }
    }

    private func noting<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as StateStoreError where error.code == .damaged {
            health.note(error)
            throw error
        } catch let damage as StateDamage {
            let error = StateStoreError(.damaged, "table \(damage.table): \(damage.what)")
            health.note(error)
            throw error
        }
    }

    /// Damages a row of the newest state, and of the one before, as a disk does that nobody
    /// watches: its hash stays as it was, but where it was computed otherwise.
    ///
    /// - Parameter number: which row, modulo their number.
    /// - Returns: whether there was a row.
    public func hurtRow(_ hurt: RowDamage, in table: Table, number: UInt64) -> Bool {
        state.withLock { state in
            guard state.lost == nil, let row = state.image[table].row(number) else {
                return false
            }
            state.image.hurt(hurt, table, row.key)
            // As if apply had computed something else: the hash goes with it.
            if hurt == .written { (state.image, state.meta) = state.image.rehashed(state.meta) }
            // The damage is on the disk, and so is what lies around it.
            state.undoable = []
            return true
        }
    }

    /// Flips a bit in what was received of a snapshot. Returns whether there was anything.
    public func hurtIncoming(at place: UInt64) -> Bool {
        state.withLock { $0.incoming }?.hurt(at: place) ?? false
    }

    public var durableAppliedIndex: LogIndex {
        state.withLock { $0.durable.index }
    }

    @discardableResult
    public func synchronize() throws -> LogIndex {
        try usable { state in
            state.becomeDurable()
            return state.durable.index
        }
    }

    public var isSyncOverdue: Bool { false }

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

    /// The store that is found after the process or the machine ended at this moment: as it was
    /// synced last. What was being received is gone.
    ///
    /// - Parameter machine: of the release that is started next; the same one if nil.
    public func afterCrash(machine: StateMachine? = nil) -> MemoryStateStore {
        var (image, undoable, origin) = state.withLock { ($0.image, $0.undoable, $0.origin) }
        image.revert(undoable)
        return MemoryStateStore(
            machine: machine ?? applier.machine, image: image, origin: origin,
            lost: Planted.damagedStateKept.isOn ? nil : lost)
    }

    /// Another store of what this one has committed, synced or not.
    public func copy(machine: StateMachine? = nil) -> MemoryStateStore {
        let (image, origin, lost) = state.withLock { ($0.image, $0.origin, $0.lost) }
        return MemoryStateStore(
            machine: machine ?? applier.machine, image: image, origin: origin,
            lost: Planted.damagedStateKept.isOn ? nil : lost)
    }

    /// The whole state is looked at, as a store on a disk does when it is opened: one that is
    /// damaged is given up.
    public func checkWhenOpened() throws {
        guard lost == nil else { return }
        do {
            _ = try scrub()
        } catch let error as StateStoreError where error.code == .damaged {
            if !Planted.damagedStateKept.isOn { try giveUp() }
        }
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
        try health.check()
        let (image, meta) = try usable { ($0.image, $0.meta) }
        // Damage does not spread: a state is checked whenever it leaves the node.
        _ = try noting { try image.check(meta) }
        return MemorySnapshotSource(image: image, meta: meta)
    }

    public func receiveSnapshot(_ manifest: SnapshotManifest) throws -> any SnapshotSink {
        guard manifest.kind == .model else {
            throw StateStoreError(.foreign, "a snapshot of kind \(manifest.kind)")
        }
        return try usable { state in
            try refuseStale(
                manifest, behind: state.lost == nil ? state.meta.applied : .zero)
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
        // What is damaged and still open is left to the next start.
        let wasLost = lost != nil
        if !wasLost { try health.check() }
        let meta = try usable { state in
            guard let sink = state.incoming, sink.manifest == manifest, sink.isVerified else {
                throw StateStoreError(.notReceived, "snapshot up to \(manifest.last)")
            }
            state.incoming = nil
            try refuseStale(
                manifest, behind: state.lost == nil ? state.meta.applied : .zero)
            // What was received may have rotted since it came.
            let image = try sink.takeVerified()
            let meta = try StateMeta.read(MemoryRows(image: image))
            do throws(StateStoreError) { try applier.check(meta) } catch {
                state.tooOld = error
                throw error
            }
            state.image = image
            state.meta = meta
            state.becomeDurable()
            state.origin = manifest.last
            state.lost = nil
            return meta
        }
        if wasLost { health.recover() }
        return meta
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
