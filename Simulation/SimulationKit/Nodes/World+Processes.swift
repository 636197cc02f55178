import AuthCore
import ByteCodec
import RaftCore
import Replica
import StateStore
import WriteAheadLog

// Starting and ending processes.

extension World {
    /// How a process ends.
    enum Ending {
        /// By kill -9: the machine goes on.
        case kill
        /// With the machine.
        case powerLoss
        /// By itself, after SIGTERM.
        case stop
    }

    func start(_ index: Int) {
        let node = nodes[index]
        node.isRestartScheduled = false
        guard node.process == nil, !node.isCasualty, node.isUsed else { return }
        node.isOff = false
        if let damage = node.pendingDamage {
            node.pendingDamage = nil
            hurt(node, damage)
        }
        // A crash may come while the node recovers from the one before.
        if isStormy, options.killEvery + options.powerLossEvery > 0,
            node.random.chance(1, in: 8)
        {
            node.disk.callsUntilCrash = 1 + Int(node.random.upTo(80))
        }
        let failedSyncs = node.disk.failedSyncs
        if mixesReleases {
            node.store = node.store.afterCrash(machine: node.isNewer ? machine : olderMachine)
        }
        guard mayStart(node) else { return }
        do {
            try open(node)
        } catch {
            startFailed(node, error, hasSyncFailed: node.disk.failedSyncs > failedSyncs)
        }
        node.disk.callsUntilCrash = nil
    }

    private func open(_ node: SimulatedNode) throws {
        twin(node) { try $0.compare(node.store) }
        try checkState(of: node)
        let lost = node.store.lost
        let meta = lost == nil ? try node.store.read { $0.meta } : StateMeta()
        var walOptions = WALOptions()
        walOptions.segmentBytes = options.segmentBytes
        walOptions.reserveStepBytes = options.segmentBytes
        walOptions.mayCreate = !node.hasLog
        let clusterID = [UInt8](repeating: 7, count: WALIdentity.clusterIDBytes)
        let (log, recovered) = try WriteAheadLog.open(
            directory: "data", fileSystem: node.disk,
            identity: WALIdentity(
                clusterID: clusterID, node: node.id, incarnation: Incarnation(node.id.rawValue)),
            options: walOptions,
            state: DurableState(
                applied: lost?.applied ?? meta.applied,
                snapshot: lost?.installedSnapshot ?? node.installed, isLost: lost != nil))
        node.hasLog = true
        if recovered.tornTail { counters[.tornTails] += 1 }
        if lost == nil {
            oracle.started(
                node.index, recovered: recovered, state: meta, installed: node.installed,
                isDamaged: node.isDamaged)
            found(node, recovered)
            oracle.setHurt(node.index, node.hurt != nil)
            oracle.compare(node.index, node.store)
            counters[.comparisons] += 1
        } else {
            oracle.startedWithoutState(node.index, recovered: recovered)
        }
        guard oracle.violation == nil else { return }
        run(node, log, recovered, lastStamp: meta.lastStamp, configuration: meta.configuration)
    }

    private func run(
        _ node: SimulatedNode, _ log: WriteAheadLog, _ recovered: RecoveredLog,
        lastStamp: Timestamp, configuration: ConfState
    ) {
        var replicaOptions = ReplicaOptions()
        replicaOptions.raft = options.raft
        replicaOptions.trimStepEntries = options.trimStep
        replicaOptions.lease.milliseconds = leaseMilliseconds
        let epoch = nextEpoch
        nextEpoch += 1
        let restored =
            node.store.lost == nil
            ? RestoredState(
                hardState: recovered.hardState,
                snapshot: SnapshotMetadata(
                    last: node.store.applied, configuration: configuration),
                logStart: recovered.logStart, entries: recovered.entries,
                promised: recovered.promised)
            : .withoutState(
                hardState: recovered.hardState, logStart: recovered.logStart,
                entries: recovered.entries, promised: recovered.promised)
        node.starts += 1
        let run = node.starts << 16 | node.random.next() >> 48
        let replica = Replica(
            id: node.id, run: run, options: replicaOptions, restored: restored,
            lastStamp: lastStamp, seed: node.random.next(), now: node.clock.clocks(at: now))
        let process = SimulatedNode.Process(
            epoch: epoch, run: run, replica: replica, log: log, hardState: recovered.hardState)
        process.startedAt = now
        process.checkpoints.entries = options.checkpointEntries
        process.checkpoints.milliseconds = options.checkpointMilliseconds
        process.checkpoints.retryMilliseconds = 1_000
        node.process = process
        beginDuty(process, node.index)
        counters[.restarts] += 1
        note(11, node.index, recovered.last.index.rawValue)
        say(
            .process, node.index,
            "n\(node.index + 1) starts, log \(recovered.logStart.index.rawValue)–"
                + "\(recovered.last.index.rawValue), applied \(node.store.applied.index.rawValue)")
        recording?.became(
            .follower, node.index, term: recovered.hardState.term.rawValue, at: now)
        hangUp(on: node.index)
        dialAll(node.index, epoch)
        wake(process, node.index)
        if mixesReleases {
            schedule(.register(node: node.index, epoch: epoch), in: 50_000)
        }
        if isScrubbing { schedule(.scrub(node: node.index, epoch: epoch), in: 1_000) }
        http?.started(node.index, process)
    }

