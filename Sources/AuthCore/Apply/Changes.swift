import ByteCodec
import RaftCore

/// The tables of the transaction, with every change mixed into the rolling hash of the state.
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
        try base.put(table, key, value)
        mix(1, table, key, value)
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        precondition(table != .meta, "nothing of meta is ever deleted")
        try base.delete(table, key)
        mix(0, table, key, [])
    }

    /// Mixes in the counters that no row holds, at the end of an entry.
    func mix(_ meta: StateMeta) {
        var writer = ByteWriter(capacity: 64)
        writer.write(UInt8(2))
        writer.write(meta.applied.index.rawValue)
        writer.write(meta.applied.term.rawValue)
        writer.write(meta.lastStamp)
        writer.write(meta.nextSession.rawValue)
        writer.write(meta.nextAudit)
        writer.write(meta.firstAudit)
        writer.write(meta.roleTableVersion)
        hash.combine(writer.bytes)
    }

    private func mix(_ kind: UInt8, _ table: Table, _ key: [UInt8], _ value: [UInt8]) {
        count += 1
        var writer = ByteWriter(capacity: key.count + value.count + 8)
        writer.write(kind)
        writer.write(table.rawValue)
        writer.write(UInt16(key.count))
        writer.write(raw: key)
        writer.write(raw: value)
        hash.combine(writer.bytes)
    }
}
