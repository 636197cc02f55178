public import AuthCore
public import Budgets

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

/// How the limits and quotas of a caller stand.
public struct CallerStanding: Equatable, Sendable {
    /// The tightest limit; nil when there is none.
    public var limit: BudgetStanding?
    /// The tightest quota; nil when there is none.
    public var quota: QuotaStanding?

    public init(limit: BudgetStanding? = nil, quota: QuotaStanding? = nil) {
        self.limit = limit
        self.quota = quota
    }
}

extension World {
    /// Counts a request of a caller, unless a limit or a quota has no room for it.
    func charge(_ caller: Caller) -> Result<CallerStanding, ServiceFailure> {
        var standing = CallerStanding()
        let budgets = caller.budgets(options.limits)
        if !budgets.isEmpty {
            switch limiter.take(budgets) {
            case .passed(let limit): standing.limit = limit
            case .refused(let limit, let nanoseconds):
                let seconds = max(1, (nanoseconds + 999_999_999) / 1_000_000_000)
                return .failure(.overLimit(limit, seconds: seconds))
            }
        }
        switch meter.count(caller.metering) {
        case .passed(let quota): standing.quota = quota
        case .refused(let quota, let seconds):
            return .failure(.overQuota(quota, seconds: seconds))
        }
        return .success(standing)
    }

    /// Lets a caller in who may make the request: counts the request, and notes the use.
    ///
    /// - Parameter isEnding: what ends access is counted and never refused, so that whoever spends
    ///   a budget keeps nobody from stopping them.
    func letIn(
        _ caller: Caller, _ context: RequestContext, isEnding: Bool = false
    ) -> Result<CallerStanding, ServiceFailure> {
        let charged = charge(caller)
        if isEnding, case .failure = charged {
            touch(caller, context)
            return .success(CallerStanding())
        }
        if case .success = charged { touch(caller, context) }
        return charged
    }
}
