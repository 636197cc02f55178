import RaftCore
import Replica

// What goes wrong, as it was planned.

extension World {
    /// Schedules the next fault of the plan.
    func scheduleFault() {
        guard nextFault < plan.faults.count else { return }
        queue.schedule(.fault(nextFault), at: max(now, plan.faults[nextFault].at))
        nextFault += 1
    }

    func strike(_ number: Int) {
        scheduleFault()
        guard isStormy else { return }
        let fault = plan.faults[number].fault
        note(13, 0, fault.number)
        counters.count(fault)
        if canary == .stillClock { pauseSomeMachine() }
        switch fault {
        case .kill, .powerLoss, .crashAll, .stop, .pause, .suspend, .transfer, .damage:
            hitProcess(fault)
        case .cut, .flap, .reset, .slowLink: hitNetwork(fault)
        case .wallStep, .drift, .freeze: hitClock(fault)
        case .slowDisk, .fullDisk, .failSync, .decay: hitDisk(fault)
        case .members(let change): ask(for: change)
        case .release(let target, let isNewer, let restartAfter):
            change(node(target), toNewer: isNewer, restartAfter: restartAfter)
        case .raise(let target): raise(node(target))
        case .hurtState(let target, let damage, let place):
            hurtState(node(target), damage, place)
        case .hurtSnapshot(let target, let place): hurtSnapshot(node(target), place)
        }
    }

    /// Whom a target means now.
    func node(_ target: Fault.Target) -> Int {
        let leader = nodes.firstIndex { $0.process?.glance.role == .leader }
        switch target {
        case .node(let node): return min(node, nodes.count - 1)
        case .leader(let other): return leader ?? min(other, nodes.count - 1)
        case .follower(let number):
            let followers = nodes.indices.filter { $0 != leader }
            return followers.isEmpty ? 0 : followers[number % followers.count]
        }
    }

    // MARK: Processes

    private func hitProcess(_ fault: Fault) {
        switch fault {
        case .kill(let target, let restartAfter, let inWrite):
            crash(node(target), .kill, restartAfter: restartAfter, inWrite: inWrite)
        case .powerLoss(let target, let restartAfter, let inWrite):
            crash(node(target), .powerLoss, restartAfter: restartAfter, inWrite: inWrite)
        case .crashAll(let isPowerLoss, let restartAfter):
            say(.fault, nil, "everything crashes")
            for node in nodes.indices where nodes[node].process != nil {
                end(node, isPowerLoss ? .powerLoss : .kill, restartAfter: restartAfter)
            }
        case .pause(let target, let lasting): pause(node(target), lasting)
        case .suspend(let target, let lasting): suspend(node(target), lasting)
        case .stop(let target, let restartAfter): stop(node(target), restartAfter)
        case .transfer(let target, let to): transfer(node(target), to)
        case .damage(let target, let damage, let losesPower, let restartAfter):
            let node = node(target)
            guard mayBeDamaged(node) else {
                counters[.damageSpared] += 1
                return
            }
            say(.disk, node, "the disk of n\(node + 1) is damaged: \(damage.rawValue)")
            nodes[node].pendingDamage = damage
            end(node, losesPower ? .powerLoss : .kill, restartAfter: restartAfter)
        default: preconditionFailure("\(fault) hits no process")
        }
    }

    private func crash(_ node: Int, _ ending: Ending, restartAfter: UInt64, inWrite: Bool) {
        guard nodes[node].process != nil else { return }
        if inWrite {
            nodes[node].armed = (ending, restartAfter)
        } else {
            end(node, ending, restartAfter: restartAfter)
        }
    }

    private func pause(_ node: Int, _ lasting: UInt64) {
        guard let process = nodes[node].process, !process.isPaused else { return }
        process.isPaused = true
        recording?.became(.paused, node, term: process.glance.term.rawValue, at: now)
        say(.process, node, "n\(node + 1) is paused", until: now + lasting)
        if canary == .stillClock {
            nodes[node].clock.freeze(at: now)
            schedule(.thaw(node: node), in: lasting)
        }
        schedule(.resume(node: node, epoch: process.epoch), in: lasting)
    }

    /// The canary: a host pauses a machine for longer than any lease, unless it has paused one.
    private func pauseSomeMachine() {
        guard nodes.allSatisfy({ $0.process?.isPaused != true }) else { return }
        pause(node(.follower(nextFault)), 4_000_000)
    }

    /// A pause, and a silence of the whole machine.
    private func suspend(_ node: Int, _ lasting: UInt64) {
        guard nodes[node].process != nil else { return }
        say(.fault, node, "n\(node + 1) is suspended", until: now + lasting)
        pause(node, lasting)
        cuts.append(links(.isolate(.node(node))))
        impose(cuts.count - 1)
        schedule(.heal(cut: cuts.count - 1), in: lasting)
    }

