import RaftCore

/// One of this node's own proposals that is not yet answered.
struct PendingProposal: Equatable, Sendable {
    /// Where it is on its way.
    enum Stage: Equatable, Sendable {
        /// With nobody: to be sent when there is a leader, or at its next retry.
        case waiting
        /// On its way to that node, which has not answered.
        case sent(to: NodeID)
        /// In a leader's log at this place, and there it is committed or lost.
        case accepted(EntryID)
    }

    let counter: UInt64
    let ticket: Ticket
    let command: [UInt8]
    /// Whether it may take access away from anybody.
    let isNarrowing: Bool
    let deadline: SteadyTime
    /// From then on it is given up if it is in nobody's hands.
    let parkedUntil: SteadyTime
    var stage = Stage.waiting
    /// Whether it stands in the queue of those to be sent.
    var isQueued = false
    /// Whether an earlier hand-over has no known end: then nobody can say that it is in no log.
    var mayBeInLog = false
    /// Why it was last refused.
    var refusal: NotProposedReason?

    /// Whether it is certain that no log holds it, and that none will.
    var isCertainlyNowhere: Bool { stage == .waiting && !mayBeInLog }
}

/// This node's own proposals in the order of their counters: a linked list in a slab, so that any
/// can be taken out at once while the lowest stays known.
struct PendingProposals: Sendable {
    private struct Slot: Sendable {
        var proposal: PendingProposal?
        var previous = -1
        var next = -1
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    private var head = -1
    private var tail = -1
    // Looked up and never iterated.
    private var slotOfCounter: [UInt64: Int] = [:]
    private var counterOfTicket: [Ticket: UInt64] = [:]
    /// How many wait.
    var count: Int { slotOfCounter.count }
    /// Bytes of their commands.
    private(set) var bytes = 0

    /// The lowest counter that waits.
    var oldestCounter: UInt64? { head >= 0 ? slots[head].proposal?.counter : nil }

    /// The proposal with this counter, if it still waits. Complexity: O(1).
    subscript(counter: UInt64) -> PendingProposal? {
        slotOfCounter[counter].flatMap { slots[$0].proposal }
    }

    /// The counter of the proposal that answers this ticket, if it still waits.
    func counter(of ticket: Ticket) -> UInt64? { counterOfTicket[ticket] }

    /// Adds one behind all others.
    ///
    /// - Precondition: its counter is higher than any before, its ticket new.
    mutating func append(_ proposal: PendingProposal) {
        precondition(tail < 0 || slots[tail].proposal!.counter < proposal.counter, "counter order")
        precondition(counterOfTicket[proposal.ticket] == nil, "ticket \(proposal.ticket) reused")
        let slot = free.popLast() ?? slots.count
        let entry = Slot(proposal: proposal, previous: tail, next: -1)
        if slot == slots.count { slots.append(entry) } else { slots[slot] = entry }
        if tail >= 0 { slots[tail].next = slot } else { head = slot }
        tail = slot
        slotOfCounter[proposal.counter] = slot
        counterOfTicket[proposal.ticket] = proposal.counter
        bytes += proposal.command.count
    }

    /// Takes one out. Complexity: O(1).
    @discardableResult
    mutating func remove(_ counter: UInt64) -> PendingProposal? {
        guard let slot = slotOfCounter.removeValue(forKey: counter) else { return nil }
        let entry = slots[slot]
        slots[slot] = Slot()
        free.append(slot)
        if entry.previous >= 0 {
            slots[entry.previous].next = entry.next
        } else {
            head = entry.next
        }
        if entry.next >= 0 {
            slots[entry.next].previous = entry.previous
        } else {
            tail = entry.previous
        }
        guard let proposal = entry.proposal else { preconditionFailure("an empty slot was named") }
        counterOfTicket[proposal.ticket] = nil
        bytes -= proposal.command.count
        return proposal
    }

    /// Changes one in place. Complexity: O(1).
    mutating func update(_ counter: UInt64, _ body: (inout PendingProposal) -> Void) {
        guard let slot = slotOfCounter[counter] else { return }
        body(&slots[slot].proposal!)
    }

    /// All counters, ascending. Complexity: O(n).
    var counters: [UInt64] {
        var result: [UInt64] = []
        result.reserveCapacity(count)
        var slot = head
        while slot >= 0 {
            if let proposal = slots[slot].proposal { result.append(proposal.counter) }
            slot = slots[slot].next
        }
        return result
    }
}
