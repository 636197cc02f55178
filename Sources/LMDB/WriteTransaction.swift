internal import CLMDB

/// A change of the environment that happens whole or not at all: committing consumes it, dropping
/// it undoes everything. The only one of its environment at its time, and of one thread.
@safe public struct WriteTransaction: ~Copyable {
    private let environment: Environment
    // nil once it was committed or dropped.
    private var handle: OpaquePointer?
    // The first change that failed: such a transaction can only be dropped.
    private var failure: LMDBError?

    init(environment: Environment, handle: OpaquePointer) {
        self.environment = environment
        unsafe self.handle = handle
    }

    deinit {
        guard let handle = unsafe handle else { return }
        unsafe mdb_txn_abort(handle)
        environment.writerEnded()
    }

    var raw: RawTransaction {
        guard let handle = unsafe handle else { preconditionFailure("a transaction that ended") }
        // The proof: the handle is this transaction's, which is borrowed.
        return unsafe RawTransaction(handle: handle, path: environment.path)
    }

    /// The number that its commit will have.
    public var id: UInt64 { raw.id }

    /// A copy of the value of `key` as this transaction has left it, or nil.
    public borrowing func get(
        _ database: Database, _ key: [UInt8]
    ) throws(LMDBError) -> [UInt8]? {
        try raw.get(database, key)
    }

    /// Calls `body` with the value of `key`, lent until `body` returns; nil without the key.
    public borrowing func withValue<R>(
        _ database: Database, _ key: [UInt8], _ body: (RawSpan) throws -> R
    ) throws -> R? {
        try raw.withValue(database, key, body)
    }

    /// As `ReadTransaction.scan`; nothing can be changed while it runs.
    public borrowing func scan(
        _ database: Database, from lower: [UInt8], upTo upper: [UInt8]?,
        _ body: (_ key: RawSpan, _ value: RawSpan) throws -> Bool
    ) throws {
        try raw.scan(database, from: lower, upTo: upper, body)
    }

    /// As `ReadTransaction.scanReverse`; nothing can be changed while it runs.
    public borrowing func scanReverse(
        _ database: Database, below upper: [UInt8]?, downTo lower: [UInt8],
        _ body: (_ key: RawSpan, _ value: RawSpan) throws -> Bool
    ) throws {
        try raw.scanReverse(database, below: upper, downTo: lower, body)
    }

    /// Calls `body` with the last key before `key`, and with the first one behind it or `key`
    /// itself, as far as there are such, and with what lies under them.
    public borrowing func neighbours(
        _ database: Database, of key: [UInt8],
        _ body: (_ isBefore: Bool, _ key: RawSpan, _ value: RawSpan) throws -> Void
    ) throws {
        try raw.neighbours(database, of: key, body)
    }

    /// Makes a tree, or opens it; good for others once this is committed.
    mutating func makeDatabase(_ name: String) throws(LMDBError) -> Database {
        var database: MDB_dbi = 0
        let result = unsafe mdb_dbi_open(raw.handle, name, UInt32(MDB_CREATE), &database)
        try checkChange(result, "mdb_dbi_open \(name)")
        return Database(name: name, handle: database)
    }

    /// Sets the value of `key`.
    ///
    /// A key behind the last one goes to a fresh page when the last page is full, instead of
    /// splitting that in halves: rows that come in ascending order fill their pages.
    ///
    /// - Throws: `mapFull`, `badValueSize`, or the library's code; the transaction can then only
    ///   be dropped.
    public mutating func put(
        _ database: Database, _ key: [UInt8], _ value: [UInt8]
    ) throws(LMDBError) {
        var result = putRaw(database, key, value, flags: MDB_APPEND)
        if result == MDB_KEYEXIST { result = putRaw(database, key, value, flags: 0) }
        try checkChange(result, "mdb_put")
    }

    /// Removes `key`, and answers whether it was there.
    ///
    /// - Throws: as `put`.
    @discardableResult
    public mutating func delete(
        _ database: Database, _ key: [UInt8]
    ) throws(LMDBError) -> Bool {
        let handle = unsafe raw.handle
        // The proof: the key outlives the call, which only reads it.
        let result = unsafe key.withUnsafeBytes {
            var name = unsafe MDB_val(borrowing: $0)
            return unsafe mdb_del(handle, database.handle, &name, nil)
        }
        if result == MDB_NOTFOUND { return false }
        try checkChange(result, "mdb_del")
        return true
    }

    /// Makes the change visible to every view from now on. It is not durable before
    /// `Environment.synchronize`.
    ///
    /// - Throws: `mapFull` or a change's failure before, which end only the transaction; any
    ///   other failure is final for the environment.
    public consuming func commit() throws(LMDBError) {
        if let failure { throw failure }
        let ending = unsafe raw.handle
        // The library frees the transaction whether it commits or fails.
        unsafe handle = nil
        environment.readers.commitBegins()
        let result = unsafe mdb_txn_commit(ending)
        environment.writerEnded()
        guard result != MDB_SUCCESS else { return }
        // The map runs full while the free list is written, before any page of the file is.
        if result == MDB_MAP_FULL { try environment.check(result, "mdb_txn_commit") }
        throw environment.fail(result, "mdb_txn_commit")
    }

    /// Undoes everything.
    public consuming func abort() {}

    private borrowing func putRaw(
        _ database: Database, _ key: [UInt8], _ value: [UInt8], flags: Int32
    ) -> Int32 {
        let handle = unsafe raw.handle
        // The proof: key and value outlive the call, which copies them.
        return unsafe key.withUnsafeBytes { key in
            unsafe value.withUnsafeBytes { value in
                var name = unsafe MDB_val(borrowing: key)
                var content = unsafe MDB_val(borrowing: value)
                return unsafe mdb_put(handle, database.handle, &name, &content, UInt32(flags))
            }
        }
    }

    private mutating func checkChange(
        _ result: Int32, _ operation: String
    ) throws(LMDBError) {
        guard result != MDB_SUCCESS else { return }
        do {
            try environment.check(result, operation)
        } catch {
            failure = failure ?? error
            throw error
        }
    }
}
