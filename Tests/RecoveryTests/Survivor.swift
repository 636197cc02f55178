import AuthCore
import ByteCodec
import RaftCore
import Recovery
import StateStore
import WriteAheadLog

@testable import SimulationKit

/// A node of three that was killed: its log, its state, and nobody else.
final class Survivor {
    static let directory = "node"
    static let node = NodeID(3)
    static let identity = WALIdentity(
        clusterID: [UInt8](0..<16), node: node, incarnation: Incarnation(0xABCD))
    static let three = ConfState(voters: [NodeID(1), NodeID(2), node])
    static let machine = StateMachine(sha256: digest)

    let disk = SimulatedFileSystem()
    private(set) var store = MemoryStateStore(machine: machine, configuration: three)
    /// What the log had before.
    let entries: [Entry]
    /// What the state had applied of it.
    static let appliedCount = 5

    init(tail: [Entry] = []) throws {
        entries = Self.history + tail
        let data = try DataDirectory.open(
            Self.directory, fileSystem: disk, clusterID: Self.identity.clusterID, node: Self.node,
            newIncarnation: Self.identity.incarnation)
        let marker = try RunMarker.open(
            directory: Self.directory, fileSystem: disk, boot: [UInt8](repeating: 0, count: 16))
        try marker.noteBegin()
        let (log, _) = try openLog(mayCreate: true)
        try log.append(
            PersistRequest(
                token: StorageToken(
                    generation: 0, term: Term(2), lastIndex: .zero, sequence: 1),
                hardState: HardState(term: Term(2), vote: NodeID(1), commit: LogIndex(4)),
                entries: entries))
        try log.sync()
        try data.markInitialised()
        _ = try store.apply(Array(entries.prefix(Self.appliedCount)))
        try store.synchronize()
        disk.endProcess()
    }

    func openLog(
        mayCreate: Bool = false
    ) throws -> (log: WriteAheadLog, recovered: RecoveredLog) {
        var options = WALOptions()
        options.segmentBytes = 8 * 4096
        options.groupBytesMax = 8192
        options.reserveStepBytes = 4 * 4096
        options.mayCreate = mayCreate
        return try WriteAheadLog.open(
            directory: Self.directory, fileSystem: disk, identity: Self.identity,
            options: options, state: DurableState(applied: store.applied))
    }

    /// As the node's next start opens its directory.
    func openDirectory() throws -> DataDirectory {
        try DataDirectory.open(
            Self.directory, fileSystem: disk, clusterID: Self.identity.clusterID, node: Self.node,
            newIncarnation: Incarnation(1))
    }

    /// What the operator's command works with.
    func recovery(level: UInt32 = StateMachine.featureLevel) -> Recovery {
        Recovery(
            directory: Self.directory, fileSystem: disk, level: level,
            inspectState: { [store] in
                if let lost = store.lost { return StateInspection(lost: lost, damage: "given up") }
                return StateInspection(
                    meta: try store.read { $0.meta },
                    installedSnapshot: store.installedSnapshot)
            }, openStore: { [store] in store })
    }

    /// The process is killed.
    func kill() {
        disk.endProcess()
        store = store.afterCrash()
    }

    /// The power goes.
    func losePower(_ random: inout RandomSource) {
        _ = disk.cutPower(&random)
        store = store.afterCrash()
    }

    // MARK: History

    private static func digest(_ bytes: [UInt8]) -> [UInt8] {
        (UInt8(0)..<8).flatMap { lane in
            let sum = CRC32C.checksum(of: bytes + [lane])
            return stride(from: 0, to: 32, by: 8).map { UInt8(truncatingIfNeeded: sum >> $0) }
        }
    }

    /// A cluster of three is made; the last two entries are not known to be committed.
    private static let history: [Entry] = {
        var entries = [Entry(index: LogIndex(1), term: Term(1), kind: .empty, payload: [])]
        entries.append(command(2, 1, .bootstrap(bootstrap)))
        for number in 1...3 as ClosedRange<UInt64> {
            entries.append(command(2 + number, 1, registration(number, port: 1)))
        }
        entries.append(Entry(index: LogIndex(6), term: Term(2), kind: .empty, payload: []))
        entries.append(command(7, 2, registration(3, port: 2)))
        return entries
    }()

    static func command(
        _ index: UInt64, _ term: UInt64, _ operation: Command.Operation, by node: UInt64 = 3
    ) -> Entry {
        let command = Command(operation, header: CommandHeader(actor: .node))
        return Entry(
            index: LogIndex(index), term: Term(term), kind: .command,
            payload: Proposal(
                id: ProposalID(node: NodeID(node), run: 5 << 16, counter: index),
                oldestPending: index, stamp: Timestamp(milliseconds: 1_700_000_000_000 + index),
                isNarrowing: command.isNarrowing, command: command.encoded()
            ).encoded())
    }

    static func registration(_ number: UInt64, port: Int) -> Command.Operation {
        .registerMember(
            .init(
                node: NodeID(number), incarnation: Incarnation(number), url: "http://n",
                peer: Text("n\(number):\(port)"), version: "0.1.0",
                featureLevel: StateMachine.featureLevel))
    }

    private static var bootstrap: Command.Bootstrap {
        guard let name = UserName("admin") else { preconditionFailure("no name") }
        return Command.Bootstrap(
            cluster: ClusterID(bits: 0xC1), tokenBlockKey: [UInt8](repeating: 7, count: 32),
            keyring: SealedBlob(term: 1, bytes: [1]), administrator: UserID(bits: 0xAD),
            username: name, password: PasswordHash(phc: "$test$admin"), configuration: three,
            featureLevel: StateMachine.featureLevel)
    }
}
