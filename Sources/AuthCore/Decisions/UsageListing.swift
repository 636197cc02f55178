import ByteCodec

/// How many requests were counted of a subject.
public struct SubjectUsage: Hashable, Sendable {
    public let subject: UsageSubject
    public let count: UInt64
}

/// How many requests were counted on a day.
public struct DayUsage: Hashable, Sendable {
    /// In days since the Unix epoch.
    public let day: UInt32
    public let count: UInt64
}

/// How many requests of a subject the log knows of, in a day or a month.
public func recordedUsage(
    of subject: UsageSubject, in tenant: TenantID, _ period: UsagePeriod,
    _ reader: some TableReader
) throws -> UInt64 {
    try UsageRow.row(UsageRow.key(tenant, subject, period), reader)?.count ?? 0
}

extension Listing {
    /// What each subject of a kind was counted for in some days, by id; those without anything are
    /// left out.
    public static func usage(
        _ tenant: TenantID, by kind: UsageSubject.Kind, in days: ClosedRange<UInt32>,
        after cursor: [UInt8]? = nil, limit: Int, _ reader: some TableReader
    ) throws -> Page<SubjectUsage> {
        let prefix = UsageRow.prefix(tenant, kind)
        let from = cursor.map { Key.behind(prefix: prefix + $0) ?? prefix } ?? prefix
        var items: [SubjectUsage] = []
        var present: (subject: UsageSubject, count: UInt64)?
        var looked = 0
        var next: [UInt8]?
        func finish() {
            guard let done = present, done.count > 0 else { return }
            items.append(SubjectUsage(subject: done.subject, count: done.count))
        }
        try reader.scan(.usage, from: from, upTo: Key.behind(prefix: prefix)) { key, value in
            let row = try UsageRow(key: key, value: value)
            if let last = present, last.subject != row.subject {
                finish()
                present = nil
                // Between two subjects, so that none is counted in parts.
                if items.count >= limit || looked >= rowsLookedAt {
                    next = subjectBytes(last.subject)
                    return false
                }
            }
            looked += 1
            if present == nil { present = (row.subject, 0) }
            if case .day(let day) = row.period, days.contains(day) {
                let (sum, isTooMuch) = (present?.count ?? 0).addingReportingOverflow(row.count)
                present?.count = isTooMuch ? .max : sum
            }
            return true
        }
        finish()
        return Page(items: items, next: next)
    }

    /// What one subject was counted for on each of some days; those without anything are left out.
    public static func usage(
        of subject: UsageSubject, _ tenant: TenantID, in days: ClosedRange<UInt32>,
        after cursor: [UInt8]? = nil, limit: Int, _ reader: some TableReader
    ) throws -> Page<DayUsage> {
        let first = UsageRow.key(tenant, subject, .day(days.lowerBound))
        let last = UsageRow.key(tenant, subject, .day(days.upperBound))
        var items: [DayUsage] = []
        var hasMore = false
        try reader.scan(.usage, from: cursor.map(Key.after) ?? first, upTo: Key.after(last)) {
            key, value in
            guard items.count < limit else {
                hasMore = true
                return false
            }
            let row = try UsageRow(key: key, value: value)
            if case .day(let day) = row.period {
                items.append(DayUsage(day: day, count: row.count))
            }
            return true
        }
        let next = hasMore ? items.last.map { UsageRow.key(tenant, subject, .day($0.day)) } : nil
        return Page(items: items, next: next)
    }

    private static func subjectBytes(_ subject: UsageSubject) -> [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(bigEndian: subject.bits)
        return writer.bytes
    }
}
