public import RaftCore

/// What a node tells the log of uses and when, so that all nodes of a cluster together make at most
/// one entry in a second of all kinds, whatever the rate of requests: each node in its turn of as
/// many seconds as there are nodes, and one kind in a turn.
///
/// The kinds share the turns by smooth weighted round-robin (as nginx shares requests among
/// upstreams): none waits for ever, and what presses goes often. A million sessions in use must
/// each be told of once in half an hour, which takes 556 of the 1,000 uses in a second: when so
/// many wait, at least 727 are theirs.
public struct TellingTurns: Sendable {
    /// What is told.
    public enum Kind: Int, CaseIterable, Sendable {
        /// When sessions were used last.
        case sessions
        /// When keys were used last.
        case keys
        /// How many requests were let through (docs/decisions/0013).
        case usage
    }

    /// How much a kind wants a turn.
    public enum Need: Int, Comparable, Sendable {
        /// Nothing waits.
        case none
        /// Something waits, and can wait on.
        case patient
        /// A full batch waits.
        case full
        /// Waiting would soon cost somebody something.
        case pressing

        public static func < (a: Need, b: Need) -> Bool { a.rawValue < b.rawValue }
    }

    /// What every kind wants.
    public struct Needs: Equatable, Sendable {
        public let sessions: Need
        public let keys: Need
        public let usage: Need

        public init(_ uses: UseGathering, _ usage: UsageTill) {
            self.init(sessions: uses.sessionNeed, keys: uses.keyNeed, usage: usage.need)
        }

        public init(sessions: Need, keys: Need, usage: Need) {
            self.sessions = sessions
            self.keys = keys
            self.usage = usage
        }

        /// Whether anything waits.
        public var isAny: Bool { highest > .none }

        fileprivate var highest: Need { max(sessions, max(keys, usage)) }

        fileprivate subscript(kind: Kind) -> Need {
            switch kind {
            case .sessions: sessions
            case .keys: keys
            case .usage: usage
            }
        }
    }

    /// How long what makes no full batch may wait, in milliseconds.
    public static let patienceMilliseconds: UInt64 = 5_000

    private var last: SteadyTime?
    private var credits = [Int](repeating: 0, count: Kind.allCases.count)

    public init() {}

    /// What is to be told now; nil when it is not this node's turn yet, or nothing waits. Counts
    /// from now on.
    ///
    /// - Parameter nodes: the members of the configuration.
    public mutating func next(at now: SteadyTime, nodes: Int, needs: Needs) -> Kind? {
        guard needs.isAny else { return nil }
        let turn = UInt64(max(1, nodes)) * 1_000
        let wait = needs.highest > .patient ? turn : max(turn, Self.patienceMilliseconds)
        if let last, now.nanoseconds(since: last) < wait * 1_000_000 { return nil }
        last = now
        return choose(needs)
    }

    private mutating func choose(_ needs: Needs) -> Kind? {
        var best: Kind?
        var sum = 0
        for kind in Kind.allCases {
            let weight = Self.weight(of: kind, needs[kind])
            guard weight > 0 else {
                credits[kind.rawValue] = 0
                continue
            }
            sum += weight
            credits[kind.rawValue] += weight
            if best.map({ credits[kind.rawValue] > credits[$0.rawValue] }) ?? true { best = kind }
        }
        if let best { credits[best.rawValue] -= sum }
        return best
    }

    private static func weight(of kind: Kind, _ need: Need) -> Int {
        switch need {
        case .none: 0
        // A session that is not told of ends, and soon if it may idle for a minute only; a quota
        // that is not holds somebody up.
        case .patient: kind == .sessions ? 4 : 1
        case .full: kind == .sessions ? 4 : 2
        case .pressing: kind == .sessions ? 16 : 4
        }
    }
}
