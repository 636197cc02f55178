internal import AuthCore
internal import LMDB

/// A view of one commit on the disk. Its end is `close`; whatever is asked afterwards traps.
final class DiskRows: TableReader {
    private var transaction: ReadTransaction?
    private let tables: DiskTables
    private let health: StoreHealth?

    /// - Parameter health: told of damage that is found.
    init(
        _ transaction: consuming ReadTransaction, _ tables: DiskTables, health: StoreHealth? = nil
    ) {
        self.transaction = consume transaction
        self.tables = tables
        self.health = health
    }

    /// Ends the view.
    func close() { transaction = nil }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        return try watched {
            try use { transaction in
                let value = try transaction.withValue(tables[table], key) {
                    try DiskTables.open(table, key, $0)
                }
                if let value { return value }
                try transaction.neighbours(tables[table], of: key) {
                    try DiskTables.checkNeighbour(table, key, isBefore: $0, $1, $2)
                }
                return nil
            }
        }
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        var last: [UInt8]?
        try watched {
            try use { transaction in
                try transaction.scan(tables[table], from: from, upTo: upTo) { key, stored in
                    let key = key.bytes
                    try DiskTables.checkOrder(table, &last, key, isAscending: true)
                    return try body(key, try DiskTables.open(table, key, stored))
                }
            }
        }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        var last: [UInt8]?
        try watched {
            try use { transaction in
                try transaction.scanReverse(tables[table], below: upTo, downTo: from) {
                    key, stored in
                    let key = key.bytes
                    try DiskTables.checkOrder(table, &last, key, isAscending: false)
                    return try body(key, try DiskTables.open(table, key, stored))
                }
            }
        }
    }

    private func watched<R>(_ body: () throws -> R) throws -> R {
        do {
            return try translated(body)
        } catch let error as StateStoreError where error.code == .damaged {
            health?.note(error)
            throw error
        }
    }

    private func use<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
        switch transaction {
        case .some(let transaction): return try body(transaction)
        case .none: preconditionFailure("a view is used after its end")
        }
    }
}
