import AuthCore
import ByteCodec
import RaftCore
import Replica
import StateStore

// States that rot, are lost, or come apart: what a node does to notice, and what becomes of it.

extension SimulatedNode {
    /// Something that was done to a state and is not noticed yet.
    struct Hurt {
        let kind: RowDamage
        /// What the state had applied then.
        let at: LogIndex
    }

    /// Whether this entry was applied here, if it was, to a state to which something had been done
    /// that nobody had noticed: nobody can promise anything about its outcome, which may be
    /// answered when the state is whole again, as that of a revocation that waits for leases.
    func isDoubtful(_ entry: LogIndex) -> Bool {
        hurt != nil || appliedHurt.contains { $0.contains(entry) }
    }
}

extension World {
    /// How often a node looks after its state, at least.
    private static let dutyInterval: UInt64 = 200_000

    // MARK: Faults

    /// A row of a node's state is not what was written.
    func hurtState(_ node: Int, _ damage: RowDamage, _ place: UInt64) {
        let machine = nodes[node]
        // One thing at a time on each node: the next one comes when this one is found.
        guard machine.isUsed, !machine.isCasualty, machine.hurt == nil, machine.store.lost == nil,
            machine.store.damage == nil
        else { return }
        // Keys are made over HTTP alone, where no state is damaged: those tables are empty here.
        let tables = Table.allCases.filter { $0 != .meta && $0.rawValue < Table.keys.rawValue }
        for offset in tables.indices {
            let table = tables[(Int(place % 64) + offset) % tables.count]
            guard machine.store.hurtRow(damage, in: table, number: place) else { continue }
            counters[.rowsHurt] += 1
            say(.disk, node, "n\(node + 1) has a \(damage.rawValue) in \(table.name)")
            machine.hurt = SimulatedNode.Hurt(kind: damage, at: machine.store.applied.index)
            return oracle.setHurt(node, true)
        }
    }

    /// A bit is to flip in what a node receives next of a snapshot.
    func hurtSnapshot(_ node: Int, _ place: UInt64) { nodes[node].pendingSnapshotHurt = place }

    /// Flips it, if it is to flip: while the pieces come, or when they lie there whole.
    func flipReceived(_ node: Int, isWhole: Bool) {
        guard let place = nodes[node].pendingSnapshotHurt, (place % 3 == 0) == isWhole,
            nodes[node].store.hurtIncoming(at: place)
        else { return }
        nodes[node].pendingSnapshotHurt = nil
        counters[.snapshotsHurt] += 1
        say(.disk, node, "a bit flips in what n\(node + 1) has received of a snapshot")
    }

    // MARK: Looking after a state

    /// Begins to look after the state of a process.
    func beginDuty(_ process: SimulatedNode.Process, _ node: Int) {
        guard hurtsStates else { return }
        schedule(.duty(node: node, epoch: process.epoch), in: nodes[node].random.upTo(500_000))
    }

    /// What a node does for its state now and then: it reads it whole, and compares it with others.
    func duty(_ node: Int, _ epoch: UInt64) {
        guard let process = process(node, epoch), !process.isStopping else { return }
        schedule(
            .duty(node: node, epoch: epoch),
            in: Self.dutyInterval + nodes[node].random.upTo(Self.dutyInterval))
        guard !process.isPaused, nodes[node].store.damage == nil else { return }
        do {
            if nodes[node].random.chance(1, in: 8) {
                counters[.scrubs] += 1
                _ = try nodes[node].store.scrub()
            }
            let meta = try nodes[node].store.read { $0.meta }
            let isLeading = process.glance.role == .leader
            let work = process.checkpoints.due(
                meta, node: nodes[node].id,
                installed: nodes[node].store.installedSnapshot.index, isLeading: isLeading,
                now: nodes[node].clock.steady(at: now))
            if let work, mayPropose { propose(work, process, node) }
        } catch {
            // What was found is dealt with after the event.
            say(.disk, node, "n\(node + 1) looks after its state: \(error)")
        }
    }

    /// Some time before the end nothing new is committed any more.
    private var mayPropose: Bool {
        isStormy || now < quietFrom + patience * 1_000 + 5_000_000
    }

