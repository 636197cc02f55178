internal import AuthCore
internal import LMDB

/// A view of one commit on the disk. Its end is `close`; whatever is asked afterwards traps.
final class DiskRows: TableReader {
    private var transaction: ReadTransaction?
    private let tables: DiskTables

    init(_ transaction: consuming ReadTransaction, _ tables: DiskTables) {
        self.transaction = consume transaction
        self.tables = tables
    }

    /// Ends the view.
    func close() { transaction = nil }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        return try translated {
            try use { transaction in
                try transaction.withValue(tables[table], key) {
                    try DiskTables.open(table, key, $0)
                }
            }
        }
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        try translated {
            try use { transaction in
                try transaction.scan(tables[table], from: from, upTo: upTo) { key, stored in
                    let key = key.bytes
                    return try body(key, try DiskTables.open(table, key, stored))
                }
            }
        }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        try translated {
            try use { transaction in
                try transaction.scanReverse(tables[table], below: upTo, downTo: from) {
                    key, stored in
                    let key = key.bytes
                    return try body(key, try DiskTables.open(table, key, stored))
                }
            }
        }
    }

    private func use<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
        switch transaction {
        case .some(let transaction): return try body(transaction)
        case .none: preconditionFailure("a view is used after its end")
        }
    }
}
