import RaftCore

/// Everything that is done to a world: its nature, each fault with its moment, and what clients
/// ask for. The same plan gives the same run.
public struct Plan: Equatable, Sendable {
    /// For all chance that is not planned: latencies, time-outs, what a power cut keeps.
    public internal(set) var seed: UInt64
    public internal(set) var options: SwarmOptions
    var faults: [PlannedFault]
    var workload: Workload

    /// What a seed draws.
    public static func drawn(seed: UInt64, options: SwarmOptions) -> Plan {
        Plan(
            seed: seed, options: options, faults: FaultAtlas(seed: seed, options).faults(),
            workload: .drawn)
    }

    /// How many faults and operations are planned; drawn operations are not counted.
    public var size: (faults: Int, operations: Int) {
        guard case .listed(let operations) = workload else { return (faults.count, 0) }
        return (faults.count, operations.count)
    }
}

/// A fault and when it comes, in microseconds.
struct PlannedFault: Equatable, Sendable {
    var at: UInt64
    var fault: Fault
}

/// What clients ask for.
enum Workload: Equatable, Sendable {
    /// Each client draws what it does next, from its own chance.
    case drawn
    /// These and nothing else, in the order of their time.
    case listed([PlannedOperation])
}

/// One operation of a client. What it works on is found when it begins: what the client has made
/// by then depends on the run.
struct PlannedOperation: Equatable, Sendable {
    /// What the client does.
    enum Kind: String, CaseIterable, Sendable {
        case read
        /// The one before again, as its outcome is not known.
        case again
        case createUser = "create-user"
        case startSession = "start-session"
        case revokeSession = "revoke-session"
        case putSecret = "put-secret"
        case sweep
        case setPassword = "set-password"
        case touchSessions = "touch-sessions"
    }

    var client: Int
    /// Not before this moment, and not before the client's last answer.
    var at: UInt64
    var node: Int
    var kind: Kind
    /// Chooses among what there is to work on.
    var choice: UInt64 = 0
    /// Bytes of a value.
    var size = 0
    /// Whether it names an idempotency key.
    var hasKey = false
}
