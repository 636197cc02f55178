import AuthCore
import ByteCodec
import RaftCore

/// Who may get in, followed from what is committed and from what was acknowledged, and held against
/// every answer of every node: *revocation is final*, and *no false refusal*.
///
/// It knows commands and their outcomes, and nothing of how apply comes to them. Moments are those
/// of the world, in microseconds.
struct AccessLedger {
    /// What is known of a session.
    struct Session {
        let user: UserID
        /// Its end if nobody uses it: uses only move that on.
        let endsAt: Timestamp
        /// Its end whatever happens.
        let expiresAt: Timestamp
        /// The first entry that ended it.
        var endedBy: LogIndex?
        /// From then on nobody may get in with it.
        var finalSince: UInt64?
        /// From then on nobody may be refused without a reason.
        var issuedAt: UInt64?
    }

    /// What is known of a role of a user.
    struct Grant {
        var isHeld = false
        /// When it was last taken back.
        var lostAt: UInt64 = 0
        /// By which entry: what somebody is told of an earlier one is no word about this.
        var lostBy: LogIndex?
        /// From then on nobody may be let through for it.
        var finalSince: UInt64?
        /// From then on nobody may be refused for want of it.
        var grantedAt: UInt64?
    }

    /// What is known of a user.
    struct User {
        var sessions: [UInt64] = []
        var isDisabled = false
        /// By which entry it was disabled last.
        var disabledBy: LogIndex?
        /// The last moment at which it was disabled.
        var disabledUntil: UInt64 = 0
        var finalSince: UInt64?
        /// Looked up, never iterated.
        var grants: [RoleName: Grant] = [:]
    }

    // Looked up, never iterated.
    private var sessions: [UInt64: Session] = [:]
    private var users: [UserID: User] = [:]

    /// What is known of this user.
    func standing(of user: UserID) -> User? { users[user] }

    /// What is known of a role of this user.
    func grant(_ role: RoleName, of user: UserID) -> Grant? { users[user]?.grants[role] }

    /// What is known of the session with this number.
    func session(_ number: UInt64) -> Session? { sessions[number] }

    // MARK: What is committed

    /// A command took effect for the first time.
    mutating func committed(
        _ operation: Command.Operation, actor: Actor, _ outcome: Outcome, at now: UInt64
    ) {
        switch (operation, outcome.result) {
        case (.startSession, .session(let row)):
            sessions[row.id.number.rawValue] = Session(
                user: row.user, endsAt: min(row.idleExpiresAt, row.expiresAt),
                expiresAt: row.expiresAt)
            users[row.user, default: User()].sessions.append(row.id.number.rawValue)
        case (.revokeSession(let body), .revoked):
            end(body.session.number.rawValue, outcome.index)
        case (.revokeSessions(let body), .revoked):
            endAll(of: body.user, keeping: body.keeping, outcome.index)
        case (.setPassword(let body), .user):
            var kept: SessionID?
            if case .user(let actor) = actor, actor.user == body.user { kept = actor.session }
            endAll(of: body.user, keeping: kept, outcome.index)
        case (.rotateRefresh(let body), .refused(.refreshReused)):
            end(body.number.rawValue, outcome.index)
        case (.updateUser(let body), .user(let row)):
            if body.disabled != nil { setDisabled(body.id, row.disabled, outcome.index, at: now) }
        case (.createUser, .user(let row)):
            for role in row.roles { setHeld(row.id, role, true, outcome.index, at: now) }
        case (.grantRole(let body), .user):
            setHeld(body.user, body.role, true, outcome.index, at: now)
        case (.revokeRole(let body), .user):
            setHeld(body.user, body.role, false, outcome.index, at: now)
        default: break
        }
    }

    private mutating func end(_ number: UInt64, _ index: LogIndex) {
        guard sessions[number]?.endedBy == nil else { return }
        sessions[number]?.endedBy = index
    }

    /// These sessions gave way to one that this entry began.
    mutating func evicted(_ numbers: [UInt64], _ index: LogIndex) {
        for number in numbers { end(number, index) }
    }

    private mutating func endAll(of user: UserID, keeping kept: SessionID?, _ index: LogIndex) {
        for number in users[user]?.sessions ?? [] where number != kept?.number.rawValue {
            end(number, index)
        }
    }

    private mutating func setDisabled(
        _ user: UserID, _ isDisabled: Bool, _ index: LogIndex, at now: UInt64
    ) {
        let wasDisabled = users[user]?.isDisabled ?? false
        users[user, default: User()].isDisabled = isDisabled
        if wasDisabled { users[user]?.disabledUntil = now }
        if isDisabled {
            // Whoever is disabled and enabled again has to log in anew.
            if !wasDisabled {
                endAll(of: user, keeping: nil, index)
                users[user]?.disabledBy = index
            }
        } else {
            users[user]?.finalSince = nil
        }
    }

