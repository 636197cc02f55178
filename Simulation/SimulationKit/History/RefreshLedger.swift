import AuthCore
import ByteCodec

/// Refresh tokens are spent once: each generation has one successor, and a token that comes back
/// after its grace ends the family (RFC 9700 §4.14.2).
///
/// Follows the families from what is committed, and foretells each outcome by the rule alone.
struct RefreshLedger {
    private struct Family {
        var current: Digest256
        var previous: Digest256?
        var rotatedAt: Timestamp = .zero
        var older: Set<Digest256> = []
        var rotations: UInt64 = 0
    }

    /// How long a token that was redeemed is good for its successor.
    static let graceMilliseconds: UInt64 = 10_000

    // Looked up, never iterated.
    private var families: [UInt64: Family] = [:]
    private var successors: [String: String] = [:]
    private var redeemedAt: [String: UInt64] = [:]

    /// A session began with a family.
    mutating func began(_ number: UInt64, _ verifier: Digest256) {
        families[number] = Family(current: verifier)
    }

    /// How often the family went on, and whether this token is its current one.
    func standing(_ number: UInt64, _ token: Digest256) -> (rotations: UInt64, isCurrent: Bool)? {
        families[number].map { ($0.rotations, $0.current == token) }
    }

    /// A redemption was committed.
    ///
    /// - Parameter mayBeDead: whether session or user may have ended by another way.
    mutating func committed(
        _ body: Command.RotateRefresh, _ outcome: Outcome, mayBeDead: Bool
    ) -> Violation? {
        let number = body.number.rawValue
        let result = outcome.result
        guard var family = families[number] else {
            return result.refusal == nil
                ? Violation("spent", "a token of no family \(number) is redeemed") : nil
        }
        let age = outcome.stamp.milliseconds(since: family.rotatedAt)
        var isRight: Bool
        if body.presented == family.current {
            isRight = if case .refreshed = result { true } else { false }
        } else if body.presented == family.previous, age <= Self.graceMilliseconds {
            isRight = if case .refreshedBefore = result { true } else { false }
        } else if body.presented == family.previous || family.older.contains(body.presented) {
            isRight = result.refusal == .refreshReused
        } else {
            isRight = result.refusal == .refreshUnknown
        }
        if mayBeDead, result.refusal != nil { isRight = true }
        guard isRight else {
            return Violation(
                "spent",
                "generation \(family.rotations + 1) of family \(number) has another outcome than "
                    + "the token's place in it: \(Self.told(result))")
        }
        switch result {
        case .refreshed:
            if let previous = family.previous { family.older.insert(previous) }
            family.previous = family.current
            family.current = body.successor
            family.rotatedAt = outcome.stamp
            family.rotations += 1
            families[number] = family
        case .refused(.refreshReused): families[number] = nil
        default: break
        }
        return nil
    }

    private static func told(_ result: Outcome.Result) -> String {
        switch result {
        case .refreshed: "refreshed"
        case .refreshedBefore: "its successor again"
        case .refused(let refusal): "\(refusal)"
        default: "something else"
        }
    }

    /// A client got a successor for a token; its request came at `arrived`, the answer was given
    /// at `now`.
    ///
    /// - Parameter isRepeated: whether it asked under an `Idempotency-Key`, which gives the first
    ///   answer again however old it is.
    mutating func redeemed(
        _ token: String, for successor: String, arrived: UInt64, isRepeated: Bool, at now: UInt64
    ) -> Violation? {
        if let known = successors[token], known != successor {
            return Violation("spent", "one refresh token has two successors")
        }
        if !isRepeated, let next = successors[token], let spent = redeemedAt[next],
            spent < arrived
        {
            return Violation("spent", "a refresh token is good after its successor was redeemed")
        }
        successors[token] = successor
        if redeemedAt[token] == nil { redeemedAt[token] = now }
        return nil
    }
}
