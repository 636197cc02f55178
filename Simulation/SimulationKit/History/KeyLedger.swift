import AuthCore
import ByteCodec
import RaftCore

/// Which API keys are good, followed from what is committed and from what was acknowledged, and
/// held against every answer of every node: *revocation is final*, *expiry*, *no false refusal*,
/// and *never more than the owner*.
///
/// It knows commands and their outcomes, and nothing of how apply comes to them. Moments are those
/// of the world, in microseconds.
struct KeyLedger {
    /// One of the secret parts that a key had, by its digest.
    struct Generation {
        /// Its end by the state's time; `max` when there is none.
        let endsAt: Timestamp
        /// Its end by a rotation, and the entry that set it: until somebody was told, a node that
        /// does not know of it may go by the other one.
        var grace: (endsAt: Timestamp, setBy: LogIndex)?
        /// From when on every node knows that end.
        var graceSince: UInt64?
        /// The entry that ended it, when it was no moment that did.
        var endedBy: LogIndex?
        /// From then on nobody may get in with it.
        var finalSince: UInt64?
        /// From then on nobody may be refused without a reason.
        var issuedAt: UInt64?
    }

    /// What is known of a key.
    struct Key {
        let owner: UserID
        /// Whether what is written in it gives the role's permission.
        let hasPermission: Bool
        var current: Digest256
        // Looked up, never iterated.
        var generations: [Digest256: Generation]
        /// In the order in which they were made.
        var digests: [Digest256]
    }

    // Looked up, never iterated.
    private var keys: [UInt64: Key] = [:]

    /// What is known of the key with this number.
    func key(_ number: UInt64) -> Key? { keys[number] }

    // MARK: What is committed

    /// A command took effect for the first time.
    mutating func committed(
        _ operation: Command.Operation, _ outcome: Outcome, permission: Permission
    ) {
        switch (operation, outcome.result) {
        case (.createKey, .key(let row)):
            keys[row.id.number.rawValue] = Key(
                owner: row.owner, hasPermission: row.scope.permissions.contains(permission),
                current: row.digest,
                generations: [row.digest: Generation(endsAt: row.expiresAt ?? .max)],
                digests: [row.digest])
        case (.rotateKey(let body), .key(let row)):
            rotated(body, row, outcome)
        case (.deleteKey(let body), .done):
            let number = body.id.number.rawValue
            for digest in keys[number]?.digests ?? [] { end(number, digest, outcome.index) }
        default: break
        }
    }

    private mutating func rotated(
        _ body: Command.RotateKey, _ row: KeyRow, _ outcome: Outcome
    ) {
        let number = row.id.number.rawValue
        guard let key = keys[number] else { return }
        for digest in key.digests where digest != key.current {
            end(number, digest, outcome.index)
        }
        let grace = outcome.stamp.advanced(milliseconds: body.graceMilliseconds)
        keys[number]?.generations[key.current]?.grace = (grace, outcome.index)
        if body.graceMilliseconds == 0 { end(number, key.current, outcome.index) }
        keys[number]?.current = row.digest
        keys[number]?.digests.append(row.digest)
        keys[number]?.generations[row.digest] = Generation(endsAt: row.expiresAt ?? .max)
    }

    private mutating func end(_ number: UInt64, _ digest: Digest256, _ index: LogIndex) {
        guard keys[number]?.generations[digest]?.endedBy == nil else { return }
        keys[number]?.generations[digest]?.endedBy = index
    }

    // MARK: What is acknowledged

    /// Somebody was given this secret part.
    mutating func issued(_ number: UInt64, _ digest: Digest256, at now: UInt64) {
        if keys[number]?.generations[digest]?.issuedAt == nil {
            keys[number]?.generations[digest]?.issuedAt = now
        }
    }

    /// Somebody was told that what ended secret parts of the key is done.
    mutating func acknowledgedEnds(_ number: UInt64, upTo index: LogIndex, at now: UInt64) {
        for digest in keys[number]?.digests ?? [] {
            if let set = keys[number]?.generations[digest]?.grace?.setBy, set <= index,
                keys[number]?.generations[digest]?.graceSince == nil
            {
                keys[number]?.generations[digest]?.graceSince = now
            }
            guard let ended = keys[number]?.generations[digest]?.endedBy, ended <= index,
                keys[number]?.generations[digest]?.finalSince == nil
            else { continue }
            keys[number]?.generations[digest]?.finalSince = now
        }
    }

