public import APITypes
public import AuthCore
internal import ByteCodec
public import Cryptography
internal import RaftCore

/// What is done with the keys that access tokens are signed with.
public enum KeyRotation {
    /// How often a key is made anew because another node was quicker.
    private static let attemptsMax = 3

    /// Sees that there is a key to sign with before something is begun that needs one; the first
    /// one is made then.
    static func prepare<Answer: Sendable>(
        _ isNeeded: Bool, _ context: RequestContext, _ world: World,
        then next: @escaping @Sendable (World) -> Flow<Answer>
    ) -> Flow<Answer> {
        prepare(isNeeded, context, attempt: 1, world, next)
    }

    private static func prepare<Answer: Sendable>(
        _ isNeeded: Bool, _ context: RequestContext, attempt: Int, _ world: World,
        _ next: @escaping @Sendable (World) -> Flow<Answer>
    ) -> Flow<Answer> {
        guard isNeeded, case .success(let codec) = world.tokenCodec,
            let policy = codec.accessTokens
        else { return next(world) }
        let lacking = world.view { view -> Result<UInt64?, ServiceFailure> in
            guard view.meta.featureLevel >= Limits.signingKeysFeatureLevel else {
                return .success(nil)
            }
            // Before anything is begun whose answer this node could not give.
            guard world.keys != nil else { return .failure(.sealed) }
            let keys = try SigningKeys.read(view.tables)
            return .success(keys.signer(at: view.meta.lastStamp) == nil ? keys.version : nil)
        }
        return Flow(lacking).then { version in
            guard let version else { return next(world) }
            return draw(policy, version: version, isRevoking: false, world) { operation, _ in
                let header = context.header(.node, tenant: .platform)
                return .propose(Command(operation, header: header)) { refusal, world in
                    guard refusal.isRetryable, attempt < attemptsMax else {
                        return .failed(ServiceFailure(refusal))
                    }
                    return prepare(isNeeded, context, attempt: attempt + 1, world, next)
                } then: { _, world in
                    next(world)
                }
            }
        }
    }

    /// What became of a rotation.
    public struct Rotated: Sendable {
        public let keys: [(SigningKeyRow, SigningKeyState)]
        public let index: UInt64
    }

