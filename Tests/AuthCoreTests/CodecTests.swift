import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct CodecTests {
    @Test("Commands are read back as they were written, whatever they hold")
    func commands() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        for _ in 0..<2000 {
            let command = RandomCommand(dice: dice, sessions: []).command
            _ = dice.next()
            let decoded = try Command(decoding: command.encoded())
            #expect(decoded == command, "seed \(seed)")
        }
    }

    @Test("A command that is cut, longer, or of another version is refused")
    func cut() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        for _ in 0..<100 {
            let bytes = RandomCommand(dice: dice, sessions: []).command.encoded()
            _ = dice.next()
            for count in 0..<bytes.count {
                #expect(throws: ByteCodecError.self) {
                    try Command(decoding: Array(bytes.prefix(count)))
                }
            }
            #expect(throws: ByteCodecError.self) { try Command(decoding: bytes + [0]) }
            #expect(throws: ByteCodecError.self) {
                try Command(decoding: [2] + bytes.dropFirst())
            }
        }
    }

    @Test("Any bytes are either refused or a command that means the same when written again")
    func mutated() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        for _ in 0..<3000 {
            var bytes = RandomCommand(dice: dice, sessions: []).command.encoded()
            _ = dice.next()
            for _ in 0..<(1 + dice.below(3)) {
                bytes[dice.below(bytes.count)] = UInt8(truncatingIfNeeded: dice.next())
            }
            let command: Command
            do { command = try Command(decoding: bytes) } catch { continue }
            #expect(try Command(decoding: command.encoded()) == command, "seed \(seed)")
            #expect(command.encoded() == bytes, "one spelling, seed \(seed)")
        }
    }

    @Test("A field over its limit makes a command unreadable")
    func limits() throws {
        func refuses(_ operation: Command.Operation, _ header: CommandHeader? = nil) -> Bool {
            let header = header ?? CommandHeader(actor: .node)
            do {
                _ = try Command(decoding: Command(operation, header: header).encoded())
                return false
            } catch { return true }
        }
        func text(_ count: Int) -> Text { Text(String(repeating: "x", count: count)) }
        let sweep = Command.Operation.sweep(.init(limit: 1))
        #expect(!refuses(sweep, CommandHeader(actor: .node, requestID: text(128))))
        #expect(refuses(sweep, CommandHeader(actor: .node, requestID: text(129))))
        #expect(refuses(sweep, CommandHeader(actor: .node, address: text(65))))
        let id = UserID(bits: 1)
        #expect(refuses(.updateUser(.init(id: id, email: text(255)))))
        #expect(refuses(.updateUser(.init(id: id, metadata: text(4097)))))
        let roles = (0...Limits.rolesPerUser).map { role("r\($0)") }
        #expect(refuses(.updateUser(.init(id: id, roles: roles))))
        let touch = SessionTouch(session: SessionID(bits: 1), lastSeen: .zero, uses: 1)
        let touches = Array(repeating: touch, count: Limits.touchBatch)
        #expect(!refuses(.touchSessions(.init(touches: touches))))
        #expect(refuses(.touchSessions(.init(touches: touches + [touch]))))
        let blob = SealedBlob(
            term: 1, bytes: Array(repeating: 0, count: Limits.sealedSecretBytes + 1))
        #expect(refuses(.putSecret(.init(path: path("a"), version: 1, value: blob))))
    }

    @Test("The largest command of each kind fits into the limit of an encoded command")
    func largest() throws {
        let event = AuditEvent(
            actor: .user(
                UserActor(tenant: .platform, user: House.adminID, session: SessionID(bits: 1))),
            action: .secretRead, target: .secret(path(String(repeating: "p", count: 255))),
            outcome: .success, requestID: Text(String(repeating: "r", count: 128)),
            address: Text(String(repeating: "a", count: 64)),
            details: Array(repeating: .actorTenant(.platform), count: Limits.auditDetails))
        let audit = Command(
            .recordAudit(.init(events: Array(repeating: event, count: Limits.auditBatch))),
            header: CommandHeader(actor: .node))
        #expect(try Command(decoding: audit.encoded()) == audit)
        let secret = Command(
            .putSecret(
                .init(
                    path: path("a"), version: 1,
                    value: SealedBlob(
                        term: 1, bytes: Array(repeating: 0, count: Limits.sealedSecretBytes)),
                    metadata: Text(String(repeating: "m", count: Limits.metadataBytes)))),
            header: CommandHeader(actor: .node))
        #expect(try Command(decoding: secret.encoded()) == secret)
    }

    @Test("Outcomes are read back as they were written, and nothing else is read")
    func outcomes() throws {
        var house = try House.open()
        let user = try #require(try house.user(House.adminID))
        let session = try house.startSession(House.adminID)
        let role = try #require(
            try RoleRow.read(.platform, BuiltInRole.admin.name, house.tables))
        let secret = SecretRow(
            tenant: .platform, path: path("a"), latest: 2, oldest: 1, state: .deleted,
            createdAt: house.now, expiresAt: house.now, encoding: .base64, metadata: "{}")
        let results: [Outcome.Result] =
            Self.refusals.map { .refused($0) } + [
                .done, .user(user), .role(role), .session(session),
                .refreshed(session, generation: 3),
                .refreshedBefore(session, generation: 4, sealedSuccessor: [1, 2]),
                .revoked(removed: 1), .secret(secret), .audited(first: 9, count: 2),
                .keyring(version: 3), .swept(removed: 4, moreDue: true),
                .joinToken(
                    JoinTokenRow(
                        node: NodeID(4), digest: digest(1), role: .voter, replaces: NodeID(1),
                        createdAt: house.now, expiresAt: house.now, spentBy: digest(2))),
                .joined(
                    MemberRow(
                        node: NodeID(4), incarnation: Incarnation(0), url: "u", peer: "p",
                        version: "v", featureLevel: 1, registeredAt: house.now)),
                .plan(
                    MemberPlanRow(
                        node: NodeID(4), order: LogIndex(3), plan: .join(.learner),
                        orderedAt: house.now, refusal: .notCaughtUp)),
                .authority(version: 2),
            ]
        for (number, result) in results.enumerated() {
            let outcome = Outcome(
                result: result, index: LogIndex(UInt64(number)), stamp: house.now,
                replay: number % 2 == 0 ? nil : .init(sealedAnswer: [7]))
            let bytes = outcome.encoded()
            #expect(try Outcome(decoding: bytes) == outcome)
            for count in 0..<bytes.count {
                #expect(throws: ByteCodecError.self) {
                    try Outcome(decoding: Array(bytes.prefix(count)))
                }
            }
        }
    }

    @Test("Only what is proven to narrow nothing is acknowledged without waiting for leases")
    func narrowing() {
        let id = UserID(bits: 1)
        func narrows(_ operation: Command.Operation) -> Bool {
            Command(operation, header: CommandHeader(actor: .node)).isNarrowing
        }
        #expect(narrows(.updateUser(.init(id: id, disabled: true))))
        #expect(narrows(.updateUser(.init(id: id, roles: []))))
        #expect(narrows(.updateUser(.init(id: id, username: name("a")))))
        #expect(narrows(.updateUser(.init(id: id, email: "a"))))
        #expect(!narrows(.updateUser(.init(id: id, displayName: "a", disabled: false))))
        #expect(narrows(.revokeSession(.init(session: SessionID(bits: 1)))))
        #expect(narrows(.revokeSessions(.init(user: id))))
        #expect(narrows(.deleteUser(.init(id: id))))
        #expect(narrows(.setPassword(.init(user: id, password: PasswordHash(phc: "$")))))
        #expect(narrows(.revokeRole(.init(user: id, role: role("r")))))
        #expect(narrows(.putRole(.init(name: role("r"), permissions: []))))
        #expect(!narrows(.grantRole(.init(user: id, role: role("r")))))
        #expect(!narrows(.sweep(.init(limit: 1))))
    }

    static let refusals: [Refusal] = [
        .undecodable, .unsupported, .notBootstrapped, .alreadyBootstrapped, .notFound(.secret),
        .exists(.user), .versionMismatch(current: 5), .stale(current: 6), .credentialsChanged,
        .actorEnded, .insufficientPermissions, .userDisabled, .lastSuperAdmin, .builtInRole,
        .roleInUse, .invalid(.inheritanceCycle), .quota(.request), .idempotencyMismatch,
        .refreshUnknown, .refreshReused, .otherIncarnation, .forgotten, .joinTokenInvalid,
        .changeUnderWay, .memberTooOld(NodeID(3)), .tenantSuspended, .codeSpent,
    ]
}
