internal import ByteCodec

// Snapshots, of which the core sees metadata only: Raft §7. Their bytes go past it.

// MARK: - Leader

extension RaftCore {
    /// Asks for a snapshot to be sent to a follower that needs entries which are gone; once for
    /// each need, and only if it shows signs of life.
    mutating func offerSnapshot(toPeerAt position: Int) {
        let progress = leading.peers[position].progress
        guard let due = progress.snapshotDue, now >= due, isActive(progress),
            !leading.departing.contains(leading.peers[position].id)
        else { return }
        // The question comes first: it costs nothing beside another copy.
        let isInQuestion = progress.snapshotInQuestion(logStart: log.start.index) != nil
        guard progress.isSnapshotAskedFor || !isInQuestion else { return }
        sometimes(.snapshotOffered)
        leading.peers[position].progress.snapshotOffered(
            at: log.applied, logStart: log.start.index)
        ready.snapshotsToSend.append(leading.peers[position].id)
    }

    /// Asks a follower to whom a snapshot failed to come, as far as is known, whether it has it all
    /// the same: the sender may not have heard, or the acknowledgement was lost. With each of its
    /// signs of life, and before it is offered another.
    mutating func askForSnapshot(ofPeerAt position: Int) {
        let progress = leading.peers[position].progress
        guard progress.isCheckWanted,
            let index = progress.snapshotInQuestion(logStart: log.start.index),
            let term = log.term(at: index)
        else { return }
        sometimes(.snapshotAskedFor)
        leading.peers[position].progress.askedForSnapshot(
            answerBy: now.advanced(milliseconds: options.electionTimeoutMilliseconds))
        send(
            .append(
                previous: EntryID(index: index, term: term), entries: [], commit: log.committed),
            to: leading.peers[position].id)
    }

    /// When a follower is to be offered a snapshot. Not at once after one that came to nothing, and
    /// each time later: what failed would most likely fail again, and each costs a copy of the
    /// whole state.
    func nextSnapshotOffer(_ progress: Progress) -> SteadyTime {
        guard progress.snapshotOffers > 0 else { return now }
        let first = options.electionTimeoutMilliseconds
        let wait = first << UInt64(min(progress.snapshotOffers - 1, 8))
        return now.advanced(
            milliseconds: min(wait, max(first, options.snapshotRetryMaxMilliseconds)))
    }

    /// Lets go of what nobody needs any more.
    ///
    /// A follower that is gone never holds the log for longer than `retainedBytesMax` says. One
    /// that answers is granted more, since it will ask for just what would be cut; and so is one
    /// to whom a snapshot is on its way, or it would be too old when it has arrived, and a
    /// follower that is slower than the load would never catch up. That a snapshot failed changes
    /// nothing: its sender may only not have heard that it arrived.
    mutating func cutLog() {
        var wanted = log.compactable
        if role == .leader {
            for peer in leading.peers where isLate(peer) {
                wanted = min(wanted, peer.progress.wantedBehind)
            }
        }
        let isStingy = Buggify.retainNothing.isUnlucky
        log.cut(
            keepingBytes: isStingy ? 0 : options.retainedBytesMax, wanted: wanted,
            graceMax: isStingy ? 0 : options.retainedBytesMax + options.graceBytesMax)
    }

    // Whether a follower may just be slow.
    private func isLate(_ peer: Leadership.Peer) -> Bool {
        now.nanoseconds(since: peer.progress.lastContact ?? peer.knownSince)
            < options.graceMilliseconds * 1_000_000
    }

    /// A snapshot was sent, or could not be.
    mutating func snapshotSent(to peer: NodeID, _ metadata: SnapshotMetadata, succeeded: Bool) {
        guard role == .leader, let position = leading.position(of: peer) else { return }
        let progress = leading.peers[position].progress
        // The follower's own word may have come first.
        guard progress.state == .snapshot, progress.snapshotDue == nil else { return }
        guard succeeded, metadata.last.index <= log.lastIndex else {
            leading.peers[position].progress.snapshotFailed(
                dueAt: nextSnapshotOffer(progress))
            return
        }
        guard metadata.last.index >= log.start.index else {
            // It arrived, but too late. Nothing says yet that the next one would.
            leading.peers[position].progress.becomeSnapshot(
                dueAt: progress.snapshotOffers > 1 ? nextSnapshotOffer(progress) : now)
            return
        }
        leading.peers[position].progress.snapshotArrived(at: metadata.last.index)
    }
}

