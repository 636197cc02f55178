/// A rare branch that a swarm of simulated worlds must reach: a simulator that never comes there
/// proves nothing about it.
///
/// Without the compilation condition `PLANTED_DEFECTS` nothing of this is in the product.
public enum Probe: Int, CaseIterable, Sendable {
    // Elections
    case preVoteRefusedForLeader, preVoteRefusedForLog, voteRefused, candidateMeetsLeader
    case checkQuorumFailed, pauseNoticed, transferRefused, transferGivenUp
    // Members
    case jointLeft, leaderRemoved, configurationReplaced, jointInherited
    // Replication
    case appendRejected, appendContradictsCommitted, suffixReplaced, staleCompletionIgnored
    case snapshotOffered, staleSnapshotIgnored, snapshotCoveredByLog
    case snapshotAskedFor, installationAnswered
    // A state that was lost
    case snapshotBeforeLog, stateReplacedUnderLog, stateDiverged
    // Reads and proposals
    case readRoundRepeated, proposalForwarded, proposalRepeated, proposalParkedInVain
    case proposalLostFromLog
    // The log on the disk
    case tornTail, identifiersRepaired, segmentSuperseded, damageFound, reserveMissing
    case headerRepaired, unreadableBlock, entriesLost, damageMendedAlone
    // Repair of a log from its peers
    case repairEnded, damageAnswered, voteRefusedForPromise
    // The state machine
    case proposalKnown, proposalForgotten, requestReplayed

    #if PLANTED_DEFECTS
    // The proof: written by the only thread of the simulator.
    nonisolated(unsafe) public static var reached = [UInt64](repeating: 0, count: allCases.count)
    #endif
}

/// Notes that a rare branch was reached.
@inlinable public func sometimes(_ probe: Probe) {
    #if PLANTED_DEFECTS
    unsafe Probe.reached[probe.rawValue] += 1
    #endif
}

/// A place that the simulator may make unlucky, within what the code around it must bear.
///
/// In each run a quarter of the places is switched on, and one that is on is unlucky a quarter of
/// the time (after FoundationDB). Without the compilation condition `PLANTED_DEFECTS` the question
/// is the constant `false`.
public enum Buggify: Int, CaseIterable, Sendable {
    /// A leader sends one entry where it could send many.
    case appendOneEntry
    /// A follower tells a leader less of where their logs may agree than it could.
    case poorRejectionHint
    /// A leader keeps nothing for slow followers.
    case retainNothing
    /// A node forwards a proposal again though its answer may be on its way.
    case repeatProposalEarly

    #if PLANTED_DEFECTS
    // The proof: set before a run begins, and used by the only thread of the simulator.
    nonisolated(unsafe) private static var enabled: UInt64 = 0
    // The proof: as above.
    nonisolated(unsafe) private static var state: UInt64 = 0
    // The proof: as above.
    nonisolated(unsafe) public private(set) static var fired =
        [UInt64](repeating: 0, count: allCases.count)

    /// Draws for a run which places are on.
    public static func begin(seed: UInt64) {
        unsafe state = seed ^ 0x4255_4747_4946_5921
        unsafe enabled = next() & next()
    }

    // SplitMix64 (Steele, Lea and Flood, 2014).
    private static func next() -> UInt64 {
        unsafe state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = unsafe state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether this place is unlucky this time.
    public var isUnlucky: Bool {
        guard unsafe Self.enabled & (1 << UInt64(rawValue)) != 0 else { return false }
        guard Self.next() >> 62 == 0 else { return false }
        unsafe Self.fired[rawValue] += 1
        return true
    }
    #else
    /// Whether this place is unlucky this time: never.
    @inlinable public var isUnlucky: Bool { false }
    #endif
}
