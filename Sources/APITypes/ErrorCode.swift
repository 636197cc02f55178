/// The names of everything that can be wrong, as they stand in `code` of an error's body.
///
/// The set is open to its readers: a client must live with names that it does not know.
public enum ErrorCode: String, CaseIterable, Hashable, Sendable {
    case malformed
    case unknownField = "unknown_field"
    case twoCredentials = "two_credentials"
    case missingCredentials = "missing_credentials"
    case invalidCredentials = "invalid_credentials"
    case tokenExpired = "token_expired"
    case tokenInvalid = "token_invalid"
    case codeRequired = "code_required"
    case insufficientPermissions = "insufficient_permissions"
    case identityTooLarge = "identity_too_large"
    case origin
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case notAcceptable = "not_acceptable"
    case requestTimeout = "request_timeout"
    case exists
    case requestInProgress = "request_in_progress"
    case changeInProgress = "change_in_progress"
    case changeRefused = "change_refused"
    case lengthRequired = "length_required"
    case versionMismatch = "version_mismatch"
    case contentTooLarge = "content_too_large"
    case uriTooLong = "uri_too_long"
    case unsupportedMediaType = "unsupported_media_type"
    case expectationFailed = "expectation_failed"
    case invalid
    case idempotencyMismatch = "idempotency_mismatch"
    case preconditionRequired = "precondition_required"
    case rateLimited = "rate_limited"
    case quota
    case busy
    case headersTooLarge = "headers_too_large"
    case configuration
    case `internal`
    case noLeader = "no_leader"
    case noQuorum = "no_quorum"
    case outcomeUnknown = "outcome_unknown"
    case unconfirmed
    case tooStale = "too_stale"
    case sealed
    case draining
    case httpVersion = "http_version"
    case noSpace = "no_space"

    /// The status that an answer with this code has.
    public var status: Int {
        switch self {
        case .malformed, .unknownField, .twoCredentials: 400
        case .missingCredentials, .invalidCredentials, .tokenExpired, .tokenInvalid, .codeRequired:
            401
        case .insufficientPermissions, .identityTooLarge, .origin: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .exists, .requestInProgress, .changeInProgress, .changeRefused: 409
        case .lengthRequired: 411
        case .versionMismatch: 412
        case .contentTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .expectationFailed: 417
        case .invalid, .idempotencyMismatch: 422
        case .preconditionRequired: 428
        case .rateLimited, .quota, .busy: 429
        case .headersTooLarge: 431
        case .configuration, .internal: 500
        case .noLeader, .noQuorum, .outcomeUnknown, .unconfirmed, .tooStale, .sealed, .draining:
            503
        case .httpVersion: 505
        case .noSpace: 507
        }
    }

    /// The sentence that stands in `title`: always the same for the same code.
    public var title: String {
        switch self {
        case .malformed: "The request is malformed"
        case .unknownField: "The request has a field that this endpoint does not know"
        case .twoCredentials: "The request carries more than one credential"
        case .missingCredentials: "The request carries no credential"
        case .invalidCredentials: "The credentials are not valid"
        case .tokenExpired: "The token has expired"
        case .tokenInvalid: "The token is not valid"
        case .codeRequired: "A one-time code is required"
        case .insufficientPermissions: "The caller may not do this"
        case .identityTooLarge: "The caller's identity does not fit into headers"
        case .origin: "A cookie counts here only with a matching Origin"
        case .notFound: "There is no such thing"
        case .methodNotAllowed: "The path does not know this method"
        case .notAcceptable: "No acceptable representation exists"
        case .requestTimeout: "The request did not arrive in time"
        case .exists: "It exists already"
        case .requestInProgress: "The first request of this Idempotency-Key is still running"
        case .changeInProgress: "Another change of the member is under way"
        case .changeRefused: "The cluster cannot be changed so now"
        case .lengthRequired: "The request needs a body with a known length"
        case .versionMismatch: "The object has another version"
        case .contentTooLarge: "The body is too large"
        case .uriTooLong: "The request target is too long"
        case .unsupportedMediaType: "The body must be application/json"
        case .expectationFailed: "The expectation cannot be met"
        case .invalid: "A value is not acceptable"
        case .idempotencyMismatch: "The Idempotency-Key was used with another request"
        case .preconditionRequired: "The request needs a precondition"
        case .rateLimited: "Too many requests"
        case .quota: "A quota is used up"
        case .busy: "The node is too busy for this now"
        case .headersTooLarge: "The header fields are too large"
        case .configuration: "The server is not configured for this"
        case .internal: "The server failed"
        case .noLeader: "No leader is known now"
        case .noQuorum: "No quorum can be reached now"
        case .outcomeUnknown: "The write may or may not have taken effect"
        case .unconfirmed: "The answer could not be confirmed in time"
        case .tooStale: "The node's state is older than the request allows"
        case .sealed: "The node is sealed"
        case .draining: "The node is shutting down"
        case .httpVersion: "The HTTP version is not supported"
        case .noSpace: "The cluster has no space left for writes"
        }
    }
}