// MARK: - Follower

extension RaftCore {
    /// A whole and valid snapshot waits to be installed, sent by `sender` in whatever term.
    ///
    /// What a snapshot holds is committed, so it does not matter whether its sender still leads.
    public mutating func snapshotReceived(
        _ metadata: SnapshotMetadata, from sender: NodeID, now: SteadyTime
    ) {
        advance(to: now)
        guard metadata.isPlausible else { return }
        // The term of its last entry was entered by somebody, if not yet by this node.
        if metadata.last.term > term { becomeFollower(term: metadata.last.term, leader: nil) }
        guard role != .leader, sender != id else { return }
        snapshotArrived(metadata, from: sender)
    }

    /// Decides what becomes of a snapshot (Raft §7, figure 13): it is ignored, or it only moves
    /// the commit index, or it replaces the state.
    mutating func snapshotArrived(_ metadata: SnapshotMetadata, from sender: NodeID) {
        // A node that cannot write cannot install; one that installs finishes that first.
        guard installing == nil, !isStorageFull else { return }
        if isStateLost { return stateArrived(metadata, from: sender) }
        if metadata.last.index <= log.committed {
            // Older than what is here: a state never goes back.
            sometimes(.staleSnapshotIgnored)
            if sender == leader { acknowledge(upTo: log.committed) }
            return
        }
        if log.matches(metadata.last), !Planted.staleSnapshotTruncates.isOn {
            sometimes(.snapshotCoveredByLog)
            // The log holds all of it, and perhaps more, which may be acknowledged: keep it
            // (etcd-io/etcd #1763).
            _ = log.commit(upTo: metadata.last.index)
            if sender == leader { acknowledge(upTo: metadata.last.index) }
            return
        }
        // Whose log is about to be replaced does not know whether it could lead.
        if role != .follower { becomeFollower(term: term, leader: nil) }
        begin(installing: metadata, from: sender, isLogKept: false)
    }

    /// Decides what becomes of a snapshot on a node that has lost its state.
    ///
    /// The log is whole, and entries behind the snapshot may have been acknowledged: so it stays,
    /// and is applied again from there. What lies before its beginning cannot be applied: a
    /// snapshot from before that would leave a gap.
    private mutating func stateArrived(_ metadata: SnapshotMetadata, from sender: NodeID) {
        guard metadata.last.index >= log.start.index else {
            sometimes(.snapshotBeforeLog)
            return
        }
        let isKept = log.matches(metadata.last) && !Planted.repairResetsLog.isOn
        // Everything committed is the same in every log: who says otherwise is not believed.
        guard
            isKept || metadata.last.index > log.committed || Planted.repairResetsLog.isOn
        else { return }
        if isKept { sometimes(.stateReplacedUnderLog) }
        begin(installing: metadata, from: sender, isLogKept: isKept)
    }

    private mutating func begin(
        installing metadata: SnapshotMetadata, from sender: NodeID, isLogKept: Bool
    ) {
        installing = metadata
        installingFrom = sender
        self.isLogKept = isLogKept
        ready.install = metadata
        ready.isLogKept = isLogKept
    }

    /// The snapshot could not be installed; the leader will offer one again.
    mutating func snapshotInstallFailed() {
        installing = nil
        wakeElectionTimer()
    }

    /// The state was replaced: the log begins anew behind it.
    mutating func snapshotInstalled(_ metadata: SnapshotMetadata) {
        precondition(installing == metadata, "installed \(metadata), which was not asked for")
        installing = nil
        let wasLost = isStateLost
        isStateLost = false
        configurations = ConfigurationHistory(snapshot: metadata)
        if isLogKept {
            precondition(wasLost, "a state that was not lost was replaced under its log")
            log.goOn(behind: metadata.last)
            adopt(log.entries(after: metadata.last.index, upTo: log.lastIndex))
            return wakeElectionTimer()
        }
        log.restart(behind: metadata.last, mayGoBack: wasLost)
        endRepair()
        wakeElectionTimer()
        // Its sender's log holds all of it. Another node that seems to lead may be one whose term
        // was over before this was committed: its log may hold something else there.
        if leader != nil, leader == installingFrom { acknowledge(upTo: metadata.last.index) }
    }
}
