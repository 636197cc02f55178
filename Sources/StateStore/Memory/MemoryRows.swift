internal import AuthCore
internal import RaftCore

/// All tables as one value.
struct MemoryImage: Sendable {
    private var tables = [OrderedRows](repeating: OrderedRows(), count: Table.slots)
    /// Rows whose bytes are not what was written, which the disk's store would notice by their
    /// checksums. Usually none.
    private var damaged: [(table: Table, key: [UInt8])] = []

    subscript(table: Table) -> OrderedRows {
        get { tables[Int(table.rawValue)] }
        _modify { yield &tables[Int(table.rawValue)] }
    }

    /// No rows in any table.
    static let empty = MemoryImage()

    /// Takes changes back, the last one first.
    mutating func revert(_ changes: [RowChange]) {
        for change in changes.reversed() {
            if change.wasDamaged { damaged.append((change.table, change.key)) }
            if let before = change.before {
                self[change.table].put(change.key, before)
            } else {
                self[change.table].delete(change.key)
            }
        }
    }

    /// The same, read without regard to damage.
    var undamaged: MemoryImage {
        var image = self
        image.damaged = []
        return image
    }

    /// Refuses a row that is damaged.
    ///
    /// - Throws: `damaged`.
    func checkRow(_ table: Table, _ key: [UInt8]) throws {
        guard !damaged.isEmpty, damaged.contains(where: { $0 == (table, key) }) else { return }
        throw StateStoreError(.damaged, "table \(table): a value with another checksum")
    }

    /// A row is written anew, or taken away. Returns whether it was damaged.
    mutating func forgetDamage(_ table: Table, _ key: [UInt8]) -> Bool {
        guard !damaged.isEmpty else { return false }
        let count = damaged.count
        damaged.removeAll { $0 == (table, key) }
        return damaged.count < count
    }

    /// Damages a row, if it is there.
    mutating func hurt(_ hurt: RowDamage, _ table: Table, _ key: [UInt8]) {
        guard var value = self[table].get(key) else { return }
        switch hurt {
        case .lost:
            self[table].delete(key)
        case .flipped:
            damaged.append((table, key))
            fallthrough
        case .written:
            if value.isEmpty { value = [0] } else { value[value.count - 1] ^= 1 }
            self[table].put(key, value)
        }
    }

    /// The hash of all rows as they are.
    func rowsHash() -> StateHash {
        var hash = StateHash.empty
        for table in Table.allCases {
            self[table].scan(from: [], upTo: nil) { key, value in
                hash.add(StateHash.row(table, key, value))
                return true
            }
        }
        return hash
    }

    /// Compares all rows with the hash that is kept of them.
    ///
    /// - Throws: `damaged`.
    func check(_ meta: StateMeta) throws -> ScrubReport {
        if let first = damaged.first { try checkRow(first.table, first.key) }
        guard rowsHash() == meta.rowsHash else {
            throw StateStoreError(.damaged, "rows are not those of entry \(meta.applied)")
        }
        let rows = Table.allCases.reduce(0) { $0 + self[$1].count }
        return ScrubReport(applied: meta.applied.index, rows: UInt64(rows), pages: 0)
    }

    /// The same rows, with the hash that belongs to them.
    func rehashed(_ meta: StateMeta) -> (image: MemoryImage, meta: StateMeta) {
        var meta = meta
        meta.rowsHash = rowsHash()
        var made: MemoryImage?
        let transaction = MemoryTransaction(self) { made = $0 }
        do {
            try meta.write(transaction)
            try transaction.commit()
        } catch {
            preconditionFailure("the state's own row: \(error)")
        }
        return (made ?? self, meta)
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
    let wasDamaged: Bool
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
        commits.append((changes, try StateMeta.read(MemoryRows(image: image.undamaged))))
    }
}

extension Table {
    /// One more than the largest raw value: tables are found by it in an array.
    static let slots = allCases.reduce(0) { max($0, Int($1.rawValue)) } + 1
}

/// What a disk may do to a row.
public enum RowDamage: String, CaseIterable, Sendable {
    /// A bit of it is another: its checksum tells.
    case flipped = "flipped-row"
    /// It is not there any more: the hash of the rows tells.
    case lost = "lost-row"
    /// It was computed otherwise than on the other nodes: only they can tell.
    case written = "diverged-row"
}

/// A view of a committed image.
struct MemoryRows: TableReader {
    let image: MemoryImage
    /// Told of damage that is found.
    var health: StoreHealth?

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try checkKey(key)
        try check(table, key)
        return image[table].get(key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        try image[table].scan(from: from, upTo: upTo) { key, value in
            try check(table, key)
            return try body(key, value)
        }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        try image[table].scanReverse(from: from, upTo: upTo) { key, value in
            try check(table, key)
            return try body(key, value)
        }
    }

    private func check(_ table: Table, _ key: [UInt8]) throws {
        do {
            try image.checkRow(table, key)
        } catch let error as StateStoreError {
            health?.note(error)
            throw error
        }
    }
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
        try slot.image.checkRow(table, key)
        return slot.image[table].get(key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        let image = slot.image
        try image[table].scan(from: from, upTo: upTo) { key, value in
            try image.checkRow(table, key)
            return try body(key, value)
        }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        scans += 1
        defer { scans -= 1 }
        let image = slot.image
        try image[table].scanReverse(from: from, upTo: upTo) { key, value in
            try image.checkRow(table, key)
            return try body(key, value)
        }
    }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        precondition(isOpen && scans == 0, "a row is put in a scan or after the end")
        try checkKey(key)
        let wasDamaged = slot.image.forgetDamage(table, key)
        let before = slot.image[table].put(key, value)
        changes.append(
            RowChange(table: table, key: key, before: before, wasDamaged: wasDamaged))
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        precondition(isOpen && scans == 0, "a row is deleted in a scan or after the end")
        try checkKey(key)
        let wasDamaged = slot.image.forgetDamage(table, key)
        guard let before = slot.image[table].delete(key) else { return }
        changes.append(
            RowChange(table: table, key: key, before: before, wasDamaged: wasDamaged))
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
