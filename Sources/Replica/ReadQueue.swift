import RaftCore

/// Reads that go through their stages together.
struct ReadBatch: Equatable, Sendable {
    struct Waiter: Equatable, Sendable {
        let ticket: Ticket
        let deadline: SteadyTime
    }
    private(set) var waiters: [Waiter] = []
    /// The earliest deadline among the waiters.
    private(set) var earliest: SteadyTime?

    var isEmpty: Bool { waiters.isEmpty }
    var count: Int { waiters.count }

    mutating func append(_ waiter: Waiter) {
        waiters.append(waiter)
        earliest = earliest.map { min($0, waiter.deadline) } ?? waiter.deadline
    }

    mutating func append(_ other: ReadBatch) {
        waiters += other.waiters
        if let end = other.earliest { earliest = earliest.map { min($0, end) } ?? end }
    }

    /// Takes out those whose deadline is not after `now`. Complexity: O(1) when there are none.
    mutating func takeExpired(_ now: SteadyTime) -> [Waiter] {
        guard let earliest, earliest <= now else { return [] }
        let expired = waiters.filter { $0.deadline <= now }
        waiters.removeAll { $0.deadline <= now }
        self.earliest = waiters.lazy.map(\.deadline).min()
        return expired
    }
}

/// This node's own reads: those that wait for a round to begin, one round under way, and those
/// that are confirmed and wait until the state has come so far.
///
/// A read joins a round that begins after it arrived, never one that is under way, because the
/// answer of that one may be older than the read (dissertation §6.4).
struct ReadQueue: Sendable {
    /// One question for a read index.
    struct Round: Sendable {
        /// Never used before, also not for the same reads (etcd #20418).
        let request: UInt64
        /// Who was asked: this node's own core, or the leader that it follows.
        let asked: NodeID
        /// When it is asked anew, under another number; nil for the own core, which always answers.
        let retryAt: SteadyTime?
        var batch: ReadBatch
    }

    /// Wait for the next round.
    var queued = ReadBatch()
    /// The round under way.
    var round: Round?
    /// Confirmed at an index that is not visible yet. Usually one or two.
    var confirmed: [(index: LogIndex, batch: ReadBatch)] = []
    /// Wait for an index that the caller named.
    var awaiting = IndexQueue()
    /// No round begins before, so that a refusal is not answered with the same question at once.
    var notBefore: SteadyTime?

    /// How many reads wait in all stages.
    var count: Int {
        confirmed.reduce(queued.count + (round?.batch.count ?? 0) + awaiting.count) {
            $0 + $1.batch.count
        }
    }

    /// Gives up the round under way: its reads go into the next one.
    mutating func restart() {
        guard var batch = round?.batch else { return }
        round = nil
        batch.append(queued)
        queued = batch
    }

    /// The round under way has its answer.
    mutating func finish(at index: LogIndex) {
        guard let batch = round?.batch else { return }
        round = nil
        if !batch.isEmpty { confirmed.append((index, batch)) }
    }

    /// Takes the reads for which `visible` is enough.
    mutating func takeVisible(_ visible: LogIndex) -> [Ticket] {
        var done: [Ticket] = []
        if confirmed.contains(where: { $0.index <= visible }) {
            for (index, batch) in confirmed where index <= visible {
                done += batch.waiters.map(\.ticket)
            }
            confirmed.removeAll { $0.index <= visible }
        }
        while let waiter = awaiting.pop(upTo: visible) { done.append(waiter.ticket) }
        return done
    }

    /// Takes the reads whose deadline is not after `now`, in every stage.
    mutating func takeExpired(_ now: SteadyTime) -> [Ticket] {
        guard let earliest, earliest <= now else { return [] }
        var expired = queued.takeExpired(now)
        expired += round?.batch.takeExpired(now) ?? []
        for position in confirmed.indices {
            expired += confirmed[position].batch.takeExpired(now)
        }
        confirmed.removeAll { $0.batch.isEmpty }
        expired += awaiting.takeExpired(now)
        return expired.map(\.ticket)
    }

    /// Takes the reads that no round has confirmed.
    mutating func takeUnconfirmed() -> [Ticket] {
        restart()
        defer { queued = ReadBatch() }
        return queued.waiters.map(\.ticket)
    }

    /// Takes everything.
    mutating func takeAll() -> [Ticket] {
        var all = takeUnconfirmed()
        all += confirmed.flatMap { $0.batch.waiters.map(\.ticket) }
        confirmed.removeAll()
        all += awaiting.takeAll().map(\.ticket)
        return all
    }

    /// The earliest deadline of a read, in every stage.
    private var earliest: SteadyTime? {
        var due = Self.earlier(queued.earliest, awaiting.earliest)
        due = Self.earlier(due, round?.batch.earliest)
        for (_, batch) in confirmed { due = Self.earlier(due, batch.earliest) }
        return due
    }

    /// When there is something to do by the clock. Asked at every turn.
    var deadline: SteadyTime? {
        let due = Self.earlier(earliest, round?.retryAt)
        return !queued.isEmpty && round == nil ? Self.earlier(due, notBefore) : due
    }

    private static func earlier(_ a: SteadyTime?, _ b: SteadyTime?) -> SteadyTime? {
        guard let a, let b else { return a ?? b }
        return min(a, b)
    }
}

/// Waiters for an index that they named.
struct IndexQueue: Sendable {
    private var heap = MinHeap<LogIndex, ReadBatch.Waiter>()
    /// Not after the earliest deadline among the waiters.
    private(set) var earliest: SteadyTime?

    var count: Int { heap.count }

    mutating func insert(_ index: LogIndex, _ waiter: ReadBatch.Waiter) {
        heap.insert(index, waiter)
        earliest = earliest.map { min($0, waiter.deadline) } ?? waiter.deadline
    }

    /// Takes one waiter whose index is at most `visible`.
    mutating func pop(upTo visible: LogIndex) -> ReadBatch.Waiter? {
        defer { if heap.count == 0 { earliest = nil } }
        return heap.pop(upTo: visible)
    }

    /// Takes those whose deadline is not after `now`. Complexity: O(1) when there are none.
    mutating func takeExpired(_ now: SteadyTime) -> [ReadBatch.Waiter] {
        guard let earliest, earliest <= now else { return [] }
        var next: SteadyTime?
        let expired = heap.remove { waiter in
            guard waiter.deadline > now else { return true }
            next = next.map { min($0, waiter.deadline) } ?? waiter.deadline
            return false
        }
        self.earliest = next
        return expired
    }

    mutating func takeAll() -> [ReadBatch.Waiter] {
        earliest = nil
        return heap.takeAll()
    }
}
