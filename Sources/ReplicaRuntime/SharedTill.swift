public import Budgets
internal import RaftCore
internal import Synchronization

/// What this node has of limits, where every thread that answers can take from it.
///
/// One lock, held for the fraction of a microsecond that a decision takes, and only for requests
/// that a limit holds for.
public final class SharedTill: Sendable {
    private let till = Mutex(BudgetTill(run: .random(in: .min ... .max)))
    private let isOpen = Atomic<Bool>(false)
    private let clock: NodeClock

    init(clock: NodeClock) { self.clock = clock }

    /// Limits hold from now on: the whole cluster knows of them.
    func open() { isOpen.store(true, ordering: .releasing) }

    /// Counts a request against each of its budgets, if all have room. Before limits hold, every
    /// request passes.
    public func take(_ budgets: [Budget]) -> BudgetVerdict {
        guard isOpen.load(ordering: .acquiring) else { return .passed(nil) }
        let now = clock.steady.nanoseconds
        return till.withLock { $0.take(budgets, now: now) }
    }

    /// What the leader is to be told now, if anything.
    func claims() -> BudgetClaims? {
        guard isOpen.load(ordering: .acquiring) else { return nil }
        let now = clock.steady.nanoseconds
        return till.withLock { $0.claims(now: now) }
    }

    /// Takes the leader's answer.
    func answered(_ answer: BudgetGrants, members: Int) {
        let now = clock.steady.nanoseconds
        till.withLock { $0.answered(answer, members: members, now: now) }
    }

    /// What was counted, and of how many buckets.
    public var statistics: (counters: BudgetCounters, buckets: Int) {
        till.withLock { ($0.counters, $0.count) }
    }
}
