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
        return try watched { try use { try tables.get($0, table, key) } }
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        try watched { try use { try tables.scan($0, table, from: from, upTo: upTo, body) } }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        try watched {
            try use { try tables.scanReverse($0, table, from: from, upTo: upTo, body) }
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