    private func propose(
        _ work: Command.Operation, _ process: SimulatedNode.Process, _ node: Int
    ) {
        if work == .beginCheckpoint { counters[.checkpoints] += 1 }
        let ticket = takeTicket()
        // Each proposal has its own bytes, so that it is known again.
        let command = Command(
            work, header: CommandHeader(actor: .node, requestID: Text("c\(ticket.rawValue)")))
        let bytes = command.encoded()
        let attempt = history.attempt(history.begin(hasKey: false), bytes)
        process.duties.append((ticket, attempt))
        let deadline = nodes[node].clock.steady(at: now).advanced(milliseconds: 2_000)
        give(
            .propose(ticket, command: bytes, isNarrowing: command.isNarrowing, deadline: deadline),
            to: process, node)
    }

    /// Whether a proposal of the node's own was answered.
    func dutyCompleted(
        _ ticket: Ticket, _ completion: ProposalCompletion, _ node: Int,
        _ process: SimulatedNode.Process
    ) -> Bool {
        guard let position = process.duties.firstIndex(where: { $0.ticket == ticket }) else {
            return false
        }
        let attempt = process.duties.remove(at: position).attempt
        switch completion {
        case .applied(let index, let outcome):
            heldToOutcome(attempt, index, outcome, node)
        case .notProposed: oracle.fail(history.refused(attempt))
        case .unknown: history.unknown(attempt)
        }
        return true
    }

    /// A node's own proposal is applied there with this outcome, which is the cluster's, unless
    /// something was done to the node's state and is not noticed yet.
    func heldToOutcome(_ attempt: Int, _ index: LogIndex, _ outcome: [UInt8], _ node: Int) {
        if nodes[node].isDoubtful(index) {
            history.unknown(attempt)
        } else {
            oracle.fail(history.acknowledged(attempt, index, outcome))
        }
    }

    /// Nobody hears any more what became of a process's own proposals.
    func dutiesEnd(_ process: SimulatedNode.Process) {
        for duty in process.duties { history.unknown(duty.attempt) }
        process.duties = []
    }

    // MARK: Damage that is found

    /// Looks after every event whether a node has found its state to be damaged: from then on
    /// nothing must be readable there, and the process ends.
    func lookForDamage() {
        for node in nodes {
            guard let process = node.process, node.store.damage != nil else { continue }
            checkFenced(node)
            if node.store.lost == nil { abandonState(node, process) }
        }
    }

    /// A node hears that its state is damaged, gives it up, and is to start anew.
    func abandonState(_ node: SimulatedNode, _ process: SimulatedNode.Process) {
        guard !process.isDamageTold else { return }
        process.isDamageTold = true
        process.restartAfter = process.restartAfter ?? 1_000
        process.applyQueue = []
        counters[.statesGivenUp] += 1
        say(.disk, node.index, "n\(node.index + 1) gives its state up")
        do {
            if !Planted.damagedStateKept.isOn { try node.store.giveUp() }
            showsAnew(node.index)
        } catch {
            oracle.fail("L5", "n\(node.index + 1) cannot give its state up: \(error)")
        }
        give(.fitness(.stateDamaged), to: process, node.index)
    }

    private func checkFenced(_ node: SimulatedNode) {
        do {
            try node.store.read { _ in }
            oracle.fail("damaged", "the damaged state of n\(node.index + 1) is readable")
        } catch { return }
    }

    /// Checks that a node which answers has a state to answer from.
    func checkAnswers(_ node: Int) {
        if nodes[node].store.damage != nil {
            oracle.fail("damaged", "n\(node + 1) answers, and its state is damaged")
        }
    }

    /// The state of a node is as it should be, as far as anybody knows.
    func stateIsWhole(_ node: Int) {
        if let hurt = nodes[node].hurt {
            let last = max(hurt.at, nodes[node].store.applied.index)
            nodes[node].appliedHurt.append(hurt.at...last)
        }
        nodes[node].hurt = nil
        oracle.setHurt(node, false)
    }

    /// What a start finds of the state: one that is damaged is given up.
    func checkState(of node: SimulatedNode) throws {
        guard node.hurt != nil else { return }
        let wasLost = node.store.lost != nil
        try node.store.checkWhenOpened()
        showsAnew(node.index)
        if !wasLost, node.store.lost != nil {
            counters[.statesGivenUp] += 1
            say(.disk, node.index, "n\(node.index + 1) starts, and gives its state up")
        }
    }

    /// Whether what was done to a state could have been noticed by now.
    func isHurtOverdue(_ node: SimulatedNode) -> Bool {
        guard let hurt = node.hurt else { return true }
        do {
            let meta = try oracle.reference.read { $0.meta }
            return hurt.kind != .written
                || meta.checkpoint.index > hurt.at
                    && meta.checkpoint.verdict(meta.configuration) != nil
        } catch {
            return true
        }
    }
}
