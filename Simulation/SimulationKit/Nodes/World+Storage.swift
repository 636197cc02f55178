import AuthCore
import ByteCodec
import RaftCore
import Replica
import StateStore
import WriteAheadLog

// The disk and the state of a process: queues with their own pace, as the threads of a node have.

extension World {
    func toDisk(_ work: SimulatedNode.DiskWork, _ process: SimulatedNode.Process, _ node: Int) {
        process.diskQueue.append(work)
        startDisk(process, node)
    }

    /// Takes what waits, up to the next installation, which is done by itself.
    func startDisk(_ process: SimulatedNode.Process, _ node: Int) {
        guard !process.isDiskBusy, let first = process.diskQueue.first else { return }
        if first.isAlone {
            // Behind everything that is being applied.
            let isStateBusy = !process.applyQueue.isEmpty || !process.applying.isEmpty
            guard !first.isInstall || !isStateBusy else { return }
            process.diskUnderWay = [process.diskQueue.removeFirst()]
        } else {
            let count = process.diskQueue.prefix { !$0.isAlone }.count
            process.diskUnderWay = Array(process.diskQueue[..<count])
            process.diskQueue.removeFirst(count)
        }
        process.isDiskBusy = true
        var time = nodes[node].random.delay(
            options.syncMin, options.syncSpread, tail: options.syncTail, oneIn: 128)
        if nodes[node].slowExtra > 0 { time += nodes[node].random.upTo(nodes[node].slowExtra) }
        schedule(.diskDone(node: node, epoch: process.epoch), in: time)
    }

