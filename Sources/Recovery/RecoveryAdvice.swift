public import RaftCore

/// From which survivor a cluster should go on, and what may be lost by it.
///
/// Of two logs the one whose last entry has the higher term, or the higher index in the same term,
/// has everything committed that the other has (Raft §5.4.1, §5.4.3). So the newest survivor is the
/// one to take. What no survivor has, nobody can tell of.
public struct RecoveryAdvice: Equatable, Sendable {
    /// Whose log is the newest among those that can be taken.
    public let newest: RecoveryPlan
    /// Members, in the newest one's view, of which there is no plan.
    public let missing: [NodeID]
    /// Whether those that there are can elect a leader: then nothing needs to be recovered.
    public let hasQuorum: Bool
    /// Whether everything committed under the newest one's configuration must be in its log.
    public let isComplete: Bool
    /// Whose log goes further, though they cannot be taken: what they have behind is lost.
    public let unusableAhead: [NodeID]

    /// Compares survivors.
    ///
    /// - Parameter level: the highest feature level that this release knows.
    /// - Throws: `RecoveryError` for plans of several clusters, several plans of one node, or none
    ///   that can be taken.
    public init(_ plans: [RecoveryPlan], supporting level: UInt32) throws(RecoveryError) {
        guard let first = plans.first else { throw RecoveryError("no plan was given") }
        guard plans.allSatisfy({ $0.clusterID == first.clusterID }) else {
            throw RecoveryError("the plans are of several clusters")
        }
        let nodes = plans.map(\.node).sorted()
        guard zip(nodes, nodes.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw RecoveryError("there are several plans of one node")
        }
        // Of equals the first by number, so that everybody is told the same.
        let usable = plans.filter { $0.obstacle(supporting: level) == nil }
            .sorted { $0.node < $1.node }
        guard var best = usable.first else {
            throw RecoveryError("the cluster can go on from none of them")
        }
        for plan in usable where !best.last.isAtLeastAsUpToDate(as: plan.last) { best = plan }
        newest = best
        let members = best.configuration
        missing = members.members.filter { !nodes.contains($0) }
        let halves = [members.voters, members.votersOutgoing].filter { !$0.isEmpty }
        hasQuorum = halves.allSatisfy { half in
            2 * half.count(where: nodes.contains) > half.count
        }
        let end = best.last
        unusableAhead = plans.filter { !end.isAtLeastAsUpToDate(as: $0.end) }.map(\.node).sorted()
        // An entry is committed when a majority has it, so it is on one of these if there are more
        // of them than a majority leaves out. Of both halves, though a commit within a joint
        // configuration needs both: outside it, before the joint configuration was committed or
        // after its end, which nobody here may have heard of, one half alone commits.
        let whole = plans.filter { $0.promised == .zero }.map(\.node)
        let isReached = halves.allSatisfy { half in
            half.count(where: whole.contains) > half.count - (half.count / 2 + 1)
        }
        isComplete = isReached && unusableAhead.isEmpty
    }
}

extension RecoveryPlan {
    /// The last entry that the log has, or had.
    fileprivate var end: EntryID { last.isAtLeastAsUpToDate(as: promised) ? last : promised }
}
