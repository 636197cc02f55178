internal import Replica

/// Who waits for which ticket. Owned by whoever takes a turn.
struct Waiters {
    private enum Waiter {
        case proposal(@Sendable (ProposalCompletion) -> Void)
        case read(@Sendable (ReadCompletion) -> Void)
        case transfer(@Sendable (TransferCompletion) -> Void)
        case change(@Sendable (MembershipCompletion) -> Void)
    }

    private var waiters: [Ticket: Waiter] = [:]
    private var lastTicket: UInt64 = 0

    /// How many wait.
    var count: Int { waiters.count }

    mutating func add(
        _ completion: @escaping @Sendable (ProposalCompletion) -> Void
    ) -> Ticket { add(.proposal(completion)) }

    mutating func add(_ completion: @escaping @Sendable (ReadCompletion) -> Void) -> Ticket {
        add(.read(completion))
    }

    mutating func add(
        _ completion: @escaping @Sendable (TransferCompletion) -> Void
    ) -> Ticket { add(.transfer(completion)) }

    mutating func add(
        _ completion: @escaping @Sendable (MembershipCompletion) -> Void
    ) -> Ticket { add(.change(completion)) }

    private mutating func add(_ waiter: Waiter) -> Ticket {
        lastTicket += 1
        let ticket = Ticket(lastTicket)
        waiters[ticket] = waiter
        return ticket
    }

    /// Answers whoever waits for this proposal.
    mutating func complete(_ ticket: Ticket, _ completion: ProposalCompletion) {
        guard case .proposal(let answer)? = waiters.removeValue(forKey: ticket) else {
            preconditionFailure("no proposal waits for \(ticket)")
        }
        answer(completion)
    }

    /// Answers whoever waits for this read.
    mutating func complete(_ ticket: Ticket, _ completion: ReadCompletion) {
        guard case .read(let answer)? = waiters.removeValue(forKey: ticket) else {
            preconditionFailure("no read waits for \(ticket)")
        }
        answer(completion)
    }

    /// Answers whoever waits for this hand-over.
    mutating func complete(_ ticket: Ticket, _ completion: TransferCompletion) {
        guard case .transfer(let answer)? = waiters.removeValue(forKey: ticket) else {
            preconditionFailure("no hand-over waits for \(ticket)")
        }
        answer(completion)
    }

    /// Answers whoever waits for this change of members.
    mutating func complete(_ ticket: Ticket, _ completion: MembershipCompletion) {
        guard case .change(let answer)? = waiters.removeValue(forKey: ticket) else {
            preconditionFailure("no change of members waits for \(ticket)")
        }
        answer(completion)
    }
}
