import ByteCodec
import RaftCore

/// What the audit row of a command will say.
struct AuditNote {
    var action: AuditAction
    var target: AuditTarget
    var details: [AuditDetail]
    /// Set where the command makes known who acts: a log-in, a refresh.
    var actor: Actor?
}

extension AuditNote {
    /// What will be said of a command, before anything is known of how it ends; nil for one
    /// that writes its own rows or none.
    init?(_ command: Command) {
        switch command.operation {
        case .sweep, .touchSessions, .touchKeys, .recordAudit, .beginCheckpoint, .attestCheckpoint,
            .failLogIn, .addUsage:
            return nil
        case .bootstrap(let body):
            self.init(.clusterBootstrap, .user(body.administrator))
        case .registerMember(let body):
            self.init(.memberRegister, .member(body.node))
        case .raiseFeatureLevel:
            self.init(.clusterRaise, .none)
        case .updateKeyring:
            self.init(.keyringUpdate, .none)
        case .createJoinToken(let body):
            self.init(.memberInvite, .none, body.replaces.map { [.member($0)] } ?? [])
        case .redeemJoinToken(let body):
            self.init(.memberJoin, .member(body.node))
        case .orderChange(let body):
            self.init(body.change.action, .member(body.node))
        case .settlePlan(let body):
            self.init(.memberChange, .member(body.node))
        case .setPeerAuthority:
            self.init(.authoritySet, .none)
        case .recover(let body):
            self.init(.clusterRecover, .member(body.survivor))
        case .createUser(let body):
            self.init(.userCreate, .user(body.id))
        case .updateUser(let body):
            self.init(.userUpdate, .user(body.id))
        case .deleteUser(let body):
            self.init(.userDelete, .user(body.id))
        case .setPassword(let body):
            self.init(.passwordSet, .user(body.user))
        case .rehashPassword(let body):
            self.init(.passwordRehash, .user(body.user))
        case .grantRole(let body):
            self.init(.roleGrant, .user(body.user), [.role(body.role)])
        case .revokeRole(let body):
            self.init(.roleRevoke, .user(body.user), [.role(body.role)])
        case .putRole(let body):
            self.init(.rolePut, .role(body.name))
        case .deleteRole(let body):
            self.init(.roleDelete, .role(body.name))
        case .startSession(let body):
            let isLogIn = command.header.actor == .anonymous
            self.init(
                isLogIn ? .logIn : .sessionStart, .user(body.user), [.method(body.method)])
        case .rotateRefresh:
            self.init(.sessionRefresh, .none)
        case .revokeSession(let body):
            self.init(.sessionRevoke, .session(body.session))
        case .revokeSessions(let body):
            self.init(.sessionRevokeAll, .user(body.user))
        case .putSecret(let body):
            self.init(.secretPut, .secret(body.path))
        case .deleteSecret(let body):
            self.init(.secretDelete, .secret(body.path))
        case .createKey(let body):
            self.init(.keyCreate, .user(body.owner))
        case .updateKey(let body):
            self.init(.keyUpdate, .key(body.id))
        case .rotateKey(let body):
            self.init(.keyRotate, .key(body.id))
        case .deleteKey(let body):
            self.init(.keyDelete, .key(body.id))
        case .rotateSigningKeys(let body):
            self.init(body.isRevoking ? .signingKeysRevoke : .signingKeysRotate, .none)
        case .updateSettings:
            self.init(.settingsUpdate, .none)
        case .enrolFactor(let body):
            self.init(.factorEnrol, .user(body.user))
        case .confirmFactor(let body):
            self.init(.factorConfirm, .user(body.user))
        case .removeFactor(let body):
            self.init(.factorRemove, .user(body.user))
        case .createTenant(let body):
            self.init(.tenantCreate, .tenant(body.id))
        case .updateTenant(let body):
            let state = body.suspended.map { $0 ? AuditAction.tenantSuspend : .tenantResume }
            self.init(state ?? .tenantUpdate, .tenant(body.id))
        case .deleteTenant(let body):
            self.init(.tenantDelete, .tenant(body.id))
        }
    }

    private init(_ action: AuditAction, _ target: AuditTarget, _ details: [AuditDetail] = []) {
        self.action = action
        self.target = target
        self.details = details
    }
}

