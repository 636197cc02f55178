internal import ByteCodec

// Who belongs to the cluster: Raft §6, dissertation §4. See `ConfigurationHistory` for when a
// configuration takes effect.

// MARK: - Changing

extension RaftCore {
    /// Begins a change of members. What it takes is appended by the leader on its own: a change of
    /// voters, and any that removes somebody, goes through a joint configuration, which is left
    /// when it is committed; a later leader that finds it in its log goes on with it.
    ///
    /// - Returns: the first entry, and the configuration in which the change ends. It has ended
    ///   when that one is committed.
    /// - Throws: `MembershipRefusal`; then nothing was appended.
    public mutating func change(
        _ change: MembershipChange, now: SteadyTime
    ) throws(MembershipRefusal) -> MembershipStep {
        advance(to: now)
        try checkMayConfigure()
        guard !configurations.isJoint else { throw .changeUnderWay }
        let next = try configuration.following(change)
        for node in change.promoted { try checkCaughtUp(node) }
        try checkReach(of: next.voters)
        let isOneStep = Planted.singleStepChange.isOn || isDroppingAtOnce(change)
        let entry = appendConfiguration(isOneStep ? next.left : next)
        return MembershipStep(entry: entry, final: next.left)
    }

    /// The planted defect: who alone is removed is not marked as leaving. Quorums still meet.
    private func isDroppingAtOnce(_ change: MembershipChange) -> Bool {
        guard Planted.droppedWithoutLeaving.isOn, case .remove(let nodes) = change else {
            return false
        }
        return nodes.count == 1
    }

    /// Appends a configuration as it stands, for tests: `change` makes those that are needed.
    ///
    /// Refused with nil if `next` must not follow the one in force.
    ///
    /// - Throws: `MembershipRefusal` as for `change`.
    package mutating func proposeConfiguration(
        _ next: ConfState, now: SteadyTime
    ) throws(MembershipRefusal) -> EntryID? {
        advance(to: now)
        try checkMayConfigure()
        return configuration.mayBeFollowed(by: next) ? appendConfiguration(next) : nil
    }

    /// Whether a configuration may be appended at all: not before an entry of the own term is
    /// committed (Ongaro's correction of 2015; dissertation §4.1), nor while another configuration
    /// is not committed (S10), nor while the log must stand still for an heir.
    private func checkMayConfigure() throws(MembershipRefusal) {
        guard role == .leader else { throw .notLeader(leader: leader) }
        guard !isStorageFull else { throw .storageFull }
        guard leading.transfer == nil else { throw .transferring }
        guard hasCommittedInTerm || Planted.changeBeforeOwnTerm.isOn else {
            throw .termNotCommitted
        }
        guard configurations.currentIndex <= log.committed || Planted.changeBeforeOwnTerm.isOn
        else { throw .changeNotCommitted }
    }

    /// Whether a learner has what it takes to vote: a voter that is far behind would be counted in
    /// every quorum and could help in none (dissertation §4.2.1).
    ///
    /// What it has was said in this very term: progress is begun anew with each leadership, so a
    /// learner that lost its disk since cannot pass for caught up (RATIS-1960).
    private func checkCaughtUp(_ node: NodeID) throws(MembershipRefusal) {
        guard let position = leading.position(of: node) else { throw .unknown(node) }
        let progress = leading.peers[position].progress
        guard isActive(progress) else { throw .notActive(node) }
        let missing =
            log.committed > progress.match ? log.committed.distance(from: progress.match) : 0
        guard progress.state == .replicate, missing <= options.promotionLagEntriesMax else {
            throw .notCaughtUp(node, missing: missing)
        }
    }

    /// Whether more than half of those who are to vote are heard. The change might be undone when
    /// they return; without them nothing at all could be committed, not even that.
    private func checkReach(of voters: [NodeID]) throws(MembershipRefusal) {
        let heard = voters.count { node in
            node == id
                || leading.position(of: node).map { isActive(leading.peers[$0].progress) } == true
        }
        guard heard >= Quorum.majority(of: voters.count) else { throw .quorumOutOfReach }
    }

    private mutating func appendConfiguration(_ next: ConfState) -> EntryID {
        let entry = appendOwn(kind: .configuration, payload: next.encoded())
        if Planted.configurationAtCommit.isOn { return entry }
        configurations.append(next, at: entry.index)
        trackMembers()
        return entry
    }
}

// MARK: - Leaving

