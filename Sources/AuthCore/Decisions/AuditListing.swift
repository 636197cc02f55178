public import ByteCodec

/// Which audit rows are wanted. Nil does not narrow.
public struct AuditFilter: Hashable, Sendable {
    public var actor: UserID?
    public var action: AuditAction?
    public var outcome: AuditOutcome?
    public var target: AuditTarget?
    public init(
        actor: UserID? = nil, action: AuditAction? = nil, outcome: AuditOutcome? = nil,
        target: AuditTarget? = nil
    ) {
        self.actor = actor
        self.action = action
        self.outcome = outcome
        self.target = target
    }

    /// Whether the row is wanted.
    func admits(_ row: AuditRow) -> Bool {
        if let actor {
            guard case .user(let who) = row.actor, who.user == actor else { return false }
        }
        return (action ?? row.action) == row.action && (outcome ?? row.outcome) == row.outcome
            && (target ?? row.target) == row.target
    }
}

/// Part of the trail, by sequence numbers.
public struct AuditSpan: Hashable, Sendable {
    /// Only what comes behind this one.
    public var after: UInt64
    /// Only what comes before this one.
    public var before: UInt64
    public init(after: UInt64 = 0, before: UInt64 = .max) {
        self.after = after
        self.before = before
    }
}

extension Listing {
    /// The audit rows of a tenant in a part of the trail.
    ///
    /// Looks at no more than 10,000 rows, and where the index reaches mostly at those that are
    /// found; and asks the index once for each block and facet, 20,000 times and some at most.
    ///
    /// - Returns: the rows, and how far was looked: the next page begins behind it, or before it
    ///   when the newest come first. It may be set although there is no item: then nothing fitted
    ///   so far. Nil: nothing follows.
    public static func audit(
        _ tenant: TenantID, in span: AuditSpan = AuditSpan(), newestFirst: Bool = false,
        limit: Int, filter: AuditFilter, _ reader: some TableReader
    ) throws -> (items: [AuditRow], next: UInt64?) {
        precondition((1...Limits.pageRows).contains(limit), "page of \(limit)")
        let meta = try StateMeta.read(reader)
        guard span.after < span.before, span.after < .max else { return ([], nil) }
        let from = max(span.after + 1, meta.firstAudit)
        let upTo = min(span.before, meta.nextAudit)
        guard from < upTo else { return ([], nil) }
        var search = AuditSearch(
            tenant, filter, among: from..<upTo, newestFirst: newestFirst, limit: limit, reader)
        let isFinished = try search.run(over: from..<upTo)
        return (search.items, isFinished ? nil : search.last)
    }

    /// The first audit row that is kept and was written at this time or later; behind the last one
    /// when there is none. Times in the log never go back, so a few rows are looked at, however
    /// many there are.
    public static func auditSequence(
        notBefore time: Timestamp, _ reader: some TableReader
    ) throws -> UInt64 {
        let meta = try StateMeta.read(reader)
        var low = meta.firstAudit
        var high = meta.nextAudit
        while low < high {
            let middle = low + (high - low) / 2
            guard let row = try AuditRow.read(middle, reader) else {
                throw StateDamage(table: .audit, key: Key.of(middle), what: "a gap in the trail")
            }
            if row.at < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
