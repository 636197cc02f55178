public import AuthCore
internal import ByteCodec
internal import Dispatch
public import Logging
public import PeerTransport
public import RaftCore
internal import RaftWire
public import Replica
public import StateStore
internal import Synchronization
internal import WriteAheadLog

/// One running node of a cluster: its replica, and the threads that carry out what it asks.
///
/// Four threads: the loop; the log writer, the applier and the syncer of the state, each with a
/// mailbox. The replica's turns are taken by one thread at a time: by whichever has brought
/// something, or by the loop when time has passed. No thread ever waits for another, except that
/// the log writer waits for an install, which must come between two of its groups. Nothing is
/// decided here.
///
/// Completions are called within a turn, on any thread: they hand on, and do nothing else.
public final class ReplicaRuntime: Sendable {
    /// The state, for views of any thread.
    public let store: any StateStore
    /// The clocks that deadlines are read from.
    public let clock: NodeClock

    private let requests: TurnQueue
    private let logWriter: LogWriter
    /// The read lease of this node, for every thread that answers.
    public let lease: PublishedLease
    /// What this node has of limits, for every thread that answers.
    public let till: SharedTill
    private let applier: Applier
    private let syncer: StateSyncer
    private let scrubber: StateScrubber
    private let snapshots: SnapshotExchange
    private let published: Mutex<ReplicaStatus>
    private let loop = Mutex<Worker?>(nil)
    private let stopped = DispatchSemaphore(value: 0)
    private let logger: Logger
    private let marker: RunMarker
    private let isShuttingDown = Atomic<Bool>(false)

    /// Starts a node: its threads, and its connections to the peers.
    ///
    /// - Parameters:
    ///   - transport: not started yet.
    ///   - begin: starts the transport with what takes its messages and snapshots.
    ///   - fatal: ends the process when its disk has failed.
    ///   - renew: ends the process and begins it anew, when the state was given up.
    public init(
        disk: NodeDisk, seed: UInt64, options: RuntimeOptions, clock: NodeClock,
        transport: PeerTransport, logger: Logger, fatal: FatalError, renew: FatalError,
        begin: (any PeerTransportDelegate, any SnapshotStreamSink) throws -> Void
    ) throws {
        store = disk.store
        let marker = disk.marker
        self.marker = marker
        let fatal = Self.marking(marker, logger, fatal)
        self.clock = clock
        self.logger = logger
        let requests = TurnQueue(limit: Self.requestsMax, clock: clock)
        self.requests = requests
        let report: @Sendable (ReplicaInput) -> Void = { input in
            requests.putForLoop(.input(input), evenIfFull: true)
        }
        // What threads of this node have done: they take the turn that follows from it.
        let done: @Sendable ([ReplicaInput]) -> Void = { inputs in
            for input in inputs { requests.put(.input(input), evenIfFull: true) }
            requests.takeTurn()
        }
        let replica = disk.makeReplica(
            seed: seed, options: options.replica,
            now: ReplicaClocks(steady: clock.steady, wall: clock.wall))
        published = Mutex(replica.status)
        lease = PublishedLease(clock: clock)
        till = SharedTill(clock: clock)
        let scrubber = StateScrubber(store: disk.store, logger: logger)
        self.scrubber = scrubber
        snapshots = SnapshotExchange(
            store: disk.store, scrubber: scrubber, report: report, logger: logger)
        logWriter = LogWriter(
            report: done,
            damaged: { place in
                logger.error(
                    "the log is damaged, and is written anew from memory",
                    metadata: ["place": "\(place)"])
            }, fatal: fatal)
        let space = DiskSpace(report: report)
        syncer = StateSyncer(store: disk.store, report: done, fatal: fatal)
        applier = Applier(
            store: disk.store, syncer: syncer, snapshots: snapshots, node: disk.node, run: disk.run,
            space: space,
            report: done, fatal: fatal)
        logWriter.start(disk.takeLog(space))
        applier.start()
        syncer.start()
        snapshots.use(transport)
        let turns = ReplicaTurns(
            replica: replica, logWriter: logWriter, applier: applier, snapshots: snapshots,
            transport: transport, clock: clock, lease: lease, till: till)
        beginTurns(turns, fatal: fatal, renew: renew)
        try begin(PeerInbox(requests: requests), snapshots)
        store.observeDamage { damage in
            logger.critical(
                "the state is damaged: nothing is answered from it until a peer's has come",
                metadata: ["error": "\(damage)"])
            requests.putForLoop(.input(.fitness(.stateDamaged)), evenIfFull: true)
        }
        // The first turn, which finds out when the second one is wanted.
        requests.putForLoop(.input(.timer), evenIfFull: true)
    }

    private func beginTurns(_ turns: ReplicaTurns, fatal: FatalError, renew: FatalError) {
        requests.begin { [self] batch in
            turns.take(batch)
            let status = turns.status
            published.withLock { $0 = status }
            return TurnQueue.Outcome(deadline: turns.deadline, isStopped: status.isStopped)
        }
        let thread = Worker(name: "watchword-loop") { [self] in
            requests.loop()
            giveDamagedStateUp(fatal: fatal, renew: renew)
            stopped.signal()
        }
        loop.withLock { $0 = thread }
    }

    /// Requests that wait for a turn.
    private static let requestsMax = 1 << 18

    // MARK: Requests
    //
    // Each is taken up by the loop thread, unless the caller says that it will take a turn itself:
    // it then calls `takeTurn` soon, on any thread.

    /// Takes a turn with everything that waits, unless another thread does.
    ///
    /// The caller holds no lock: completions are called within a turn.
    public func takeTurn() { requests.takeTurn() }

