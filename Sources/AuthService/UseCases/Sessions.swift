public import AuthCore
public import ByteCodec
internal import Cryptography
internal import RaftCore

/// What is done with sessions by somebody who was recognised.
public enum Sessions {
    /// Ends the calling session.
    public static func logOut(
        _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        guard let session = caller.session else { return .failed(.insufficientPermissions) }
        return revoke(session.id, caller, context, world)
    }

    /// What the first request answered when this one repeats it with a token whose session that
    /// one has ended; otherwise the failure stands.
    ///
    /// The ended token opens nothing but this: the record lies under a digest of token, method,
    /// path and key, and was written by the entry that ended the session.
    static func recall(
        _ failure: ServiceFailure, token: Digest256, _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        let key = world.requestKey(context, tenant: .platform, subject: [], token: token)
        return Flow(key).then { key in
            let recalled = world.view { view in
                let found = try key.map { try recallRequest($0, wall: view.now, view.tables) }
                return .success((found: found ?? .nothing, index: view.meta.applied.index))
            }
            return Flow(recalled).then { recalled in
                // To say again that it is done is an acknowledgement like the first; and who asks
                // to end what has ended takes a refusal for one.
                .awaitRelease(recalled.index) { _ in answer(recalled.found, failure) }
            }
        }
    }

    private static func answer(
        _ found: RecalledRequest, _ failure: ServiceFailure
    ) -> Flow<UInt64> {
        switch found {
        case .nothing: .failed(failure)
        case .anotherBody: .failed(.idempotencyMismatch)
        case .first(let outcome):
            outcome.refusal == nil ? .done(outcome.index.rawValue) : .failed(failure)
        }
    }

    /// The header of a command that may end the caller's own credential.
    static func header(
        _ caller: Caller, endsCaller: Bool, _ context: RequestContext, _ world: World
    ) -> Result<CommandHeader, ServiceFailure> {
        world.requestKey(
            context, tenant: caller.tenant, subject: caller.subject,
            token: endsCaller ? caller.presented : nil
        ).map { context.header(caller.actor, tenant: caller.tenant, request: $0) }
    }

    /// Ends one session.
    ///
    /// - Returns: the index that the answer reflects.
    public static func revoke(
        _ session: SessionID, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        let isOwn = caller.credential == .session(session)
        return Flow(header(caller, endsCaller: isOwn, context, world)).then { header in
            .propose(Command(.revokeSession(.init(session: session)), header: header)) {
                applied, _ in .done(applied.index.rawValue)
            }
        }
    }

    /// Ends every session of a user but one.
    public static func revokeAll(
        of user: UserID, keeping: SessionID?, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        let isOwn =
            caller.session.map { user == caller.user.id && keeping != $0.id } ?? false
        return Flow(header(caller, endsCaller: isOwn, context, world)).then { header in
            let operation = Command.RevokeSessions(user: user, keeping: keeping)
            return .propose(Command(.revokeSessions(operation), header: header)) { applied, _ in
                .done(applied.index.rawValue)
            }
        }
    }

    /// Ends the sessions of a user that began before a moment; never the calling one, by which the
    /// later parts are asked for.
    public static func revoke(
        of user: UserID, before moment: Timestamp, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        let operation = Command.RevokeSessions(
            user: user, keeping: caller.session?.id, before: moment)
        // What tells one such request from another stands behind its path.
        var context = context
        context.repetition?.body += user.bytes + Array("\(moment.rawValue)".utf8)
        return Flow(caller.header(context, world)).then {
            revoke(operation, header: $0, part: 0)
        }
    }

    /// One part after the other, until there are no more. The first part that finds fewer than it
    /// may end is the last, and its acknowledgement is one of all: leases heed the newest index.
    private static func revoke(
        _ operation: Command.RevokeSessions, header: CommandHeader, part: UInt64
    ) -> Flow<UInt64> {
        var partial = header
        if part > 0, let request = header.request { partial.request = request.part(part) }
        return .propose(Command(.revokeSessions(operation), header: partial)) { applied, _ in
            guard case .revoked(let removed) = applied.outcome.result else {
                return .failed(.internal("sessions were ended with another outcome"))
            }
            guard removed >= UInt32(Limits.revocationsPerEntry) else {
                return .done(applied.index.rawValue)
            }
            return revoke(operation, header: header, part: part + 1)
        }
    }

    /// Begins a session for a user whom the caller has authenticated.
    public static func create(
        for user: UserID, seconds: UInt64?, label: String, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<LoggedIn> {
        var draft = SessionDraft(wantsRefreshToken: false, world)
        draft.seconds = seconds
        draft.label = label
        let drawn = draft
        return Flow(caller.header(context, world, credentials: draft.verifiers)).then { header in
            let beginning = SessionDraft.Start(user: user, method: .delegated, header: header)
            return drawn.begin(beginning, world) { refusal, _ in
                .failed(ServiceFailure(refusal))
            } then: { applied, world in
                drawn.finish(applied, request: header.request, world)
            }
        }
    }

    /// Who holds a token, for a caller who may ask; nil when nobody does.
    public static func lookUp(
        _ token: String, in tenant: TenantID, _ context: RequestContext, _ view: StateView,
        _ world: World
    ) throws -> Result<(Caller, SessionRow), ServiceFailure> {
        guard case .success(let codec) = world.tokenCodec,
            let presented = SessionAuthenticator().read(Array(token.utf8), codec),
            case .success(let holder) = try presented.judge(view, nil),
            holder.tenant == tenant, let session = holder.session
        else { return .failure(.notFound) }
        world.touch(holder, context)
        return .success((holder, session))
    }

    /// A live session of the caller's tenant.
    public static func read(
        _ id: SessionID, in tenant: TenantID, _ view: StateView
    ) throws -> SessionRow? {
        guard let session = try SessionRow.read(id, view.tables),
            session.tenant == tenant || Planted.sessionOfAnyTenant.isOn
        else { return nil }
        switch try decideLife(of: session, meta: view.meta, wall: view.now, view.tables) {
        // Only who acts in a suspended tenant comes here: its sessions wait for the resumption.
        case .allow, .deny(.tenantSuspended, _): return session
        case .deny: return nil
        }
    }

    /// Whether a session's row stands for a session that lives.
    static func isLive(_ session: SessionRow, _ view: StateView) throws -> Bool {
        let verdict = try decideLife(
            of: session, meta: view.meta, wall: view.now, view.tables)
        if case .allow = verdict { return true }
        return false
    }
}
