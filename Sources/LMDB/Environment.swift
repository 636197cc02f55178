internal import CLMDB
internal import Glibc
internal import Synchronization

/// One LMDB file in a directory of its own, open in this process once.
///
/// Opened with `NOTLS` (a read transaction is bound to no thread) and `NOSYNC` (a power loss may
/// leave anything of the commits since the last `synchronize`: the file is taken back to one that
/// was kept, see `KeptCommit`); never with `WRITEMAP` or `NOMEMINIT`.
/// The first failed commit or sync is final: everything afterwards throws `environmentFailed`,
/// because pages that a failed sync dropped would look written to the next one.
///
/// Any thread may read and write. Writers wait for each other; a transaction begins and ends on
/// one thread. The environment closes when the last reference and the last transaction are gone.
@safe public final class Environment: Sendable {
    /// The directory of `data.mdb` and `lock.mdb`.
    public let path: String
    // The proof: the library's environment may be used by any thread (lmdb.h, "caveats"), the
    // pointer never changes, and it is closed only in deinit, when nobody can hold it.
    nonisolated(unsafe) let handle: OpaquePointer
    let readers: ReaderPool
    let options: EnvironmentOptions
    let dataDescriptor: Int32
    let pageSizeBytes: Int
    private let status: Mutex<Status>
    // Whether `status` has a failure, for the path of every view.
    private let hasFailed = Atomic<Bool>(false)

    private struct Status {
        var databases: [Database]
        var failure: LMDBError?
        var writer: UInt?
        var growthTargetBytes = 0
        var growthFailure: Int32?
    }

    /// Opens the file in the directory `path`, makes file and trees when they are not there, and
    /// frees the reader slots that processes left when they were killed.
    ///
    /// - Parameter mayLack: of the names, those of trees that are opened and not made.
    /// - Throws: the library's or the system's code; `databaseMissing` when the environment is
    ///   read-only and lacks a tree.
    public init(
        path: String, databases names: [String], mayLack: Set<String> = [],
        options: EnvironmentOptions = .init()
    ) throws(LMDBError) {
        precondition(Set(names).count == names.count, "two databases of one name")
        let opened = try OpenedEnvironment(
            path: path, databases: names, mayLack: mayLack, options: options)
        self.path = path
        self.options = options
        unsafe handle = opened.handle
        dataDescriptor = opened.dataDescriptor
        pageSizeBytes = opened.pageSizeBytes
        readers = ReaderPool(path: path, maxIdle: options.maxIdleReaders)
        status = Mutex(Status(databases: opened.databases))
    }

    deinit {
        precondition(readers.active == 0, "closed under \(readers.active) readers")
        readers.close()
        unsafe mdb_env_close(handle)
    }

    // MARK: Trees

    /// The trees that are there, of those named at opening, in that order; behind them those that
    /// were made since.
    public var databases: [Database] { status.withLock { $0.databases } }

    /// Makes trees that were named at opening and lacking, in a commit of their own.
    ///
    /// Only transactions that begin afterwards may use them.
    ///
    /// - Returns: the number of the commit.
    /// - Throws: as `write`.
    public func makeDatabases(_ names: [String]) throws -> UInt64 {
        var made: [Database] = []
        let commit = try write { transaction in
            for name in names { made.append(try transaction.makeDatabase(name)) }
            return transaction.id
        }
        status.withLock { $0.databases += made }
        return commit
    }

    // MARK: Transactions

