internal import ByteCodec
internal import Dispatch
internal import RaftCore
internal import RaftWire
internal import Replica

/// Where messages to peers go. Never blocks; may lose them.
protocol PeerSender: Sendable {
    func send(_ message: PeerMessage, to peer: NodeID)
}

/// The replica and what its turns touch. Owned by whoever takes a turn.
final class ReplicaTurns {
    private var replica: Replica
    private var waiters = Waiters()
    private let logWriter: LogWriter
    private let applier: Applier
    private let snapshots: SnapshotExchange
    private let transport: any PeerSender
    private let clock: NodeClock
    private let lease: PublishedLease
    private let till: SharedTill

    init(
        replica: Replica, logWriter: LogWriter, applier: Applier, snapshots: SnapshotExchange,
        transport: any PeerSender, clock: NodeClock, lease: PublishedLease, till: SharedTill
    ) {
        self.replica = replica
        self.logWriter = logWriter
        self.applier = applier
        self.snapshots = snapshots
        self.transport = transport
        self.clock = clock
        self.lease = lease
        self.till = till
    }

    var deadline: SteadyTime? { replica.deadline }
    var status: ReplicaStatus { replica.status }

    /// One turn with everything that has come, then the actions that follow from it.
    func take(_ batch: [RuntimeRequest]) {
        // The clock is read when everything in the batch has arrived: leases rest on that order.
        let now = ReplicaClocks(steady: clock.steady, wall: clock.wall)
        var inputs = batch.map(input(for:))
        if let deadline = replica.deadline, deadline <= now.steady { inputs.append(.timer) }
        for action in replica.handle(inputs, now: now) { carryOut(action) }
    }

    private func input(for request: RuntimeRequest) -> ReplicaInput {
        switch request {
        case .input(let input): input
        case .propose(let command, let isNarrowing, let deadline, let completion):
            .propose(
                waiters.add(completion), command: command, isNarrowing: isNarrowing,
                deadline: deadline)
        case .confirmRead(let deadline, let completion):
            .confirmRead(waiters.add(completion), deadline: deadline)
        case .awaitIndex(let index, let deadline, let completion):
            .awaitIndex(waiters.add(completion), index, deadline: deadline)
        case .awaitRelease(let index, let deadline, let completion):
            .awaitRelease(waiters.add(completion), index, deadline: deadline)
        case .transfer(let target, let completion):
            .transfer(waiters.add(completion), to: target)
        case .changeMembers(let change, let deadline, let completion):
            .changeMembers(waiters.add(completion), change, deadline: deadline)
        }
    }

    private func carryOut(_ action: ReplicaAction) {
        switch action {
        case .send(let message, let peer): transport.send(message, to: peer)
        case .persist(let request): logWriter.put(.persist(request))
        case .apply(let entries): applier.put(.apply(entries))
        case .complete(let ticket, let completion): waiters.complete(ticket, completion)
        case .completeRead(let ticket, let completion): waiters.complete(ticket, completion)
        case .completeTransfer(let ticket, let completion): waiters.complete(ticket, completion)
        case .completeChange(let ticket, let completion): waiters.complete(ticket, completion)
        case .configuration:
            // Whoever keeps the members tells the transport its peers, with their addresses.
            break
        case .sendSnapshot(let peer): snapshots.send(to: peer)
        case .install(let metadata):
            let installed = LogWriter.InstalledState()
            logWriter.put(.beginAnew(installed))
            applier.put(.install(metadata, installed))
        case .replaceState(let metadata):
            // The new state may reach further than what is durable of the log that stays. Nothing
            // is applied meanwhile, so this cannot come too late.
            logWriter.put(.whenSynced { [applier] in applier.put(.replaceState(metadata)) })
        case .discardSnapshot(let metadata): snapshots.discard(metadata)
        case .lease(let held): lease.publish(held)
        case .budgets(let answer, let members): till.answered(answer, members: members)
        case .trimLog(let index): logWriter.put(.trim(upTo: index))
        case .rewriteLog(let start, let entries):
            logWriter.put(.rewrite(startingAfter: start, entries))
        case .stopped: break
        }
    }
}
