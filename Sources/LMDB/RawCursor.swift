internal import CLMDB
internal import Glibc

/// A place in one tree. Made and closed inside one call of its transaction, which it never leaves.
@safe struct RawCursor {
    private let handle: OpaquePointer
    private let transaction: RawTransaction

    init(_ transaction: RawTransaction, _ database: Database) throws(LMDBError) {
        var opened: OpaquePointer?
        // The proof: the transaction is open as long as its owner is borrowed by the caller.
        let result = unsafe mdb_cursor_open(transaction.handle, database.handle, &opened)
        try transaction.check(result, "mdb_cursor_open")
        guard let opened = unsafe opened else { preconditionFailure("a cursor without a handle") }
        unsafe handle = opened
        self.transaction = transaction
    }

    /// Ends the cursor; before its transaction ends, and once.
    func close() { unsafe mdb_cursor_close(handle) }

    /// Goes to the first key at or behind `key`; false when there is none.
    func seek(_ key: [UInt8]) throws(LMDBError) -> Bool {
        if key.isEmpty { return try move(MDB_FIRST) }
        // The proof: the key outlives the call, which only reads it.
        let result = unsafe key.withUnsafeBytes {
            var name = unsafe MDB_val(borrowing: $0)
            var value = unsafe MDB_val()
            return unsafe mdb_cursor_get(handle, &name, &value, MDB_SET_RANGE)
        }
        return try found(result)
    }

    /// Goes as the operation says; false when there is no key there.
    func move(_ operation: MDB_cursor_op) throws(LMDBError) -> Bool {
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        return try found(unsafe mdb_cursor_get(handle, &key, &value, operation))
    }

    private func found(_ result: Int32) throws(LMDBError) -> Bool {
        if result == MDB_NOTFOUND { return false }
        try transaction.check(result, "mdb_cursor_get")
        return true
    }

    /// The key and the value here, borrowed until the transaction changes or ends.
    func current() throws(LMDBError) -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)
    {
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        let result = unsafe mdb_cursor_get(handle, &key, &value, MDB_GET_CURRENT)
        try transaction.check(result, "mdb_cursor_get")
        return unsafe (UnsafeRawBufferPointer(key), UnsafeRawBufferPointer(value))
    }
}

extension UnsafeRawBufferPointer {
    /// Below, at or above 0 as these bytes come before, at or behind `other` in a tree.
    func compare(with other: [UInt8]) -> Int {
        unsafe other.withUnsafeBytes { other in
            // The proof: both are read over the shorter length, while their owners lend them.
            let length = Swift.min(count, other.count)
            let order = length == 0 ? 0 : unsafe memcmp(baseAddress!, other.baseAddress!, length)
            return order != 0 ? Int(order) : count - other.count
        }
    }
}
