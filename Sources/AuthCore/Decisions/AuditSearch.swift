import ByteCodec

/// A look through the audit trail for one page: block by block where the index reaches, and row by
/// row where it does not.
struct AuditSearch<Reader: TableReader> {
    let tenant: TenantID
    let filter: AuditFilter
    let limit: Int
    let isNewestFirst: Bool
    let reader: Reader

    private let facets: [UInt64]
    private(set) var items: [AuditRow] = []
    // Rows of the trail, and times of asking the index.
    private var looked = 0
    private var asked = 0
    /// Everything up to here was looked at; from here on, where the newest come first.
    private(set) var last: UInt64

    init(
        _ tenant: TenantID, _ filter: AuditFilter, among range: Range<UInt64>,
        newestFirst: Bool, limit: Int, _ reader: Reader
    ) {
        self.tenant = tenant
        self.filter = filter
        self.limit = limit
        self.reader = reader
        isNewestFirst = newestFirst
        facets = filter.facets.map { $0.digest(in: tenant) }
        last = newestFirst ? range.upperBound : range.lowerBound - 1
    }

    /// Fills the page.
    ///
    /// - Returns: whether all of the range was looked at.
    mutating func run(over range: Range<UInt64>) throws -> Bool {
        var indexed = range.upperBound..<range.upperBound
        if !facets.isEmpty, let extent = try AuditIndexExtent.read(reader) {
            indexed = extent.sequences.clamped(to: range)
        }
        let before = range.lowerBound..<indexed.lowerBound
        let behind = indexed.upperBound..<range.upperBound
        if isNewestFirst {
            return try scan(behind) && walk(indexed) && scan(before)
        } else {
            return try scan(before) && walk(indexed) && scan(behind)
        }
    }

    private var isSpent: Bool { looked >= Listing.rowsLookedAt }

    private mutating func take(_ row: AuditRow) {
        looked += 1
        last = row.sequence
        if row.tenant == tenant, filter.admits(row) { items.append(row) }
    }

    // MARK: Row by row

    private mutating func scan(_ range: Range<UInt64>) throws -> Bool {
        guard !range.isEmpty else { return true }
        let (from, upTo) = (Key.of(range.lowerBound), Key.of(range.upperBound))
        var isFinished = true
        if isNewestFirst {
            try reader.scanReverse(.audit, from: from, upTo: upTo) {
                isFinished = try look($0, $1)
                return isFinished
            }
        } else {
            try reader.scan(.audit, from: from, upTo: upTo) {
                isFinished = try look($0, $1)
                return isFinished
            }
        }
        return isFinished
    }

    /// Returns whether there was room for the row.
    private mutating func look(_ key: [UInt8], _ value: [UInt8]) throws -> Bool {
        guard items.count < limit, !isSpent else { return false }
        take(try AuditRow(key: key, value: value))
        return true
    }

    // MARK: Block by block

    private mutating func walk(_ range: Range<UInt64>) throws -> Bool {
        guard !range.isEmpty else { return true }
        let first = AuditBlock(of: range.lowerBound).number
        let last = AuditBlock(of: range.upperBound - 1).number
        for step in 0...(last - first) {
            guard items.count < limit, asked < Listing.auditBlocksLookedAt else { return false }
            let block = AuditBlock(isNewestFirst ? last - step : first + step)
            guard try take(try common(block), of: block, in: range) else { return false }
            settle(behind: block, in: range)
        }
        return true
    }

    /// The rows of a block that have all facets.
    private mutating func common(_ block: AuditBlock) throws -> [UInt16] {
        var common: [UInt16]?
        for facet in facets {
            asked += 1
            guard let row = try AuditIndexRow.read(block, facet, reader) else { return [] }
            common = common.map { Self.common($0, row.offsets) } ?? row.offsets
        }
        return common ?? []
    }

    /// Looks at rows of a block; false when there is no room for all of them.
    private mutating func take(
        _ offsets: [UInt16], of block: AuditBlock, in range: Range<UInt64>
    ) throws -> Bool {
        for offset in isNewestFirst ? offsets.reversed() : offsets {
            let sequence = block.sequences.lowerBound + UInt64(offset)
            guard range.contains(sequence) else { continue }
            guard items.count < limit, !isSpent else { return false }
            guard let row = try AuditRow.read(sequence, reader) else {
                throw StateDamage(
                    table: .audit, key: Key.of(sequence), what: "in the index, and not there")
            }
            take(row)
        }
        return true
    }

    /// Notes that all of a block was looked at.
    private mutating func settle(behind block: AuditBlock, in range: Range<UInt64>) {
        let looked = block.sequences.clamped(to: range)
        last = isNewestFirst ? min(last, looked.lowerBound) : max(last, looked.upperBound - 1)
    }

    /// What stands in both of two ascending lists.
    private static func common(_ some: [UInt16], _ others: [UInt16]) -> [UInt16] {
        var position = 0
        return some.filter { offset in
            while position < others.count, others[position] < offset { position += 1 }
            return position < others.count && others[position] == offset
        }
    }
}
