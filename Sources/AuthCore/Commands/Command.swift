internal import ByteCodec

/// One change of the replicated state, fully decided but for what only apply can know: it holds
/// ids, digests and ciphertexts, never a password, a clear secret or a reading of a clock.
///
/// Apply checks every rule again against the state at the command's place in the log, so a
/// command that was right when it was proposed may be refused there. A refusal is an outcome.
public struct Command: Hashable, Sendable {
    public var header: CommandHeader
    public var operation: Operation

    public init(_ operation: Operation, header: CommandHeader) {
        self.operation = operation
        self.header = header
    }

    /// What a command does.
    public enum Operation: Hashable, Sendable {
        case bootstrap(Bootstrap)
        case registerMember(RegisterMember)
        case raiseFeatureLevel(RaiseFeatureLevel)
        case createUser(CreateUser)
        case updateUser(UpdateUser)
        case deleteUser(DeleteUser)
        case setPassword(SetPassword)
        case rehashPassword(RehashPassword)
        case grantRole(GrantRole)
        case revokeRole(RevokeRole)
        case putRole(PutRole)
        case deleteRole(DeleteRole)
        case startSession(StartSession)
        case rotateRefresh(RotateRefresh)
        case revokeSession(RevokeSession)
        case revokeSessions(RevokeSessions)
        case touchSessions(TouchSessions)
        case putSecret(PutSecret)
        case deleteSecret(DeleteSecret)
        case recordAudit(RecordAudit)
        case updateKeyring(UpdateKeyring)
        case sweep(Sweep)
        case createJoinToken(CreateJoinToken)
        case redeemJoinToken(RedeemJoinToken)
        case orderChange(OrderChange)
        case settlePlan(SettlePlan)
        case setPeerAuthority(SetPeerAuthority)
        case beginCheckpoint
        case attestCheckpoint(AttestCheckpoint)
        case recover(Recover)
        case createKey(CreateKey)
        case updateKey(UpdateKey)
        case rotateKey(RotateKey)
        case deleteKey(DeleteKey)
        case touchKeys(TouchKeys)
        case failLogIn(FailLogIn)
        case rotateSigningKeys(RotateSigningKeys)
        case updateSettings(UpdateSettings)
        case enrolFactor(EnrolFactor)
        case confirmFactor(ConfirmFactor)
        case removeFactor(RemoveFactor)
        case createTenant(CreateTenant)
        case updateTenant(UpdateTenant)
        case deleteTenant(DeleteTenant)
        case addUsage(AddUsage)
    }

    /// Whether the command may take access away from anybody, so that its acknowledgement must
    /// wait for every node that answers on its own.
    ///
    /// Only what is proven never to narrow says `false`; by type of command and not by outcome,
    /// because a repetition that finds the work done is an acknowledgement too.
    ///
    /// It is part of the format: apply refuses an entry that was appended under a milder verdict,
    /// so a release that judges an operation otherwise needs a feature level of its own.
    public var isNarrowing: Bool {
        switch operation {
        case .bootstrap, .registerMember, .createUser, .grantRole, .touchSessions, .recordAudit,
            .rehashPassword, .putSecret, .createKey, .touchKeys:
            // These add rows, prolong, or replace what no validation reads.
            return false
        case .addUsage:
            // It counts what was let through. A quota that is spent by it is no right.
            return false
        case .failLogIn:
            // It puts off the next log-in; what was issued stays as good as it was.
            return false
        case .createJoinToken, .redeemJoinToken, .orderChange, .settlePlan, .setPeerAuthority,
            .recover:
            // They say which nodes there are; no validation reads that. That a node which leaves
            // holds no lease any more is the business of the change itself (rule 7).
            return false
        case .beginCheckpoint, .attestCheckpoint:
            // They touch no row.
            return false
        case .sweep:
            // It removes what expiry had ended by its own stamp, or the deletion of a tenant before
            // it, and acknowledges that to nobody.
            return false
        case .updateUser(let body):
            // Gateways are told name and e-mail address and may go by them, so the old ones are
            // taken away: somebody else may get them next. Enabling and the other fields take
            // nothing from anybody.
            let isRenamed = body.username != nil || body.email != nil
            return body.roles != nil || body.disabled == true || isRenamed
        case .updateKey(let body):
            // A new set of roles, permissions or addresses may lack some of the old, and a new end
            // may come earlier. No validation reads the other fields.
            return body.scope != nil || body.addresses != nil || body.expiry != nil
        case .rotateKey:
            // The key before gets an end, and the one before that is good no more.
            return true
        case .deleteKey:
            return !Planted.keyRevocationNotNarrowing.isOn
        case .revokeRole:
            return !Planted.roleLossNotNarrowing.isOn
        case .deleteUser, .setPassword, .putRole, .revokeSession, .revokeSessions:
            return true
        case .deleteRole:
            // It takes nothing, but says that nobody holds the role any more: that rests on
            // commands before it, which may not be acknowledged yet.
            return true
        case .rotateRefresh:
            // A reuse revokes the family and its session.
            return true
        case .raiseFeatureLevel:
            // It changes no row that a validation reads, but what later releases put under a level
            // is not known here. It is rare.
            return true
        case .deleteSecret, .updateKeyring:
            // Every reading of a secret is confirmed by a quorum today, so no lease serves what
            // these take out of use. They are rare, and the proof lies outside this target.
            return true
        case .rotateSigningKeys(let body):
            // It gives the present key an end, or takes every key out of use. Before there is one
            // there is nothing to take.
            return body.expectedVersion > 0
        case .startSession(let body):
            // It adds rows; older sessions of the user end by it only where it says that they may,
            // which apply sees to.
            return body.mayEvict && !Planted.evictionNotNarrowing.isOn
        case .enrolFactor, .confirmFactor, .removeFactor:
            // They say what later log-ins must show, which the log puts behind them; no validation
            // reads that. What was issued stays as good as it was.
            return false
        case .updateSettings:
            // It holds for what begins later, which the log puts behind it. It is rare, and may
            // come to mean more.
            return true
        case .createTenant:
            return false
        case .updateTenant(let body):
            // Nobody of a suspended tenant gets in. No validation reads the other fields.
            return body.suspended == true
        case .deleteTenant:
            return true
        }
    }
}

/// What must hold of an object's version for a command to take effect.
public enum VersionCondition: Hashable, Sendable {
    /// Whatever there is, or is not.
    case any
    /// There is no such object (`If-None-Match: *`).
    case absent
    /// There is one, of this version (`If-Match`).
    case version(UInt64)
}
