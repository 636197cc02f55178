public import AuthCore

/// All tables as one commit left them, and the state of the machine then.
///
/// Good inside the closure that it is given to. Look-ups after that trap.
public struct ReadView: TableReader {
    /// The applied entry, the configuration and everything else that is told of the same commit.
    public var meta: StateMeta { _read { yield row.value } }
    public var ownRow: StateMeta? { row.value }
    let row: Meta
    let rows: Rows

    /// The machine's row, shared by all views of one commit.
    final class Meta: Sendable {
        let value: StateMeta
        init(_ value: StateMeta) { self.value = value }
    }

    /// What the rows are read from: an enumeration and not an existential, so that the look-up on
    /// the path of each request is a direct call.
    enum Rows {
        case disk(DiskRows)
        case memory(MemoryRows)
    }

    public func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        switch rows {
        case .disk(let rows): try rows.get(table, key)
        case .memory(let rows): try rows.get(table, key)
        }
    }

    public func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        switch rows {
        case .disk(let rows): try rows.scan(table, from: from, upTo: upTo, body)
        case .memory(let rows): try rows.scan(table, from: from, upTo: upTo, body)
        }
    }

    public func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        switch rows {
        case .disk(let rows): try rows.scanReverse(table, from: from, upTo: upTo, body)
        case .memory(let rows): try rows.scanReverse(table, from: from, upTo: upTo, body)
        }
    }
}
