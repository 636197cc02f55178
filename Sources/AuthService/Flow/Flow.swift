public import AuthCore
internal import ByteCodec
public import RaftCore

/// A use case under way: either it has ended, or it says what it needs and how it goes on then.
///
/// A value that does no I/O and waits for nothing: the shell carries out the need on whatever
/// thread it likes and calls the continuation. A flow that is dropped has simply ended; what it
/// has proposed may still be applied.
public enum Flow<Answer: Sendable>: Sendable {
    case done(Answer)
    case failed(ServiceFailure)
    case need(Need, @Sendable (Completion, World) -> Flow<Answer>)

    /// Goes on with the answer.
    @inlinable
    public consuming func then<Next: Sendable>(
        _ next: @escaping @Sendable (consuming Answer) -> Flow<Next>
    ) -> Flow<Next> {
        switch consume self {
        case .done(let answer): next(answer)
        case .failed(let failure): .failed(failure)
        case .need(let need, let resume):
            .need(need) { completion, world in resume(completion, world).then(next) }
        }
    }

    /// Changes the answer.
    @inlinable
    public consuming func map<Next: Sendable>(
        _ transform: @escaping @Sendable (consuming Answer) -> Next
    ) -> Flow<Next> {
        then { .done(transform($0)) }
    }

    /// Goes on after a failure.
    @inlinable
    public consuming func recover(
        _ next: @escaping @Sendable (ServiceFailure) -> Flow<Answer>
    ) -> Flow<Answer> {
        switch consume self {
        case .done(let answer): .done(answer)
        case .failed(let failure): next(failure)
        case .need(let need, let resume):
            .need(need) { completion, world in resume(completion, world).recover(next) }
        }
    }

    /// An answer or a failure that is known already.
    @inlinable
    public init(_ result: consuming Result<Answer, ServiceFailure>) {
        switch consume result {
        case .success(let answer): self = .done(answer)
        case .failure(let failure): self = .failed(failure)
        }
    }
}

/// What came of a command, and where.
public struct Applied: Sendable {
    public let outcome: Outcome
    /// The index that the answer reflects.
    public let index: LogIndex
}

extension Flow {
    /// Proposes a command and goes on with its outcome; a refusal goes on as a failure unless
    /// `refused` makes something else of it.
    static func propose(
        _ command: Command,
        refused: @escaping @Sendable (Refusal, World) -> Flow<Answer> = { refusal, _ in
            .failed(ServiceFailure(refusal))
        },
        then next: @escaping @Sendable (Applied, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .need(.propose(command)) { completion, world in
            switch completion {
            case .applied(let index, let outcome):
                if let refusal = outcome.refusal { return refused(refusal, world) }
                return next(Applied(outcome: outcome, index: index), world)
            case .notProposed(let failure): return .failed(ServiceFailure(failure))
            case .unknown: return .failed(.outcomeUnknown)
            case .readConfirmed, .readFailed, .indexReached, .released, .hashed,
                .hashingRefused, .transferred, .planEnded:
                preconditionFailure("a proposal completed as something else")
            }
        }
    }

    /// Goes on when every view opened from then on is at least as new as this moment.
    static func confirmRead(
        then next: @escaping @Sendable (World) -> Flow<Answer>
    ) -> Flow<Answer> {
        confirmIndex { _, world in next(world) }
    }

    /// The same, and tells how far the log is known to be committed.
    static func confirmIndex(
        then next: @escaping @Sendable (LogIndex, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .need(.confirmRead) { completion, world in
            switch completion {
            case .readConfirmed(let index): return next(index, world)
            case .readFailed(let failure): return .failed(ServiceFailure(failure))
            case .applied, .notProposed, .unknown, .indexReached, .released, .hashed,
                .hashingRefused, .transferred, .planEnded:
                preconditionFailure("a read completed as something else")
            }
        }
    }

    /// Goes on when this index is applied here.
    static func awaitIndex(
        _ index: LogIndex, then next: @escaping @Sendable (World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .need(.awaitIndex(index)) { completion, world in
            switch completion {
            case .indexReached: return next(world)
            case .readFailed: return .failed(.tooStale)
            case .applied, .notProposed, .unknown, .readConfirmed, .released, .hashed,
                .hashingRefused, .transferred, .planEnded:
                preconditionFailure("a wait for an index completed as something else")
            }
        }
    }

    /// Goes on when no node can answer *allow* on a view that lacks what narrows access up to and
    /// with this index.
    static func awaitRelease(
        _ index: LogIndex, then next: @escaping @Sendable (World) -> Flow<Answer>
    ) -> Flow<Answer> {
        let need: Need = Planted.recallUnreleased.isOn ? .awaitIndex(index) : .awaitRelease(index)
        return .need(need) { completion, world in
            switch completion {
            case .released: return next(world)
            case .indexReached where Planted.recallUnreleased.isOn: return next(world)
            // What it waited for is done, and not yet safe to say.
            case .readFailed: return .failed(.outcomeUnknown)
            case .applied, .notProposed, .unknown, .readConfirmed, .indexReached, .hashed,
                .hashingRefused, .transferred, .planEnded:
                preconditionFailure("a wait for a release completed as something else")
            }
        }
    }

    /// Goes on with what the hashing pool found.
    static func hash(
        _ job: HashJob, then next: @escaping @Sendable (HashResult, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .need(.hash(job)) { completion, world in
            switch completion {
            case .hashed(let result): return next(result, world)
            case .hashingRefused: return .failed(.busy)
            case .applied, .notProposed, .unknown, .readConfirmed, .readFailed, .indexReached,
                .released, .transferred, .planEnded:
                preconditionFailure("password work completed as something else")
            }
        }
    }
}
