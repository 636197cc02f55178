/// What a node's core knows, for operators and for the layers above.
public struct RaftStatus: Equatable, Sendable {
    public var id: NodeID
    public var role: Role
    public var term: Term
    public var leader: NodeID?
    public var commit: LogIndex
    public var applied: LogIndex
    /// The end of the log in memory.
    public var last: EntryID
    /// The end of the log on disk, as far as is known.
    public var durable: LogIndex
    /// The configuration in force.
    public var configuration: ConfState
    /// Whether this node leads and an entry of its own term is committed.
    public var hasCommittedInTerm: Bool
    /// Whether leadership is being handed over, so that proposals are refused.
    public var isTransferring: Bool
    /// To whom, once that is known.
    public var transferTarget: NodeID?
    /// Bytes of this leader's entries that are not committed.
    public var uncommittedBytes: Int
    /// Bytes of entries that are committed and not applied here.
    public var unappliedBytes: Int
    /// The first entry in memory.
    public var firstIndex: LogIndex
    /// Bytes of all entries in memory.
    public var logBytes: Int
    /// Of these, bytes of entries that are kept only for followers that are behind.
    public var retainedBytes: Int
    /// Reads that wait for their confirmation.
    public var pendingReads: Int
    /// Raised when a suffix of the log is replaced or a snapshot is installed.
    public var generation: UInt64
    public var isStorageFull: Bool
    /// The last entry that the damaged log had, until the log is as up to date again; nil when it
    /// is whole.
    public var repairingUpTo: EntryID?
    /// The snapshot that is being installed.
    public var installing: SnapshotMetadata?
    /// What a leader knows of the others, sorted; empty on who does not lead.
    public var peers: [PeerStatus]
}

/// What a leader knows of one follower or learner.
public struct PeerStatus: Equatable, Sendable {
    /// How a follower is sent to.
    public enum State: String, Equatable, Sendable {
        case probe, replicate, snapshot
    }

    public var id: NodeID
    public var state: State
    /// The last entry that it has durably.
    public var match: LogIndex
    /// The next entry to be sent to it.
    public var next: LogIndex
    public var inflightCount: Int
    public var inflightBytes: Int
    /// Whether it was heard within an election time-out.
    public var isActive: Bool
    /// Whether it has said that its log was damaged, and has not come as far again as this leader's
    /// log went then.
    public var isReverted: Bool
}

extension RaftCore {
    /// What this node knows now.
    public var status: RaftStatus {
        RaftStatus(
            id: id, role: role, term: term, leader: leader, commit: log.committed,
            applied: log.applied, last: log.last, durable: log.durable,
            configuration: configuration, hasCommittedInTerm: hasCommittedInTerm,
            isTransferring: isTransferring, transferTarget: leading.transfer?.target,
            uncommittedBytes: leading.uncommittedBytes, unappliedBytes: log.backlogBytes,
            firstIndex: log.start.index.next, logBytes: log.bytes,
            retainedBytes: log.retainedBytes, pendingReads: leading.reads.count,
            generation: log.generation, isStorageFull: isStorageFull,
            repairingUpTo: isRepairing ? promised : nil, installing: installing,
            peers: leading.peers.map(status(of:)))
    }

    private func status(of peer: Leadership.Peer) -> PeerStatus {
        let progress = peer.progress
        let state: PeerStatus.State =
            switch progress.state {
            case .probe: .probe
            case .replicate: .replicate
            case .snapshot: .snapshot
            }
        return PeerStatus(
            id: peer.id, state: state, match: progress.match, next: progress.next,
            inflightCount: progress.inflights.count, inflightBytes: progress.inflights.bytes,
            isActive: isActive(progress), isReverted: progress.revertedUntil != nil)
    }

    /// Whether leadership is being handed over, so that proposals are refused.
    public var isTransferring: Bool { leading.transfer != nil }

    /// The term of the entry at `index`, or nil where none is in memory.
    public func term(at index: LogIndex) -> Term? { log.term(at: index) }

    /// The entries in memory: the first and last index (first = last + 1 if there are none), and
    /// the bytes of those that are kept only for slow followers.
    public var retainedLog: (first: LogIndex, last: LogIndex, bytes: Int) {
        (log.start.index.next, log.lastIndex, log.retainedBytes)
    }

    /// Bytes of all entries that were ever cut off the beginning of the log in memory.
    public var cutLogBytes: UInt64 { log.cutBytes }

    /// The entries in memory from `range.lowerBound` up to and with `range.upperBound`, clipped to
    /// what there is; for tests and the checkers of the simulator.
    public func entries(in range: ClosedRange<LogIndex>) -> [Entry] {
        let lower = max(range.lowerBound, log.start.index.next)
        let upper = min(range.upperBound, log.lastIndex)
        guard lower <= upper else { return [] }
        return Array(log.entries(after: lower.previous, upTo: upper))
    }
}

/// The few facts about a node that are looked at after every event.
public struct RaftGlance: Equatable, Sendable {
    public var role: Role
    public var term: Term
    public var leader: NodeID?
    public var commit: LogIndex
    /// Whether its log has lost a part and not got it back yet.
    public var isRepairing: Bool
}

extension RaftCore {
    /// What this node is now. Costs nothing, unlike `status`.
    public var glance: RaftGlance {
        RaftGlance(
            role: role, term: term, leader: leader, commit: log.committed,
            isRepairing: isRepairing)
    }
}
