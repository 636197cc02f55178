public import AuthCore
internal import ByteCodec
internal import Cryptography
internal import RaftCore

/// What is done with API keys. Apply decides whether the caller may.
public enum APIKeys {
    /// What a new key is to be.
    public struct NewKey: Sendable {
        /// Nil: the caller's.
        public var owner: UserID?
        public var name: String
        public var prefix: KeyPrefix
        public var scope: KeyScope
        public var addresses: [AddressRange]
        public var rateLimit: String
        /// Nil: as long as the operator chose.
        public var expiry: KeyExpiry?
        public var metadata: Text
        public var quota = Text.empty
        /// The SHA-256 of a key that was made elsewhere; nil makes one here.
        public var imported: Digest256?

        public init(
            owner: UserID? = nil, name: String = "", prefix: KeyPrefix = .standard,
            scope: KeyScope, addresses: [AddressRange] = [], rateLimit: String = "",
            expiry: KeyExpiry? = nil, metadata: Text = .empty, imported: Digest256? = nil
        ) {
            self.owner = owner
            self.name = name
            self.prefix = prefix
            self.scope = scope
            self.addresses = addresses
            self.rateLimit = rateLimit
            self.expiry = expiry
            self.metadata = metadata
            self.imported = imported
        }
    }

    /// A key with what is shown of it once.
    public struct Issued: Sendable {
        public let key: KeyRow
        /// Nil for a key that was made elsewhere.
        public let token: String?
        /// The index that the answer reflects.
        public let index: UInt64
    }

    /// Makes a key, or takes one in that was made elsewhere.
    public static func create(
        _ new: NewKey, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Issued> {
        let verifier = new.imported == nil ? TokenCodec.drawVerifier(world.random) : nil
        let drawn = verifier.map { [$0] } ?? []
        let digest =
            new.imported
            ?? verifier.map {
                Digest256(TokenCodec.digest(.key(new.prefix), verifier: $0.bytes))
            }
        guard let digest else { preconditionFailure("a key without a verifier") }
        let seconds = min(world.options.keySeconds, Limits.keyMilliseconds / 1_000)
        var operation = Command.CreateKey(
            nonce: world.random.integer(), owner: new.owner ?? caller.user.id,
            origin: new.imported == nil ? .made : .imported, name: Text(new.name),
            prefix: new.prefix, digest: digest, scope: new.scope, addresses: new.addresses,
            rateLimit: Text(new.rateLimit),
            expiry: new.expiry ?? .after(milliseconds: seconds * 1_000), metadata: new.metadata)
        operation.quota = new.quota
        return issue(.createKey(operation), drawn, caller, context, world)
    }

    /// Gives a key another verifier; the present one is good for the grace time.
    public static func rotate(
        _ id: KeyID, graceSeconds: UInt64, _ condition: VersionCondition, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Issued> {
        // What is stored is bound to the prefix, so the key is looked up before.
        let found = world.view { view in
            .success(try live(id, in: caller.tenant, view)?.prefix)
        }
        return Flow(found).then { prefix in
            if let prefix {
                return rotate(id, prefix, graceSeconds, condition, caller, context, world)
            }
            // Another node may have made it a moment ago.
            return .confirmRead { world in
                let found = world.view { view in
                    try live(id, in: caller.tenant, view).map { .success($0.prefix) }
                        ?? .failure(.notFound)
                }
                return Flow(found).then { prefix in
                    rotate(id, prefix, graceSeconds, condition, caller, context, world)
                }
            }
        }
    }

    private static func rotate(
        _ id: KeyID, _ prefix: KeyPrefix, _ graceSeconds: UInt64, _ condition: VersionCondition,
        _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Issued> {
        let verifier = TokenCodec.drawVerifier(world.random)
        let operation = Command.RotateKey(
            id: id, condition: condition,
            digest: Digest256(TokenCodec.digest(.key(prefix), verifier: verifier.bytes)),
            graceMilliseconds: graceSeconds * 1_000)
        return issue(.rotateKey(operation), [verifier], caller, context, world)
    }

    /// Proposes what makes a credential, and composes that of what was done, or was done the first
    /// time. A node that cannot compose tokens yet begins nothing.
    private static func issue(
        _ operation: Command.Operation, _ drawn: [SharedSecret], _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Issued> {
        let header = world.tokenCodec.flatMap { _ in world.requireLevel(of: operation) }
            .flatMap { caller.header(context, world, credentials: drawn) }
        return Flow(header).then { header in
            .propose(Command(operation, header: header)) { applied, world in
                guard case .key(let key) = applied.outcome.result else {
                    return .failed(.internal("a key was made with another outcome"))
                }
                let verifiers = world.credentials(
                    of: applied.outcome, request: header.request, drawn: drawn)
                return Flow(
                    verifiers.flatMap { verifiers in
                        world.tokenCodec.map { codec in
                            Issued(
                                key: key,
                                token: verifiers.first.map { codec.compose(key, $0) },
                                index: applied.index.rawValue)
                        }
                    })
            }
        }
    }

    /// Changes the fields that are given.
    public static func update(
        _ fields: Command.UpdateKey, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Changed<KeyRow>> {
        let operation = Command.Operation.updateKey(fields)
        let header = world.requireLevel(of: operation).flatMap { caller.header(context, world) }
        return Flow(header).then { header in
            .propose(Command(operation, header: header)) { applied, _ in
                guard case .key(let key) = applied.outcome.result else {
                    return .failed(.internal("a key was changed with another outcome"))
                }
                return .done(Changed(object: key, index: applied.index.rawValue))
            }
        }
    }

    /// Ends a key, which may be the one that the caller presented.
    ///
    /// - Returns: the index that the answer reflects.
    public static func delete(
        _ id: KeyID, _ condition: VersionCondition, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        let operation = Command.Operation.deleteKey(.init(id: id, condition: condition))
        let endsCaller = caller.credential == .key(id)
        let header = world.requireLevel(of: operation).flatMap {
            Sessions.header(caller, endsCaller: endsCaller, context, world)
        }
        return Flow(header).then { header in
            .propose(Command(operation, header: header)) { applied, _ in
                .done(applied.index.rawValue)
            }
        }
    }

    /// A living key of a tenant.
    public static func live(_ id: KeyID, in tenant: TenantID, _ view: StateView) throws -> KeyRow? {
        guard let key = try KeyRow.read(id, view.tables), key.tenant == tenant,
            key.expiresAt.map({ view.now < $0 }) ?? true
        else { return nil }
        return key
    }
}

extension TokenCodec {
    /// The whole of a key, which is shown once.
    fileprivate func compose(_ key: KeyRow, _ verifier: SharedSecret) -> String {
        String(
            decoding: compose(
                .key(key.prefix), rowNumber: key.id.number.rawValue, verifier: verifier.bytes),
            as: UTF8.self)
    }
}

extension World {
    /// Refuses what the cluster does not use yet, before it reaches a log.
    func requireLevel(of operation: Command.Operation) -> Result<Void, ServiceFailure> {
        view { view in
            let level = view.meta.featureLevel
            guard operation.featureLevel > level else { return .success(()) }
            return .failure(
                .configuration(
                    "the cluster is at feature level \(level), and this needs "
                        + "\(operation.featureLevel): an operator must raise it"))
        }
    }
}