extension RaftCore {
    /// Who ceases to be a member with the entry that this leader is to append next, when nothing
    /// but `permitDropping` is wanting for it; nil otherwise. Costs nothing while nothing changes.
    public var awaitingPermission: [NodeID]? {
        guard mayLeaveJoint, leading.droppingPermitted != configurations.currentIndex else {
            return nil
        }
        let leaving = configuration.leaving
        return leaving.isEmpty ? nil : leaving
    }

    /// Nobody of those who leave can hold a lease any more (docs/lease.md, rule 7): the entry that
    /// drops them may be appended. Counts for this leadership and this joint configuration.
    public mutating func permitDropping() {
        guard awaitingPermission != nil else { return }
        leading.droppingPermitted = configurations.currentIndex
    }

    private var mayLeaveJoint: Bool {
        role == .leader && configurations.isJoint && configurations.currentIndex <= log.committed
            && hasCommittedInTerm && leading.transfer == nil && !isStorageFull
    }

    /// Leaves a joint configuration that is committed, by whichever leader it was begun
    /// (dissertation §4.3). The next one is in force from then on, so this happens once.
    mutating func leaveJoint() {
        // Asked after every event, and hardly ever so.
        guard configurations.isJoint else { return }
        guard mayLeaveJoint, awaitingPermission == nil else { return }
        sometimes(.jointLeft)
        if configurations.currentIndex < leading.firstIndex { sometimes(.jointInherited) }
        _ = appendConfiguration(configuration.left)
    }

    /// Stops sending to who is no member any more.
    ///
    /// Until then it counts for nothing and is sent everything, the entry that drops it and that
    /// this is committed among it: so it learns what became of the commands that it proposed, and
    /// that it need not campaign. If that takes too long it is left alone.
    mutating func dismissDeparted() {
        guard !leading.departing.isEmpty, configurations.currentIndex <= log.committed else {
            return
        }
        let end =
            leading.departingUntil
            ?? now.advanced(milliseconds: options.transferTimeoutMilliseconds)
        leading.departingUntil = end
        let last = configurations.currentIndex
        let departing = leading.departing.filter { node in
            guard now < end, let position = leading.position(of: node) else { return false }
            let progress = leading.peers[position].progress
            return progress.match < last || progress.sentCommit < last
        }
        leading.departing = departing
        let present = configuration
        leading.peers.removeAll { !departing.contains($0.id) && !present.isMember($0.id) }
    }

    /// Whether this leader is no voter any more, and the entry that says so is committed.
    var isRetired: Bool {
        configurations.currentIndex <= log.committed && !configuration.isVoter(id)
    }

    /// A leader that is no voter any more leads until that is committed (Raft §6). Then an heir is
    /// told, if one has the whole log, so that nobody need wait for a time-out.
    mutating func retire() {
        precondition(role == .leader && isRetired, "\(id) is still needed")
        guard leading.transfer == nil else { return }
        sometimes(.leaderRemoved)
        beginTransfer(to: nil)
        if leading.transfer == nil { stepDown() }
    }
}

// MARK: - Taking effect

extension RaftCore {
    /// Puts the configurations among new entries in force.
    mutating func adopt(_ entries: ArraySlice<Entry>) {
        if Planted.configurationAtCommit.isOn { return }
        for entry in entries where entry.kind == .configuration { adopt(entry) }
        wakeElectionTimer()
    }

    private mutating func adopt(_ entry: Entry) {
        // Checked when it was parsed, or written by this node itself.
        guard let configuration = entry.configuration else {
            preconditionFailure("unreadable configuration at \(entry.index.rawValue)")
        }
        configurations.append(configuration, at: entry.index)
    }

    /// The planted defect: configurations take effect when they are committed.
    mutating func adoptCommitted() {
        let from = max(configurations.currentIndex, log.start.index)
        guard from < log.committed else { return }
        for entry in log.entries(after: from, upTo: log.committed)
        where entry.kind == .configuration {
            adopt(entry)
            if role == .leader { trackMembers() }
        }
        wakeElectionTimer()
    }

    /// Keeps progress of those who are new, and no longer of those who left: when they have been
    /// told, see `dismissDeparted`.
    mutating func trackMembers() {
        precondition(role == .leader, "only a leader keeps progress")
        let members = configuration.members
        leading.departing =
            configurations.currentIndex > log.committed
            ? (configurations.previous?.leaving ?? []).filter { $0 != id } : []
        leading.departingUntil = nil
        leading.peers = (members + leading.departing).filter { $0 != id }.sorted().map { node in
            if let position = leading.position(of: node) { return leading.peers[position] }
            // Nothing is known of it: it is asked at the end, and answers where it stands.
            return Leadership.Peer(
                id: node, knownSince: now,
                progress: Progress(next: log.lastIndex.next, options: options))
        }
    }
}
