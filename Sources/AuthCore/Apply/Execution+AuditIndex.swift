import ByteCodec
import RaftCore

/// Keeping the index of the audit trail: by whole blocks, so that most entries write nothing for
/// it, and a facet that many rows have costs one row in a block (docs/audit.md).
extension Execution {
    /// Takes the newest block in, if the row that was appended last has filled it.
    func indexFilledBlock() throws {
        guard meta.featureLevel >= Limits.auditIndexFeatureLevel,
            meta.nextAudit.isMultiple(of: AuditBlock.size)
        else { return }
        let block = AuditBlock(of: meta.nextAudit - 1)
        var extent =
            try AuditIndexExtent.read(tables) ?? AuditIndexExtent(begin: block, end: block)
        // Where nothing was left of the trail, blocks may have gone by that were never in.
        if extent.isEmpty { extent = AuditIndexExtent(begin: block, end: block) }
        precondition(extent.end == block, "block \(block.number) behind \(extent.end.number)")
        try index(block)
        extent.end = AuditBlock(block.number + 1)
        try extent.put(tables)
    }

    /// Takes blocks in that were filled before the cluster kept an index, the newest first.
    ///
    /// - Returns: whether there are more.
    @discardableResult
    func indexOlderBlocks(atMost limit: Int) throws -> Bool {
        guard meta.featureLevel >= Limits.auditIndexFeatureLevel,
            var extent = try AuditIndexExtent.read(tables), !extent.isEmpty
        else { return false }
        let oldest = oldestWholeBlock()
        var left = limit
        while left > 0, extent.begin > oldest {
            extent.begin = AuditBlock(extent.begin.number - 1)
            try index(extent.begin)
            left -= 1
        }
        if left < limit { try extent.put(tables) }
        return extent.begin > oldest
    }

    /// The oldest block of which nothing is trimmed: what has lost a row goes the way of that row,
    /// and taken in again it would be taken out by the next.
    private func oldestWholeBlock() -> AuditBlock {
        let block = AuditBlock(of: meta.firstAudit)
        // The first block begins with row 1.
        let isWhole = meta.firstAudit == max(block.sequences.lowerBound, 1)
        return isWhole ? block : AuditBlock(block.number + 1)
    }

    /// Takes the oldest block out before the oldest row goes: what is left of it is read one by
    /// one.
    func unindexOldestBlock() throws {
        let block = AuditBlock(of: meta.firstAudit)
        guard var extent = try AuditIndexExtent.read(tables), !extent.isEmpty,
            extent.begin == block
        else { return }
        for row in try indexRows(of: block) { try tables.delete(AuditIndexRow.table, row.key) }
        extent.begin = AuditBlock(block.number + 1)
        try extent.put(tables)
    }

    private func index(_ block: AuditBlock) throws {
        for row in try indexRows(of: block) {
            try tables.put(AuditIndexRow.table, row.key, row.value)
        }
    }

    /// What the index says, or is to say, of the rows of a block that are kept.
    private func indexRows(of block: AuditBlock) throws -> [AuditIndexRow] {
        var found: [(facet: UInt64, offset: UInt16)] = []
        let kept = block.sequences.clamped(to: meta.firstAudit..<meta.nextAudit)
        try tables.scan(.audit, from: Key.of(kept.lowerBound), upTo: Key.of(kept.upperBound)) {
            let row = try AuditRow(key: $0, value: $1)
            // The defect: the row that fills a block is left out.
            let isLeftOut = Planted.auditIndexLacksLast.isOn && row.sequence + 1 == kept.upperBound
            guard !isLeftOut else { return true }
            for facet in row.facets {
                let offset = UInt16(row.sequence - block.sequences.lowerBound)
                found.append((facet.digest(in: row.tenant), offset))
            }
            return true
        }
        found.sort { ($0.facet, $0.offset) < ($1.facet, $1.offset) }
        var rows: [AuditIndexRow] = []
        var offsets: [UInt16] = []
        for (position, item) in found.enumerated() {
            // Two facets of one row may share their digest.
            if offsets.last != item.offset { offsets.append(item.offset) }
            guard position + 1 == found.count || found[position + 1].facet != item.facet else {
                continue
            }
            rows.append(AuditIndexRow(block: block, facet: item.facet, offsets: offsets))
            offsets.removeAll(keepingCapacity: true)
        }
        return rows
    }
}
