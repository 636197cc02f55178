import RaftCore

/// Bounds of what the state holds and of what one command may ask.
///
/// They are constants and no configuration, because every node must decide alike.
public enum Limits {
    /// An encoded command.
    public static let commandBytes = 512 * 1024
    /// `X-Request-ID`.
    public static let requestIDBytes = 128
    /// A client's address.
    public static let addressBytes = 64
    /// An e-mail address.
    public static let emailBytes = 254
    /// A display name, a label, a role's description.
    public static let shortTextBytes = 256
    /// A member's URL or address.
    public static let endpointBytes = 256
    /// A JSON object that belongs to a user or a secret.
    public static let metadataBytes = 4096
    /// A PHC string.
    public static let passwordHashBytes = 1024
    /// A sealed secret: 64 KiB of value and what sealing adds.
    public static let sealedSecretBytes = 68 * 1024
    /// The sealed keyring.
    public static let keyringBytes = 64 * 1024
    /// A sealed answer of a request record, and a sealed successor of a refresh token.
    public static let sealedAnswerBytes = 1024
    /// How long an idempotency record may be kept: 24 h.
    public static let requestTimeToLiveMilliseconds: UInt64 = 86_400_000
    /// Live idempotency records of one subject.
    public static let requestsPerSubject: UInt32 = 10_000
    /// Roles that one user holds directly.
    public static let rolesPerUser = 32
    /// Roles of one tenant.
    public static let rolesPerTenant = 1000
    /// Permissions written in one role.
    public static let permissionsPerRole = 256
    /// Roles that one role inherits directly.
    public static let inheritsPerRole = 16
    /// Steps from a role to the farthest one that it inherits.
    public static let inheritanceDepth = 8
    /// Roles that one role inherits in all, itself included.
    public static let inheritanceBreadth = 64
    /// Permissions of one role with all that it inherits.
    public static let permissionsPerClosure = 1024
    /// The longest session, from its begin to its absolute end: 400 days.
    public static let sessionMilliseconds: UInt64 = 400 * 86_400_000
    /// What a tenant may ask of the life of sessions: a minute to 400 days.
    public static let sessionMillisecondsAllowed = 60_000...sessionMilliseconds
    /// The most sessions of one user that a tenant may ask for.
    public static let sessionsPerUser: UInt64 = 1_000
    /// Sessions that end by the start of another one of their user.
    public static let evictionsPerStart = 100
    /// Rows of sessions that have ended at which the start of another one of their user looks.
    static let sessionsEndedSeen = 1_000
    /// The feature level from which users may have a second factor.
    static let factorFeatureLevel: UInt32 = 2
    /// The sealed secret of one-time codes.
    static let factorSecretBytes = 256
    /// Recovery codes that stand beside one-time codes.
    public static let recoveryCodes = 10
    /// How long one code is shown (RFC 6238 §4.1: X).
    public static let codeStepMilliseconds: UInt64 = 30_000
    /// How many steps ahead of an entry's stamp a code may be.
    static let codeStepsAhead: UInt64 = 10
    /// Sessions that one entry ends one by one.
    public static let revocationsPerEntry = 1_000
    /// How long the predecessor of a refresh token still gets the same successor.
    public static let refreshGraceMilliseconds: UInt64 = 10_000
    /// Older refresh tokens that a family recognises.
    public static let refreshAncestors = 256
    /// The feature level from which limits of callers hold: older releases cannot read what nodes
    /// tell each other of them.
    public static let budgetFeatureLevel: UInt32 = 2
    /// The feature level from which failed log-ins are counted.
    public static let logInFeatureLevel: UInt32 = 2
    /// Failed log-ins that bring no delay.
    public static let logInFailuresFree: UInt32 = 4
    /// The delay after the first failure that brings one.
    public static let logInDelayMilliseconds: UInt64 = 1_000
    /// How often the delay is doubled: up to 1,024 s.
    public static let logInDelayDoublings: UInt32 = 10
    /// Failures in a row after which a name is held back until they are forgotten (NIST SP
    /// 800-63B-4 §3.2.2).
    public static let logInFailuresMax: UInt32 = 100
    /// How long failures are remembered, for each of them: 90 minutes.
    public static let logInMemoryMilliseconds: UInt64 = 90 * 60_000
    /// The longest time for which failures are remembered: 24 h.
    public static let logInMemoryMillisecondsMax: UInt64 = 86_400_000
    /// Names of all tenants whose failed log-ins are remembered.
    public static let logInRows: UInt64 = 100_000
    /// Networks from which a user is known.
    public static let logInNetworks = 8
    /// How long a network is known after the last log-in from there: 30 days.
    public static let logInNetworkMilliseconds: UInt64 = 30 * 86_400_000
    /// A log-in from a known network is noted again after so long: one day.
    static let logInNetworkNotedMilliseconds: UInt64 = 86_400_000
    /// Audit records of failed log-ins of one tenant in one minute, and of names that are held
    /// back.
    static let logInAuditRecords: UInt32 = 60
    /// Keys of one owner: few enough to go with their owner in one entry.
    public static let keysPerOwner = 256
    /// Keys with which a cluster begins.
    public static let bootstrapKeys = 64
    /// Keys of all tenants.
    public static let keys: UInt64 = 100_000
    /// Keys among them that were made elsewhere.
    public static let importedKeys: UInt64 = 10_000
    /// Permissions written in one key.
    public static let permissionsPerKey = 256
    /// Ranges of addresses from which one key is good.
    public static let addressesPerKey = 64
    /// The longest life of a key that has an end: 3,660 days.
    public static let keyMilliseconds: UInt64 = 3_660 * 86_400_000
    /// How long the predecessor of a rotated key may be good: 30 days.
    public static let keyGraceMilliseconds: UInt64 = 30 * 86_400_000
    /// The feature level from which access tokens are signed.
    public static let signingKeysFeatureLevel: UInt32 = 2
    /// Keys that access tokens are signed with, those included whose tokens are still good.
    public static let signingKeys = 8
    /// How long a key may be published before it signs: 30 days.
    public static let signingKeyLeadMilliseconds: UInt64 = 30 * 86_400_000
    /// How long a key may be good after it signs no more: 30 days.
    public static let signingKeyKeepMilliseconds: UInt64 = 30 * 86_400_000
    /// The public half of a signing key.
    public static let signingPublicKeyBytes = 256
    /// The private half, sealed.
    public static let sealedSigningKeyBytes = 4096
    /// Tenants beside the first.
    public static let tenants: UInt64 = 10_000
    /// What one sweep removes of a tenant that is deleted: users, sessions, keys, single rows.
    public static let tenantObjectsPerSweep = 200
    /// The feature level from which requests are counted by day, and quotas hold.
    public static let usageFeatureLevel: UInt32 = 2
    /// Counts in one command.
    public static let usageBatch = 1000
    /// Days for which counts of days and months are kept after their ends.
    public static let usageDays: UInt32 = 400
    /// Counts that are kept, of days and of months.
    public static let usageRows: UInt64 = 2_000_000
    /// Versions of a secret that are kept.
    public static let versionsPerSecret: UInt64 = 10
    /// Touches in one command.
    public static let touchBatch = 1000
    /// Audit events in one command.
    public static let auditBatch = 256
    /// Details of one audit record.
    public static let auditDetails = 16
    /// How long audit rows are kept: 90 days.
    public static let auditMilliseconds: UInt64 = 90 * 86_400_000
    /// How many bytes of audit rows are kept: 2 GiB.
    public static let auditBytes: UInt64 = 2 << 30
    /// The feature level from which the audit trail has an index.
    public static let auditIndexFeatureLevel: UInt32 = 2
    /// Older blocks of the trail that one sweep takes into the index.
    static let auditBlocksPerSweep = 1
    /// Expired rows of each kind that one sweep removes.
    public static let sweepRows: UInt32 = 1000
    /// Expired rows of each kind that a growing command removes on its way.
    public static let sweepRowsInPassing: UInt32 = 2
    /// How far a run's proposals may lie apart before the oldest is forgotten.
    public static let proposalWindow = Proposal.window
    /// Forgotten proposals that one entry removes.
    public static let proposalsForgotten = 8
    /// Members that may be registered at a time.
    public static let members = 64
    /// Join tokens that may be open at a time.
    public static let joinTokens = 16
    /// Node numbers that a recovery leaves out: more than could be given out in what it loses.
    static let numbersLeftOut: UInt64 = 100
    /// How long a join token may be good: one day.
    public static let joinTokenMilliseconds: UInt64 = 86_400_000
    /// The certificate of the peer authority, and its sealed key.
    public static let authorityBytes = 16 * 1024
    /// Rows that one page of a list may hold.
    public static let pageRows = 1000
}
