public import AuthCore
internal import ByteCodec
public import Cryptography
internal import RaftCore

/// Begins a session for somebody who knows a password.
///
/// Whoever is unknown, disabled or without a password costs the same work and gets the same answer
/// as a wrong password (security A7): one hash on the pool, one confirmed read.
public struct LogIn: Sendable {
    /// As it was typed; not every text is a name.
    public var username: String
    public var password: SharedSecret
    /// The tenant's name; nil is the first one.
    public var tenant: RoleName?
    /// How long the session is to live at most; what is too long becomes the longest allowed.
    public var seconds: UInt64?
    public var label: String
    /// Whether a refresh token is wanted too.
    public var wantsRefreshToken: Bool
    public var context: RequestContext

    public init(
        username: String, password: SharedSecret, tenant: RoleName? = nil, seconds: UInt64? = nil,
        label: String = "", wantsRefreshToken: Bool = false, context: RequestContext
    ) {
        self.username = username
        self.password = password
        self.tenant = tenant
        self.seconds = seconds
        self.label = label
        self.wantsRefreshToken = wantsRefreshToken
        self.context = context
    }

    /// How often a password is verified anew because the user changed meanwhile.
    private static let attemptsMax = 2

    /// What is known of the user before the password is.
    private struct Candidate: Sendable, Equatable {
        var tenant: TenantID
        var user: UserRow?
        var password: PasswordRow?

        /// The user, when a right password would let them in.
        var admissible: (user: UserRow, password: PasswordRow)? {
            guard let user, let password, !user.disabled else { return nil }
            return (user, password)
        }

        /// Whether a password verified against `other` is verified against this too.
        func isSame(as other: Candidate) -> Bool {
            user?.id == other.user?.id && user?.disabled == other.user?.disabled
                && password?.authVersion == other.password?.authVersion
                && password?.hash == other.password?.hash
        }
    }

    /// Logs in.
    ///
    /// A node that cannot compose tokens yet begins nothing: it would have to say that it failed
    /// when the session is there.
    public func run(_ world: World) -> Flow<LoggedIn> {
        Flow(world.tokenCodec).then { _ in verify(attempt: 1, world) }
    }

    private func verify(attempt: Int, _ world: World) -> Flow<LoggedIn> {
        switch world.view({ .success(try candidate($0)) }) {
        case .failure(let failure): return .failed(failure)
        case .success(let candidate): return verify(candidate, attempt: attempt)
        }
    }

    private func verify(_ candidate: Candidate, attempt: Int) -> Flow<LoggedIn> {
        let job: HashJob =
            if let record = candidate.admissible?.password.hash {
                .verify(password, PasswordRecord(record), renewing: true)
            } else {
                .pretend(password)
            }
        return .hash(job) { result, world in
            switch result {
            case .matched(let replacement):
                guard let (user, password) = candidate.admissible else {
                    return deny(candidate, attempt: attempt)
                }
                return start(user, password, replacement, attempt: attempt, world)
            case .differed: return deny(candidate, attempt: attempt)
            case .failed(let reason): return .failed(Users.failure(reason))
            case .made: preconditionFailure("a verification made a hash")
            }
        }
    }

    private func candidate(_ view: StateView) throws -> Candidate {
        var tenantID = TenantID.platform
        if let tenant {
            guard let row = try TenantRow.read(named: tenant, view.tables) else {
                return Candidate(tenant: .platform)
            }
            tenantID = row.id
        }
        guard let name = UserName(username),
            let user = try UserRow.read(tenantID, named: name, view.tables)
        else { return Candidate(tenant: tenantID) }
        let level = try StateMeta.read(view.tables).featureLevel
        guard user.kind.logsInByPassword(at: level) else {
            return Candidate(tenant: tenantID, user: user)
        }
        return Candidate(
            tenant: tenantID, user: user,
            password: try PasswordRow.read(tenantID, user.id, view.tables))
    }

    /// Says no, once a quorum has confirmed that nothing has changed that could make it a yes.
    private func deny(_ candidate: Candidate, attempt: Int) -> Flow<LoggedIn> {
        .confirmRead { world in
            switch world.view({ .success(try self.candidate($0)) }) {
            case .failure(let failure): return .failed(failure)
            case .success(let newer):
                if !newer.isSame(as: candidate), attempt < Self.attemptsMax {
                    return verify(newer, attempt: attempt + 1)
                }
                record(newer, world)
                return .failed(.invalidCredentials)
            }
        }
    }