    private mutating func setHeld(
        _ user: UserID, _ role: RoleName, _ isHeld: Bool, _ index: LogIndex, at now: UInt64
    ) {
        var grant = users[user]?.grants[role] ?? Grant()
        if isHeld {
            grant.finalSince = nil
        } else {
            grant.grantedAt = nil
            grant.lostAt = now
            grant.lostBy = index
        }
        grant.isHeld = isHeld
        users[user, default: User()].grants[role] = grant
    }

    // MARK: What is acknowledged

    /// Somebody was given the session's token.
    mutating func issued(_ number: UInt64, at now: UInt64) {
        if sessions[number]?.issuedAt == nil { sessions[number]?.issuedAt = now }
    }

    /// Somebody was told that the session has ended.
    mutating func acknowledgedEnd(_ number: UInt64, at now: UInt64) {
        guard sessions[number]?.endedBy != nil, sessions[number]?.finalSince == nil else { return }
        sessions[number]?.finalSince = now
    }

    /// Somebody was told that what ended sessions of the user up to this entry is done.
    mutating func acknowledgedEnds(of user: UserID, upTo index: LogIndex, at now: UInt64) {
        for number in users[user]?.sessions ?? [] {
            guard let ended = sessions[number]?.endedBy, ended <= index else { continue }
            if sessions[number]?.finalSince == nil { sessions[number]?.finalSince = now }
        }
    }

    /// Somebody was told that the user is disabled, as of this entry; nil as of any.
    mutating func acknowledgedDisabling(
        _ user: UserID, upTo index: LogIndex? = nil, at now: UInt64
    ) {
        guard users[user]?.isDisabled == true, users[user]?.finalSince == nil,
            reflects(index, users[user]?.disabledBy)
        else { return }
        users[user]?.finalSince = now
    }

    /// Somebody was told that the user has the role.
    mutating func acknowledgedGrant(_ role: RoleName, of user: UserID, at now: UInt64) {
        guard users[user]?.grants[role]?.isHeld == true else { return }
        if users[user]?.grants[role]?.grantedAt == nil {
            users[user]?.grants[role]?.grantedAt = now
        }
    }

    /// Whether what is known as of one entry, nil of any, knows of another.
    private func reflects(_ index: LogIndex?, _ entry: LogIndex?) -> Bool {
        guard let index, let entry else { return true }
        return entry <= index
    }

    /// Somebody was told that the user does not have the role, as of this entry; nil as of any. It
    /// may have been granted and taken back since, which nobody was told yet.
    mutating func acknowledgedLoss(
        _ role: RoleName, of user: UserID, upTo index: LogIndex? = nil, at now: UInt64
    ) {
        guard users[user]?.grants[role]?.isHeld != true,
            reflects(index, users[user]?.grants[role]?.lostBy)
        else { return }
        if users[user]?.grants[role]?.finalSince == nil {
            users[user, default: User()].grants[role, default: Grant()].finalSince = now
        }
    }

    // MARK: What nodes answer

    /// A node let somebody in whose request came at `arrived`.
    ///
    /// - Parameters:
    ///   - role: what alone gives the permission that was asked for.
    ///   - clock: the least that the node can have gone by: the later of its state's time and of
    ///     its wall clock.
    func allowed(
        _ number: UInt64, role: RoleName?, arrived: UInt64, clock: Timestamp
    ) -> Violation? {
        guard let session = sessions[number] else {
            return Violation("final", "session \(number) is let in, and never began")
        }
        if let since = session.finalSince, arrived > since {
            return Violation(
                "final", "session \(number) is let in \(arrived - since) µs after its end was told")
        }
        guard clock < session.expiresAt else {
            return Violation(
                "expiry",
                "session \(number) is let in \(clock.milliseconds(since: session.expiresAt)) ms "
                    + "past its end by the node's own time")
        }
        let user = users[session.user]
        if let since = user?.finalSince, arrived > since {
            return Violation(
                "final", "session \(number) is let in, and its user is disabled since \(since) µs")
        }
        if let role, let since = user?.grants[role]?.finalSince, arrived > since {
            return Violation(
                "final",
                "session \(number) is let through for \(role.string), taken back \(since) µs")
        }
        return nil
    }

    /// A node refused the session, whose request came at `arrived`.
    ///
    /// - Parameter clock: the latest time that the node can have gone by.
    func refused(_ number: UInt64, arrived: UInt64, clock: Timestamp) -> Violation? {
        guard let session = sessions[number], let issuedAt = session.issuedAt, arrived > issuedAt,
            session.endedBy == nil, clock < session.endsAt
        else { return nil }
        let user = users[session.user]
        if user?.isDisabled == true || (user?.disabledUntil ?? 0) >= arrived { return nil }
        return Violation(
            "refused", "session \(number) is refused, was issued at \(issuedAt) µs and lives")
    }

    /// A node said that the holder of the session lacks what the role gives.
    func lacking(_ number: UInt64, role: RoleName, arrived: UInt64) -> Violation? {
        guard let session = sessions[number], let grant = users[session.user]?.grants[role],
            let since = grant.grantedAt, grant.isHeld, arrived > since, arrived > grant.lostAt
        else { return nil }
        return Violation("refused", "session \(number) holds \(role.string), and is refused")
    }
}
