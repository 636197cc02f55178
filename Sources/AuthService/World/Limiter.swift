public import Budgets

/// Says whether a request has room in the limits that hold for it.
public protocol Limiter: Sendable {
    /// Counts a request against each of its budgets, if all have room, for all nodes together.
    func take(_ budgets: [Budget]) -> BudgetVerdict
}

/// Where limits are not counted: before feature level 2.
public struct Unlimited: Limiter {
    public init() {}
    public func take(_ budgets: [Budget]) -> BudgetVerdict { .passed(nil) }
}
