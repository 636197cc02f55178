internal import AuthService
internal import Budgets

/// How a limit stands, in header fields (draft-ietf-httpapi-ratelimit-headers, and the older names
/// that clients know).
enum LimitHeaders {
    /// The fields, by their names.
    static func values(_ standing: BudgetStanding) -> [(name: SharedHeader, value: String)] {
        let rate = standing.budget.rate
        let name =
            switch standing.budget.id.kind {
            case .key: "key"
            case .user: "user"
            case .tenant: "tenant"
            }
        let reset = (standing.resetNanoseconds + 999_999_999) / 1_000_000_000
        return [
            (.rateLimit, "\"\(name)\";r=\(standing.remaining);t=\(reset)"),
            (.rateLimitPolicy, "\"\(name)\";q=\(rate.count);w=\(rate.seconds)"),
            (.rateLimitLimit, String(rate.count)),
            (.rateLimitRemaining, String(standing.remaining)),
            (.rateLimitReset, String(reset)),
        ]
    }
}

extension LimitHeaders {
    /// The fields of a limit and a quota, where there are any.
    static func values(_ standing: CallerStanding) -> [(name: SharedHeader, value: String)] {
        let quota = standing.quota.map { [(SharedHeader.quota, "\($0.remaining)/\($0.limit)")] }
        return (standing.limit.map { values($0) } ?? []) + (quota ?? [])
    }
}

extension ServiceFailure {
    /// The limit or quota that let the request not pass.
    var standing: CallerStanding {
        switch self {
        case .overLimit(let standing, _): CallerStanding(limit: standing)
        case .overQuota(let standing, _): CallerStanding(quota: standing)
        default: CallerStanding()
        }
    }
}
