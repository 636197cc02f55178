import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import AuthCore

/// What commands take away, against what `Command.isNarrowing` says of them (docs/lease.md).
///
/// What ends by the stamp of an entry is no work of the command: time would have ended it as well.
/// So the state after a command is compared with the one that an entry of the same stamp without
/// any effect would have left in its place.
@Suite struct NarrowingTests {
    /// Kinds that say that they narrow, and of which no example took anything; why they do stands
    /// in `Command.isNarrowing`.
    private static let cautious: Set<CommandKind> = [
        .deleteRole, .deleteSecret, .updateKeyring, .raiseFeatureLevel, .updateSettings,
    ]

    /// How often each kind must have taken effect; each house is made once.
    private static let effectsMin = 10

    @Test("Only a command that waits for leases takes anything away (docs/lease.md)")
    func onlyNarrowingTakes() throws {
        let given = ProcessInfo.processInfo.environment["WATCHWORD_AUTH_SEED"]
        let seed = given.flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("WATCHWORD_AUTH_SEED=\(seed) swift test --filter NarrowingTests")
        _ = try tally(seed: seed, houses: 10)
    }

    @Test("Each kind of command that waits for leases does take something, so none waits in vain")
    func eachNarrowingTakes() throws {
        // Chosen: what takes seldom must have come up.
        let tally = try tally(seed: 7, houses: 120)
        for kind in CommandKind.allCases {
            let verdicts = tally.verdicts[kind] ?? []
            let losses = tally.losses[kind] ?? 0
            #expect(tally.effects[kind] ?? 0 >= Self.effectsMin, "\(kind)")
            #expect(verdicts.count == 1, "\(kind) is judged by its type")
            let takes = verdicts == [true] && !Self.cautious.contains(kind)
            #expect((losses > 0) == takes, "\(kind) took \(losses) times")
        }
    }

    /// Applies drawn commands, and fails where one takes what it must not.
    private func tally(seed: UInt64, houses: Int) throws -> Tally {
        var dice = Dice(seed: seed)
        var tally = Tally()
        for house in 0..<houses {
            var run = try NarrowingRun(dice: Dice(seed: dice.next()))
            for step in 0..<150 {
                let result = try run.step()
                tally.count(result)
                if let loss = result.loss, !result.command.isNarrowing {
                    Issue.record(
                        "\(loss) by \(result.command), seed \(seed), house \(house), step \(step)")
                    return tally
                }
            }
        }
        return tally
    }

    /// What was seen of each kind.
    private struct Tally {
        /// How often it did what it says.
        var effects: [CommandKind: Int] = [:]
        /// How often it took something from somebody.
        var losses: [CommandKind: Int] = [:]
        /// What `isNarrowing` said of it.
        var verdicts: [CommandKind: Set<Bool>] = [:]

        mutating func count(_ result: NarrowingRun.Step) {
            let kind = CommandKind(result.command.operation)
            let isEffect = result.outcome.refusal == nil && result.outcome.replay == nil
            effects[kind, default: 0] += isEffect ? 1 : 0
            losses[kind, default: 0] += result.loss == nil ? 0 : 1
            verdicts[kind, default: []].insert(result.command.isNarrowing)
        }
    }
}

/// The operations, and those parts of a user's change that `isNarrowing` tells apart.
enum CommandKind: CaseIterable {
    case bootstrap, registerMember, createUser
    case changeFields, rename, setRoles, disable
    case deleteUser, setPassword, rehashPassword, grantRole, revokeRole, putRole, deleteRole
    case startSession, startEvicting, rotateRefresh, revokeSession, revokeSessions
    case revokeSessionsBefore, touchSessions, updateSettings
    case enrolFactor, confirmFactor, removeFactor
    case createTenant, changeTenant, suspendTenant, deleteTenant
    case putSecret, deleteSecret, recordAudit, updateKeyring, sweep, raiseFeatureLevel
    case createJoinToken, redeemJoinToken, orderChange, settlePlan, setPeerAuthority, checkpoint
    case createKey, changeKeyFields, limitKey, rotateKey, deleteKey, touchKeys
    case failLogIn, addUsage
    case firstSigningKey, nextSigningKey, revokeSigningKeys

