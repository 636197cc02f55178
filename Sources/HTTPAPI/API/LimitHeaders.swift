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

extension ServiceFailure {
    /// The limit that let the request not pass.
    var standing: BudgetStanding? {
        if case .overLimit(let standing, _) = self { standing } else { nil }
    }
}
