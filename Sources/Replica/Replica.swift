public import ByteCodec
public import RaftCore
import RaftWire

/// The synchronous orchestration of one node: inputs in, actions out; no clock, disk or network.
///
/// It owns the consensus core and decides everything around it: which proposals are with whom,
/// which reads wait for what, the order of installing and applying, what may be trimmed, and how
/// the node takes its leave. A runtime carries the actions out and hands back what came of them;
/// equal inputs give equal actions.
///
/// What it promises to who waits:
/// - each ticket is answered exactly once, at its deadline at the latest;
/// - `.applied` means committed, and visible in views opened on this node; `.notProposed` means
///   in no log, ever; everything else is `.unknown`, never a guess;
/// - a proposal takes effect at most once however often it is sent, since it keeps its
///   `ProposalID`, and apply keeps the outcome under it;
/// - a confirmed read shows everything that was acknowledged before it arrived, by any node.
public struct Replica: Sendable {
    /// This node.
    public let id: NodeID
    /// This process of the node, higher than every one before; the run of its `ProposalID`s.
    public let run: UInt64
    /// Times and limits.
    public let options: ReplicaOptions

    var core: RaftCore
    var clock: LeaderClock
    var now: ReplicaClocks
    var counters = ReplicaCounters()

    // Who leads, as the core last said.
    var role: Role = .follower
    var leader: NodeID?
    var term: Term = .zero
    /// The last leader that was known, and its term: as long as it is the same, what it accepted
    /// stands in its log.
    var lastKnown: (leader: NodeID, term: Term)?
    /// Since when nobody is known to lead.
    var leaderlessSince: SteadyTime?
    /// The peers to which a connection stands, sorted.
    var connected: [NodeID] = []

    // Own proposals.
    var pending = PendingProposals()
    var nextCounter: UInt64 = 1
    /// Counters to be handed to whoever leads, when somebody does.
    var unsent: [UInt64] = []
    var timers = MinHeap<SteadyTime, Timer>()
    /// Accepted places in the log, to notice when another entry is applied there.
    var placed = MinHeap<LogIndex, Placed>()

    // Proposals that peers sent, in this turn.
    var forwarded: [(from: NodeID, proposals: [ForwardedProposal])] = []

    // Reads.
    var reads = ReadQueue()
    var nextRequest: UInt64
    /// Questions of peers and of this node that the core works on. Looked up, never iterated.
    var readContexts: [UInt64: RemoteRead] = [:]

    // Read leases.
    var lease: LeaseKeeping

    /// Limits that all nodes share.
    var budgets = BudgetKeeping()

    // State.
    var visible: LogIndex
    var durableApplied: LogIndex
    var trimmed: LogIndex
    /// What the core had cut off its log when it was last trimmed.
    var trimmedBytes: UInt64 = 0
    /// Whether the log on the disk was found damaged, and is to be written anew.
    var isRewriteWanted = false
    /// Whether the log has lost a part, as of the last turn.
    var isRepairing = false

    /// Whether this node may lead and answer.
    var fitness = Fitness.fit
    // A state that is lost, here or elsewhere.
    var repair: StateRepair?
    /// Whether the state that is being put in the place of a lost one is said to be damaged too.
    var isNewStateDamaged = false
    /// Peers without a state to which a copy is on its way.
    var suppliedPeers: [NodeID] = []

    // Members.
    var changes: [ChangeWaiter] = []

    // Leave-taking.
    var transfers: [TransferWaiter] = []
    var departure: Departure?
    var isStopped = false

    var actions: [ReplicaAction] = []

    /// What is looked at when a moment has come.
    enum Timer: Sendable {
        /// A proposal's deadline.
        case deadline(UInt64)
        /// The end of a proposal's park time.
        case park(UInt64)
        /// A proposal is to be sent again if nothing came of it.
        case retry(UInt64)
    }

    /// A proposal's place in the log.
    struct Placed: Sendable {
        let counter: UInt64
        let entry: EntryID
    }

    /// Who waits for a hand-over.
    struct TransferWaiter: Sendable {
        let ticket: Ticket
        let target: NodeID?
        let deadline: SteadyTime
    }

    /// How far this node is with its leave-taking.
    struct Departure: Sendable {
        /// `stopped` comes then at the latest.
        let end: SteadyTime
        /// When leadership is offered again if it is still here.
        var nextOffer: SteadyTime
    }