    private func put(_ request: RuntimeRequest, takesTurn: Bool) -> Bool {
        takesTurn ? requests.put(request) : requests.putForLoop(request)
    }

    /// Proposes a command. The completion is called exactly once, at the deadline at the latest;
    /// for a command that narrows access only when no node can answer on a view without it.
    public func propose(
        _ command: Command, deadline: SteadyTime, takesTurn: Bool = false,
        completion: @escaping @Sendable (ProposalCompletion) -> Void
    ) {
        let request = RuntimeRequest.propose(
            command.encoded(), isNarrowing: command.isNarrowing, deadline: deadline,
            completion: completion)
        if !put(request, takesTurn: takesTurn) {
            completion(.notProposed(.tooBusy, leader: nil))
        }
    }

    /// Asks for a moment from which a view opened here shows everything acknowledged before.
    public func confirmRead(
        deadline: SteadyTime, takesTurn: Bool = false,
        completion: @escaping @Sendable (ReadCompletion) -> Void
    ) {
        let request = RuntimeRequest.confirmRead(deadline: deadline, completion: completion)
        if !put(request, takesTurn: takesTurn) { completion(.failed(.tooBusy, leader: nil)) }
    }

    /// Waits until no node can answer on a view that lacks what narrows access up to and with this
    /// index.
    public func awaitRelease(
        _ index: LogIndex, deadline: SteadyTime, takesTurn: Bool = false,
        completion: @escaping @Sendable (ReadCompletion) -> Void
    ) {
        let request = RuntimeRequest.awaitRelease(
            index, deadline: deadline, completion: completion)
        if !put(request, takesTurn: takesTurn) { completion(.failed(.tooBusy, leader: nil)) }
    }

    /// Waits until views opened here show this index.
    public func awaitIndex(
        _ index: LogIndex, deadline: SteadyTime, takesTurn: Bool = false,
        completion: @escaping @Sendable (ReadCompletion) -> Void
    ) {
        if store.appliedIndex >= index { return completion(.confirmed(index)) }
        let request = RuntimeRequest.awaitIndex(index, deadline: deadline, completion: completion)
        if !put(request, takesTurn: takesTurn) { completion(.failed(.tooBusy, leader: nil)) }
    }

    /// Hands leadership over, to the best node with nil.
    public func transfer(
        to target: NodeID?, completion: @escaping @Sendable (TransferCompletion) -> Void
    ) {
        let request = RuntimeRequest.transfer(to: target, completion: completion)
        if !requests.putForLoop(request) { completion(.failed) }
    }

    /// Changes who belongs to the cluster. The completion is called exactly once, at the deadline
    /// at the latest.
    public func changeMembers(
        _ change: MembershipChange, deadline: SteadyTime,
        completion: @escaping @Sendable (MembershipCompletion) -> Void
    ) {
        let request = RuntimeRequest.changeMembers(
            change, deadline: deadline, completion: completion)
        if !requests.putForLoop(request) { completion(.refused(.notLeader(leader: nil))) }
    }

    /// Brings what was used of limits to the leader. To be called many times in each second, and
    /// only while the state is at a feature level at which every node knows of limits.
    public func claimBudgets() {
        till.open()
        // A batch that finds no room counts as one without an answer.
        if let claims = till.claims() { requests.putForLoop(.input(.claimBudgets(claims))) }
    }

    /// What the replica knew at the end of its last turn.
    public var status: ReplicaStatus { published.withLock { $0 } }

    /// What the log writer counted.
    public var logStatistics: LogStatistics { logWriter.statisticsNow }

    /// Reads the whole state in the background, unless that was done lately.
    public func scrub() { scrubber.begin() }

    /// What was counted of such looks.
    public var scrubStatistics: ScrubStatistics { scrubber.statisticsNow }

    /// What the applier counted.
    public var applyStatistics: ApplyStatistics { applier.statisticsNow }

    /// Says that this process ends: it does not begin anew, whatever becomes of its state.
    /// `shutdown` follows.
    public func willShutDown() { isShuttingDown.store(true, ordering: .releasing) }

    /// Hands leadership over, answers everybody, and ends the threads; at most a few seconds.
    public func shutdown() {
        willShutDown()
        requests.putForLoop(.input(.shutdown), evenIfFull: true)
        if stopped.wait(timeout: .now() + .seconds(5)) == .timedOut {
            logger.warning("the replica did not end in time")
        }
        requests.close()
        let isLogClosed = logWriter.stop()
        guard applier.stop(), syncer.stop(), isLogClosed else { return }
        // So that the next start has nothing to apply again.
        if store.damage == nil { syncer.synchronize() }
        do { try marker.noteStopped() } catch {
            logger.warning("the stop could not be noted", metadata: ["error": "\(error)"])
        }
    }

    /// Tells the next process that the disk has failed this one, before this one ends.
    private static func marking(
        _ marker: RunMarker, _ logger: Logger, _ fatal: FatalError
    ) -> FatalError {
        FatalError { reason in
            do { try marker.noteFailed() } catch {
                // The same disk, most likely.
                logger.error("the failure could not be noted", metadata: ["error": "\(error)"])
            }
            fatal(reason)
        }
    }

    /// A state that cannot be believed is given up when the replica has ended, and the process goes
    /// on in a new one: nothing of this one may outlive the state, its leases least of all.
    private func giveDamagedStateUp(fatal: FatalError, renew: FatalError) {
        if store.damage != nil, store.lost == nil {
            do { try store.giveUp() } catch {
                fatal("a damaged state could not be given up: \(error)")
            }
        }
        // Whoever was told to stop is on the way out already. Nothing else ends a replica.
        if !isShuttingDown.load(ordering: .acquiring) { renew("the state was given up") }
    }
}
