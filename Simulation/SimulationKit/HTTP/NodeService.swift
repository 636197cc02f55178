import AuthCore
import AuthService
import Budgets
import ByteCodec
import Cryptography
import HTTPAPI
import RaftCore
import Replica
import StateStore

/// What a process answers requests with: the shipping interface and use cases, over its replica.
///
/// Stands for what the server has around them: the facts that it samples, the journal, the keys
/// that it has opened, and the threads that hash passwords.
// Unchecked, because a world has one thread, and nothing of it is ever seen by another.
final class NodeService: @unchecked Sendable {
    /// How long a password takes, in microseconds, and how many are worked on and may wait.
    enum Hashing {
        static let microsecondsMin: UInt64 = 5_000
        static let microsecondsSpread: UInt64 = 25_000
        static let threads = 2
        static let waitingMax = 64
    }

    unowned let world: World
    let node: Int
    let process: SimulatedNode.Process
    /// Verifiers, ids, salts and nonces of this process.
    let random: SimulatedRandomBytes
    /// Delays of this process.
    var chance: RandomSource
    private(set) lazy var api = API(environment: Surroundings(service: self))

    // What is sampled.
    var facts: NodeFacts
    var writes: AvailabilityFilter
    var validations: AvailabilityFilter
    /// When a read of this node's own was last confirmed.
    var confirmedAt: SteadyTime?
    var isProbing = false
    var ticks: UInt64 = 0
    var isSettled = false
    var isSettling = false
    var isDraining = false

    /// What users may do, as it was resolved before.
    let rights = API.makeRightsMemory()

    // What is gathered.
    var uses = UseGathering()
    var events: [AuditEvent] = []
    /// What this node has of limits.
    var till: BudgetTill
    var knowsLimits = false
    /// What this process let through and the log may not know.
    var usage = UsageTill()
    var turns = TellingTurns()
    /// Whether a leader has told this process what was used.
    var hasHeardOfLimits = false

    /// The keys that this process has opened.
    var opened: (keys: ServiceKeys, tokens: TokenCodec)?
    var keyringVersion: UInt64 = 0

    /// When each hashing thread has done what waits for it.
    var hashingFreeAt = [UInt64](repeating: 0, count: Hashing.threads)
    var hashingWaits = 0
    /// Requests that wait for the process to go on.
    var held: [Int] = []
    /// Steps of threads that wait for the same.
    var stopped: [HTTPEvent] = []
    /// What the thread at work has opened before.
    var kept: ThreadView?
    /// What planted defects have kept.
    var viewAhead: ReadView?
    var leaseAhead: ReadLease?
    /// The requests that are being answered, in the order in which they came.
    var flights: [Int] = []

    init(_ world: World, node: Int, process: SimulatedNode.Process, seed: UInt64) {
        self.world = world
        self.node = node
        self.process = process
        random = SimulatedRandomBytes(seed: seed)
        chance = RandomSource(seed: seed ^ 0x4E4F_4445)
        till = BudgetTill(run: UInt32(truncatingIfNeeded: process.epoch))
        facts = NodeFacts(node: NodeID(UInt64(node + 1)), version: "0.1.0")
        writes = AvailabilityFilter(elections: world.options.raft)
        validations = writes
    }

    var store: MemoryStateStore { world.nodes[node].store }
    var steady: SteadyTime { world.nodes[node].clock.steady(at: world.now) }
    var wall: Timestamp { world.nodes[node].clock.wall(at: world.now) }

    /// The facts as of now: role, leader and applied index are read afresh.
    private var freshFacts: NodeFacts {
        var facts = facts
        let glance = process.glance
        facts.role = glance.role
        facts.term = glance.term
        facts.leader = glance.leader
        facts.leaderURL = glance.leader.map { "http://\($0)" }
        facts.applied = store.applied.index
        facts.leaseMilliseconds =
            (world.leases[node]?.end.nanoseconds(since: steady) ?? 0) / 1_000_000
        facts.stalenessMilliseconds = confirmedAt.map {
            steady.nanoseconds(since: $0) / 1_000_000
        }
        return facts
    }

    var surroundings: AuthService.World {
        AuthService.World(
            views: self, random: random, now: wall, keys: opened?.keys, tokens: opened?.tokens,
            options: AuthOptions(), node: freshFacts, gate: self, journal: self,
            limiter: self, meter: self, rights: rights)
    }

    /// Takes password work, or refuses it when too many wait. Returns when it will be done.
    func takeHashing() -> UInt64? {
        guard hashingWaits < Hashing.waitingMax else { return nil }
        hashingWaits += 1
        let thread = hashingFreeAt[0] <= hashingFreeAt[1] ? 0 : 1
        let cost = Hashing.microsecondsMin + chance.upTo(Hashing.microsecondsSpread)
        hashingFreeAt[thread] = max(hashingFreeAt[thread], world.now) + cost
        return hashingFreeAt[thread]
    }
}

/// What the interface sees around it. Unowned, because the service owns the interface.
private struct Surroundings: APIEnvironment {
    unowned let service: NodeService
    func world() -> AuthService.World { service.kept?.world ?? service.surroundings }
    func metricsText() -> [UInt8] { [] }
}

extension NodeService: ViewSource, ReadGate {
    var origin: LogIndex { store.installedSnapshot.index }

    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R {
        if let twin = world.nodes[node].twin { return try twin.read { try body($0) } }
        return try store.read { view in try body(view) }
    }

    func admitsAllow(viewedAt index: LogIndex) -> Bool {
        world.leases[node]?.admitsAllow(viewedAt: index, now: steady) ?? false
    }
}

extension NodeService: Journal {
    private static let eventsMax = 10_000

    func touch(_ touch: SessionTouch, idleEnd: Timestamp) { uses.add(touch, idleEnd: idleEnd) }

    func touch(_ touch: KeyTouch) { uses.add(touch) }

    func record(_ event: AuditEvent) {
        if events.count < Self.eventsMax { events.append(event) }
    }

    func propose(_ command: Command) { proposeAlone(command, milliseconds: 10_000, .alone) }
}
