internal import AuthCore
internal import RaftCore

extension LMDBStateStore {
    /// What views are opened on. An object, so that a view costs one reference.
    final class Published: Sendable {
        let generation: Generation
        let tables: DiskTables
        // The number of the commit that the row was read from or written by.
        let commit: UInt64
        let row: ReadView.Meta
        // Where the snapshot ended that this state began as.
        let origin: EntryID

        init(
            generation: Generation, tables: DiskTables, commit: UInt64, meta: StateMeta,
            origin: EntryID
        ) {
            self.generation = generation
            self.tables = tables
            self.commit = commit
            self.origin = origin
            row = ReadView.Meta(meta)
        }

        /// What the next commit of the same state has left.
        func next(commit: UInt64, meta: StateMeta) -> Published {
            Published(
                generation: generation, tables: tables, commit: commit, meta: meta, origin: origin)
        }

        /// The same rows, behind a commit that has made trees.
        func withTrees(commit: UInt64) -> Published {
            Published(
                generation: generation, tables: generation.tables, commit: commit,
                meta: row.value, origin: origin)
        }

        var applied: EntryID { row.value.applied }
    }

    struct State {
        // nil: the state was lost, and a peer's is waited for.
        var published: Published?
        var lost: LostState?
        // The number of the state that counts, or of the one that was lost.
        var number: UInt64
        var durable: LogIndex
        var failure: StateStoreError?
        // States that a snapshot has replaced, as long as views are open on them.
        var retired: [Generation] = []
        var incoming: DiskSnapshotSink?
        // While what was received is being put in place, nothing else is received over it.
        var isInstalling = false
        // Why no snapshot is taken any more, once one was of a state that is past this release.
        var tooOld: StateStoreError?
        var exports: UInt64 = 0
    }
}
