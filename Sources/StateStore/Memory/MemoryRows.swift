internal import AuthCore

/// All tables as one value.
struct MemoryImage: Sendable {
    private var tables = [OrderedRows](repeating: OrderedRows(), count: Table.slots)

    subscript(table: Table) -> OrderedRows {
        get { tables[Int(table.rawValue)] }
        _modify { yield &tables[Int(table.rawValue)] }
    }

    /// No rows in any table.
    static let empty = MemoryImage()

    /// Takes changes back, the last one first.
    mutating func revert(_ changes: [RowChange]) {
        for change in changes.reversed() {
            if let before = change.before {
                self[change.table].put(change.key, before)
            } else {
                self[change.table].delete(change.key)
            }
        }
    }

    /// Whether all tables of both hold the same rows.
    func holdsSameRows(as other: MemoryImage) -> Bool {
        zip(tables, other.tables).allSatisfy { $0.holdsSameRows(as: $1) }
    }
}

/// What a transaction did to a row, so that it can be undone.
struct RowChange: Sendable {
    let table: Table
    let key: [UInt8]
    /// The value before; nil: there was no row.
    let before: [UInt8]?
}

/// Holds the image that a transaction works on. As long as nobody else holds it, a change copies
/// nothing.
final class ImageSlot {
    var image: MemoryImage
    /// What was committed so far.
    var commits: [(changes: [RowChange], meta: StateMeta)] = []

    init(_ image: MemoryImage) { self.image = image }

    /// Notes a commit of these changes.
    func commit(_ changes: [RowChange]) throws {
        commits.append((changes, try StateMeta.read(MemoryRows(image: image))))
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

/// A transaction of the model: changes an image in its place, and takes the changes back unless it
/// is committed.
final class MemoryTransaction: StoreTransaction {
    private let slot: ImageSlot
    private var changes: [RowChange] = []
    private var scans = 0
    private var isOpen = true
    private let onCommit: ([RowChange]) throws -> Void

    init(_ slot: ImageSlot, onCommit: @escaping ([RowChange]) throws -> Void) {
        self.slot = slot
        self.onCommit = onCommit
    }

    /// A transaction with a copy of an image, given back at commit.
    convenience init(_ image: MemoryImage, onCommit: @escaping (MemoryImage) throws -> Void) {
        let slot = ImageSlot(image)
        self.init(slot) { _ in try onCommit(slot.image) }
    }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        return slot.image[table].get(key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        let rows = slot.image[table]
        try rows.scan(from: from, upTo: upTo, body)
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        let rows = slot.image[table]
        try rows.scanReverse(from: from, upTo: upTo, body)
    }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        precondition(isOpen && scans == 0, "a row is put in a scan or after the end")
        try checkKey(key)
        let before = slot.image[table].put(key, value)
        changes.append(RowChange(table: table, key: key, before: before))
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        precondition(isOpen && scans == 0, "a row is deleted in a scan or after the end")
        try checkKey(key)
        guard let before = slot.image[table].delete(key) else { return }
        changes.append(RowChange(table: table, key: key, before: before))
    }

    func commit() throws {
        precondition(isOpen, "a second end of a transaction")
        do {
            try onCommit(changes)
            isOpen = false
        } catch {
            abort()
            throw error
        }
    }

    func abort() {
        guard isOpen else { return }
        isOpen = false
        slot.image.revert(changes)
    }
}
