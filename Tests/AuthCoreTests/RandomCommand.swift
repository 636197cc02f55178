import ByteCodec
import RaftCore

@testable import AuthCore

/// A command out of a small world, so that commands meet each other's objects.
struct RandomCommand {
    var dice: Dice
    let sessions: [SessionRow]
    var keys: [KeyRow] = []

    var command: Command {
        var copy = self
        return copy.make()
    }

    private mutating func make() -> Command {
        let operation = self.operation()
        let request =
            dice.chance(30)
            ? RequestKey(
                scope: digest(UInt8(dice.below(20))), subject: UInt128(dice.below(3)),
                body: digest(UInt8(dice.below(2))), timeToLiveMilliseconds: 600_000) : nil
        let actor: Actor
        switch dice.below(4) {
        case 0: actor = .anonymous
        case 1 where !sessions.isEmpty: actor = .user(dice.pick(sessions).actor)
        case 2 where !keys.isEmpty && dice.chance(40): actor = .user(dice.pick(keys).actor)
        default: actor = .node
        }
        let tenant = dice.chance(3) ? TenantID(bits: 5) : .platform
        return Command(
            operation,
            header: CommandHeader(
                tenant: tenant, actor: actor, requestID: "r", address: "::1", request: request))
    }

    private mutating func user() -> UserID {
        dice.chance(10) ? House.adminID : UserID(bits: UInt128(dice.below(6)))
    }

    private mutating func roleName() -> RoleName {
        dice.chance(20) ? BuiltInRole.superAdmin.name : role("r\(dice.below(5))")
    }

    private mutating func condition() -> VersionCondition {
        switch dice.below(6) {
        case 0: .absent
        case 1: .version(UInt64(dice.below(4)))
        default: .any
        }
    }

    private mutating func session() -> SessionID {
        guard !sessions.isEmpty, dice.chance(90) else {
            return SessionID(bits: UInt128(dice.next()))
        }
        return dice.pick(sessions).id
    }

    private mutating func operation() -> Command.Operation {
        switch dice.below(30) {
        case 29: tenant()
        case 25:
            .rotateSigningKeys(
                .init(
                    UInt8(dice.below(256)), version: UInt64(dice.below(4)),
                    algorithm: dice.pick(SigningAlgorithm.allCases),
                    lead: UInt64(dice.below(600_000)), isRevoking: dice.chance(30)))
        case 26: settings()
        case 27: secondFactor()
        case 28: usage()
        case 24: failLogIn()
        case 20...23: key()
        case 0, 1: users()
        case 2: .updateUser(patch())
        case 3: .deleteUser(.init(id: user(), condition: condition()))
        case 4:
            .setPassword(
                .init(
                    user: user(), password: PasswordHash(phc: "$2"),
                    authVersionSeen: dice.chance(50) ? UInt64(dice.below(3)) : nil,
                    code: dice.chance(20) ? .totp(enrolment: 1, step: 2) : nil))
        case 5:
            .rehashPassword(
                .init(
                    user: user(), password: PasswordHash(phc: "$3"),
                    authVersionSeen: UInt64(dice.below(3))))
        case 6: .grantRole(.init(user: user(), role: roleName()))
        case 7: .revokeRole(.init(user: user(), role: roleName()))
        case 8: .putRole(rolePut())
        case 9: .deleteRole(.init(name: roleName(), condition: condition()))
        case 10, 11, 12: start()
        case 13: refresh()
        case 14: .revokeSession(.init(session: session()))
        case 15:
            .revokeSessions(
                .init(
                    user: user(), keeping: dice.chance(50) ? session() : nil,
                    before: dice.chance(30) ? .max : nil))
        case 16:
            .touchSessions(
                .init(
                    touches: (0..<dice.below(4)).map { _ in
                        SessionTouch(session: session(), lastSeen: .max, uses: 1)
                    }))
        case 17: secretPut()
        case 18: .deleteSecret(.init(path: path("s\(dice.below(3))"), condition: condition()))
        default: node()
        }
    }

    private mutating func users() -> Command.Operation {
        var body = Command.CreateUser(
            id: user(), username: name("u\(dice.below(8))"), email: "e", displayName: "d",
            kind: dice.chance(50) ? .person : .service,
            roles: (0..<dice.below(3)).map { _ in roleName() }, disabled: dice.chance(20),
            metadata: "{}", password: dice.chance(70) ? PasswordHash(phc: "$1") : nil)
        body.quota = quota()
        return .createUser(body)
    }

    private mutating func patch() -> Command.UpdateUser {
        var body = Command.UpdateUser(
            id: user(), condition: condition(),
            username: dice.chance(30) ? name("u\(dice.below(8))") : nil,
            email: dice.chance(30) ? "e2" : nil, displayName: dice.chance(30) ? "d2" : nil,
            kind: dice.chance(30) ? .service : nil,
            roles: dice.chance(30) ? [roleName()] : nil,
            disabled: dice.chance(40) ? dice.chance(50) : nil,
            metadata: dice.chance(30) ? "{\"a\":1}" : nil)
        body.quota = dice.chance(30) ? quota() : nil
        return body
    }

