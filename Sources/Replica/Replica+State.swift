import ByteCodec
import RaftCore

// Connections, snapshots, and what the log on the disk may lose.

extension Replica {
    mutating func peerConnected(_ peer: NodeID) {
        if !connected.contains(peer) {
            connected.append(peer)
            connected.sort()
        }
        core.step(.connected(peer), now: now.steady)
        if peer == leader {
            resendUnanswered(to: peer)
            readsMustAskAnew()
        }
    }

    mutating func peerLost(_ peer: NodeID, _ loss: ConnectionLoss) {
        connected.removeAll { $0 == peer }
        core.step(.connectionLost(peer, loss), now: now.steady)
    }

    /// This node may no longer lead and answer, or may again.
    mutating func fitnessChanged(_ new: Fitness) {
        // What is said while another state is put in its place is said of that one.
        if new == .stateDamaged, core.isStateLost, core.status.installing != nil {
            isNewStateDamaged = true
        }
        fitness = new
        if !Planted.unfitLeads.isOn { core.step(.barred(new != .fit), now: now.steady) }
        guard new != .fit else { return }
        lease.held = HeldLeases()
        if isStateAbandoned { abandonState() }
        for ticket in reads.takeAll() {
            actions.append(.completeRead(ticket, .failed(.unfit, leader: leader)))
        }
    }

    /// A snapshot is here: the core says whether it is wanted.
    mutating func snapshotReceived(_ metadata: SnapshotMetadata, from peer: NodeID) {
        core.snapshotReceived(metadata, from: peer, now: now.steady)
        // The same one may have come before, from another peer, and be under way.
        if core.status.installing != metadata { actions.append(.discardSnapshot(metadata)) }
    }

    mutating func snapshotInstalled(_ metadata: SnapshotMetadata, lastStamp: Timestamp) {
        clock.found(lastStamp)
        // It may have come once more while it was installed.
        actions.append(.discardSnapshot(metadata))
        lease.lastNarrowing = max(lease.lastNarrowing, metadata.last.index)
        counters.snapshotsInstalled += 1
        let wasLost = core.isStateLost
        core.step(.snapshotInstalled(metadata), now: now.steady)
        if wasLost { fitnessChanged(isNewStateDamaged ? .stateDamaged : .fit) }
        visible = max(visible, metadata.last.index)
        durableApplied = max(durableApplied, metadata.last.index)
        // The log on the disk may have stayed as it was.
        trimmed = max(trimmed, core.retainedLog.first.previous)
        repeatLost(upTo: visible)
    }

    /// A crash leaves the effects of everything up to here. It may be told before it is told that
    /// they are visible, which repeats it.
    mutating func stateSynced(upTo index: LogIndex) {
        let durable = min(index, visible)
        guard !isStateAbandoned, durable > durableApplied else { return }
        durableApplied = durable
        core.step(.compacted(upTo: durable), now: now.steady)
    }

    /// Counts ends of repairs, and has the log on the disk written anew when it was found damaged:
    /// what the state does not hold durably is in memory, whole, so nobody need be asked for it.
    mutating func tendLog() {
        if isRepairing, !core.glance.isRepairing { counters.logRepairs += 1 }
        isRepairing = core.glance.isRepairing
        guard isRewriteWanted else { return }
        isRewriteWanted = false
        // An installation begins the log anew by itself.
        guard core.status.installing == nil, let (start, entries) = core.log(behind: durableApplied)
        else { return }
        counters.logRewrites += 1
        trimmed = max(trimmed, start.index)
        actions.append(.rewriteLog(startingAfter: start, entries))
    }

    /// Lets the disk drop what memory has dropped, and what power cannot bring back into need:
    /// only entries that the *durable* state covers (consensus.md D6). The core keeps what slow
    /// followers may need, within its limit of bytes.
    mutating func trim() {
        guard visible > trimmed else { return }
        let limit: LogIndex
        if Planted.trimPastDurable.isOn {
            limit = visible
        } else {
            limit = min(durableApplied, core.retainedLog.first.previous)
        }
        guard limit > trimmed else { return }
        let isStep =
            limit.distance(from: trimmed) >= options.trimStepEntries
            || core.cutLogBytes - trimmedBytes >= options.trimStepBytes
        guard isStep else { return }
        trimmed = limit
        trimmedBytes = core.cutLogBytes
        actions.append(.trimLog(upTo: limit))
    }
}