    private func startFailed(
        _ node: SimulatedNode, _ error: any Error, hasSyncFailed: Bool
    ) {
        if node.disk.isCrashed {
            counters[.crashesInRecovery] += 1
            if node.random.chance(1, in: 2) {
                losePower(node)
            } else {
                node.disk.endProcess()
            }
        } else if hasSyncFailed {
            // Final for this process as for any other; the next one begins with what there is.
            node.disk.endProcess()
            node.disk.forgetUnwritten(&node.random)
        } else if case WALError.reserveUnavailable = error {
            // Nothing was changed; when there is room it will start.
            node.disk.endProcess()
        } else if options.isPastPromises, node.isDamaged, error.isForDamage {
            // It does not know what it promised: another node must take its place.
            say(.disk, node.index, "n\(node.index + 1) finds the damage and stays out: \(error)")
            node.isCasualty = true
            counters[.casualties] += 1
            return node.disk.endProcess()
        } else {
            say(.process, node.index, "n\(node.index + 1) cannot start: \(error)")
            return oracle.fail("L5", "n\(node.index + 1) cannot start: \(error)")
        }
        node.isRestartScheduled = true
        schedule(.start(node: node.index), in: 100_000)
    }

    private func losePower(_ node: SimulatedNode) {
        let damage = node.disk.cutPower(&node.random)
        counters[.blocksLost] += UInt64(damage.blocksLost)
        counters[.blocksKept] += UInt64(damage.blocksKept)
    }

    /// A process ends, in the middle of whatever it was doing.
    func end(_ index: Int, _ ending: Ending, restartAfter: UInt64) {
        let node = nodes[index]
        guard let process = node.process else { return }
        // The last moment to see what is looked at every so many turns only.
        process.replica.checkInvariants()
        noteLeaderLoss(index, ending)
        if ending != .stop { interrupt(process, node) }
        switch ending {
        case .kill, .stop:
            node.disk.endProcess()
            node.disk.forgetUnwritten(&node.random)
            // There may have been no time for it.
            if ending == .stop, node.random.chance(3, in: 4) { _ = syncState(of: node) }
        case .powerLoss:
            node.isOff = true
            losePower(node)
        }
        node.store = node.store.afterCrash()
        twin(node) { try $0.crash() }
        node.process = nil
        leases[index] = nil
        showsAnew(index)
        node.armed = nil
        oracle.ended(index)
        recording?.became(.down, index, term: 0, at: now)
        note(12, index)
        say(.process, index, "n\(index + 1) ends: \(ending)")
        for peer in nodes.indices where peer != index {
            network[connection: index, peer].isUp = false
            network[connection: index, peer].queue = []
        }
        hangUp(on: index)
        clientsLose(process)
        ordersAreLost(with: process)
        releasesLose(process)
        dutiesEnd(process)
        http?.ended(index)
        guard !node.isRestartScheduled, node.isUsed else { return }
        node.isRestartScheduled = true
        // What is told to stop in the storm may end after it: then it is started again at once.
        let delay = isStormy ? restartAfter : min(restartAfter, 100_000)
        schedule(.start(node: index), in: max(1, delay))
    }

    /// When a node starts again of which nobody has said when.
    func someTime(_ index: Int) -> UInt64 { 1_000 + nodes[index].random.upTo(options.restartMax) }

    /// Lets what was under way happen in part: some calls of the disk.
    private func interrupt(_ process: SimulatedNode.Process, _ node: SimulatedNode) {
        guard process.isDiskBusy, !process.diskUnderWay.isEmpty, node.random.chance(7, in: 8)
        else {
            return
        }
        counters[.crashesInWrite] += 1
        // Most of a group's life is between its first write and its sync.
        node.disk.callsUntilCrash =
            2 + Int(node.random.upTo(node.random.chance(3, in: 4) ? 1 : 9))
        do {
            try writeUnderWay(process, node.index)
        } catch {
            say(.disk, node.index, "n\(node.index + 1) is interrupted: \(error)")
        }
    }
}

extension Error {
    /// Whether a node may find this where its disk was damaged.
    fileprivate var isForDamage: Bool {
        switch self as any Error {
        case WALError.promisesLost, WALError.beginningUnknown: true
        default: false
        }
    }
}