    func resume(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch), process.isPaused else { return }
        process.isPaused = false
        process.resumedAt = now
        process.isTurnScheduled = false
        recording?.became(
            Recording.State(process.glance.role), node, term: process.glance.term.rawValue, at: now)
        say(.process, node, "n\(node + 1) goes on")
        http?.resumed(node)
        wake(process, node)
    }

    private func stop(_ node: Int, _ restartAfter: UInt64) {
        guard let process = nodes[node].process else { return }
        say(.fault, node, "n\(node + 1) is told to stop")
        process.restartAfter = restartAfter
        http?.drains(node)
        give(.shutdown, to: process, node)
    }

    private func transfer(_ node: Int, _ target: Int?) {
        guard let process = nodes[node].process else { return }
        say(
            .fault, node,
            "n\(node + 1) is asked to hand over to \(target.map { "n\($0 + 1)" } ?? "anybody")")
        give(
            .transfer(takeTicket(), to: target.map { NodeID(UInt64($0 + 1)) }), to: process, node)
    }

    func takeTicket() -> Ticket {
        defer { nextTicket += 1 }
        return Ticket(nextTicket)
    }

    // MARK: The network

    private func links(_ shape: Fault.CutShape) -> [Fault.Link] {
        switch shape {
        case .links(let links):
            return links.filter { $0.from < nodes.count && $0.to < nodes.count }
        case .isolate(let target):
            return PartitionShape.separate([node(target)], nodes.indices, bothWays: true)
        case .deafen(let target):
            return PartitionShape.separate(nodes.indices, [node(target)], bothWays: false)
        case .mute(let target):
            return PartitionShape.separate([node(target)], nodes.indices, bothWays: false)
        case .between(let target, let other):
            return PartitionShape.separate([node(target)], [node(other)], bothWays: true)
        }
    }

    private func hitNetwork(_ fault: Fault) {
        switch fault {
        case .cut(let shape, let lasting):
            cuts.append(links(shape))
            say(.network, nil, "cut: \(told(cuts[cuts.count - 1]))", until: now + lasting)
            impose(cuts.count - 1)
            schedule(.heal(cut: cuts.count - 1), in: lasting)
        case .flap(let shape, let times, let down, let up):
            cuts.append(links(shape))
            let end = now + UInt64(times) * (down + up)
            say(.network, nil, "flapping: \(told(cuts[cuts.count - 1]))", until: end)
            for time in 0..<UInt64(times) {
                schedule(.cut(cuts.count - 1), in: time * (down + up))
                schedule(.heal(cut: cuts.count - 1), in: time * (down + up) + down)
            }
        case .slowLink(let shape, let extra, let lasting):
            let links = links(shape)
            say(
                .network, nil, "slower by \(extra / 1_000) ms: \(told(links))",
                until: now + lasting)
            for link in links { network[link: link.from, link.to].extra += extra }
            slowdowns.append((links, extra))
            schedule(.linksRecover(slowdowns.count - 1), in: lasting)
        case .reset(let target, let other): reset(node(target), node(other))
        default: preconditionFailure("\(fault) hits no network")
        }
    }

    private func told(_ links: [Fault.Link]) -> String {
        links.map { "n\($0.from + 1)→n\($0.to + 1)" }.joined(separator: " ")
    }

    /// A connection breaks, and both ends live.
    private func reset(_ node: Int, _ other: Int) {
        guard nodes.count > 1 else { return }
        let peer = other == node ? (node + 1) % nodes.count : other
        for (a, b) in [(node, peer), (peer, node)] where network[connection: a, b].isUp {
            schedule(
                .lost(
                    from: a, to: b, connection: network[connection: a, b].epoch, isClosed: true),
                in: latency(a, b))
        }
    }

    func linksRecover(_ number: Int) {
        let (links, extra) = slowdowns[number]
        slowdowns[number].extra = 0
        for link in links { network[link: link.from, link.to].extra -= extra }
    }

    // MARK: Clocks and disks

    private func hitClock(_ fault: Fault) {
        switch fault {
        case .wallStep(let target, let milliseconds):
            let node = node(target)
            say(.clock, node, "the wall clock of n\(node + 1) is off by \(milliseconds) ms")
            nodes[node].clock.wallError = milliseconds
            nodes[node].wallSteps += 1
        case .drift(let target, let partsPerMillion):
            let node = node(target)
            say(.clock, node, "the clock of n\(node + 1) is fast by \(partsPerMillion) ppm")
            nodes[node].clock.drift(partsPerMillion, at: now)
            setTimerAnew(node)
        case .freeze(let target, let lasting):
            let node = node(target)
            say(.clock, node, "the clock of n\(node + 1) stands still", until: now + lasting)
            nodes[node].clock.freeze(at: now)
            schedule(.thaw(node: node), in: lasting)
        default: preconditionFailure("\(fault) hits no clock")
        }
    }

    /// A clock that stood still goes on.
    func thaw(_ node: Int) {
        nodes[node].clock.thaw(at: now)
        setTimerAnew(node)
    }

    private func hitDisk(_ fault: Fault) {
        switch fault {
        case .slowDisk(let target, let extra, let lasting):
            let node = node(target)
            say(
                .disk, node, "the disk of n\(node + 1) takes up to \(extra / 1_000) ms more",
                until: now + lasting)
            nodes[node].slowExtra = extra
            schedule(.diskRecovers(node: node), in: lasting)
        case .fullDisk(let target, let lasting):
            let node = node(target)
            say(.disk, node, "the disk of n\(node + 1) fills up", until: now + lasting)
            nodes[node].disk.capacityBytes = nodes[node].disk.usedBytes
            schedule(.diskHasRoom(node: node), in: lasting)
        case .failSync(let target):
            let node = node(target)
            say(.disk, node, "the next sync of n\(node + 1) is to fail")
            nodes[node].disk.failsNextSync = true
        case .decay(let target, let damage):
            let node = node(target)
            guard mayBeDamaged(node) else {
                counters[.damageSpared] += 1
                return
            }
            hurt(nodes[node], damage)
        default: preconditionFailure("\(fault) hits no disk")
        }
    }
}
