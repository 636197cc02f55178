import ByteCodec
import RaftCore

@testable import AuthCore

/// Commands that mostly take effect, because whoever makes them knows the state.
struct KnowingCommand {
    var dice: Dice
    let tables: InMemoryTables
    let now: Timestamp
    /// What makes ids, names and digests unique; the caller counts.
    let count: UInt64

    /// Draws one.
    mutating func make() throws -> Command {
        let operation = try self.operation()
        let request =
            dice.chance(10)
            ? RequestKey(
                scope: digest(UInt8(dice.below(256))), subject: 1, body: digest(1),
                timeToLiveMilliseconds: 60_000) : nil
        let actor = try self.actor(of: operation)
        return Command(
            operation,
            header: CommandHeader(
                tenant: try place(of: operation), actor: actor, request: request))
    }

    /// A node may do everything; sometimes it is a session that does, or nobody.
    private mutating func actor(of operation: Command.Operation) throws -> Actor {
        switch operation {
        case .startSession(let body) where body.method == .password:
            return .anonymous
        case .failLogIn: return .anonymous
        case .enrolFactor(let body): return try self.owner(body.user)
        case .confirmFactor(let body): return try self.owner(body.user)
        case .setPassword(let body) where body.authVersionSeen != nil:
            let own = try sessions(of: body.user)
            return own.isEmpty ? .node : .user(dice.pick(own).actor)
        default:
            guard dice.chance(25) else { return .node }
            if dice.chance(20), let key = try pick(KeyRow.self) { return .user(key.actor) }
            guard let session = try pick(SessionRow.self) else { return .node }
            return .user(session.actor)
        }
    }

    private mutating func operation() throws -> Command.Operation {
        switch dice.below(82) {
        case 75...79: try tenantChange()
        case 80, 81: addUsage()
        case 72...74: try membership()
        case 69...71: try putRole()
        case 66...68: try signingKeys()
        case 62...65: try secondFactor()
        case 58...61: .updateUser(try patch())
        case 53: updateSettings()
        case 54, 55: try start(mayEvict: true)
        case 56, 57: try revokeSessionsBefore()
        case 52:
            .failLogIn(
                .init(
                    subject: dice.chance(80) ? .user(try user().id) : .name(digest(1)),
                    reason: .wrongPassword))
        case 40...42: try createKey()
        case 43...50: try changeKey()
        case 51: try touchKeys()
        case 0...6: try start()
        case 7: create()
        case 8...10: .updateUser(try patch())
        case 11: .deleteUser(.init(id: try user().id))
        case 12: try setPassword()
        case 13: try rehash()
        case 14, 15: .grantRole(.init(user: try user().id, role: try roleName()))
        case 16: try revokeRole()
        case 17, 31, 32: try putRole()
        case 18, 33: .deleteRole(.init(name: ownRole()))
        case 19...21: try rotate()
        case 22: try revokeSession()
        case 23: try revokeSessions()
        case 24, 25: try touch()
        case 26: try putSecret()
        case 27: .deleteSecret(.init(path: secretPath()))
        case 28, 29: try node()
        case 34...37: try membership()
        case 38: .beginCheckpoint
        case 39:
            .attestCheckpoint(
                .init(index: LogIndex(UInt64(dice.below(500))), digest: StateHash(low: 1, high: 2)))
        default: .sweep(.init(limit: UInt32(1 + dice.below(5))))
        }
    }

    // MARK: - Users and roles

    private mutating func create() -> Command.Operation {
        .createUser(
            .init(
                id: UserID(bits: 1000 + UInt128(count)), username: name("new\(count)"),
                roles: dice.chance(50) ? [ownRole()] : [], disabled: dice.chance(10),
                password: dice.chance(80) ? PasswordHash(phc: "$1") : nil))
    }

