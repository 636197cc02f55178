import ByteCodec
import RaftCore
import RaftWire

// A state that cannot be believed any more: how this node lets go of it, and gets a peer's in its
// place (docs/decisions/0007-a-damaged-state-is-fetched-anew.md).

/// What a node without a state does about it.
struct StateRepair: Sendable {
    /// When somebody is asked next.
    var nextAsk: SteadyTime
    /// How many were asked.
    var asked = 0
    /// Whether a copy is coming in.
    var isReceiving = false
}

extension Replica {
    /// Whether this run ends because its state cannot be believed.
    var isStateAbandoned: Bool { fitness == .stateDamaged && !core.isStateLost }

    /// The state was found to be damaged: nothing is answered from it any more, leadership goes to
    /// another node, and then the run ends. The next one begins without a state.
    mutating func abandonState() {
        for waiter in lease.takeAll() { answer(waiter, isReleased: false) }
        // What waits for this state waits in vain, and a leader that cannot apply is soon in the
        // way.
        let end = now.steady.advanced(milliseconds: options.raft.transferTimeoutMilliseconds)
        departure = Departure(end: min(departure?.end ?? end, end), nextOffer: now.steady)
    }

    /// Without a state: asks whoever may have one, one after the other, the leader first.
    mutating func askForState() {
        guard core.isStateLost else {
            repair = nil
            return
        }
        let begun = repair ?? StateRepair(nextAsk: now.steady)
        repair = begun
        guard mayAskForState, now.steady >= begun.nextAsk else { return }
        // Every other time it is somebody else: the leader may be the one whose copies do not come.
        let asked = begun.asked
        let other = connected[asked / 2 % connected.count]
        let peer = leader.flatMap { asked % 2 == 0 && connected.contains($0) ? $0 : nil } ?? other
        repair?.asked += 1
        let next = now.steady.advanced(milliseconds: pauseBetweenAsks)
        repair?.nextAsk = next
        counters.statesAsked += 1
        let least = core.retainedLog.first.previous
        actions.append(.send(.stateWanted(atLeast: least), to: peer))
    }

    /// When a node without a state asks again.
    var repairDeadline: SteadyTime? { mayAskForState ? repair?.nextAsk : nil }

    /// Whether there is somebody to ask, and nothing on its way already: each copy costs a look at
    /// the whole state of whoever makes it.
    private var mayAskForState: Bool {
        guard let repair, !repair.isReceiving, !connected.isEmpty else { return false }
        return core.installing == nil && departure == nil
    }

    // Each time longer: what came to nothing would most likely do so again.
    private var pauseBetweenAsks: UInt64 {
        let first = options.stateRetryMilliseconds
        let wait = first << UInt64(min(max((repair?.asked ?? 0) - 1, 0), 8))
        return min(wait, max(first, options.raft.snapshotRetryMaxMilliseconds))
    }

    /// A stream of a copy into this node has begun or ended.
    mutating func receivingSnapshot(_ isReceiving: Bool) {
        repair?.isReceiving = isReceiving
        guard !isReceiving else { return }
        let next = now.steady.advanced(milliseconds: pauseBetweenAsks)
        repair?.nextAsk = next
    }

    /// A peer has lost its state. Whoever has applied enough helps; not only who leads.
    mutating func stateWanted(atLeast index: LogIndex, by peer: NodeID) {
        guard fitness == .fit, visible >= index, !suppliedPeers.contains(peer) else { return }
        suppliedPeers.append(peer)
        counters.statesSupplied += 1
        actions.append(.sendSnapshot(to: peer))
    }

    /// A copy has arrived at a peer, or could not be brought there.
    mutating func stateSupplied(to peer: NodeID) { suppliedPeers.removeAll { $0 == peer } }
}