extension Execution {
    /// Writes the audit row of this command, if it makes one.
    mutating func writeNote(refusal: Refusal?) throws {
        guard var note else { return }
        if Planted.auditRecordMissed.isOn, note.action == .secretDelete { return }
        var outcome = AuditOutcome.success
        if let refusal {
            guard let reason = refusal.auditReason else { return }
            outcome = refusal.isDenial ? .denied : .error
            note.details.append(.reason(reason))
        }
        if case .user(let actor) = header.actor, actor.tenant != tenant {
            note.details.append(.actorTenant(actor.tenant))
        }
        try append(
            AuditEvent(
                tenant: tenant, actor: note.actor ?? header.actor, action: note.action,
                target: note.target, outcome: outcome, requestID: header.requestID,
                address: header.address, details: note.details))
    }

    mutating func recordAudit(_ body: Command.RecordAudit) throws -> Outcome.Result {
        let first = meta.nextAudit
        for event in body.events { try append(event) }
        return .audited(first: first, count: UInt32(body.events.count))
    }

    /// Adds a link to the chain, and removes up to two that are too old or too many.
    mutating func append(_ event: AuditEvent) throws {
        let row = AuditRow(
            sequence: meta.nextAudit, index: index, at: stamp, tenant: event.tenant,
            actor: event.actor, action: event.action, target: event.target,
            outcome: event.outcome, requestID: event.requestID, address: event.address,
            node: node, details: event.details, previous: meta.auditHead)
        let value = row.encoded()
        try tables.put(.audit, row.key, value)
        guard let head = Digest256(bytes: sha256(value)) else {
            preconditionFailure("the hash function gave no 32 bytes")
        }
        meta.auditHead = head
        meta.nextAudit += 1
        meta.auditBytes += UInt64(row.key.count + value.count)
        try indexFilledBlock()
        try trimAudit(atMost: Limits.sweepRowsInPassing)
    }

    /// Removes the oldest rows that are past their age or over the bytes that are kept, and
    /// says how many.
    @discardableResult
    mutating func trimAudit(atMost limit: UInt32) throws -> UInt32 {
        var removed: UInt32 = 0
        while removed < limit, meta.firstAudit < meta.nextAudit {
            let key = Key.of(meta.firstAudit)
            guard let value = try tables.get(.audit, key) else {
                throw StateDamage(table: .audit, key: key, what: "gap in the chain")
            }
            let row = try AuditRow(key: key, value: value)
            let isOld = stamp.milliseconds(since: row.at) > Limits.auditMilliseconds
            guard isOld || meta.auditBytes > Limits.auditBytes else { break }
            try unindexOldestBlock()
            try tables.delete(.audit, key)
            meta.firstAudit += 1
            meta.auditBytes -= UInt64(key.count + value.count)
            removed += 1
        }
        return removed
    }
}

extension Refusal {
    /// How the audit trail names the refusal; nil for those that are no event.
    var auditReason: AuditReason? {
        switch self {
        case .undecodable, .unsupported, .notBootstrapped, .alreadyBootstrapped, .stale,
            .forgotten, .evictionNeeded:
            nil
        case .notFound: .notFound
        case .exists: .exists
        case .versionMismatch: .versionMismatch
        case .credentialsChanged: .credentialsChanged
        case .actorEnded: .actorEnded
        case .insufficientPermissions: .insufficientPermissions
        case .userDisabled: .userDisabled
        case .lastSuperAdmin: .lastSuperAdmin
        case .builtInRole: .builtInRole
        case .roleInUse: .roleInUse
        case .invalid: .invalid
        case .quota: .quota
        case .idempotencyMismatch: .idempotencyMismatch
        case .refreshUnknown: .refreshUnknown
        case .refreshReused: .refreshReused
        case .otherIncarnation: .otherIncarnation
        case .memberTooOld: .memberTooOld
        case .joinTokenInvalid: .joinTokenInvalid
        case .changeUnderWay: .changeUnderWay
        case .heldBack: .rateLimited
        case .codeRequired: .codeRequired
        case .codeSpent: .wrongCode
        case .tenantSuspended: .tenantSuspended
        }
    }

    /// Whether somebody was kept from something, and not merely mistaken.
    var isDenial: Bool {
        switch self {
        case .credentialsChanged, .actorEnded, .insufficientPermissions, .userDisabled,
            .lastSuperAdmin, .builtInRole, .refreshUnknown, .refreshReused, .otherIncarnation,
            .joinTokenInvalid, .heldBack, .codeRequired, .codeSpent, .tenantSuspended:
            true
        case .undecodable, .unsupported, .notBootstrapped, .alreadyBootstrapped, .notFound,
            .exists, .versionMismatch, .stale, .roleInUse, .invalid, .quota,
            .idempotencyMismatch, .memberTooOld, .forgotten, .changeUnderWay, .evictionNeeded:
            false
        }
    }
}
