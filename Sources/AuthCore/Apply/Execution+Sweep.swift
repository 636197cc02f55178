import ByteCodec
import RaftCore

/// Removing what has expired, in bounded steps and by the state's own time.
extension Execution {
    /// One bounded step of every kind of sweeping.
    mutating func sweep(_ body: Command.Sweep) throws -> Outcome.Result {
        let limit = min(max(body.limit, 1), Limits.sweepRows)
        let areSumsDue = try closeAuditMinutes(atMost: min(Int(limit), Limits.auditBatch))
        let steps = [
            try sweepSessions(atMost: limit), try sweepRequests(atMost: limit),
            try sweepKeys(atMost: limit),
            try sweepLogIns(atMost: limit), try sweepSigningKeys(),
            try trimAudit(atMost: limit), try sweepOutcomesOfTheGone(atMost: limit),
            try sweepUsage(atMost: limit),
        ]
        let isIndexDue = try indexOlderBlocks(atMost: Limits.auditBlocksPerSweep)
        let tenants = try sweepTenants()
        return .swept(
            removed: steps.reduce(tenants.removed, +),
            moreDue: areSumsDue || isIndexDue || tenants.moreDue || steps.contains { $0 == limit })
    }

    /// What adds rows removes a few more, so that no table outgrows what lives in it.
    mutating func sweepInPassing() throws {
        if header.request != nil { try sweepRequests(atMost: Limits.sweepRowsInPassing) }
        if case .startSession = command.operation {
            try sweepSessions(atMost: Limits.sweepRowsInPassing)
        }
        if case .failLogIn = command.operation {
            try sweepLogIns(atMost: Limits.sweepRowsInPassing)
        }
        if case .createKey = command.operation {
            try sweepKeys(atMost: Limits.sweepRowsInPassing)
        }
    }

    /// Removes keys that have ended. Says how many.
    @discardableResult
    private func sweepKeys(atMost limit: UInt32) throws -> UInt32 {
        let due = try keys(.keysByExpiry, upTo: Keys.expiredBefore(stamp), atMost: limit)
        for key in due {
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let row = try KeyRow.read(number, tables), row.hasEnded(by: stamp) else {
                throw StateDamage(table: .keysByExpiry, key: key, what: "no such key")
            }
            try Keys.remove(row, tables)
        }
        return UInt32(due.count)
    }

    /// Looks at sessions that are due: ends the dead ones, and lists the others under the
    /// minute at which they are due again. Says how many were looked at.
    @discardableResult
    private func sweepSessions(atMost limit: UInt32) throws -> UInt32 {
        let due = try keys(
            .sessionsByExpiry, upTo: Key.of(Sessions.minute(of: stamp) + 1), atMost: limit)
        for key in due {
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard var session = try SessionRow.read(number, tables) else {
                throw StateDamage(table: .sessionsByExpiry, key: key, what: "no such session")
            }
            if try isLive(session) {
                try tables.delete(.sessionsByExpiry, key)
                session.expiryMinute = Sessions.dueMinute(of: session)
                try session.put(tables)
                try tables.put(.sessionsByExpiry, Sessions.expiryKey(session), [])
            } else {
                try Sessions.remove(session, tables)
            }
        }
        return UInt32(due.count)
    }

    private func isLive(_ session: SessionRow) throws -> Bool {
        guard stamp < session.expiresAt, stamp < session.idleExpiresAt else { return false }
        let user = try UserRow.read(session.tenant, session.user, tables)
        return user?.sessionEpoch == session.epoch
    }

    @discardableResult
    private func sweepRequests(atMost limit: UInt32) throws -> UInt32 {
        let due = try keys(
            .requestsByExpiry, upTo: Key.of(stamp.advanced(milliseconds: 1).rawValue), atMost: limit
        )
        for key in due {
            guard let row = try RequestRow.row(Array(key.suffix(32)), tables),
                row.expiryKey == key
            else { throw StateDamage(table: .requestsByExpiry, key: key, what: "no such record") }
            try row.drop(tables)
        }
        return UInt32(due.count)
    }

    /// Removes outcomes that were kept for nodes which are gone for good. Says how many.
    private func sweepOutcomesOfTheGone(atMost limit: UInt32) throws -> UInt32 {
        var gone: [NodeID] = []
        try tables.scan(.proposalRuns, from: [], upTo: nil) { key, value in
            let row = try ProposalRunRow(key: key, value: value)
            if row.isClosed { gone.append(row.node) }
            return true
        }
        var keys: [[UInt8]] = []
        for node in gone {
            let prefix = Key.of(node.rawValue)
            try tables.scan(.proposals, from: prefix, upTo: Key.behind(prefix: prefix)) { key, _ in
                guard keys.count < limit else { return false }
                keys.append(key)
                return true
            }
        }
        for key in keys { try tables.delete(.proposals, key) }
        return UInt32(keys.count)
    }

    private func keys(_ table: Table, upTo: [UInt8], atMost limit: UInt32) throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        try tables.scan(table, from: [], upTo: upTo) { key, _ in
            guard keys.count < limit else { return false }
            keys.append(key)
            return true
        }
        return keys
    }
}

/// Numbers in keys.
enum Bytes {
    /// Reads eight bytes, most significant first.
    static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        precondition(bytes.count == 8, "number of \(bytes.count) bytes")
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
