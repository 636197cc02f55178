internal import Dispatch
internal import RaftCore
internal import Replica
internal import StateStore
internal import Synchronization

/// The thread that makes what was applied durable, some time after it was: nobody waits for it but
/// the log, which keeps the entries until then (decision 17).
final class StateSyncer: Sendable {
    private let notes = Mailbox<Void>(limit: 1)
    private let ending = DispatchSemaphore(value: 0)
    private let store: any StateStore
    private let report: @Sendable ([ReplicaInput]) -> Void
    private let fatal: FatalError
    private let worker = Mutex<Worker?>(nil)

    /// From the beginning of a sync to that of the next one, at least: so much of the log is
    /// applied anew after a crash.
    private static let intervalMilliseconds = 100

    init(
        store: any StateStore, report: @escaping @Sendable ([ReplicaInput]) -> Void,
        fatal: FatalError
    ) {
        self.store = store
        self.report = report
        self.fatal = fatal
    }

    func start() {
        let thread = Worker(name: "watchword-sync") { [self] in run() }
        worker.withLock { $0 = thread }
    }

    /// Says that something was applied.
    func note() { notes.put(()) }

    /// Ends the thread.
    ///
    /// - Returns: whether it did.
    func stop() -> Bool {
        notes.close()
        ending.signal()
        return worker.withLock({ $0 })?.join(seconds: 2) ?? true
    }

    private func run() {
        while notes.takeAll(until: nil) != nil {
            let next = DispatchTime.now() + .milliseconds(Self.intervalMilliseconds)
            synchronize()
            if ending.wait(timeout: next) == .success { return }
        }
    }

    /// Syncs now, on this thread, behind a sync that is under way.
    func synchronize() {
        do {
            report([.stateSynced(upTo: try store.synchronize())])
        } catch let error as StateStoreError where error.code == .busy {
            note()
        } catch let error as StateStoreError where error.code == .damaged {
            // The store has told who must know, and what was not synced is given up with the rest.
        } catch {
            fatal("the state could not be synced: \(error)")
        }
    }
}
