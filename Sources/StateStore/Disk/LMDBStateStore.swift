public import AuthCore
internal import ByteCodec
internal import LMDB
public import RaftCore
internal import Synchronization

/// The store of a node: one LMDB environment, which a snapshot replaces whole.
///
/// Commits are not synced: after a crash the state is that of the last `synchronize`, and the log
/// has the rest. Files: `docs/formats/state.md`.
public final class LMDBStateStore: StateStore {
    private let applier: BatchApplier
    let directory: StoreDirectory
    let options: LMDBStateStoreOptions
    let state: Mutex<State>
    let health: StoreHealth
    // Whether the apply thread is inside: a second one would be a mistake of ours.
    private let isChanging = Atomic<Bool>(false)

    /// Opens the state in a node's data directory, which must exist, or makes an empty one that
    /// begins with `configuration`; removes what a crash left behind, and what was applied since
    /// the last `synchronize` (recovery R2).
    ///
    /// The state is checked whole before it is used. One that is damaged, or was given up before,
    /// is not opened: the store begins without one, see `lost`.
    ///
    /// - Throws: `foreign`, when another release has written it; `tooOld`; `failed`.
    public init(
        directory root: String, machine: StateMachine, configuration: ConfState,
        options: LMDBStateStoreOptions = .init()
    ) throws {
        directory = StoreDirectory(root: root, files: StoreFiles(before: options.beforeFileCall))
        self.options = options
        applier = BatchApplier(machine: machine)
        let directory = directory
        let (found, published) = try translated {
            // A killed process may have left a switch that is seen and not durable.
            try directory.files.synchronizeDirectory(root)
            let found = try Self.find(directory, options)
            guard found.damage == nil else {
                // What a crash left of an installation would be in the way of the next one. If it
                // is not known which state counted, nothing is touched.
                if found.isPointerWhole {
                    try directory.removeLeftovers(except: found.number)
                }
                return (found, Published?.none)
            }
            try directory.removeLeftovers(except: found.number)
            let number = found.number ?? 1
            var synced = found.synced
            if found.number == nil {
                try Generation.make(
                    in: directory, number: number, configuration: configuration,
                    options: options.environment)
                try directory.files.synchronizeDirectory(root)
                try directory.switchCurrent(to: number, willSwitch: {})
                synced = try directory.readSynced(.init(number: number))
            }
            let published = try Self.open(number, synced, directory, options)
            // From here on a release that syncs each commit must not open it: what it wrote would
            // not be what `SYNCED` names.
            if synced == nil { try directory.switchCurrent(to: number, willSwitch: {}) }
            return (found, published)
        }
        if let published { try applier.check(published.row.value) }
        health = StoreHealth(found.damage)
        state = Mutex(
            State(
                published: published, lost: found.damage == nil ? nil : found.lost,
                number: found.number ?? 1, durable: published?.applied.index ?? .zero))
    }

    private static func open(
        _ number: UInt64, _ synced: SyncedCommit?, _ directory: StoreDirectory,
        _ options: LMDBStateStoreOptions
    ) throws -> Published {
        let path = directory.state(number)
        let generation = try Generation(
            number, path: path, synced: synced, files: directory.files,
            options: options.environment)
        try generation.environment.growToReserve()
        let (meta, commit) = try generation.readMeta()
        return Published(
            generation: generation, tables: generation.tables, commit: commit, meta: meta,
            origin: try directory.readOrigin(of: number))
    }

    // MARK: Reading

    public func read<R>(_ body: (ReadView) throws -> R) throws -> R {
        try health.check()
        let (rows, commit, published) = try view()
        defer { rows.close() }
        do {
            // Most views are of the commit that was published last, whose row is known.
            let row =
                commit == published.commit
                ? published.row : ReadView.Meta(try StateMeta.read(rows))
            return try body(ReadView(row: row, rows: .disk(rows)))
        } catch let damage as StateDamage {
            throw note(damage)
        }
    }

    /// A view of a commit, that commit's number, and what was published when it began.
    private func view() throws -> (DiskRows, commit: UInt64, Published) {
        var published = try current()
        while true {
            let transaction = try noting { try published.generation.environment.beginRead() }
            let commit = transaction.id
            // A tree is published before it gets its first row. So if none was since, what is seen
            // has rows in these trees alone.
            let now = published.tables.isComplete ? published : try current()
            if now.tables.count == published.tables.count {
                return (DiskRows(transaction, published.tables, health: health), commit, published)
            }
            published = now
        }
    }

