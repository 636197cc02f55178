/// A defect that the tests of the simulator can switch on, to prove that it would be found.
///
/// Each names the rule that it breaks. Without the compilation condition `PLANTED_DEFECTS` the
/// question `Planted.isOn` is the constant `false`, and nothing of this is in the product.
public enum Planted: String, CaseIterable, Sendable {
    /// A vote is granted before term and vote are durable (consensus D3, S8).
    case voteNotDurable = "vote-not-durable"
    /// Replicas of an older term's entry are counted for commitment (Raft §5.4.2, S7).
    case commitOldTerm = "commit-old-term"
    /// An append is acknowledged before its sync (D2, S11).
    case acknowledgeBeforeSync = "acknowledge-before-sync"
    /// The completion of an append that was truncated meanwhile is counted (S12).
    case staleCompletion = "stale-completion"
    /// The applied index is committed apart from the data (S16).
    case appliedIndexApart = "applied-index-apart"
    /// A read index is given before an entry of the own term is committed (C6).
    case readIndexBeforeOwnTerm = "read-index-before-own-term"
    /// A read index is given without asking the quorum (C6).
    case readIndexUnconfirmed = "read-index-unconfirmed"
    /// A read joins a round of heartbeats that left before it was asked for (C6).
    case readJoinsOldRound = "read-joins-old-round"
    /// An append deletes everything behind its previous entry, conflicting or not (S4).
    case truncateMatchingSuffix = "truncate-matching-suffix"
    /// A snapshot replaces a log that already holds what it covers, and more (S13).
    case staleSnapshotTruncates = "stale-snapshot-truncates"
    /// A quorum is half of the voters instead of more than half (S1, S6).
    case halfIsQuorum = "half-is-quorum"
    /// A candidate with an older log is given a vote (Raft §5.4.1, S4).
    case voteForOlderLog = "vote-for-older-log"
    /// The log is trimmed past the durable applied index (D6, C5).
    case trimPastDurable = "trim-past-durable"
    /// A retried proposal is applied again (C3).
    case retryAppliedTwice = "retry-applied-twice"
    /// Recovery takes a torn record for a whole one (R4).
    case tornTailKept = "torn-tail-kept"

    /// What narrows access is acknowledged at a quorum, without regard to leases (docs/lease.md).
    case acknowledgedAtQuorum = "acknowledged-at-quorum"
    /// A lease serves views of any age.
    case leaseWithoutIndex = "lease-without-index"
    /// A new leader does not wait for the leases of former ones.
    case leaderWithoutLeaseWait = "leader-without-lease-wait"
    /// The booking of a lease ends with the leader's clock as if all clocks ran alike.
    case leaseWithoutRateBound = "lease-without-rate-bound"
    /// A lease lasts its whole time however old the quorum's answers are.
    case leaseOfAnyAge = "lease-of-any-age"
    /// The age of a lease runs from when a quorum's answers arrived (rule 2).
    case leaseAgeFromAnswer = "lease-age-from-answer"
    /// A lease is counted from the receipt of the grant.
    case leaseFromReceipt = "lease-from-receipt"
    /// A lease serves views that show what this leader has acknowledged, in place of the last
    /// narrowing entry of its log (rule 3).
    case leaseIndexAcknowledged = "lease-index-acknowledged"
    /// A lease serves views that show what this leader knows to be committed (rule 3).
    case leaseIndexCommitted = "lease-index-committed"
    /// A lease serves views that show the narrowing entries of the log with which its leader was
    /// elected, and what it has acknowledged since (rule 3). Every booking delays every command,
    /// so that nothing but a state that falls back shows it.
    case leaseIndexAtElection = "lease-index-at-election"
    /// Every booking delays every command, also one of after its entry (rule 5).
    case bookingNotFrozen = "booking-not-frozen"
    /// The leader books leases by a clock that it read before the request came (rule 1).
    case bookedByCachedClock = "booked-by-cached-clock"
    /// A grant to a former run of the process is taken (rule 1).
    case grantToFormerRun = "grant-to-former-run"
    /// A lease whose time is over lets an allow pass (rule 4).
    case allowPastLease = "allow-past-lease"

