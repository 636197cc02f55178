internal import AuthCore
internal import LMDB
internal import RaftCore
internal import Synchronization

/// One open state: an environment, and which of its commits is durable. Closed with its last
/// reference.
final class Generation: Sendable {
    let number: UInt64
    let environment: Environment
    private let path: String
    private let files: StoreFiles
    private let synced: Mutex<Synced>

    /// How many pages the commit that counts after a crash has, free ones included.
    private let syncedPages: Atomic<UInt64>

    private struct Synced: ~Copyable {
        /// Counts what was written to the file.
        var sequence: UInt64
        let file: OpenFile
        /// The commit that counts after a crash.
        var kept: KeptCommit
        /// Whether a sync began that did not come to its end: what a failed one left is unknown,
        /// and the slot before it may be the only one on the disk.
        var hasFailed = false
    }

    /// Opens the state in `path` with the trees that it has and those that every state has.
    ///
    /// - Parameter before: its commit that is durable; nil: the newest, of a release that synced
    ///   each, and this one is noted as synced.
    init(
        _ number: UInt64, path: String, synced before: SyncedCommit?, files: StoreFiles,
        options: EnvironmentOptions
    ) throws {
        self.number = number
        self.path = path
        self.files = files
        let name = path + "/" + SyncedCommit.fileName
        let file: OpenFile
        if let before {
            file = try files.openForUpdate(name)
            // It may have been read from memory, where a killed process left it before a sync took
            // it to the disk: there the one before counts then. So it is written once more before
            // anything is written over what that one needs.
            try before.write(to: file, files)
            try files.perform("restore", path) {
                try MetaPages.restore(file: path + "/data.mdb", to: before.metaPage)
            }
            environment = try Self.open(path, files, options)
        } else {
            environment = try Self.open(path, files, options)
            try files.perform("sync environment", path) { [environment] in
                try environment.synchronize()
            }
            try SyncedCommit.make(
                state: path, metaPage: try environment.keepCommit().metaPage, files)
            file = try files.openForUpdate(name)
        }
        let kept = try environment.keepCommit()
        syncedPages = Atomic(kept.pages)
        synced = Mutex(Synced(sequence: before?.sequence ?? 1, file: file, kept: kept))
    }

    private static func open(
        _ path: String, _ files: StoreFiles, _ options: EnvironmentOptions
    ) throws -> Environment {
        try files.perform("open environment", path) {
            try Environment(
                path: path, databases: DiskTables.names, mayLack: DiskTables.later,
                options: options)
        }
    }

    /// The trees that there are now.
    var tables: DiskTables { DiskTables(environment) }

    /// The machine's row of the last commit, and the number of that commit.
    func readMeta() throws -> (meta: StateMeta, commit: UInt64) {
        let transaction = try environment.beginRead()
        let commit = transaction.id
        let rows = DiskRows(transaction, tables)
        defer { rows.close() }
        return (try StateMeta.read(rows), commit)
    }

    /// Makes a commit durable that was kept before, and lets go of the one that was until now.
    ///
    /// - Throws: any failure is final, since what a failed sync dropped would look written.
    func synchronize(_ commit: KeptCommit) throws {
        try synced.withLock { synced in
            guard !synced.hasFailed else {
                throw StateStoreError(.failed, "a sync of \(path) has failed before")
            }
            guard commit.number > synced.kept.number else { return }
            synced.hasFailed = true
            try files.perform("sync environment", path) { try environment.synchronize() }
            synced.sequence += 1
            try SyncedCommit(sequence: synced.sequence, metaPage: commit.metaPage)
                .write(to: synced.file, files)
            synced.hasFailed = false
            synced.kept = commit
            syncedPages.store(commit.pages, ordering: .relaxed)
        }
    }

    /// By how many bytes the file has grown since the last sync: what commits have freed since
    /// cannot be used again before the next one.
    var unsyncedGrowthBytes: Int {
        let pages = environment.usedPages - Int(syncedPages.load(ordering: .relaxed))
        return max(0, pages) * SyncedCommit.pageBytes
    }

    /// Makes an empty state that begins with `configuration`, durable but for its directory's
    /// name.
    static func make(
        in directory: StoreDirectory, number: UInt64, configuration: ConfState,
        options: EnvironmentOptions
    ) throws {
        let path = directory.state(number)
        let files = directory.files
        try files.makeDirectory(path)
        let made = try files.perform("make environment", path) {
            try Environment(
                path: path, databases: DiskTables.names, mayLack: DiskTables.later,
                options: options)
        }
        let transaction = DiskTransaction(try made.beginWrite(), DiskTables(made))
        defer { transaction.abort() }
        try StateMeta(initial: configuration).write(transaction)
        try files.perform("commit", path) {
            try transaction.commit()
            try made.synchronize()
        }
        try SyncedCommit.make(state: path, metaPage: try made.keepCommit().metaPage, files)
    }
}
