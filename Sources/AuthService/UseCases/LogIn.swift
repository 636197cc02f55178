internal import AuthCore
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
    /// A one-time code or a recovery code; of no account to who has no second factor.
    public var code: String?
    /// The tenant; nil is the first one.
    public var tenant: TenantReference?
    /// How long the session is to live at most; what is too long becomes the longest allowed.
    public var seconds: UInt64?
    public var label: String
    /// Whether a refresh token is wanted too.
    public var wantsRefreshToken: Bool
    public var context: RequestContext

    public init(
        username: String, password: SharedSecret, code: String? = nil,
        tenant: TenantReference? = nil,
        seconds: UInt64? = nil, label: String = "", wantsRefreshToken: Bool = false,
        context: RequestContext
    ) {
        self.username = username
        self.password = password
        self.code = code
        self.tenant = tenant
        self.seconds = seconds
        self.label = label
        self.wantsRefreshToken = wantsRefreshToken
        self.context = context
    }

    /// How often a password is verified anew because the user changed meanwhile.
    private static let attemptsMax = 2

    /// What is known of the user before the password is.
    private struct Candidate: Sendable {
        var tenant: TenantID
        /// Whether anybody of the tenant is let in.
        var isOpen = true
        /// By whom failures are counted; nil while the cluster counts none.
        var subject: LogInSubject?
        var user: UserRow?
        var password: PasswordRow?

        /// The user, when a right password would let them in.
        var admissible: (user: UserRow, password: PasswordRow)? {
            guard let user, let password, !user.disabled, isOpen else { return nil }
            return (user, password)
        }

        /// Why nobody is let in, for the audit trail.
        var reason: AuditReason {
            guard let user else { return .unknownUser }
            guard isOpen else { return .tenantSuspended }
            return user.disabled ? .userDisabled : .wrongPassword
        }

        /// Whether a password verified against `other` is verified against this too.
        func isSame(as other: Candidate) -> Bool {
            user?.id == other.user?.id && isOpen == other.isOpen
                && user?.disabled == other.user?.disabled
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
        Flow(hold(world)).then { held in
            guard held != nil else { return look(attempt: attempt, world) }
            return confirmHold { look(attempt: attempt, $0) }
        }
    }

    private func look(attempt: Int, _ world: World) -> Flow<LoggedIn> {
        Flow(candidate(world)).then { verify($0, attempt: attempt) }
    }

    /// Refuses a name that is held back, whoever has it and whatever the password: without looking
    /// at either. A quorum has confirmed it, because a newer state may have let go of it.
    private func confirmHold(
        otherwise next: @escaping @Sendable (World) -> Flow<LoggedIn>
    ) -> Flow<LoggedIn> {
        .confirmRead { world in
            Flow(hold(world)).then { held in
                guard let held else { return next(world) }
                return .failed(.rateLimited(until: held.until, now: held.now))
            }
        }
    }

    private func verify(_ candidate: Candidate, attempt: Int) -> Flow<LoggedIn> {
        let job: HashJob =
            if let record = candidate.admissible?.password.hash {
                .verify(password, PasswordRecord(record), renewing: true)
            } else {
                .pretend(password)
            }
        return .hash(job) { result, _ in
            switch result {
            case .matched(let replacement):
                guard let (user, password) = candidate.admissible else {
                    return deny(candidate, attempt: attempt)
                }
                // The same steps as for a wrong one: what fails behind the hash fails alike.
                return .confirmRead { world in
                    Flow(world.judge(code, of: user.id, in: user.tenant)).then { verdict in
                        switch verdict {
                        case .wrong:
                            return Flow(isRepetition(by: user, world)).then { isRepetition in
                                guard isRepetition else { return countWrongCode(candidate, world) }
                                // It was good once, and the answer was lost: apply still has it.
                                return start(
                                    user, password, .none, replacement, candidate,
                                    attempt: attempt, world)
                            }
                        case .none, .right:
                            return start(
                                user, password, verdict, replacement, candidate,
                                attempt: attempt, world)
                        }
                    }
                }
            case .differed: return deny(candidate, attempt: attempt)
            case .failed(let reason): return .failed(Users.failure(reason))
            case .made, .drawn: preconditionFailure("a verification made a hash")
            }
        }
    }

    /// Until when the name is held back, and what time it is. The look-ups are the same whether
    /// somebody has the name or not, for no hash covers what they take.
    private func hold(
        _ world: World
    ) -> Result<(until: Timestamp, now: Timestamp)?, ServiceFailure> {
        world.view { view in
            let place = try TenantReference.find(tenant, view.tables)
            switch try subject(place, view, world) {
            case .failure(let failure): return .failure(failure)
            case .success(nil): return .success(nil)
            case .success(let subject?):
                let end = try logInHeldUntil(
                    subject, in: place.countedIn, from: Text(context.address), now: view.now,
                    view.tables)
                return .success(end.map { ($0, view.now) })
            }
        }
    }

    private func candidate(_ world: World) -> Result<Candidate, ServiceFailure> {
        world.view { view in
            let place = try TenantReference.find(tenant, view.tables)
            var found = Candidate(tenant: place.countedIn, isOpen: place.isOpen)
            if let name = UserName(username),
                let user = try UserRow.read(place.tenant, named: name, view.tables)
            {
                found.user = user
                if user.kind.logsInByPassword(at: view.meta.featureLevel) {
                    found.password = try PasswordRow.read(user.tenant, user.id, view.tables)
                }
            }
            let known = found
            return try subject(place, view, world).map { subject in
                var found = known
                found.subject = subject
                return found
            }
        }
    }

    /// By whom failures are counted; nil while the cluster counts none.
    private func subject(
        _ place: TenantReference.Found, _ view: StateView, _ world: World
    ) throws -> Result<LogInSubject?, ServiceFailure> {
        guard world.counts(failuresOf: view.meta) else { return .success(nil) }
        // Also where there is a user: whether there is must not show.
        switch world.requireKeys() {
        case .failure(let failure): return .failure(failure)
        case .success(let keys):
            return .success(
                try LogInNames.subject(username, in: place, keys, view.tables))
        }
    }

    /// Says no, once a quorum has confirmed that nothing has changed that could make it a yes, and
    /// the failure is counted.
    private func deny(_ candidate: Candidate, attempt: Int) -> Flow<LoggedIn> {
        .confirmRead { world in
            Flow(self.candidate(world)).then { newer in
                if !newer.isSame(as: candidate), attempt < Self.attemptsMax {
                    return verify(newer, attempt: attempt + 1)
                }
                guard let subject = newer.subject else {
                    record(newer, world)
                    return .failed(.invalidCredentials)
                }
                let failure = Command.FailLogIn(subject: subject, reason: newer.reason)
                return LogInNames.count(failure, in: newer.tenant, context) {
                    .failed(.invalidCredentials)
                }
            }
        }
    }

    private func record(_ candidate: Candidate, _ world: World) {
        world.journal.record(
            AuditEvent(
                tenant: candidate.tenant, actor: .anonymous, action: .logIn,
                target: candidate.user.map { .user($0.id) } ?? .none, outcome: .denied,
                requestID: Text(context.requestID), address: Text(context.address),
                details: [.reason(candidate.reason)]))
    }

    /// Whether this very request was answered before.
    private func isRepetition(by user: UserRow, _ world: World) -> Result<Bool, ServiceFailure> {
        let key = world.requestKey(
            context, tenant: user.tenant, subject: user.username.bytes)
        return key.flatMap { key in
            guard let key else { return .success(false) }
            return world.view { view in
                guard case .first = try recallRequest(key, wall: view.now, view.tables) else {
                    return .success(false)
                }
                return .success(true)
            }
        }
    }

    /// Says no to a right password with a wrong code, as to a wrong password.
    private func countWrongCode(_ candidate: Candidate, _ world: World) -> Flow<LoggedIn> {
        guard let subject = candidate.subject else { return .failed(.invalidCredentials) }
        let failure = Command.FailLogIn(subject: subject, reason: .wrongCode)
        return LogInNames.count(failure, in: candidate.tenant, context) {
            .failed(.invalidCredentials)
        }
    }

    private func start(
        _ user: UserRow, _ password: PasswordRow, _ verdict: CodeVerdict,
        _ replacement: PasswordRecord?, _ candidate: Candidate, attempt: Int, _ world: World
    ) -> Flow<LoggedIn> {
        KeyRotation.prepare(wantsRefreshToken, context, world) { world in
            begin(user, password, verdict, replacement, candidate, attempt: attempt, world)
        }
    }

    private func begin(
        _ user: UserRow, _ password: PasswordRow, _ verdict: CodeVerdict,
        _ replacement: PasswordRecord?, _ candidate: Candidate, attempt: Int, _ world: World
    ) -> Flow<LoggedIn> {
        var draft = SessionDraft(wantsRefreshToken: wantsRefreshToken, world)
        draft.seconds = seconds
        draft.label = label
        if case .right(let shown) = verdict { draft.code = shown }
        let drawn = draft
        let key = world.requestKey(
            context, tenant: user.tenant, subject: user.username.bytes,
            credentials: draft.verifiers)
        return Flow(key).then { key in
            let beginning = SessionDraft.Start(
                user: user.id, method: .password, authVersionSeen: password.authVersion,
                header: context.header(.anonymous, tenant: user.tenant, request: key))
            return drawn.begin(beginning, world) { refusal, world in
                switch refusal {
                case .credentialsChanged, .userDisabled, .notFound, .stale, .tenantSuspended:
                    attempt < Self.attemptsMax
                        ? verify(attempt: attempt + 1, world) : deny(candidate, attempt: attempt)
                case .heldBack(let end): .failed(.rateLimited(until: end, now: world.now))
                case .codeSpent: countWrongCode(candidate, world)
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
