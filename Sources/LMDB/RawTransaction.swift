internal import CLMDB
internal import Glibc

/// What reading and writing transactions have in common: the library's transaction, and reading.
///
/// Borrows the handle: whoever holds this owns it or outlives nobody who does.
@safe struct RawTransaction {
    let handle: OpaquePointer
    let path: String

    /// The number of the snapshot that is read, or of the one being written.
    var id: UInt64 { UInt64(unsafe mdb_txn_id(handle)) }

    /// Calls `body` with the value of `key`, which is borrowed from the map until `body` returns.
    func withValue<R>(
        _ database: Database, _ key: [UInt8], _ body: (RawSpan) throws -> R
    ) throws -> R? {
        guard let value = try unsafe find(database, key) else { return nil }
        // The proof: the library's value points into the map or into a page of this transaction,
        // and stays until the transaction's next change or end; the caller borrows it meanwhile.
        return try body(unsafe value.bytes)
    }

    /// A copy of the value of `key`.
    func get(_ database: Database, _ key: [UInt8]) throws(LMDBError) -> [UInt8]? {
        guard let value = try unsafe find(database, key) else { return nil }
        // The proof: as in `withValue`; the bytes are copied at once.
        return unsafe [UInt8](value)
    }

    private func find(
        _ database: Database, _ key: [UInt8]
    ) throws(LMDBError) -> UnsafeRawBufferPointer? {
        var value = unsafe MDB_val()
        // The proof: the key outlives the call, which only reads it.
        let result = unsafe key.withUnsafeBytes {
            var name = unsafe MDB_val(borrowing: $0)
            return unsafe mdb_get(handle, database.handle, &name, &value)
        }
        if result == MDB_NOTFOUND { return nil }
        try check(result, "mdb_get")
        return unsafe UnsafeRawBufferPointer(value)
    }

    /// Calls `body` with each key from `lower` (inclusive) until `upper` (exclusive; nil: the
    /// end), ascending, until it answers false.
    func scan(
        _ database: Database, from lower: [UInt8], upTo upper: [UInt8]?,
        _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        let cursor = try RawCursor(self, database)
        defer { cursor.close() }
        var isThere = try cursor.seek(lower)
        while isThere {
            // The proof: both point into pages of the transaction, which does not change while
            // `body` runs: a writing transaction is borrowed exclusively to be changed.
            let (key, value) = try unsafe cursor.current()
            if let upper, unsafe key.compare(with: upper) >= 0 { return }
            guard try body(unsafe key.bytes, unsafe value.bytes) else { return }
            isThere = try cursor.move(MDB_NEXT)
        }
    }

    /// Calls `body` with each key below `upper` (nil: from the end) down to `lower` (inclusive),
    /// descending, until it answers false.
    func scanReverse(
        _ database: Database, below upper: [UInt8]?, downTo lower: [UInt8],
        _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        let cursor = try RawCursor(self, database)
        defer { cursor.close() }
        var isThere =
            if let upper, try cursor.seek(upper) {
                try cursor.move(MDB_PREV)
            } else {
                try cursor.move(MDB_LAST)
            }
        while isThere {
            // The proof: as in `scan`.
            let (key, value) = try unsafe cursor.current()
            if unsafe key.compare(with: lower) < 0 { return }
            guard try body(unsafe key.bytes, unsafe value.bytes) else { return }
            isThere = try cursor.move(MDB_PREV)
        }
    }

    /// Calls `body` with the keys on both sides of where `key` is, or would be.
    func neighbours(
        _ database: Database, of key: [UInt8],
        _ body: (_ isBefore: Bool, _ key: RawSpan, _ value: RawSpan) throws -> Void
    ) throws {
        let cursor = try RawCursor(self, database)
        defer { cursor.close() }
        var isThere = try cursor.seek(key)
        if isThere {
            // The proof: as in `scan`.
            let (found, value) = try unsafe cursor.current()
            try body(false, unsafe found.bytes, unsafe value.bytes)
            isThere = try cursor.move(MDB_PREV)
        } else {
            isThere = try cursor.move(MDB_LAST)
        }
        guard isThere else { return }
        // The proof: as in `scan`.
        let (found, value) = try unsafe cursor.current()
        try body(true, unsafe found.bytes, unsafe value.bytes)
    }

    /// The shape of one tree in this snapshot.
    func statistics(_ database: Database) throws(LMDBError) -> DatabaseStatistics {
        var raw = MDB_stat()
        // The proof: the call writes one MDB_stat, which it is given.
        try check(unsafe mdb_stat(handle, database.handle, &raw), "mdb_stat")
        return DatabaseStatistics(raw, name: database.name)
    }

    func check(_ result: Int32, _ operation: String) throws(LMDBError) {
        if result != MDB_SUCCESS {
            throw LMDBError(.init(rawValue: result), operation: operation, path: path)
        }
    }
}

extension MDB_val {
    /// Bytes that the library only reads, during a call for which they are borrowed.
    init(borrowing bytes: UnsafeRawBufferPointer) {
        unsafe self.init(
            mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes that the library answered.
    init(_ value: MDB_val) {
        unsafe self.init(start: value.mv_data, count: value.mv_size)
    }
}
