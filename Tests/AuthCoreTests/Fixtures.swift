import ByteCodec
import RaftCore

@testable import AuthCore

/// A state machine over tables in memory, with a log that tests write by hand.
struct House {
    static let adminID = UserID(bits: 0xAD)
    static let start = Timestamp(milliseconds: 1_700_000_000_000)

    let tables = InMemoryTables()
    var log: [Entry] = []
    /// The feature level of the release that applies.
    var supports = StateMachine.featureLevel
    var now = House.start
    private var counter: UInt64 = 0
    private var nonce: UInt64 = 0
    /// The administrator, on a session.
    private(set) var admin = Actor.node

    /// A bootstrapped cluster with `admin` logged in.
    static func open() throws -> House {
        var house = House()
        _ = try house.apply(.bootstrap(bootstrap), by: .node)
        house.admin = try house.logIn(adminID)
        return house
    }

    static let bootstrap = Command.Bootstrap(
        cluster: ClusterID(bits: 0xC1), tokenBlockKey: Array(repeating: 7, count: 32),
        keyring: SealedBlob(term: 1, bytes: [1, 2, 3]), administrator: adminID,
        username: name("admin"), password: PasswordHash(phc: "$test$admin"),
        configuration: ConfState(voters: [NodeID(1)]), featureLevel: StateMachine.featureLevel)

    var meta: StateMeta { get throws { try StateMeta.read(tables) } }

    /// Appends one command to the log and applies it, in a batch of its own.
    mutating func apply(
        _ operation: Command.Operation, by actor: Actor, in tenant: TenantID = .platform,
        key: RequestKey? = nil
    ) throws -> Outcome {
        let header = CommandHeader(
            tenant: tenant, actor: actor, requestID: "req-1", address: "192.0.2.1", request: key)
        return try apply(bytes: Command(operation, header: header).encoded())
    }

    mutating func apply(bytes: [UInt8]) throws -> Outcome {
        counter += 1
        let id = ProposalID(node: NodeID(1), run: 77, counter: counter)
        return try Outcome(decoding: apply(id, oldestPending: counter, bytes).outcome)
    }

    /// Appends one proposal to the log and applies it.
    mutating func apply(
        _ id: ProposalID, oldestPending: UInt64, _ command: [UInt8]
    ) throws -> AppliedEntry {
        let proposal = Proposal(
            id: id, oldestPending: oldestPending, stamp: now, isNarrowing: true, command: command)
        let entry = Entry(
            index: LogIndex(UInt64(log.count) + 1), term: Term(1), kind: .command,
            payload: proposal.encoded())
        log.append(entry)
        return try House.apply([entry], to: tables, supports: supports)[0]
    }

    /// Applies entries as one batch.
    static func apply(
        _ entries: [Entry], to tables: InMemoryTables, supports: UInt32 = StateMachine.featureLevel
    ) throws -> [AppliedEntry] {
        let machine = StateMachine(supports: supports, sha256: House.hash)
        var session = try machine.begin(tables)
        let applied = try entries.map { try session.apply($0, tables) }
        try session.finish(tables)
        return applied
    }

