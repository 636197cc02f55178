import APITypes
import AuthCore
import Budgets
import ByteCodec
import Cryptography
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

/// A cluster without sockets, disks or threads: one log, three nodes that have applied as much of
/// it as the test lets them, and the shipping code from the bytes of a request to the bytes of
/// its answer.
// Used by the one thread of its test.
final class House: @unchecked Sendable {
    static let adminPassword = "correct horse battery staple"
    static let start = Timestamp(milliseconds: 1_790_000_000_000)

    private(set) var log: [Entry] = []
    private(set) var nodes: [HouseNode] = []
    var now = House.start
    var options = AuthOptions()
    let random = SimulatedRandomBytes(seed: 7)
    let keyring: Keyring
    let tokens: TokenCodec
    private let worker: PasswordWorker
    private var counter: UInt64 = 0
    private let apiOptions: APIOptions
    /// Every piece of password work that was asked for.
    private(set) var hashJobs: [HashJob] = []
    /// Every command that was proposed.
    private(set) var commands: [Command] = []
    /// Every need, in order, by name.
    private(set) var needs: [String] = []
    /// Answers a need otherwise than by carrying it out.
    var interfere: (Need) -> Completion? = { _ in nil }
    /// Who signs certificates of nodes.
    var certifier: (any NodeCertifier)?
    /// What is left of limits.
    var ledger = BudgetLedger()
    private var runs: UInt32 = 0

    init(
        apiOptions: APIOptions = APIOptions(), featureLevel: UInt32 = StateMachine.featureLevel,
        accessTokens: AccessTokenPolicy? = nil
    ) throws {
        self.apiOptions = apiOptions
        let clusterID = ClusterID(bits: 0xC1)
        keyring = Keyring.make(clusterID: clusterID.bytes, at: House.start, random: random)
        let blockKey = [UInt8](repeating: 7, count: 32)
        tokens = try TokenCodec(
            blockKey: SecretBytes(copying: blockKey), accessTokens: accessTokens)
        let least = Argon2Parameters(memoryKiB: 8, passes: 1, lanes: 1)
        worker = try PasswordWorker(hasher: PasswordHasher(parameters: least), random: random)
        for number in 1...3 {
            nodes.append(HouseNode(number: UInt64(number), house: self, options: apiOptions))
        }
        guard case .made(let record) = worker.perform(.make(secret(House.adminPassword))) else {
            throw HouseError()
        }
        try propose(
            Command(
                .bootstrap(
                    .init(
                        cluster: clusterID, tokenBlockKey: blockKey,
                        keyring: SealedBlob(term: 1, bytes: [1]),
                        administrator: UserID(bits: 0xAD), username: UserName("admin")!,
                        password: AuthCore.PasswordHash(record),
                        configuration: ConfState(voters: [NodeID(1)]),
                        featureLevel: featureLevel)),
                header: CommandHeader(actor: .node)), by: nodes[0])
        for node in nodes { try node.catchUp() }
    }

    struct HouseError: Error {}

    /// Every process ends and begins anew, with what it finds in the log.
    func restart() throws {
        let options = apiOptions
        nodes = (1...3).map { HouseNode(number: $0, house: self, options: options) }
        for node in nodes { try node.catchUp() }
    }

    var leader: HouseNode { nodes[0] }

    /// A number that no other run of a node has.
    func drawRun() -> UInt32 {
        runs += 1
        return runs
    }

    func secret(_ text: String) -> SharedSecret { SharedSecret(copying: Array(text.utf8)) }

    /// Appends a command to the log, and applies it on the node that was asked, or on another one.
    @discardableResult
    func propose(
        _ command: Command, by node: HouseNode, appliedOn other: HouseNode? = nil
    ) throws -> (LogIndex, Outcome) {
        commands.append(command)
        counter += 1
        let proposal = Proposal(
            id: ProposalID(node: node.id, run: 5, counter: counter), oldestPending: counter,
            stamp: max(now, House.start), isNarrowing: command.isNarrowing,
            command: command.encoded())
        let index = LogIndex(UInt64(log.count) + 1)
        log.append(
            Entry(index: index, term: Term(2), kind: .command, payload: proposal.encoded()))
        let applied = try (other ?? node).catchUp()
        guard let last = applied.last else { throw HouseError() }
        return (index, try Outcome(decoding: last.outcome))
    }

    /// Appends a configuration to the log, and applies it everywhere.
    func configure(_ configuration: ConfState) throws {
        log.append(
            Entry(
                index: LogIndex(UInt64(log.count) + 1), term: Term(2), kind: .configuration,
                payload: configuration.encoded()))
        for node in nodes { try node.catchUp() }
    }

    /// Carries out what an exchange needs.
    func complete(_ need: Need, on node: HouseNode) throws -> Completion {
        needs.append(Self.name(need))
        if let other = interfere(need) { return other }
        switch need {
        case .propose(let command):
            let (index, outcome) = try propose(command, by: node)
            return .applied(index: index, outcome: outcome)
        case .confirmRead:
            try node.catchUp()
            return .readConfirmed(LogIndex(UInt64(log.count)))
        case .awaitIndex:
            try node.catchUp()
            return .indexReached
        case .awaitRelease:
            return .released
        case .hash(let job):
            hashJobs.append(job)
            return .hashed(worker.perform(job))
        case .awaitPlan:
            return .planEnded(.pending)
        case .transfer(let target):
            return node === leader
                ? .transferred(.done(leader: target ?? nodes[1].id))
                : .transferred(.notLeader(leader: leader.id))
        }
    }

