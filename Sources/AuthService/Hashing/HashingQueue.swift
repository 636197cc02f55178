/// Which jobs wait and which run: the decisions of the hashing pool, without its threads.
///
/// Jobs are taken in order, except that of the heavy ones only one runs at a time: so the memory
/// of all is bounded by threads × `heavyBytes` + the ceiling of one hash.
struct HashingQueue<Job: Sendable>: Sendable {
    private struct Waiting: Sendable {
        let job: Job
        let isHeavy: Bool
    }

    /// A job that was taken, to be handed back to `finish`.
    struct Taken: Sendable {
        let job: Job
        let isHeavy: Bool
    }

    private let limit: Int
    private var waiting: [Waiting] = []
    private var heavyRuns = false
    /// How many jobs run.
    private(set) var running = 0
    /// Whether no more jobs are taken.
    private(set) var isClosed = false

    /// - Precondition: at least one job may wait.
    init(limit: Int) {
        precondition(limit > 0, "limit \(limit)")
        self.limit = limit
    }

    /// How many jobs wait.
    var waitingCount: Int { waiting.count }

    /// Takes a job in, or refuses it: the queue is full or closed.
    mutating func submit(_ job: Job, isHeavy: Bool) -> Bool {
        guard !isClosed, waiting.count < limit else { return false }
        waiting.append(Waiting(job: job, isHeavy: isHeavy))
        return true
    }

    /// The next job that may run now, or nil.
    mutating func take() -> Taken? {
        guard let index = waiting.firstIndex(where: { !$0.isHeavy || !heavyRuns }) else {
            return nil
        }
        let next = waiting.remove(at: index)
        if next.isHeavy { heavyRuns = true }
        running += 1
        return Taken(job: next.job, isHeavy: next.isHeavy)
    }

    /// Notes that a job is done, whoever may have stopped waiting for it.
    ///
    /// - Returns: whether a heavy job that waited for this one may run now.
    mutating func finish(_ taken: Taken) -> Bool {
        precondition(running > 0, "no job runs")
        precondition(!taken.isHeavy || heavyRuns, "no heavy job runs")
        running -= 1
        guard taken.isHeavy else { return false }
        heavyRuns = false
        return waiting.contains { $0.isHeavy }
    }

    /// Takes no more jobs; those inside are still done.
    mutating func close() { isClosed = true }
}