    private mutating func rolePut() -> Command.PutRole {
        var body = Command.PutRole(
            name: roleName(), condition: condition(),
            permissions: (0..<dice.below(4)).map { _ in
                dice.pick([.usersWrite, .rolesGrant, .everything, .secretsWrite])
            }, inherits: dice.chance(40) ? [roleName()] : [], rateLimit: "1/minute",
            description: "x")
        body.quota = quota()
        return body
    }

    private mutating func start() -> Command.Operation {
        .startSession(
            .init(
                user: user(), nonce: dice.next(), verifier: digest(UInt8(dice.below(256))),
                authVersionSeen: dice.chance(80) ? UInt64(dice.below(3)) : nil,
                idleMilliseconds: 1_800_000, absoluteMilliseconds: 3_600_000, label: "l",
                method: dice.chance(50) ? .password : .delegated,
                refreshVerifier: dice.chance(60) ? digest(UInt8(dice.below(4))) : nil,
                mayEvict: dice.chance(30), code: dice.chance(20) ? shown() : nil))
    }

    private mutating func shown() -> ShownCode {
        dice.chance(50)
            ? .totp(enrolment: UInt64(dice.below(2)), step: UInt64(dice.below(60_000_000)))
            : .recovery(enrolment: UInt64(dice.below(2)), digest(UInt8(dice.below(12))))
    }

    private mutating func tenant() -> Command.Operation {
        let id = TenantID(bits: UInt128(1 + dice.below(6)))
        return switch dice.below(4) {
        case 0:
            .createTenant(
                .init(
                    id: id, name: roleName(), displayName: "d",
                    administrator: dice.chance(50)
                        ? .init(
                            id: user(), username: name("u1"), password: PasswordHash(phc: "$1"))
                        : nil))
        case 1:
            .updateTenant(
                .init(
                    id: id, condition: condition(), name: dice.chance(30) ? roleName() : nil,
                    displayName: dice.chance(30) ? "e" : nil,
                    suspended: dice.chance(50) ? dice.chance(50) : nil))
        case 2: .deleteTenant(.init(id: id, condition: condition()))
        default: .sweep(.init(limit: 3))
        }
    }

    private mutating func secondFactor() -> Command.Operation {
        switch dice.below(3) {
        case 0:
            .enrolFactor(
                .init(
                    user: user(), authVersionSeen: UInt64(dice.below(3)),
                    enrolment: UInt64(dice.below(2)), secret: SealedBlob(term: 1, bytes: [7])))
        case 1:
            .confirmFactor(
                .init(
                    user: user(), authVersionSeen: dice.chance(50) ? 1 : nil, shown: shown(),
                    recoveryCodes: (0..<UInt8(dice.below(11))).map { digest($0) }))
        default:
            .removeFactor(
                .init(
                    user: user(),
                    proof: dice.chance(50)
                        ? .init(authVersionSeen: 1, shown: dice.chance(50) ? shown() : nil) : nil))
        }
    }

    private mutating func settings() -> Command.Operation {
        func change() -> SettingChange {
            switch dice.below(3) {
            case 0: .keep
            case 1: .clear
            default: .set(dice.chance(70) ? 3_000_000 : UInt64(dice.below(4)))
            }
        }
        return .updateSettings(
            .init(
                condition: condition(), idleMilliseconds: change(),
                absoluteMilliseconds: change(),
                sessionsPerUser: dice.chance(60) ? .set(UInt64(dice.below(4))) : change(),
                overflow: dice.chance(50) ? .evictOldest : nil))
    }

    private mutating func usage() -> Command.Operation {
        let day = UsagePeriod.day(of: House.start)
        return .addUsage(
            .init(
                sequence: UInt64(dice.below(50)),
                uses: (0..<dice.below(4)).map { _ in
                    Usage(
                        tenant: .platform,
                        subject: UsageSubject(
                            dice.pick(UsageSubject.Kind.allCases), UInt128(dice.below(4))),
                        day: day &+ 2 &- UInt32(dice.below(500)), count: UInt32(dice.below(9)))
                }))
    }

    private mutating func quota() -> Text {
        dice.pick([.empty, .empty, "5/day", "7/day,90/month", "3/month"])
    }

    private mutating func failLogIn() -> Command.Operation {
        .failLogIn(
            .init(
                subject: dice.chance(70) ? .user(user()) : .name(digest(UInt8(dice.below(4)))),
                reason: dice.pick([.unknownUser, .wrongPassword, .userDisabled])))
    }

    private mutating func refresh() -> Command.Operation {
        .rotateRefresh(
            .init(
                number: session().number, presented: digest(UInt8(dice.below(4))),
                successor: digest(UInt8(dice.below(4))), sealedSuccessor: [1]))
    }

    private mutating func keyID() -> KeyID {
        guard !keys.isEmpty, dice.chance(90) else { return KeyID(bits: UInt128(dice.next())) }
        return dice.pick(keys).id
    }

    private mutating func scope() -> KeyScope {
        dice.chance(50)
            ? .roles((0..<dice.below(3)).map { _ in roleName() })
            : .permissions(
                (0..<dice.below(3)).map { _ in dice.pick([.usersWrite, .everything, .keysWrite]) })
    }

