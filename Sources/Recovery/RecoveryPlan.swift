public import RaftCore

/// What a stopped node has, as far as it matters for going on from it alone when the cluster has
/// lost its quorum.
public struct RecoveryPlan: Equatable, Sendable {
    /// 16 bytes.
    public var clusterID: [UInt8]
    public var node: NodeID
    public var term: Term
    /// Up to here the node knows that everything is committed.
    public var committed: LogIndex
    /// What its state has applied; zero where it has none.
    public var applied: EntryID
    /// The last entry that it has.
    public var last: EntryID
    /// The last entry that it had before its log was damaged; zero if it has all of it.
    public var promised: EntryID
    /// Places of the log that are damaged.
    public var logDamage: [String]
    /// Why its state cannot be used; nil where it can.
    public var stateDamage: String?
    /// In force by its log.
    public var configuration: ConfState
    /// What the state uses; 0 where there is none.
    public var featureLevel: UInt32
    /// Whether the cluster was ever made, as far as it knows.
    public var isBootstrapped: Bool
    /// Whether a recovery from this node was begun and has not come to its end.
    public var isBegun: Bool

    public init(
        clusterID: [UInt8], node: NodeID, term: Term, committed: LogIndex, applied: EntryID,
        last: EntryID, promised: EntryID = .zero, logDamage: [String] = [],
        stateDamage: String? = nil, configuration: ConfState, featureLevel: UInt32,
        isBootstrapped: Bool = true, isBegun: Bool = false
    ) {
        self.clusterID = clusterID
        self.node = node
        self.term = term
        self.committed = committed
        self.applied = applied
        self.last = last
        self.promised = promised
        self.logDamage = logDamage
        self.stateDamage = stateDamage
        self.configuration = configuration
        self.featureLevel = featureLevel
        self.isBootstrapped = isBootstrapped
        self.isBegun = isBegun
    }

    /// Entries that it has and of which it does not know whether they are committed. They take
    /// effect when the cluster goes on from here.
    public var uncommitted: UInt64 {
        last.index > committed ? last.index.distance(from: committed) : 0
    }

    /// Why the cluster cannot go on from this node; nil: it can.
    ///
    /// - Parameter level: the highest feature level that this release knows.
    public func obstacle(supporting level: UInt32) -> String? {
        if let stateDamage {
            return "its state cannot be used (\(stateDamage)): another survivor must be taken"
        }
        guard isBootstrapped else {
            return "the cluster was never made: there is nothing to recover"
        }
        guard featureLevel <= level else {
            return "its state needs a newer release, which knows feature level \(featureLevel)"
        }
        guard configuration.isMember(node) else { return "it is no member of the cluster any more" }
        if configuration == ConfState(voters: [node]), !isBegun {
            return "it is the only member: start it"
        }
        return nil
    }
}

/// Why a recovery is not possible, or did not come to its end.
public struct RecoveryError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    /// A reason in words.
    public init(_ description: String) { self.description = description }
}
