internal import AuthCore
internal import ByteCodec
public import Cryptography
internal import RaftCore

/// Changes the caller's own password, and signs the other sessions out.
public struct ChangeOwnPassword: Sendable {
    public var oldPassword: SharedSecret
    public var newPassword: SharedSecret
    /// A one-time code or a recovery code; of no account to who has no second factor.
    public var code: String?
    public var caller: Caller
    public var context: RequestContext

    public init(
        old: SharedSecret, new: SharedSecret, code: String? = nil, caller: Caller,
        context: RequestContext
    ) {
        oldPassword = old
        newPassword = new
        self.code = code
        self.caller = caller
        self.context = context
    }

    /// Verifies the old password, and sets the new one against the version it was verified under.
    ///
    /// Whether the old one is right shows in nothing but the last step: a right one and a wrong one
    /// take the same until then, so what fails on the way fails alike and tells nothing.
    ///
    /// - Returns: the index that the answer reflects.
    public func run(_ world: World) -> Flow<UInt64> {
        Flow(look(world)).then { found in
            switch found {
            case .repeated(let outcome): repeated(outcome)
            // Another node may have let go of it a moment ago.
            case .held: confirmed { _, world in change(world) }
            case .password: change(world)
            }
        }
    }

    private func change(_ world: World) -> Flow<UInt64> {
        Users.hashed(newPassword, world) { hash, _ in
            confirmed { row, _ in verify(row, hash) }
        }
    }

    private enum Found: Sendable {
        case password(PasswordRow?)
        /// Too many have tried it: the old password is not looked at.
        case held(until: Timestamp, now: Timestamp)
        /// The first request has changed it already, so the old one cannot be verified again.
        case repeated(Outcome)
    }

    private func look(_ world: World) -> Result<Found, ServiceFailure> {
        caller.header(context, world).flatMap { header in
            world.view { view -> Result<Found, ServiceFailure> in
                if let request = header.request {
                    switch try recallRequest(request, wall: view.now, view.tables) {
                    case .nothing: break
                    case .first(let outcome): return .success(.repeated(outcome))
                    case .anotherBody: return .failure(.idempotencyMismatch)
                    }
                }
                if world.counts(failuresOf: view.meta),
                    let end = try logInHeldUntil(
                        .user(caller.user.id), in: caller.tenant, from: Text(context.address),
                        now: view.now, view.tables)
                {
                    return .success(.held(until: end, now: view.now))
                }
                return .success(
                    .password(
                        try PasswordRow.read(caller.tenant, caller.user.id, view.tables)))
            }
        }
    }

    /// Looks again once a quorum has confirmed the view, and goes on with the password.
    private func confirmed(
        _ next: @escaping @Sendable (PasswordRow?, World) -> Flow<UInt64>
    ) -> Flow<UInt64> {
        .confirmRead { world in
            Flow(look(world)).then { found in
                switch found {
                case .password(let row): next(row, world)
                case .held(let end, let now): .failed(.rateLimited(until: end, now: now))
                case .repeated(let outcome): repeated(outcome)
                }
            }
        }
    }

    private func repeated(_ outcome: Outcome) -> Flow<UInt64> {
        // To say again that it is done is an acknowledgement like the first.
        .awaitRelease(outcome.index) { _ in
            outcome.refusal.map { .failed(ServiceFailure($0)) } ?? .done(outcome.index.rawValue)
        }
    }

    private func verify(_ row: PasswordRow?, _ hash: AuthCore.PasswordHash) -> Flow<UInt64> {
        let job: HashJob =
            if let row {
                .verify(oldPassword, PasswordRecord(row.hash), renewing: false)
            } else {
                .pretend(oldPassword)
            }
        return .hash(job) { result, world in
            switch result {
            case .matched:
                guard let row else { return deny(.wrongPassword, world) }
                return set(hash, over: row, world)
            case .differed: return deny(.wrongPassword, world)
            case .failed(let error): return .failed(Users.failure(error))
            case .made, .drawn: preconditionFailure("a verification made a hash")
            }
        }
    }

    private func set(
        _ hash: AuthCore.PasswordHash, over row: PasswordRow, _ world: World
    ) -> Flow<UInt64> {
        Flow(world.judge(code, of: caller.user.id, in: caller.tenant)).then { verdict in
            var operation = Command.SetPassword(
                user: caller.user.id, password: hash, authVersionSeen: row.authVersion)
            switch verdict {
            case .wrong: return deny(.wrongCode, world)
            case .right(let shown): operation.code = shown
            case .none: break
            }
            return Users.perform(.setPassword(operation), caller, context, world)
        }
    }

    /// Counts the failure as one to log in: a session that was stolen must not be a way to guess
    /// the password.
    private func deny(_ reason: AuditReason, _ world: World) -> Flow<UInt64> {
        Flow(world.view { .success(world.counts(failuresOf: $0.meta)) }).then { isCounted in
            guard isCounted else { return .failed(.invalidCredentials) }
            let failure = Command.FailLogIn(
                subject: .user(caller.user.id), reason: reason)
            return LogInNames.count(failure, in: caller.tenant, context) {
                .failed(.invalidCredentials)
            }
        }
    }
}
