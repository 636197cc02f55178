import ByteCodec
import RaftCore

/// Who may become a member, and what is to become of those who are. The configuration itself is
/// changed by entries of its own; here stands what is wanted, so that any leader can go on with it.
extension Execution {
    /// Keeps the next number for whoever comes with the token.
    mutating func createJoinToken(_ body: Command.CreateJoinToken) throws -> Outcome.Result {
        if let refusal = try require(.clusterManage) { return .refused(refusal) }
        guard (1000...Limits.joinTokenMilliseconds).contains(body.timeToLiveMilliseconds) else {
            return .refused(.invalid(.duration))
        }
        if let old = body.replaces {
            guard meta.configuration.isMember(old) else { return .refused(.notFound(.member)) }
            guard body.role == .voter else { return .refused(.invalid(.standing)) }
        }
        let tokens = try Listing.joinTokens(tables)
        let open = tokens.count { $0.isOpen(at: stamp) }
        guard open < Limits.joinTokens, try memberCount() + open < Limits.members else {
            return .refused(.quota(.joinToken))
        }
        let node = NodeID(try NodeNumbers.next(in: meta.configuration, tables))
        for token in tokens where token.spentBy == nil && !token.isOpen(at: stamp) {
            try token.remove(tables)
        }
        try NodeNumberRow(next: node.rawValue + 1).put(tables)
        let token = JoinTokenRow(
            node: node, digest: body.digest, role: body.role, replaces: body.replaces,
            createdAt: stamp,
            expiresAt: stamp.advanced(milliseconds: body.timeToLiveMilliseconds), spentBy: nil)
        try token.put(tables)
        note?.target = .member(node)
        return .joinToken(token)
    }

    /// Spends the token, and makes the member's row and the plan in the same entry.
    mutating func redeemJoinToken(_ body: Command.RedeemJoinToken) throws -> Outcome.Result {
        guard var token = try JoinTokenRow.read(body.node, tables), token.digest == body.digest
        else { return .refused(.joinTokenInvalid) }
        if let spentBy = token.spentBy {
            // The first answer may have been lost: the same key gets it again.
            guard spentBy == body.publicKey, let member = try MemberRow.read(body.node, tables)
            else { return .refused(.joinTokenInvalid) }
            note = nil
            return .joined(member)
        }
        guard token.isOpen(at: stamp) else { return .refused(.joinTokenInvalid) }
        guard body.featureLevel >= meta.featureLevel else {
            return .refused(.memberTooOld(body.node))
        }
        // Two members at one address could not be told apart by who dials them.
        let members = try Listing.members(tables)
        guard !members.contains(where: { $0.peer == body.peer && $0.node != token.replaces })
        else { return .refused(.exists(.member)) }
        guard members.count < Limits.members else { return .refused(.quota(.member)) }
        token.spentBy = body.publicKey
        try token.put(tables)
        let member = MemberRow(
            node: body.node, incarnation: Incarnation(0), url: body.url, peer: body.peer,
            version: body.version, featureLevel: body.featureLevel, registeredAt: stamp)
        try member.put(tables)
        try MemberPlanRow(
            node: body.node, order: index,
            plan: token.replaces.map { .replace($0) } ?? .join(token.role), orderedAt: stamp,
            refusal: nil
        ).put(tables)
        return .joined(member)
    }

    /// Writes down what is wanted of a member.
    mutating func orderChange(_ body: Command.OrderChange) throws -> Outcome.Result {
        if let refusal = try require(.clusterManage) { return .refused(refusal) }
        let token = try JoinTokenRow.read(body.node, tables)
        let isMember = meta.configuration.isMember(body.node)
        let isKnown = try isMember || token != nil || MemberRow.read(body.node, tables) != nil
        guard isKnown, isMember || body.change == .remove else {
            return .refused(.notFound(.member))
        }
        if let old = try MemberPlanRow.read(body.node, tables), old.refusal == nil {
            // Ordered once is ordered; and who is to go need not come first.
            if old.plan == body.change.plan { return .plan(old) }
            guard body.change == .remove else { return .refused(.changeUnderWay) }
        }
        switch body.change {
        case .promote where !meta.configuration.isLearner(body.node),
            .demote where !meta.configuration.isVoter(body.node):
            return .refused(.invalid(.standing))
        case .promote, .demote, .remove: break
        }
        if body.change == .remove {
            // The number must be known as given up before nothing else shows that it was given.
            let next = try NodeNumbers.next(in: meta.configuration, tables)
            try NodeNumberRow(next: max(next, body.node.rawValue + 1)).put(tables)
            try token?.remove(tables)
        }
        let plan = MemberPlanRow(
            node: body.node, order: index, plan: body.change.plan, orderedAt: stamp, refusal: nil)
        try plan.put(tables)
        return .plan(plan)
    }

    /// Ends a plan that the configuration has reached, or one that is given up.
    mutating func settlePlan(_ body: Command.SettlePlan) throws -> Outcome.Result {
        guard var row = try MemberPlanRow.read(body.node, tables), row.order == body.order,
            row.refusal == nil
        else {
            // Two leaders in a row said the same.
            note = nil
            return .done
        }
        if let refusal = body.refusal {
            row.refusal = refusal
            try row.put(tables)
            note?.details.append(.reason(.changeRefused))
            return .done
        }
        guard row.plan.isReached(body.node, in: meta.configuration) else {
            note = nil
            return .refused(.changeUnderWay)
        }
        try row.remove(tables)
        try JoinTokenRow.read(body.node, tables)?.remove(tables)
        switch row.plan {
        case .remove: try forget(body.node)
        case .replace(let old):
            note?.details.append(.member(old))
            try MemberPlanRow.read(old, tables)?.remove(tables)
            try forget(old)
        case .join, .promote, .demote: break
        }
        return .done
    }

    /// Brings or replaces the authority of peers.
    mutating func setPeerAuthority(_ body: Command.SetPeerAuthority) throws -> Outcome.Result {
        if let refusal = try require(.clusterManage) { return .refused(refusal) }
        let version = try PeerAuthorityRow.read(tables)?.version ?? 0
        guard version == body.expectedVersion else {
            return .refused(.versionMismatch(current: version))
        }
        let row = PeerAuthorityRow(
            version: version + 1, certificate: body.certificate, sealedKey: body.sealedKey,
            updatedAt: stamp)
        try row.put(tables)
        note?.details.append(.version(row.version))
        return .authority(version: row.version)
    }

    /// Removes what is kept of a node that is no member any more.
    ///
    /// What its last process proposed may still be on its way to the log: its run is closed, so
    /// that no copy of it takes effect. The outcomes that are kept for it go with the next sweeps.
    func forget(_ node: NodeID) throws {
        precondition(!meta.configuration.isMember(node), "\(node) is a member")
        try MemberRow.read(node, tables)?.remove(tables)
        try ProposalRunRow.closed(node).put(tables)
    }
}
