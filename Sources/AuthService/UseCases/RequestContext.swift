public import AuthCore
internal import ByteCodec
internal import Cryptography

/// What a request is besides what it asks: for the audit trail and for repetitions.
public struct RequestContext: Sendable {
    /// The name under which it stands in answer, log and audit trail.
    public var requestID: String
    /// The client's address.
    public var address: String
    /// How new the state must be that answers.
    public var freshness: Freshness
    /// Present when the request may be repeated.
    public var repetition: Repetition?
    /// The tenant to act in, when the request names one.
    public var place: TenantID?
    /// Whether what is read of `place` outlives it.
    public var placeMayBeGone = false

    public init(
        requestID: String, address: String, freshness: Freshness = Freshness(),
        repetition: Repetition? = nil
    ) {
        self.requestID = requestID
        self.address = address
        self.freshness = freshness
        self.repetition = repetition
    }

    /// The client's address as far as it is one: not of a local socket.
    var clientAddress: IPAddress? { IPAddress(address) }

    /// The header of a command on behalf of `actor`.
    func header(_ actor: Actor, tenant: TenantID, request: RequestKey? = nil) -> CommandHeader {
        CommandHeader(
            tenant: tenant, actor: actor, requestID: Text(requestID), address: Text(address),
            request: request)
    }
}

/// An `Idempotency-Key` with everything that a repetition must have in common with the first.
public struct Repetition: Sendable {
    public var key: String
    public var method: String
    public var path: String
    /// As it arrived.
    public var body: [UInt8]
    /// Whether the body may hold a password, code or secret.
    public var holdsSecret: Bool
    public init(key: String, method: String, path: String, body: [UInt8], holdsSecret: Bool) {
        self.key = key
        self.method = method
        self.path = path
        self.body = body
        self.holdsSecret = holdsSecret
    }

    /// The scope: a digest of (tenant, subject, method, path, key), each behind its length.
    func scope(tenant: TenantID, subject: [UInt8]) -> Digest256 {
        var writer = ByteWriter(capacity: 256)
        writer.write(lengthPrefixed: "watchword/v1/idempotency")
        writer.write(raw: tenant.bytes)
        writer.write(lengthPrefixed: subject)
        writer.write(lengthPrefixed: method)
        writer.write(lengthPrefixed: path)
        writer.write(lengthPrefixed: key)
        return Digest256(SHA256.hash(writer.bytes))
    }
}

/// What a remembered answer needs to be given again and nobody may read: verifiers of tokens.
struct RememberedCredentials {
    /// At most two.
    var verifiers: [SharedSecret]

    /// Where they lie, and nowhere else.
    private static func place(_ scope: Digest256) -> SealPlace {
        SealPlace(
            purpose: .fieldData, table: Table.requests.rawValue, key: scope.bytes, version: 1)
    }

    func sealed(
        scope: Digest256, keys: ServiceKeys, random: some RandomBytes
    ) throws(KeyringError) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(verifiers.count * TokenCodec.verifierByteCount)
        for verifier in verifiers {
            verifier.bytes.withBytes { bytes in
                for index in bytes.indices { joined.append(bytes[index]) }
            }
        }
        let secret = SecretBytes(wiping: &joined)
        return try keys.sealer.seal(secret, for: Self.place(scope), random: random).bytes
    }

    init(verifiers: [SharedSecret]) { self.verifiers = verifiers }

    init(opening sealed: [UInt8], scope: Digest256, keys: ServiceKeys) throws(KeyringError) {
        let secret = try keys.sealer.open(sealed, from: Self.place(scope))
        let width = TokenCodec.verifierByteCount
        verifiers = secret.withBytes { bytes in
            (0..<(bytes.count / width)).map { part in
                SharedSecret(
                    SecretBytes(copying: bytes.extracting((part * width)..<((part + 1) * width))))
            }
        }
    }
}

extension RequestKey {
    /// The key of a further command of the same request, so that a repetition repeats each.
    func part(_ number: UInt64) -> RequestKey {
        var writer = ByteWriter(capacity: 40)
        writer.write(raw: scope.bytes)
        writer.write(number)
        var key = self
        key.scope = Digest256(SHA256.hash(writer.bytes))
        return key
    }
}

extension World {
    /// The request key of a command, when the request has an `Idempotency-Key`.
    ///
    /// - Parameters:
    ///   - subject: who asks, in bytes that name nobody else of the tenant.
    ///   - token: the digest of the caller's token, when the request may end the token's session:
    ///     then the token stands for tenant and subject in the scope, since a repetition can
    ///     show nothing else.
    ///   - credentials: the verifiers of tokens in the answer.
    func requestKey(
        _ context: RequestContext, tenant: TenantID, subject: [UInt8], token: Digest256? = nil,
        credentials: [SharedSecret] = []
    ) -> Result<RequestKey?, ServiceFailure> {
        guard let repetition = context.repetition else { return .success(nil) }
        let scope =
            token.map { repetition.scope(tenant: .platform, subject: $0.bytes) }
            ?? repetition.scope(tenant: tenant, subject: subject)
        var seconds = options.idempotencySeconds
        var body = Digest256(SHA256.hash(repetition.body))
        var sealedAnswer: [UInt8] = []
        if repetition.holdsSecret || !credentials.isEmpty {
            guard let keys else { return .failure(.sealed) }
            if repetition.holdsSecret {
                body = Digest256(keys.idempotency.tag(scope: scope.bytes, body: repetition.body))
            }
            if !credentials.isEmpty {
                seconds = options.idempotencyCredentialSeconds
                do throws(KeyringError) {
                    sealedAnswer = try RememberedCredentials(verifiers: credentials)
                        .sealed(scope: scope, keys: keys, random: random)
                } catch {
                    return .failure(.internal("an answer could not be sealed: \(error)"))
                }
            }
        }
        let subjectDigest = SHA256.hash(tenant.bytes + subject).bytes
        return .success(
            RequestKey(
                scope: scope, subject: subjectDigest[..<16].reduce(0) { $0 << 8 | UInt128($1) },
                body: body, timeToLiveMilliseconds: seconds * 1_000, sealedAnswer: sealedAnswer))
    }

    /// The verifiers that the answer must be composed from: those of the first answer when this
    /// one repeats it.
    func credentials(
        of outcome: Outcome, request: RequestKey?, drawn: [SharedSecret]
    ) -> Result<[SharedSecret], ServiceFailure> {
        guard let replay = outcome.replay, let request else { return .success(drawn) }
        guard let keys else { return .failure(.sealed) }
        do throws(KeyringError) {
            let remembered = try RememberedCredentials(
                opening: replay.sealedAnswer, scope: request.scope, keys: keys)
            guard remembered.verifiers.count == drawn.count else {
                return .failure(.internal("a remembered answer has another form"))
            }
            return .success(remembered.verifiers)
        } catch {
            return .failure(.internal("a remembered answer could not be opened: \(error)"))
        }
    }
}

/// How new the state must be that answers a read.
public struct Freshness: Equatable, Sendable {
    /// From this node's state as it is.
    public var isStale: Bool
    /// The most that a stale answer may be behind.
    public var staleMillisecondsMax: UInt64?
    /// What the node must have applied.
    public var minimumIndex: UInt64?
    public init(
        isStale: Bool = false, staleMillisecondsMax: UInt64? = nil, minimumIndex: UInt64? = nil
    ) {
        self.isStale = isStale
        self.staleMillisecondsMax = staleMillisecondsMax
        self.minimumIndex = minimumIndex
    }
}
