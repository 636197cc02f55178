public import ByteCodec

/// What one view remembers under an `Idempotency-Key`.
public enum RecalledRequest: Equatable, Sendable {
    /// Nothing, as far as this view knows.
    case nothing
    /// The first request, with its outcome.
    case first(Outcome)
    /// A request with another body.
    case anotherBody
}

/// Looks for the first outcome under a request's key, for a repetition that could not be decided
/// anew: what it rests on may have been changed by the first.
///
/// Apply looks again, so a view that lags makes nobody act twice.
public func recallRequest(
    _ request: RequestKey, wall: Timestamp, _ reader: some TableReader
) throws -> RecalledRequest {
    let now = max(try StateMeta.read(reader).lastStamp, wall)
    guard let row = try RequestRow.row(request.scope.bytes, reader), now < row.expiresAt else {
        return .nothing
    }
    guard row.body == request.body else { return .anotherBody }
    do {
        var outcome = try Outcome(decoding: row.outcome)
        outcome.replay = Outcome.Replay(sealedAnswer: row.sealedAnswer)
        return .first(outcome)
    } catch {
        throw StateDamage(table: .requests, key: row.key, what: "outcome: \(error)")
    }
}
