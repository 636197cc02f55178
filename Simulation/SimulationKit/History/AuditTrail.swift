import AuthCore
import RaftCore

/// The audit trail of one node, held against what clients were told: complete, chained, in order.
struct AuditTrail {
    /// What one request, however often it was asked for, must have left behind.
    struct Expectation {
        /// Under which each time of asking stands in the trail.
        let requestIDs: [String]
        let action: AuditAction
        /// How many rows there are at least: 1 when it was acknowledged.
        let rowsMin: Int
        let rowsMax: Int
    }

    private let rows: [AuditRow]
    // Looked up, never iterated. Positions in `rows`.
    private var byRequest: [String: [Int]] = [:]

    init(_ rows: [AuditRow]) {
        self.rows = rows
        for position in rows.indices where rows[position].outcome == .success {
            byRequest[rows[position].requestID.string, default: []].append(position)
        }
    }

    /// Whether each row follows the one before, up to the head.
    ///
    /// - Parameter hash: the one that the state machine chains them with.
    func checkChain(
        from first: UInt64, head: Digest256, hash: ([UInt8]) -> [UInt8]
    ) -> Violation? {
        var sequence = first
        var previous: AuditRow?
        for row in rows {
            guard row.sequence == sequence else {
                return Violation("audit", "row \(row.sequence) stands where \(sequence) should")
            }
            if let previous {
                guard row.previous == Digest256(bytes: hash(previous.encoded())) else {
                    return Violation("audit", "row \(sequence) does not name the one before")
                }
                guard row.index >= previous.index, row.at >= previous.at else {
                    return Violation("audit", "row \(sequence) is older than the one before")
                }
            }
            previous = row
            sequence += 1
        }
        let end = previous.flatMap { Digest256(bytes: hash($0.encoded())) } ?? .zero
        return end == head ? nil : Violation("audit", "the head is not the last row's hash")
    }

    /// Whether searches by what some rows tell of find just the rows that do.
    ///
    /// The rows are those at the edges of what the index takes in at once, where a mistake would
    /// be, and some more.
    func checkSearch(_ reader: some TableReader) throws -> Violation? {
        let edges = rows.indices.filter { rows[$0].sequence % 1_024 == 1_023 }.suffix(6)
        for position in Set(edges + [rows.startIndex, rows.endIndex - 1]).sorted()
        where rows.indices.contains(position) {
            let row = rows[position]
            var filters = [
                AuditFilter(action: row.action), AuditFilter(outcome: row.outcome),
                AuditFilter(action: row.action, target: row.target),
            ]
            if case .user(let who) = row.actor {
                filters += [
                    AuditFilter(actor: who.user), AuditFilter(actor: who.user, target: row.target),
                ]
            }
            for filter in filters {
                if let broken = try checkSearch(filter, row.tenant, reader) { return broken }
            }
        }
        return nil
    }

    private func checkSearch(
        _ filter: AuditFilter, _ tenant: TenantID, _ reader: some TableReader
    ) throws -> Violation? {
        let wanted = rows.filter { $0.tenant == tenant && Self.fits($0, filter) }.map(\.sequence)
        for isNewestFirst in [false, true] {
            var found: [UInt64] = []
            var span = AuditSpan()
            while true {
                let page = try Listing.audit(
                    tenant, in: span, newestFirst: isNewestFirst, limit: 100, filter: filter,
                    reader)
                found += page.items.map(\.sequence)
                guard let next = page.next else { break }
                if isNewestFirst { span.before = next } else { span.after = next }
            }
            guard found == (isNewestFirst ? wanted.reversed() : wanted) else {
                return Violation(
                    "audit", "a search finds \(found.count) of \(wanted.count) rows: \(filter)")
            }
        }
        return nil
    }

    private static func fits(_ row: AuditRow, _ filter: AuditFilter) -> Bool {
        if let wanted = filter.actor {
            guard case .user(let who) = row.actor, who.user == wanted else { return false }
        }
        if let wanted = filter.action, wanted != row.action { return false }
        if let wanted = filter.target, wanted != row.target { return false }
        return filter.outcome == nil || filter.outcome == row.outcome
    }

    /// Whether the rows of a request are there, and no more of them.
    func check(_ expectation: Expectation) -> Violation? {
        var found = 0
        for id in expectation.requestIDs {
            let own = (byRequest[id] ?? []).count { rows[$0].action == expectation.action }
            if own > 1 {
                return Violation("audit", "\(expectation.action.name) has \(own) records: \(id)")
            }
            found += own
        }
        if found < expectation.rowsMin {
            return Violation(
                "audit",
                "\(expectation.action.name) was acknowledged, and its record is missing: "
                    + (expectation.requestIDs.last ?? "") + ", \(told(expectation))")
        }
        if found > expectation.rowsMax {
            return Violation(
                "audit",
                "\(expectation.action.name) has \(found) records: "
                    + (expectation.requestIDs.last ?? "") + ", \(told(expectation))")
        }
        return nil
    }

    /// What the trail says of the request, for people.
    private func told(_ expectation: Expectation) -> String {
        let found = rows.filter { expectation.requestIDs.contains($0.requestID.string) }
        let told = found.map { "\($0.action.name) \($0.outcome.name) at \($0.index.rawValue)" }
        return told.isEmpty ? "nothing of it" : told.joined(separator: ", ")
    }
}
