internal import AuthCore
internal import ByteCodec
internal import RaftCore

/// The ways in which a request gets its caller and its view.
public enum Admission {
    /// A read: one view, as new as was asked for, recognises the caller and answers.
    ///
    /// - Parameter token: as it was presented.
    public static func read<Answer: Sendable>(
        token: String, requirement: Requirement, context: RequestContext, world: World,
        answer:
            @escaping @Sendable (Caller, StateView, World) throws
            -> Result<Answer, ServiceFailure>
    ) -> Flow<Answer> {
        presented(token, world) { presented in
            fresh(context.freshness, world) { world in
                Flow(
                    world.view { view in
                        if let failure = world.staleness(context.freshness, view) {
                            return .failure(failure)
                        }
                        switch try Gatekeeper.admit(presented, requirement, context, view) {
                        case .failure(let denial):
                            return .failure(world.deny(denial, context))
                        case .success(let caller):
                            if case .failure(let failure) = world.letIn(caller, context) {
                                return .failure(failure)
                            }
                            return try answer(caller, view, world)
                        }
                    })
            }
        }
    }

    /// Anything else: the caller is recognised on this node's state as it is, and before a denial
    /// on a state that a quorum has confirmed. Apply checks every right again.
    public static func steps<Answer: Sendable>(
        token: String, requirement: Requirement, context: RequestContext, world: World,
        isEnding: Bool = false,
        next: @escaping @Sendable (Caller, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        presented(token, world) { presented in
            var freshness = context.freshness
            freshness.isStale = true
            return fresh(freshness, world) { world in
                switch world.view({
                    .success(try Gatekeeper.admit(presented, requirement, context, $0))
                }) {
                case .failure(let failure): return .failed(failure)
                case .success(.success(let caller)):
                    return Flow(world.letIn(caller, context, isEnding: isEnding)).then { _ in
                        next(caller, world)
                    }
                case .success(.failure(let denial)) where denial.isFinal:
                    return .failed(denial.failure)
                case .success(.failure):
                    return confirmed(presented, requirement, context, isEnding: isEnding, next)
                }
            }
        }
    }

    /// The same for what no apply checks again: a quorum confirms the state in which the caller is
    /// recognised, so that a right that was taken back is gone.
    public static func confirmedSteps<Answer: Sendable>(
        token: String, requirement: Requirement, context: RequestContext, world: World,
        next: @escaping @Sendable (Caller, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        presented(token, world) { presented in
            var freshness = context.freshness
            freshness.isStale = true
            return fresh(freshness, world) { _ in
                confirmed(presented, requirement, context, isEnding: false, next)
            }
        }
    }

    private static func confirmed<Answer: Sendable>(
        _ presented: PresentedCredential, _ requirement: Requirement, _ context: RequestContext,
        isEnding: Bool, _ next: @escaping @Sendable (Caller, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .confirmRead { world in
            switch world.view({
                .success(try Gatekeeper.admit(presented, requirement, context, $0))
            }) {
            case .failure(let failure): return .failed(failure)
            case .success(.failure(let denial)):
                return .failed(world.deny(denial, context))
            case .success(.success(let caller)):
                return Flow(world.letIn(caller, context, isEnding: isEnding)).then { _ in
                    next(caller, world)
                }
            }
        }
    }

    /// The same, for what may end the caller's own session: a repetition under the same
    /// `Idempotency-Key` then gets the first answer, although its token counts no more.
    ///
    /// - Returns: the index that the answer reflects.
    public static func ending(
        token: String, requirement: Requirement, context: RequestContext, world: World,
        next: @escaping @Sendable (Caller, World) -> Flow<UInt64>
    ) -> Flow<UInt64> {
        presented(token, world) { presented in
            steps(
                token: token, requirement: requirement, context: context, world: world,
                isEnding: true, next: next
            ).recover { failure in
                guard [.tokenInvalid, .tokenExpired].contains(failure) else {
                    return .failed(failure)
                }
                return Sessions.recall(failure, token: presented.digest, context, world)
            }
        }
    }

    /// How far beyond the committed log an index may lie that is still waited for.
    private static let indicesAheadMax: UInt64 = 16

    /// Waits until the state is as new as asked for.
    ///
    /// An index that is not applied here yet is compared with what a quorum has committed: every
    /// index that an answer ever carried was committed before the question arose, so what lies far
    /// beyond was in none, and nobody is made to wait for it until the deadline.
    static func fresh<Answer: Sendable>(
        _ freshness: Freshness, _ world: World,
        next: @escaping @Sendable (World) -> Flow<Answer>
    ) -> Flow<Answer> {
        guard let minimum = freshness.minimumIndex, minimum > world.node.applied.rawValue else {
            let isConfirmed = freshness.isStale || Planted.readUnconfirmed.isOn
            return isConfirmed ? next(world) : .confirmRead(then: next)
        }
        return .confirmIndex { committed, world in
            guard minimum > committed.rawValue else { return next(world) }
            guard minimum - committed.rawValue <= indicesAheadMax else {
                return .failed(.invalid("Watchword-Min-Index: no answer has carried this index"))
            }
            return .awaitIndex(LogIndex(minimum), then: next)
        }
    }

    private static func presented<Answer: Sendable>(
        _ token: String, _ world: World, next: (PresentedCredential) -> Flow<Answer>
    ) -> Flow<Answer> {
        switch world.tokenCodec {
        case .failure(let failure): return .failed(failure)
        case .success(let codec):
            // What is spelt wrong is refused at once: no state can make it right.
            guard let presented = Authenticators.read(token, codec) else {
                return .failed(.tokenInvalid)
            }
            return next(presented)
        }
    }
}

extension World {
    /// What is told of a denial. Who is known has spent a request by it, as by one that passes, and
    /// is told nothing more when there is none left (docs/decisions/0012).
    func deny(_ denial: Denial, _ context: RequestContext) -> ServiceFailure {
        if let caller = denial.caller, case .failure(let failure) = charge(caller) {
            return failure
        }
        return record(denial, context).failure
    }

    /// Puts a denial into the audit trail when it is known who was denied.
    func record(_ denial: Denial, _ context: RequestContext) -> Denial {
        guard let caller = denial.caller else { return denial }
        journal.record(
            AuditEvent(
                tenant: caller.tenant, actor: caller.actor, action: .requestDenied,
                outcome: .denied, requestID: Text(context.requestID),
                address: Text(context.address),
                details: [.reason(.insufficientPermissions)] + caller.actingDetails
                    + denial.missing.map(AuditDetail.permission)))
        return denial
    }

    /// The refusal of a stale answer that is staler than asked for.
    func staleness(_ freshness: Freshness, _ view: StateView) -> ServiceFailure? {
        guard freshness.isStale, let most = freshness.staleMillisecondsMax else { return nil }
        return staleness(of: view) > most ? .tooStale : nil
    }
}
