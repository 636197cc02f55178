import AuthCore
import ByteCodec
import RaftCore
import RaftWire
import Replica
import StateStore
import WriteAheadLog

/// A cluster, its clients and everything that can go wrong, in one thread: virtual time, one queue
/// of events, all chance from one seed. The nodes run the shipping code.
final class World {
    let plan: Plan
    /// Of the plan.
    let options: SwarmOptions
    /// Microseconds since the world began.
    var now: UInt64 = 0
    var queue = EventQueue<WorldEvent>()
    let nodes: [SimulatedNode]
    var network: Network
    let oracle: Oracle
    let history: History
    var clients: [Client] = []
    /// What clients ask instead of the replicas themselves, in a world over HTTP.
    var http: HTTPLayer?
    /// Who waits for which ticket. Looked up, never iterated.
    var waiters: [Ticket: Int] = [:]
    /// For each node until when, and by which views, it may answer *allow* on its own.
    var leases: [ReadLease?]
    /// For each node what a view of it shows: asked after every event, so it is kept beside.
    var shown: [LogIndex]
    /// The newest entry that narrowed access and was acknowledged.
    var acknowledgedNarrowing: LogIndex = .zero
    var counters = WorldCounters()
    var trace = TraceHash()
    var tell: ((String) -> Void)?
    /// What a picture is drawn from, if one is wanted.
    let recording: Recording?
    /// Who looks at every event, to compare runs.
    var watch: EventWatch?
    /// What is wrong with this world on purpose.
    let canary: Canary?
    var nextEpoch: UInt64 = 1
    var nextTicket: UInt64 = 1
    var cuts: [[Fault.Link]] = []
    var slowdowns: [(links: [Fault.Link], extra: UInt64)] = []
    /// The number of the next fault to be scheduled.
    var nextFault = 0
    /// Told what clients begin.
    var onBegun: ((PlannedOperation) -> Void)?
    /// Answers, if they are to be measured.
    var measurements: Measurements?
    var transfers: [SnapshotTransfer] = []
    /// Who waits for what narrowed access to be released.
    var releases: [AwaitedRelease] = []
    /// Changes of members that were asked for and are not answered.
    var changes: [Ticket: MembershipChange] = [:]
    /// Whether faults still come.
    var isStormy = true
    /// Whether everything is over.
    var isFinished = false
    /// How long a client waits for an answer, in milliseconds: in the calm also for the slowest
    /// node that a seed draws, since somebody must be answered then.
    var patience: UInt64 {
        isStormy || measurements != nil ? options.deadline : max(options.deadline, 2_000)
    }
    var downtimes = Downtimes()
    var acknowledgedBeforeCalm: UInt64 = 0
    var writesBegunInCalm = 0
    /// Whether the end has waited for who had everything, and had not applied it.
    var hasWaitedForAppliers = false
    /// From then on clients begin nothing new.
    var quietFrom = UInt64.max
    /// What a node of the newer release applies with, and of the older.
    let machine: StateMachine
    let olderMachine: StateMachine
    /// Whether there are both; then all nodes begin with the older one.
    let mixesReleases: Bool
    /// What was asked by nodes and operators, and is not answered.
    var orders: [Ticket: Order] = [:]
    /// Whether processes look through what they have synced: where nothing is damaged it would find
    /// nothing, and take its time.
    let isScrubbing: Bool
    /// A clock that stands still is past what leases promise to bear (docs/lease.md): where one
    /// does, there are none.
    let leaseMilliseconds: UInt64
    /// Whether anything ever hits a state: only then are states looked after.
    let hurtsStates: Bool

    init(
        _ plan: Plan, canary: Canary? = nil, tell: ((String) -> Void)? = nil,
        recording: Recording? = nil
    ) {
        self.plan = plan
        self.canary = canary
        options = plan.options
        mixesReleases = plan.has { $0.isOfRelease }
        leaseMilliseconds = plan.has { $0.isOfSteadyClock } ? 0 : options.leaseMilliseconds
        isScrubbing = plan.has { $0.isOfLog }
        hurtsStates = plan.has { $0.isOfState }
        #if PLANTED_DEFECTS
        Buggify.begin(seed: plan.seed)
        #endif
        self.tell = tell
        self.recording = recording
        network = Network(count: options.machines, seed: plan.seed)
        leases = Array(repeating: nil, count: options.machines)
        shown = Array(repeating: .zero, count: options.machines)
        let newer = max(2, StateMachine.featureLevel)
        machine = StateMachine(supports: newer, sha256: Self.chain)
        olderMachine = StateMachine(supports: newer - 1, sha256: Self.chain)
        let voters = (1...UInt64(options.nodes)).map { NodeID($0) }
        let configuration = ConfState(voters: voters)
        oracle = Oracle(
            nodes: options.machines, configuration: configuration,
            reference: Reference(machine: machine, configuration: configuration))
        history = History()
        nodes = (0..<options.machines).map {
            [options, machine, olderMachine, mixesReleases] index in
            var random = RandomSource(plan.seed, .node, index)
            let drift = options.drift(random.next(below: options.driftMax * 2 + 1))
            let wall = Int64(random.next(below: options.wallOffsetMax * 2 + 1))
            let clock = NodeClock(
                zero: random.next(below: 1 << 40),
                driftPartsPerMillion: drift,
                wallError: wall - Int64(options.wallOffsetMax))
            let isSpare = index >= options.nodes
            // Who is to join knows nobody yet.
            let store = MemoryStateStore(
                machine: mixesReleases ? olderMachine : machine,
                configuration: isSpare ? ConfState(voters: []) : configuration)
            let node = SimulatedNode(
                index: index, clock: clock, store: store, random: random)
            node.disk.capacityBytes = options.diskBytes
            node.disk.liesAboutSyncs = canary == .lyingDisk
            if isSpare { node.service = .spare }
            node.isNewer = !mixesReleases
            return node
        }
        oracle.onConfiguration = { [unowned self] _ in counters[.configurations] += 1 }
        let history = history
        oracle.onCommitted = { [unowned self] entry, applied in
            counters[.committed] += 1
            if applied.wasDuplicate { counters[.duplicates] += 1 }
            if canary == .earlyRelease { acknowledgedNarrowing = entry.index }
            return history.committed(entry, applied)
                ?? http?.judge.committed(entry, applied, at: now)
        }
        if options.isHTTP { http = HTTPLayer(self) }
    }

