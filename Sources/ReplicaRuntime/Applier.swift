internal import AuthCore
internal import Dispatch
internal import Foundation
internal import RaftCore
internal import Replica
internal import StateStore
internal import Synchronization

/// Figures of the apply thread, for operators.
public struct ApplyStatistics: Sendable {
    /// Transactions committed.
    public var transactions: UInt64 = 0
    /// Entries applied.
    public var entries: UInt64 = 0
    /// Time in transactions, in nanoseconds.
    public var nanoseconds: UInt64 = 0
    public init() {}
}

/// The thread that changes the state: committed entries in order, as many in one transaction as
/// have come meanwhile.
final class Applier: Sendable {
    /// What the thread is asked to do, in order.
    enum Job: Sendable {
        case apply([Entry])
        case install(SnapshotMetadata, LogWriter.InstalledState)
        /// As `install`, with a log that stays as it is.
        case replaceState(SnapshotMetadata)
    }

    private let jobs = Mailbox<Job>(limit: 1 << 20)
    private let store: any StateStore
    private let syncer: StateSyncer
    private let snapshots: SnapshotExchange
    private let node: NodeID
    private let runNumber: UInt64
    private let space: DiskSpace
    private let report: @Sendable ([ReplicaInput]) -> Void
    private let fatal: FatalError
    private let statistics = Mutex(ApplyStatistics())
    /// Whether what is committed can no longer be applied by this release. Only the thread's own.
    private let isTooOld = Atomic(false)
    private let worker = Mutex<Worker?>(nil)

    /// How often a disk without room is looked at again.
    private static let spaceRetryMilliseconds = 500
    /// In one transaction.
    private static let entriesMax = 1000

    init(
        store: any StateStore, syncer: StateSyncer, snapshots: SnapshotExchange, node: NodeID,
        run: UInt64,
        space: DiskSpace, report: @escaping @Sendable ([ReplicaInput]) -> Void,
        fatal: FatalError
    ) {
        self.store = store
        self.syncer = syncer
        self.snapshots = snapshots
        self.node = node
        runNumber = run
        self.space = space
        self.report = report
        self.fatal = fatal
    }

    func start() {
        let thread = Worker(name: "watchword-apply") { [self] in run() }
        worker.withLock { $0 = thread }
    }

    /// Hands a job over.
    func put(_ job: Job) { jobs.put(job, evenIfFull: true) }

    /// Ends the thread when everything is applied.
    ///
    /// - Returns: whether it did. What is not applied when the time is over is applied at the next
    ///   start, from the log.
    func stop() -> Bool {
        jobs.close()
        return worker.withLock({ $0 })?.join(seconds: 2) ?? true
    }

    /// What was counted.
    var statisticsNow: ApplyStatistics { statistics.withLock { $0 } }

    private func run() {
        var isShort = store.isShortOfSpace
        while let batch = jobs.takeAll(
            until: isShort ? .now() + .milliseconds(Self.spaceRetryMilliseconds) : nil)
        {
            var entries: [Entry] = []
            for job in batch {
                switch job {
                case .apply(let more):
                    entries += more
                    if entries.count >= Self.entriesMax { apply(&entries) }
                case .install(let metadata, let installed):
                    apply(&entries)
                    install(metadata, installed)
                case .replaceState(let metadata):
                    replaceState(metadata)
                }
            }
            apply(&entries)
            isShort = checkSpace()
        }
    }

    /// Says whether the state is short of room to grow, and makes some if it was and there is.
    private func checkSpace() -> Bool {
        var isShort = store.isShortOfSpace
        if isShort {
            do { try store.growAhead() } catch {
                fatal("the state could not be made larger: \(error)")
            }
            isShort = store.isShortOfSpace
        }
        space.note(.state, isShort: isShort)
        return isShort
    }

    /// Applies, on a disk without room when there is some: the node has said so before, when it
    /// could not grow ahead, and promises nothing new meanwhile.
    private func applyWhenThereIsRoom(_ entries: [Entry]) throws -> ApplyResult {
        while true {
            do { return try store.apply(entries) } catch let error as StateStoreError
                where error.code == .full
            {
                space.note(.state, isShort: true)
                Thread.sleep(forTimeInterval: Double(Self.spaceRetryMilliseconds) / 1000)
                _ = checkSpace()
            }
        }
    }

    private func apply(_ entries: inout [Entry]) {
        // They stay in the log, for the release that comes next.
        if isTooOld.load(ordering: .relaxed) { entries.removeAll() }
        guard !entries.isEmpty else { return }
        let begin = DispatchTime.now()
        let result: ApplyResult
        do { result = try applyWhenThereIsRoom(entries) } catch let error as StateStoreError
            where error.code == .damaged
        {
            // The store has told who must know. What is dropped here is applied again by the next
            // run, from the log.
            return entries.removeAll()
        } catch {
            fatal("the state could not be changed: \(error)")
        }
        let nanoseconds = DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds
        statistics.withLock {
            $0.transactions += 1
            $0.entries += UInt64(entries.count)
            $0.nanoseconds += nanoseconds
        }
        entries.removeAll(keepingCapacity: true)
        let own = result.entries.compactMap { applied -> OwnOutcome? in
            guard let id = applied.proposal, id.node == node, id.run == runNumber else {
                return nil
            }
            return OwnOutcome(id: id, index: applied.index, outcome: applied.outcome)
        }
        var inputs: [ReplicaInput] = [
            .applied(upTo: result.applied, durable: result.durable, outcomes: own)
        ]
        if let level = result.levelBeyond {
            isTooOld.store(true, ordering: .relaxed)
            inputs.append(.fitness(.tooOld(cluster: level)))
        }
        report(inputs)
        syncer.note()
        // A disk that syncs slowly slows down what is applied, and the file stays as it is.
        if store.isSyncOverdue { syncer.synchronize() }
    }

    private func install(_ metadata: SnapshotMetadata, _ installed: LogWriter.InstalledState) {
        installed.finish(install(metadata))
    }

    private func replaceState(_ metadata: SnapshotMetadata) {
        guard let (metadata, lastStamp) = install(metadata) else {
            return report([.snapshotInstallFailed])
        }
        report([.snapshotInstalled(metadata, lastStamp: lastStamp)])
    }

    /// Puts a snapshot in the place of the state; nil: the state is as it was.
    private func install(_ metadata: SnapshotMetadata) -> LogWriter.InstalledState.Result? {
        do {
            return try snapshots.install(metadata).map { (metadata, $0.lastStamp) }
        } catch let error as StateStoreError where error.code == .tooOld {
            report([.fitness(.tooOld(cluster: nil))])
            return nil
        } catch let error as StateStoreError where error.code == .failed {
            fatal("a snapshot could not be put in the place of the state: \(error)")
        } catch {
            // The state is as it was, and the leader offers the snapshot again.
            return nil
        }
    }
}
