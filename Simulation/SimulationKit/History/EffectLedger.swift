import AuthCore
import ByteCodec
import RaftCore

/// Exactly once: what is asked for under one `Idempotency-Key` takes effect at most once for as
/// long as the key is remembered.
struct EffectLedger {
    private struct Effect {
        let index: LogIndex
        let expiresAt: Timestamp
    }

    // Looked up, never iterated.
    private var effects: [Digest256: Effect] = [:]

    /// A command took effect, and did not merely repeat what it did before.
    mutating func committed(_ request: RequestKey, _ outcome: Outcome) -> Violation? {
        if let first = effects[request.scope], outcome.stamp < first.expiresAt {
            return Violation(
                "C3",
                "entry \(outcome.index.rawValue) repeats what entry \(first.index.rawValue) did "
                    + "under the same key")
        }
        effects[request.scope] = Effect(
            index: outcome.index,
            expiresAt: outcome.stamp.advanced(milliseconds: request.timeToLiveMilliseconds))
        return nil
    }
}
