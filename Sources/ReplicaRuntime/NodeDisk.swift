public import AuthCore
internal import ByteCodec
public import Logging
public import RaftCore
public import Replica
public import StateStore
internal import WriteAheadLog

/// What a node is started with.
public struct RuntimeOptions: Sendable {
    /// Of the replica and the consensus underneath.
    public var replica = ReplicaOptions()
    /// The size of one file of the log, in bytes.
    public var logSegmentBytes = 64 << 20
    /// The most that the state may grow to, in bytes.
    public var storeMapBytes = 64 << 30
    public init() {}
}

/// A node as its disk left it, ready to run: its identity, its log and its state.
public final class NodeDisk {
    /// Who the node is.
    public let node: NodeID
    /// Which life of its data directory this is.
    public let incarnation: Incarnation
    /// The state.
    public let store: any StateStore

    // Its lock is never given back: the process that took it is the directory's until it ends.
    private let directory: DataDirectory
    private let log: WriteAheadLog
    private let recovered: RecoveredLog
    private let snapshot: SnapshotMetadata
    private let lastStamp: Timestamp

    /// Opens a data directory, or makes it when it is not there: takes its lock, checks whose it
    /// is, opens the state and then the log, and compares them (recovery R0 to R7).
    ///
    /// - Parameters:
    ///   - voters: with whom a new cluster begins.
    ///   - newIncarnation: drawn at random, for a directory that is made now.
    /// - Throws: `DataDirectoryError`, `StateStoreError`, `WALError`.
    public init(
        path: String, clusterID: [UInt8], node: NodeID, voters: [NodeID], options: RuntimeOptions,
        machine: StateMachine, newIncarnation: Incarnation, logger: Logger
    ) throws {
        let fileSystem = PosixFileSystem()
        directory = try DataDirectory.open(
            path, fileSystem: fileSystem, clusterID: clusterID, node: node,
            newIncarnation: newIncarnation)
        self.node = node
        incarnation = directory.identity.incarnation
        var storeOptions = LMDBStateStoreOptions()
        storeOptions.mapSizeBytes = options.storeMapBytes
        let store = try LMDBStateStore(
            directory: path, machine: machine, configuration: ConfState(voters: voters),
            options: storeOptions)
        self.store = store
        let meta = try store.read { $0.meta }
        snapshot = SnapshotMetadata(last: meta.applied, configuration: meta.configuration)
        lastStamp = meta.lastStamp
        var logOptions = WALOptions()
        logOptions.segmentBytes = options.logSegmentBytes
        logOptions.mayCreate = !directory.isInitialised
        (log, recovered) = try WriteAheadLog.open(
            directory: path, fileSystem: fileSystem, identity: directory.identity,
            options: logOptions,
            state: DurableState(applied: meta.applied, snapshot: store.installedSnapshot))
        try directory.markInitialised()
        logger.info(
            "the disk is read",
            metadata: [
                "applied": "\(meta.applied.index.rawValue)",
                "log_first": "\(recovered.logStart.index.rawValue + 1)",
                "log_last": "\(recovered.last.index.rawValue)",
                "term": "\(recovered.hardState.term.rawValue)",
                "torn_tail": "\(recovered.tornTail)", "incarnation": "\(incarnation.rawValue)",
            ])
    }

    /// The replica that goes on from here.
    func makeReplica(
        run: UInt64, seed: UInt64, options: ReplicaOptions, now: ReplicaClocks
    ) -> Replica {
        Replica(
            id: node, run: run, options: options,
            restored: RestoredState(
                hardState: recovered.hardState, snapshot: snapshot, logStart: recovered.logStart,
                entries: recovered.entries), lastStamp: lastStamp, seed: seed, now: now)
    }

    /// Hands the log over to its thread. Called once.
    func takeLog() -> OwnedLog {
        OwnedLog(log: log, store: store, hardState: recovered.hardState)
    }
}
