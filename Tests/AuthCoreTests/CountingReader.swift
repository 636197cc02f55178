@testable import AuthCore

/// Notes what is looked for.
struct CountingReader: TableReader {
    final class Looks {
        var count = 0
        /// Scans, and rows that they have shown.
        var scanned = 0
        var all: Int { count + scanned }
    }
    let tables: InMemoryTables
    let looks = Looks()

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        looks.count += 1
        return try tables.get(table, key)
    }
    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        looks.scanned += 1
        try tables.scan(table, from: from, upTo: upTo) {
            looks.scanned += 1
            return try body($0, $1)
        }
    }
    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        looks.scanned += 1
        try tables.scanReverse(table, from: from, upTo: upTo) {
            looks.scanned += 1
            return try body($0, $1)
        }
    }
}
