import RaftCore

/// What a replica keeps for read leases: those it holds, those it granted, and who waits for what
/// narrows access to be safe to acknowledge.
struct LeaseKeeping: Sendable {
    /// Who waits until everything up to an index may be acknowledged.
    struct Waiter: Sendable {
        let ticket: Ticket
        let deadline: SteadyTime
        /// The outcome of a proposal of this node, which is applied; nil: a wait without one.
        let outcome: (index: LogIndex, bytes: [UInt8])?
    }

    /// Leases of this node.
    var held = HeldLeases()
    /// The lease that the last action named.
    var published: ReadLease?
    /// While this node leads: what others hold.
    var book: (term: Term, entries: LeaseBook)?

    /// No entry behind this one in the log narrows access; it may lie past the end of a log that
    /// was cut since.
    var lastNarrowing: LogIndex
    /// The first narrowing entry that was handed out to be applied and is not reported; or one
    /// before it.
    private(set) var unreported: LogIndex?
    /// The last one.
    private var lastOut: LogIndex = .zero
    /// Somebody here began to wait in this turn.
    var isAskWanted = false

    /// Everything up to and with this index may be acknowledged, as far as is known here.
    var released: LogIndex = .zero
    private(set) var waiters = MinHeap<LogIndex, Waiter>()
    /// When the first of them has waited too long.
    private(set) var deadline: SteadyTime?
    /// The newest index that anybody here waits for.
    private(set) var awaited: LogIndex = .zero

    init(lastNarrowing: LogIndex) { self.lastNarrowing = lastNarrowing }

    /// Notes narrowing entries that are handed out to be applied.
    mutating func handedOut(first: LogIndex, last: LogIndex) {
        unreported = unreported ?? first
        lastOut = max(lastOut, last)
    }

    /// Notes that everything up to and with an index is applied; whether that is to be reported.
    mutating func applied(_ index: LogIndex) -> Bool {
        guard let first = unreported, index >= first else { return false }
        unreported = lastOut > index ? index.next : nil
        return true
    }

    /// Adds somebody who waits for an index.
    mutating func wait(_ index: LogIndex, _ waiter: Waiter) {
        waiters.insert(index, waiter)
        awaited = max(awaited, index)
        deadline = min(deadline ?? waiter.deadline, waiter.deadline)
    }

    /// Takes out everybody whose index is released.
    mutating func takeReleased() -> [Waiter] {
        var done: [Waiter] = []
        while let waiter = waiters.pop(upTo: released) { done.append(waiter) }
        if waiters.count == 0 {
            awaited = .zero
            deadline = nil
        }
        return done
    }

    /// Takes out everybody who has waited too long.
    mutating func takeExpired(_ now: SteadyTime) -> [Waiter] {
        guard let due = deadline, now >= due else { return [] }
        var next: SteadyTime?
        let expired = waiters.remove { waiter in
            if waiter.deadline <= now { return true }
            next = min(next ?? waiter.deadline, waiter.deadline)
            return false
        }
        deadline = next
        if waiters.count == 0 { awaited = .zero }
        return expired
    }

    /// Takes out everybody.
    mutating func takeAll() -> [Waiter] {
        deadline = nil
        awaited = .zero
        return waiters.takeAll()
    }
}
