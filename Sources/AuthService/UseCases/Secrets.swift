public import AuthCore
public import Cryptography
internal import RaftCore

/// What is done with secrets. A value is sealed before it is proposed, and opened only for a
/// caller whose reading is in the audit trail already.
public enum Secrets {
    /// Where a version of a secret is sealed for, and nowhere else.
    static func place(_ tenant: TenantID, _ path: SecretPath, _ version: UInt64) -> SealPlace {
        SealPlace(
            purpose: .secretData, table: Table.secretVersions.rawValue,
            key: tenant.bytes + path.bytes, version: version)
    }

    /// A value to be written.
    public struct NewVersion: Sendable {
        public var path: SecretPath
        public var value: SharedSecret
        public var encoding: SecretEncoding
        public var condition: VersionCondition
        public var seconds: UInt64?
        public var metadata: Text
        public init(
            path: SecretPath, value: SharedSecret, encoding: SecretEncoding,
            condition: VersionCondition, seconds: UInt64?, metadata: Text
        ) {
            self.path = path
            self.value = value
            self.encoding = encoding
            self.condition = condition
            self.seconds = seconds
            self.metadata = metadata
        }
    }

    /// How often a value is sealed anew because another writer came first.
    private static let attemptsMax = 5

    /// Adds a version.
    public static func put(
        _ new: NewVersion, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Changed<SecretRow>> {
        guard new.value.bytes.count <= world.options.secretBytesMax else {
            return .failed(.tooLarge)
        }
        return Flow(caller.header(context, world)).then { header in
            put(new, caller.tenant, header, attempt: 1, world)
        }
    }

    private static func put(
        _ new: NewVersion, _ tenant: TenantID, _ header: CommandHeader, attempt: Int,
        _ world: World
    ) -> Flow<Changed<SecretRow>> {
        // The number of the version is part of what the seal binds, so it is guessed here and
        // checked in apply.
        let sealed = world.requireKeys().flatMap { keys in
            world.view { view in
                let latest = try SecretRow.read(tenant, new.path, view.tables)?.latest ?? 0
                let bytes = try keys.sealer.seal(
                    new.value.bytes, for: place(tenant, new.path, latest + 1),
                    random: world.random)
                return .success((version: latest + 1, blob: bytes))
            }
        }
        return Flow(sealed).then { version, blob in
            let operation = Command.PutSecret(
                path: new.path, condition: new.condition, version: version,
                value: SealedBlob(term: blob.term, bytes: blob.bytes), encoding: new.encoding,
                timeToLiveMilliseconds: new.seconds.map { $0 * 1_000 }, metadata: new.metadata)
            return .propose(Command(.putSecret(operation), header: header)) { refusal, world in
                guard refusal.isRetryable, attempt < attemptsMax else {
                    return .failed(ServiceFailure(refusal))
                }
                return put(new, tenant, header, attempt: attempt + 1, world)
            } then: { applied, _ in
                guard case .secret(let row) = applied.outcome.result else {
                    return .failed(.internal("a secret was written with another outcome"))
                }
                return .done(Changed(object: row, index: applied.index.rawValue))
            }
        }
    }

    /// Marks the newest version deleted.
    public static func delete(
        _ path: SecretPath, _ condition: VersionCondition, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        Users.perform(
            .deleteSecret(.init(path: path, condition: condition)), caller, context, world)
    }

    /// A version that was read, opened.
    public struct Opened: Sendable {
        public let row: SecretVersionRow
        public let value: SharedSecret
        public let index: UInt64
    }

    /// Reads one version, the newest without a number.
    ///
    /// The record for the audit trail is proposed first; the answer comes from a view at or past
    /// it, in which caller, right and secret are looked up again: one round trip is the audit and
    /// the confirmation both (J3).
    public static func read(
        _ path: SecretPath, version: UInt64?, token: String, requirement: Requirement,
        _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Opened> {
        let exists: @Sendable (World) -> Result<Bool, ServiceFailure> = { world in
            world.view { .success(try find(path, version, caller.tenant, $0) != nil) }
        }
        return Flow(exists(world)).then { isThere in
            let record: @Sendable (World) -> Flow<Opened> = { world in
                recordAndOpen(path, version, token, requirement, caller, context, world)
            }
            if isThere { return record(world) }
            // What is not there is not read; another node may have written it a moment ago.
            return .confirmRead { world in
                Flow(exists(world)).then { $0 ? record(world) : .failed(.notFound) }
            }
        }
    }

    private static func recordAndOpen(
        _ path: SecretPath, _ version: UInt64?, _ token: String, _ requirement: Requirement,
        _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Opened> {
        let event = AuditEvent(
            tenant: caller.tenant, actor: caller.actor, action: .secretRead,
            target: .secret(path), outcome: .success, requestID: Text(context.requestID),
            address: Text(context.address),
            details: (version.map { [.version($0)] } ?? []) + caller.actingDetails)
        let header = context.header(caller.actor, tenant: caller.tenant)
        let command = Command(.recordAudit(.init(events: [event])), header: header)
        return .propose(command) { applied, world in
            Flow(
                world.tokenCodec.flatMap { codec in
                    guard let presented = Authenticators.read(token, codec) else {
                        return .failure(.tokenInvalid)
                    }
                    return world.view { view in
                        switch try Gatekeeper.admit(presented, requirement, context, view) {
                        case .failure(let denial):
                            .failure(world.record(denial, context).failure)
                        case .success(let caller):
                            try open(
                                path, version, caller.tenant, view, world,
                                index: applied.index.rawValue)
                        }
                    }
                })
        }
    }

    private static func open(
        _ path: SecretPath, _ version: UInt64?, _ tenant: TenantID, _ view: StateView,
        _ world: World, index: UInt64
    ) throws -> Result<Opened, ServiceFailure> {
        guard let row = try find(path, version, tenant, view) else { return .failure(.notFound) }
        return try world.requireKeys().tryMap { keys in
            let value = try keys.sealer.open(
                row.value.bytes, from: place(tenant, path, row.version))
            return Opened(row: row, value: SharedSecret(value), index: index)
        }
    }

    /// The row of a version that may be read now.
    static func find(
        _ path: SecretPath, _ version: UInt64?, _ tenant: TenantID, _ view: StateView
    ) throws -> SecretVersionRow? {
        try decideSecretRead(tenant, path, version: version, wall: view.now, view.tables)
    }
}

extension Result where Failure == ServiceFailure {
    /// `map` with a transformation that may throw.
    func tryMap<New>(_ transform: (Success) throws -> New) throws -> Result<New, Failure> {
        switch self {
        case .success(let value): .success(try transform(value))
        case .failure(let failure): .failure(failure)
        }
    }
}
