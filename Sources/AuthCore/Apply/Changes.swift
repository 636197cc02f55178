/// The tables of the transaction, with every change taken into the hash of the rows.
///
/// Ownership: made for one entry and used by the thread that applies it.
final class Changes: TableWriter {
    private let base: any TableWriter
    private(set) var hash: StateHash
    /// How many rows were put or deleted.
    private(set) var count = 0

    init(base: any TableWriter, hash: StateHash) {
        self.base = base
        self.hash = hash
    }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? { try base.get(table, key) }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws { try base.scan(table, from: from, upTo: upTo, body) }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws { try base.scanReverse(table, from: from, upTo: upTo, body) }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        precondition(table != .meta || key != StateMeta.key, "the meta row belongs to finish")
        try takeOut(table, key)
        try base.put(table, key, value)
        hash.add(StateHash.row(table, key, value))
        count += 1
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        precondition(table != .meta, "nothing of meta is ever deleted")
        try takeOut(table, key)
        try base.delete(table, key)
        count += 1
    }

    private func takeOut(_ table: Table, _ key: [UInt8]) throws {
        guard let old = try base.get(table, key) else { return }
        hash.subtract(StateHash.row(table, key, old))
    }
}