    func diskDone(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch) else { return }
        guard !process.isPaused else {
            return schedule(.diskDone(node: node, epoch: epoch), in: 1_000)
        }
        if let (ending, restartAfter) = nodes[node].armed, isStormy {
            return end(node, ending, restartAfter: restartAfter)
        }
        do {
            try writeUnderWay(process, node)
        } catch let error as WALError where error.isForLackOfRoom {
            return diskFull(process, node)
        } catch {
            // Final for the process: the next start finds out what is durable.
            say(.disk, node, "n\(node + 1) cannot write: \(error)")
            return end(node, .kill, restartAfter: someTime(node))
        }
        process.diskUnderWay = []
        process.isDiskBusy = false
        if process.isStorageFull, hasRoom(process) {
            process.isStorageFull = false
            give(.storageFull(false), to: process, node)
        }
        startDisk(process, node)
    }

    private func diskFull(_ process: SimulatedNode.Process, _ node: Int) {
        if !process.isStorageFull {
            say(.disk, node, "n\(node + 1) has no room")
            counters[.fullDisks] += 1
            process.isStorageFull = true
            give(.storageFull(true), to: process, node)
        }
        process.isWaitingForRoom = true
        schedule(.diskRetry(node: node, epoch: process.epoch), in: 50_000)
    }

    /// Tries again to find room.
    func diskRetry(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch) else { return }
        if process.isWaitingForRoom {
            process.isWaitingForRoom = false
            diskDone(node, epoch)
        } else if !process.isDiskBusy {
            process.isDiskBusy = true
            diskDone(node, epoch)
        } else if process.isStorageFull {
            // What the disk does now may be nothing that looks for room behind itself.
            schedule(.diskRetry(node: node, epoch: epoch), in: 50_000)
        }
    }

    private func hasRoom(_ process: SimulatedNode.Process) -> Bool {
        process.log.status.reserve == .ready
    }

    /// Does what is under way on the disk. What is not done when the disk is full stays under way.
    func writeUnderWay(_ process: SimulatedNode.Process, _ node: Int) throws {
        switch process.diskUnderWay.first {
        case .install(let metadata):
            return try install(metadata, process, node, isLogKept: false)
        case .replaceState(let metadata):
            return try install(metadata, process, node, isLogKept: true)
        case .rewrite(let start, let entries):
            return try rewrite(startingAfter: start, entries, process, node)
        case .persist, .trim, nil: break
        }
        let requests = process.diskUnderWay.compactMap {
            if case .persist(let request) = $0 { request } else { nil }
        }
        oracle.begunToWrite(node, requests)
        var taken: [PersistRequest] = []
        var full: WALError?
        for request in requests {
            full = try append(request, process)
            if full != nil { break }
            taken.append(request)
        }
        if !taken.isEmpty { try finish(taken, process, node) }
        let trims = process.diskUnderWay.compactMap { work -> LogIndex? in
            if case .trim(let index) = work { index } else { nil }
        }
        process.diskUnderWay = requests.dropFirst(taken.count).map { .persist($0) }
        try trim(trims, process, node)
        if let full { throw full }
        try prepare(process, node)
    }

    /// Hands a request to the log. Returns the error if there is no room for it.
    private func append(
        _ request: PersistRequest, _ process: SimulatedNode.Process
    ) throws -> WALError? {
        do {
            try process.log.append(request)
        } catch {
            guard error.isForLackOfRoom else { throw error }
            return error
        }
        if let hard = request.hardState { process.hardState = hard }
        return nil
    }

    private func trim(
        _ trims: [LogIndex], _ process: SimulatedNode.Process, _ node: Int
    ) throws {
        guard let index = trims.last else { return }
        let durable = nodes[node].store.durableAppliedIndex
        oracle.trimmed(node, upTo: index, durable: durable)
        try process.log.trim(upTo: index, durable: durable)
        counters[.trims] += 1
        note(5, node, index.rawValue)
    }

    private func finish(
        _ requests: [PersistRequest], _ process: SimulatedNode.Process, _ node: Int
    ) throws {
        try process.log.sync()
        counters[.syncs] += 1
        oracle.synced(node, requests)
        for request in requests {
            note(3, node, request.token.lastIndex.rawValue)
            give(.persisted(request.token), to: process, node)
        }
    }

    private func prepare(_ process: SimulatedNode.Process, _ node: Int) throws {
        do {
            while try process.log.prepareReserve() == .preparing {}
        } catch {
            guard error.isForLackOfRoom else { throw error }
            if !process.isStorageFull {
                say(.disk, node, "n\(node + 1) has no room for a reserve")
                counters[.fullDisks] += 1
                process.isStorageFull = true
                give(.storageFull(true), to: process, node)
            }
            schedule(.diskRetry(node: node, epoch: process.epoch), in: 50_000)
        }
    }

    private func install(
        _ metadata: SnapshotMetadata, _ process: SimulatedNode.Process, _ node: Int,
        isLogKept: Bool
    ) throws {
        guard let manifest = process.received.last(where: { $0.metadata == metadata }) else {
            preconditionFailure("n\(node + 1) installs \(metadata.last), which did not come")
        }
        if nodes[node].store.applied != metadata.last {
            let wasLost = nodes[node].store.lost != nil
            flipReceived(node, isWhole: true)
            do {
                let meta = try nodes[node].store.install(manifest)
                twin(nodes[node]) { try $0.install(metadata.last) }
                nodes[node].installed = metadata.last
                precondition(meta.applied == metadata.last, "another snapshot was installed")
            } catch let error as StateStoreError {
                if error.code == .tooOld { foundTooOld(process, node, nil) }
                return installFailed(error, process, node)
            }
            if wasLost { counters[.statesReplaced] += 1 }
            stateIsWhole(node)
        }
        let meta = try nodes[node].store.read { $0.meta }
        showsAnew(node)
        if isLogKept {
            let behind = metadata.last.index.next...LogIndex(UInt64.max >> 1)
            oracle.stateReplaced(
                node, metadata.last, state: meta,
                behind: process.replica.consensus.entries(in: behind))
        } else {
            try process.log.reset(to: metadata.last, hardState: process.hardState)
            oracle.installed(node, metadata.last, state: meta)
        }
        oracle.compare(node, nodes[node].store)
        process.received.removeAll()
        counters[.snapshotsInstalled] += 1
        note(6, node, metadata.last.index.rawValue)
        say(.snapshot, node, "n\(node + 1) installed \(metadata.last.index.rawValue)")
        give(.snapshotInstalled(metadata, lastStamp: meta.lastStamp), to: process, node)
    }

    /// What was received is not what was announced any more, or the state was given up meanwhile.
    private func installFailed(
        _ error: StateStoreError, _ process: SimulatedNode.Process, _ node: Int
    ) {
        say(.snapshot, node, "n\(node + 1) cannot install: \(error)")
        process.received.removeAll()
        counters[.snapshotsFailed] += 1
        give(.snapshotInstallFailed, to: process, node)
    }

    // MARK: Applying

    func startApply(_ process: SimulatedNode.Process, _ node: Int) {
        // What comes behind stays in the log, for the release that comes next.
        if process.isTooOld { process.applyQueue.removeAll() }
        if nodes[node].store.damage != nil { process.applyQueue = [] }
        guard process.applying.isEmpty, !process.applyQueue.isEmpty else { return }
        process.applying = process.applyQueue.removeFirst()
        var time = nodes[node].random.delay(
            options.applyMin, options.applySpread, tail: options.applyTail, oneIn: 128)
        if options.coldApplyMax > 0, isStormy, now < process.startedAt + 1_000_000 {
            time += nodes[node].random.upTo(options.coldApplyMax)
        }
        if node < options.slowAppliers, isStormy {
            time += nodes[node].random.upTo(options.slowApplyMax)
        }
        schedule(.applyDone(node: node, epoch: process.epoch), in: time)
    }

    func applyDone(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch) else { return }
        guard !process.isPaused else {
            return schedule(.applyDone(node: node, epoch: epoch), in: 1_000)
        }
        if canary == .changedState, nodes[node].random.chance(1, in: 64) { changeApplying(process) }
        do {
            let result = try nodes[node].store.apply(process.applying)
            shown[node] = result.applied.index
            twin(nodes[node]) { try $0.apply(process.applying, as: result) }
            oracle.applied(node, state: result.meta, durable: result.durable)
            let own = result.entries.compactMap { entry -> OwnOutcome? in
                guard let id = entry.proposal, id.run == process.run, id.node == nodes[node].id
                else { return nil }
                return OwnOutcome(id: id, index: entry.index, outcome: entry.outcome)
            }
            note(4, node, result.applied.index.rawValue)
            give(
                .applied(upTo: result.applied, durable: result.durable, outcomes: own),
                to: process, node)
            awaitReleases(of: process.applying, process, node)
            if let level = result.levelBeyond { foundTooOld(process, node, level) }
        } catch {
            say(.disk, node, "n\(node + 1) cannot apply: \(error)")
            process.applying = []
            // What was found is dealt with after the event.
            if nodes[node].hurt != nil, nodes[node].store.damage != nil { return }
            return oracle.fail("S5", "n\(node + 1) cannot apply: \(error)")
        }
        process.applying = []
        if !process.isStateSyncScheduled {
            process.isStateSyncScheduled = true
            schedule(.stateSync(node: node, epoch: epoch), in: options.stateSyncEvery)
        }
        startApply(process, node)
        startDisk(process, node)
    }

    /// What was applied so far outlives the process from now on.
    func syncState(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch) else { return }
        guard !process.isPaused else {
            return schedule(.stateSync(node: node, epoch: epoch), in: 1_000)
        }
        process.isStateSyncScheduled = false
        guard let durable = syncState(of: nodes[node]) else { return }
        give(.stateSynced(upTo: durable), to: process, node)
    }

    /// Makes what a node has applied durable; nil: it has no state, or none to be believed.
    func syncState(of node: SimulatedNode) -> LogIndex? {
        guard node.store.damage == nil, node.store.lost == nil else { return nil }
        do {
            let durable = try node.store.synchronize()
            twin(node) { try $0.synchronize() }
            oracle.stateSynced(node.index, upTo: durable)
            counters[.stateSyncs] += 1
            return durable
        } catch {
            oracle.fail("L5", "n\(node.index + 1) cannot sync its state: \(error)")
            return nil
        }
    }
}

extension World {
    /// The canary: a node applies something else than what is committed.
    private func changeApplying(_ process: SimulatedNode.Process) {
        guard let last = process.applying.popLast() else { return }
        process.applying.append(
            Entry(index: last.index, term: last.term, kind: .empty, payload: []))
    }
}

extension WALError {
    /// Whether nothing was taken because there is no room, and the log goes on.
    var isForLackOfRoom: Bool {
        if case .reserveUnavailable = self { true } else { false }
    }
}
