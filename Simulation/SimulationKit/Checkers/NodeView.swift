import RaftCore

/// What the onlooker knows of one node: what it has in memory, and what is durable on its disk.
struct NodeView {
    /// A configuration and the entry that holds it.
    struct ConfigurationSeen {
        let index: LogIndex
        let configuration: ConfState
    }

    // In memory.
    var isUp = false
    var role: Role = .follower
    var term: Term = .zero
    var commit: LogIndex = .zero
    var applied: LogIndex = .zero
    var log = TermLog()
    /// Whether it led in this term before its last turn too.
    var ledBefore = false

    /// Whether its state was harmed, and nobody has noticed.
    var isHurt = false
    /// Whether it has no state.
    var isStateLost = false

    // On the disk, for certain.
    var durableLog = TermLog()
    var durableHard = HardState()
    var durableApplied: LogIndex = .zero
    var trimmed: LogIndex = .zero

    /// What the damaged log had, until it is as up to date again.
    var promisedLog: TermLog?

    /// The configurations of the log in memory, the one it began with first; never empty.
    var configurations: [ConfigurationSeen] = []
    /// Those of before the present turn.
    var configurationsBefore: [ConfigurationSeen] = []
    /// How many of them this node has appended as leader in its present turn.
    var configurationsMade = 0

    /// Requests that were handed to the log and are not synced.
    var underWay: [PersistRequest] = []
    /// The snapshot that is being put in the place of the state.
    var installing: EntryID?

    /// Whether the disk has the entry, or the node helps nobody into office who lacks it.
    func isBound(by entry: EntryID) -> Bool {
        durableLog.holds(entry) || promisedLog?.holds(entry) == true
    }

    /// The node has taken a turn.
    mutating func take(_ glance: RaftGlance) {
        configurationsBefore = configurations
        configurationsMade = 0
        ledBefore = role == .leader && term == glance.term
        role = glance.role
        term = glance.term
    }
}
