internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography
internal import Logging
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import StateStore
internal import Synchronization

/// What a node has to say once in its life: that the cluster is to be made, and who it is.
struct NodeIntroduction: Sendable {
    let node: NodeID
    let incarnation: Incarnation
    let url: String
    let peer: String
    let version: String
    let clusterID: [UInt8]
    let root: RootKey
    let adminName: UserName
    /// Makes the hash of the first password; called on a thread that may block.
    let adminPassword: @Sendable () throws -> AuthCore.PasswordHash
    let keys: [ConfiguredKey]
}

/// Makes the cluster, if nobody has, and registers this node, if its row is not what it should be.
///
/// Called again and again by the housekeeping thread; each call proposes at most one thing, and
/// nothing while an earlier one is under way.
final class NodeSettling: Sendable {
    private let runtime: ReplicaRuntime
    private let introduction: NodeIntroduction
    private let logger: Logger
    private let isProposing = Mutex(false)

    /// How long a proposal may take, in milliseconds.
    private static let proposalMilliseconds: UInt64 = 5_000

    init(runtime: ReplicaRuntime, introduction: NodeIntroduction, logger: Logger) {
        self.runtime = runtime
        self.introduction = introduction
        self.logger = logger
    }

    /// Takes the next step, if there is one.
    ///
    /// - Returns: whether everything is settled.
    func settle() throws -> Bool {
        let status = runtime.status
        let (isBootstrapped, member) = try runtime.store.read { view in
            (view.meta.isBootstrapped, try MemberRow.read(introduction.node, view))
        }
        if !isBootstrapped {
            guard status.raft.role == .leader, status.raft.hasCommittedInTerm else { return false }
            try propose(bootstrap(), "the cluster is made")
            return false
        }
        if let member, !member.isExpected, member.incarnation != introduction.incarnation {
            throw NodeStartError(
                "\(introduction.node) is registered with another data directory: this one is not "
                    + "the node that the cluster knows")
        }
        // A number that nobody has any more cannot be registered.
        guard try Roster(runtime.store).standing(of: introduction.node) != .removed else {
            return false
        }
        if let member, !member.isExpected, member.url.string == introduction.url,
            member.peer.string == introduction.peer,
            member.version.string == introduction.version,
            member.featureLevel == StateMachine.featureLevel
        {
            return true
        }
        try propose(registration(), "this node is registered")
        return false
    }

    private func propose(_ command: @autoclosure () throws -> Command, _ what: String) throws {
        let starts = isProposing.withLock { isProposing -> Bool in
            defer { isProposing = true }
            return !isProposing
        }
        guard starts else { return }
        let made: Command
        do { made = try command() } catch {
            isProposing.withLock { $0 = false }
            throw error
        }
        let deadline = runtime.clock.steady.advanced(milliseconds: Self.proposalMilliseconds)
        runtime.propose(made, deadline: deadline) { [self] completion in
            if case .applied(let index, _) = completion {
                logger.info("\(what)", metadata: ["index": "\(index.rawValue)"])
            }
            isProposing.withLock { $0 = false }
        }
    }

    private func bootstrap() throws -> Command {
        let random = SystemRandomBytes()
        let keyring = Keyring.make(
            clusterID: introduction.clusterID, at: runtime.clock.wall, random: random)
        let row = try keyring.sealedRow(under: introduction.root, random: random)
        let administrator = UserID(bits: bits(random.bytes(16)))
        return Command(
            .bootstrap(
                .init(
                    cluster: ClusterID(bits: bits(introduction.clusterID)),
                    tokenBlockKey: random.bytes(32),
                    keyring: SealedBlob(term: introduction.root.version, bytes: row),
                    administrator: administrator,
                    username: introduction.adminName,
                    password: try introduction.adminPassword(),
                    configuration: try runtime.store.read { $0.meta.configuration },
                    featureLevel: StateMachine.featureLevel,
                    keys: introduction.keys.map { key in
                        Command.CreateKey(
                            nonce: random.integer(), owner: administrator, origin: .imported,
                            name: Text(key.name), digest: key.digest,
                            scope: .permissions(key.permissions), expiry: .never)
                    })), header: .ownNode)
    }

    private func registration() -> Command {
        Command(
            .registerMember(
                .init(
                    node: introduction.node, incarnation: introduction.incarnation,
                    url: Text(introduction.url), peer: Text(introduction.peer),
                    version: Text(introduction.version),
                    featureLevel: StateMachine.featureLevel)), header: .ownNode)
    }

    private func bits(_ bytes: [UInt8]) -> UInt128 { bytes.reduce(0) { $0 << 8 | UInt128($1) } }
}

/// Why a node does not start, or must not go on.
public struct NodeStartError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
