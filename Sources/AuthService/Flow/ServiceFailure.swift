public import AuthCore
public import Budgets
internal import RaftCore

/// Why a use case did not do what was asked: an answer for the caller, who is always told the
/// same for the same reason.
public enum ServiceFailure: Error, Equatable, Sendable {
    case missingCredentials
    case twoCredentials
    /// Name or password wrong, or the user is disabled or unknown: nobody learns which.
    case invalidCredentials
    /// The password is right, and a one-time code is needed beside it.
    case codeRequired
    case tokenExpired
    case tokenInvalid
    /// The caller may not do this.
    case insufficientPermissions
    /// What a gateway would have to hand on does not fit into headers.
    case identityTooLarge
    /// A cookie came without an origin of ours.
    case origin
    case notFound
    case exists
    case versionMismatch
    /// A value that cannot be; the reason names fields and rules, never values.
    case invalid(String)
    /// The same as `invalid`, found before anything was decided.
    case malformed(String)
    case idempotencyMismatch
    case requestInProgress
    case quota
    /// The hashing pool or a queue is full.
    case busy
    /// Too many log-ins have failed: it is worth trying again after so many seconds.
    case rateLimited(seconds: UInt64)
    /// A limit of the caller lets no more pass now: it is worth trying again after so many seconds.
    case overLimit(BudgetStanding, seconds: UInt64)
    /// A quota of the caller lets no more pass in its period: it is worth trying again after so
    /// many seconds.
    case overQuota(QuotaStanding, seconds: UInt64)
    case tooLarge
    case noLeader
    case noQuorum
    case outcomeUnknown
    case unconfirmed
    case tooStale
    case sealed
    case draining
    case noSpace
    /// Another change of the member is under way.
    case changeUnderWay
    /// The members cannot be changed so now; the reason is for the caller.
    case changeRefused(String)
    /// The server is not configured for this.
    case configuration(String)
    /// Damage, or a mistake of ours; the reason is for the log alone.
    case `internal`(String)

    /// What the answer to a refused command is.
    public init(_ refusal: Refusal) {
        switch refusal {
        case .undecodable: self = .internal("a command of ours could not be decoded")
        case .unsupported: self = .configuration("the cluster does not support this yet")
        case .notBootstrapped: self = .noLeader
        case .alreadyBootstrapped: self = .exists
        case .notFound: self = .notFound
        case .exists: self = .exists
        case .versionMismatch: self = .versionMismatch
        case .stale, .evictionNeeded: self = .busy
        case .credentialsChanged, .codeSpent: self = .invalidCredentials
        case .codeRequired: self = .codeRequired
        case .actorEnded: self = .tokenInvalid
        case .insufficientPermissions: self = .insufficientPermissions
        case .userDisabled: self = .invalid("the user is disabled")
        case .tenantSuspended: self = .invalid("the tenant is suspended")
        case .lastSuperAdmin: self = .invalid("the last super administrator cannot be lost")
        case .builtInRole: self = .invalid("a built-in role cannot be changed")
        case .roleInUse: self = .invalid("the role is held or inherited")
        case .invalid(let value): self = .invalid(Self.reason(value))
        case .quota: self = .quota
        case .idempotencyMismatch: self = .idempotencyMismatch
        case .refreshUnknown, .refreshReused: self = .tokenInvalid
        case .memberTooOld(let node):
            self = .invalid("node \(node.rawValue) runs a release that is too old")
        case .otherIncarnation: self = .internal("another incarnation is registered")
        case .forgotten: self = .outcomeUnknown
        case .joinTokenInvalid: self = .tokenInvalid
        case .changeUnderWay: self = .changeUnderWay
        // Who knows the present time says how long that is.
        case .heldBack: self = .rateLimited(seconds: 1)
        }
    }

    private static func reason(_ value: InvalidValue) -> String {
        switch value {
        case .tooLong: "a field is too long"
        case .tooMany: "a list has too many items"
        case .platformPermission: "the permission exists in the platform tenant only"
        case .inheritanceCycle: "the roles would inherit each other in a circle"
        case .inheritanceTooLarge: "the roles would inherit too many others"
        case .duration: "a duration is zero or too long"
        case .form: "a value has the wrong form"
        case .passwordOfService: "a service has no password; give it an API key"
        case .imported: "an imported key cannot be rotated; make a new one"
        case .platformTenant: "the first tenant keeps its name, and is always there"
        case .standing: "the member's present part in the cluster does not allow it"
        }
    }

    /// What the answer is when a command never reached a log.
    public init(_ failure: ProposalFailure) {
        switch failure {
        case .noLeader: self = .noLeader
        case .noQuorum: self = .noQuorum
        case .tooBusy: self = .busy
        case .tooLarge: self = .tooLarge
        case .storageFull: self = .noSpace
        case .draining: self = .draining
        }
    }

    /// What the answer is when a read could not be confirmed.
    public init(_ failure: ReadFailure) {
        switch failure {
        case .noLeader: self = .noLeader
        case .noQuorum: self = .noQuorum
        case .timeout, .tooBusy: self = .unconfirmed
        }
    }
}