    /// 32 bytes that depend on every byte, in place of SHA-256.
    static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let first = SipHash.digest128(of: bytes, key: (1, 2))
        let second = SipHash.digest128(of: bytes, key: (3, 4))
        return [first.low, first.high, second.low, second.high].flatMap(Key.of)
    }

    // MARK: - What tests need often

    /// Makes a user with a password and roles, by the node itself.
    @discardableResult
    mutating func makeUser(
        _ id: UInt128, _ roles: [String] = [], password: Bool = true, disabled: Bool = false
    ) throws -> UserID {
        let user = Command.CreateUser(
            id: UserID(bits: id), username: name("user\(id)"), roles: roles.map(role),
            disabled: disabled, password: password ? PasswordHash(phc: "$test$1") : nil)
        let outcome = try apply(.createUser(user), by: .node)
        precondition(outcome.refusal == nil, "\(outcome)")
        return user.id
    }

    /// Makes a role, by the node itself.
    mutating func makeRole(
        _ name: String, _ permissions: [String], inherits: [String] = []
    ) throws {
        let outcome = try apply(
            .putRole(
                .init(
                    name: role(name), permissions: permissions.map(permission),
                    inherits: inherits.map(role))), by: .node)
        precondition(outcome.refusal == nil, "\(outcome)")
    }

    /// A log-in by password.
    func start(
        _ user: UserID, nonce: UInt64 = 5, authVersion: UInt64? = 1, idleMinutes: UInt64 = 30,
        absoluteMinutes: UInt64 = 720, refresh: Digest256? = nil,
        method: AuthMethod = .password
    ) -> Command.Operation {
        .startSession(
            .init(
                user: user, nonce: nonce, verifier: digest(UInt8(truncatingIfNeeded: nonce)),
                authVersionSeen: authVersion, idleMilliseconds: idleMinutes * 60_000,
                absoluteMilliseconds: absoluteMinutes * 60_000, method: method,
                refreshVerifier: refresh))
    }

    mutating func startSession(_ user: UserID, refresh: Digest256? = nil) throws -> SessionRow {
        nonce += 1
        let version = try PasswordRow.read(.platform, user, tables)?.authVersion
        let outcome = try apply(
            start(user, nonce: nonce, authVersion: version, refresh: refresh), by: .anonymous)
        guard case .session(let session) = outcome.result else {
            preconditionFailure("\(outcome)")
        }
        return session
    }

    /// The user, on a new session.
    mutating func logIn(_ user: UserID) throws -> Actor { .user(try startSession(user).actor) }

    /// Makes a user with one role of these permissions, and logs in.
    mutating func makeActor(_ id: UInt128, _ permissions: [String]) throws -> Actor {
        try makeRole("role-\(id)", permissions)
        return try logIn(makeUser(id, ["role-\(id)"]))
    }

    func user(_ id: UserID) throws -> UserRow? { try UserRow.read(.platform, id, tables) }

    func verdict(_ session: SessionRow, wall: Timestamp = .zero) throws -> SessionVerdict {
        try decideValidation(
            of: session.id.number, verifier: session.verifier, wall: wall, tables)
    }

    func isAllowed(_ session: SessionRow) throws -> Bool {
        if case .allow = try verdict(session) { true } else { false }
    }

    /// Makes a key by the node itself.
    @discardableResult
    mutating func makeKey(
        of owner: UserID, _ permissions: [String] = [], roles: [String]? = nil,
        byte: UInt8 = 0x4B, expiry: KeyExpiry = .never, addresses: [String] = [],
        origin: KeyOrigin = .made
    ) throws -> KeyRow {
        nonce += 1
        let outcome = try apply(
            .createKey(
                .init(
                    nonce: nonce, owner: owner, origin: origin, digest: digest(byte),
                    scope: roles.map { .roles($0.map(role)) }
                        ?? .permissions(permissions.map(permission)),
                    addresses: addresses.map(range), expiry: expiry)), by: .node)
        guard case .key(let key) = outcome.result else { preconditionFailure("\(outcome)") }
        return key
    }

    /// What is said of a key that is presented with this digest.
    func verdict(
        _ key: KeyRow, presented: Digest256? = nil, from address: String? = nil,
        wall: Timestamp = .zero
    ) throws -> KeyVerdict {
        let address = address.flatMap { IPAddress($0) }
        let digest = presented ?? key.digest
        return key.origin == .imported
            ? try decideKey(imported: digest, from: address, wall: wall, tables)
            : try decideKey(key.id.number, digest: digest, from: address, wall: wall, tables)
    }

    func isAllowed(_ key: KeyRow, presented: Digest256? = nil) throws -> Bool {
        if case .allow = try verdict(key, presented: presented) { true } else { false }
    }

    func lastAudit() throws -> AuditRow? { try AuditRow.read(meta.nextAudit - 1, tables) }
}

func name(_ string: String) -> UserName {
    guard let name = UserName(string) else { preconditionFailure(string) }
    return name
}

func role(_ string: String) -> RoleName {
    guard let role = RoleName(string) else { preconditionFailure(string) }
    return role
}

func permission(_ string: String) -> Permission {
    guard let permission = Permission(string) else { preconditionFailure(string) }
    return permission
}

func keyPrefix(_ string: String) -> KeyPrefix {
    guard let prefix = KeyPrefix(string) else { preconditionFailure(string) }
    return prefix
}

func range(_ string: String) -> AddressRange {
    guard let range = AddressRange(string) else { preconditionFailure(string) }
    return range
}

func path(_ string: String) -> SecretPath {
    guard let path = SecretPath(string) else { preconditionFailure(string) }
    return path
}

func digest(_ byte: UInt8) -> Digest256 {
    guard let digest = Digest256(bytes: Array(repeating: byte, count: 32)) else {
        preconditionFailure()
    }
    return digest
}

/// A small generator with a seed, for tests that print it.
struct Dice {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64 (Steele, Lea and Flood).
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<Element>(_ from: [Element]) -> Element { from[below(from.count)] }
}
