internal import Cryptography
internal import Dispatch
internal import Foundation
internal import Synchronization

/// The threads on which passwords are hashed: a fixed number with a bounded queue before them.
///
/// A job holds its thread until it is done, also when the client that caused it has gone: so no
/// pattern of disconnects makes more of them run, or take more memory, than there are threads
/// (security A12).
public final class HashingPool: PasswordHashing {
    /// What a pool may use.
    public struct Options: Sendable {
        /// How many jobs run at once.
        public var threads: Int
        /// How many jobs wait; what comes then is refused at once.
        public var queueLimit: Int
        /// Jobs that take more memory than this run one at a time.
        public var heavyBytes: Int

        /// Two threads, 64 waiting jobs (0.8 s of them), and 72 MiB: what argon2-cffi and passlib
        /// make by default is not heavy, the ceiling of 256 MiB is.
        public init(threads: Int = 2, queueLimit: Int = 64, heavyBytes: Int = 72 << 20) {
            self.threads = threads
            self.queueLimit = queueLimit
            self.heavyBytes = heavyBytes
        }
    }

    private struct Job: Sendable {
        let work: HashJob
        let completion: @Sendable (HashResult) -> Void
    }

    private let options: Options
    private let shared: Shared
    private let memoryBytes: @Sendable (HashJob) -> Int

    /// What the threads hold on to; the pool itself may go before them.
    private final class Shared: Sendable {
        let queue: Mutex<HashingQueue<Job>>
        // Signalled once for each job that was put in, for each heavy one let go, and at the end.
        let arrival = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        let perform: @Sendable (HashJob) -> HashResult

        init(limit: Int, perform: @escaping @Sendable (HashJob) -> HashResult) {
            queue = Mutex(HashingQueue(limit: limit))
            self.perform = perform
        }
    }

    /// Starts the threads.
    public convenience init(worker: PasswordWorker, options: Options = Options()) {
        self.init(
            options: options, memoryBytes: { worker.memoryBytes(of: $0) },
            perform: { worker.perform($0) })
    }

    /// Starts threads that do whatever `perform` does.
    init(
        options: Options, memoryBytes: @escaping @Sendable (HashJob) -> Int,
        perform: @escaping @Sendable (HashJob) -> HashResult
    ) {
        precondition((1...256).contains(options.threads), "\(options.threads) threads")
        self.options = options
        self.memoryBytes = memoryBytes
        shared = Shared(limit: options.queueLimit, perform: perform)
        for number in 1...options.threads {
            let thread = Thread { [shared] in Self.run(shared) }
            thread.name = "hashing-\(number)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit { close() }

    /// Puts a job into the queue; false when it is full, or the pool is stopping.
    public func submit(
        _ job: HashJob, completion: @escaping @Sendable (HashResult) -> Void
    ) -> Bool {
        let isHeavy = memoryBytes(job) > options.heavyBytes
        let taken = shared.queue.withLock { queue in
            queue.submit(Job(work: job, completion: completion), isHeavy: isHeavy)
        }
        if taken { shared.arrival.signal() }
        return taken
    }

    /// How many jobs wait and how many run, for metrics.
    public var load: (waiting: Int, running: Int) {
        shared.queue.withLock { ($0.waitingCount, $0.running) }
    }

    /// Takes no more jobs, and waits until those inside are done and the threads have ended.
    ///
    /// - Returns: whether they had within `seconds`.
    public func stop(seconds: Int) -> Bool {
        close()
        let deadline = DispatchTime.now() + .seconds(seconds)
        for _ in 0..<options.threads {
            guard shared.ended.wait(timeout: deadline) == .success else { return false }
        }
        return true
    }

    private func close() {
        shared.queue.withLock { $0.close() }
        for _ in 0..<options.threads { shared.arrival.signal() }
    }

    private static func run(_ shared: Shared) {
        while true {
            shared.arrival.wait()
            // A thread woken for a job that another has taken finds nothing, and waits again.
            while let taken = shared.queue.withLock({ $0.take() }) {
                let result = shared.perform(taken.job.work)
                let wakesHeavy = shared.queue.withLock { $0.finish(taken) }
                if wakesHeavy { shared.arrival.signal() }
                taken.job.completion(result)
            }
            let done = shared.queue.withLock { $0.isClosed && $0.waitingCount == 0 }
            guard !done else { break }
        }
        shared.ended.signal()
        // The next thread may sleep although the last heavy job was what it waited for.
        shared.arrival.signal()
    }
}
