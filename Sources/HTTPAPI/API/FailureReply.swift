internal import APITypes
internal import AuthService

extension ServiceFailure {
    /// The code under which the failure is told.
    var code: ErrorCode {
        switch self {
        case .missingCredentials: .missingCredentials
        case .twoCredentials: .twoCredentials
        case .invalidCredentials: .invalidCredentials
        case .codeRequired: .codeRequired
        case .tokenExpired: .tokenExpired
        case .tokenInvalid: .tokenInvalid
        case .insufficientPermissions: .insufficientPermissions
        case .identityTooLarge: .identityTooLarge
        case .origin: .origin
        case .notFound: .notFound
        case .exists: .exists
        case .versionMismatch: .versionMismatch
        case .invalid: .invalid
        case .malformed: .malformed
        case .idempotencyMismatch: .idempotencyMismatch
        case .requestInProgress: .requestInProgress
        case .quota, .overQuota: .quota
        case .busy: .busy
        case .rateLimited, .overLimit: .rateLimited
        case .tooLarge: .contentTooLarge
        case .noLeader: .noLeader
        case .noQuorum: .noQuorum
        case .outcomeUnknown: .outcomeUnknown
        case .unconfirmed: .unconfirmed
        case .tooStale: .tooStale
        case .sealed: .sealed
        case .draining: .draining
        case .noSpace: .noSpace
        case .changeUnderWay: .changeInProgress
        case .changeRefused: .changeRefused
        case .configuration: .configuration
        case .internal: .internal
        }
    }

    /// What the caller is told beyond the code's own sentence.
    var detail: String? {
        switch self {
        case .invalid(let detail), .malformed(let detail), .configuration(let detail),
            .changeRefused(let detail):
            detail
        // What went wrong inside is for the log alone.
        default: nil
        }
    }

    /// After how many seconds it is worth trying again, where the failure knows that better than
    /// its code.
    var retryAfterSeconds: UInt64? {
        switch self {
        case .rateLimited(let seconds), .overLimit(_, let seconds), .overQuota(_, let seconds):
            seconds
        default: nil
        }
    }

    /// What the log is told beyond the code.
    var secretDetail: String? {
        if case .internal(let detail) = self { detail } else { nil }
    }
}

/// The answer to what went wrong.
enum FailureReply {
    /// Problem details with the headers that belong to the code.
    static func make(
        _ code: ErrorCode, detail: String? = nil, retryAfterSeconds: UInt64? = nil,
        requestID: String
    ) -> Reply {
        var reply = Reply(status: code.status)
        reply.body = ProblemDetails(code, detail: detail, requestID: requestID).json.bytes
        reply.mediaType = ProblemDetails.mediaType
        if code.status == 401 { reply.headers.add("WWW-Authenticate", challenge(code)) }
        if let seconds = retryAfterSeconds ?? Self.retryAfterSeconds(code) {
            reply.headers.add("Retry-After", String(seconds))
        }
        return reply
    }

    /// What a 401 asks for (RFC 6750 §3): no error when no credential was sent.
    static func challenge(_ code: ErrorCode) -> String {
        let realm = "Bearer realm=\"watchword\""
        return switch code {
        case .missingCredentials: realm
        case .insufficientPermissions: realm + ", error=\"insufficient_scope\""
        default: realm + ", error=\"invalid_token\""
        }
    }

    /// When it is worth trying again.
    static func retryAfterSeconds(_ code: ErrorCode) -> UInt64? {
        switch code {
        case .noLeader, .noQuorum, .unconfirmed, .tooStale, .draining, .busy, .outcomeUnknown,
            .rateLimited, .requestInProgress, .changeInProgress, .sealed:
            1
        case .noSpace, .quota: 60
        default: nil
        }
    }
}
