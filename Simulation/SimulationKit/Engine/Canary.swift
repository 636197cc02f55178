/// Something wrong with the world itself, on purpose. A run with a canary must break a promise; if
/// it does not, the checkers are asleep, and what they said of any other run counts for nothing
/// (after TigerBeetle's fuzzer that must fail).
///
/// Nothing of it is in the nodes' code, so every build has it.
public enum Canary: String, CaseIterable, Sendable {
    /// Disks say that they have synced, and have not.
    case lyingDisk = "lying-disk"
    /// Who refuses its vote is heard to grant it.
    case forgedVote = "forged-vote"
    /// Clients are told that what has no known outcome was done.
    case falseAcknowledgement = "false-acknowledgement"
    /// A node's state changes while nobody looks.
    case changedState = "changed-state"
    /// What narrowed access is held to be acknowledged as soon as it is committed.
    case earlyRelease = "early-release"
    /// While a process is paused its steady clock stands still, as in a virtual machine that its
    /// host pauses: past what leases promise to bear (docs/lease.md, "Limits").
    case stillClock = "still-clock"
}