    /// Calls `body` with a view of the last commit, which ends when `body` does.
    public func read<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
        let transaction = try beginRead()
        return try body(transaction)
    }

    /// A view of the last commit, which ends when it is dropped.
    ///
    /// - Throws: `readersFull`, `environmentFailed`, or the library's code.
    public func beginRead() throws(LMDBError) -> ReadTransaction {
        try refuseIfFailed("mdb_txn_begin")
        let reader = try unsafe readers.take(
            environment: handle, now: options.steadyNanoseconds())
        return ReadTransaction(environment: self, reader: reader)
    }

    /// Calls `body` with a transaction, and commits it when `body` returns; a throw drops it.
    ///
    /// - Throws: what `body` throws; `mapFull`; any other failure to commit, which is final.
    public func write<R>(_ body: (inout WriteTransaction) throws -> R) throws -> R {
        var transaction = try beginWrite()
        let result = try body(&transaction)
        try transaction.commit()
        return result
    }

    /// Waits for the writer before, and begins a transaction, which is dropped unless committed.
    ///
    /// - Precondition: this thread holds no other writing transaction.
    /// - Throws: `environmentFailed`, or the library's code.
    public func beginWrite() throws(LMDBError) -> WriteTransaction {
        precondition(!options.isReadOnly, "a writer in a read-only environment")
        let thread = SystemCalls.currentThread
        precondition(
            status.withLock { $0.writer } != thread, "a writing transaction inside another")
        try refuseIfFailed("mdb_txn_begin")
        var begun: OpaquePointer?
        try check(unsafe mdb_txn_begin(handle, nil, 0, &begun), "mdb_txn_begin")
        guard let begun = unsafe begun else {
            preconditionFailure("a transaction without a handle")
        }
        status.withLock { $0.writer = thread }
        growAhead()
        return unsafe WriteTransaction(environment: self, handle: begun)
    }

    /// Makes durable what was committed before this was called. Commits go on meanwhile.
    ///
    /// - Throws: any failure is final.
    public func synchronize() throws(LMDBError) {
        try refuseIfFailed("mdb_env_sync")
        let result = unsafe mdb_env_sync(handle, 1)
        if result != MDB_SUCCESS { throw fail(result, "mdb_env_sync") }
    }

    /// Why the environment refuses everything; nil while it does not.
    public var failure: LMDBError? { status.withLock { $0.failure } }

    // MARK: For the transactions

    /// Records that the writer's transaction ended.
    func writerEnded() {
        status.withLock { status in
            precondition(
                status.writer == SystemCalls.currentThread,
                "a writing transaction ends on another thread than it began on")
            status.writer = nil
        }
    }

    /// Records a final failure, and answers it.
    func fail(_ result: Int32, _ operation: String) -> LMDBError {
        let error = LMDBError(.init(rawValue: result), operation: operation, path: path)
        status.withLock { $0.failure = $0.failure ?? error }
        hasFailed.store(true, ordering: .releasing)
        return error
    }

    func check(_ result: Int32, _ operation: String) throws(LMDBError) {
        if result == MDB_PANIC { throw fail(result, operation) }
        if result != MDB_SUCCESS {
            throw LMDBError(.init(rawValue: result), operation: operation, path: path)
        }
    }

    func refuseIfFailed(_ operation: String) throws(LMDBError) {
        if hasFailed.load(ordering: .acquiring) {
            throw LMDBError(.environmentFailed, operation: operation, path: path)
        }
    }

    func steadyNanoseconds() -> UInt64 { options.steadyNanoseconds() }

    /// The library's own figures.
    func information() -> EnvironmentInformation { unsafe EnvironmentInformation(of: handle) }

    // MARK: Growth

    /// Why the file could not be grown ahead at the last try; nil when it could.
    ///
    /// A full disk is an ordinary condition: commits go on in what was grown before.
    public var growthFailure: Int32? { status.withLock { $0.growthFailure } }

    /// Writes zeros behind the file's end, so that no commit meets a full disk, and no commit's
    /// sync has to make a new size or new extents durable (OSDI'14, Zheng).
    ///
    /// Runs under the library's writer lock: what lies behind the file's end is nobody's. Its
    /// bytes become durable with the next sync.
    private func growAhead() {
        guard options.growthStepBytes > 0 else { return }
        let (sizeBytes, failure) = SystemCalls.sizeBytes(descriptor: dataDescriptor)
        guard failure == 0 else { return status.withLock { $0.growthFailure = failure } }
        let usedBytes = (information().usedPages) * pageSizeBytes
        let target = status.withLock { status in
            if sizeBytes - usedBytes < options.growthReserveBytes,
                status.growthTargetBytes <= sizeBytes
            {
                status.growthTargetBytes = sizeBytes + options.growthStepBytes
            }
            return min(status.growthTargetBytes, options.mapSizeBytes)
        }
        guard target > sizeBytes else { return }
        let count = min(target - sizeBytes, options.growthSliceBytes)
        let result = options.writeZeros(dataDescriptor, sizeBytes, count)
        status.withLock { $0.growthFailure = result == 0 ? nil : result }
    }

    /// How many pages of the file were ever used, by the last commit.
    public var usedPages: Int { information().usedPages }

    /// What lies behind the last page in the file, in bytes: what commits can fill without growing.
    public var reserveBytes: Int {
        let usedBytes = (information().usedPages) * pageSizeBytes
        return max(0, SystemCalls.sizeBytes(descriptor: dataDescriptor).bytes - usedBytes)
    }

    /// Grows the file until the reserve is there, or growing fails.
    public func growToReserve() throws(LMDBError) {
        guard !options.isReadOnly, options.growthStepBytes > 0 else { return }
        // After a failure at least one try is made, however much is left of what was grown before:
        // only a try can find out that there is room again.
        while growthFailure != nil
            || reserveBytes < min(options.growthReserveBytes, options.mapSizeBytes)
        {
            let before = reserveBytes
            let transaction = try beginWrite()
            transaction.abort()
            if growthFailure != nil || reserveBytes <= before { return }
        }
    }
}
