public import AuthCore
internal import ByteCodec
internal import Foundation
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
    /// This process among all of its node: higher than every one before.
    public let run: UInt64
    /// The state.
    public let store: any StateStore

    // For the process after this one.
    let marker: RunMarker
    // Its lock is never given back: the process that took it is the directory's until it ends.
    private let directory: DataDirectory
    private let log: WriteAheadLog
    private let segmentsMax: Int
    private let hardState: HardState
    // Until the replica has it: its entries are as large as the log, and are cut there.
    private var recovered: RecoveredLog?
    private let snapshot: SnapshotMetadata
    private let isStateLost: Bool
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
        directory = try Self.whenFree(path, logger: logger) {
            try DataDirectory.open(
                path, fileSystem: fileSystem, clusterID: clusterID, node: node,
                newIncarnation: newIncarnation)
        }
        let raft = options.replica.raft
        segmentsMax = 4 + (raft.retainedBytesMax + raft.graceBytesMax) / options.logSegmentBytes
        marker = try RunMarker.open(
            directory: path, fileSystem: PosixFileSystem(), boot: Self.bootID())
        try Self.repairCache(path, after: marker.last, logger: logger)
        try marker.noteBegin()
        let number = marker.number
        self.node = node
        incarnation = directory.identity.incarnation
        var storeOptions = LMDBStateStoreOptions()
        storeOptions.mapSizeBytes = options.storeMapBytes
        let store = try LMDBStateStore(
            directory: path, machine: machine, configuration: ConfState(voters: voters),
            options: storeOptions)
        self.store = store
        let lost = store.lost
        isStateLost = lost != nil
        let meta = lost == nil ? try store.read { $0.meta } : StateMeta()
        snapshot = SnapshotMetadata(last: meta.applied, configuration: meta.configuration)
        lastStamp = meta.lastStamp
        var logOptions = WALOptions()
        logOptions.segmentBytes = options.logSegmentBytes
        logOptions.mayCreate = !directory.isInitialised
        let recovered: RecoveredLog
        (log, recovered) = try WriteAheadLog.open(
            directory: path, fileSystem: fileSystem, identity: directory.identity,
            options: logOptions,
            state: DurableState(
                applied: lost?.applied ?? meta.applied,
                snapshot: lost?.installedSnapshot ?? store.installedSnapshot,
                isLost: lost != nil))
        Self.tell(recovered, logger)
        hardState = recovered.hardState
        self.recovered = recovered
        try directory.markInitialised()
        let known =
            lost == nil ? try store.read { try ProposalID.newestRun(of: node, $0) } : 0
        if let damage = store.damage {
            logger.critical(
                "there is a log and no state: one is fetched from a peer",
                metadata: ["error": "\(damage)"])
        }
        run = Self.run(
            number: number, behind: max(known, Self.newestRun(of: node, in: recovered.entries)))
        logger.info(
            "the disk is read",
            metadata: [
                "applied": "\(meta.applied.index.rawValue)",
                "log_first": "\(recovered.logStart.index.rawValue + 1)",
                "log_last": "\(recovered.last.index.rawValue)",
                "term": "\(recovered.hardState.term.rawValue)",
                "torn_tail": "\(recovered.tornTail)", "incarnation": "\(incarnation.rawValue)",
                "last_run": "\(marker.last.ending)", "rebooted": "\(marker.last.wasRebooted)",
            ])
    }

    /// Says what was damaged, and what becomes of it (recovery R8).
    private static func tell(_ recovered: RecoveredLog, _ logger: Logger) {
        let damage = recovered.report.damage
        for place in damage.places {
            logger.error("the log is damaged", metadata: ["place": "\(place)"])
        }
        if damage.count > 0, recovered.promised == .zero {
            logger.warning(
                "the damaged log lacks nothing that the state does not have: it begins anew",
                metadata: ["places": "\(damage.count)"])
        } else if recovered.promised != .zero {
            logger.warning(
                "the log has lost entries and gets them from its peers: until then it leads nobody",
                metadata: [
                    "places": "\(damage.count)", "has": "\(recovered.last.index.rawValue)",
                    "had": "\(recovered.promised.index.rawValue)",
                ])
        }
    }

    /// The run of a process, from its number; behind all that is known, in case the file that
    /// counts them was lost.
    static func run(number: UInt64, behind known: UInt64) -> UInt64 {
        max(number, known >> runBits + 1) << runBits
            | UInt64.random(in: 0..<(1 << runBits))
    }

    // So many bits are drawn, for the case that a copy of the directory is started somewhere.
    private static let runBits: UInt64 = 16

    private static func newestRun(of node: NodeID, in entries: [Entry]) -> UInt64 {
        entries.filter { $0.kind == .command }.reduce(0) { newest, entry in
            do {
                let id = try Proposal(decoding: entry.payload).id
                return id.node == node ? max(newest, id.run) : newest
            } catch {
                // What cannot be read is nobody's, and has no effect.
                return newest
            }
        }
    }

    /// A process that was killed takes a moment to end, the longer the more memory it had; until
    /// then the directory is its own.
    private static func whenFree(
        _ path: String, logger: Logger, _ open: () throws -> DataDirectory
    ) throws -> DataDirectory {
        let tries = lockWaitMilliseconds / lockRetryMilliseconds
        for attempt in 0..<tries {
            do { return try open() } catch DataDirectoryError.locked {
                if attempt == 0 {
                    logger.notice(
                        "another process has the data directory", metadata: ["path": "\(path)"])
                }
                Thread.sleep(forTimeInterval: Double(lockRetryMilliseconds) / 1000)
            }
        }
        return try open()
    }

    private static let lockWaitMilliseconds = 10_000
    private static let lockRetryMilliseconds = 50

    /// After a failed write what the files seem to hold is made true, before anything is built on
    /// it (recovery R1).
    private static func repairCache(_ path: String, after last: LastRun, logger: Logger) throws {
        guard last.ending == .failed else { return }
        // A state that was given up is not read any more.
        let compared = try CachedFile.makeAllDurable(
            in: path, besides: LostState.fileName, fileSystem: PosixFileSystem())
        logger.warning(
            "a write had failed in the last run: all files were compared with the disk",
            metadata: [
                "files": "\(compared.files)", "blocks_written_again": "\(compared.blocks)",
            ])
    }

    // The machine's name for its present start; zeros if it has none.
    private static func bootID() -> [UInt8] {
        let unknown = [UInt8](repeating: 0, count: 16)
        let text: String
        do {
            text = try String(
                contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .ascii)
        } catch {
            // Without /proc nobody can tell; the careful way is taken then.
            return unknown
        }
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == 32 else { return unknown }
        return stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// The replica that goes on from here. Called once.
    func makeReplica(
        seed: UInt64, options: ReplicaOptions, now: ReplicaClocks
    ) -> Replica {
        guard let recovered else { preconditionFailure("a second replica of one disk") }
        self.recovered = nil
        return Replica(
            id: node, run: run, options: options,
            restored: restored(recovered), lastStamp: lastStamp, seed: seed, now: now)
    }

    private func restored(_ recovered: RecoveredLog) -> RestoredState {
        guard !isStateLost else {
            return RestoredState.withoutState(
                hardState: hardState, logStart: recovered.logStart, entries: recovered.entries,
                promised: recovered.promised)
        }
        return RestoredState(
            hardState: hardState, snapshot: snapshot, logStart: recovered.logStart,
            entries: recovered.entries, promised: recovered.promised)
    }

    /// Hands the log over to its thread. Called once.
    func takeLog(_ space: DiskSpace) -> OwnedLog {
        OwnedLog(
            log: log, store: store, hardState: hardState, space: space, segmentsMax: segmentsMax)
    }
}
