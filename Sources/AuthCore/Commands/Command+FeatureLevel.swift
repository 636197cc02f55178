extension Command.Operation {
    /// The feature level at which the cluster begins to use this operation.
    ///
    /// Below it the operation is refused before the log, and apply treats it as a release does that
    /// has never heard of it, so that nodes of both releases have the same state
    /// (docs/decisions/0004-feature-levels.md). It is part of the format and never changes.
    public var featureLevel: UInt32 {
        switch self {
        case .bootstrap, .registerMember, .raiseFeatureLevel, .updateKeyring, .sweep,
            .beginCheckpoint, .attestCheckpoint, .recordAudit, .deleteUser, .rehashPassword,
            .grantRole, .revokeRole, .deleteRole, .rotateRefresh, .revokeSession, .touchSessions,
            .putSecret, .deleteSecret,
            .createJoinToken, .redeemJoinToken, .orderChange, .settlePlan, .setPeerAuthority,
            .recover:
            1
        case .createKey, .updateKey, .rotateKey, .deleteKey, .touchKeys, .failLogIn,
            .rotateSigningKeys, .updateSettings, .enrolFactor, .confirmFactor, .removeFactor,
            .createTenant, .updateTenant, .deleteTenant, .addUsage:
            2
        case .createUser(let body): body.isOfFirstLevel ? 1 : 2
        case .updateUser(let body): body.isOfFirstLevel ? 1 : 2
        case .putRole(let body): body.isOfFirstLevel ? 1 : 2
        case .setPassword(let body): body.code == nil ? 1 : 2
        case .startSession(let body): body.isOfFirstLevel ? 1 : 2
        case .revokeSessions(let body): body.before == nil ? 1 : 2
        }
    }
}

extension Command {
    /// The feature level of everything in the command: of what it does, on whose behalf, and of
    /// what it has the audit trail say.
    public var featureLevel: UInt32 {
        var level = max(operation.featureLevel, header.actor.featureLevel)
        if case .recordAudit(let body) = operation {
            for event in body.events { level = max(level, event.featureLevel) }
        }
        return level
    }
}

extension Actor {
    /// The feature level that knows such an actor.
    fileprivate var featureLevel: UInt32 {
        switch self {
        case .node, .anonymous: 1
        case .user(let user): user.session == nil ? 2 : 1
        }
    }
}

extension AuditEvent {
    /// The feature level that knows everything in the event.
    fileprivate var featureLevel: UInt32 {
        let parts = [actor.featureLevel, action.featureLevel, target.featureLevel]
        return details.reduce(parts.reduce(1, max)) { max($0, $1.featureLevel) }
    }
}

extension AuditAction {
    fileprivate var featureLevel: UInt32 {
        switch self {
        case .clusterBootstrap, .memberRegister, .keyringUpdate, .clusterRaise, .userCreate,
            .userUpdate, .userDelete, .passwordSet, .passwordRehash, .roleGrant, .roleRevoke,
            .rolePut, .roleDelete, .sessionStart, .sessionRefresh, .sessionRefreshReuse,
            .sessionRevoke, .sessionRevokeAll, .logIn, .secretRead, .secretPut, .secretDelete,
            .secretList, .auditRead, .leadershipTransfer, .requestDenied, .authoritySet,
            .memberChange, .memberInvite, .memberJoin, .memberPromote, .memberDemote,
            .memberRemove, .clusterVerify, .clusterRecover:
            1
        case .keyCreate, .keyUpdate, .keyRotate, .keyDelete, .logInFailures, .logInHeld,
            .logInElsewhere,
            .signingKeysRotate, .signingKeysRevoke, .sessionEvict, .settingsUpdate, .factorEnrol,
            .factorConfirm, .factorRemove, .recoveryCodesRenew,
            .tenantCreate, .tenantUpdate, .tenantSuspend, .tenantResume, .tenantDelete,
            .tenantRemove, .tenantExport:
            2
        }
    }
}

extension AuditTarget {
    fileprivate var featureLevel: UInt32 {
        switch self {
        case .key, .tenant: 2
        case .none, .user, .role, .session, .secret, .member: 1
        }
    }
}

extension AuditDetail {
    fileprivate var featureLevel: UInt32 { if case .changedKey = self { 2 } else { 1 } }
}