    static func name(_ need: Need) -> String {
        switch need {
        case .propose: "propose"
        case .confirmRead: "confirm"
        case .awaitIndex: "await"
        case .awaitRelease: "release"
        case .hash: "hash"
        case .transfer: "transfer"
        case .awaitPlan: "plan"
        }
    }

    func forgetNeeds() { needs = [] }
}

/// What a node's interface sees around it. Unowned, because the node owns the interface.
private struct Surroundings: APIEnvironment {
    unowned let node: HouseNode
    func world() -> World { node.world() }
    func metricsText() -> [UInt8] { Array("# the figures\n".utf8) }
}

/// One node of a house.
final class HouseNode: @unchecked Sendable, ViewSource, Journal, Limiter, UsageMeter {
    let id: NodeID
    unowned let house: House
    private let tables = InMemoryTables()
    private var applied = 0
    private(set) var api: API!
    var isReady = true
    var isDraining = false
    var keys: ServiceKeys?
    /// Whether it has learnt how tokens are made.
    var hasTokens = true
    /// What is looked for and changed in its state, as far as somebody wants to know.
    var notes: TableNotes?
    private(set) var touches: [SessionTouch] = []
    private(set) var keyTouches: [KeyTouch] = []
    private(set) var events: [AuditEvent] = []
    private(set) var background: [Command] = []
    private var till: BudgetTill
    let rights = API.makeRightsMemory()
    /// What it let through and has not told.
    var usage = UsageTill()
    /// A release that knows the next feature level too.
    private let machine = StateMachine(
        supports: StateMachine.featureLevel + 1, sha256: { SHA256.hash($0).bytes })

    init(number: UInt64, house: House, options: APIOptions) {
        id = NodeID(number)
        self.house = house
        keys = ServiceKeys(keyring: house.keyring)
        till = BudgetTill(run: house.drawRun())
        api = API(environment: Surroundings(node: self), options: options)
    }

    /// Applies everything that is in the log.
    @discardableResult
    func catchUp() throws -> [AppliedEntry] {
        var session = try machine.begin(tables)
        var results: [AppliedEntry] = []
        let noting = NotingTables(tables: tables, notes: notes ?? TableNotes())
        for entry in house.log[applied...] { results.append(try session.apply(entry, noting)) }
        try session.finish(tables)
        applied = house.log.count
        return results
    }

    var origin: LogIndex { .zero }

    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R {
        guard let notes else { return try body(tables) }
        return try body(NotingTables(tables: tables, notes: notes))
    }
    func touch(_ touch: SessionTouch, idleEnd: Timestamp) { touches.append(touch) }
    func touch(_ touch: KeyTouch) { keyTouches.append(touch) }
    func record(_ event: AuditEvent) { events.append(event) }
    func propose(_ command: Command) { background.append(command) }
    func take(_ budgets: [Budget]) -> BudgetVerdict {
        let now = house.now.rawValue * 1_000_000
        let verdict = till.take(budgets, now: now)
        if let claims = till.claims(now: now) {
            let answer = house.ledger.answer(claims, by: id.rawValue, now: now).answer
            if let answer { till.answered(answer, members: 3, now: now) }
        }
        return verdict
    }

    func count(_ request: Metering) -> QuotaVerdict { usage.count(request) }

    /// Tells the log what was let through.
    func tellUsage() throws {
        guard let batch = usage.batch() else { return }
        let (_, outcome) = try house.propose(
            Command(.addUsage(batch), header: CommandHeader(actor: .node)), by: self)
        if outcome.result == .done {
            usage.recorded(batch.sequence)
        } else {
            usage.failed(batch.sequence)
        }
    }

    /// Proposes what was gathered.
    func flush() throws {
        for command in background { try house.propose(command, by: self) }
        background = []
        if !events.isEmpty {
            try house.propose(
                Command(
                    .recordAudit(.init(events: events)), header: CommandHeader(actor: .node)),
                by: self)
            events = []
        }
        if !touches.isEmpty {
            try house.propose(
                Command(
                    .touchSessions(.init(touches: touches)), header: CommandHeader(actor: .node)),
                by: self)
            touches = []
        }
        if !keyTouches.isEmpty {
            try house.propose(
                Command(
                    .touchKeys(.init(touches: keyTouches)), header: CommandHeader(actor: .node)),
                by: self)
            keyTouches = []
        }
    }

    func world() -> World {
        let isLeader = self === house.nodes[0]
        let availability: Availability = isReady ? .available : .unavailable("no quorum")
        let facts = NodeFacts(
            node: id, role: isLeader ? .leader : .follower, term: Term(2),
            leader: NodeID(1), leaderURL: "http://127.0.0.1:8101",
            applied: LogIndex(UInt64(applied)), stalenessMilliseconds: isReady ? 12 : nil,
            ready: availability, writes: availability, validations: availability,
            isDraining: isDraining, version: "0.1.0",
            members: house.nodes.map { node in
                MemberFacts(
                    node: node.id, role: node === house.nodes[0] ? .leader : .follower,
                    isVoter: true, isReachable: true)
            })
        return World(
            views: self, random: house.random, now: house.now, keys: keys,
            tokens: hasTokens ? house.tokens : nil, options: house.options, node: facts,
            journal: self, certifier: house.certifier, limiter: self, meter: self,
            // Where look-ups are counted, none is saved by the one before.
            rights: notes == nil ? rights : RightsMemory())
    }
}
