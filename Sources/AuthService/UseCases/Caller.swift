public import AuthCore
internal import ByteCodec
internal import Cryptography
internal import RaftCore

/// A user who was recognised by a live session, with what the user may do, all from one view.
public struct Caller: Sendable {
    public let user: UserRow
    public let session: SessionRow
    public let permissions: EffectivePermissions

    public var tenant: TenantID { user.tenant }

    /// On whose behalf commands are proposed.
    var actor: Actor {
        .user(UserActor(tenant: user.tenant, user: user.id, session: session.id))
    }

    /// The header of a command, with the request's key.
    func header(
        _ context: RequestContext, _ world: World, credentials: [SharedSecret] = []
    ) -> Result<CommandHeader, ServiceFailure> {
        world.requestKey(
            context, tenant: tenant, subject: user.id.bytes, credentials: credentials
        ).map { context.header(actor, tenant: tenant, request: $0) }
    }
}

/// What somebody must hold to do something.
public enum Requirement: Sendable {
    /// A live session.
    case session
    case permission(Permission)
    /// One of these.
    case anyOf([Permission])
    /// This, or the same narrowed to anything.
    case anyBelow(Permission)

    /// The permissions that are asked for.
    var permissions: [Permission] {
        switch self {
        case .session: []
        case .permission(let permission), .anyBelow(let permission): [permission]
        case .anyOf(let alternatives): alternatives
        }
    }

    /// Whether these permissions are enough.
    func isMet(by permissions: EffectivePermissions) -> Bool {
        switch self {
        case .session: true
        case .permission(let permission): permissions.allows(permission)
        case .anyOf(let alternatives): alternatives.contains(where: permissions.allows)
        case .anyBelow(let permission):
            permissions.allows(permission)
                || permissions.permissions.contains {
                    $0.bytes.starts(with: permission.bytes + [UInt8(ascii: ":")])
                }
        }
    }
}

/// Recognises callers.
enum Gatekeeper {
    /// Who holds this token, by one view.
    static func recognise(
        _ token: ParsedToken, _ view: StateView
    ) throws -> Result<Caller, Denial> {
        let verdict = try decideValidation(
            of: CredentialNumber(token.rowNumber), verifier: Digest256(token.digest),
            wall: view.now,
            view.tables)
        switch verdict {
        case .allow(let facts):
            return .success(
                Caller(
                    user: facts.user, session: facts.session,
                    permissions: try EffectivePermissions.resolve(facts.user, view.tables)))
        case .deny(let denial, let isFinal):
            return .failure(
                Denial(failure: failure(denial), isFinal: isFinal, caller: nil, missing: []))
        }
    }

    private static func failure(_ denial: SessionDenial) -> ServiceFailure {
        switch denial {
        case .expired, .idle: .tokenExpired
        case .unknown, .ended, .wrongVerifier, .userDisabled: .tokenInvalid
        }
    }

    /// Who holds this token, if the holder meets the requirement.
    static func admit(
        _ token: ParsedToken, _ requirement: Requirement, _ view: StateView
    ) throws -> Result<Caller, Denial> {
        try recognise(token, view).flatMap { caller in
            guard requirement.isMet(by: caller.permissions) else {
                return .failure(
                    Denial(
                        failure: .insufficientPermissions, isFinal: false, caller: caller,
                        missing: requirement.permissions))
            }
            return .success(caller)
        }
    }
}

/// Why somebody was not admitted.
struct Denial: Error {
    let failure: ServiceFailure
    /// Whether every later view denies too; any other denial must be confirmed.
    let isFinal: Bool
    /// Who it was, when that is known.
    let caller: Caller?
    /// The permissions that were asked for.
    let missing: [Permission]
}

extension World {
    /// Notes a use of a caller's session; it slides the idle deadline some seconds later.
    func touch(_ session: SessionRow) {
        journal.touch(SessionTouch(session: session.id, lastSeen: now, uses: 1))
    }

    /// How far this node's state may be behind, in milliseconds.
    public func staleness(of view: StateView) -> UInt64 {
        // What the state's own time says is a bound too, when nothing better is known.
        node.stalenessMilliseconds ?? now.milliseconds(since: view.meta.lastStamp)
    }
}