    private mutating func patch() throws -> Command.UpdateUser {
        var patch = Command.UpdateUser(id: try user().id)
        switch dice.below(6) {
        case 0: patch.username = name("renamed\(count)")
        case 1: patch.email = Text("\(count)@example.org")
        case 2: patch.roles = dice.chance(50) ? [try roleName()] : []
        case 3: patch.disabled = true
        default: break
        }
        if dice.chance(50) { patch.displayName = Text("\(count)") }
        if dice.chance(30) { patch.kind = dice.chance(50) ? .service : .person }
        if patch.disabled == nil, dice.chance(50) { patch.disabled = false }
        return patch
    }

    private mutating func setPassword() throws -> Command.Operation {
        // Half change their own, on one of their sessions.
        let session = try dice.chance(50) ? pick(SessionRow.self) : nil
        let user = try session?.user ?? self.user().id
        var set = Command.SetPassword(user: user, password: PasswordHash(phc: "$2"))
        set.authVersionSeen = session == nil ? nil : try password(of: user)?.authVersion
        let factor = try SecondFactorRow.read(.platform, user, tables)
        set.code = factor.map { .totp(enrolment: $0.enrolment, step: $0.lastStep + 1) }
        return .setPassword(set)
    }

    private mutating func rehash() throws -> Command.Operation {
        guard let row = try pick(PasswordRow.self) else { return create() }
        return .rehashPassword(
            .init(
                user: row.user, password: PasswordHash(phc: "$3"),
                authVersionSeen: row.authVersion))
    }

    private mutating func revokeRole() throws -> Command.Operation {
        let user = try self.user()
        let held = try user.roles.isEmpty ? roleName() : dice.pick(user.roles)
        return .revokeRole(.init(user: user.id, role: held))
    }

    private mutating func putRole() throws -> Command.Operation {
        // Mostly one that somebody holds who has a session: a change of it may take something.
        let session = try pick(SessionRow.self)
        let user = try session.flatMap { try UserRow.read($0.tenant, $0.user, tables) }
        let held = (user?.roles ?? []).filter { $0.bytes.first == UInt8(ascii: "r") }
        let choice = [
            "users:write", "roles:grant", "secrets:read:app/*", "code", "code:run", "sessions:read",
            "code:run:fast/*", "invoke",
        ]
        return .putRole(
            .init(
                name: held.isEmpty || dice.chance(30) ? ownRole() : dice.pick(held),
                permissions: (0..<dice.below(4)).map { _ in permission(dice.pick(choice)) },
                inherits: dice.chance(30) ? [ownRole()] : []))
    }

    private mutating func ownRole() -> RoleName { role("r\(dice.below(6))") }

    private mutating func roleName() throws -> RoleName {
        try pick(RoleRow.self)?.name ?? ownRole()
    }

    private mutating func user() throws -> UserRow {
        guard let user = try pick(UserRow.self) else { preconditionFailure("no user at all") }
        return user
    }

    // MARK: - Sessions

    /// The user, on a session.
    private mutating func owner(_ user: UserID) throws -> Actor {
        let own = try sessions(of: user)
        return own.isEmpty ? .node : .user(dice.pick(own).actor)
    }

    private mutating func code(of user: UserID) throws -> ShownCode? {
        guard let row = try SecondFactorRow.read(tenant(of: user), user, tables), dice.chance(80)
        else { return nil }
        if let code = row.recoveryCodes.first, dice.chance(30) {
            return .recovery(enrolment: row.enrolment, code)
        }
        let step = now.rawValue / Limits.codeStepMilliseconds + UInt64(dice.below(2))
        return .totp(enrolment: row.enrolment, step: step)
    }

    private mutating func secondFactor() throws -> Command.Operation {
        let session = try pick(SessionRow.self)
        if let row = try pick(SecondFactorRow.self), dice.chance(70) {
            guard !row.isActive, let shown = try code(of: row.user) else {
                return .removeFactor(.init(user: row.user))
            }
            return .confirmFactor(
                .init(
                    user: row.user, shown: shown,
                    recoveryCodes: (0..<UInt64(Limits.recoveryCodes)).map { fresh(100 + $0) }))
        }
        guard let user = session?.user,
            let seen = try password(of: user)?.authVersion
        else { return try start() }
        return .enrolFactor(
            .init(
                user: user, authVersionSeen: seen, enrolment: count,
                secret: SealedBlob(term: 1, bytes: [1])))
    }

