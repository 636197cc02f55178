/// A header field that stands on many answers.
enum SharedHeader: String, CaseIterable, Sendable {
    case requestID = "X-Request-ID"
    case cacheControl = "Cache-Control"
    case index = "Watchword-Index"
    case term = "Watchword-Term"
    case leader = "Watchword-Leader"
    case staleness = "Watchword-Staleness-Ms"
    case tag = "ETag"
    case location = "Location"
    case cookie = "Set-Cookie"
    case retryAfter = "Retry-After"
    case challenge = "WWW-Authenticate"
    case errorCode = "X-Error-Code"
    case errorStatus = "X-Error-Status"
    case userID = "X-User-ID"
    case userName = "X-User-Name"
    case userEmail = "X-User-Email"
    case userRoles = "X-User-Roles"
    case userPermissions = "X-User-Permissions"
    case permissions = "X-Permissions"
    case userScopes = "X-User-Scopes"
    case tenantID = "X-Tenant-ID"
    case organizationID = "X-Organization-ID"
    case orgID = "X-Org-ID"
    case sessionID = "X-Session-ID"
    case credentialID = "X-Credential-ID"
    case authMethod = "X-Auth-Method"
    case tokenExpiresAt = "X-Token-Expires-At"
    case rateLimit = "RateLimit"
    case rateLimitPolicy = "RateLimit-Policy"
    case rateLimitLimit = "X-RateLimit-Limit"
    case rateLimitRemaining = "X-RateLimit-Remaining"
    case rateLimitReset = "X-RateLimit-Reset"
    case quota = "X-Quota"

    /// As the field is found and spelt.
    var name: HeaderName { HeaderName(rawValue) }

    /// Where in the log, and under whom, an answer of `/v1` was made.
    static let positions: [SharedHeader] = [.index, .term, .leader]

    /// What a gateway hands on, in the order in which it stands on the answer.
    static let identity: [SharedHeader] = [
        .userID, .userName, .userEmail, .userRoles, .userPermissions, .permissions, .userScopes,
        .tenantID, .organizationID, .orgID, .sessionID, .credentialID, .authMethod,
        .tokenExpiresAt, .rateLimit, .rateLimitPolicy, .rateLimitLimit, .rateLimitRemaining,
        .rateLimitReset, .quota,
    ]

    /// What it is, in a sentence.
    var summary: String {
        switch self {
        case .requestID: "The name of this request in logs and audit trail."
        case .cacheControl: "`no-store` on everything that tells of somebody."
        case .index: "The applied index that the answer reflects."
        case .term: "The term of the consensus that the node knows."
        case .leader: "The node that leads; absent when unknown."
        case .staleness: "How old a `stale` answer may be, in milliseconds."
        case .tag: "The object's version, for `If-Match` and `If-None-Match`."
        case .location: "Where it is."
        case .cookie: "The session's cookie, for browsers only."
        case .retryAfter: "After how many seconds it is worth trying again."
        case .challenge: "What to authenticate with (RFC 6750)."
        case .errorCode: "The code of the error; the answer has no body."
        case .errorStatus: "The status that this dialect cannot answer."
        case .rateLimit: "The tightest limit: `r` requests pass now, all is back in `t` seconds."
        case .rateLimitPolicy: "The tightest limit: `q` requests in `w` seconds."
        case .rateLimitLimit: "The requests of the tightest limit."
        case .rateLimitRemaining: "Requests that pass now."
        case .rateLimitReset: "After how many seconds as many pass at once as ever do."
        case .quota: "The tightest quota: requests that remain, and all of them."
        default: "Who sends the forwarded request; empty where there is nothing to tell."
        }
    }

    /// A regular expression that every value follows.
    var pattern: String {
        switch self {
        case .requestID: "^[A-Za-z0-9._-]{1,128}$"
        case .index, .term, .staleness, .retryAfter: "^[0-9]{1,20}$"
        case .leader: "^n[1-9][0-9]{0,16}$"
        case .tag: "^\"[0-9]{1,20}\"$"
        case .errorStatus: "^[0-9]{3}$"
        case .challenge: "^Bearer realm=\"watchword\""
        case .location: "^(/|https?://)"
        case .errorCode: "^[a-z_]+$"
        default: "^[\\x20-\\x7e]*$"
        }
    }
}

/// An answer that many operations have in common.
enum SharedResponse: String, CaseIterable, Sendable {
    case problem = "Problem"
    case unauthenticated = "Unauthenticated"
    case retry = "TryAgain"
    case unchanged = "Unchanged"
    case askLeader = "AskLeader"

    /// The answer to an error of this status.
    init(status: Int) {
        switch status {
        case 401: self = .unauthenticated
        case 409, 429, 503, 507: self = .retry
        default: self = .problem
        }
    }

    /// Whether it has problem details as its body; the others have none.
    var isProblem: Bool { ![.unchanged, .askLeader].contains(self) }

    /// What it says, in a sentence.
    var summary: String {
        switch self {
        case .problem: "What is wrong (RFC 9457)."
        case .unauthenticated: "There is no live credential (RFC 9457)."
        case .retry: "What is wrong; with `Retry-After` where it may pass (RFC 9457)."
        case .unchanged: "The object still has the version that `If-None-Match` names."
        case .askLeader: "Another node leads; `Watchword-No-Forward` asked to be told."
        }
    }

    /// The header fields that it may have; those of `/v1` are absent elsewhere.
    var headers: [SharedHeader] {
        let own: [SharedHeader] =
            switch self {
            case .problem: []
            case .unauthenticated: [.challenge]
            case .retry:
                [
                    .retryAfter, .rateLimit, .rateLimitPolicy, .rateLimitLimit,
                    .rateLimitRemaining, .rateLimitReset, .quota,
                ]
            case .unchanged: [.tag, .staleness]
            case .askLeader: [.location]
            }
        return [.requestID, .cacheControl] + SharedHeader.positions + own
    }
}
