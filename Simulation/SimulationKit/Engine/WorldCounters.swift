/// What happened in a world: to see that enough did.
public struct WorldCounters: Equatable, Sendable {
    /// What is counted.
    public enum Kind: Int, CaseIterable, Sendable {
        case events, turns, messages, messagesLost, elections, transfers, kills, powerLosses
        case totalCrashes, pauses, stops, restarts, crashesInRecovery, crashesInWrite
        case tornTails, blocksLost, blocksKept, partitions, connectionsLost, wallSteps
        case fullDisks, syncs, truncations, trims, snapshotsSent, snapshotsFailed
        case snapshotsInstalled, committed, duplicates, writesAcknowledged, writesUnknown
        case writesRefused, readsConfirmed, readsFailed, comparisons

        /// What to call it.
        public var name: String {
            switch self {
            case .events: "events"
            case .turns: "turns"
            case .messages: "messages"
            case .messagesLost: "messages lost"
            case .elections: "elections"
            case .transfers: "transfers asked for"
            case .kills: "kills"
            case .powerLosses: "power losses"
            case .totalCrashes: "total crashes"
            case .pauses: "pauses"
            case .stops: "orderly stops"
            case .restarts: "restarts"
            case .crashesInRecovery: "crashes in recovery"
            case .crashesInWrite: "crashes in a write"
            case .tornTails: "torn tails"
            case .blocksLost: "unsynced blocks lost"
            case .blocksKept: "unsynced blocks kept"
            case .partitions: "partitions"
            case .connectionsLost: "connections lost"
            case .wallSteps: "wall clock steps"
            case .fullDisks: "full disks"
            case .syncs: "syncs"
            case .truncations: "log suffixes replaced"
            case .trims: "logs trimmed"
            case .snapshotsSent: "snapshots sent"
            case .snapshotsFailed: "snapshots failed"
            case .snapshotsInstalled: "snapshots installed"
            case .committed: "entries committed"
            case .duplicates: "repeated entries"
            case .writesAcknowledged: "writes acknowledged"
            case .writesUnknown: "writes unknown"
            case .writesRefused: "writes refused"
            case .readsConfirmed: "reads confirmed"
            case .readsFailed: "reads failed"
            case .comparisons: "states compared"
            }
        }
    }

    private var values = [UInt64](repeating: 0, count: Kind.allCases.count)

    public init() {}

    /// One count.
    public subscript(kind: Kind) -> UInt64 {
        get { values[kind.rawValue] }
        set { values[kind.rawValue] = newValue }
    }

    /// Adds the counts of another world.
    public mutating func add(_ other: WorldCounters) {
        for position in values.indices { values[position] += other.values[position] }
    }
}
