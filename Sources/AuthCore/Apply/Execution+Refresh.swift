public import ByteCodec

extension Execution {
    /// Redeems a refresh token, repeats an answer that was lost, or revokes family and session.
    mutating func rotateRefresh(_ body: Command.RotateRefresh) throws -> Outcome.Result {
        guard var family = try RefreshFamilyRow.read(body.number, tables) else {
            return .refused(.refreshUnknown)
        }
        guard var session = try SessionRow.read(body.number, tables), session.hasRefreshFamily
        else {
            throw StateDamage(
                table: .refreshFamilies, key: family.key, what: "family of no session")
        }
        guard session.tenant == tenant else { return .refused(.refreshUnknown) }
        note?.target = .session(session.id)
        let standing = family.standing(of: body.presented, at: stamp)
        note?.details.append(.generation(family.generation))
        switch standing {
        case .unknown:
            return .refused(.refreshUnknown)
        case .reused:
            if Planted.refreshReuseForgiven.isOn { return .refused(.refreshUnknown) }
            return try revoke(session)
        case .current, .previousInGrace:
            break
        }
        guard try isRefreshable(session) else { return .refused(.refreshUnknown) }
        note?.actor = .user(session.actor)
        if standing == .previousInGrace, !Planted.refreshAcceptedTwice.isOn {
            return .refreshedBefore(
                session, generation: family.generation, sealedSuccessor: family.sealedSuccessor)
        }
        guard body.successor != body.presented else { return .refused(.invalid(.form)) }
        family.rotate(to: body.successor, sealed: body.sealedSuccessor, at: stamp)
        try family.put(tables)
        session.slide(to: stamp)
        try session.put(tables)
        return .refreshed(session, generation: family.generation)
    }

    /// A token was redeemed that had its successor long ago: somebody has a copy.
    private mutating func revoke(_ session: SessionRow) throws -> Outcome.Result {
        note?.action = .sessionRefreshReuse
        note?.details.append(.user(session.user))
        try Sessions.remove(session, tables)
        return .refused(.refreshReused)
    }

    /// Whether there is a session of this number that would be refreshed.
    func hasRefreshable(_ number: CredentialNumber) throws -> Bool {
        guard let session = try SessionRow.read(number, tables), session.tenant == tenant else {
            return false
        }
        return try isRefreshable(session)
    }

    private func isRefreshable(_ session: SessionRow) throws -> Bool {
        guard stamp < session.expiresAt, stamp < session.idleExpiresAt else { return false }
        let user = try UserRow.read(session.tenant, session.user, tables)
        let hasSecondFactor = try self.hasSecondFactor(session.user)
        let standing = try TenantStanding.of(session.tenant, tables)
        let refusal = mayIssue(
            user, of: standing, .refreshToken, hasSecondFactor: hasSecondFactor)
        return refusal == nil && user?.sessionEpoch == session.epoch
    }
}

extension RefreshFamilyRow {
    /// What a presented token is to its family.
    public enum Standing: Equatable, Sendable {
        /// The one to be redeemed.
        case current
        /// The one before it, soon enough after it was redeemed.
        case previousInGrace
        /// One that was redeemed long ago.
        case reused
        /// None of this family's.
        case unknown
    }

    /// What the token is, judged at the moment `now`. Never throws a token out by itself.
    public func standing(of presented: Digest256, at now: Timestamp) -> Standing {
        if presented == current { return .current }
        if presented == previous {
            let age = now.milliseconds(since: rotatedAt)
            return age <= Limits.refreshGraceMilliseconds ? .previousInGrace : .reused
        }
        return ancestors.contains(presented.tag) ? .reused : .unknown
    }

    /// Goes on to the next generation.
    mutating func rotate(to successor: Digest256, sealed: [UInt8], at now: Timestamp) {
        if let previous { ancestors.append(previous.tag) }
        ancestors.removeFirst(max(0, ancestors.count - Limits.refreshAncestors))
        previous = current
        current = successor
        generation += 1
        rotatedAt = now
        sealedSuccessor = sealed
    }
}