    private func record(_ candidate: Candidate, _ world: World) {
        let reason: AuditReason =
            if let user = candidate.user {
                user.disabled ? .userDisabled : .wrongPassword
            } else {
                .unknownUser
            }
        world.journal.record(
            AuditEvent(
                tenant: candidate.tenant, actor: .anonymous, action: .logIn,
                target: candidate.user.map { .user($0.id) } ?? .none, outcome: .denied,
                requestID: Text(context.requestID), address: Text(context.address),
                details: [.reason(reason)]))
    }

    private func start(
        _ user: UserRow, _ password: PasswordRow, _ replacement: PasswordRecord?, attempt: Int,
        _ world: World
    ) -> Flow<LoggedIn> {
        var draft = SessionDraft(wantsRefreshToken: wantsRefreshToken, world)
        draft.seconds = seconds
        draft.label = label
        let drawn = draft
        let key = world.requestKey(
            context, tenant: user.tenant, subject: user.username.bytes,
            credentials: draft.verifiers)
        return Flow(key).then { key in
            let operation = drawn.operation(
                for: user.id, method: .password, authVersionSeen: password.authVersion, world)
            let header = context.header(.anonymous, tenant: user.tenant, request: key)
            return .propose(Command(.startSession(operation), header: header)) { refusal, world in
                switch refusal {
                case .credentialsChanged, .userDisabled, .notFound, .stale:
                    attempt < Self.attemptsMax
                        ? verify(attempt: attempt + 1, world) : .failed(.invalidCredentials)
                default: .failed(ServiceFailure(refusal))
                }
            } then: { applied, world in
                if let replacement, applied.outcome.replay == nil {
                    store(replacement, user, password, world)
                }
                return drawn.finish(applied, request: key, world)
            }
        }
    }

    /// Stores the same password under our own parameters, with nobody waiting.
    private func store(
        _ replacement: PasswordRecord, _ user: UserRow, _ password: PasswordRow, _ world: World
    ) {
        let rehash = Command.RehashPassword(
            user: user.id, password: PasswordHash(replacement),
            authVersionSeen: password.authVersion)
        world.journal.propose(
            Command(.rehashPassword(rehash), header: context.header(.node, tenant: user.tenant)))
    }
}

/// A session that was begun, with the tokens that are shown once.
public struct LoggedIn: Sendable {
    public let session: SessionRow
    public let user: UserRow
    public let sessionToken: String
    public let refreshToken: String?
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

    init(wantsRefreshToken: Bool, _ world: World) {
        verifier = TokenCodec.drawVerifier(world.random)
        refreshVerifier = wantsRefreshToken ? TokenCodec.drawVerifier(world.random) : nil
        nonce = world.random.integer()
    }

    /// What a repetition must be able to show again.
    var verifiers: [SharedSecret] { [verifier] + (refreshVerifier.map { [$0] } ?? []) }

    /// The command's operation.
    func operation(
        for user: UserID, method: AuthMethod, authVersionSeen: UInt64?, _ world: World
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
            })
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
                            return .success(
                                compose(session, user, verifiers, codec, applied.index.rawValue))
                        }
                    }
            })
    }

    private func compose(
        _ session: SessionRow, _ user: UserRow, _ verifiers: [SharedSecret], _ codec: TokenCodec,
        _ index: UInt64
    ) -> LoggedIn {
        func token(_ kind: TokenKind, _ verifier: SharedSecret) -> String {
            String(
                decoding: codec.compose(
                    kind, rowNumber: session.id.number.rawValue, verifier: verifier.bytes),
                as: UTF8.self)
        }
        return LoggedIn(
            session: session, user: user, sessionToken: token(.session, verifiers[0]),
            refreshToken: verifiers.count > 1 ? token(.refresh, verifiers[1]) : nil, index: index)
    }
}

extension PasswordRecord {
    /// The record as the state holds it.
    init(_ hash: AuthCore.PasswordHash) {
        self.init(pepperKeyID: hash.pepperKeyID, phc: hash.phc.string)
    }
}

extension AuthCore.PasswordHash {
    /// The record in the form that the state holds.
    init(_ record: PasswordRecord) {
        self.init(phc: Text(record.phc), pepperKeyID: record.pepperKeyID)
    }
}
