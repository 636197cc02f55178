internal import ByteCodec
public import RaftCore

/// The right to answer *allow* from this node's own state: until `end` on this node's clock, by
/// views that show `index` (docs/lease.md, rules 3 and 4).
public struct ReadLease: Equatable, Sendable {
    /// When it ends; exclusive.
    public var end: SteadyTime
    /// What a view must show.
    public var index: LogIndex
    public init(end: SteadyTime, index: LogIndex) {
        self.end = end
        self.index = index
    }

    /// Whether an *allow* that was decided on a view of this applied index may be answered. To be
    /// asked after view and decision, with a clock that is read then (docs/lease.md, rule 4).
    public func admitsAllow(viewedAt applied: LogIndex, now: SteadyTime) -> Bool {
        applied >= index && (now < end || Planted.allowPastLease.isOn)
    }
}

/// The leases that a member holds (rule 3): a newer grant that its state has not reached yet does
/// not take away an older one, so a command that narrows access interrupts nobody.
public struct HeldLeases: Equatable, Sendable {
    /// Ascending in both, so that none is worth less than another in both.
    package private(set) var leases: [ReadLease] = []

    /// Grants come with heartbeats; so many more than a lease lasts.
    private static let countMax = 256

    public init() {}

    /// Takes a lease.
    public mutating func add(_ lease: ReadLease) {
        if leases.contains(where: { $0.index <= lease.index && $0.end >= lease.end }) { return }
        leases.removeAll { $0.index >= lease.index && $0.end <= lease.end }
        let position = leases.firstIndex { $0.index > lease.index } ?? leases.endIndex
        leases.insert(lease, at: position)
        // The oldest may be the one in use; the newest lasts longest.
        if leases.count > Self.countMax { leases.remove(at: leases.count - 2) }
    }

    /// The one of longest duration among those that a state which shows `applied` has reached; nil
    /// when there is none. Those that are over are forgotten.
    public mutating func usable(at applied: LogIndex, now: SteadyTime) -> ReadLease? {
        let best = leases.last { $0.index <= applied }
        leases.removeAll { lease in
            lease.end <= now || best.map { lease.index < $0.index } == true
        }
        return best.flatMap { $0.end > now ? $0 : nil }
    }

    /// When the last of them ends, if any is kept.
    var end: SteadyTime? { leases.map(\.end).max() }
    /// How many are kept.
    var count: Int { leases.count }
}
