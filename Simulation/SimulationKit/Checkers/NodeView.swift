import RaftCore

/// What the onlooker knows of one node: what it has in memory, and what is durable on its disk.
struct NodeView {
    // In memory.
    var isUp = false
    var role: Role = .follower
    var term: Term = .zero
    var commit: LogIndex = .zero
    var applied: LogIndex = .zero
    var log = TermLog()
    /// Whether it led in this term before its last turn too.
    var ledBefore = false

    // On the disk, for certain.
    var durableLog = TermLog()
    var durableHard = HardState()
    var durableApplied: LogIndex = .zero
    var trimmed: LogIndex = .zero

    /// Requests that were handed to the log and are not synced.
    var underWay: [PersistRequest] = []
    /// The snapshot that is being put in the place of the state.
    var installing: EntryID?
}
