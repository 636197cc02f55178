import ByteCodec

/// One-time codes. Each is spent here, in the entry that it serves, so no two nodes and no two
/// requests get something for the same one (RFC 6238 §5.2).
extension Execution {
    /// Whether log-ins of this user need a code.
    func hasSecondFactor(_ user: UserID) throws -> Bool {
        try SecondFactorRow.read(tenant, user, tables)?.isActive ?? false
    }

    /// Keeps a secret that counts for nothing until a code of it was shown.
    mutating func enrolFactor(_ body: Command.EnrolFactor) throws -> Outcome.Result {
        guard isActor(body.user) else { return .refused(.insufficientPermissions) }
        if let refusal = try checkOwnPassword(body.user, seen: body.authVersionSeen) {
            return .refused(refusal)
        }
        guard try !hasSecondFactor(body.user) else { return .refused(.exists(.secondFactor)) }
        try SecondFactorRow(
            tenant: tenant, user: body.user, enrolment: body.enrolment, secret: body.secret,
            enrolledAt: stamp, confirmedAt: nil, lastStep: 0, recoveryCodes: []
        ).put(tables)
        return .done
    }

    /// Has the codes count from now on, or renews the recovery codes.
    mutating func confirmFactor(_ body: Command.ConfirmFactor) throws -> Outcome.Result {
        guard isActor(body.user) else { return .refused(.insufficientPermissions) }
        // First, so that what is said of the factor tells nothing of a password while it is held.
        if let seen = body.authVersionSeen {
            if let refusal = try checkOwnPassword(body.user, seen: seen) {
                return .refused(refusal)
            }
            note?.action = .recoveryCodesRenew
        } else if let refusal = try checkHold(body.user) {
            return .refused(refusal)
        }
        guard let row = try SecondFactorRow.read(tenant, body.user, tables),
            row.isActive || body.authVersionSeen == nil
        else { return .refused(.notFound(.secondFactor)) }
        guard !row.isActive || body.authVersionSeen != nil else {
            return .refused(.exists(.secondFactor))
        }
        guard body.recoveryCodes.count == Limits.recoveryCodes,
            Set(body.recoveryCodes).count == body.recoveryCodes.count
        else { return .refused(.invalid(.form)) }
        guard var new = row.spending(body.shown, at: stamp) else { return .refused(.codeSpent) }
        new.confirmedAt = row.confirmedAt ?? stamp
        new.recoveryCodes = body.recoveryCodes
        try new.put(tables)
        return .done
    }

    /// Has log-ins need no code any more.
    mutating func removeFactor(_ body: Command.RemoveFactor) throws -> Outcome.Result {
        guard let user = try UserRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.user))
        }
        guard let proof = body.proof else {
            guard !isActor(body.user) else { return .refused(.insufficientPermissions) }
            if let refusal = try require(.usersWrite) { return .refused(refusal) }
            // A password is enough then.
            if let refusal = try checkCovers(rolesHeld: user.roles) { return .refused(refusal) }
            guard let row = try SecondFactorRow.read(tenant, body.user, tables) else {
                return .refused(.notFound(.secondFactor))
            }
            try row.remove(tables)
            return .done
        }
        guard isActor(body.user) else { return .refused(.insufficientPermissions) }
        if let refusal = try checkOwnPassword(body.user, seen: proof.authVersionSeen) {
            return .refused(refusal)
        }
        guard let row = try SecondFactorRow.read(tenant, body.user, tables) else {
            return .refused(.notFound(.secondFactor))
        }
        if row.isActive {
            guard let shown = proof.shown else { return .refused(.codeRequired) }
            guard row.spending(shown, at: stamp) != nil else { return .refused(.codeSpent) }
        }
        try row.remove(tables)
        return .done
    }

    /// Why a password that the caller has shown does not count.
    private mutating func checkOwnPassword(_ user: UserID, seen: UInt64) throws -> Refusal? {
        if let refusal = try checkHold(user) {
            // The trail would tell that the password was right.
            note = nil
            return refusal
        }
        let password = try PasswordRow.read(tenant, user, tables)
        return password?.authVersion == seen ? nil : .credentialsChanged
    }

    /// What the code that came with a log-in is worth.
    enum CodeFinding {
        /// There is none, or none is needed.
        case none
        /// It is good, and this is the row once it is spent.
        case good(SecondFactorRow)
        case spent
    }

    /// Writes that a code is spent, and how many recovery codes are left when it was one of them.
    mutating func spend(_ row: SecondFactorRow, _ shown: ShownCode) throws {
        try row.put(tables)
        guard case .recovery = shown else { return }
        note?.details.append(.count(UInt64(row.recoveryCodes.count)))
    }

    /// Judges the code that came with a log-in.
    func codeFinding(_ body: Command.StartSession) throws -> CodeFinding {
        guard let shown = body.code,
            let row = try SecondFactorRow.read(tenant, body.user, tables), row.isActive
        else { return .none }
        return row.spending(shown, at: stamp).map { .good($0) } ?? .spent
    }
}
