import ByteCodec
import RaftCore

@testable import AuthCore

/// Rows as apply makes them, from a cluster of one user.
enum LedgerFixtures {
    struct Missing: Error {}

    /// A session of a user.
    static func session(
        _ id: SessionID, of user: UserID, endsAt: UInt64
    ) throws -> SessionRow {
        let tables = InMemoryTables()
        let outcomes = try apply(
            [
                .createUser(.init(id: user, username: UserName("somebody")!)),
                .startSession(
                    .init(
                        user: user, nonce: id.nonce,
                        verifier: Digest256(bytes: [UInt8](repeating: 1, count: 32))!,
                        idleMilliseconds: endsAt - stamp, absoluteMilliseconds: endsAt - stamp,
                        method: .delegated)),
            ], tables)
        guard case .session(let row) = outcomes.last?.result else { throw Missing() }
        return row.id.number == id.number ? row : try renumbered(row, id)
    }

    /// The same row under another number, by way of its encoding.
    private static func renumbered(_ row: SessionRow, _ id: SessionID) throws -> SessionRow {
        SessionRow(
            id: id, tenant: row.tenant, user: row.user, kind: row.kind, method: row.method,
            verifier: row.verifier, hasRefreshFamily: row.hasRefreshFamily, epoch: row.epoch,
            createdAt: row.createdAt, expiresAt: row.expiresAt,
            idleExpiresAt: row.idleExpiresAt, idleMilliseconds: row.idleMilliseconds,
            lastSeenAt: row.lastSeenAt, accessCount: 0, expiryMinute: 0, version: 1,
            label: row.label, address: row.address)
    }

    /// A user.
    static func user(_ id: UserID) throws -> UserRow {
        let tables = InMemoryTables()
        let outcomes = try apply(
            [.createUser(.init(id: id, username: UserName("somebody")!))], tables)
        guard case .user(let row) = outcomes.last?.result else { throw Missing() }
        return row
    }

    private static let stamp: UInt64 = 1_000

    /// Applies commands of the node, behind the one that makes the cluster.
    static func apply(
        _ operations: [Command.Operation], _ tables: InMemoryTables,
        sha256: @escaping @Sendable ([UInt8]) -> [UInt8] = { _ in
            [UInt8](repeating: 0, count: 32)
        }
    ) throws -> [Outcome] {
        let bootstrap = Command.Operation.bootstrap(
            .init(
                cluster: ClusterID(bits: 1), tokenBlockKey: [UInt8](repeating: 1, count: 32),
                keyring: SealedBlob(term: 1, bytes: [1]), administrator: UserID(bits: 1),
                username: UserName("admin")!, password: PasswordHash(phc: "$"),
                configuration: ConfState(voters: [NodeID(1)]),
                featureLevel: StateMachine.featureLevel))
        var session = try StateMachine(sha256: sha256).begin(tables)
        var outcomes: [Outcome] = []
        for (offset, operation) in ([bootstrap] + operations).enumerated() {
            let number = UInt64(offset + 1)
            let command = Command(
                operation,
                header: CommandHeader(actor: .node, requestID: Text("request-\(number)")))
            let proposal = Proposal(
                id: ProposalID(node: NodeID(1), run: 1, counter: number), oldestPending: number,
                stamp: Timestamp(milliseconds: stamp), isNarrowing: command.isNarrowing,
                command: command.encoded())
            let entry = Entry(
                index: LogIndex(number), term: Term(1), kind: .command,
                payload: proposal.encoded())
            outcomes.append(try Outcome(decoding: session.apply(entry, tables).outcome))
        }
        try session.finish(tables)
        return outcomes
    }
}
