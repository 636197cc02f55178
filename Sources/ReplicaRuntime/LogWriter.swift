internal import ByteCodec
internal import Dispatch
internal import RaftCore
internal import Replica
internal import Synchronization
public import WriteAheadLog

/// Figures of the log writer, for operators.
public struct LogStatistics: Sendable {
    /// Groups made durable.
    public var syncs: UInt64 = 0
    /// Requests in them.
    public var requests: UInt64 = 0
    /// Time of all syncs, in nanoseconds.
    public var nanoseconds: UInt64 = 0
    /// Time of the slowest sync, in nanoseconds.
    public var slowestNanoseconds: UInt64 = 0
    /// What the log itself says.
    public var log: WALStatus?
}

/// The thread that owns the write-ahead log.
///
/// It takes everything that waits, appends it, syncs once, and reports: what came in while a sync
/// was under way forms the next group, so a group needs no timer (docs/decisions). The reserve is
/// made ready between groups, and a disk that has no room for it is reported before it is needed.
final class LogWriter: Sendable {
    /// What the thread is asked to do, in order.
    enum Job: Sendable {
        case persist(PersistRequest)
        /// Waits until the state is the snapshot, then lets the log begin anew behind it.
        case beginAnew(InstalledState)
        case trim(upTo: LogIndex)
        /// Calls when everything before is durable. It must not block.
        case whenSynced(@Sendable () -> Void)
        /// Writes a damaged log anew, if there is room for it.
        case rewrite(startingAfter: EntryID, [Entry])
    }

    /// The outcome of an install, which the apply thread knows first.
    final class InstalledState: Sendable {
        typealias Result = (metadata: SnapshotMetadata, lastStamp: Timestamp)
        private let done = DispatchSemaphore(value: 0)
        private let result = Mutex<Result?>(nil)

        /// Says how it ended; nil: the state is as it was.
        func finish(_ installed: Result?) {
            result.withLock { $0 = installed }
            done.signal()
        }

        /// Sleeps until `finish`.
        func wait() -> Result? {
            done.wait()
            return result.withLock { $0 }
        }
    }

    private let jobs = Mailbox<Job>(limit: 1 << 20)
    private let statistics = Mutex(LogStatistics())
    private let report: @Sendable ([ReplicaInput]) -> Void
    private let damaged: @Sendable (WALCorruption) -> Void
    private let fatal: FatalError
    private let worker = Mutex<Worker?>(nil)

    /// How often a disk without room is looked at again.
    private static let reserveRetryMilliseconds = 500
    /// How often a part of what was synced is read again, and how much of it: a log of 256 MiB
    /// takes about four minutes.
    private static let scrubMilliseconds = 100
    // Little at a time: meanwhile this thread writes nothing.
    private static let scrubBytes: UInt64 = 128 << 10

    /// - Parameters:
    ///   - report: told of completions, on this thread, with all of a group at once.
    ///   - damaged: told of damage to what was synced, on this thread.
    ///   - fatal: told of an error after which nothing may be acknowledged any more.
    init(
        report: @escaping @Sendable ([ReplicaInput]) -> Void,
        damaged: @escaping @Sendable (WALCorruption) -> Void, fatal: FatalError
    ) {
        self.report = report
        self.damaged = damaged
        self.fatal = fatal
    }

    /// Hands the log over to a new thread.
    func start(_ owned: OwnedLog) {
        let thread = Worker(name: "watchword-wal") { [self] in run(owned) }
        worker.withLock { $0 = thread }
    }

    /// Hands a job over.
    func put(_ job: Job) { jobs.put(job, evenIfFull: true) }

    /// Ends the thread when everything is done.
    ///
    /// - Returns: whether it did. If not, the process ends all the same: what was acknowledged is
    ///   synced already.
    func stop() -> Bool {
        jobs.close()
        return worker.withLock({ $0 })?.join(seconds: 2) ?? true
    }

    /// What was counted.
    var statisticsNow: LogStatistics { statistics.withLock { $0 } }

    private static func scrubTime() -> DispatchTime { .now() + .milliseconds(scrubMilliseconds) }

    private func run(_ owned: OwnedLog) {
        var reserve = OwnedLog.Reserve.preparing
        var nextScrub = Self.scrubTime()
        while true {
            // A full disk is looked at again now and then; a spare segment that is not ready is
            // worked on whenever nothing else waits.
            let wake: DispatchTime? =
                switch reserve {
                case .ready: nextScrub
                case .preparing: .now()
                case .full: .now() + .milliseconds(Self.reserveRetryMilliseconds)
                }
            guard let batch = jobs.takeAll(until: wake) else { return owned.close(fatal) }
            owned.carryOut(batch, report: report, fatal: fatal) { records, nanoseconds in
                statistics.withLock {
                    $0.syncs += 1
                    $0.requests += UInt64(records)
                    $0.nanoseconds += nanoseconds
                    $0.slowestNanoseconds = max($0.slowestNanoseconds, nanoseconds)
                    $0.log = owned.log.status
                }
            }
            reserve = owned.extendReserve(fatal: fatal)
            guard reserve == .ready, DispatchTime.now() >= nextScrub else { continue }
            nextScrub = Self.scrubTime()
            if let place = owned.scrub(bytesMax: Self.scrubBytes, fatal: fatal) {
                damaged(place)
                report([.logDamaged])
            }
            statistics.withLock { $0.log = owned.log.status }
        }
    }
}