    /// A node as its disk left it.
    ///
    /// - Parameters:
    ///   - run: higher than that of every earlier start of this node.
    ///   - restored: the log and the durable state under it.
    ///   - lastStamp: the newest stamp that the state has applied.
    ///   - seed: for the core's random time-outs.
    public init(
        id: NodeID, run: UInt64, options: ReplicaOptions, restored: RestoredState,
        lastStamp: Timestamp, seed: UInt64, now: ReplicaClocks
    ) {
        self.id = id
        self.run = run
        self.options = options
        self.now = now
        core = RaftCore(
            id: id, options: options.raft, restored: restored, seed: seed, now: now.steady)
        clock = LeaderClock(
            last: lastStamp, toleranceMilliseconds: options.clockToleranceMilliseconds)
        // What is behind the beginning of the log may have narrowed access up to its last entry.
        lease = LeaseKeeping(
            lastNarrowing: max(restored.logStart.index, restored.snapshot.last.index))
        for entry in restored.entries {
            if let stamp = ProposalFields.stamp(of: entry) { clock.found(stamp) }
        }
        term = restored.hardState.term
        leaderlessSince = now.steady
        visible = restored.isStateLost ? .zero : restored.snapshot.last.index
        durableApplied = visible
        trimmed = restored.logStart.index
        // Questions of different runs must not share numbers: an answer that was on its way when
        // this node restarted would confirm a read that came after it.
        var numbers = RandomSource(seed: run)
        nextRequest = numbers.next()
        noteNarrowing(in: restored.entries)
        if restored.isStateLost { fitnessChanged(.stateDamaged) }
    }

    /// One turn: everything that has come, in its order, then what follows from all of it.
    ///
    /// Handing over much at once costs less: proposals of one turn share one append and one
    /// message, reads one round.
    ///
    /// - Parameter now: not before the time of any earlier turn.
    /// - Returns: what is to be done, in order.
    public mutating func handle(
        _ inputs: [ReplicaInput], now moment: ReplicaClocks
    ) -> [ReplicaAction] {
        now.wall = moment.wall
        now.steady = max(now.steady, moment.steady)
        guard !isStopped else { return refusals(of: inputs) }
        var isTimerDue = false
        // Before everything else: what was applied is not answered any more either.
        for case .fitness(.stateDamaged) in inputs { fitnessChanged(.stateDamaged) }
        for input in Planted.bookedByCachedClock.isOn ? leaseAsksFirst(inputs) : inputs {
            if input == .timer { isTimerDue = true } else { absorb(input) }
        }
        if isTimerDue { core.step(.timer, now: now.steady) }
        expire()
        offerLeadership()
        settle()
        stopIfDone()
        defer { actions.removeAll() }
        return actions
    }

    /// One input by itself.
    public mutating func handle(
        _ input: ReplicaInput, now moment: ReplicaClocks
    ) -> [ReplicaAction] {
        handle([input], now: moment)
    }

    /// When `ReplicaInput.timer` is wanted next; nil if only something from outside can give this
    /// node something to do.
    public var deadline: SteadyTime? {
        guard !isStopped else { return nil }
        var due = SteadyTime(nanoseconds: .max)
        if let moment = core.deadline { due = min(due, moment) }
        if let moment = timers.first { due = min(due, moment) }
        if let moment = reads.deadline { due = min(due, moment) }
        for waiter in transfers { due = min(due, waiter.deadline) }
        if let moment = leaseDeadline { due = min(due, moment) }
        if let moment = changeDeadline { due = min(due, moment) }
        if let moment = repairDeadline { due = min(due, moment) }
        if let departure {
            due = min(due, departure.end)
            if role == .leader { due = min(due, departure.nextOffer) }
        }
        if hasUnconfirmedReads, let leaderlessSince {
            due = min(due, leaderlessSince.advanced(milliseconds: options.parkMilliseconds))
        }
        return due == SteadyTime(nanoseconds: .max) ? nil : due
    }

    /// What this node is now. Costs nothing, unlike `status`.
    public var glance: RaftGlance { core.glance }

    /// The consensus underneath, for tests and the checkers of the simulator.
    public var consensus: RaftCore { core }
}

// MARK: - Turns

extension Replica {
    private mutating func absorb(_ input: ReplicaInput) {
        switch input {
        case .timer: break
        case .received(let message, let from): received(message, from: from)
        case .connected(let peer): peerConnected(peer)
        case .connectionLost(let peer, let loss): peerLost(peer, loss)
        case .propose(let ticket, let command, let isNarrowing, let deadline):
            propose(ticket, command, isNarrowing: isNarrowing, deadline: deadline)
        case .confirmRead(let ticket, let deadline): confirmRead(ticket, deadline: deadline)
        case .awaitIndex(let ticket, let index, let deadline):
            awaitIndex(ticket, index, deadline: deadline)
        case .awaitRelease(let ticket, let index, let deadline):
            awaitRelease(ticket, index, deadline: deadline)
        case .abandon(let ticket): abandon(ticket)
        case .persisted(let token): core.step(.persisted(token), now: now.steady)
        case .applied(let last, let durable, let outcomes):
            applied(upTo: last.index, durable: durable, outcomes)
        case .stateSynced(let index): stateSynced(upTo: index)
        case .snapshotReceived(let metadata, let from): snapshotReceived(metadata, from: from)
        case .snapshotInstalled(let metadata, let lastStamp):
            snapshotInstalled(metadata, lastStamp: lastStamp)
        case .receivingSnapshot(let isReceiving): receivingSnapshot(isReceiving)
        case .snapshotInstallFailed:
            isNewStateDamaged = false
            core.step(.snapshotInstallFailed, now: now.steady)
        case .snapshotSent(let peer, let metadata, let succeeded):
            stateSupplied(to: peer)
            core.step(
                .snapshotSent(to: peer, metadata: metadata, succeeded: succeeded), now: now.steady)
        case .transfer(let ticket, let target): transfer(ticket, to: target)
        case .changeMembers(let ticket, let change, let deadline):
            changeMembers(ticket, change, deadline: deadline)
        case .shutdown: beginDeparture()
        case .logDamaged: isRewriteWanted = true
        case .storageFull(let isFull): core.step(.storageFull(isFull), now: now.steady)
        case .fitness(let fitness): fitnessChanged(fitness)
        case .claimBudgets(let claims): claimBudgets(claims)
        }
    }

