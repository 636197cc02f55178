internal import AuthCore
internal import LMDB

/// A transaction on the disk.
final class DiskTransaction: StoreTransaction {
    private var transaction: WriteTransaction?
    private let tables: DiskTables
    private var scans = 0

    init(_ transaction: consuming WriteTransaction, _ tables: DiskTables) {
        id = transaction.id
        self.transaction = consume transaction
        self.tables = tables
    }

    /// The number that the commit will have.
    let id: UInt64

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        return try translated { try use { try tables.get($0, table, key) } }
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        try translated { try use { try tables.scan($0, table, from: from, upTo: upTo, body) } }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        try translated {
            try use { try tables.scanReverse($0, table, from: from, upTo: upTo, body) }
        }
    }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        precondition(scans == 0, "a row is put during a scan")
        try checkKey(key)
        guard let tree = tables[table] else { throw DiskTables.TreeMissing(table: table) }
        let stored = DiskTables.seal(table, key, value)
        try change { (changing) throws(LMDBError) in
            try changing.put(tree, key, stored)
        }
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        precondition(scans == 0, "a row is deleted during a scan")
        try checkKey(key)
        guard let tree = tables[table] else { return }
        try change { (changing) throws(LMDBError) in
            try changing.delete(tree, key)
        }
    }

    func commit() throws {
        guard let ending = transaction.take() else {
            preconditionFailure("a second end of a transaction")
        }
        do {
            try ending.commit()
        } catch {
            throw StateStoreError(error)
        }
    }

    func abort() { transaction = nil }

    private func use<R>(_ body: (borrowing WriteTransaction) throws -> R) throws -> R {
        switch transaction {
        case .some(let transaction): return try body(transaction)
        case .none: preconditionFailure("a transaction is used after its end")
        }
    }

    private func change(_ body: (inout WriteTransaction) throws(LMDBError) -> Void) throws {
        guard var changing = transaction.take() else {
            preconditionFailure("a transaction is used after its end")
        }
        do {
            try body(&changing)
            transaction = consume changing
        } catch {
            transaction = consume changing
            throw StateStoreError(error)
        }
    }
}
