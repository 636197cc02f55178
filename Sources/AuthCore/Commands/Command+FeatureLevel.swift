extension Command.Operation {
    /// The feature level at which the cluster begins to use this operation.
    ///
    /// Below it the operation is refused before the log, and apply treats it as a release does that
    /// has never heard of it, so that nodes of both releases have the same state
    /// (docs/decisions/0004-feature-levels.md). It is part of the format and never changes.
    public var featureLevel: UInt32 {
        switch self {
        case .bootstrap, .registerMember, .raiseFeatureLevel, .updateKeyring, .sweep,
            .beginCheckpoint, .attestCheckpoint, .recordAudit, .createUser, .updateUser,
            .deleteUser, .setPassword, .rehashPassword,
            .grantRole, .revokeRole, .putRole, .deleteRole, .startSession, .rotateRefresh,
            .revokeSession, .revokeSessions, .touchSessions, .putSecret, .deleteSecret,
            .createJoinToken, .redeemJoinToken, .orderChange, .settlePlan, .setPeerAuthority,
            .recover:
            1
        }
    }
}
