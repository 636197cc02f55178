/// What happened in a world: to see that enough did.
public struct WorldCounters: Equatable, Sendable {
    /// What is counted.
    public enum Kind: Int, CaseIterable, Sendable {
        case events, turns, messages, messagesLost, elections, transfers, kills, powerLosses
        case totalCrashes, pauses, stops, restarts, crashesInRecovery, crashesInWrite
        case tornTails, blocksLost, blocksKept, partitions, connectionsLost, wallSteps
        case fullDisks, syncs, truncations, trims, snapshotsSent, snapshotsFailed
        case snapshotsInstalled, committed, duplicates, writesAcknowledged, writesUnknown
        case writesRefused, readsConfirmed, readsFailed, comparisons, stateSyncs, leasedEvents,
            releases
        case flaps, resets, slowLinks, drifts, freezes, slowDisks, failedSyncs
        case damages, casualties, logsMended, repairs, logsRepaired, entriesRepaired
        case logsRewritten, damageSpared, suspensions
        case rowsHurt, snapshotsHurt, scrubs, checkpoints, statesGivenUp, statesReplaced
        case changesAsked, changesDone, changesRefused, configurations, nodesAdded, nodesRemoved
        case upgrades, downgrades, levelsRaised, levelsRefused, tooOldNodes
        case requestsAnswered, requestsGivenUp, requestsRedispatched, allows, denials, refreshes
        case keysAllowed, keysRefused, keysRotated, logInsHeld
        case limitsPassed, limitsRefused, quotasPassed, quotasRefused
        case usageRecorded, usageUncertain
        case accessTokensTaken, accessTokensRefused, signingKeysRotated
        case sessionsEvicted, sessionsDenied, codesGranted, codesRefused
        case tenantsAllowed, tenantsRefused, tenantsClosed
        case historiesChecked, historiesUndecided, auditRowsChecked

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
            case .stateSyncs: "syncs of states"
            case .flaps: "flapping links"
            case .resets: "connections reset"
            case .slowLinks: "slow links"
            case .drifts: "changes of a clock's speed"
            case .freezes: "clocks that stood still"
            case .slowDisks: "slow disks"
            case .failedSyncs: "failed syncs"
            case .damages: "damaged disks"
            case .casualties: "nodes that lost their promises and stayed out"
            case .logsMended: "damaged logs that lacked nothing"
            case .repairs: "repairs of logs begun"
            case .logsRepaired: "logs repaired"
            case .entriesRepaired: "entries repaired"
            case .logsRewritten: "damaged logs rewritten from memory"
            case .damageSpared: "damage left out, since a minority had some"
            case .suspensions: "suspended machines"
            case .leasedEvents: "leases in use"
            case .releases: "releases that were waited for"
            case .rowsHurt: "rows damaged"
            case .snapshotsHurt: "snapshots damaged on their way"
            case .scrubs: "states read whole"
            case .checkpoints: "checkpoints begun"
            case .statesGivenUp: "states given up"
            case .statesReplaced: "states fetched anew"
            case .changesAsked: "changes of members asked for"
            case .changesDone: "changes of members finished"
            case .changesRefused: "changes of members refused"
            case .configurations: "configurations committed"
            case .nodesAdded: "machines added"
            case .nodesRemoved: "machines removed"
            case .upgrades: "nodes upgraded"
            case .downgrades: "nodes downgraded"
            case .levelsRaised: "feature levels raised"
            case .levelsRefused: "feature levels not raised"
            case .tooOldNodes: "nodes found too old"
            case .requestsAnswered: "HTTP requests answered"
            case .requestsGivenUp: "HTTP requests given up"
            case .requestsRedispatched: "HTTP requests tried at another node"
            case .allows: "validations that allowed"
            case .denials: "tokens refused"
            case .refreshes: "refresh tokens redeemed"
            case .keysAllowed: "API keys that were let in"
            case .keysRefused: "API keys refused"
            case .keysRotated: "API keys rotated"
            case .limitsPassed: "requests that passed under a limit"
            case .limitsRefused: "requests refused by a limit"
            case .quotasPassed: "requests that passed under a quota"
            case .quotasRefused: "requests refused by a quota"
            case .usageRecorded: "batches of usage recorded"
            case .usageUncertain: "batches of usage told again"
            case .logInsHeld: "log-ins held back"
            case .accessTokensTaken: "access tokens taken"
            case .accessTokensRefused: "access tokens refused"
            case .signingKeysRotated: "signing keys rotated"
            case .sessionsEvicted: "sessions that gave way to newer ones"
            case .sessionsDenied: "sessions refused by a limit"
            case .codesGranted: "log-ins with one-time codes"
            case .codesRefused: "one-time codes refused"
            case .tenantsAllowed: "credentials of other tenants let in"
            case .tenantsRefused: "credentials of other tenants refused"
            case .tenantsClosed: "tenants suspended or deleted"
            case .historiesChecked: "histories of objects checked"
            case .historiesUndecided: "histories that could not be decided"
            case .auditRowsChecked: "audit records checked"
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

    /// Counts a fault that comes.
    mutating func count(_ fault: Fault) {
        switch fault {
        case .kill: self[.kills] += 1
        case .powerLoss: self[.powerLosses] += 1
        case .crashAll: self[.totalCrashes] += 1
        case .stop: self[.stops] += 1
        case .pause: self[.pauses] += 1
        case .suspend: self[.suspensions] += 1
        case .transfer: self[.transfers] += 1
        case .cut: self[.partitions] += 1
        case .flap: self[.flaps] += 1
        case .reset: self[.resets] += 1
        case .slowLink: self[.slowLinks] += 1
        case .wallStep: self[.wallSteps] += 1
        case .drift: self[.drifts] += 1
        case .freeze: self[.freezes] += 1
        case .slowDisk: self[.slowDisks] += 1
        case .members: self[.changesAsked] += 1
        // Counted when they have an effect.
        case .fullDisk, .failSync, .damage, .decay, .release, .raise, .hurtState, .hurtSnapshot:
            break
        }
    }
}
