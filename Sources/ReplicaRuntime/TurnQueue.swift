import Dispatch
internal import RaftCore
internal import Synchronization

/// What waits for the replica's turns, and the right to take them.
///
/// Many threads put in. One at a time takes turns: the loop thread, or one that has put something
/// in and finds nobody at it, so that a write is not handed to another thread and back at each of
/// its steps (flat combining; Hendler, Incze, Shavit and Tzafrir, SPAA 2010). What comes in during
/// a turn is of the next one, which the loop thread takes. Nobody ever waits for a turn.
///
/// Bounded: what exceeds the limit is refused, and the caller says so to whoever asked.
final class TurnQueue: Sendable {
    /// What a turn has left.
    struct Outcome {
        /// When the next one is to be taken at the latest.
        var deadline: SteadyTime?
        /// No turn does anything any more but refuse.
        var isStopped: Bool
    }

    /// Takes one turn with everything that has come.
    typealias Turn = ([RuntimeRequest]) -> Outcome

    fileprivate struct State {
        var items: [RuntimeRequest] = []
        var isClosed = false
        var isStopped = false
        /// Somebody takes turns; so before there are any.
        var isTaken = true
        /// What waits is the loop thread's, which is awake or was just woken.
        var isLeftToLoop = false
        var deadline: SteadyTime?
        /// The loop thread sleeps or is about to, and nobody has woken it yet.
        var isLoopAsleep = false
        /// Until when it sleeps at most.
        var sleepsUntil: SteadyTime?
        var wakeUps: UInt64 = 0

        /// Whether the loop thread is to be woken now. A signal that nobody waits for would be
        /// kept, and found later, when there is nothing to do.
        mutating func wakesLoop() -> Bool {
            guard isLoopAsleep, !isTaken else { return false }
            isLoopAsleep = false
            wakeUps += 1
            return true
        }

        /// Whether something is left that the loop thread would sleep through.
        var isLoopMissed: Bool {
            if isStopped || isClosed || !items.isEmpty { return true }
            guard let deadline else { return false }
            return sleepsUntil.map { deadline < $0 } ?? true
        }
    }

    /// What the loop thread does next.
    fileprivate enum Step {
        case take([RuntimeRequest])
        case sleep(until: SteadyTime?)
        case end
    }

    private let state = Mutex(State())
    private let arrival = DispatchSemaphore(value: 0)
    private let turns = TurnBox()
    private let limit: Int
    private let clock: NodeClock

    /// With how many items another thread than the loop's takes a turn: it has work of its own,
    /// and takes one turn.
    fileprivate static let borrowedItemsMax = 1024

    /// An empty queue of at most `limit` items, whose turns nobody takes before `begin`.
    init(limit: Int, clock: NodeClock) {
        precondition(limit > 0, "limit \(limit)")
        self.limit = limit
        self.clock = clock
    }

    /// Says how a turn is taken; once.
    func begin(_ turn: @escaping Turn) {
        precondition(!turns.hasBegun, "a second way to take turns")
        turns.hasBegun = true
        turns.turn = turn
        state.withLock { $0.isTaken = false }
    }

    // MARK: Any thread

    /// Puts an item behind the others. Whoever calls this calls `takeTurns` soon: until then the
    /// item waits, unless another thread takes a turn.
    ///
    /// - Returns: whether it was taken; not when the queue is full or closed.
    @discardableResult
    func put(_ item: RuntimeRequest, evenIfFull: Bool = false) -> Bool {
        state.withLock { $0.put(item, limit: evenIfFull ? .max : limit) }
    }

    /// Puts an item behind the others, for the loop thread.
    ///
    /// - Returns: as `put`.
    @discardableResult
    func putForLoop(_ item: RuntimeRequest, evenIfFull: Bool = false) -> Bool {
        let (taken, wake) = state.withLock { state in
            let taken = state.put(item, limit: evenIfFull ? .max : limit)
            return (taken, taken && state.wakesLoop())
        }
        if wake { arrival.signal() }
        return taken
    }

    /// Takes a turn on this thread with what waits, unless somebody takes turns already; if more
    /// has come by then, the loop thread goes on.
    ///
    /// The caller holds no lock: a turn calls completions.
    func takeTurn() {
        let (items, wake) = state.withLock { $0.claim() }
        if wake { arrival.signal() }
        if let items { takeTurns(from: items, isLoop: false) }
    }

