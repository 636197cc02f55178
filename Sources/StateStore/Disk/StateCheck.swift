internal import AuthCore
internal import ByteCodec
internal import LMDB

/// Reads a whole state from its file and compares it with what it says of itself: every page, the
/// checksum of every row, and the hash of all rows together, which a lost row would change.
///
/// It reads the file and not the map, so nothing that it finds can end the process.
struct StateCheck {
    /// What was read.
    let meta: StateMeta
    let rows: UInt64
    let pages: UInt64

    /// Checks one commit.
    ///
    /// - Parameters:
    ///   - commit: one that a view holds open; nil: that of `metaPage`.
    ///   - metaPage: of a commit in a file that nobody writes; nil: of its newest.
    ///   - workers: how trees are read at once.
    /// - Returns: nil when the commit was overtaken by later ones.
    /// - Throws: `damaged`; `busy` when it cannot be looked into; `foreign` when another release
    ///   has written it.
    static func run(
        file: String, commit: UInt64? = nil, metaPage: [UInt8]? = nil,
        workers: FileCheck.Workers = .alone
    ) throws -> StateCheck? {
        do {
            return try read(file: file, commit: commit, metaPage: metaPage, workers: workers)
        } catch let failure as FileDamage where failure.isUnavailable {
            throw StateStoreError(.busy, "\(file): \(failure)")
        } catch let damage as FileDamage {
            throw StateStoreError(.damaged, "\(file): \(damage)")
        } catch let damage as StateDamage {
            throw StateStoreError(.damaged, "\(file): \(damage.table): \(damage.what)")
        } catch let other as StateFormatUnknown {
            throw StateStoreError(.foreign, "\(file): a state of version \(other.version)")
        }
    }

    /// Checks the file of a state that nobody writes: the commit of `metaPage`, or the newest.
    ///
    /// - Throws: as `run`.
    static func ofUnwritten(
        file: String, metaPage: [UInt8]? = nil, workers: FileCheck.Workers = .alone
    ) throws -> StateCheck {
        guard let check = try run(file: file, metaPage: metaPage, workers: workers) else {
            preconditionFailure("\(file): a file that nobody writes was overtaken")
        }
        return check
    }

    private static func read(
        file: String, commit: UInt64?, metaPage: [UInt8]?, workers: FileCheck.Workers
    ) throws -> StateCheck? {
        let check = try FileCheck(
            path: file, databases: DiskTables.names, mayLack: DiskTables.later)
        let found = try check.run(
            commit: commit, metaPage: metaPage, workers: workers, visitor: { RowSums() })
        guard let found else { return nil }
        let rows = found.visitors.reduce(0) { $0 + $1.rows }
        guard let own = found.visitors.compactMap(\.own).first else {
            throw StateStoreError(.damaged, "\(file): the state's own row is not there")
        }
        let meta = try StateMeta(ownRow: own)
        var hash = StateHash.empty
        for visitor in found.visitors { hash.add(visitor.hash) }
        guard meta.rowsHash == hash else {
            throw StateStoreError(
                .damaged, "\(file): \(rows) rows are not those of entry \(meta.applied)")
        }
        return StateCheck(meta: meta, rows: rows, pages: found.summary.pages)
    }
}

/// Adds up the rows that one thread reads, and checks each.
private struct RowSums: FileCheck.Visitor {
    private static let tables = Table.allCases

    var hash = StateHash.empty
    var rows: UInt64 = 0
    /// The state's own row, where it was among them.
    var own: [UInt8]?
    private var scratch: [UInt8] = []

    mutating func visit(
        database: Int, key: Span<UInt8>, value stored: Span<UInt8>
    ) throws {
        let table = Self.tables[database]
        let value = stored.extracting(first: try DiskTables.check(table, key, stored))
        rows += 1
        if table == .meta {
            let (key, value) = ([UInt8](copying: key), [UInt8](copying: value))
            if StateMeta.isOwnRow(table, key) { own = value }
        }
        hash.add(StateHash.row(table, key: key, value: value, &scratch))
    }
}
