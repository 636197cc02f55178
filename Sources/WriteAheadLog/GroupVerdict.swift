/// What is known about the place where a group stands, or would stand.
struct GroupEvidence: Hashable {
    /// The group matches its checksums and follows the one before.
    var groupIsGood: Bool
    /// Its identifiers match it.
    var identifiersAreGood: Bool
    /// Nothing but zeros, from here to the identifiers before.
    var isBlank: Bool
    /// It was synced: its number, or an entry in it, is at or below what is known to be durable.
    var isKnownDurable: Bool
}

/// What becomes of a group in recovery (Alagappan et al., "Protocol-Aware Recovery for
/// Consensus-Based Storage", FAST '18, §3.3: the disentanglement of crash and corruption).
enum GroupVerdict: Equatable {
    /// As it was written.
    case good
    /// The identifiers are written again, from the group.
    case repairIdentifiers
    /// It was synced and is damaged or gone. `identified`: index and term survive in the
    /// identifiers, so promises that rest on them still stand.
    case corrupt(identified: Bool)
    /// It was being written when the node stopped, and was never acknowledged: it is dropped
    /// whole, with everything behind it.
    case torn
    /// The log ends before it.
    case end

    init(_ evidence: GroupEvidence) {
        switch (evidence.groupIsGood, evidence.isKnownDurable) {
        case (true, _): self = evidence.identifiersAreGood ? .good : .repairIdentifiers
        case (false, true): self = .corrupt(identified: evidence.identifiersAreGood)
        case (false, false): self = evidence.isBlank ? .end : .torn
        }
    }
}
