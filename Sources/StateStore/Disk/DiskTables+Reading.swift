internal import AuthCore
internal import LMDB

// Looking rows up, in views and transactions alike: nothing is believed that was not checked.

extension DiskTables {
    /// The value under `key`, or nil, which is believed only if the neighbours are where they
    /// belong.
    ///
    /// - Throws: `damaged`, or what the library says.
    func get(
        _ transaction: borrowing some ReadableTransaction & ~Copyable, _ table: Table,
        _ key: [UInt8]
    ) throws -> [UInt8]? {
        guard let tree = self[table] else { return nil }
        let value = try transaction.withValue(tree, key) { try Self.open(table, key, $0) }
        if let value { return value }
        try transaction.neighbours(tree, of: key) {
            try Self.checkNeighbour(table, key, isBefore: $0, $1, $2)
        }
        return nil
    }

    /// As `TableReader.scan`.
    ///
    /// - Throws: `damaged`, what the library says, or what `body` throws.
    func scan(
        _ transaction: borrowing some ReadableTransaction & ~Copyable, _ table: Table,
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        guard let tree = self[table] else { return }
        var last: [UInt8]?
        try transaction.scan(tree, from: from, upTo: upTo) { key, stored in
            let key = key.bytes
            try Self.checkOrder(table, &last, key, isAscending: true)
            return try body(key, try Self.open(table, key, stored))
        }
    }

    /// As `TableReader.scanReverse`.
    ///
    /// - Throws: as `scan`.
    func scanReverse(
        _ transaction: borrowing some ReadableTransaction & ~Copyable, _ table: Table,
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        guard let tree = self[table] else { return }
        var last: [UInt8]?
        try transaction.scanReverse(tree, below: upTo, downTo: from) { key, stored in
            let key = key.bytes
            try Self.checkOrder(table, &last, key, isAscending: false)
            return try body(key, try Self.open(table, key, stored))
        }
    }
}