    /// Takes no more items; those inside can still be taken out.
    func close() {
        let wake = state.withLock { state in
            state.isClosed = true
            return state.wakesLoop()
        }
        if wake { arrival.signal() }
    }

    /// How often the loop thread was woken.
    var wakeUps: UInt64 { state.withLock { $0.wakeUps } }

    // MARK: The loop thread

    /// Takes turns when they are due, until the replica has stopped, or the queue is closed and
    /// empty. Then everything that waited was answered.
    func loop() {
        while true {
            switch state.withLock({ $0.next(at: clock.steady) }) {
            case .take(let items): takeTurns(from: items, isLoop: true)
            case .sleep(let deadline): sleep(until: deadline)
            case .end:
                turns.turn = TurnBox.none
                return
            }
        }
    }

    private func sleep(until deadline: SteadyTime?) {
        guard let deadline else { return arrival.wait() }
        if arrival.wait(timeout: clock.wakeUp(at: deadline)) == .timedOut {
            state.withLock { $0.isLoopAsleep = false }
        }
    }

    /// - Precondition: the right to take turns was claimed with these items.
    private func takeTurns(from first: [RuntimeRequest], isLoop: Bool) {
        var items = first
        while true {
            let outcome = turns.turn(items)
            let (more, wake) = state.withLock { $0.goOn(behind: outcome, isLoop: isLoop) }
            guard let more else {
                if wake { arrival.signal() }
                return
            }
            items = more
        }
    }
}

extension TurnQueue.State {
    fileprivate mutating func put(_ item: RuntimeRequest, limit: Int) -> Bool {
        guard !isClosed, items.count < limit else { return false }
        items.append(item)
        return true
    }

    /// Claims the right to take a turn, and what waits; nil: there is nothing, or no right, or so
    /// much that the loop thread is to be woken for it.
    fileprivate mutating func claim() -> (items: [RuntimeRequest]?, wake: Bool) {
        guard !isTaken, !isLeftToLoop, !isStopped, !items.isEmpty else { return (nil, false) }
        guard items.count <= TurnQueue.borrowedItemsMax else {
            isLeftToLoop = true
            return (nil, wakesLoop())
        }
        isTaken = true
        defer { items = [] }
        return (items, false)
    }

    /// What the loop thread does now. Once the replica has stopped, it alone takes turns.
    fileprivate mutating func next(at now: SteadyTime) -> TurnQueue.Step {
        isLoopAsleep = false
        isLeftToLoop = false
        let isDue = deadline.map { $0 <= now } ?? false
        if !isTaken, !items.isEmpty || isDue && !isStopped && !isClosed {
            isTaken = true
            defer { items = [] }
            return .take(items)
        }
        if !isTaken, isStopped || isClosed {
            isClosed = true
            // For good.
            isTaken = true
            return .end
        }
        isLoopAsleep = true
        // Who takes a turn now wakes this thread if it is to wake sooner, or for what is due.
        sleepsUntil = isTaken && isDue ? nil : deadline
        return .sleep(until: sleepsUntil)
    }

    /// What the next turn of the same thread is taken with; nil: it gives the right back, and the
    /// loop thread is to be woken or not.
    fileprivate mutating func goOn(
        behind outcome: TurnQueue.Outcome, isLoop: Bool
    ) -> (more: [RuntimeRequest]?, wake: Bool) {
        deadline = outcome.deadline
        isStopped = isStopped || outcome.isStopped
        if isLoop, !isStopped, !items.isEmpty {
            defer { items = [] }
            return (items, false)
        }
        isTaken = false
        // Or the next one who comes by would take it while the loop thread wakes for nothing.
        isLeftToLoop = !isLoop && !items.isEmpty
        return (nil, isLoopMissed && wakesLoop())
    }
}

/// How a turn is taken.
///
/// Unchecked, because it is set once, before the first turn can be claimed, and called only by who
/// has claimed the right to take turns, which passes from thread to thread under the queue's lock.
private final class TurnBox: @unchecked Sendable {
    static let none: @Sendable ([RuntimeRequest]) -> TurnQueue.Outcome = { _ in
        preconditionFailure("a turn before the first, or behind the last")
    }

    var hasBegun = false
    var turn: TurnQueue.Turn = none
}
