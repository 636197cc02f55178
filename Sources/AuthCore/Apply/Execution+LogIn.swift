import ByteCodec
import RaftCore

/// Failed log-ins. How they are counted is decided here and by stamps alone, so no node, no
/// spelling of a name and no change of leaders is a way around it.
extension Execution {
    /// Whether the cluster counts failed log-ins yet.
    var countsLogIns: Bool { meta.featureLevel >= Limits.logInFeatureLevel }

    /// Counts a failure, or says that the name is held back: then whoever asked learns nothing of
    /// the password, right or wrong.
    mutating func failLogIn(_ body: Command.FailLogIn) throws -> Outcome.Result {
        var counter = try LogInCounter(
            body.subject, in: tenant, from: header.address, at: stamp, tables)
        if let end = counter.heldUntil(at: stamp) { return .refused(.heldBack(until: end)) }
        try counter.fail(at: stamp, tables)
        try recordFailure(body, failures: counter.tally.failures)
        return .done
    }

    /// Why a password that was right does not count: the name is held back.
    func checkHold(_ user: UserID) throws -> Refusal? {
        guard countsLogIns, !Planted.logInHoldIgnored.isOn else { return nil }
        return try logInHeldUntil(
            .user(user), in: tenant, from: header.address, now: stamp, tables
        ).map { .heldBack(until: $0) }
    }

    /// A password was right, and counts. That a session begins at a new place is recorded: the
    /// user, or who watches over them, may know better (security J).
    mutating func noteLogIn(_ user: UserID, beginsSession: Bool) throws {
        guard countsLogIns else { return }
        let isElsewhere = try LogIns.succeeded(
            tenant, user, from: header.address, at: stamp, tables)
        guard isElsewhere, beginsSession else { return }
        try append(
            AuditEvent(
                tenant: tenant, actor: .anonymous, action: .logInElsewhere, target: .user(user),
                outcome: .success, requestID: header.requestID, address: header.address))
    }

    /// Forgets the failures of a user who has another password, or is there no more.
    func forgetLogIns(_ user: UserID) throws {
        guard countsLogIns else { return }
        try LogIns.forget(tenant, user, tables)
    }

    /// Removes failures that count no more. Says how many rows.
    @discardableResult
    func sweepLogIns(atMost limit: UInt32) throws -> UInt32 {
        let due = try LogIns.due(upTo: stamp, atMost: limit, tables)
        for key in due { try LogIns.drop(listedAs: key, tables) }
        return UInt32(due.count)
    }

    // MARK: - The audit trail

    /// Records a failure: by itself when there are few, else in the sum of its minute.
    private mutating func recordFailure(
        _ body: Command.FailLogIn, failures: UInt32
    ) throws {
        if let row = try LogInAuditRow.read(tenant, tables), row.minute != stampMinute {
            try close(row)
        }
        let known = try LogInAuditRow.read(tenant, tables)
        var row = known ?? LogInAuditRow(tenant: tenant, minute: stampMinute)
        if known == nil { try tables.put(.logInFailures, row.minuteKey, []) }
        let target: AuditTarget = body.subject.user.map { .user($0) } ?? .none
        if row[body.subject].failures < Limits.logInAuditRecords {
            row[body.subject].failures += 1
            try append(logInEvent(.logIn, target, [.reason(body.reason)]))
        } else {
            row.summed += 1
        }
        let isTelling = failures > Limits.logInFailuresFree
        let doublings = isTelling ? failures - Limits.logInFailuresFree - 1 : 0
        let isStep = doublings == 0 || doublings == Limits.logInDelayDoublings
        if isTelling, isStep || failures == Limits.logInFailuresMax,
            row[body.subject].holds < Limits.logInAuditRecords
        {
            row[body.subject].holds += 1
            try append(logInEvent(.logInHeld, target, [.count(UInt64(failures))]))
        }
        try row.put(tables)
    }

    /// Writes the sums of minutes that are over, the oldest first.
    ///
    /// - Returns: whether there may be more.
    mutating func closeAuditMinutes(atMost limit: Int) throws -> Bool {
        var due: [[UInt8]] = []
        let prefix = LogInAuditRow.minutePrefix
        try tables.scan(
            .logInFailures, from: prefix, upTo: prefix + Key.of(stampMinute)
        ) { key, _ in
            guard due.count < limit else { return false }
            due.append(key)
            return true
        }
        for key in due {
            guard let tenant = LogInAuditRow.tenant(listedAs: key),
                let row = try LogInAuditRow.read(tenant, tables), row.minuteKey == key
            else { throw StateDamage(table: .logInFailures, key: key, what: "no such minute") }
            try close(row)
        }
        return due.count == limit
    }

    /// Writes the sum of a tenant in which nobody fails any more.
    mutating func closeLastAuditMinute(of tenant: TenantID) throws {
        if let row = try LogInAuditRow.read(tenant, tables) { try close(row) }
    }

    private mutating func close(_ row: LogInAuditRow) throws {
        try row.remove(tables)
        try tables.delete(.logInFailures, row.minuteKey)
        guard row.summed > 0 else { return }
        try append(
            AuditEvent(
                tenant: row.tenant, actor: .node, action: .logInFailures, outcome: .denied,
                details: [.count(row.summed)]))
    }

    private var stampMinute: UInt64 { Sessions.minute(of: stamp) }

    private func logInEvent(
        _ action: AuditAction, _ target: AuditTarget, _ details: [AuditDetail]
    ) -> AuditEvent {
        AuditEvent(
            tenant: tenant, actor: .anonymous, action: action, target: target, outcome: .denied,
            requestID: header.requestID, address: header.address, details: details)
    }
}
