public import AuthCore
internal import ByteCodec
internal import RaftCore

/// Decides for a gateway whether a forwarded request may pass.
public final class Validate: Sendable {
    /// The one credential that came in our own spelling, if any.
    public let token: [UInt8]?
    /// What came where a key may stand and is not spelt as ours are: an imported key, or nothing
    /// of ours at all.
    public let foreign: [UInt8]?
    /// All must hold.
    public let required: [Permission]
    /// The caller must be of one of these; any does when there are none.
    public let tenants: [TenantReference]
    /// Whether nothing at all was shown, of whatever kind.
    public let isBare: Bool
    public let context: RequestContext

    public init(
        token: [UInt8]?, foreign: [UInt8]? = nil, required: [Permission],
        tenants: [TenantReference] = [], isBare: Bool = false, context: RequestContext
    ) {
        self.tenants = tenants
        self.isBare = isBare
        self.token = token
        self.foreign = foreign
        self.required = required
        self.context = context
    }

    /// Who was let through.
    public struct Allowed: Sendable {
        public let caller: Caller
        public let index: UInt64
        /// How the limits and quotas of the caller stand.
        public var standing = CallerStanding()
    }

    /// Decides. Everything but a credential that is missing or spelt wrong is confirmed by a
    /// quorum, unless the gate admits an allow from this node's view alone.
    public func run(_ world: World) -> Flow<Allowed> {
        guard token != nil || foreign != nil else {
            guard isBare, let name = world.options.nobodyIs else {
                return .failed(.missingCredentials)
            }
            return judge(NoAuthenticator.present(as: name), world)
        }
        switch world.tokenCodec {
        case .failure: return .failed(.unconfirmed)
        case .success(let codec):
            let read: PresentedCredential? =
                if let token {
                    Authenticators.readOwn(token, codec)
                } else {
                    foreign.flatMap { Authenticators.readForeign($0, codec) }
                }
            guard let presented = read else { return .failed(unknown) }
            return judge(presented, world)
        }
    }

    private func judge(_ presented: PresentedCredential, _ world: World) -> Flow<Allowed> {
        // The order matters: view, decision, and only then the gate reads lease and clock.
        switch decide(presented, world) {
        case .failure(let failure): return .failed(failure)
        case .success(.success(let allowed))
        where world.gate.admitsAllow(viewedAt: .init(allowed.index)):
            return letPass(allowed, world)
        case .success(.failure(let denial))
        where denial.isFinal || Planted.denialUnconfirmed.isOn:
            return .failed(told(denial))
        case .success(.failure(let denial)):
            // Who has nothing left costs no quorum an answer either.
            guard let caller = denial.caller else { break }
            if case .failure(let failure) = world.charge(caller) { return .failed(failure) }
            return .confirmRead { [self] in confirmed(presented, $0, hasPaid: true) }
        case .success: break
        }
        return .confirmRead { [self] in confirmed(presented, $0) }
    }

    /// What is not ours belongs to the service behind the gateway, and is no credential here.
    private var unknown: ServiceFailure { token == nil ? .missingCredentials : .tokenInvalid }

    private func told(_ denial: Denial) -> ServiceFailure {
        denial.failure == .tokenInvalid ? unknown : denial.failure
    }

    /// - Parameter hasPaid: whether the request was counted when it looked like a denial.
    private func confirmed(
        _ presented: PresentedCredential, _ world: World, hasPaid: Bool = false
    ) -> Flow<Allowed> {
        switch decide(presented, world) {
        case .failure(let failure): return .failed(failure)
        case .success(.failure(let denial)):
            // A view in which the caller was good enough has not counted it.
            if !hasPaid, let caller = denial.caller,
                case .failure(let failure) = world.charge(caller)
            {
                return .failed(failure)
            }
            return .failed(told(denial))
        case .success(.success(let allowed)):
            guard !hasPaid else {
                world.touch(allowed.caller, context)
                return .done(allowed)
            }
            return letPass(allowed, world)
        }
    }

    /// Who may pass does so if there is room in every limit. A 403 is counted too, so that a
    /// credential which hammers at what it may not do is held back; a 401 is not, because whoever
    /// holds a dead credential must not spend what a living one has.
    private func letPass(_ allowed: Allowed, _ world: World) -> Flow<Allowed> {
        Flow(
            world.letIn(allowed.caller, context).map { standing in
                var allowed = allowed
                allowed.standing = standing
                return allowed
            })
    }

    private func decide(
        _ presented: PresentedCredential, _ world: World
    ) -> Result<Result<Allowed, Denial>, ServiceFailure> {
        world.view { view in
            let admitted = try tenants.map { try TenantReference.id(of: $0, view.tables) }
            return .success(
                try presented.judge(view, context).flatMap { caller in
                    guard required.allSatisfy(caller.permissions.allows),
                        admitted.isEmpty || admitted.contains(caller.tenant)
                    else {
                        return .failure(
                            Denial(
                                failure: .insufficientPermissions, isFinal: false, caller: caller,
                                missing: required))
                    }
                    return .success(
                        Allowed(caller: caller, index: view.meta.applied.index.rawValue))
                })
        }
    }
}