    /// Members change before an entry of the own term is committed (Ongaro 2015, S10).
    case changeBeforeOwnTerm = "change-before-own-term"
    /// Voters change in one step instead of through a joint configuration (S10).
    case singleStepChange = "single-step-change"
    /// A learner's copy is counted for commitment (S6, S10).
    case learnerInQuorum = "learner-in-quorum"
    /// A node that is leaving is still granted leases (docs/lease.md, rule 7).
    case leaseToLeaving = "lease-to-leaving"
    /// A node is dropped though a lease of it may be out (rule 7).
    case droppedWhileLeased = "dropped-while-leased"
    /// A node is dropped when the leases that this leader granted it have ended, whatever former
    /// leaders granted (rule 7).
    case droppedOnOwnBookings = "dropped-on-own-bookings"
    /// A node is dropped when its leases have ended, without an entry before that has it leave
    /// (rule 7).
    case droppedWithoutLeaving = "dropped-without-leaving"
    /// A node is granted leases before the entry that adds it is committed (rule 7).
    case leaseToUncommitted = "lease-to-uncommitted"
    /// A configuration takes effect when it is committed (S1, S6).
    case configurationAtCommit = "configuration-at-commit"

    /// A node that is too old for the cluster's feature level leads all the same (M3).
    case unfitLeads = "unfit-leads"

    /// Damage in the middle of a log is taken for a write that was under way (R4).
    case damageTakenForTorn = "damage-taken-for-torn"
    /// A vote is given without regard to what a damaged log has promised (R8 i).
    case promiseForgottenInVote = "promise-forgotten-in-vote"
    /// A node campaigns while it repairs its log (R8 ii).
    case campaignWhileRepairing = "campaign-while-repairing"
    /// A damaged node acknowledges up to its promise and not up to what it has (R8 iii).
    case acknowledgeBehindDamage = "acknowledge-behind-damage"
    /// A node that restarts within its repair takes its log for whole (R8 v).
    case promiseForgottenAtStart = "promise-forgotten-at-start"
    /// The log is written anew without what was appended last.
    case rewriteWithoutEnd = "rewrite-without-end"

    /// A node whose state differs from a quorum's at a checkpoint goes on (S15).
    case checkpointNotCompared = "checkpoint-not-compared"
    /// A state that is known to be damaged is still read.
    case damagedStateAnswers = "damaged-state-answers"
    /// A state that is known to be damaged is opened again at the next start.
    case damagedStateKept = "damaged-state-kept"
    /// The hash of the rows leaves out a table, so that its rows may be lost.
    case hashLeavesOutTable = "hash-leaves-out-table"
    /// A snapshot is installed as it came.
    case snapshotUnchecked = "snapshot-unchecked"
    /// A snapshot that replaces a damaged state takes the log behind it away (S6, C5).
    case repairResetsLog = "repair-resets-log"

    // What shows over HTTP only.

