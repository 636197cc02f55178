import AuthCore
import ByteCodec
import Cryptography
import RaftCore
import StateStore

/// The shipping state machine over the shipping store, and a log that nobody else has.
final class Machine {
    let store: LMDBStateStore
    /// The leader's time.
    var now = Timestamp(milliseconds: 1_790_000_000_000)
    /// The administrator, by a session that lives.
    private(set) var administrator = Actor.node
    private var index: UInt64 = 0
    private var unsynced = 0
    private static let commitsBetweenSyncs = 1_000

    init(directory: String, options: LMDBStateStoreOptions = .init()) throws {
        store = try LMDBStateStore(
            directory: directory, machine: StateMachine(sha256: { SHA256.hash($0).bytes }),
            configuration: ConfState(voters: [NodeID(1)]), options: options)
    }

    /// Makes a cluster, and registers its only node.
    func bootstrap(featureLevel: UInt32) throws {
        guard let name = UserName("admin") else { throw Mistake("no name") }
        try apply([
            .bootstrap(
                .init(
                    cluster: ClusterID(bits: 1), tokenBlockKey: Array(repeating: 7, count: 32),
                    keyring: SealedBlob(term: 1, bytes: [1]), administrator: UserID(bits: 1),
                    username: name, password: PasswordHash(phc: "$none$"),
                    configuration: ConfState(voters: [NodeID(1)]), featureLevel: featureLevel))
        ])
        let logIn = try apply(
            [
                .startSession(
                    .init(
                        user: UserID(bits: 1), nonce: 1, verifier: .zero, authVersionSeen: 1,
                        idleMilliseconds: 86_400_000, absoluteMilliseconds: 86_400_000,
                        method: .password))
            ], by: .anonymous)
        guard case .session(let session)? = logIn.first?.result else {
            throw Mistake("no session")
        }
        administrator = .user(
            UserActor(tenant: .platform, user: UserID(bits: 1), session: session.id))
        try apply([
            .registerMember(
                .init(
                    node: NodeID(1), incarnation: Incarnation(1), url: "https://n1", peer: "n1:1",
                    version: "0", featureLevel: StateMachine.featureLevel))
        ])
    }

    /// Applies commands, of the node's own if nobody is named, as one batch.
    ///
    /// - Throws: `Mistake` when one is refused.
    @discardableResult
    func apply(
        _ operations: [Command.Operation], by actor: Actor = .node
    ) throws -> [Outcome] {
        let entries = operations.map { operation in
            index += 1
            let command = Command(operation, header: CommandHeader(actor: actor))
            let proposal = Proposal(
                id: ProposalID(node: NodeID(1), run: 1, counter: index), oldestPending: index,
                stamp: now, isNarrowing: true, command: command.encoded())
            return Entry(
                index: LogIndex(index), term: Term(1), kind: .command, payload: proposal.encoded())
        }
        let applied = try store.apply(entries)
        // A node does so ten times a second.
        unsynced += 1
        if unsynced == Self.commitsBetweenSyncs {
            try store.synchronize()
            unsynced = 0
        }
        return try applied.entries.map { entry in
            let outcome = try Outcome(decoding: entry.outcome)
            if case .refused(let refusal) = outcome.result { throw Mistake("\(refusal)") }
            return outcome
        }
    }
}

/// What should not have happened.
struct Mistake: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Counts the rows that are looked at.
struct CountingRows<Base: TableReader>: TableReader {
    final class Looks {
        var trail = 0
        var others = 0
    }
    let base: Base
    let looks: Looks

    private func note(_ table: Table) {
        if table == .audit { looks.trail += 1 } else { looks.others += 1 }
    }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        note(table)
        return try base.get(table, key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        note(table)
        try base.scan(table, from: from, upTo: upTo) {
            note(table)
            return try body($0, $1)
        }
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) throws {
        note(table)
        try base.scanReverse(table, from: from, upTo: upTo) {
            note(table)
            return try body($0, $1)
        }
    }
}

/// A small generator, the same in every run.
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

    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

    /// Few numbers often, and many seldom.
    mutating func uneven(below bound: UInt64) -> UInt64 {
        let share = Double(next() >> 11) / Double(1 << 53)
        return min(bound - 1, UInt64(share * share * share * Double(bound)))
    }
}
