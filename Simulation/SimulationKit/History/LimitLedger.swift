import Budgets
import Replica

/// How often keys with a limit were let through by all nodes together, held against what the
/// limits allow (docs/decisions/0012-limits-are-leased-in-slices.md).
///
/// It knows nothing of slices: only when somebody was let through, how many processes began, and
/// how often everybody who knew what was used was gone.
struct LimitLedger {
    /// A key with a limit, as those who use it know it.
    struct Key {
        let token: String
        let rate: BudgetRate
        /// When it was let through first, in microseconds.
        var firstAt: UInt64?
        /// Processes that had begun by then, and losses of all knowledge.
        var before: (starts: UInt64, amnesias: UInt64) = (0, 0)
        var passed: UInt64 = 0
    }

    private(set) var keys: [Key] = []
    /// Processes that began: each knows nothing at first, and what the one before it owed is lost.
    private var starts: UInt64 = 0
    /// Elections in which hardly anybody had heard a leader.
    private var amnesias: UInt64 = 0
    private let nodes: UInt64

    init(nodes: Int) { self.nodes = UInt64(nodes) }

    mutating func began() { starts += 1 }
    mutating func forgot() { amnesias += 1 }

    /// Somebody was given a key with a limit.
    mutating func learn(_ token: String, _ rate: BudgetRate) {
        keys.append(Key(token: token, rate: rate))
    }

    /// A node let a key through.
    mutating func passed(_ place: Int, at now: UInt64) -> Violation? {
        if keys[place].firstAt == nil { keys[place].before = (starts, amnesias) }
        let first = keys[place].firstAt ?? now
        keys[place].firstAt = first
        keys[place].passed += 1
        let before = keys[place].before
        let most = bound(
            keys[place].rate, after: now - first, starts: starts - before.starts,
            amnesias: amnesias - before.amnesias)
        guard keys[place].passed > most else { return nil }
        return Violation(
            "limit",
            "\(keys[place].passed) requests pass in \((now - first) / 1_000) ms, where "
                + "\(keys[place].rate.count) in \(keys[place].rate.seconds) s may: at most \(most)")
    }

    /// The most that may pass in so many microseconds: the rate by the fastest clock, half a second
    /// of slices, a burst, and what each node may owe; for each process that began what the one
    /// before it owed, and for each loss of all knowledge a burst.
    func bound(
        _ rate: BudgetRate, after microseconds: UInt64, starts: UInt64, amnesias: UInt64
    ) -> UInt64 {
        let fastest = 100 + LeaseOptions().clockRatePercent
        let time = UInt64(rate.count) * (microseconds + 500_000) * fastest / 100
        let share = (UInt64(rate.burst) + nodes - 1) / nodes
        return UInt64(rate.burst) * (1 + amnesias) + time / (UInt64(rate.seconds) * 1_000_000) + 1
            + share * (nodes + starts)
    }
}
