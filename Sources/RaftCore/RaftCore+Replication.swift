internal import ByteCodec

// Log replication: Raft §5.3, §5.4.2; pipelining and parallel disk writes, dissertation §10.2.

// MARK: - Leader

extension RaftCore {
    /// Appends commands to the log, all or none. They are sent and written with the next
    /// `takeReady`, and have taken effect when they come back in `Ready.committed`.
    ///
    /// - Returns: the names of the entries, in order.
    /// - Throws: `ProposalRefusal`; then nothing was appended.
    public mutating func propose(
        _ payloads: [[UInt8]], now: SteadyTime
    ) throws(ProposalRefusal) -> [EntryID] {
        advance(to: now)
        guard role == .leader else { throw .notLeader(leader: leader) }
        guard !isStorageFull else { throw .storageFull }
        // The heir must have the whole log, so the log stands still until it leads or refuses.
        guard leading.transfer == nil else { throw .transferring }
        var bytes = 0
        for payload in payloads {
            guard payload.count <= options.entryBytesMax else {
                throw .entryTooLarge(limitBytes: options.entryBytesMax)
            }
            bytes += Entry.sizeBytes(payload: payload.count)
        }
        guard leading.uncommittedBytes + bytes <= options.uncommittedBytesMax, !isBehindInApplying
        else { throw .tooManyUncommittedBytes }
        return payloads.map { appendOwn(kind: .command, payload: $0) }
    }

    /// Whether this node has more to apply than it may keep: then it takes in nothing new, or its
    /// memory would grow as long as others commit faster than it applies.
    ///
    /// Only what is committed counts, which is applied whatever else happens; so this ends, and
    /// entries that another leader's are to replace cannot keep that leader's out.
    /// A node without a state applies nothing: what its log had when it began does not count.
    var isBehindInApplying: Bool {
        let known = isStateLost ? backlogAtStart : 0
        return log.backlogBytes > known + options.unappliedBytesMax
    }

    /// Appends an entry of the present term to this leader's own log (S3: never replacing one).
    mutating func appendOwn(kind: EntryKind, payload: [UInt8]) -> EntryID {
        precondition(role == .leader, "a \(role) appends")
        let id = log.append(term: term, kind: kind, payload: payload)
        leading.uncommittedBytes += Entry.sizeBytes(payload: payload.count)
        return id
    }

    /// Sends a follower what it may have now: entries, a question whether it has them, the new
    /// commit index, or the offer of a snapshot.
    mutating func flush(toPeerAt position: Int) {
        var isAnythingSent = false
        while leading.peers[position].progress.mayAppend {
            let progress = leading.peers[position].progress
            let isProbe = progress.state == .probe
            guard isProbe || progress.next <= log.lastIndex else { break }
            // A probe that was not answered is repeated without entries, so that a follower that
            // cannot write is not sent the same megabyte with every heartbeat.
            let isEmpty = isProbe && progress.isProbeRepeated
            guard sendAppend(toPeerAt: position, isEmpty: isEmpty) else { break }
            isAnythingSent = true
        }
        let progress = leading.peers[position].progress
        switch progress.state {
        case .probe: break
        case .replicate:
            // Who still has a window full of appends to answer gets the next one soon enough.
            let isCommitNews = log.committed > progress.sentCommit && progress.mayAppend
            if !isAnythingSent, progress.isCheckWanted || isCommitNews {
                _ = sendAppend(toPeerAt: position, isEmpty: true)
            }
        case .snapshot:
            askForSnapshot(ofPeerAt: position)
            offerSnapshot(toPeerAt: position)
        }
    }

    /// Sends one append behind `next`. False if what lies before `next` is cut off, so that only a
    /// snapshot can help (Raft §7; etcd/raft #31).
    private mutating func sendAppend(toPeerAt position: Int, isEmpty: Bool) -> Bool {
        let progress = leading.peers[position].progress
        let previous = progress.next.previous
        guard let previousTerm = log.term(at: previous) else {
            leading.peers[position].progress.becomeSnapshot(
                dueAt: nextSnapshotOffer(progress))
            return false
        }
        let entries =
            isEmpty
            ? []
            : Array(
                log.page(
                    after: previous, bytesMax: options.appendBytesMax,
                    countMax: Buggify.appendOneEntry.isUnlucky ? 1 : options.appendEntriesMax))
        send(
            .append(
                previous: EntryID(index: previous, term: previousTerm), entries: entries,
                commit: log.committed),
            to: leading.peers[position].id)
        leading.peers[position].progress.sentAppend(
            entries: entries, commit: log.committed)
        return true
    }

