public import AuthCore
public import ByteCodec
internal import Cryptography
internal import RaftCore

/// A user who was recognised, by what, and what may be done by that: all from one view, and the
/// same whatever the credential. It prints without anything personal.
public final class Caller: Sendable, CustomStringConvertible {
    /// What somebody was recognised by.
    public enum Proof: Sendable {
        case session(SessionFacts)
        case key(KeyRow)
        /// A session, by a signed token that names it and was made to be shown to others.
        case accessToken(SessionFacts)
        /// Nothing was shown, and this is a place for development.
        case nothing
    }

    public let proof: Proof
    /// What is stored of the credential that was presented.
    let presented: Digest256
    /// What the credential gives now, and how it is told.
    public let rights: Rights
    /// When it ends, if nothing else ends it before.
    public let expiresAt: Timestamp?
    /// For whom its requests count.
    let metering: Metering

    /// Where the caller acts, when that is not their own tenant.
    let place: TenantID?

    init(
        proof: Proof, presented: Digest256, rights: Rights,
        expiresAt: Timestamp?, metering: Metering, place: TenantID? = nil
    ) {
        self.proof = proof
        self.presented = presented
        self.rights = rights
        self.expiresAt = expiresAt
        self.metering = metering
        self.place = place
    }

    /// The same caller, in another tenant.
    func acting(in place: TenantID) -> Caller {
        Caller(
            proof: proof, presented: presented, rights: rights, expiresAt: expiresAt,
            metering: metering, place: place)
    }

    public var user: UserRow { rights.user.row }

    /// What the credential gives now.
    public var permissions: EffectivePermissions { rights.permissions }

    /// The tenant in which the caller works: their own, or the one that they act in.
    public var tenant: TenantID { place ?? user.tenant }

    /// What audit records say of a caller who acts in another tenant.
    var actingDetails: [AuditDetail] {
        tenant == user.tenant ? [] : [.actorTenant(user.tenant)]
    }

    /// The session, when it is one: by its own token, or by an access token.
    public var session: SessionRow? {
        switch proof {
        case .session(let facts), .accessToken(let facts): facts.session
        case .key, .nothing: nil
        }
    }

    /// The key, when it is one.
    public var key: KeyRow? { if case .key(let row) = proof { row } else { nil } }

    /// Whether the credential is one that services behind a gateway see.
    var isByAccessToken: Bool { if case .accessToken = proof { true } else { false } }

    /// What the credential is known by; nil where there is none.
    public var credential: CredentialID? {
        switch proof {
        case .session(let facts), .accessToken(let facts): .session(facts.session.id)
        case .key(let key): .key(key.id)
        case .nothing: nil
        }
    }

    /// How gateways are told that the user was recognised.
    public var method: String {
        switch proof {
        case .session: "session"
        case .key: "api_key"
        case .accessToken: "jwt"
        case .nothing: "none"
        }
    }

    public var description: String {
        "\(ObjectText.show(user.id)) by \(method), \(permissions.permissions.count) permissions"
    }

    /// On whose behalf commands are proposed.
    var actor: Actor {
        credential.map {
            .user(UserActor(tenant: user.tenant, user: user.id, credential: $0))
        } ?? .anonymous
    }

    /// Whose repetitions of a request get the first answer: a key may do less than its owner, and
    /// must not be shown what the owner was.
    var subject: [UInt8] { key.map { user.id.bytes + $0.id.bytes } ?? user.id.bytes }

    /// The header of a command, with the request's key.
    func header(
        _ context: RequestContext, _ world: World, credentials: [SharedSecret] = []
    ) -> Result<CommandHeader, ServiceFailure> {
        world.requestKey(
            context, tenant: tenant, subject: subject, credentials: credentials
        ).map { context.header(actor, tenant: tenant, request: $0) }
    }
}

/// What somebody must hold to do something.
public enum Requirement: Sendable {
    /// Any credential that is good: for what tells its holder no more than who they are.
    case anyone
    /// The same, of a session.
    case anyoneOfSession
    /// A credential that was made for this server: no access token, which whatever service it was
    /// shown to could show here.
    case holder
    /// A live session: what is the user's own is for the user, and for no key.
    case session
    case permission(Permission)
    /// One of these.
    case anyOf([Permission])
    /// This, or the same narrowed to anything.
    case anyBelow(Permission)

    /// The permissions that are asked for.
    var permissions: [Permission] {
        switch self {
        case .anyone, .anyoneOfSession, .holder, .session: []
        case .permission(let permission), .anyBelow(let permission): [permission]
        case .anyOf(let alternatives): alternatives
        }
    }

    private var takesAccessTokens: Bool {
        switch self {
        case .anyone, .anyoneOfSession: true
        case .holder, .session, .permission, .anyOf, .anyBelow: false
        }
    }

    /// Whether the caller has it.
    func isMet(by caller: Caller) -> Bool {
        guard takesAccessTokens || !caller.isByAccessToken else { return false }
        let permissions = caller.permissions
        return switch self {
        case .anyone, .holder: true
        case .anyoneOfSession, .session: caller.session != nil
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
    /// Who presents this, if they meet the requirement.
    static func admit(
        _ presented: PresentedCredential, _ requirement: Requirement, _ context: RequestContext,
        _ view: StateView
    ) throws -> Result<Caller, Denial> {
        switch try presented.judge(view, context) {
        case .failure(let denial): return .failure(denial)
        case .success(let caller):
            guard requirement.isMet(by: caller) else {
                return .failure(
                    Denial(
                        failure: .insufficientPermissions, isFinal: false, caller: caller,
                        missing: requirement.permissions))
            }
            guard let place = context.place else { return .success(caller) }
            return try enter(place, mayBeGone: context.placeMayBeGone, caller, view)
        }
    }

    /// Lets a caller act in another tenant, which must be there: suspended ones are read and
    /// resumed so. What outlives a tenant is read of any id: that it ever was one is not kept.
    private static func enter(
        _ place: TenantID, mayBeGone: Bool, _ caller: Caller, _ view: StateView
    ) throws -> Result<Caller, Denial> {
        guard caller.permissions.allows(.tenantsAct) else {
            return .failure(
                Denial(
                    failure: .insufficientPermissions, isFinal: false, caller: caller,
                    missing: [.tenantsAct]))
        }
        let tenant = try TenantRow.read(place, view.tables)
        let isThere = tenant.map { $0.state != .deleting } ?? false
        guard isThere || (mayBeGone && place != .nobody) else {
            return .denied(.notFound, isFinal: false)
        }
        return .success(caller.acting(in: place))
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
    /// Notes a use of a caller's credential; it slides the idle deadline of a session some seconds
    /// later, and tells when and from where a key was used last.
    func touch(_ caller: Caller, _ context: RequestContext) {
        switch caller.proof {
        case .session(let facts), .accessToken(let facts):
            journal.touch(
                SessionTouch(session: facts.session.id, lastSeen: now, uses: 1),
                idleEnd: facts.session.idleExpiresAt)
        case .key(let key):
            journal.touch(KeyTouch(key: key.id, lastUsed: now, address: Text(context.address)))
        case .nothing: break
        }
    }

    /// How far this node's state may be behind, in milliseconds.
    public func staleness(of view: StateView) -> UInt64 {
        // What the state's own time says is a bound too, when nothing better is known.
        node.stalenessMilliseconds ?? now.milliseconds(since: view.meta.lastStamp)
    }
}
