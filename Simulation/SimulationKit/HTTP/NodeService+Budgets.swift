import AuthCore
import AuthService
import Budgets
import RaftCore
import Replica
import StateStore

extension NodeService: Limiter {
    func take(_ budgets: [Budget]) -> BudgetVerdict {
        guard knowsLimits else { return .passed(nil) }
        return till.take(budgets, now: steady.nanoseconds)
    }

    /// Tells the leader what was used of limits, once every node can read that.
    func claimBudgets() {
        guard world.options.mix.contains(.limits), world.now < world.quietFrom else { return }
        if !knowsLimits {
            let level = readable({ try store.read { $0.meta.featureLevel } }) ?? 0
            knowsLimits = level >= Limits.budgetFeatureLevel
        }
        guard knowsLimits, let claims = till.claims(now: steady.nanoseconds) else { return }
        world.give(.claimBudgets(claims), to: process, node)
    }

    /// The leader answers what this node has claimed.
    func budgetsAnswered(_ answer: BudgetGrants, members: Int) {
        hasHeardOfLimits = true
        till.answered(answer, members: members, now: steady.nanoseconds)
    }
}
