public import AuthCore
internal import Budgets

/// Limits for what states none itself.
public struct DefaultLimits: Equatable, Sendable {
    /// Of each user none of whose roles has a limit.
    public var user: RateLimit?
    /// Of each key without a limit.
    public var key: RateLimit?
    /// Of each tenant: of all its users and keys together.
    public var tenant: RateLimit?

    public init() {}
}

extension Caller {
    /// The budgets that must all have room for a request of this caller: of the key, of the user
    /// (by the highest limit of all roles), and of the tenant. Mostly none.
    func budgets(_ defaults: DefaultLimits) -> [Budget] {
        var budgets: [Budget] = []
        if let key, let limit = Self.limit(key.rateLimit) ?? defaults.key {
            budgets.append(Budget(BudgetID(.key, key.id.bits), BudgetRate(limit)))
        }
        if let limit = permissions.rateLimit ?? defaults.user {
            budgets.append(Budget(BudgetID(.user, user.id.bits), BudgetRate(limit)))
        }
        if let limit = defaults.tenant {
            budgets.append(Budget(BudgetID(.tenant, user.tenant.bits), BudgetRate(limit)))
        }
        return budgets
    }

    private static func limit(_ text: Text) -> RateLimit? {
        text == .empty ? nil : RateLimit(text.string)
    }
}

extension BudgetRate {
    /// What a limit gives.
    init(_ limit: RateLimit) {
        self.init(count: limit.count, seconds: UInt32(limit.unit.seconds))
    }
}

extension World {
    /// Counts a request of a caller who may make it: how the tightest of its limits stands, nil
    /// when there is none.
    func charge(_ caller: Caller) -> Result<BudgetStanding?, ServiceFailure> {
        let budgets = caller.budgets(options.limits)
        guard !budgets.isEmpty else { return .success(nil) }
        switch limiter.take(budgets) {
        case .passed(let standing): return .success(standing)
        case .refused(let standing, let nanoseconds):
            let seconds = max(1, (nanoseconds + 999_999_999) / 1_000_000_000)
            return .failure(.overLimit(standing, seconds: seconds))
        }
    }

    /// Lets a caller in who may make the request: counts the request, and notes the use.
    ///
    /// - Parameter isEnding: what ends access is counted and never refused, so that whoever spends
    ///   a budget keeps nobody from stopping them.
    func letIn(
        _ caller: Caller, _ context: RequestContext, isEnding: Bool = false
    ) -> Result<BudgetStanding?, ServiceFailure> {
        let charged = charge(caller)
        if isEnding, case .failure(.overLimit) = charged {
            touch(caller, context)
            return .success(nil)
        }
        if case .success = charged { touch(caller, context) }
        return charged
    }
}
