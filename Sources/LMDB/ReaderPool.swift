internal import CLMDB
internal import Synchronization

/// One of the library's read transactions, in use by one view or idle in the pool.
@safe final class Reader: Sendable {
    // The proof: used by the one view that took the reader from the pool, or by the pool under
    // its lock; with NOTLS the library binds it to no thread.
    nonisolated(unsafe) let handle: OpaquePointer
    // When the view began, in steady nanoseconds with the lowest bit set; 0: idle.
    let began = Atomic<UInt64>(0)
    // The number of the view's snapshot; good while `began` is not 0.
    let snapshot = Atomic<UInt64>(0)

    init(handle: OpaquePointer) { unsafe self.handle = handle }
}

/// Read transactions that are reset and renewed instead of made anew, which costs nanoseconds.
final class ReaderPool: Sendable {
    private let state = Mutex(State())
    // How many commits have begun.
    private let commits = Atomic<UInt64>(0)
    private let path: String
    private let maxIdle: Int

    private struct State {
        var idle: [Reader] = []
        var all: [Reader] = []
        /// Those that keep a commit, and are no views.
        var kept = 0
    }

    init(path: String, maxIdle: Int) {
        self.path = path
        self.maxIdle = maxIdle
    }

    /// How many readers are at work.
    var active: Int { state.withLock { $0.all.count - $0.idle.count } }

    /// How many views are open.
    var views: Int { state.withLock { $0.all.count - $0.idle.count - $0.kept } }

    /// A reader on the last commit.
    ///
    /// The library reads which commit is the last, and then copies the roots from one of two meta
    /// pages; the second commit from there on overwrites that page, perhaps under the copy. That
    /// commit begins after the first step. So a copy during which no commit began is whole, and
    /// any other one is made again.
    func take(environment: OpaquePointer, now: UInt64) throws(LMDBError) -> Reader {
        for _ in 0..<64 {
            let before = commits.load(ordering: .acquiring)
            let reader = try unsafe begin(environment)
            if isStill(before) {
                reader.snapshot.store(
                    UInt64(unsafe mdb_txn_id(reader.handle)), ordering: .relaxed)
                reader.began.store(now | 1, ordering: .releasing)
                return reader
            }
            giveBack(reader)
        }
        throw LMDBError(.readerOvertaken, operation: "mdb_txn_renew", path: path)
    }

    /// A reader on the last commit that is none of the views, and the moment when it was taken.
    func takeToKeep(
        environment: OpaquePointer
    ) throws(LMDBError) -> (Reader, moment: UInt64) {
        for _ in 0..<64 {
            let moment = commits.load(ordering: .acquiring)
            let reader = try unsafe begin(environment)
            if isStill(moment) {
                reader.snapshot.store(
                    UInt64(unsafe mdb_txn_id(reader.handle)), ordering: .relaxed)
                state.withLock { $0.kept += 1 }
                return (reader, moment)
            }
            giveBack(reader)
        }
        throw LMDBError(.readerOvertaken, operation: "mdb_txn_renew", path: path)
    }

    /// Lets go of a commit that was kept.
    func endKeeping(_ reader: Reader) {
        state.withLock { $0.kept -= 1 }
        giveBack(reader)
    }

    /// Whether no commit has begun since.
    func isStill(_ moment: UInt64) -> Bool {
        atomicMemoryFence(ordering: .acquiring)
        return commits.load(ordering: .relaxed) == moment
    }

    /// Says that a commit is about to begin; its writer's lock is held.
    func commitBegins() { commits.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Ends a reader's view and keeps the reader for the next one.
    func giveBack(_ reader: Reader) {
        unsafe mdb_txn_reset(reader.handle)
        reader.began.store(0, ordering: .releasing)
        let isKept = state.withLock { state in
            guard state.idle.count < maxIdle else { return false }
            state.idle.append(reader)
            return true
        }
        if !isKept { drop(reader) }
    }

    /// The age of the oldest reader at work, and its snapshot.
    func oldest(now: UInt64) -> (age: UInt64, snapshot: UInt64?) {
        let all = state.withLock { $0.all }
        var oldest: (began: UInt64, snapshot: UInt64)?
        for reader in all {
            let began = reader.began.load(ordering: .acquiring)
            guard began != 0, began < oldest?.began ?? .max else { continue }
            oldest = (began, reader.snapshot.load(ordering: .relaxed))
        }
        guard let oldest else { return (0, nil) }
        return (now > oldest.began ? now - oldest.began : 0, oldest.snapshot)
    }

    /// Ends the idle readers; before the environment closes.
    func close() {
        state.withLock { state in
            for reader in state.idle { unsafe mdb_txn_abort(reader.handle) }
            state = State()
        }
    }

    private func begin(_ environment: OpaquePointer) throws(LMDBError) -> Reader {
        if let reader = state.withLock({ $0.idle.popLast() }) {
            let result = unsafe mdb_txn_renew(reader.handle)
            guard result != MDB_SUCCESS else { return reader }
            drop(reader)
            throw LMDBError(.init(rawValue: result), operation: "mdb_txn_renew", path: path)
        }
        var begun: OpaquePointer?
        let result = unsafe mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &begun)
        guard result == MDB_SUCCESS, let begun = unsafe begun else {
            throw LMDBError(.init(rawValue: result), operation: "mdb_txn_begin", path: path)
        }
        let reader = unsafe Reader(handle: begun)
        state.withLock { $0.all.append(reader) }
        return reader
    }

    private func drop(_ reader: Reader) {
        unsafe mdb_txn_abort(reader.handle)
        state.withLock { $0.all.removeAll { $0 === reader } }
    }
}
