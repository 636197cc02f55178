internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import StateStore
internal import Synchronization

/// What this node tells of itself: sampled from the replica, with hysteresis for load balancers.
final class NodeFactsKeeper: Sendable {
    /// How often it is sampled, in milliseconds.
    static let sampleMilliseconds = 50

    private struct Contents {
        var facts: NodeFacts
        var writes: AvailabilityFilter
        var validations: AvailabilityFilter
        /// When this node last knew that it had everything that was committed then.
        var freshAt: SteadyTime?
        var drainsBalancers = false
    }

    private let runtime: ReplicaRuntime
    private let membership: MembershipKeeper
    private let node: NodeID
    private let contents: Mutex<Contents>

    /// - Parameter raft: the times of elections, which load balancers do not hear of.
    init(
        runtime: ReplicaRuntime, node: NodeID, membership: MembershipKeeper, version: String,
        raft: RaftOptions
    ) {
        self.runtime = runtime
        self.membership = membership
        self.node = node
        let filter = AvailabilityFilter(elections: raft)
        contents = Mutex(
            Contents(
                facts: NodeFacts(node: node, version: version), writes: filter, validations: filter)
        )
    }

    /// The facts as of now: role, leader and applied index are read afresh.
    var now: NodeFacts {
        let status = runtime.status
        let applied = runtime.store.appliedIndex
        let moment = runtime.clock.steady
        let leaderURL = status.raft.leader.flatMap(membership.url(of:))
        return contents.withLock { contents in
            var facts = contents.facts
            facts.role = status.raft.role
            facts.term = status.raft.term
            facts.leader = status.raft.leader
            facts.leaderURL = leaderURL
            facts.applied = applied
            facts.leaseMilliseconds = UInt64(runtime.lease.remainingSeconds * 1_000)
            facts.stalenessMilliseconds = contents.freshAt.map {
                moment.nanoseconds(since: $0) / 1_000_000
            }
            return facts
        }
    }

    /// From now on load balancers are told to look elsewhere.
    func drain() {
        contents.withLock {
            $0.drainsBalancers = true
            $0.facts.isDraining = true
            $0.facts.writes = .unavailable("draining")
            $0.facts.validations = .unavailable("draining")
            $0.facts.ready = .unavailable("draining")
        }
    }

    /// Takes a sample.
    ///
    /// - Parameters:
    ///   - readConfirmedAt: when a quorum last confirmed a read of this node's own; nil when none
    ///     has.
    ///   - isBootstrapped: whether the cluster is made, as far as this node knows.
    func sample(readConfirmedAt: SteadyTime?, isBootstrapped: Bool) {
        let status = runtime.status
        let moment = runtime.clock.steady
        let current = availability(
            of: status, readConfirmedAt: readConfirmedAt, isBootstrapped: isBootstrapped,
            now: moment)
        let members = members(of: status)
        let belongs = membership.roster.standing(of: node) == .member
        contents.withLock { contents in
            contents.facts.members = members
            contents.freshAt = readConfirmedAt
            guard !contents.drainsBalancers else { return }
            contents.writes.observe(
                current.writes, isPassing: current.isPassing, now: moment)
            // A lease serves them also while nobody leads.
            let holdsLease =
                runtime.lease.remainingSeconds > 0 && !status.isDraining && belongs
                && status.fitness == .fit
            contents.validations.observe(
                holdsLease ? .available : current.reads, isPassing: current.isPassing, now: moment)
            contents.facts.ready = current.reads
            contents.facts.writes = contents.writes.current
            contents.facts.validations = contents.validations.current
        }
    }

    /// How old the last confirmation may be for this node to count as able to read.
    private static let confirmationMilliseconds: UInt64 = 1_000

    /// `isPassing`: an election or a lost connection, which requests wait for the end of.
    private func availability(
        of status: ReplicaStatus, readConfirmedAt: SteadyTime?, isBootstrapped: Bool,
        now: SteadyTime
    ) -> (reads: Availability, writes: Availability, isPassing: Bool) {
        func both(
            _ reason: String, isPassing: Bool = false
        ) -> (Availability, Availability, Bool) {
            (.unavailable(reason), .unavailable(reason), isPassing)
        }
        guard !status.isDraining else { return both("draining") }
        switch status.fitness {
        case .fit: break
        case .tooOld(let level):
            let what = level.map { "feature level \($0)" } ?? "the cluster's state"
            return both("\(what) needs a newer release")
        case .stateDamaged: return both("the state is damaged, and fetched anew")
        }
        switch membership.roster.standing(of: node) {
        case .member: break
        case .joining: return both("joining the cluster")
        case .leaving: return both("leaving the cluster")
        case .removed: return both("removed from the cluster")
        }
        guard status.raft.leader != nil else { return both("no leader", isPassing: true) }
        guard let confirmedAt = readConfirmedAt,
            now.nanoseconds(since: confirmedAt) <= Self.confirmationMilliseconds * 1_000_000
        else { return both("no quorum answers", isPassing: true) }
        guard isBootstrapped else { return both("the cluster is being made") }
        // A follower without room takes nothing in, so it would never see what became of a write.
        let isFull = status.raft.isStorageFull
        return (.available, isFull ? .unavailable("the disk is full") : .available, false)
    }

    private func members(of status: ReplicaStatus) -> [MemberFacts] {
        let raft = status.raft
        let isLeader = raft.role == .leader
        return status.members.map { member in
            let isSelf = member.id == node
            return MemberFacts(
                node: member.id,
                role: isSelf ? raft.role : member.id == raft.leader ? .leader : .follower,
                isVoter: raft.configuration.isVoter(member.id),
                match: isLeader ? member.match : nil, applied: member.applied,
                isReachable: isSelf || status.connected.contains(member.id))
        }
    }
}