    init(_ operation: Command.Operation) {
        // No default: a new operation must be thought of here too.
        switch operation {
        case .bootstrap: self = .bootstrap
        case .registerMember: self = .registerMember
        case .createUser: self = .createUser
        case .updateUser(let body):
            if body.disabled == true {
                self = .disable
            } else if body.roles != nil {
                self = .setRoles
            } else if body.username != nil || body.email != nil {
                self = .rename
            } else {
                self = .changeFields
            }
        case .deleteUser: self = .deleteUser
        case .setPassword: self = .setPassword
        case .rehashPassword: self = .rehashPassword
        case .grantRole: self = .grantRole
        case .revokeRole: self = .revokeRole
        case .putRole: self = .putRole
        case .deleteRole: self = .deleteRole
        case .startSession(let body): self = body.mayEvict ? .startEvicting : .startSession
        case .rotateRefresh: self = .rotateRefresh
        case .revokeSession: self = .revokeSession
        case .revokeSessions(let body):
            self = body.before == nil ? .revokeSessions : .revokeSessionsBefore
        case .updateSettings: self = .updateSettings
        case .enrolFactor: self = .enrolFactor
        case .confirmFactor: self = .confirmFactor
        case .removeFactor: self = .removeFactor
        case .createTenant: self = .createTenant
        case .updateTenant(let body):
            self = body.suspended == true ? .suspendTenant : .changeTenant
        case .deleteTenant: self = .deleteTenant
        case .touchSessions: self = .touchSessions
        case .addUsage: self = .addUsage
        case .putSecret: self = .putSecret
        case .deleteSecret: self = .deleteSecret
        case .recordAudit: self = .recordAudit
        case .updateKeyring: self = .updateKeyring
        case .raiseFeatureLevel: self = .raiseFeatureLevel
        case .sweep: self = .sweep
        case .createJoinToken: self = .createJoinToken
        case .redeemJoinToken: self = .redeemJoinToken
        case .orderChange: self = .orderChange
        case .settlePlan: self = .settlePlan
        case .setPeerAuthority: self = .setPeerAuthority
        case .beginCheckpoint, .attestCheckpoint: self = .checkpoint
        case .createKey: self = .createKey
        case .updateKey(let body):
            let isLimit = body.scope != nil || body.addresses != nil || body.expiry != nil
            self = isLimit ? .limitKey : .changeKeyFields
        case .rotateKey: self = .rotateKey
        case .deleteKey: self = .deleteKey
        case .touchKeys: self = .touchKeys
        case .failLogIn: self = .failLogIn
        case .rotateSigningKeys(let body):
            self =
                body.expectedVersion == 0
                ? .firstSigningKey : body.isRevoking ? .revokeSigningKeys : .nextSigningKey
        case .recover:
            // It forgets members as the end of a plan does, and has no effect where more than one
            // node votes, as in all houses here; RecoverTests shows that it takes nothing.
            self = .settlePlan
        }
    }
}

/// One house from its bootstrap on, under commands that are drawn.
struct NarrowingRun {
    var dice: Dice
    private let tables = InMemoryTables()
    private var now = House.start
    private var count: UInt64 = 0
    private var drawnUsers: Set<UserID> = [House.adminID]

    init(dice: Dice) throws {
        self.dice = dice
        let members = ConfState(
            voters: [NodeID(1), NodeID(2), NodeID(3)], learners: [NodeID(4)])
        try StateMeta(initial: members).write(tables)
    }

    /// What came of one command.
    struct Step {
        let command: Command
        let outcome: Outcome
        /// What somebody had before and has no more.
        let loss: AccessLoss?
    }

    /// Draws a command and a stamp, applies it, and looks for what it took.
    mutating func step() throws -> Step {
        count += 1
        let command = count == 1 ? Self.bootstrap : try draw()
        let stamp = try drawStamp()
        let idle = InMemoryTables(copying: tables)
        // A command of no bytes is refused and moves the state's time, as any entry does.
        _ = try apply([], stamp, isNarrowing: false, to: idle)
        let outcome = try apply(
            command.encoded(), stamp, isNarrowing: command.isNarrowing, to: tables)
        precondition(outcome.refusal != .undecodable, "\(command)")
        return Step(
            command: command, outcome: outcome, loss: try AccessLoss.find(from: idle, to: tables))
    }