    /// A denial that a newer view could undo is not confirmed (docs/lease.md, rule 8).
    case denialUnconfirmed = "denial-unconfirmed"
    /// Taking a role back is not taken for narrowing access.
    case roleLossNotNarrowing = "role-loss-not-narrowing"
    /// What a user may do is remembered, whatever becomes of the user and the roles.
    case rightsOutlived = "rights-outlived"
    /// The end of all sessions of a user is not looked for in each of them.
    case sessionEpochIgnored = "session-epoch-ignored"
    /// A deadline is judged by the node's wall clock alone, which may be behind the state's time.
    case expiryByOwnClock = "expiry-by-own-clock"
    /// A refresh token is good for a second successor (security C).
    case refreshAcceptedTwice = "refresh-accepted-twice"
    /// A refresh token that comes back late does not end its family (security C).
    case refreshReuseForgiven = "refresh-reuse-forgiven"
    /// What was answered under an `Idempotency-Key` is not kept with its effect (C3).
    case requestRecordMissed = "request-record-missed"
    /// One operation leaves no audit record.
    case auditRecordMissed = "audit-record-missed"
    /// The index of the audit trail lacks the row that fills a block.
    case auditIndexLacksLast = "audit-index-lacks-last"
    /// Check-and-set goes by the newest version, also when it is deleted.
    case checkAndSetDeleted = "check-and-set-deleted"
    /// Apply does not look whether the password was changed since it was verified.
    case authVersionIgnored = "auth-version-ignored"
    /// A linearizable read is answered from the node's own state.
    case readUnconfirmed = "read-unconfirmed"
    /// A validation is decided on a view that was opened before its request began (rule 4).
    case viewBeforeRequest = "view-before-request"
    /// A validation is let pass by a look at the lease from before its request began (rule 4).
    case leaseBeforeRequest = "lease-before-request"
    /// What a repeated request is told of the first one does not wait for leases (rule 5).
    case recallUnreleased = "recall-unreleased"
    /// Keys of a suspended tenant are good.
    case keyOfSuspendedTenant = "key-of-suspended-tenant"
    /// A session is looked up by its id without regard to its tenant.
    case sessionOfAnyTenant = "session-of-any-tenant"
    /// The key before a rotation stays good when its grace time is over.
    case keyOutlivesGrace = "key-outlives-grace"
    /// A key gives what is written in it, whatever its owner may do (security C18).
    case keyBeyondOwner = "key-beyond-owner"
    /// Deleting a key is not taken for narrowing access.
    case keyRevocationNotNarrowing = "key-revocation-not-narrowing"
    /// A right password lets in although the name is held back.
    case logInHoldIgnored = "log-in-hold-ignored"
    /// An access token is good as long as its signature and its times are, whatever became of its
    /// session.
    case jwtSessionNotChecked = "jwt-session-not-checked"
    /// A key that signs no more stays good for ever, also when it was revoked.
    case jwtPreviousKeyKept = "jwt-previous-key-kept"
    /// What a node is granted of a limit is not taken from the bucket.
    case slicesNotCharged = "slices-not-charged"
    /// A new leader takes every limit for unused.
    case limitsForgottenByLeader = "limits-forgotten-by-leader"
    /// Usage that a node tells again, because it did not learn whether it was taken, counts again.
    case usageCountedTwice = "usage-counted-twice"

    /// The newest sessions give way to another one, and not the oldest.
    case crowdEvictsNewest = "crowd-evicts-newest"
    /// A start that may end sessions is not taken for narrowing access.
    case evictionNotNarrowing = "eviction-not-narrowing"
    /// A start ends sessions although its command does not say that it may.
    case evictionUnannounced = "eviction-unannounced"
    /// A one-time code is good for more than one log-in.
    case codeSpentTwice = "code-spent-twice"
    /// A recovery code stays where it is when it is spent.
    case recoveryCodeKept = "recovery-code-kept"
    /// A log-in that brings no code is not asked for one.
    case codeNotAsked = "code-not-asked"

    /// Whether it shows only where clients speak HTTP.
    public var needsHTTP: Bool {
        switch self {
        case .denialUnconfirmed, .roleLossNotNarrowing, .rightsOutlived, .sessionEpochIgnored,
            .expiryByOwnClock,
            .refreshAcceptedTwice, .refreshReuseForgiven, .requestRecordMissed,
            .auditRecordMissed, .auditIndexLacksLast, .checkAndSetDeleted, .authVersionIgnored,
            .readUnconfirmed,
            .viewBeforeRequest, .leaseBeforeRequest, .recallUnreleased, .allowPastLease,
            .keyOutlivesGrace, .keyBeyondOwner, .keyRevocationNotNarrowing,
            .logInHoldIgnored, .jwtSessionNotChecked, .jwtPreviousKeyKept, .slicesNotCharged,
            .limitsForgottenByLeader, .crowdEvictsNewest, .evictionNotNarrowing,
            .evictionUnannounced, .codeSpentTwice, .recoveryCodeKept, .codeNotAsked,
            .keyOfSuspendedTenant, .sessionOfAnyTenant, .usageCountedTwice:
            true
        default: false
        }
    }

    #if PLANTED_DEFECTS
    // The proof: set once before a run begins, by the single thread of the simulator that also
    // reads it.
    nonisolated(unsafe) public static var active: Planted?
    #endif

    /// Whether this defect is switched on.
    @inlinable public var isOn: Bool {
        #if PLANTED_DEFECTS
        unsafe Planted.active == self
        #else
        false
        #endif
    }
}