    private mutating func received(_ message: PeerMessage, from peer: NodeID) {
        guard peer != id else { return }
        switch message {
        case .raft(let message):
            guard message.from == peer else { return }
            observeStamps(of: message)
            core.step(.message(message), now: now.steady)
        case .propose(let proposals): forwarded.append((peer, proposals))
        case .proposalReplies(let replies): proposalsAnswered(replies, by: peer)
        case .readIndex(let request): readIndexAsked(request, by: peer)
        case .readIndexReply(let request, let index):
            readIndexAnswered(request, index: index, by: peer)
        case .leaseAsk(let ask): leaseAsked(ask, by: peer)
        case .leaseGrant(let grant): leaseGranted(grant)
        case .released(let index): lease.released = max(lease.released, index)
        case .stateWanted(let index): stateWanted(atLeast: index, by: peer)
        case .budgetClaims(let claims): budgetsClaimed(claims, by: peer)
        case .budgetGrants(let answer): budgetsAnswered(answer, by: peer)
        case .budgetLevels(let levels): budgetsTold(levels, by: peer)
        }
    }

    /// Everything that follows from what was absorbed, until nothing more does. Each pass through
    /// the loop hands something to the core that it did not have, or is the last.
    private mutating func settle() {
        carryOutReady()
        while true {
            let isAnythingProposed = sendProposals()
            let isAnythingAsked = beginReadRound()
            let isAnyoneDropped = permitDropping()
            guard isAnythingProposed || isAnythingAsked || isAnyoneDropped else { break }
            carryOutReady()
        }
        completeVisibleReads()
        askForState()
        reportNarrowing()
        settleLeases()
        settleChanges()
        trim()
    }

    private mutating func carryOutReady() {
        let ready = core.takeReady()
        // What came into the log counts for whoever leads from now on.
        if let request = ready.persist { noteNarrowing(in: request.entries) }
        // What was confirmed was confirmed before leadership changed.
        for read in ready.readStates { readConfirmed(read.context, at: read.index) }
        if let soft = ready.softState { leadershipChanged(soft) }
        // Messages wait for no disk; so they go before the disk is kept busy.
        for message in ready.messages {
            actions.append(.send(.raft(message), to: message.to))
            // Each answer to a heartbeat asks for the next lease.
            if case .heartbeatReply = message.body, message.to == leader { askForLease() }
        }
        if let request = ready.persist {
            for entry in request.entries {
                if let stamp = ProposalFields.stamp(of: entry) { clock.found(stamp) }
            }
            actions.append(.persist(request))
        }
        tendLog()
        if !ready.committed.isEmpty {
            if let first = ready.committed.first(where: ProposalFields.isNarrowing),
                let last = ready.committed.last(where: ProposalFields.isNarrowing)
            {
                lease.handedOut(first: first.index, last: last.index)
            }
            actions.append(.apply(ready.committed))
        }
        for peer in ready.snapshotsToSend { actions.append(.sendSnapshot(to: peer)) }
        if let metadata = ready.install {
            actions.append(ready.isLogKept ? .replaceState(metadata) : .install(metadata))
        }
        for context in ready.droppedReads { readDropped(context) }
        if let configuration = ready.configuration {
            actions.append(.configuration(configuration))
        }
    }

    private mutating func leadershipChanged(_ soft: SoftState) {
        let isSame = soft.leader == leader && soft.term == term
        if soft.role == .leader, role != .leader { counters.leaderships += 1 }
        role = soft.role
        term = soft.term
        if role != .leader {
            lease.book = nil
        } else if lease.book?.term != term {
            beginLeaseBook()
        }
        guard !isSame else { return }
        leader = soft.leader
        readsMustAskAnew()
        guard let leader else {
            leaderlessSince = leaderlessSince ?? now.steady
            return
        }
        leaderlessSince = nil
        tellNewLeader()
        if let lastKnown, lastKnown == (leader, term) { return }
        lastKnown = (leader, term)
        resendAll()
        completeTransfers()
    }

    /// What the clock brings.
    private mutating func expire() {
        while let timer = timers.pop(upTo: now.steady) {
            switch timer {
            case .deadline(let counter): proposalDeadline(counter)
            case .park(let counter): parkTimeEnded(counter)
            case .retry(let counter): retry(counter)
            }
        }
        if timers.isCrowded(live: pending.count) {
            let pending = pending
            timers.remove { timer in
                switch timer {
                case .deadline(let counter), .park(let counter), .retry(let counter):
                    pending[counter] == nil
                }
            }
        }
        expireReads()
        expireTransfers()
    }
}
