internal import Dispatch
internal import Logging
internal import RaftCore
internal import StateStore
internal import Synchronization

/// Figures of the looks at the whole state, for operators.
public struct ScrubStatistics: Sendable {
    /// Looks that came to their end and found nothing.
    public var passes: UInt64 = 0
    /// How long the last one took, in nanoseconds.
    public var nanoseconds: UInt64 = 0
    /// What it read.
    public var rows: UInt64 = 0
    public init() {}
}

/// Reads the whole state from time to time, on a queue of its own and one look at a time. What it
/// finds the store tells itself.
final class StateScrubber: Sendable {
    private struct State {
        var statistics = ScrubStatistics()
        var isRunning = false
        var last: DispatchTime?
    }

    private let store: any StateStore
    private let logger: Logger
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "watchword-scrub", qos: .background)

    /// A look that is asked for sooner after another one is not taken.
    private static let pauseSeconds: UInt64 = 60

    init(store: any StateStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// What was counted.
    var statisticsNow: ScrubStatistics { state.withLock { $0.statistics } }

    /// Begins a look unless one is under way, or was lately.
    func begin() {
        let begins = state.withLock { state in
            // Under the lock: a moment from before it may lie before the end of the last look.
            let now = DispatchTime.now()
            let isLate =
                state.last.map {
                    now.uptimeNanoseconds - $0.uptimeNanoseconds
                        >= Self.pauseSeconds * 1_000_000_000
                } ?? true
            guard !state.isRunning, isLate else { return false }
            state.isRunning = true
            return true
        }
        if begins { queue.async { [self] in look() } }
    }

    private func look() {
        let begin = DispatchTime.now()
        do {
            let report = try store.scrub()
            let nanoseconds = DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds
            state.withLock { state in
                state.statistics.passes += 1
                state.statistics.nanoseconds = nanoseconds
                state.statistics.rows = report.rows
            }
            logger.info(
                "the state was read whole",
                metadata: ["rows": "\(report.rows)", "index": "\(report.applied.rawValue)"])
        } catch {
            logger.warning("the state was not read whole", metadata: ["error": "\(error)"])
        }
        state.withLock { state in
            state.isRunning = false
            state.last = .now()
        }
    }
}