    /// A follower has this leader's log durably up to and with `match`.
    mutating func accepted(by follower: NodeID, match: LogIndex) {
        guard role == .leader, let position = leading.position(of: follower) else { return }
        // More than there is cannot match.
        guard match <= log.lastIndex else { return }
        contacted(position)
        let isNews = leading.peers[position].progress.acknowledge(match)
        // An older answer says nothing about the present probe.
        guard match == leading.peers[position].progress.match else { return }
        switch leading.peers[position].progress.state {
        case .replicate: break
        case .probe, .snapshot:
            // Whatever helped it, its log meets ours. What came late and speaks of a part that is
            // cut off says less than the probe asks.
            if match >= log.start.index { leading.peers[position].progress.becomeReplicate() }
        }
        if isNews { advanceCommit() }
    }

    /// A follower has nothing that matches `previous`; `hint` is the last entry of its own that
    /// may match (Raft §5.3).
    mutating func rejected(by follower: NodeID, previous: LogIndex, hint: EntryID) {
        guard role == .leader, let position = leading.position(of: follower) else { return }
        contacted(position)
        var guess = hint.index
        if hint.index >= log.start.index {
            // Our entries of later terms than the hint's cannot match either: skip them all.
            let floor = max(log.start.index, leading.peers[position].progress.match)
            guess =
                log.lastPossibleMatch(atOrBefore: hint.index, term: hint.term, floor: floor).index
        }
        let isInReach = hint.index >= log.start.index && log.matches(hint)
        _ = leading.peers[position].progress.reject(
            previous, hint: guess, isInReach: isInReach, logStart: log.start.index)
    }

    /// A follower's log has lost a part that it may have acknowledged (consensus recovery R8). It
    /// counts with what it still has, once that is known, and is sent the rest again.
    ///
    /// What was committed with its help stays committed: it votes for nobody who lacks it.
    mutating func damaged(at follower: NodeID, previous: LogIndex, hint: EntryID) {
        guard role == .leader, let position = leading.position(of: follower) else { return }
        if hint.index < leading.peers[position].progress.match {
            leading.peers[position].progress.revert(
                from: previous, until: log.lastIndex)
        }
        rejected(by: follower, previous: previous, hint: hint)
    }

    /// Commits what a quorum has durably, if it is of the present term: an older entry is
    /// committed only with one behind it (Raft §5.4.2, figure 8).
    mutating func advanceCommit() {
        precondition(role == .leader, "a \(role) counts replicas")
        let reached = Quorum.reached(by: configuration) { node in
            if node == id { return log.durable }
            return leading.position(of: node).map { leading.peers[$0].progress.match } ?? .zero
        }
        guard let index = reached, index > log.committed else { return }
        guard log.term(at: index) == term || Planted.commitOldTerm.isOn else { return }
        for entry in log.entries(after: log.committed, upTo: index) {
            leading.uncommittedBytes -= entry.sizeBytes
        }
        _ = log.commit(upTo: index)
        if Planted.configurationAtCommit.isOn { adoptCommitted() }
        if isRetired { retire() }
    }
}

// MARK: - Follower

extension RaftCore {
    /// Takes entries from the leader of the present term (Raft §5.3, figure 2).
    mutating func append(_ entries: [Entry], behind previous: EntryID, commit: LogIndex) {
        // The log is about to begin anew: what is appended now would be lost.
        guard installing == nil else { return rejectWhileInstalling(previous) }
        // Everything committed is the same in every leader's log (S4): what an old or repeated
        // message says of it is passed over.
        var behind = previous
        var fresh = entries[...]
        if behind.index < log.committed {
            guard agreesOnCommitted(entries, behind: previous) else {
                sometimes(.appendContradictsCommitted)
                return
            }
            fresh = fresh.drop { $0.index <= log.committed }
            if fresh.isEmpty {
                acknowledge(upTo: log.committed)
                return
            }
            behind = EntryID(index: log.committed, term: committedTerm)
            // Terms never go back along a log, so this is no leader's.
            guard let first = fresh.first, first.term >= behind.term else { return }
        }
        let isNew = fresh.contains { log.term(at: $0.index) != $0.term }
        let takesNothing = isStorageFull || isBehindInApplying
        guard log.matches(behind), !(isNew && takesNothing) else {
            // A node that cannot write stays silent: a refusal would only bring the same entries
            // again, and an acknowledgement would be a lie.
            if !takesNothing { reject(behind) }
            return
        }
        if isNew || Planted.truncateMatchingSuffix.isOn { merge(fresh, behind: behind.index) }
        let matched = behind.index + fresh.count
        _ = log.commit(upTo: max(log.committed, min(commit, matched)))
        acknowledge(upTo: matched)
    }

