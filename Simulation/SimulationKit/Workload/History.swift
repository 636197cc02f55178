import AuthCore
import ByteCodec
import RaftCore

/// What clients asked for and what they were told, held against what is committed: C2, C3, C5, C6.
final class History {
    /// What a client wants done, perhaps asked several times.
    struct Operation {
        /// Whether the command names an idempotency key, so that it takes effect at most once
        /// however often it is asked for.
        let hasKey: Bool
        var effects = 0
    }

    /// One time of asking.
    struct Attempt {
        enum State { case pending, acknowledged, refused, unknown }
        let operation: Int
        var state = State.pending
        var effects = 0
        var isCommitted = false
        /// Whether nobody waits for it, and the same may be asked for again.
        var isBackground = false
    }

    private struct Outcome {
        let attempt: Int
        let digest: UInt64
    }

    private(set) var operations: [Operation] = []
    private(set) var attempts: [Attempt] = []
    // Looked up, never iterated.
    private var attemptOfCommand: [UInt64: Int] = [:]
    private var outcomeOfProposal: [ProposalID: Outcome] = [:]
    // By index; nil for entries that are no commands.
    private var outcomes: [Outcome?] = []
    /// Every read that begins now must show this much.
    private(set) var floor: LogIndex = .zero

    func begin(hasKey: Bool) -> Int {
        operations.append(Operation(hasKey: hasKey))
        return operations.count - 1
    }

    /// The operation is asked for with these bytes, which no other attempt has.
    func attempt(_ operation: Int, _ command: [UInt8]) -> Int {
        attempts.append(Attempt(operation: operation))
        let known = attemptOfCommand.updateValue(
            attempts.count - 1, forKey: TraceHash.digest(command))
        precondition(known == nil, "two attempts with one command")
        return attempts.count - 1
    }

    /// Something is asked for that nobody waits for; the same bytes may be asked for again.
    func background(_ command: [UInt8]) {
        let digest = TraceHash.digest(command)
        guard attemptOfCommand[digest] == nil else { return }
        attempts.append(
            Attempt(operation: begin(hasKey: false), state: .unknown, isBackground: true))
        attemptOfCommand[digest] = attempts.count - 1
    }

    // MARK: What is committed

    /// An entry is committed and applied to the reference.
    func committed(_ entry: Entry, _ applied: AppliedEntry) -> Violation? {
        precondition(entry.index.rawValue == UInt64(outcomes.count) + 1, "out of order")
        guard entry.kind == .command else {
            outcomes.append(nil)
            return nil
        }
        guard let proposal = readable({ try Proposal(decoding: entry.payload) }),
            let attempt = attemptOfCommand[TraceHash.digest(proposal.command)]
        else { return Violation("C2", "entry \(entry.index.rawValue) was asked for by nobody") }
        let outcome = Outcome(attempt: attempt, digest: TraceHash.digest(applied.outcome))
        outcomes.append(outcome)
        attempts[attempt].isCommitted = true
        if attempts[attempt].state == .refused {
            return Violation(
                "C2", "entry \(entry.index.rawValue) was said not to have been proposed")
        }
        return checkRepetition(proposal, outcome, applied)
            ?? countEffect(attempt, applied, entry.index)
    }

    private func checkRepetition(
        _ proposal: Proposal, _ outcome: Outcome, _ applied: AppliedEntry
    ) -> Violation? {
        let id = proposal.id
        guard let first = outcomeOfProposal[id] else {
            outcomeOfProposal[id] = outcome
            guard applied.wasDuplicate else { return nil }
            // Given up by its proposer before it came: then nobody waits for it.
            return attempts[outcome.attempt].state == .pending
                ? Violation("C3", "\(id) is taken for a repetition, and was never applied") : nil
        }
        if !applied.wasDuplicate {
            return Violation("C3", "\(id) was applied again")
        }
        // Of what narrows access the proposer may hold the outcome already, and wait for leases
        // only: then it asks nobody to remember it, and a copy that comes now finds it forgotten.
        // Were it answered with that, `acknowledged` would see it.
        if proposal.isNarrowing, isForgotten(applied) { return nil }
        if outcome.digest != first.digest, attempts[outcome.attempt].state == .pending {
            return Violation("C3", "\(id) has another outcome the second time")
        }
        return nil
    }

    private func isForgotten(_ applied: AppliedEntry) -> Bool {
        readable { try AuthCore.Outcome(decoding: applied.outcome) }?.refusal == .forgotten
    }

    private func countEffect(
        _ attempt: Int, _ applied: AppliedEntry, _ index: LogIndex
    ) -> Violation? {
        guard !applied.wasDuplicate,
            let outcome = readable({ try AuthCore.Outcome(decoding: applied.outcome) }),
            outcome.refusal == nil, outcome.replay == nil
        else { return nil }
        if attempts[attempt].isBackground { return nil }
        attempts[attempt].effects += 1
        if attempts[attempt].effects > 1 {
            return Violation("C3", "entry \(index.rawValue) repeats an effect")
        }
        let operation = attempts[attempt].operation
        operations[operation].effects += 1
        if operations[operation].hasKey, operations[operation].effects > 1 {
            return Violation("C3", "entry \(index.rawValue) repeats a request's effect")
        }
        return nil
    }

    // MARK: What clients are told

    /// A write is acknowledged with this outcome.
    func acknowledged(_ attempt: Int, _ index: LogIndex, _ outcome: [UInt8]) -> Violation? {
        attempts[attempt].state = .acknowledged
        guard outcomes.indices.contains(Int(index.rawValue) - 1),
            let committed = outcomes[Int(index.rawValue) - 1]
        else { return Violation("C5", "acknowledged at \(index.rawValue), not committed") }
        if committed.attempt != attempt {
            return Violation("C5", "acknowledged at \(index.rawValue), where another stands")
        }
        if committed.digest != TraceHash.digest(outcome) {
            return Violation("C5", "acknowledged with another outcome than \(index.rawValue) has")
        }
        if let decoded = readable({ try AuthCore.Outcome(decoding: outcome) }),
            decoded.refusal == .forgotten
        {
            return Violation("C3", "an outcome was forgotten that somebody waited for")
        }
        floor = max(floor, index)
        return nil
    }

    /// A write is said to be in no log.
    func refused(_ attempt: Int) -> Violation? {
        attempts[attempt].state = .refused
        return attempts[attempt].isCommitted
            ? Violation("C2", "a committed write is said not to have been proposed") : nil
    }

    func unknown(_ attempt: Int) { attempts[attempt].state = .unknown }

    /// A read that began at `floor` is answered from a view that shows `index`.
    func read(at index: LogIndex, floor required: LogIndex) -> Violation? {
        floor = max(floor, index)
        guard index < required else { return nil }
        return Violation(
            "C6", "a read shows \(index.rawValue), \(required.rawValue) was acknowledged before")
    }

    /// At the end nobody waits.
    func finish() -> Violation? {
        let waiting = attempts.count { $0.state == .pending }
        return waiting == 0 ? nil : Violation("L2", "\(waiting) writes were never answered")
    }
}
