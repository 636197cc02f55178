import AuthCore
import AuthService
import ByteCodec
import Cryptography
import HTTPAPI
import RaftCore
import Replica

/// Everything between clients and replicas: the interface of each node below its sockets, a load
/// balancer in front of them, gateways beside them, and whoever judges what they answer.
final class HTTPLayer {
    /// Who waits for what a replica answers.
    enum Waiter {
        /// A request that proposed something, as this attempt.
        case proposal(flight: Int, attempt: Int, isNarrowing: Bool)
        /// A request that waits for a read; its answer counts as this.
        case read(flight: Int, Wait)
        case transfer(flight: Int)
        /// A node that asks whether it could read.
        case probe(node: Int, epoch: UInt64, asked: SteadyTime)
        /// A node that makes the cluster or registers.
        case settling(node: Int, epoch: UInt64)
        /// A node that tells of usage.
        case usage(node: Int, epoch: UInt64, sequence: UInt64)
        /// Nobody.
        case alone
    }

    /// What a confirmed read stands for.
    enum Wait {
        case confirmation
        case index
        case release(LogIndex)
    }

    unowned let world: World
    let options: SwarmOptions
    /// The service of the process that runs on each node.
    var services: [NodeService?]
    var balancer: Balancer
    /// Chance of everything on the way between clients and nodes.
    var random: RandomSource
    // Looked up, never iterated.
    var flights: [Int: Flight] = [:]
    private var nextFlight = 0
    private var waiters: [Ticket: Waiter] = [:]
    var clients: [HTTPClient] = []
    var accounts: [Account] = []
    var judge: Judge
    /// Users who enrol in one-time codes, and the codes that were shown.
    var coders: [Coder] = []
    var codes: [KnownCode] = []
    /// Roles that are made already, of those that are wanted first.
    var setUpRoles = 0
    /// Passwords and values are never used twice.
    var nextPassword = 0
    var nextValue: UInt64 = 0
    /// Hashes the passwords that are asked for, when their time is over.
    private let worker: PasswordWorker

    init(_ world: World) {
        self.world = world
        options = world.options
        services = Array(repeating: nil, count: world.options.machines)
        judge = Judge(nodes: world.options.machines)
        // Machines that join later are servers of it too, and fail its checks until then.
        balancer = Balancer(nodes: world.options.machines)
        random = RandomSource(world.plan.seed, .front, 0)
        let least = Argon2Parameters(memoryKiB: 8, passes: 1, lanes: 1)
        do throws(PasswordHashError) {
            worker = try PasswordWorker(
                hasher: PasswordHasher(parameters: least),
                random: SimulatedRandomBytes(seed: world.plan.seed ^ 0x7061_7373))
        } catch {
            preconditionFailure("8 KiB for a password: \(error)")
        }
    }

    /// The record of a password.
    func hashed(_ password: String) -> AuthCore.PasswordHash {
        let clear = SharedSecret(copying: Array(password.utf8))
        guard case .made(let record) = worker.perform(.make(clear)) else {
            preconditionFailure("a password cannot be hashed")
        }
        return PasswordHash(phc: Text(record.phc), pepperKeyID: record.pepperKeyID)
    }

    func perform(_ job: HashJob) -> HashResult { worker.perform(job) }

    // MARK: Events

    func handle(_ event: HTTPEvent) {
        switch event {
        case .act(let client): act(client)
        case .arrive(let flight): arrive(flight)
        case .look(let flight): look(flight)
        case .decide(let flight): decide(flight)
        case .say(let flight): say(flight)
        case .resume(let flight): resume(flight)
        case .hashed(let flight): hashed(flight)
        case .answered(let flight): answered(flight)
        case .broken(let flight): broken(flight)
        case .gaveUp(let flight): gaveUp(flight)
        case .balancerLooks(let node): look(at: node)
        case .housekeeping(let node, let epoch): keepHouse(node, epoch)
        }
    }

    func schedule(_ event: HTTPEvent, in delay: UInt64) {
        world.schedule(.http(event), in: delay)
    }

    /// One way between who asks and who answers.
    func wayTime() -> UInt64 {
        random.delay(
            options.latencyMin, options.latencySpread,
            tail: world.isStormy ? options.latencyTail : 0, oneIn: 256)
    }

    /// Whether something is lost on the way.
    func isLost() -> Bool {
        world.isStormy && options.loss > 0 && random.chance(options.loss, in: 65_536 * 4)
    }

    // MARK: Processes

    func started(_ node: Int, _ process: SimulatedNode.Process) {
        judge.limits.began()
        judge.quotas.began()
        services[node] = NodeService(
            world, node: node, process: process, seed: world.nodes[node].random.next())
        schedule(
            .housekeeping(node: node, epoch: process.epoch), in: NodeService.sampleMicroseconds)
    }

    /// A process told to stop tells load balancers first.
    func drains(_ node: Int) { services[node]?.isDraining = true }

    /// A process goes on after a pause: its threads all at once, those that answer requests perhaps
    /// before the one that learns what happened meanwhile.
    func resumed(_ node: Int) {
        guard let service = services[node] else { return }
        for flight in service.held {
            schedule(.arrive(flight: flight), in: random.upTo(options.turnDelayMax + 10))
        }
        service.held = []
        for event in service.stopped {
            schedule(event, in: random.upTo(options.turnDelayMax + 10))
        }
        service.stopped = []
    }

    /// A process is gone, and the connections to it.
    func ended(_ node: Int) {
        guard let service = services[node] else { return }
        services[node] = nil
        for ticket in service.process.waiting {
            if case .proposal(_, let attempt, _) = waiters.removeValue(forKey: ticket) {
                world.history.unknown(attempt)
            }
        }
        for flight in service.held + service.flights { leave(flight) }
        // Heard at once where the machine goes on; a machine without power says nothing.
        guard !world.nodes[node].isOff else { return }
        for flight in service.held + service.flights {
            schedule(.broken(flight: flight), in: wayTime())
        }
    }

    private func keepHouse(_ node: Int, _ epoch: UInt64) {
        guard let service = services[node], service.process.epoch == epoch else { return }
        if !service.process.isPaused { service.tick() }
        schedule(
            .housekeeping(node: node, epoch: epoch), in: NodeService.sampleMicroseconds)
    }

    private func look(at node: Int) {
        var isUncertain = false
        for backend in Balancer.Backend.allCases {
            let isGood = isHealthy(node, backend)
            let isHasty = balancer.checked(node, backend, isGood: isGood)
            isUncertain = isUncertain || isHasty
        }
        schedule(
            .balancerLooks(node: node), in: isUncertain ? Balancer.fastInter : Balancer.inter)
    }

    private func isHealthy(_ node: Int, _ backend: Balancer.Backend) -> Bool {
        guard let service = services[node], !service.process.isPaused else { return false }
        let head = HTTPRequestHead(
            method: "GET", path: backend.path, headers: ["host": "balancer"])
        guard case .respond(let response) = service.api.handle(HTTPRequest(head: head)).step
        else { return false }
        return response.status == 200
    }

    // MARK: Tickets

    func expect(_ ticket: Ticket, _ waiter: Waiter) { waiters[ticket] = waiter }

    func takeWaiter(_ ticket: Ticket) -> Waiter? { waiters.removeValue(forKey: ticket) }

    func takeFlightNumber() -> Int {
        defer { nextFlight += 1 }
        return nextFlight
    }
}