    private func current() throws -> Published {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return try Self.present(state)
        }
    }

    public var applied: EntryID { state.withLock { $0.published?.applied ?? .zero } }

    public var installedSnapshot: EntryID { state.withLock { $0.published?.origin ?? .zero } }

    public var durableAppliedIndex: LogIndex { state.withLock { $0.durable } }

    // MARK: Applying

    public func apply(_ entries: [Entry]) throws -> ApplyResult {
        try changing {
            try removeRetired()
            try health.check()
            while true {
                let before = try usable { try Self.present($0) }
                do {
                    return try apply(entries, to: before)
                } catch let missing as DiskTables.TreeMissing {
                    // Nothing was applied. Views know the trees before they can see the rows.
                    try makeTrees(before.tables.lacking(for: missing.table), of: before)
                }
            }
        }
    }

    private func apply(_ entries: [Entry], to before: Published) throws -> ApplyResult {
        var commit: UInt64 = 0
        let batch = try noting {
            try applier.apply(entries, behind: before.applied) {
                let transaction = DiskTransaction(
                    try translated { try before.generation.environment.beginWrite() },
                    before.tables)
                commit = transaction.id
                return transaction
            }
        }
        let durable = publish(before.next(commit: commit, meta: batch.meta))
        return ApplyResult(
            applied: batch.meta.applied, durable: durable, entries: batch.entries,
            meta: batch.meta, levelBeyond: batch.levelBeyond)
    }

    private func makeTrees(_ names: [String], of before: Published) throws {
        let commit = try noting { try before.generation.environment.makeDatabases(names) }
        _ = publish(before.withTrees(commit: commit))
    }

    /// Shows a commit to views that begin from now on, and answers what is durable.
    private func publish(_ published: Published) -> LogIndex {
        state.withLock { state in
            state.published = published
            return state.durable
        }
    }

    // MARK: Space

    public var isShortOfSpace: Bool {
        guard let environment = state.withLock({ $0.published?.generation.environment }) else {
            return false
        }
        return environment.growthFailure != nil
            || environment.mapFillPercent >= options.mapFillPercentMax
    }

    public func growAhead() throws {
        guard let generation = try usable({ $0.published?.generation }) else { return }
        try changing { try final { try generation.environment.growToReserve() } }
    }

    /// What an operator would want to know of the file and its readers.
    public func statistics() throws -> StoreStatistics {
        let generation = try usable { try Self.present($0).generation }
        return try translated { StoreStatistics(try generation.environment.statistics()) }
    }

    // MARK: Sending snapshots

    public func exportSnapshot() throws -> any SnapshotSource {
        try health.check()
        let (generation, number) = try usable { state in
            state.exports += 1
            return (try Self.present(state).generation, state.exports)
        }
        do {
            return try translated {
                try DiskSnapshotSource(
                    copying: generation, number: number, directory: directory)
            }
        } catch let error as StateStoreError where error.code == .damaged {
            // The state may be, and this notes it then; or only the copy.
            _ = try scrub()
            throw StateStoreError(.busy, "a copy of a state that is whole: \(error)")
        }
    }

    // MARK: Receiving snapshots

    public func receiveSnapshot(_ manifest: SnapshotManifest) throws -> any SnapshotSink {
        guard manifest.kind == .disk else {
            throw StateStoreError(.foreign, "a snapshot of kind \(manifest.kind)")
        }
        let before: DiskSnapshotSink? = try usable { state in
            try refuseStale(manifest, behind: state.published?.applied ?? .zero)
            if let tooOld = state.tooOld { throw tooOld }
            guard !state.isInstalling else {
                throw StateStoreError(.busy, "a snapshot is being installed")
            }
            if let sink = state.incoming, sink.manifest == manifest, !sink.isGivenUp {
                return sink
            }
            // From here on it cannot be installed any more, so that it may be given up.
            defer { state.incoming = nil }
            return state.incoming
        }
        if let before, before.manifest == manifest, !before.isGivenUp { return before }
        before?.giveUp()
        let sink = try DiskSnapshotSink(manifest, directory: directory)
        state.withLock { $0.incoming = sink }
        return sink
    }

    @discardableResult
    public func install(_ manifest: SnapshotManifest) throws -> StateMeta {
        try changing {
            // What is damaged and still open is left to the next start.
            let wasLost = lost != nil
            if !wasLost { try health.check() }
            // Only numbers of the old state are kept here, so that it can be closed below.
            let (applied, number, sink) = try usable { state in
                guard let sink = state.incoming, sink.manifest == manifest, sink.isVerified else {
                    throw StateStoreError(.notReceived, "snapshot up to \(manifest.last)")
                }
                state.isInstalling = true
                return (state.published?.applied ?? .zero, state.number, sink)
            }
            defer { state.withLock { $0.isInstalling = false } }
            try refuseStale(manifest, behind: applied)
            let published = try switchOver(sink, behind: number)
            state.withLock { state in
                if let old = state.published { state.retired.append(old.generation) }
                state.published = published
                state.number = published.generation.number
                state.lost = nil
                state.durable = published.applied.index
                state.incoming = nil
            }
            if wasLost {
                health.recover()
                // What was given up is of no use to anybody any more.
                try final { try directory.files.removeDirectory(directory.state(number)) }
                try final { try directory.files.synchronizeDirectory(directory.root) }
            }
            try removeRetired()
            return published.row.value
        }
    }

    /// Opens what was received under a number of its own, and makes it the state that counts.
    private func switchOver(
        _ sink: DiskSnapshotSink, behind number: UInt64
    ) throws -> Published {
        let next = number + 1
        let path = directory.state(next)
        var isSwitched = false
        do {
            return try translated {
                try sink.move(to: path)
                try directory.writeOrigin(of: next, sink.manifest)
                try directory.files.synchronizeDirectory(directory.root)
                // What was received may have rotted since it came, and the library believes
                // whatever it opens.
                if !Planted.snapshotUnchecked.isOn { try checkFile(path, sink.manifest) }
                // Of the two commits that a copy names only the newer one is whole.
                try SyncedCommit.make(
                    state: path, metaPage: try MetaPages.newest(file: path + "/data.mdb"),
                    directory.files)
                let opened = try Self.open(
                    next, try SyncedCommit.read(state: path, directory.files), directory, options)
                try sink.manifest.verify(opened.row.value)
                try applier.check(opened.row.value)
                try directory.switchCurrent(to: next) { isSwitched = true }
                return opened
            }
        } catch let error as StateStoreError where !isSwitched {
            // The old state counts as before. What was received is given up.
            state.withLock {
                $0.incoming = nil
                if error.code == .tooOld { $0.tooOld = error }
            }
            sink.giveUp()
            try final { try directory.files.removeDirectory(path) }
            throw error
        } catch {
            // Which state counts is unknown until the process starts again.
            throw fail(error)
        }
    }

    /// Checks a received file whole before it counts.
    private func checkFile(_ path: String, _ manifest: SnapshotManifest) throws {
        let file = path + "/data.mdb"
        try directory.files.perform("check", file) {
            try manifest.verify(try StateCheck.ofUnwritten(file: file).meta)
        }
    }

    /// Deletes the states that nobody looks at any more.
    private func removeRetired() throws {
        var retired = state.withLock { state in
            defer { state.retired = [] }
            return state.retired
        }
        var kept: [Generation] = []
        while var generation = retired.popLast() {
            guard isKnownUniquelyReferenced(&generation) else {
                kept.append(generation)
                continue
            }
            let path = directory.state(generation.number)
            try final { try directory.files.removeDirectory(path) }
            try final { try directory.files.synchronizeDirectory(directory.root) }
        }
        state.withLock { $0.retired += kept }
    }

    // MARK: Failure

    /// Calls `body` with the state, unless the store failed before.
    func usable<R>(_ body: (inout sending State) throws -> R) throws -> R {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            if let failure = state.published?.generation.environment.failure {
                throw StateStoreError(failure)
            }
            return try body(&state)
        }
    }

    /// Calls `body`, whose failure is the store's.
    func final<R>(_ body: () throws -> R) throws -> R {
        do {
            return try translated(body)
        } catch {
            throw fail(error)
        }
    }

    private func fail(_ error: any Error) -> StateStoreError {
        let failure = error as? StateStoreError ?? StateStoreError(.failed, "\(error)")
        return state.withLock { state in
            let first = state.failure ?? StateStoreError(.failed, failure.detail)
            state.failure = first
            return first
        }
    }

    private func changing<R>(_ body: () throws -> R) throws -> R {
        precondition(
            !isChanging.exchange(true, ordering: .acquiringAndReleasing),
            "two threads change one store")
        defer { isChanging.store(false, ordering: .releasing) }
        return try body()
    }
}
