import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct EscalationTests {
    // Every permission that a random role may hold, weighted towards those that reach others.
    private static let permissions = [
        "users:write", "users:write", "roles:write", "roles:write", "roles:grant", "roles:grant",
        "sessions:create", "sessions:revoke", "keys:write", "keys:write", "secrets:write:a/*",
        "secrets:read", "audit:read",
    ]

    @Test("No sequence of calls raises anybody who makes it (api, security C15)", arguments: 0..<40)
    func nobodyRisesAlone(round: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        var house = try House.open()
        try makeRandomRoles(&dice, &house)
        // One attacker; what they control is what they can log in as.
        var controlled: [UserID: UserActor] = [:]
        for id in 1...6 as ClosedRange<UInt128> {
            let roles = (0..<dice.below(3)).map { _ in "r\(dice.below(6))" }
            try house.makeUser(id, roles, disabled: dice.chance(20))
        }
        let attacker = UserID(bits: 1)
        _ = try house.apply(.updateUser(.init(id: attacker, disabled: false)), by: .node)
        controlled[attacker] = try house.startSession(attacker).actor
        var keys: [KeyID: UserActor] = [:]
        let limit = try power(of: attacker, house)
        for step in 0..<60 {
            let held =
                controlled.sorted { $0.key < $1.key }.map(\.value)
                + keys.sorted { $0.key < $1.key }.map(\.value)
            let actor = try #require(held.randomElement(&dice))
            let all = try house.tables.rows(.keys).map { try KeyRow(key: $0.key, value: $0.value) }
            let operation =
                dice.chance(35)
                ? keyOperation(&dice, all, step: step) : randomOperation(&dice, step: step)
            let outcome = try house.apply(operation, by: .user(actor))
            try follow(operation, outcome, &house, &controlled, &keys)
            for id in keys.keys.sorted() {
                guard let key = try KeyRow.read(id, house.tables) else { continue }
                let now = try key.permissions(
                    of: power(of: key.owner, house), house.tables
                ).administrative(at: StateMachine.featureLevel)
                #expect(limit.covers(now), "\(operation) at step \(step), seed \(seed)")
            }
            for user in controlled.keys.sorted() where try house.user(user) != nil {
                let now = try power(of: user, house)
                #expect(limit.covers(now), "\(operation) at step \(step), seed \(seed)")
            }
            // Nor does the attacker get at the name of anybody mightier.
            for id in [House.adminID] + (1...6).map({ UserID(bits: $0) })
            where try !limit.covers(power(of: id, house)) {
                let first = id == House.adminID ? "admin" : "user\(id.bits)"
                let now = try house.user(id)?.username.string
                #expect(now == first, "\(operation) at step \(step), seed \(seed)")
            }
        }
    }

    /// Takes over whomever the call gave into the attacker's hands.
    private func follow(
        _ operation: Command.Operation, _ outcome: Outcome, _ house: inout House,
        _ controlled: inout [UserID: UserActor], _ keys: inout [KeyID: UserActor]
    ) throws {
        guard outcome.refusal == nil else { return }
        switch operation {
        case .setPassword(let body):
            controlled[body.user] = try logIn(body.user, &house)
        case .createUser(let body):
            controlled[body.id] = try logIn(body.id, &house)
        case .startSession(let body):
            if case .session(let session) = outcome.result { controlled[body.user] = session.actor }
        case .createKey, .rotateKey:
            if case .key(let key) = outcome.result { keys[key.id] = key.actor }
        default: break
        }
        // A session that ended is begun again where the attacker knows the password.
        for (user, actor) in controlled.sorted(by: { $0.key < $1.key })
        where try actor.session.map({ try SessionRow.read($0, house.tables) == nil }) ?? false {
            controlled[user] = try logIn(user, &house)
        }
    }

    private func logIn(_ user: UserID, _ house: inout House) throws -> UserActor? {
        guard let row = try house.user(user), !row.disabled,
            row.kind == .person, try PasswordRow.read(.platform, user, house.tables) != nil
        else { return nil }
        return try house.startSession(user).actor
    }

    /// What somebody could do here, disabled or not: only this server's own permissions count.
    private func power(of id: UserID, _ house: House) throws -> EffectivePermissions {
        let user = try #require(try house.user(id))
        return try EffectivePermissions.resolve(user, house.tables)
            .administrative(at: StateMachine.featureLevel)
    }

    private func makeRandomRoles(_ dice: inout Dice, _ house: inout House) throws {
        for number in 0..<6 {
            let permissions = (0..<dice.below(4)).map { _ in dice.pick(Self.permissions) }
            let inherits =
                number > 0 && dice.chance(40) ? ["r\(dice.below(number))"] : []
            try house.makeRole("r\(number)", permissions, inherits: inherits)
        }
    }

    private func keyOperation(
        _ dice: inout Dice, _ keys: [KeyRow], step: Int
    ) -> Command.Operation {
        func scope() -> KeyScope {
            dice.chance(50)
                ? .roles([role(dice.chance(10) ? "super_admin" : "r\(dice.below(8))")])
                : .permissions(
                    (0..<dice.below(3)).map { _ in
                        permission(dice.chance(10) ? "*" : dice.pick(Self.permissions))
                    })
        }
        guard let key = keys.randomElement(&dice), dice.chance(60) else {
            return .createKey(
                .init(
                    nonce: UInt64(step), owner: UserID(bits: UInt128(1 + dice.below(6))),
                    digest: digest(UInt8(step)), scope: scope(), expiry: .never))
        }
        switch dice.below(3) {
        case 0:
            return .updateKey(
                .init(
                    id: key.id, scope: dice.chance(70) ? scope() : nil,
                    expiry: dice.chance(30) ? .never : nil))
        case 1:
            return .rotateKey(
                .init(id: key.id, digest: digest(UInt8(100 + step)), graceMilliseconds: 0))
        default: return .deleteKey(.init(id: key.id))
        }
    }

    private func randomOperation(_ dice: inout Dice, step: Int) -> Command.Operation {
        let user = dice.chance(5) ? House.adminID : UserID(bits: UInt128(1 + dice.below(6)))
        let name = role(dice.chance(10) ? "super_admin" : "r\(dice.below(8))")
        switch dice.below(11) {
        case 0, 1: return .grantRole(.init(user: user, role: name))
        case 2: return .revokeRole(.init(user: user, role: name))
        case 3, 4:
            return .putRole(
                .init(
                    name: name,
                    permissions: (0..<dice.below(4)).map { _ in
                        permission(dice.chance(10) ? "*" : dice.pick(Self.permissions))
                    }, inherits: dice.chance(50) ? [role("r\(dice.below(6))")] : []))
        case 5: return .setPassword(.init(user: user, password: PasswordHash(phc: "$x")))
        case 6:
            return .createUser(
                .init(
                    id: UserID(bits: UInt128(1000 + step)),
                    username: AuthCoreTests.name("new\(step)"),
                    roles: dice.chance(70) ? [name] : [], password: PasswordHash(phc: "$x")))
        case 7:
            return .updateUser(
                .init(
                    id: user,
                    roles: dice.chance(60) ? [name] : nil,
                    disabled: dice.chance(70) ? dice.chance(30) : nil))
        case 8, 9:
            return .updateUser(
                .init(
                    id: user,
                    username: dice.chance(70) ? AuthCoreTests.name("renamed\(step)") : nil,
                    kind: dice.chance(30) ? (dice.chance(50) ? .service : .person) : nil))
        default:
            return .startSession(
                .init(
                    user: user, nonce: UInt64(step), verifier: digest(1), idleMilliseconds: 1000,
                    absoluteMilliseconds: 1000, method: .delegated))
        }
    }
}

extension Array {
    fileprivate func randomElement(_ dice: inout Dice) -> Element? {
        isEmpty ? nil : dice.pick(self)
    }
}
