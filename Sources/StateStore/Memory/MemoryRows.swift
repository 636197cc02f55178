internal import AuthCore

/// All tables as one value.
struct MemoryImage: Sendable {
    private var tables = [OrderedRows](repeating: OrderedRows(), count: Table.slots)

    subscript(table: Table) -> OrderedRows {
        get { tables[Int(table.rawValue)] }
        _modify { yield &tables[Int(table.rawValue)] }
    }

    /// Whether all tables of both hold the same rows.
    func holdsSameRows(as other: MemoryImage) -> Bool {
        zip(tables, other.tables).allSatisfy { $0.holdsSameRows(as: $1) }
    }
}

extension Table {
    /// One more than the largest raw value: tables are found by it in an array.
    static let slots = allCases.reduce(0) { max($0, Int($1.rawValue)) } + 1
}

/// A view of a committed image.
struct MemoryRows: TableReader {
    let image: MemoryImage

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        return image[table].get(key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws { try image[table].scan(from: from, upTo: upTo, body) }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws { try image[table].scanReverse(from: from, upTo: upTo, body) }
}

/// Refuses the keys that the disk's store refuses.
func checkKey(_ key: [UInt8]) throws {
    guard (1...511).contains(key.count) else {
        throw StateStoreError(.failed, "key of \(key.count) bytes")
    }
}

/// A transaction of the model: its own copy of the image, given back at commit.
final class MemoryTransaction: StoreTransaction {
    private var image: MemoryImage
    private var scans = 0
    private var isOpen = true
    private let onCommit: (MemoryImage) throws -> Void

    init(_ image: MemoryImage, onCommit: @escaping (MemoryImage) throws -> Void) {
        self.image = image
        self.onCommit = onCommit
    }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        return image[table].get(key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        let rows = image[table]
        try rows.scan(from: from, upTo: upTo, body)
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        let rows = image[table]
        try rows.scanReverse(from: from, upTo: upTo, body)
    }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        precondition(isOpen && scans == 0, "a row is put in a scan or after the end")
        try checkKey(key)
        image[table].put(key, value)
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        precondition(isOpen && scans == 0, "a row is deleted in a scan or after the end")
        try checkKey(key)
        image[table].delete(key)
    }

    func commit() throws {
        precondition(isOpen, "a second end of a transaction")
        isOpen = false
        try onCommit(image)
    }

    func abort() { isOpen = false }
}
