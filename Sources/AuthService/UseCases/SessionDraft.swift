public import AuthCore
internal import ByteCodec
internal import Cryptography
internal import RaftCore

/// A session that was begun, with the tokens that are shown once.
public struct LoggedIn: Sendable {
    public let session: SessionRow
    public let user: UserRow
    public let sessionToken: String
    public let refreshToken: String?
    /// Nil where none was asked for, or none is made.
    public let accessToken: AccessToken?
    /// The index that the answer reflects.
    public let index: UInt64
}

/// The chance that goes into a new session, and the composing of its tokens afterwards.
struct SessionDraft: Sendable {
    let verifier: SharedSecret
    let refreshVerifier: SharedSecret?
    let nonce: UInt64
    var seconds: UInt64?
    var label = ""
    /// The one-time code that was right.
    var code: ShownCode?

    init(wantsRefreshToken: Bool, _ world: World) {
        verifier = TokenCodec.drawVerifier(world.random)
        refreshVerifier = wantsRefreshToken ? TokenCodec.drawVerifier(world.random) : nil
        nonce = world.random.integer()
    }

    /// What a repetition must be able to show again.
    var verifiers: [SharedSecret] { [verifier] + (refreshVerifier.map { [$0] } ?? []) }

    /// The command's operation.
    func operation(
        for user: UserID, method: AuthMethod, authVersionSeen: UInt64?, mayEvict: Bool,
        _ world: World
    ) -> Command.StartSession {
        let absolute = min(
            seconds ?? world.options.sessionSeconds, world.options.sessionSecondsMax,
            Limits.sessionMilliseconds / 1_000)
        return Command.StartSession(
            user: user, nonce: nonce,
            verifier: Digest256(TokenCodec.digest(.session, verifier: verifier.bytes)),
            authVersionSeen: authVersionSeen,
            idleMilliseconds: min(world.options.sessionIdleSeconds, absolute) * 1_000,
            absoluteMilliseconds: absolute * 1_000, label: Text(label), method: method,
            refreshVerifier: refreshVerifier.map {
                Digest256(TokenCodec.digest(.refresh, verifier: $0.bytes))
            }, mayEvict: mayEvict, code: code)
    }

    /// Proposes to begin the session, saying whether older ones may end by it; once more where
    /// apply knows better. One by which none can end is acknowledged without waiting for leases.
    func begin(
        _ start: Start, _ world: World,
        refused: @escaping @Sendable (Refusal, World) -> Flow<LoggedIn>,
        then next: @escaping @Sendable (Applied, World) -> Flow<LoggedIn>
    ) -> Flow<LoggedIn> {
        let evicts = world.view { view in
            let user = try UserRow.read(start.header.tenant, start.user, view.tables)
            return .success(
                try user.map {
                    try AuthCore.mayEvict(startingFor: $0, now: view.now, view.tables)
                } ?? false)
        }
        return Flow(evicts).then {
            propose(start, mayEvict: $0, world, refused: refused, then: next)
        }
    }

    /// For whom a session is begun, and on what grounds.
    struct Start: Sendable {
        var user: UserID
        var method: AuthMethod
        var authVersionSeen: UInt64?
        var header: CommandHeader
    }

    private func propose(
        _ start: Start, mayEvict: Bool, _ world: World,
        refused: @escaping @Sendable (Refusal, World) -> Flow<LoggedIn>,
        then next: @escaping @Sendable (Applied, World) -> Flow<LoggedIn>
    ) -> Flow<LoggedIn> {
        let operation = self.operation(
            for: start.user, method: start.method, authVersionSeen: start.authVersionSeen,
            mayEvict: mayEvict, world)
        return .propose(Command(.startSession(operation), header: start.header)) {
            refusal, world in
            guard refusal == .evictionNeeded, !mayEvict else { return refused(refusal, world) }
            return propose(start, mayEvict: true, world, refused: refused, then: next)
        } then: { applied, world in
            guard applied.outcome.replay != nil else { return next(applied, world) }
            // The first start may have ended others, and to say again that it is done is an
            // acknowledgement like the first.
            return .awaitRelease(applied.outcome.index) { next(applied, $0) }
        }
    }

    /// Composes the tokens of the session that apply has begun, or began the first time.
    func finish(
        _ applied: Applied, request: RequestKey?, _ world: World
    ) -> Flow<LoggedIn> {
        guard case .session(let session) = applied.outcome.result else {
            return .failed(.internal("a session was begun with another outcome"))
        }
        return Flow(
            world.tokenCodec.flatMap { codec in
                world.credentials(of: applied.outcome, request: request, drawn: verifiers)
                    .flatMap { verifiers in
                        world.view { view in
                            guard
                                let user = try UserRow.read(
                                    session.tenant, session.user, view.tables)
                            else { return .failure(.notFound) }
                            let access: Result<AccessToken?, ServiceFailure> =
                                refreshVerifier == nil
                                ? .success(nil)
                                : try Issuance.issue(session, user, applied.outcome, world, view)
                            return access.map { access in
                                compose(
                                    session, user, verifiers, codec, access,
                                    applied.index.rawValue)
                            }
                        }
                    }
            })
    }

    private func compose(
        _ session: SessionRow, _ user: UserRow, _ verifiers: [SharedSecret], _ codec: TokenCodec,
        _ access: AccessToken?, _ index: UInt64
    ) -> LoggedIn {
        func token(_ kind: TokenKind, _ verifier: SharedSecret) -> String {
            String(
                decoding: codec.compose(
                    kind, rowNumber: session.id.number.rawValue, verifier: verifier.bytes),
                as: UTF8.self)
        }
        return LoggedIn(
            session: session, user: user, sessionToken: token(.session, verifiers[0]),
            refreshToken: verifiers.count > 1 ? token(.refresh, verifiers[1]) : nil,
            accessToken: access, index: index)
    }
}