    /// Makes another key, whoever asks for it.
    ///
    /// - Parameters:
    ///   - algorithm: how it signs; nil as it is configured.
    ///   - isRevoking: whether what was signed before is good no more.
    public static func rotate(
        _ algorithm: SigningAlgorithm?, isRevoking: Bool, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Rotated> {
        guard case .success(let codec) = world.tokenCodec, var policy = codec.accessTokens else {
            return .failed(.configuration("no issuer of access tokens is configured"))
        }
        if let algorithm { policy.algorithm = algorithm }
        return Flow(caller.header(context, world)).then { [policy] header in
            rotate(policy, isRevoking: isRevoking, header, attempt: 1, world)
        }
    }

    private static func rotate(
        _ policy: AccessTokenPolicy, isRevoking: Bool, _ header: CommandHeader, attempt: Int,
        _ world: World
    ) -> Flow<Rotated> {
        let version = world.view { .success(try SigningKeys.read($0.tables).version) }
        return Flow(version).then { version in
            draw(policy, version: version, isRevoking: isRevoking, world) { operation, _ in
                .propose(Command(operation, header: header)) { refusal, world in
                    guard refusal.isRetryable, attempt < attemptsMax else {
                        return .failed(ServiceFailure(refusal))
                    }
                    return rotate(
                        policy, isRevoking: isRevoking, header, attempt: attempt + 1, world)
                } then: { applied, world in
                    Flow(
                        world.view { view in
                            .success(Rotated(keys: try list(view), index: applied.index.rawValue))
                        })
                }
            }
        }
    }

    /// Draws a key where passwords are hashed: RSA takes as long.
    private static func draw<Answer: Sendable>(
        _ policy: AccessTokenPolicy, version: UInt64, isRevoking: Bool, _ world: World,
        then next: @escaping @Sendable (Command.Operation, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        if case .failure(let failure) = world.requireKeys() { return .failed(failure) }
        return .hash(.drawSigningKey(SignatureAlgorithm(policy.algorithm))) { result, world in
            guard case .drawn(let key) = result else {
                return .failed(.internal("a signing key could not be drawn"))
            }
            let operation = world.requireKeys().flatMap { keys in
                self.operation(
                    key, policy, version: version, isRevoking: isRevoking, keys, world.random)
            }
            return Flow(operation).then { next($0, world) }
        }
    }

    private static func operation(
        _ key: SigningKey, _ policy: AccessTokenPolicy, version: UInt64, isRevoking: Bool,
        _ keys: ServiceKeys, _ random: any RandomBytes
    ) -> Result<Command.Operation, ServiceFailure> {
        let id = Digest256(key.verifying.thumbprint)
        do throws(KeyringError) {
            let sealed = try keys.sealer.seal(
                key.document.bytes, for: Issuance.place(id), random: random)
            return .success(
                .rotateSigningKeys(
                    .init(
                        expectedVersion: version, id: id,
                        algorithm: SigningAlgorithm(key.algorithm),
                        publicKey: key.verifying.bytes,
                        privateKey: SealedBlob(term: sealed.term, bytes: sealed.bytes),
                        leadMilliseconds: policy.leadMilliseconds,
                        keepMilliseconds: policy.keepMilliseconds, isRevoking: isRevoking)))
        } catch {
            return .failure(.internal("a signing key could not be sealed: \(error)"))
        }
    }

    /// The keys as one view has them, with what each is for by the state's own time.
    public static func list(_ view: StateView) throws -> [(SigningKeyRow, SigningKeyState)] {
        let keys = try SigningKeys.read(view.tables)
        return keys.rows.compactMap { row in
            keys.state(of: row, at: view.meta.lastStamp).map { (row, $0) }
        }
    }

    /// The keys that everybody may know, from this node's state as it is, and for how many seconds
    /// they may be remembered.
    ///
    /// Nobody is asked: it would be a way to make a cluster work for nothing, and a key is
    /// published long before it signs.
    public static func published(
        _ world: World
    ) -> Result<(keys: [SigningKeyRow], seconds: UInt64?), ServiceFailure> {
        world.tokenCodec.flatMap { codec in
            world.view { view in
                .success((try list(view).map(\.0), codec.accessTokens?.publicationSeconds))
            }
        }
    }

    /// The public half of a key as JWK; nil for bytes that are none.
    public static func jwk(_ row: SigningKeyRow) -> JSONValue? {
        VerifyingKey(SignatureAlgorithm(row.algorithm), bytes: row.publicKey)?.jwk
    }

    /// A key that another one should take the place of.
    public struct Due: Sendable {
        let policy: AccessTokenPolicy
        let version: UInt64

        /// Makes the successor.
        ///
        /// Blocks for as long as a key takes to draw: tenths of a second for RSA. So no view of the
        /// state is held meanwhile.
        public func operation(
            _ keys: ServiceKeys, _ random: any RandomBytes
        ) throws -> Command.Operation {
            let key = try SigningKey.make(SignatureAlgorithm(policy.algorithm), random: random)
            return try KeyRotation.operation(
                key, policy, version: version, isRevoking: false, keys, random
            ).get()
        }
    }

    /// Whether the present key is old enough for a successor, which whoever leads then proposes.
    public static func due(_ tables: some TableReader, _ codec: TokenCodec) throws -> Due? {
        guard let policy = codec.accessTokens else { return nil }
        let meta = try StateMeta.read(tables)
        let present = try SigningKeys.read(tables)
        let now = meta.lastStamp
        guard meta.featureLevel >= Limits.signingKeysFeatureLevel, !present.isRotating(at: now),
            let signer = present.signer(at: now),
            now.milliseconds(since: signer.signsFrom) >= policy.rotationSeconds * 1_000
        else { return nil }
        return Due(policy: policy, version: present.version)
    }
}
