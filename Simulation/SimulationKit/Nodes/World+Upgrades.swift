import AuthCore
import ByteCodec
import RaftCore
import Replica
import StateStore

// Nodes of two releases over one log: upgrades, downgrades, and the feature level
// (docs/decisions/0004-feature-levels.md).

/// Something that a node or an operator asks for, beside the clients.
struct Order {
    enum Kind { case register, raise }
    let kind: Kind
    let attempt: Int
    let epoch: UInt64
}

extension World {
    /// The process ends in order, and one of this release is started.
    func change(_ index: Int, toNewer isNewer: Bool, restartAfter: UInt64) {
        let node = nodes[index]
        guard node.isUsed, node.isNewer != isNewer else { return }
        node.isNewer = isNewer
        counters[isNewer ? .upgrades : .downgrades] += 1
        let what = isNewer ? "upgraded" : "downgraded"
        say(.fault, index, "n\(index + 1) is to be \(what)")
        if let process = node.process {
            restart(process, index, after: restartAfter)
        } else if !node.isRestartScheduled {
            // It stayed out because it was too old.
            node.isRestartScheduled = true
            schedule(.start(node: index), in: restartAfter)
        }
    }

    /// In the end everybody is upgraded.
    func upgradeAtLast(_ node: SimulatedNode) {
        guard !node.isNewer else { return }
        node.isNewer = true
        // What still runs and is fit may go on; its next start is of the newer release.
        if let process = node.process, process.isTooOld {
            restart(process, node.index, after: 1_000)
        }
    }

    private func restart(_ process: SimulatedNode.Process, _ node: Int, after delay: UInt64) {
        process.restartAfter = delay
        give(.shutdown, to: process, node)
    }

    /// Whether this release may start on its state. Without a state any may: what it fetches tells.
    func mayStart(_ node: SimulatedNode) -> Bool {
        guard node.store.lost == nil else { return true }
        do {
            let meta = try node.store.read { $0.meta }
            try (node.isNewer ? machine : olderMachine).check(meta)
            return true
        } catch {
            // Only when all goes on it is started again.
            say(.process, node.index, "n\(node.index + 1) does not start: \(error)")
            counters[.tooOldNodes] += 1
            return false
        }
    }

    /// The node's release has met what it cannot apply.
    func foundTooOld(_ process: SimulatedNode.Process, _ node: Int, _ level: UInt32?) {
        guard !process.isTooOld else { return }
        process.isTooOld = true
        counters[.tooOldNodes] += 1
        say(.process, node, "n\(node + 1) is too old to apply more")
        give(.fitness(.tooOld(cluster: level)), to: process, node)
        // Its successor is of the newer release by then.
        if !isStormy { restart(process, node, after: 1_000) }
    }

    // MARK: Orders

    /// A process says of which release it is, until it is heard.
    func register(_ node: Int, _ epoch: UInt64) {
        guard now < quietFrom, let process = process(node, epoch) else { return }
        let member = Command.RegisterMember(
            node: nodes[node].id, incarnation: Incarnation(nodes[node].id.rawValue),
            url: "https://node", peer: "node:1", version: "1",
            featureLevel: (nodes[node].isNewer ? machine : olderMachine).supports)
        order(.register, .registerMember(member), process, node)
    }

    /// An operator asks a node to raise the feature level.
    func raise(_ node: Int) {
        guard let process = nodes[node].process, !process.isStopping else { return }
        say(.fault, node, "n\(node + 1) is asked to raise the feature level")
        order(.raise, .raiseFeatureLevel(.init(level: machine.supports)), process, node)
    }

    private func order(
        _ kind: Order.Kind, _ operation: Command.Operation, _ process: SimulatedNode.Process,
        _ node: Int
    ) {
        let header = CommandHeader(
            actor: .node, requestID: Text("attempt-\(history.attempts.count)"))
        let command = Command(operation, header: header)
        let bytes = command.encoded()
        let ticket = takeTicket()
        let attempt = history.attempt(history.begin(hasKey: false), bytes)
        orders[ticket] = Order(kind: kind, attempt: attempt, epoch: process.epoch)
        let deadline = nodes[node].clock.steady(at: now).advanced(milliseconds: 5_000)
        give(
            .propose(ticket, command: bytes, isNarrowing: command.isNarrowing, deadline: deadline),
            to: process, node)
    }

    func orderCompleted(_ order: Order, _ completion: ProposalCompletion, _ node: Int) {
        switch completion {
        case .applied(let entry, let outcome):
            heldToOutcome(order.attempt, entry, outcome, node)
            guard !nodes[node].isDoubtful(entry) else { break }
            guard let decoded = readable({ try Outcome(decoding: outcome) }) else {
                return oracle.fail("wire", "an outcome cannot be read")
            }
            // Before the cluster is made there is nothing to register with.
            if decoded.refusal == .notBootstrapped { break }
            if order.kind == .raise {
                counters[decoded.refusal == nil ? .levelsRaised : .levelsRefused] += 1
            }
            return
        case .notProposed: oracle.fail(history.refused(order.attempt))
        case .unknown: history.unknown(order.attempt)
        }
        guard order.kind == .register else { return }
        schedule(.register(node: node, epoch: order.epoch), in: 500_000)
    }

    func ordersAreLost(with process: SimulatedNode.Process) {
        // In any order: each marks its own attempt.
        for ticket in process.waiting {
            guard let order = orders.removeValue(forKey: ticket) else { continue }
            history.unknown(order.attempt)
        }
    }
}
