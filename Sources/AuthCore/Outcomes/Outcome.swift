public import ByteCodec
public import RaftCore

/// What a command did, the same on every node: the answer that the asked node renders.
public struct Outcome: Equatable, Sendable {
    /// What it did, or why it did nothing.
    public var result: Result
    /// The index of the entry that took effect; of the first one for a repetition.
    public var index: LogIndex
    /// That entry's stamp.
    public var stamp: Timestamp
    /// Set when a request record answered, with the sealed answer stored there.
    public var replay: Replay?

    public init(result: Result, index: LogIndex, stamp: Timestamp, replay: Replay? = nil) {
        self.result = result
        self.index = index
        self.stamp = stamp
        self.replay = replay
    }

    /// The answer to a repeated request.
    public struct Replay: Equatable, Sendable {
        /// `RequestKey.sealedAnswer` of the first command.
        public var sealedAnswer: [UInt8]
        public init(sealedAnswer: [UInt8]) { self.sealedAnswer = sealedAnswer }
    }

    /// What a command did. Rows are as they stood right after it.
    public enum Result: Equatable, Sendable {
        /// Nothing was done.
        case refused(Refusal)
        /// Done, with nothing more to say.
        case done
        /// A user was made or changed.
        case user(UserRow)
        /// A role was made or changed.
        case role(RoleRow)
        /// A session was begun.
        case session(SessionRow)
        /// A refresh token was redeemed: by the proposed successor.
        case refreshed(SessionRow, generation: UInt32)
        /// A refresh token was redeemed again within the grace time: its successor is the one
        /// that was made then, to be opened with the presented token.
        case refreshedBefore(SessionRow, generation: UInt32, sealedSuccessor: [UInt8])
        /// Sessions were ended, for all that is known: how many rows were removed at once.
        case revoked(removed: UInt32)
        /// A secret was written or marked deleted; its head.
        case secret(SecretRow)
        /// Audit rows were written.
        case audited(first: UInt64, count: UInt32)
        /// The keyring has this version.
        case keyring(version: UInt64)
        /// A sweep removed so many rows; more may be due.
        case swept(removed: UInt32, moreDue: Bool)
        /// A number is kept for a node that may join.
        case joinToken(JoinTokenRow)
        /// A node has joined, as far as the state is concerned.
        case joined(MemberRow)
        /// A change of members is ordered.
        case plan(MemberPlanRow)
        /// The authority of peers has this version.
        case authority(version: UInt64)
        /// A key was made, changed or rotated.
        case key(KeyRow)
        /// What a tenant asks of sessions.
        case settings(SettingsRow)
        /// A tenant was made or changed.
        case tenant(TenantRow)

        /// The refusal, when that is what the result is.
        public var refusal: Refusal? {
            if case .refused(let refusal) = self { refusal } else { nil }
        }
    }

    /// The refusal, when that is what the result is.
    public var refusal: Refusal? { result.refusal }
}

/// Why a command did nothing. The domain says no: an answer, not an error.
public enum Refusal: Hashable, Sendable {
    /// The command's bytes could not be read.
    case undecodable
    /// This version of the state machine does not know the operation.
    case unsupported
    /// The cluster has no tenant, role or user yet.
    case notBootstrapped
    /// The cluster was made already.
    case alreadyBootstrapped
    /// There is no such object in this tenant.
    case notFound(ObjectKind)
    /// The object, or its name, is there already.
    case exists(ObjectKind)
    /// The caller's condition does not hold; the version that there is (0: none).
    case versionMismatch(current: UInt64)
    /// What the asked node decided on has changed since: decide and propose again.
    case stale(current: UInt64)
    /// The password was changed since it was verified, or there is none.
    case credentialsChanged
    /// The actor does not exist, is disabled, or its session has ended.
    case actorEnded
    /// The actor may not do this.
    case insufficientPermissions
    /// The user is disabled.
    case userDisabled
    /// The tenant would have no super administrator left who can log in.
    case lastSuperAdmin
    /// Built-in roles cannot be changed.
    case builtInRole
    /// Users hold the role, or other roles inherit it.
    case roleInUse
    /// A value that no command may carry.
    case invalid(InvalidValue)
    /// A bound on the number of objects is reached.
    case quota(ObjectKind)
    /// The `Idempotency-Key` was used with another body.
    case idempotencyMismatch
    /// No family knows this refresh token, or its session has ended.
    case refreshUnknown
    /// The refresh token was redeemed before: the family and its session are revoked now.
    case refreshReused
    /// Another incarnation is registered under this node's number.
    case otherIncarnation
    /// This member's release does not know the feature level, or it has not registered.
    case memberTooOld(NodeID)
    /// The proposal was applied before, and its outcome is forgotten.
    case forgotten
    /// The join token is unknown, has run out, or was spent by somebody else.
    case joinTokenInvalid
    /// Another change of this member is ordered and not done.
    case changeUnderWay
    /// Too many log-ins have failed: none is tried before this moment.
    case heldBack(until: Timestamp)
    /// Older sessions would have to end, and the command does not say that they may.
    case evictionNeeded
    /// The password is right, and a one-time code is needed beside it.
    case codeRequired
    /// The one-time code was spent, or is of another enrolment.
    case codeSpent
    /// The tenant is suspended.
    case tenantSuspended

    /// Whether the asked node should decide and propose again instead of answering.
    public var isRetryable: Bool {
        switch self {
        case .stale, .evictionNeeded: true
        default: false
        }
    }

    /// Whether a repetition under the same `Idempotency-Key` gets it again: what only says to come
    /// back is no answer to the request.
    var isRemembered: Bool {
        switch self {
        case .stale, .heldBack, .evictionNeeded, .codeRequired, .codeSpent, .tenantSuspended: false
        default: true
        }
    }
}

/// Kinds of objects, for refusals. Raw values are part of the format.
public enum ObjectKind: UInt8, Sendable {
    case tenant = 1
    case user = 2
    case role = 3
    case session = 4
    case secret = 5
    case request = 6
    case member = 7
    case password = 8
    case joinToken = 9
    case key = 10
    case secondFactor = 50
}

/// What was wrong with a value. Raw values are part of the format.
public enum InvalidValue: UInt8, Sendable {
    /// A field is longer than its limit.
    case tooLong = 1
    /// A list has more items than its limit.
    case tooMany = 2
    /// A permission that exists in the platform tenant only.
    case platformPermission = 3
    /// Roles would inherit each other in a circle.
    case inheritanceCycle = 4
    /// Roles would inherit too many others, or through too many steps.
    case inheritanceTooLarge = 5
    /// A duration is zero or too long.
    case duration = 6
    /// A key, digest or other value of fixed form has another form.
    case form = 7
    /// The member's present part in the cluster does not allow it.
    case standing = 8
    /// An imported key is good as it came: it has no successor of ours.
    case imported = 9
    /// A service has no password (from feature level 2 on).
    case passwordOfService = 10
    /// The first tenant is always there, under its name.
    case platformTenant = 20
}
