internal import AuthCore
internal import Dispatch
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
    }

    private let jobs = Mailbox<Job>(limit: 1 << 20)
    private let store: any StateStore
    private let snapshots: SnapshotExchange
    private let node: NodeID
    private let runNumber: UInt64
    private let report: @Sendable (ReplicaInput) -> Void
    private let fatal: FatalError
    private let statistics = Mutex(ApplyStatistics())
    private let worker = Mutex<Worker?>(nil)

    /// In one transaction.
    private static let entriesMax = 1000

    init(
        store: any StateStore, snapshots: SnapshotExchange, node: NodeID, run: UInt64,
        report: @escaping @Sendable (ReplicaInput) -> Void, fatal: FatalError
    ) {
        self.store = store
        self.snapshots = snapshots
        self.node = node
        runNumber = run
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
    func stop() {
        jobs.close()
        // What is not applied when the time is over is applied at the next start, from the log.
        if let thread = worker.withLock({ $0 }) { _ = thread.join(seconds: 2) }
    }

    /// What was counted.
    var statisticsNow: ApplyStatistics { statistics.withLock { $0 } }

    private func run() {
        while let batch = jobs.takeAll(until: nil) {
            var entries: [Entry] = []
            for job in batch {
                switch job {
                case .apply(let more):
                    entries += more
                    if entries.count >= Self.entriesMax { apply(&entries) }
                case .install(let metadata, let installed):
                    apply(&entries)
                    install(metadata, installed)
                }
            }
            apply(&entries)
        }
    }

    private func apply(_ entries: inout [Entry]) {
        guard !entries.isEmpty else { return }
        let begin = DispatchTime.now()
        let result: ApplyResult
        do { result = try store.apply(entries) } catch {
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
        report(.applied(upTo: result.applied, durable: result.durable, outcomes: own))
    }

    private func install(_ metadata: SnapshotMetadata, _ installed: LogWriter.InstalledState) {
        guard let manifest = snapshots.manifest(of: metadata) else {
            return installed.finish(nil)
        }
        do {
            let meta = try store.install(manifest)
            installed.finish((metadata, meta.lastStamp))
        } catch let error as StateStoreError where error.code == .failed {
            fatal("a snapshot could not be put in the place of the state: \(error)")
        } catch {
            // The state is as it was, and the leader offers the snapshot again.
            installed.finish(nil)
        }
    }
}
