public import RaftCore

/// What a node knows of itself and of its cluster at one moment.
public struct NodeFacts: Equatable, Sendable {
    public var node: NodeID
    public var role: Role
    public var term: Term
    /// The node that leads, when that is known.
    public var leader: NodeID?
    /// The leader's URL for clients, when both are known.
    public var leaderURL: String?
    /// Visible to views opened from now on.
    public var applied: LogIndex
    /// How long ago this node last knew that it had everything; nil when it never did.
    public var stalenessMilliseconds: UInt64?
    /// For how long this node may still answer *allow* by itself; 0 when it may not.
    public var leaseMilliseconds: UInt64 = 0
    /// Whether linearizable reads can be served now.
    public var ready: Availability
    /// Whether a write would succeed now, for load balancers: with hysteresis.
    public var writes: Availability
    /// Whether a validation would succeed now, for load balancers: with hysteresis.
    public var validations: Availability
    /// Whether the node is shutting down.
    public var isDraining: Bool
    /// The version of the software.
    public var version: String
    /// What is known of every member of the configuration.
    public var members: [MemberFacts]

    public init(
        node: NodeID, role: Role = .follower, term: Term = .zero, leader: NodeID? = nil,
        leaderURL: String? = nil, applied: LogIndex = .zero, stalenessMilliseconds: UInt64? = nil,
        ready: Availability = .unavailable("starting"),
        writes: Availability = .unavailable("starting"),
        validations: Availability = .unavailable("starting"), isDraining: Bool = false,
        version: String = "", members: [MemberFacts] = []
    ) {
        self.node = node
        self.role = role
        self.term = term
        self.leader = leader
        self.leaderURL = leaderURL
        self.applied = applied
        self.stalenessMilliseconds = stalenessMilliseconds
        self.ready = ready
        self.writes = writes
        self.validations = validations
        self.isDraining = isDraining
        self.version = version
        self.members = members
    }
}

/// Whether something would work now.
public enum Availability: Equatable, Sendable {
    case available
    /// The reason, in a word or a few, for people.
    case unavailable(String)
}

/// What this node knows of one member.
public struct MemberFacts: Equatable, Sendable {
    public var node: NodeID
    public var role: Role
    public var isVoter: Bool
    /// What the leader knows to be durable there; nil on other nodes.
    public var match: LogIndex?
    /// What is applied there; nil when unknown.
    public var applied: LogIndex?
    /// Whether this node has a connection to it, or is it.
    public var isReachable: Bool
    public init(
        node: NodeID, role: Role, isVoter: Bool, match: LogIndex? = nil, applied: LogIndex? = nil,
        isReachable: Bool
    ) {
        self.node = node
        self.role = role
        self.isVoter = isVoter
        self.match = match
        self.applied = applied
        self.isReachable = isReachable
    }
}

/// Turns samples of "would it work now" into an answer for load balancers.
///
/// Off at once, on only after it has been true for a while, so that a node that flaps takes no
/// requests. What passes by itself is borne for a while before it counts: an election is seen by
/// all nodes at the same moment, each lets its requests wait for the next leader, and a balancer
/// that has lost all its servers answers 503 to everyone.
public struct AvailabilityFilter: Sendable {
    /// How long it must have been true.
    public let settleMilliseconds: UInt64
    /// How long what passes by itself is borne.
    public let toleranceMilliseconds: UInt64
    /// What load balancers are told.
    public private(set) var current: Availability
    private var availableSince: SteadyTime?
    private var unavailableSince: SteadyTime?

    /// Begins unavailable.
    public init(settleMilliseconds: UInt64 = 500, toleranceMilliseconds: UInt64) {
        self.settleMilliseconds = settleMilliseconds
        self.toleranceMilliseconds = toleranceMilliseconds
        current = .unavailable("starting")
    }

    /// Begins unavailable, and bears an election that its first campaign decides, whatever the
    /// times of the cluster are.
    public init(elections raft: RaftOptions) {
        self.init(
            toleranceMilliseconds: max(
                Self.toleranceMillisecondsMin, 2 * raft.electionTimeoutMillisecondsMax))
    }

    /// What is borne at least, also where elections are shorter.
    private static let toleranceMillisecondsMin: UInt64 = 1_000

    /// Takes a sample.
    ///
    /// - Parameter isPassing: whether what is wrong is expected to end by itself, and requests are
    ///   held until then.
    public mutating func observe(_ sample: Availability, isPassing: Bool = false, now: SteadyTime) {
        guard sample == .available else {
            let begin = unavailableSince ?? now
            unavailableSince = begin
            let isBorne =
                isPassing && now.nanoseconds(since: begin) < toleranceMilliseconds * 1_000_000
            if isBorne, current == .available { return }
            current = sample
            availableSince = nil
            return
        }
        unavailableSince = nil
        let begin = availableSince ?? now
        availableSince = begin
        if now.nanoseconds(since: begin) >= settleMilliseconds * 1_000_000 {
            current = .available
        } else if current != .available {
            current = .unavailable("settling")
        }
    }
}
