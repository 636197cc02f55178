public import AuthCore
public import RaftCore

/// The replicated state of one node: tables that the committed entries of the log are applied to.
///
/// A batch of entries changes data, applied index, term, configuration, request records and state
/// hash in one transaction, so a crash leaves all of them or none (etcd #13766 is what happens
/// otherwise).
///
/// Any thread may read and export; `apply`, `growAhead` and `install` belong to one thread, the
/// apply thread. The first failed commit or sync is final: everything afterwards throws `failed`.
public protocol StateStore: AnyObject, Sendable {
    /// Calls `body` with a view of the last commit, which no later commit changes.
    ///
    /// The view ends when `body` does: keep nothing of it but what it answered, and do not wait
    /// inside, because the file grows under long views.
    ///
    /// - Throws: what `body` throws; `busy` when there are too many views at once; `failed`.
    func read<R>(_ body: (ReadView) throws -> R) throws -> R

    /// Applies committed entries in one transaction, and makes the result visible to views opened
    /// from now on.
    ///
    /// Stops before an entry from which on the cluster uses what this release does not know.
    ///
    /// - Precondition: the entries follow the applied one, without a gap, and are not empty.
    /// - Throws: `full` (nothing has happened, and it may be tried again), `damaged`, `failed`.
    func apply(_ entries: [Entry]) throws -> ApplyResult

    /// Why the state may not be believed, as it was first found; nil while it may. From then on
    /// reading, applying and exporting throw this, for the life of the store.
    var damage: StateStoreError? { get }

    /// What the state had that had to be given up; nil: there is a state. Without one only a
    /// snapshot can be received and installed, from whatever entry it is.
    var lost: LostState? { get }

    /// Tells of damage when it is found, on the thread that finds it; at once if it was before.
    func observeDamage(_ observer: @escaping @Sendable (StateStoreError) -> Void)

    /// Reads the whole state and compares it with the hash that it keeps of itself, while reading
    /// and applying go on. Any thread but the apply thread.
    ///
    /// - Throws: `damaged`; `busy` when commits passed by too fast; `failed`.
    func scrub() throws -> ScrubReport

    /// Gives the state up, durably: it will not be opened again.
    func giveUp() throws

    /// The last entry that views opened from now on have seen, at least.
    var applied: EntryID { get }

    /// The last entry of the newest snapshot that was installed in place of the state; zero if
    /// none ever was. A log that does not reach it was cut off in the middle of the installation.
    var installedSnapshot: EntryID { get }

    /// The last entry whose effect no end of the process can undo: what was applied when the last
    /// `synchronize` began (consensus D6). The log may be trimmed up to here and no further.
    var durableAppliedIndex: LogIndex { get }

    /// Makes what is applied now durable, while reading and applying go on. Any thread.
    ///
    /// The state that is opened after a crash of the process or of the machine is that of the last
    /// one; an installed snapshot is durable by itself.
    ///
    /// - Returns: `durableAppliedIndex` afterwards.
    /// - Throws: `busy`, when it may be tried again; `damaged`; `failed`.
    @discardableResult
    func synchronize() throws -> LogIndex

    /// Whether so much was applied since the last sync that nothing more should be before the next:
    /// the file grows, and does not become smaller again.
    var isSyncOverdue: Bool { get }

    /// Whether the disk has no room for the store to grow ahead. What is committed goes on being
    /// applied in what was grown before; nothing new should be promised.
    var isShortOfSpace: Bool { get }

    /// Tries to grow ahead again, after the disk was full.
    func growAhead() throws

    /// Makes a consistent, durable copy of the last commit while applying goes on.
    func exportSnapshot() throws -> any SnapshotSource

    /// Begins to receive a snapshot, or goes on with the same one where it stopped.
    ///
    /// Another snapshot that was being received is given up.
    ///
    /// - Throws: `stale` when the store has applied as much already; `foreign` when the snapshot
    ///   is of another kind of store; `tooOld` once `install` has thrown that; `failed`.
    func receiveSnapshot(_ manifest: SnapshotManifest) throws -> any SnapshotSink

    /// Replaces the whole state by the snapshot that was received and verified.
    ///
    /// Views that are open finish on the old state. When this returns, the new state is durable,
    /// and nothing of the old one will ever be read again.
    ///
    /// - Throws: `notReceived`, or `stale` when the store has applied as much already; `tooOld`
    ///   when this release cannot go on from it; before the
    ///   switch any other error leaves the old state as it was, after it `failed` is final.
    @discardableResult
    func install(_ manifest: SnapshotManifest) throws -> StateMeta
}

extension StateStore {
    /// The index of `applied`.
    public var appliedIndex: LogIndex { applied.index }
}

/// What applying a batch has brought about.
public struct ApplyResult: Sendable {
    /// The last entry that was applied: of the batch, unless `levelBeyond` says otherwise.
    public let applied: EntryID
    /// As `StateStore.durableAppliedIndex` after the batch.
    public let durable: LogIndex
    /// One for each entry, in order.
    public let entries: [AppliedEntry]
    /// The state of the machine after the batch.
    public let meta: StateMeta
    /// The feature level that the entry behind `applied` brings into use and this release does not
    /// know: nothing more can be applied until the node is upgraded. Nil when all were applied.
    public let levelBeyond: UInt32?
}
