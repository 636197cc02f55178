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
    // Rows of the trail and of the index.
    private var looked = 0
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
        var blocks: ClosedRange<AuditBlock>? =
            AuditBlock(of: range.lowerBound)...AuditBlock(of: range.upperBound - 1)
        while let left = blocks {
            let block = isNewestFirst ? left.upperBound : left.lowerBound
            var lists: [[UInt8]] = []
            var nearest: AuditBlock? = block
            for facet in facets where nearest == block {
                guard !isSpent else { return false }
                looked += 1
                let found = try AuditIndexRow.nearest(
                    facet, in: left, fromEnd: isNewestFirst, reader)
                nearest = found?.block
                lists.append(found?.offsets ?? [])
            }
            if nearest == block {
                guard try take(Self.common(lists), of: block, in: range) else { return false }
            }
            // Behind this block, or where the facet that it lacks is next.
            blocks = nearest.flatMap {
                rest(of: left, from: $0 == block ? nil : $0, behind: block)
            }
            settle(before: blocks, in: range)
        }
        return true
    }

    /// The blocks that are left: from one on, or those behind another.
    private func rest(
        of blocks: ClosedRange<AuditBlock>, from nearest: AuditBlock?, behind block: AuditBlock
    ) -> ClosedRange<AuditBlock>? {
        if let nearest {
            return isNewestFirst ? blocks.lowerBound...nearest : nearest...blocks.upperBound
        }
        guard blocks.lowerBound < blocks.upperBound else { return nil }
        return isNewestFirst
            ? blocks.lowerBound...AuditBlock(block.number - 1)
            : AuditBlock(block.number + 1)...blocks.upperBound
    }

    /// Notes that there is nothing more before these blocks.
    private mutating func settle(before blocks: ClosedRange<AuditBlock>?, in range: Range<UInt64>) {
        if isNewestFirst {
            last = min(last, max(blocks?.upperBound.sequences.upperBound ?? 0, range.lowerBound))
        } else {
            let next = min(blocks?.lowerBound.sequences.lowerBound ?? .max, range.upperBound)
            last = max(last, next - 1)
        }
    }

    /// Looks at rows of a block; false when there is no room for all of them.
    private mutating func take(
        _ offsets: [UInt8], of block: AuditBlock, in range: Range<UInt64>
    ) throws -> Bool {
        for offset in isNewestFirst ? offsets.reversed() : offsets {
            let sequence = block.sequences.lowerBound + UInt64(offset)
            guard range.contains(sequence) else { continue }
            guard items.count < limit else { return false }
            guard let row = try AuditRow.read(sequence, reader) else {
                throw StateDamage(
                    table: .audit, key: Key.of(sequence), what: "in the index, and not there")
            }
            take(row)
        }
        return true
    }

    /// What stands in all of some ascending lists.
    private static func common(_ lists: [[UInt8]]) -> [UInt8] {
        guard var common = lists.first else { return [] }
        for list in lists.dropFirst() {
            var position = 0
            common.removeAll { offset in
                while position < list.count, list[position] < offset { position += 1 }
                return position == list.count || list[position] != offset
            }
        }
        return common
    }
}