    /// The entry that ended the key as a whole, if it was deleted.
    func end(of number: UInt64) -> LogIndex? {
        keys[number].flatMap { $0.generations[$0.current]?.endedBy }
    }

    // MARK: What nodes answer

    /// A node let somebody in whose request came at `arrived`.
    ///
    /// - Parameters:
    ///   - role: what alone gives the permission that was asked for.
    ///   - clock: the least that the node can have gone by.
    func allowed(
        _ number: UInt64, _ digest: Digest256, role: RoleName?, arrived: UInt64,
        clock: Timestamp, access: AccessLedger
    ) -> Violation? {
        guard let key = keys[number], let generation = key.generations[digest] else {
            return Violation("final", "key \(number) is let in, and was never made so")
        }
        if let since = generation.finalSince, arrived > since {
            return Violation(
                "final", "key \(number) is let in \(arrived - since) µs after its end was told")
        }
        var end = generation.endsAt
        if let grace = generation.grace, let since = generation.graceSince, arrived > since {
            end = min(end, grace.endsAt)
        }
        guard clock < end else {
            return Violation(
                "expiry",
                "key \(number) is let in \(clock.milliseconds(since: end)) ms past its end by the "
                    + "node's own time")
        }
        if let since = access.disabledSince(key.owner), arrived > since {
            return Violation(
                "final", "key \(number) is let in, and its owner is disabled since \(since) µs")
        }
        guard let role else { return nil }
        guard key.hasPermission else {
            return Violation("owner", "key \(number) is let through for what it does not give")
        }
        if let since = access.lostSince(role, of: key.owner), arrived > since {
            return Violation(
                "owner",
                "key \(number) is let through for \(role.string), which its owner lost \(since) µs")
        }
        return nil
    }

    /// A node refused the key, whose request came at `arrived`.
    ///
    /// - Parameter clock: the latest time that the node can have gone by.
    func refused(
        _ number: UInt64, _ digest: Digest256, arrived: UInt64, clock: Timestamp,
        access: AccessLedger
    ) -> Violation? {
        guard let key = keys[number], let generation = key.generations[digest],
            let issuedAt = generation.issuedAt, arrived > issuedAt, generation.endedBy == nil,
            clock < min(generation.endsAt, generation.grace?.endsAt ?? .max),
            !access.mayBeDisabled(key.owner, since: arrived)
        else { return nil }
        return Violation(
            "refused", "key \(number) is refused, was issued at \(issuedAt) µs and lives")
    }

    /// A node said that the key does not give what the role does.
    func lacking(
        _ number: UInt64, role: RoleName, arrived: UInt64, access: AccessLedger
    ) -> Violation? {
        guard let key = keys[number], key.hasPermission,
            access.holds(role, key.owner, since: arrived)
        else { return nil }
        return Violation("refused", "key \(number) gives \(role.string), and is refused")
    }
}

extension AccessLedger {
    /// From when on everybody knows that the user is disabled.
    func disabledSince(_ user: UserID) -> UInt64? { standing(of: user)?.finalSince }

    /// From when on everybody knows that the user does not have the role.
    func lostSince(_ role: RoleName, of user: UserID) -> UInt64? {
        grant(role, of: user)?.finalSince
    }

    /// Whether the user may have been disabled at `arrived` or after.
    func mayBeDisabled(_ user: UserID, since arrived: UInt64) -> Bool {
        guard let standing = standing(of: user) else { return false }
        return standing.isDisabled || standing.disabledUntil >= arrived
    }

    /// Whether the user surely has the role all the time since `arrived`.
    func holds(_ role: RoleName, _ user: UserID, since arrived: UInt64) -> Bool {
        guard let grant = grant(role, of: user), let since = grant.grantedAt else { return false }
        return grant.isHeld && arrived > since && arrived > grant.lostAt
    }
}
