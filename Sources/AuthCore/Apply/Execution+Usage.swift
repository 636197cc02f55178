import ByteCodec
import RaftCore

/// Requests that were let through, counted by day and month (docs/decisions/0013).
extension Execution {
    /// Adds a batch of a node to what is known, once however often it comes.
    mutating func addUsage(_ body: Command.AddUsage) throws -> Outcome.Result {
        let known = try UsageReporterRow.row(UsageReporterRow.key(node), tables)
        if let known, known.run >= nodeRun, !Planted.usageCountedTwice.isOn {
            // A process of the node that is gone has nothing to tell after its successor has.
            guard known.run == nodeRun, known.sequence < body.sequence else { return .done }
        }
        if known == nil { try forgetReporters() }
        let today = UsagePeriod.day(of: stamp)
        var room = try UsageRoom(today: today, tables)
        for use in body.uses where use.count > 0 && isCounted(day: use.day, today) {
            // A node may tell of what it let through before the tenant was deleted.
            if case .gone = try TenantStanding.of(use.tenant, tables) { continue }
            try room.add(use, in: .day(use.day))
            try room.add(use, in: .month(ofDay: use.day))
        }
        try room.close()
        try UsageReporterRow(node: node, run: nodeRun, sequence: body.sequence).put(tables)
        return .done
    }

    /// Removes what was counted longer ago than is kept. Says how many rows.
    func sweepUsage(atMost limit: UInt32) throws -> UInt32 {
        let today = UsagePeriod.day(of: stamp)
        guard today > Limits.usageDays else { return 0 }
        let oldest = UsageRow.listKey(endDay: today - Limits.usageDays)
        var due: [[UInt8]] = []
        try tables.scan(.usageLists, from: [], upTo: oldest) { key, _ in
            guard due.count < limit else { return false }
            due.append(key)
            return true
        }
        guard !due.isEmpty else { return 0 }
        var room = try UsageRoom(today: today, tables)
        for key in due { try room.drop(listedAs: key) }
        try room.close()
        return UInt32(due.count)
    }

    /// Removes what was counted for a tenant that is being deleted. Says how many rows.
    func dropUsage(of tenant: TenantID, atMost limit: Int) throws -> Int {
        let prefix = Key.of(tenant)
        var rows: [UsageRow] = []
        try tables.scan(.usage, from: prefix, upTo: Key.behind(prefix: prefix)) { key, value in
            guard rows.count < limit else { return false }
            rows.append(try UsageRow(key: key, value: value))
            return true
        }
        guard !rows.isEmpty else { return 0 }
        var room = try UsageRoom(today: UsagePeriod.day(of: stamp), tables)
        for row in rows { try room.drop(listedAs: row.listKey) }
        try room.close()
        return rows.count
    }

    private func isCounted(day: UInt32, _ today: UInt32) -> Bool {
        day <= today && today - day < Limits.usageDays
    }

    /// Makes room for another reporter: nodes that are gone tell nothing any more.
    private func forgetReporters() throws {
        let prefix = UsageReporterRow.prefix
        var gone: [UsageReporterRow] = []
        try tables.scan(.usageLists, from: prefix, upTo: Key.behind(prefix: prefix)) { key, value in
            let row = try UsageReporterRow(key: key, value: value)
            if !meta.configuration.members.contains(row.node) { gone.append(row) }
            return true
        }
        for row in gone { try row.remove(tables) }
    }
}

/// The rows of usage, which are bounded: when there are too many, days that are over give way to
/// new ones, the oldest first.
private struct UsageRoom {
    private let tables: any TableWriter
    private let today: UInt32
    private var count: UsageCountRow
    private let before: UsageCountRow

    init(today: UInt32, _ tables: any TableWriter) throws {
        self.tables = tables
        self.today = today
        count = try UsageCountRow.read(tables)
        before = count
    }

    /// Adds to a row, or makes it where there is room.
    mutating func add(_ use: Usage, in period: UsagePeriod) throws {
        let key = UsageRow.key(use.tenant, use.subject, period)
        if var row = try UsageRow.row(key, tables) {
            let (sum, isTooMuch) = row.count.addingReportingOverflow(UInt64(use.count))
            row.count = isTooMuch ? .max : sum
            return try row.put(tables)
        }
        if count.rows >= Limits.usageRows, try !dropOldest() { return }
        let row = UsageRow(
            tenant: use.tenant, subject: use.subject, period: period, count: UInt64(use.count))
        try row.put(tables)
        try tables.put(.usageLists, row.listKey, [])
        count.rows += 1
    }

    /// Removes a row and what lists it.
    mutating func drop(listedAs listKey: [UInt8]) throws {
        guard let row = try UsageRow.row(UsageRow.key(listedAs: listKey), tables),
            row.listKey == listKey, count.rows > 0
        else { throw StateDamage(table: .usageLists, key: listKey, what: "no such usage") }
        try row.remove(tables)
        try tables.delete(.usageLists, listKey)
        count.rows -= 1
    }

    /// Notes how many there are.
    func close() throws { if count != before { try count.put(tables) } }

    private mutating func dropOldest() throws -> Bool {
        var oldest: [UInt8]?
        // What ends today or later is still being counted, and quotas rest on it.
        try tables.scan(.usageLists, from: [], upTo: UsageRow.listKey(endDay: today + 1)) {
            key, _ in
            oldest = key
            return false
        }
        guard let oldest else { return false }
        try drop(listedAs: oldest)
        return true
    }
}