    private mutating func revokeSessionsBefore() throws -> Command.Operation {
        guard let session = try pick(SessionRow.self) else { return try start() }
        return .revokeSessions(
            .init(
                user: session.user, keeping: dice.chance(30) ? session.id : nil,
                before: session.createdAt.advanced(milliseconds: UInt64(dice.below(2)))))
    }

    private mutating func start(mayEvict: Bool = false) throws -> Command.Operation {
        // Who has a session already, where one may have to give way.
        let session = try mayEvict ? pick(SessionRow.self) : nil
        let user = try session.flatMap { try UserRow.read($0.tenant, $0.user, tables) } ?? user()
        let seen = try password(of: user.id)?.authVersion
        let minutes: [UInt64] = [1, 5, 30, 600, 1440]
        return .startSession(
            .init(
                user: user.id, nonce: count, verifier: fresh(0),
                authVersionSeen: seen, idleMilliseconds: dice.pick(minutes) * 60_000,
                absoluteMilliseconds: dice.pick(minutes + [400 * 1440]) * 60_000,
                method: seen != nil && dice.chance(60) ? .password : .delegated,
                refreshVerifier: dice.chance(60) ? fresh(1) : nil, mayEvict: mayEvict,
                code: try code(of: user.id)))
    }

    private mutating func rotate() throws -> Command.Operation {
        guard let family = try pick(RefreshFamilyRow.self) else { return try start() }
        let previous = dice.chance(40) ? family.previous : nil
        return .rotateRefresh(
            .init(
                number: family.number, presented: previous ?? family.current, successor: fresh(2),
                sealedSuccessor: [1]))
    }

    private mutating func revokeSession() throws -> Command.Operation {
        guard let session = try pick(SessionRow.self) else { return try start() }
        return .revokeSession(.init(session: session.id))
    }

    private mutating func revokeSessions() throws -> Command.Operation {
        guard let session = try pick(SessionRow.self) else { return try start() }
        return .revokeSessions(
            .init(user: session.user, keeping: dice.chance(50) ? session.id : nil))
    }

    private mutating func touch() throws -> Command.Operation {
        var touches: [SessionTouch] = []
        for _ in 0..<(1 + dice.below(3)) {
            guard let session = try pick(SessionRow.self) else { break }
            let times = [.zero, session.createdAt, now, now.advanced(milliseconds: 9_999), .max]
            touches.append(
                SessionTouch(session: session.id, lastSeen: dice.pick(times), uses: 1))
        }
        return .touchSessions(.init(touches: touches))
    }

    private func sessions(of user: UserID) throws -> [SessionRow] {
        try tables.rows(.sessions).map { try SessionRow(key: $0.key, value: $0.value) }
            .filter { $0.user == user }
    }

    // MARK: - Keys

    mutating func createKey() throws -> Command.Operation {
        let session = try dice.chance(70) ? pick(SessionRow.self) : nil
        let owner = try session.flatMap { try UserRow.read($0.tenant, $0.user, tables) } ?? user()
        let owned = try EffectivePermissions.resolve(owner, tables)
        return .createKey(
            .init(
                nonce: count, owner: owner.id, origin: dice.chance(80) ? .made : .imported,
                digest: fresh(3), scope: scope(of: owned),
                addresses: dice.chance(40) ? [range("10.0.0.0/8"), range("192.0.2.7")] : [],
                expiry: dice.chance(50) ? .never : .after(milliseconds: 86_400_000)))
    }

    private mutating func scope(of owned: EffectivePermissions) -> KeyScope {
        if dice.chance(50), !owned.roles.isEmpty { return .roles([dice.pick(owned.roles)]) }
        guard !owned.permissions.isEmpty else { return .permissions([]) }
        return .permissions((0..<dice.below(3)).map { _ in dice.pick(owned.permissions) })
    }

