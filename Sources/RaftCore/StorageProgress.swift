/// How far the disk has come with what it was asked to keep.
///
/// Requests are carried out in order, so the completion of one is the completion of all before.
/// Term and vote count by that order alone: no truncation takes them back. Entries count only in
/// the generation of the log in which they were asked for.
struct StorageProgress: Equatable, Sendable {
    private struct Write: Equatable, Sendable {
        var sequence: UInt64
        var hardState: HardState
    }

    /// What the disk was last asked to keep.
    private(set) var requested: HardState
    /// What the disk is known to keep.
    private(set) var durable: HardState
    /// The number of the last request.
    private(set) var sequence: UInt64 = 0
    /// The number of the last request that is known to be durable.
    private(set) var completed: UInt64 = 0
    /// Whether the present vote was asked for and its grant waits for the disk.
    var isGrantHeld = false
    /// Since when the disk has finished nothing although something is asked of it; nil if nothing
    /// is.
    private(set) var waitingSince: SteadyTime?
    // Asked for and not yet durable, in order.
    private var underway: [Write] = []

    /// The state found on the disk.
    init(durable: HardState) {
        requested = durable
        self.durable = durable
    }

    /// Whether the disk holds this vote in this term.
    func holds(term: Term, vote: NodeID?) -> Bool { durable.term == term && durable.vote == vote }

    /// Numbers one more request, with the hard state that it carries, if any.
    mutating func request(_ hardState: HardState?, now: SteadyTime) -> UInt64 {
        sequence += 1
        waitingSince = waitingSince ?? now
        if let hardState {
            precondition(hardState.term >= requested.term, "the term on disk would go back")
            requested = hardState
            underway.append(Write(sequence: sequence, hardState: hardState))
        }
        return sequence
    }

    /// Notes that every request up to and with `finished` is durable. False if that was known.
    mutating func complete(_ finished: UInt64, now: SteadyTime) -> Bool {
        precondition(finished <= sequence, "request \(finished) was never made")
        guard finished > completed else { return false }
        completed = finished
        waitingSince = completed < sequence ? now : nil
        while let first = underway.first, first.sequence <= finished {
            durable = first.hardState
            underway.removeFirst()
        }
        return true
    }

    /// Checks the order of requests and completions.
    func checkInvariants() {
        precondition(completed <= sequence, "completed before it was requested")
        precondition((waitingSince == nil) == (completed == sequence), "waits for nothing")
        precondition(durable.term <= requested.term, "durable before it was requested")
        precondition(
            zip(underway, underway.dropFirst()).allSatisfy { $0.sequence < $1.sequence },
            "requests out of order")
        precondition(underway.allSatisfy { $0.sequence > completed }, "finished and under way")
    }
}