    private static let bootstrap = Command(
        .bootstrap(House.bootstrap), header: CommandHeader(actor: .node))

    private func apply(
        _ command: [UInt8], _ stamp: Timestamp, isNarrowing: Bool, to tables: InMemoryTables
    ) throws -> Outcome {
        let proposal = Proposal(
            id: ProposalID(node: NodeID(1), run: 77, counter: count), oldestPending: count,
            stamp: stamp, isNarrowing: isNarrowing, command: command)
        let entry = Entry(
            index: LogIndex(count), term: Term(1), kind: .command, payload: proposal.encoded())
        return try Outcome(decoding: House.apply([entry], to: tables)[0].outcome)
    }

    /// A third knows nothing of the state, so that what is refused is tried too.
    private mutating func draw() throws -> Command {
        guard dice.chance(30) else {
            var knowing = KnowingCommand(
                dice: Dice(seed: dice.next()), tables: tables, now: now, count: count)
            return try knowing.make()
        }
        let rows = tables.rows(.sessions).suffix(4)
        var command = RandomCommand(
            dice: Dice(seed: dice.next()),
            sessions: try rows.map { try SessionRow(key: $0.key, value: $0.value) },
            keys: try tables.rows(.keys).suffix(4).map { try KeyRow(key: $0.key, value: $0.value) }
        ).command
        // Ids of users are never used again (`ObjectID`), and that is relied on: a session of one
        // who was deleted must stay ended.
        if case .createUser(var body) = command.operation,
            !drawnUsers.insert(body.id).inserted
        {
            body.id = UserID(bits: 1000 + UInt128(count))
            command.operation = .createUser(body)
        }
        return command
    }

    /// Mostly a little later; sometimes earlier than the last one, much later, or just where
    /// something ends.
    private mutating func drawStamp() throws -> Timestamp {
        switch dice.below(100) {
        case 0..<15:
            return Timestamp(milliseconds: now.rawValue - UInt64(dice.below(60_000)))
        case 15..<25:
            now = now.advanced(milliseconds: UInt64(dice.below(600_000)))
        case 25..<28:
            now = now.advanced(milliseconds: UInt64(dice.below(2 * 86_400_000)))
        case 36..<40:
            let rows = tables.rows(.keys)
            guard !rows.isEmpty else { break }
            let row = dice.pick(rows)
            let key = try KeyRow(key: row.key, value: row.value)
            let end = (key.former?.endsAt ?? key.expiresAt ?? now).rawValue
            now = max(now, Timestamp(milliseconds: end - 1 + UInt64(dice.below(3))))
        case 28..<36:
            let rows = tables.rows(.sessions)
            guard !rows.isEmpty else { break }
            let row = dice.pick(rows)
            let end = try SessionRow(key: row.key, value: row.value).idleExpiresAt.rawValue
            now = max(now, Timestamp(milliseconds: end - 1 + UInt64(dice.below(3))))
        default:
            now = now.advanced(milliseconds: UInt64(dice.below(15_000)))
        }
        return now
    }
}

/// Something that a node said yes to and does no more.
enum AccessLoss {
    /// A token that is no longer good.
    case session(CredentialNumber, wall: Timestamp, SessionDenial)
    /// Permissions or roles that its user no longer has.
    case permissions(CredentialNumber, wall: Timestamp)
    /// A key that is no longer good, from where it was.
    case key(KeyID, wall: Timestamp, KeyDenial)
    /// Permissions or roles that a key no longer has.
    case keyPermissions(KeyID, wall: Timestamp)
    /// A name or address that its user is no longer known under.
    case identity(CredentialNumber, wall: Timestamp)
    /// What a key has signed is no longer good.
    case signingKey(Digest256, wall: Timestamp)

