import AuthCore
import ByteCodec
import RaftCore

/// Which signing keys are good, followed from what is committed and from what was acknowledged, and
/// held against every answer about an access token. What becomes of the session behind it is the
/// business of `AccessLedger`.
struct AccessTokenLedger {
    /// What is known of a signing key.
    private struct SigningKey {
        let id: Digest256
        let signsFrom: Timestamp
        /// When what it has signed is good no more.
        var endsAt: Timestamp?
        /// The entry that dropped it.
        var droppedBy: LogIndex?
        /// From then on nobody may get in by it.
        var finalSince: UInt64?
    }

    private var keys: [SigningKey] = []

    /// A command took effect for the first time.
    mutating func committed(_ operation: Command.Operation, _ outcome: Outcome) {
        guard case .rotateSigningKeys(let body) = operation, outcome.result == .done else { return }
        let now = outcome.stamp
        var signsFrom = now
        let signer = keys.lastIndex {
            $0.droppedBy == nil && $0.signsFrom <= now && ($0.endsAt.map { now < $0 } ?? true)
        }
        if !body.isRevoking, let signer {
            signsFrom = now.advanced(milliseconds: body.leadMilliseconds)
            keys[signer].endsAt = signsFrom.advanced(milliseconds: body.keepMilliseconds)
        }
        for place in keys.indices where keys[place].droppedBy == nil {
            if body.isRevoking || keys[place].signsFrom > now {
                keys[place].droppedBy = outcome.index
            }
        }
        keys.append(SigningKey(id: body.id, signsFrom: signsFrom))
    }

    /// Somebody was told that what dropped keys up to this entry is done.
    mutating func acknowledgedDrops(upTo index: LogIndex, at now: UInt64) {
        for place in keys.indices {
            guard let dropped = keys[place].droppedBy, dropped <= index else { continue }
            if keys[place].finalSince == nil { keys[place].finalSince = now }
        }
    }

    /// A node let somebody in by a token whose request came at `arrived`.
    ///
    /// - Parameter clock: the least that the node can have gone by.
    func allowed(
        _ token: KnownAccessToken, arrived: UInt64, clock: Timestamp
    ) -> Violation? {
        guard let key = keys.first(where: { $0.id == token.key }) else {
            return Violation("final", "an access token is taken by a key that nobody made")
        }
        if let since = key.finalSince, arrived > since {
            return Violation(
                "final",
                "an access token is taken \(arrived - since) µs after it was told that its key "
                    + "is dropped")
        }
        if let end = key.endsAt, clock >= end {
            return Violation("expiry", "an access token is taken, and its key has ended")
        }
        guard clock < token.expiresAt else {
            return Violation(
                "expiry",
                "an access token is taken \(clock.milliseconds(since: token.expiresAt)) ms past "
                    + "its end by the node's own time")
        }
        return nil
    }

    /// Whether a token that is presented now may be refused whatever its session is.
    ///
    /// - Parameter clock: the latest time that the node can have gone by.
    func mayRefuse(_ token: KnownAccessToken, clock: Timestamp) -> Bool {
        guard let key = keys.first(where: { $0.id == token.key }) else { return true }
        return clock >= token.expiresAt || key.droppedBy != nil
            || (key.endsAt.map { clock >= $0 } ?? false)
    }
}

/// An access token that somebody was given, as those who work with it know it.
struct KnownAccessToken {
    let text: String
    /// Its session, in the list of the world.
    let session: Int
    /// The key that it names.
    let key: Digest256
    let expiresAt: Timestamp
}
