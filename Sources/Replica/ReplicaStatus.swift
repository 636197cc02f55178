internal import Budgets
public import ByteCodec
public import RaftCore

/// What a replica knows, for operators, health checks and metrics.
public struct ReplicaStatus: Equatable, Sendable {
    /// Of the consensus underneath.
    public var raft: RaftStatus
    /// Up to here views opened now show the log.
    public var visible: LogIndex
    /// Up to here a power cut leaves the state.
    public var durableApplied: LogIndex
    /// Own proposals that are not answered.
    public var pendingProposals: Int
    /// Bytes of their commands.
    public var pendingBytes: Int
    /// Own reads that are not answered.
    public var pendingReads: Int
    /// The peers to which a connection stands, sorted.
    public var connected: [NodeID]
    /// Whether `ReplicaInput.shutdown` came.
    public var isDraining: Bool
    /// Whether `ReplicaAction.stopped` was given.
    public var isStopped: Bool
    /// Whether it may lead and answer.
    public var fitness: Fitness
    /// The newest stamp known to be in the log.
    public var lastStamp: Timestamp
    /// What happened in this run.
    public var counters: ReplicaCounters
    /// Limits of which the ledger holds how much is used, or the copy of it.
    public var budgets: Int
    /// What the others have reported to this node, which leads.
    var reported: [LeaseBook.Member]

    /// Everybody whom the configuration in force names, sorted. How far each has come is known on
    /// who leads.
    public var members: [MemberStatus] {
        raft.configuration.members.map { id in
            let peer = raft.peers.first { $0.id == id }
            let isSelf = id == raft.id
            return MemberStatus(
                id: id, standing: raft.configuration.standing(of: id),
                match: isSelf ? raft.durable : peer?.match,
                applied: isSelf ? visible : reported.first { $0.id == id }?.applied,
                isActive: isSelf ? true : peer?.isActive)
        }
    }
}

/// What is known of one member of the cluster.
public struct MemberStatus: Equatable, Sendable {
    public var id: NodeID
    public var standing: MemberStanding
    /// The last entry that it has durably and in common with the leader.
    public var match: LogIndex?
    /// What its views show, as it last reported.
    public var applied: LogIndex?
    /// Whether it was heard within an election time-out.
    public var isActive: Bool?
}

/// What part a node has in the cluster.
public enum MemberStanding: String, Equatable, Sendable {
    case voter, learner
    /// It is going to be a learner: a change is under way.
    case demoted
    /// It is going to be nothing.
    case leaving
}

extension ConfState {
    /// The part that a member has.
    public func standing(of node: NodeID) -> MemberStanding {
        if voters.contains(node) { return .voter }
        if learnersNext.contains(node) { return .demoted }
        return learners.contains(node) ? .learner : .leaving
    }
}

/// Counts of what happened in a run.
public struct ReplicaCounters: Equatable, Sendable {
    /// Own proposals given to this node's core or sent to a leader, repetitions included.
    public var proposalsSent: UInt64 = 0
    /// Of these the repetitions.
    public var proposalsRepeated: UInt64 = 0
    /// Messages in which proposals were sent to a leader.
    public var forwardBatches: UInt64 = 0
    /// Own proposals answered as unknown.
    public var outcomesUnknown: UInt64 = 0
    /// Rounds of reads asked for.
    public var readRounds: UInt64 = 0
    /// Of these the repetitions.
    public var readRoundsRepeated: UInt64 = 0
    /// Times this node became leader.
    public var leaderships: UInt64 = 0
    /// Snapshots put in the place of the state.
    public var snapshotsInstalled: UInt64 = 0
    /// Times the log on the disk was found damaged, and written anew from memory.
    public var logRewrites: UInt64 = 0
    /// Times the log had lost a part and got it back from the others.
    public var logRepairs: UInt64 = 0
    /// Times a peer was asked for a state in the place of one that was lost.
    public var statesAsked: UInt64 = 0
    /// Copies of the state that were sent to peers who had lost theirs.
    public var statesSupplied: UInt64 = 0
    public init() {}
}

extension Replica {
    /// What this node knows now.
    public var status: ReplicaStatus {
        ReplicaStatus(
            raft: core.status, visible: visible, durableApplied: durableApplied,
            pendingProposals: pending.count, pendingBytes: pending.bytes,
            pendingReads: reads.count, connected: connected, isDraining: departure != nil,
            isStopped: isStopped, fitness: fitness, lastStamp: clock.last, counters: counters,
            budgets: budgets.ledger.count, reported: lease.book?.entries.members ?? [])
    }
}