    /// Asks for every session, at several readings of a node's clock, what both states say.
    static func find(from old: InMemoryTables, to new: InMemoryTables) throws -> AccessLoss? {
        let metas = (old: try StateMeta.read(old), new: try StateMeta.read(new))
        var compared: Set<UserID> = []
        for (key, value) in old.rows(.sessions) {
            let session = try SessionRow(key: key, value: value)
            for wall in walls(session) {
                let before = try verdict(session, wall, metas.old, old)
                // A later reading of the clock only shortens a life.
                guard case .allow(let had) = before else { break }
                switch try verdict(session, wall, metas.new, new) {
                case .deny(let denial, _):
                    return .session(session.id.number, wall: wall, denial)
                case .allow(let has):
                    guard has.user.id == had.user.id, has.session.id == had.session.id,
                        has.user.username == had.user.username,
                        has.user.email == had.user.email
                    else { return .identity(session.id.number, wall: wall) }
                    guard compared.insert(had.user.id).inserted else { continue }
                    let before = try EffectivePermissions.resolve(had.user, old)
                    let after = try EffectivePermissions.resolve(has.user, new)
                    guard after.covers(before), before.roles.allSatisfy(after.roles.contains)
                    else { return .permissions(session.id.number, wall: wall) }
                }
            }
        }
        return try findKey(from: old, to: new, metas) ?? findSigningKey(from: old, to: new, metas)
    }

    /// Asks for every key and the one before it, from everywhere that was ever allowed.
    private static func findKey(
        from old: InMemoryTables, to new: InMemoryTables, _ metas: (old: StateMeta, new: StateMeta)
    ) throws -> AccessLoss? {
        for (row, value) in old.rows(.keys) {
            let key = try KeyRow(key: row, value: value)
            let ends = [key.expiresAt, key.former?.endsAt].compactMap { $0?.rawValue }
            let walls = [0] + ends.sorted().map { $0 - 1 } + [metas.new.lastStamp.rawValue + far]
            let addresses = key.addresses.map(\.network) + [nil]
            for digest in [key.digest, key.former?.digest].compactMap({ $0 }) {
                for address in addresses {
                    for wall in walls.map(Timestamp.init(milliseconds:)) {
                        func verdict(
                            _ meta: StateMeta, _ tables: InMemoryTables
                        ) throws -> KeyVerdict {
                            key.origin == .imported
                                ? try decideKey(
                                    imported: digest, from: address, wall: wall, meta: meta, tables)
                                : try decideKey(
                                    key.id.number, digest: digest, from: address, wall: wall,
                                    meta: meta, tables)
                        }
                        guard case .allow(let had) = try verdict(metas.old, old) else { continue }
                        switch try verdict(metas.new, new) {
                        case .deny(let denial, _): return .key(key.id, wall: wall, denial)
                        case .allow(let has):
                            let before = try had.key.permissions(of: .resolve(had.owner, old), old)
                            let after = try has.key.permissions(of: .resolve(has.owner, new), new)
                            guard after.covers(before),
                                before.roles.allSatisfy(after.roles.contains)
                            else { return .keyPermissions(key.id, wall: wall) }
                        }
                    }
                }
            }
        }
        return nil
    }

    /// Asks for every key that may have signed something, until long after all ends.
    private static func findSigningKey(
        from old: InMemoryTables, to new: InMemoryTables, _ metas: (old: StateMeta, new: StateMeta)
    ) throws -> AccessLoss? {
        for row in try SigningKeys.read(old).rows where row.signsFrom <= metas.old.lastStamp {
            let ends = [row.endsAt].compactMap { $0?.rawValue }
            let walls = [0] + ends.map { $0 - 1 } + [metas.new.lastStamp.rawValue + far]
            for wall in walls.map(Timestamp.init(milliseconds:)) {
                guard case .good = try decideSigningKey(row.id, meta: metas.old, wall: wall, old)
                else { continue }
                guard case .good = try decideSigningKey(row.id, meta: metas.new, wall: wall, new)
                else { return .signingKey(row.id, wall: wall) }
            }
        }
        return nil
    }

    // Behind every end that a rotation may set.
    private static let far = Limits.keyGraceMilliseconds + 1

    private static func verdict(
        _ session: SessionRow, _ wall: Timestamp, _ meta: StateMeta, _ tables: InMemoryTables
    ) throws -> SessionVerdict {
        try decideValidation(
            of: session.id.number, verifier: session.verifier, wall: wall, meta: meta, tables)
    }

    /// Behind the stamp, and just before each of the session's ends; ascending.
    private static func walls(_ session: SessionRow) -> [Timestamp] {
        [0, session.idleExpiresAt.rawValue - 1, session.expiresAt.rawValue - 1].map {
            Timestamp(milliseconds: $0)
        }
    }
}
