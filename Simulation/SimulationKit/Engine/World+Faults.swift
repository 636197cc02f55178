import RaftCore
import Replica

// What goes wrong, and when.

extension World {
    /// The mean time between two faults of a family.
    private func interval(_ fault: Fault) -> UInt64 {
        switch fault {
        case .kill: options.killEvery
        case .powerLoss: options.powerLossEvery
        case .totalCrash: options.totalCrashEvery
        case .pause: options.pauseEvery
        case .stop: options.stopEvery
        case .transfer: options.transferEvery
        case .partition: options.partitionEvery
        case .flap: options.flapEvery
        case .reset: options.resetEvery
        case .wallStep: options.wallStepEvery
        case .slowDisk: options.slowDiskEvery
        case .fullDisk: options.fullDiskEvery
        }
    }

    func scheduleFaults() {
        for fault in Fault.allCases { scheduleNext(fault) }
    }

    private func scheduleNext(_ fault: Fault) {
        let interval = interval(fault)
        guard interval > 0 else { return }
        schedule(.fault(fault), in: 1_000 + draw(interval * 2))
    }

    func strike(_ fault: Fault) {
        guard isStormy else { return }
        scheduleNext(fault)
        // Half of the faults look for the leader: most of what is rare begins there.
        let leader = nodes.firstIndex { $0.process?.glance.role == .leader }
        let any = Int(draw(UInt64(nodes.count - 1)))
        let victim = random.chance(1, in: 2) ? leader ?? any : any
        note(13, victim, fault.rawValue)
        switch fault {
        case .kill: crash(victim, .kill)
        case .powerLoss: crash(victim, .powerLoss)
        case .totalCrash: crashAll()
        case .pause: pause(victim)
        case .stop: stop(victim)
        case .transfer: transfer(victim)
        case .partition: partition()
        case .flap: flap()
        case .reset: reset(victim)
        case .wallStep: stepWallClock(victim)
        case .slowDisk: slowDown(victim)
        case .fullDisk: fillDisk(victim)
        }
    }

    /// Every other crash waits for the middle of a write, where most is at stake.
    private func crash(_ node: Int, _ ending: Ending) {
        guard nodes[node].process != nil else { return }
        counters[ending == .powerLoss ? .powerLosses : .kills] += 1
        if random.chance(1, in: 2) { end(node, ending) } else { nodes[node].armed = ending }
    }

    private func crashAll() {
        counters[.totalCrashes] += 1
        say(.fault, nil, "everything crashes")
        let isPower = random.chance(1, in: 2)
        for node in nodes.indices where nodes[node].process != nil {
            end(node, isPower ? .powerLoss : .kill)
        }
    }

    private func pause(_ node: Int) {
        guard let process = nodes[node].process, !process.isPaused else { return }
        counters[.pauses] += 1
        process.isPaused = true
        recording?.became(.paused, node, term: process.glance.term.rawValue, at: now)
        say(.process, node, "n\(node + 1) is paused")
        schedule(.resume(node: node, epoch: process.epoch), in: 1_000 + draw(options.pauseMax))
    }

    func resume(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch), process.isPaused else { return }
        process.isPaused = false
        process.isTurnScheduled = false
        recording?.became(
            Recording.State(process.glance.role), node, term: process.glance.term.rawValue, at: now)
        say(.process, node, "n\(node + 1) goes on")
        wake(process, node)
    }

    private func stop(_ node: Int) {
        guard let process = nodes[node].process else { return }
        counters[.stops] += 1
        say(.fault, node, "n\(node + 1) is told to stop")
        give(.shutdown, to: process, node)
    }

    private func transfer(_ node: Int) {
        guard let process = nodes[node].process else { return }
        counters[.transfers] += 1
        let target = draw(UInt64(nodes.count))
        give(
            .transfer(takeTicket(), to: target == 0 ? nil : NodeID(target)), to: process, node)
    }

    func takeTicket() -> Ticket {
        defer { nextTicket += 1 }
        return Ticket(nextTicket)
    }

    private func partition() {
        guard nodes.count > 1 else { return }
        counters[.partitions] += 1
        let shapes = Cut.Shape.allCases
        let shape = shapes[Int(draw(UInt64(shapes.count - 1)))]
        cuts.append(Cut(shape, nodes: nodes.count, &random))
        say(.network, nil, "the network comes apart: \(shape) \(cuts[cuts.count - 1].pairs)")
        impose(cuts.count - 1)
        schedule(.heal(cut: cuts.count - 1), in: 10_000 + draw(options.partitionMax))
    }

    /// One link that comes and goes.
    private func flap() {
        guard nodes.count > 1 else { return }
        cuts.append(Cut(.link, nodes: nodes.count, &random))
        say(.network, nil, "a link flaps: \(cuts[cuts.count - 1].pairs)")
        var moment = now
        for _ in 0..<(2 + draw(8)) {
            queue.schedule(.cut(cuts.count - 1), at: moment)
            moment += 5_000 + draw(300_000)
            queue.schedule(.heal(cut: cuts.count - 1), at: moment)
            moment += 5_000 + draw(300_000)
        }
    }

    /// A connection breaks, and both ends live.
    private func reset(_ node: Int) {
        guard nodes.count > 1 else { return }
        let peer = (node + 1 + Int(draw(UInt64(nodes.count - 2)))) % nodes.count
        for (a, b) in [(node, peer), (peer, node)] where network[connection: a, b].isUp {
            schedule(
                .lost(
                    from: a, to: b, connection: network[connection: a, b].epoch, isClosed: true),
                in: latency())
        }
    }

    private func stepWallClock(_ node: Int) {
        counters[.wallSteps] += 1
        // Within half of what request records are kept for.
        let steps: [Int64] = [-21_600_000, -60_000, -1_000, 0, 1_000, 60_000, 21_600_000]
        nodes[node].clock.wallError = steps[Int(draw(UInt64(steps.count - 1)))]
    }

    private func slowDown(_ node: Int) {
        nodes[node].isSlow = true
        schedule(.diskRecovers(node: node), in: 10_000 + draw(2_000_000))
    }

    private func fillDisk(_ node: Int) {
        say(.disk, node, "the disk of n\(node + 1) fills up")
        nodes[node].disk.capacityBytes = nodes[node].disk.usedBytes
        schedule(.diskHasRoom(node: node), in: 10_000 + draw(5_000_000))
    }
}
