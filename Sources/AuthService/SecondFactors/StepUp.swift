internal import AuthCore
internal import ByteCodec
internal import Cryptography
internal import RaftCore

/// Has a caller show their password again, because a session alone must not be enough for what
/// follows. A wrong one counts as a failed log-in.
struct StepUp: Sendable {
    var password: SharedSecret
    var caller: Caller
    var context: RequestContext

    /// Goes on with the version of the password that was right.
    func run<Answer: Sendable>(
        then next: @escaping @Sendable (_ authVersion: UInt64, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .confirmRead { world in
            Flow(look(world)).then { row in
                let job: HashJob =
                    if let row {
                        .verify(password, PasswordRecord(row.hash), renewing: false)
                    } else {
                        .pretend(password)
                    }
                return .hash(job) { result, world in
                    switch result {
                    case .matched:
                        guard let row else { return deny(.wrongPassword) }
                        return next(row.authVersion, world)
                    case .differed: return deny(.wrongPassword)
                    case .failed(let error): return .failed(Users.failure(error))
                    case .made, .drawn: preconditionFailure("a verification made a hash")
                    }
                }
            }
        }
    }

    private func look(_ world: World) -> Result<PasswordRow?, ServiceFailure> {
        world.view { view in
            let held = try logInHeldUntil(
                .user(caller.user.id), in: caller.tenant, from: Text(context.address),
                now: view.now, view.tables)
            if let held { return .failure(.rateLimited(until: held, now: view.now)) }
            return .success(try PasswordRow.read(caller.tenant, caller.user.id, view.tables))
        }
    }

    /// Counts a failure, and says no.
    func deny<Answer: Sendable>(_ reason: AuditReason) -> Flow<Answer> {
        let failure = Command.FailLogIn(subject: .user(caller.user.id), reason: reason)
        return LogInNames.count(failure, in: caller.tenant, context) {
            .failed(.invalidCredentials)
        }
    }
}
