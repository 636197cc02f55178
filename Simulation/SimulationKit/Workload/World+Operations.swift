import AuthCore
import ByteCodec
import RaftCore
import Replica
import StateStore

// What clients do.

extension World {
    /// What the client does next, from its own chance.
    func draw(_ index: Int, _ node: Int) -> PlannedOperation {
        var operation = PlannedOperation(client: index, at: now, node: node, kind: .again)
        guard clients[index].unfinished == nil else { return operation }
        if isStormy, clients[index].random.chance(options.readShare, in: 256) {
            operation.kind = .read
            return operation
        }
        operation.hasKey = clients[index].random.chance(1, in: 2)
        operation.choice = clients[index].random.next() >> 32
        operation.kind =
            switch clients[index].random.upTo(15) {
            case 0: .createUser
            case 1...5: .startSession
            case 6...8: .revokeSession
            case 9...11: .putSecret
            case 12: .sweep
            case 13: .setPassword
            default: .touchSessions
            }
        if operation.kind == .putSecret {
            operation.size = Int(clients[index].random.upTo(UInt64(options.valueMax)))
        }
        return operation
    }

    func newOperation(_ planned: PlannedOperation) -> Client.Unfinished {
        let operation = history.begin(hasKey: planned.hasKey)
        var key: RequestKey?
        if planned.hasKey {
            key = RequestKey(
                scope: digest(UInt64(operation)), subject: UInt128(planned.client),
                body: digest(1), timeToLiveMilliseconds: 86_400_000)
        }
        return Client.Unfinished(
            operation: operation, command: command(for: planned, UInt64(operation)), key: key)
    }

    private func command(
        for planned: PlannedOperation, _ number: UInt64
    ) -> Command.Operation {
        let index = planned.client
        guard isBootstrapped else { return bootstrap(number) }
        if clients[index].users.isEmpty { return createUser(number) }
        let users = clients[index].users
        let user = users[Int(planned.choice % UInt64(users.count))]
        switch planned.kind {
        case .createUser, .read, .again: return createUser(number)
        case .startSession:
            return .startSession(
                Command.StartSession(
                    user: user, nonce: number, verifier: digest(number),
                    idleMilliseconds: 300 * 86_400_000, absoluteMilliseconds: 300 * 86_400_000,
                    method: .delegated))
        case .revokeSession:
            if let session = clients[index].sessions.last(where: { !$0.isRevoked }) {
                return .revokeSession(Command.RevokeSession(session: session.id))
            }
            return .revokeSessions(Command.RevokeSessions(user: user))
        case .putSecret: return putSecret(planned)
        case .sweep: return .sweep(Command.Sweep(limit: 100))
        case .setPassword:
            return .setPassword(
                Command.SetPassword(user: user, password: PasswordHash(phc: "$argon2id$")))
        case .touchSessions:
            let touches = clients[index].sessions.suffix(8).map {
                SessionTouch(session: $0.id, lastSeen: .max, uses: 1)
            }
            return .touchSessions(Command.TouchSessions(touches: touches))
        }
    }

    private var isBootstrapped: Bool {
        do {
            return try oracle.reference.read { $0.meta.isBootstrapped }
        } catch {
            preconditionFailure("the reference cannot be read: \(error)")
        }
    }

    private func bootstrap(_ number: UInt64) -> Command.Operation {
        guard let name = UserName("admin") else { preconditionFailure("a name") }
        return .bootstrap(
            Command.Bootstrap(
                cluster: ClusterID(bits: 7), tokenBlockKey: [UInt8](repeating: 1, count: 32),
                keyring: SealedBlob(term: 1, bytes: [1, 2, 3]),
                administrator: UserID(bits: UInt128(number) << 64 | 1), username: name,
                password: PasswordHash(phc: "$argon2id$"),
                configuration: ConfState(voters: (1...UInt64(options.nodes)).map { NodeID($0) }),
                featureLevel: (mixesReleases ? olderMachine : machine).supports))
    }

    private func createUser(_ number: UInt64) -> Command.Operation {
        guard let name = UserName("user\(number)") else { preconditionFailure("a name") }
        return .createUser(
            Command.CreateUser(id: UserID(bits: UInt128(number) << 64 | 2), username: name))
    }

    private func putSecret(_ planned: PlannedOperation) -> Command.Operation {
        guard let path = SecretPath("client\(planned.client)/\(planned.choice % 8)") else {
            preconditionFailure("a path")
        }
        let value = [UInt8](repeating: UInt8(planned.client & 0xFF), count: planned.size)
        // Often stale: then the refusal is the outcome, and as good as any other.
        return .putSecret(
            Command.PutSecret(
                path: path, version: 1 + planned.choice / 8 % 3,
                value: SealedBlob(term: 1, bytes: value)))
    }

    func command(_ work: Client.Unfinished) -> Command {
        // The request's id makes each attempt's bytes its own.
        let header = CommandHeader(
            actor: .node, requestID: Text("attempt-\(history.attempts.count)"), request: work.key)
        return Command(work.command, header: header)
    }

    func digest(_ number: UInt64) -> Digest256 {
        var writer = ByteWriter(capacity: 32)
        for _ in 0..<4 { writer.write(number) }
        guard let digest = Digest256(bytes: writer.bytes) else {
            preconditionFailure("32 bytes are a digest")
        }
        return digest
    }
}