    /// A stand-in for SHA-256: 32 bytes that depend on every byte, at a fraction of the time. The
    /// state machine takes its hash function as a parameter.
    static func chain(_ bytes: [UInt8]) -> [UInt8] {
        var hash = TraceHash()
        hash.mix(TraceHash.digest(bytes))
        var writer = ByteWriter(capacity: 32)
        for _ in 0..<4 {
            hash.mix(UInt64(bytes.count))
            writer.write(hash.value)
        }
        return writer.bytes
    }

    // MARK: Running

    /// Runs to the end, or to the first broken promise.
    func run() -> SimulationReport {
        for node in nodes.indices where nodes[node].service != .spare {
            schedule(.start(node: node), in: nodes[node].random.upTo(10_000))
        }
        if let http { http.begin() } else { addClients() }
        scheduleFault()
        schedule(.check, in: 1_000_000)
        queue.schedule(.calm, at: options.seconds * 1_000_000)
        while !isFinished, oracle.violation == nil, let (time, event) = queue.pop() {
            now = time
            counters[.events] += 1
            handle(event)
            checkLeases()
            if hurtsStates { lookForDamage() }
            watch?.handled(event, number: counters[.events], at: now, trace)
        }
        watch?.finish(number: counters[.events], trace)
        counters[.failedSyncs] = nodes.reduce(0) { $0 + $1.disk.failedSyncs }
        var violation = oracle.violation
        violation?.time = now
        if let violation { recording?.mark(.violation, nil, "\(violation)", at: now, until: nil) }
        recording?.finish(at: now)
        return SimulationReport(
            seed: plan.seed, options: options, violation: violation, counters: counters,
            downtimes: downtimes, trace: trace, microseconds: now)
    }

    private func handle(_ event: WorldEvent) {
        switch event {
        case .turn(let node, let epoch): turn(node, epoch)
        case .timer(let node, let epoch): timer(node, epoch)
        case .deliver(let packet): deliver(packet)
        case .diskDone(let node, let epoch): diskDone(node, epoch)
        case .applyDone(let node, let epoch): applyDone(node, epoch)
        case .dial(let from, let to, let epoch): dial(from, to, epoch)
        case .dialled(let from, let to, let epoch, let run): dialled(from, to, epoch, run: run)
        case .lost(let from, let to, let connection, let isClosed):
            lost(from, to, connection: connection, isClosed: isClosed)
        case .silence(let from, let to, let era, let connection):
            silence(from, to, era: era, connection: connection)
        case .start(let node): start(node)
        case .resume(let node, let epoch): resume(node, epoch)
        case .fault(let fault): strike(fault)
        case .heal(let cut): heal(cut)
        case .cut(let cut): impose(cut)
        case .linksRecover(let number): linksRecover(number)
        case .thaw(let node): thaw(node)
        case .diskRecovers(let node): nodes[node].slowExtra = 0
        case .diskHasRoom(let node): nodes[node].disk.capacityBytes = options.diskBytes
        case .diskRetry(let node, let epoch): diskRetry(node, epoch)
        case .scrub(let node, let epoch): scrub(node, epoch)
        case .export(let from, let to, let epoch): export(from: from, to: to, epoch)
        case .chunk(let transfer): chunk(transfer)
        case .remove(let node): takeAway(node)
        case .register(let node, let epoch): register(node, epoch)
        case .duty(let node, let epoch): duty(node, epoch)
        case .stateSync(let node, let epoch): syncState(node, epoch)
        case .client(let client): clientActs(client)
        case .http(let event): http?.handle(event)
        case .check: checkUp()
        case .calm: calmDown()
        case .deadline: comeToRest()
        }
    }

    // MARK: Tools

    func schedule(_ event: WorldEvent, in delay: UInt64) {
        queue.schedule(event, at: now + delay)
    }

    /// Notes that something happened.
    func note(_ kind: UInt64, _ node: Int, _ detail: UInt64 = 0) {
        trace.mix(now)
        trace.mix(kind << 56 ^ UInt64(node) << 48 ^ detail)
    }

    /// Tells something worth knowing.
    func say(
        _ kind: Recording.Kind, _ node: Int?, _ line: @autoclosure () -> String,
        until end: UInt64? = nil
    ) {
        recording?.mark(kind, node, line(), at: now, until: end)
        narrate(line())
    }

    /// Tells something that is worth a line, and no place in a picture.
    func narrate(_ line: @autoclosure () -> String) {
        guard let tell else { return }
        let milliseconds = String(now / 1_000)
        let pad = String(repeating: " ", count: max(0, 9 - milliseconds.count))
        let rest = String(now % 1_000 + 1_000).dropFirst()
        tell("\(pad)\(milliseconds).\(rest)  \(line())")
    }

    func process(_ node: Int, _ epoch: UInt64) -> SimulatedNode.Process? {
        guard let process = nodes[node].process, process.epoch == epoch else { return nil }
        return process
    }
}