    private mutating func changeKey() throws -> Command.Operation {
        guard let key = try pick(KeyRow.self),
            let owner = try UserRow.read(key.tenant, key.owner, tables)
        else { return try createKey() }
        let owned = try EffectivePermissions.resolve(owner, tables)
        switch dice.below(6) {
        case 0: return .deleteKey(.init(id: key.id))
        case 1, 2:
            return .rotateKey(
                .init(
                    id: key.id, digest: fresh(4),
                    graceMilliseconds: dice.chance(50) ? 0 : UInt64(dice.below(900_000))))
        case 3:
            return .updateKey(
                .init(id: key.id, name: Text("\(count)"), metadata: dice.chance(50) ? "{}" : nil))
        default:
            return .updateKey(
                .init(
                    id: key.id, scope: dice.chance(50) ? scope(of: owned) : nil,
                    addresses: dice.chance(50)
                        ? [range(dice.pick(["10.0.0.0/9", "192.0.2.7"]))] : nil,
                    expiry: .after(milliseconds: UInt64(1 + dice.below(86_400_000)))))
        }
    }

    // MARK: - The rest

    private mutating func putSecret() throws -> Command.Operation {
        let path = secretPath()
        let latest = try SecretRow.read(.platform, path, tables)?.latest ?? 0
        return .putSecret(
            .init(
                path: path, version: latest + 1, value: SealedBlob(term: 1, bytes: [1]),
                timeToLiveMilliseconds: dice.chance(30) ? 60_000 : nil))
    }

    private mutating func secretPath() -> SecretPath { path("s\(dice.below(2))") }

    private mutating func node() throws -> Command.Operation {
        switch dice.below(5) {
        case 4:
            return .raiseFeatureLevel(.init(level: StateMachine.featureLevel))
        case 0:
            return .registerMember(
                .init(
                    node: NodeID(UInt64(1 + dice.below(3))), incarnation: Incarnation(7),
                    url: Text("\(count)"), peer: "p", version: "v",
                    featureLevel: StateMachine.featureLevel))
        case 1:
            return .updateKeyring(
                .init(
                    expectedVersion: try KeyringRow.read(tables)?.version ?? 0,
                    keyring: SealedBlob(term: 2, bytes: [1])))
        case 2:
            return .bootstrap(House.bootstrap)
        default:
            return .recordAudit(
                .init(events: [AuditEvent(actor: .node, action: .logIn, outcome: .denied)]))
        }
    }

    /// Nodes 1 to 3 vote, 4 is a learner.
    private mutating func membership() throws -> Command.Operation {
        switch dice.below(6) {
        case 0:
            return .createJoinToken(
                .init(
                    digest: fresh(8), role: .voter, timeToLiveMilliseconds: 600_000))
        case 1, 2:
            guard let token = try pick(JoinTokenRow.self) else { fallthrough }
            return .redeemJoinToken(
                .init(
                    node: token.node, digest: token.digest, publicKey: digest(1), url: "u",
                    peer: Text("\(count)"), version: "v", featureLevel: StateMachine.featureLevel))
        case 3:
            let change = dice.pick([Command.MemberOrder.promote, .demote, .remove])
            let node = change == .promote ? 4 : UInt64(1 + dice.below(3))
            return .orderChange(.init(node: NodeID(node), change: change))
        case 4:
            guard let plan = try pick(MemberPlanRow.self) else { fallthrough }
            return .settlePlan(
                .init(
                    node: plan.node, order: plan.order, refusal: dice.chance(70) ? .expired : nil))
        default:
            return .setPeerAuthority(
                .init(
                    expectedVersion: try PeerAuthorityRow.read(tables)?.version ?? 0,
                    certificate: "pem", sealedKey: SealedBlob(term: 1, bytes: [1])))
        }
    }

    func fresh(_ kind: UInt64) -> Digest256 {
        guard let digest = Digest256(bytes: House.hash(Key.of(count, kind))) else {
            preconditionFailure()
        }
        return digest
    }

    /// A row of those that there are; nil when there is none.
    mutating func pick<Found: Row>(_ type: Found.Type) throws -> Found? {
        let rows = tables.rows(Found.table)
        guard !rows.isEmpty else { return nil }
        let row = dice.pick(rows)
        return try Found(key: row.key, value: row.value)
    }
}