    /// Whether an append that begins in the committed part says the same of it as this log, as far
    /// as the log still tells.
    ///
    /// Who says otherwise leads a term that is over: a later leader has committed something else,
    /// and this node has forgotten that later term, because it stopped before its disk had it.
    private func agreesOnCommitted(_ entries: [Entry], behind previous: EntryID) -> Bool {
        let last = entries.last { $0.index <= log.committed }
        let said = last.map { EntryID(index: $0.index, term: $0.term) } ?? previous
        return log.term(at: said.index).map { $0 == said.term } ?? true
    }

    private var committedTerm: Term {
        guard let term = log.term(at: log.committed) else {
            preconditionFailure("committed \(log.committed.rawValue) outside the log")
        }
        return term
    }

    /// Replaces the entries from the first conflict on. What matches stays, and so does what lies
    /// behind it: the message may be older than that (async-raft 9540c904).
    private mutating func merge(_ entries: ArraySlice<Entry>, behind index: LogIndex) {
        var fresh = entries
        var keep = index
        if !Planted.truncateMatchingSuffix.isOn {
            fresh = fresh.drop { log.matches(EntryID(index: $0.index, term: $0.term)) }
            keep = index + (entries.count - fresh.count)
        }
        if keep < log.lastIndex {
            sometimes(.suffixReplaced)
            log.truncate(after: keep)
            if configurations.currentIndex > keep { sometimes(.configurationReplaced) }
            configurations.rollBack(after: keep)
        }
        log.append(fresh)
        adopt(fresh)
    }

    /// Notes what is known to match the leader's log, and that an answer is owed. It leaves when
    /// the disk has come that far: see `flushAcknowledgement`.
    mutating func acknowledge(upTo matched: LogIndex) {
        if following.matched == .zero, matched > log.durable {
            // The first answer to a leader is worth a sync's wait: an earlier one, for the part
            // that is durable already, would have the leader send the rest again.
            following.acknowledged = log.durable
        }
        following.matched = max(following.matched, matched)
        following.isReplyOwed = true
    }

    /// Refuses an append: says where the logs may still agree, a whole term at a time.
    private mutating func reject(_ previous: EntryID) {
        guard let leader else { return }
        sometimes(.appendRejected)
        var hint = log.lastPossibleMatch(
            atOrBefore: previous.index, term: previous.term, floor: log.committed)
        if Buggify.poorRejectionHint.isUnlucky, let term = log.term(at: log.committed) {
            hint = EntryID(index: log.committed, term: term)
        }
        reject(previous, hint: hint, to: leader)
    }

    /// Tells a leader, who may be another than the one that sent the snapshot, up to where the log
    /// will be when it is installed, so that what lies behind is kept until then. Once for each
    /// leader: who begins behind just that waits, and must not be led further back.
    private mutating func rejectWhileInstalling(_ previous: EntryID) {
        // A log that is kept says for itself, afterwards, how far it goes.
        guard !isLogKept, let leader, let end = installing?.last, previous.index > end.index
        else { return }
        sometimes(.installationAnswered)
        reject(previous, hint: end, to: leader)
    }

    private mutating func reject(_ previous: EntryID, hint: EntryID, to leader: NodeID) {
        // Who has lost what the leader asks for may have acknowledged it: a plain refusal of that
        // would be taken for an old one.
        if isRepairing {
            sometimes(.damageAnswered)
            send(.appendReply(.damaged(previous: previous.index, hint: hint)), to: leader)
        } else {
            send(.appendReply(.rejected(previous: previous.index, hint: hint)), to: leader)
        }
    }

    /// Takes the commit index of a heartbeat, which the leader knows to match.
    mutating func heartbeat(commit: LogIndex, sequence: UInt64) {
        guard let leader else { return }
        if installing == nil {
            _ = log.commit(upTo: max(log.committed, min(commit, log.lastIndex)))
        }
        send(.heartbeatReply(sequence: sequence), to: leader)
    }

    /// Answers the appends since the last call with one acknowledgement of what is durable (S11):
    /// the answer to a later one includes those to all before.
    mutating func flushAcknowledgement() {
        guard role == .follower, let leader else { return }
        // An acceptance is a promise made in this term, so the term must be durable too.
        let isTermDurable = storage.durable.term == term
        var match = min(following.matched, log.durable)
        if Planted.acknowledgeBehindDamage.isOn, isRepairing {
            match = max(match, promised.index)
            following.matched = max(match, following.matched)
        }
        if Planted.acknowledgeBeforeSync.isOn {
            match = following.matched
        } else if !isTermDurable {
            return
        }
        let isNews = match > following.acknowledged
        let isComplete = match == following.matched
        guard isNews || (following.isReplyOwed && isComplete) else { return }
        following.acknowledged = match
        if isComplete { following.isReplyOwed = false }
        send(.appendReply(.accepted(match: match)), to: leader)
    }
}