    private mutating func addresses() -> [AddressRange] {
        let texts = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]
        return (0..<dice.below(3)).compactMap { _ in AddressRange(dice.pick(texts)) }
    }

    private mutating func expiry() -> KeyExpiry {
        switch dice.below(3) {
        case 0: .never
        case 1: .at(House.start.advanced(milliseconds: UInt64(dice.below(40_000_000))))
        default: .after(milliseconds: UInt64(dice.below(3_000_000)))
        }
    }

    private mutating func key() -> Command.Operation {
        switch dice.below(8) {
        case 0...2:
            .createKey(
                .init(
                    nonce: dice.next(), owner: user(),
                    origin: dice.chance(70) ? .made : .imported, name: "n",
                    prefix: dice.chance(50) ? .standard : keyPrefix("ci-1"),
                    digest: digest(UInt8(dice.below(256))), scope: scope(),
                    addresses: addresses(), rateLimit: "1/minute", expiry: expiry(),
                    metadata: "{}"))
        case 3:
            .updateKey(
                .init(
                    id: keyID(), condition: condition(), name: dice.chance(30) ? "m" : nil,
                    scope: dice.chance(30) ? scope() : nil,
                    addresses: dice.chance(30) ? addresses() : nil,
                    rateLimit: dice.chance(30) ? "2/minute" : nil,
                    expiry: dice.chance(30) ? expiry() : nil,
                    metadata: dice.chance(30) ? "{\"a\":1}" : nil))
        case 4, 5:
            .rotateKey(
                .init(
                    id: keyID(), condition: condition(), digest: digest(UInt8(dice.below(256))),
                    graceMilliseconds: UInt64(dice.below(2)) * UInt64(dice.below(600_000))))
        case 6: .deleteKey(.init(id: keyID(), condition: condition()))
        default:
            .touchKeys(
                .init(
                    touches: (0..<dice.below(4)).map { _ in
                        KeyTouch(
                            key: keyID(),
                            lastUsed: House.start.advanced(
                                milliseconds: UInt64(dice.below(40_000_000))), address: "::1")
                    }))
        }
    }

    private mutating func secretPut() -> Command.Operation {
        .putSecret(
            .init(
                path: path("s\(dice.below(3))"), condition: condition(),
                version: UInt64(dice.below(14)),
                value: SealedBlob(term: 1, bytes: Array(repeating: 1, count: dice.below(40))),
                encoding: dice.chance(50) ? .utf8 : .base64,
                timeToLiveMilliseconds: dice.chance(30) ? 1000 : nil, metadata: "{}"))
    }

    private mutating func node() -> Command.Operation {
        switch dice.below(10) {
        case 8:
            .raiseFeatureLevel(.init(level: UInt32(dice.below(3))))
        case 0:
            .registerMember(
                .init(
                    node: NodeID(UInt64(1 + dice.below(3))),
                    incarnation: Incarnation(UInt64(dice.below(2))), url: "u", peer: "p",
                    version: "v", featureLevel: StateMachine.featureLevel))
        case 1:
            .updateKeyring(
                .init(
                    expectedVersion: UInt64(dice.below(4)),
                    keyring: SealedBlob(term: 2, bytes: [1])))
        case 2:
            .recordAudit(
                .init(events: [
                    AuditEvent(
                        actor: .anonymous, action: .logIn, target: .user(user()),
                        outcome: .denied, requestID: "q", address: "a",
                        details: [
                            .user(user()), .role(roleName()), .version(1),
                            .changed([.email]), .method(.password), .reason(.wrongPassword),
                            .count(3), .generation(2), .permission(.usersRead),
                            .actorTenant(.platform),
                        ])
                ]))
        case 3:
            .createJoinToken(
                .init(
                    digest: digest(UInt8(dice.below(4))),
                    role: dice.chance(70) ? .voter : .learner,
                    replaces: dice.chance(20) ? NodeID(UInt64(dice.below(4))) : nil,
                    timeToLiveMilliseconds: UInt64(dice.below(200_000))))
        case 4:
            .redeemJoinToken(
                .init(
                    node: NodeID(UInt64(1 + dice.below(8))),
                    digest: digest(UInt8(dice.below(4))),
                    publicKey: digest(UInt8(dice.below(3))), url: "u",
                    peer: Text("p\(dice.below(9))"), version: "v",
                    featureLevel: StateMachine.featureLevel))
        case 5:
            .orderChange(
                .init(
                    node: NodeID(UInt64(1 + dice.below(8))),
                    change: dice.pick([.promote, .demote, .remove])))
        case 6:
            .settlePlan(
                .init(
                    node: NodeID(UInt64(1 + dice.below(8))),
                    order: LogIndex(UInt64(dice.below(200))),
                    refusal: dice.chance(30) ? .notActive : nil))
        case 7:
            .setPeerAuthority(
                .init(
                    expectedVersion: UInt64(dice.below(3)), certificate: "pem",
                    sealedKey: SealedBlob(term: 1, bytes: [3])))
        default:
            .sweep(.init(limit: UInt32(dice.below(5))))
        }
    }
}
