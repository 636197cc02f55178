public import ByteCodec

/// The sessions of one user, as far as a limit on their number needs to know them.
///
/// Bounded: rows of sessions that have ended are looked at too, but no more than
/// `Limits.sessionsEndedSeen` of them, and each start removes what it has seen of them, so that
/// they do not gather where a limit holds.
struct SessionCrowd {
    /// Oldest first; as many as could matter.
    private(set) var living: [SessionRow] = []
    /// Of which nothing but the rows is left.
    private(set) var ended: [SessionRow] = []

    /// Counts up to `limit` and what could be evicted beyond it.
    init(
        of user: UserRow, limit: UInt64, at now: Timestamp, _ reader: some TableReader
    ) throws {
        let most = Int(clamping: limit) + Limits.evictionsPerStart - 1
        let prefix = Sessions.userPrefix(user.tenant, user.id)
        var living: [SessionRow] = []
        var ended: [SessionRow] = []
        try reader.scan(.sessionsByUser, from: prefix, upTo: Key.behind(prefix: prefix)) {
            key, _ in
            let number = CredentialNumber(Bytes.bigEndian(key.suffix(8)))
            guard let session = try SessionRow.read(number, reader) else {
                throw StateDamage(table: .sessionsByUser, key: key, what: "no such session")
            }
            let lives =
                session.epoch == user.sessionEpoch && now < session.expiresAt
                && now < session.idleExpiresAt
            if lives { living.append(session) } else { ended.append(session) }
            return living.count < most && ended.count < Limits.sessionsEndedSeen
        }
        self.living = living
        self.ended = ended
    }

    /// How many of the oldest must end before one more may begin; 0 when there is room.
    func excess(over limit: UInt64) -> Int {
        let room = Int(clamping: limit) - 1
        return min(max(0, living.count - room), Limits.evictionsPerStart)
    }
}

/// Whether the start of a session of this user may end others, as one view sees it, so that the
/// command must say so. Apply decides anew, and asks back where this was wrong.
public func mayEvict(
    startingFor user: UserRow, now: Timestamp, _ reader: some TableReader
) throws -> Bool {
    let settings = try SettingsRow.read(user.tenant, reader)
    guard settings.overflow == .evictOldest, let limit = settings.sessionsPerUser else {
        return false
    }
    return try SessionCrowd(of: user, limit: limit, at: now, reader).excess(over: limit) > 0
}
