public import AuthCore
internal import ByteCodec
internal import RaftCore

/// Decides for a gateway whether a forwarded request may pass.
public struct Validate: Sendable {
    /// The one credential that came, if any.
    public var token: String?
    /// All must hold.
    public var required: [Permission]
    public var context: RequestContext

    public init(token: String?, required: [Permission], context: RequestContext) {
        self.token = token
        self.required = required
        self.context = context
    }

    /// Who was let through.
    public struct Allowed: Sendable {
        public let caller: Caller
        public let index: UInt64
    }

    /// Decides. Everything but a credential that is missing or spelt wrong is confirmed by a
    /// quorum, unless the gate admits an allow from this node's view alone.
    public func run(_ world: World) -> Flow<Allowed> {
        guard let token else { return .failed(.missingCredentials) }
        switch world.tokenCodec {
        case .failure: return .failed(.unconfirmed)
        case .success(let codec):
            guard let parsed = codec.parse(Array(token.utf8), as: .session) else {
                return .failed(.tokenInvalid)
            }
            // The order matters: view, decision, and only then the gate reads lease and clock.
            switch decide(parsed, world) {
            case .failure(let failure): return .failed(failure)
            case .success(.success(let allowed))
            where world.gate.admitsAllow(viewedAt: .init(allowed.index)):
                world.touch(allowed.caller.session)
                return .done(allowed)
            case .success(.failure(let denial))
            where denial.isFinal || Planted.denialUnconfirmed.isOn:
                return .failed(denial.failure)
            case .success: return .confirmRead { confirmed(parsed, $0) }
            }
        }
    }

    private func confirmed(_ parsed: ParsedToken, _ world: World) -> Flow<Allowed> {
        switch decide(parsed, world) {
        case .failure(let failure): return .failed(failure)
        case .success(.failure(let denial)): return .failed(denial.failure)
        case .success(.success(let allowed)):
            world.touch(allowed.caller.session)
            return .done(allowed)
        }
    }

    private func decide(
        _ parsed: ParsedToken, _ world: World
    ) -> Result<Result<Allowed, Denial>, ServiceFailure> {
        world.view { view in
            .success(
                try Gatekeeper.recognise(parsed, view).flatMap { caller in
                    guard required.allSatisfy(caller.permissions.allows) else {
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
