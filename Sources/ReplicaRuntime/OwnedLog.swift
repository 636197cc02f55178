internal import ByteCodec
internal import Dispatch
internal import Foundation
internal import RaftCore
internal import Replica
internal import StateStore
internal import WriteAheadLog

/// The write-ahead log in the hands of its thread.
///
/// Unchecked, because it is handed over once, to the log writer's thread, and touched by nobody
/// else afterwards.
final class OwnedLog: @unchecked Sendable {
    let log: WriteAheadLog
    private let store: any StateStore
    /// The newest that was persisted: a log that begins anew begins with it.
    private var hardState: HardState
    private let space: DiskSpace
    /// Files that the log may have before it gives back what only slow followers could need.
    private let segmentsMax: Int

    init(
        log: WriteAheadLog, store: any StateStore, hardState: HardState, space: DiskSpace,
        segmentsMax: Int
    ) {
        self.space = space
        self.segmentsMax = segmentsMax
        self.log = log
        self.store = store
        self.hardState = hardState
    }

    /// Everything that waits, in order: neighbouring requests as one group with one sync.
    func carryOut(
        _ jobs: [LogWriter.Job], report: ([ReplicaInput]) -> Void, fatal: FatalError,
        synced: (_ records: Int, _ nanoseconds: UInt64) -> Void
    ) {
        var tokens: [StorageToken] = []
        do {
            for job in jobs {
                switch job {
                case .persist(let request):
                    try append(request, &tokens, report: report, synced: synced)
                    if let state = request.hardState { hardState = state }
                    tokens.append(request.token)
                case .trim(let index):
                    try sync(&tokens, report: report, synced: synced)
                    try log.trim(upTo: index, durable: store.durableAppliedIndex)
                case .rewrite(let start, let entries):
                    try sync(&tokens, report: report, synced: synced)
                    // If there is no room for it, the damage is found again.
                    _ = try log.rewrite(startingAfter: start, entries: entries)
                case .whenSynced(let goOn):
                    try sync(&tokens, report: report, synced: synced)
                    goOn()
                case .beginAnew(let installed):
                    try sync(&tokens, report: report, synced: synced)
                    try beginAnew(installed, report: report)
                }
            }
            try sync(&tokens, report: report, synced: synced)
            try boundFiles()
        } catch {
            // Nothing is tried again: after a failed sync the kernel may call lost pages clean.
            fatal("the write-ahead log failed: \(error)")
        }
    }

    /// Takes a request. On a disk without room it waits until there is some: the node has said
    /// so long before, when its reserve could not be made, and acknowledges nothing meanwhile.
    private func append(
        _ request: PersistRequest, _ tokens: inout [StorageToken],
        report: ([ReplicaInput]) -> Void, synced: (_ records: Int, _ nanoseconds: UInt64) -> Void
    ) throws {
        while true {
            do { return try log.append(request) } catch WALError.reserveUnavailable {
                try sync(&tokens, report: report, synced: synced)
                space.note(.log, isShort: true)
                Thread.sleep(forTimeInterval: Self.fullDiskPauseSeconds)
            }
        }
    }

    private static let fullDiskPauseSeconds = 0.5

    private func sync(
        _ tokens: inout [StorageToken], report: ([ReplicaInput]) -> Void,
        synced: (_ records: Int, _ nanoseconds: UInt64) -> Void
    ) throws {
        guard !tokens.isEmpty else { return }
        let begin = DispatchTime.now().uptimeNanoseconds
        try log.sync()
        synced(tokens.count, DispatchTime.now().uptimeNanoseconds - begin)
        report(tokens.map { .persisted($0) })
        tokens.removeAll(keepingCapacity: true)
    }

    /// Gives files back that only slow followers could need, when there are more than the log is
    /// allowed: each start of the process begins a new one, however little the last one holds.
    private func boundFiles() throws {
        guard log.status.segments > segmentsMax else { return }
        let durable = store.durableAppliedIndex
        try log.trim(upTo: durable, durable: durable)
    }

    private func beginAnew(
        _ installed: LogWriter.InstalledState, report: ([ReplicaInput]) -> Void
    ) throws {
        guard let (metadata, lastStamp) = installed.wait() else {
            return report([.snapshotInstallFailed])
        }
        hardState.commit = max(hardState.commit, metadata.last.index)
        try log.reset(to: metadata.last, hardState: hardState)
        report([.snapshotInstalled(metadata, lastStamp: lastStamp)])
    }

    /// How far the spare segment is.
    enum Reserve { case ready, preparing, full }

    /// Takes one bounded step towards the next spare segment, so that no group waits for more.
    func extendReserve(fatal: FatalError) -> Reserve {
        do {
            let state = try log.prepareReserve()
            space.note(.log, isShort: false)
            return state == .ready ? .ready : .preparing
        } catch WALError.reserveUnavailable {
            space.note(.log, isShort: true)
            return .full
        } catch {
            fatal("the write-ahead log failed: \(error)")
        }
    }

    /// Reads a part of what was synced again.
    ///
    /// - Returns: what of it is damaged; nil also if there are too many open files, or another
    ///   reason not to read now, which is left to the next time.
    func scrub(bytesMax: UInt64, fatal: FatalError) -> WALCorruption? {
        do {
            return try log.scrub(bytesMax: bytesMax)
        } catch WALError.fileSystem {
            return nil
        } catch {
            fatal("the write-ahead log cannot be read: \(error)")
        }
    }

    /// Closes the files. Everything acknowledged is synced already.
    func close(_ fatal: FatalError) {
        do { try log.close() } catch { fatal("the write-ahead log could not be closed: \(error)") }
    }
}
