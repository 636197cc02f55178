import AuthCore
import ByteCodec
import RaftCore

/// How many sessions users have, followed from what is committed, and by the rule alone foretold
/// which start is refused and which sessions give way (docs/decisions/0014).
struct CrowdLedger {
    /// The life of a session, as its uses prolong it.
    private struct Life {
        let user: UserID
        let expiresAt: Timestamp
        let idleMilliseconds: UInt64
        var idleEndsAt: Timestamp

        func lives(at now: Timestamp) -> Bool { now < expiresAt && now < idleEndsAt }

        mutating func use(at moment: Timestamp) {
            let end = min(moment.advanced(milliseconds: idleMilliseconds), expiresAt)
            idleEndsAt = max(idleEndsAt, end)
        }
    }

    // Looked up, never iterated.
    private var lives: [UInt64: Life] = [:]
    /// Ascending.
    private var ofUser: [UserID: [UInt64]] = [:]
    /// Which sessions gave way to the one with this number.
    private var evictions: [UInt64: [UInt64]] = [:]
    private var limit: UInt64?
    private var overflow = SessionOverflow.deny

    /// Those that gave way to this session.
    func evicted(by number: UInt64) -> [UInt64] { evictions[number] ?? [] }

    /// A command took effect for the first time, or was refused; `access` knows it not yet.
    mutating func committed(
        _ operation: Command.Operation, _ outcome: Outcome, _ access: AccessLedger
    ) -> Violation? {
        switch (operation, outcome.result) {
        case (.updateSettings, .settings(let row)):
            limit = row.sessionsPerUser
            overflow = row.overflow
        case (.touchSessions(let body), .done):
            for touch in body.touches {
                let number = touch.session.number.rawValue
                guard lives[number]?.lives(at: outcome.stamp) == true else { continue }
                lives[number]?.use(at: min(touch.lastSeen, outcome.stamp))
            }
        case (.rotateRefresh(let body), .refreshed(let row, _)):
            lives[body.number.rawValue]?.idleEndsAt = row.idleExpiresAt
        case (.startSession(let body), .session(let row)):
            return began(row, mayEvict: body.mayEvict, outcome, access)
        case (.startSession(let body), .refused(let refusal)):
            return refused(body, refusal, outcome, access)
        default: break
        }
        return nil
    }

    private mutating func began(
        _ row: SessionRow, mayEvict: Bool, _ outcome: Outcome, _ access: AccessLedger
    ) -> Violation? {
        let number = row.id.number.rawValue
        var living = living(row.user, at: outcome.stamp, access)
        if let limit, UInt64(living.count) >= limit {
            guard overflow == .evictOldest else {
                return Violation(
                    "crowd", "session \(number) begins beside \(living.count), of \(limit)")
            }
            guard mayEvict else {
                return Violation(
                    "crowd", "session \(number) has others give way, and does not say so")
            }
            let excess = living.count - Int(clamping: limit) + 1
            evictions[number] = Array(living.prefix(excess))
            living.removeFirst(excess)
        }
        lives[number] = Life(
            user: row.user, expiresAt: row.expiresAt, idleMilliseconds: row.idleMilliseconds,
            idleEndsAt: row.idleExpiresAt)
        // What has ended never lives again.
        ofUser[row.user] = living + [number]
        return nil
    }

    private func refused(
        _ body: Command.StartSession, _ refusal: Refusal, _ outcome: Outcome,
        _ access: AccessLedger
    ) -> Violation? {
        let isFull =
            limit.map { UInt64(living(body.user, at: outcome.stamp, access).count) >= $0 } ?? false
        switch refusal {
        case .evictionNeeded:
            return isFull && overflow == .evictOldest && !body.mayEvict
                ? nil : Violation("crowd", "a start is asked to say what it need not")
        case .quota(.session):
            return isFull && overflow == .deny
                ? nil : Violation("crowd", "a start is refused, and there is room")
        default: return nil
        }
    }

    private func living(
        _ user: UserID, at now: Timestamp, _ access: AccessLedger
    ) -> [UInt64] {
        (ofUser[user] ?? []).filter {
            lives[$0]?.lives(at: now) == true && access.session($0)?.endedBy == nil
        }
    }
}
