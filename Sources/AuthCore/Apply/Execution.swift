import ByteCodec
import RaftCore

/// One command on its way into the state.
///
/// Each operation checks everything first and writes then, so a refusal leaves no trace but its
/// audit row.
struct Execution {
    let command: Command
    /// The node that was asked.
    let node: NodeID
    /// That node's process, as in `ProposalID.run`.
    let nodeRun: UInt64
    let index: LogIndex
    var meta: StateMeta
    let tables: Changes
    /// The highest feature level that this release can apply.
    let supports: UInt32
    let sha256: @Sendable ([UInt8]) -> [UInt8]

    /// What the audit row of this command will say; nil for one that writes none.
    var note: AuditNote?
    /// What this entry is for the comparison of states; nil for most.
    var checkpointWork: CheckpointWork?
    /// The actor's rows and permissions, once they were looked up.
    var actorUser: UserRow?
    var actorKey: KeyRow?
    var actorPermissions: EffectivePermissions?

    init(
        command: Command, node: NodeID, nodeRun: UInt64, index: LogIndex, meta: StateMeta,
        tables: Changes, supports: UInt32, sha256: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        self.command = command
        self.node = node
        self.nodeRun = nodeRun
        self.index = index
        self.meta = meta
        self.tables = tables
        self.supports = supports
        self.sha256 = sha256
        note = AuditNote(command)
    }

    /// The state's own time.
    var stamp: Timestamp { meta.lastStamp }
    var header: CommandHeader { command.header }
    var tenant: TenantID { command.header.tenant }

    /// Carries the command out, or refuses it.
    mutating func run() throws -> Outcome {
        let result: Outcome.Result
        if case .startSession(let body) = command.operation, header.actor == .anonymous,
            let refusal = try checkHold(body.user)
        {
            // Neither the trail nor an answer given again tells that the password was right.
            return Outcome(result: .refused(refusal), index: index, stamp: stamp)
        }
        switch try requestFinding() {
        case .first(let outcome):
            sometimes(.requestReplayed)
            // The answer shows the credential once more, and is not for who may have none any more.
            switch command.operation {
            case .startSession, .createKey, .rotateKey:
                guard let refusal = try checkStanding() ?? checkActor() else { return outcome }
                return Outcome(result: .refused(refusal), index: index, stamp: stamp)
            case .rotateRefresh(let body) where outcome.refusal == nil:
                guard try !hasRefreshable(body.number) else { return outcome }
                return Outcome(result: .refused(.refreshUnknown), index: index, stamp: stamp)
            default: return outcome
            }
        case .refused(let refusal):
            // Nothing is recorded under a key that stands for something else.
            return Outcome(result: .refused(refusal), index: index, stamp: stamp)
        case .new:
            result = try admitted()
        }
        if case .refused(let refusal) = result, refusal != .refreshReused {
            precondition(tables.count == 0, "\(refusal) after \(tables.count) changes")
        }
        try writeNote(refusal: result.refusal)
        let outcome = Outcome(result: result, index: index, stamp: stamp)
        try recordRequest(outcome)
        try sweepInPassing()
        return outcome
    }

    /// Performs the operation if this actor may ask for such at all.
    private mutating func admitted() throws -> Outcome.Result {
        if case .bootstrap(let body) = command.operation { return try bootstrap(body) }
        guard meta.isBootstrapped else { return .refused(.notBootstrapped) }
        guard let place = try TenantRow.read(tenant, tables), place.state != .deleting else {
            return .refused(.notFound(.tenant))
        }
        switch command.operation {
        case .bootstrap:
            return .refused(.alreadyBootstrapped)
        case .registerMember, .touchSessions, .touchKeys, .sweep, .settlePlan, .beginCheckpoint,
            .attestCheckpoint, .recover, .addUsage:
            guard header.actor == .node else { return .refused(.insufficientPermissions) }
        case .recordAudit, .rehashPassword, .rotateRefresh, .redeemJoinToken, .failLogIn:
            // They carry their own proof, or need none.
            break
        case .startSession, .updateKeyring, .raiseFeatureLevel, .createUser, .updateUser,
            .deleteUser, .setPassword,
            .grantRole, .revokeRole, .putRole, .deleteRole, .revokeSession, .revokeSessions,
            .putSecret, .deleteSecret, .createJoinToken, .orderChange, .setPeerAuthority,
            .createKey, .updateKey, .rotateKey, .deleteKey, .rotateSigningKeys, .updateSettings,
            .enrolFactor, .confirmFactor, .removeFactor,
            .createTenant, .updateTenant, .deleteTenant:
            if let refusal = try checkActor() { return .refused(refusal) }
        }
        return try perform()
    }

    private mutating func perform() throws -> Outcome.Result {
        switch command.operation {
        case .bootstrap(let body): try bootstrap(body)
        case .registerMember(let body): try registerMember(body)
        case .raiseFeatureLevel(let body): try raiseFeatureLevel(body)
        case .updateKeyring(let body): try updateKeyring(body)
        case .sweep(let body): try sweep(body)
        case .recordAudit(let body): try recordAudit(body)
        case .createJoinToken(let body): try createJoinToken(body)
        case .redeemJoinToken(let body): try redeemJoinToken(body)
        case .orderChange(let body): try orderChange(body)
        case .settlePlan(let body): try settlePlan(body)
        case .setPeerAuthority(let body): try setPeerAuthority(body)
        case .beginCheckpoint: beginCheckpoint()
        case .attestCheckpoint(let body): attestCheckpoint(body)
        case .recover(let body): try recover(body)
        case .createUser(let body): try createUser(body)
        case .updateUser(let body): try updateUser(body)
        case .deleteUser(let body): try deleteUser(body)
        case .setPassword(let body): try setPassword(body)
        case .rehashPassword(let body): try rehashPassword(body)
        case .grantRole(let body): try grantRole(body)
        case .revokeRole(let body): try revokeRole(body)
        case .putRole(let body): try putRole(body)
        case .deleteRole(let body): try deleteRole(body)
        case .startSession(let body): try startSession(body)
        case .rotateRefresh(let body): try rotateRefresh(body)
        case .revokeSession(let body): try revokeSession(body)
        case .revokeSessions(let body): try revokeSessions(body)
        case .touchSessions(let body): try touchSessions(body)
        case .putSecret(let body): try putSecret(body)
        case .deleteSecret(let body): try deleteSecret(body)
        case .createKey(let body): try createKey(body)
        case .updateKey(let body): try updateKey(body)
        case .rotateKey(let body): try rotateKey(body)
        case .deleteKey(let body): try deleteKey(body)
        case .touchKeys(let body): try touchKeys(body)
        case .failLogIn(let body): try failLogIn(body)
        case .rotateSigningKeys(let body): try rotateSigningKeys(body)
        case .updateSettings(let body): try updateSettings(body)
        case .enrolFactor(let body): try enrolFactor(body)
        case .confirmFactor(let body): try confirmFactor(body)
        case .removeFactor(let body): try removeFactor(body)
        case .createTenant(let body): try createTenant(body)
        case .updateTenant(let body): try updateTenant(body)
        case .deleteTenant(let body): try deleteTenant(body)
        case .addUsage(let body): try addUsage(body)
        }
    }
}

extension VersionCondition {
    /// Why an object with this version (nil: there is none) does not meet the condition.
    func refusal(current: UInt64?, kind: ObjectKind) -> Refusal? {
        switch self {
        case .any:
            nil
        case .absent:
            current == nil ? nil : .exists(kind)
        case .version(let wanted):
            wanted == current ? nil : .versionMismatch(current: current ?? 0)
        }
    }
}
