/// How a budget stands after a request.
public struct BudgetStanding: Equatable, Sendable {
    public var budget: Budget
    /// Requests that would pass now, as far as this node knows.
    public var remaining: UInt32
    /// After how many nanoseconds the bucket is full, if nobody uses it.
    public var resetNanoseconds: UInt64
}

/// Whether a request passes.
public enum BudgetVerdict: Equatable, Sendable {
    /// It was counted. The tightest of its budgets; nil when it has none.
    case passed(BudgetStanding?)
    /// This one has no room; nothing was counted. It is worth trying again after so long.
    case refused(BudgetStanding, retryNanoseconds: UInt64)
}

/// One node's side: which requests pass, without asking anybody, and what the leader is to be told
/// (docs/decisions/0012-limits-are-leased-in-slices.md).
public struct BudgetTill: Sendable {
    /// What this node has of one bucket.
    private struct Drawer: Sendable {
        /// What the leader last said, as it must have grown since.
        var known: Fill
        /// Requests granted and not used, until they lapse.
        var slice: UInt32 = 0
        var sliceEnd: UInt64 = 0
        /// Requests granted and not used in time, to be given back.
        var lapsed: UInt32 = 0
        /// Requests that passed on credit, and were not told yet.
        var owed: UInt32 = 0
        /// The same, told in the batch that is under way.
        var told: UInt32 = 0
        /// Requests that came since the last claim.
        var demand: UInt32 = 0
        /// Whether it stands in the queue of those with something to say.
        var isQueued = false

        /// Requests that may pass now.
        func room(members: UInt32) -> UInt32 {
            let share = (known.whole + members - 1) / members
            let debt = owed + told
            return slice + (share > debt ? share - debt : 0)
        }

        /// Whether nothing is lost when it is forgotten.
        var isIdle: Bool {
            slice == 0 && lapsed == 0 && owed == 0 && told == 0 && !isQueued && known.isFull
        }

        mutating func advance(to now: UInt64) {
            known.advance(to: now)
            guard slice > 0, now >= sliceEnd else { return }
            lapsed += slice
            slice = 0
        }
    }

    /// A batch of claims that is not answered.
    private struct Flight: Sendable {
        let sequence: UInt64
        let at: UInt64
        let ids: [BudgetID]
    }

    private var drawers: BudgetTable<Drawer>
    /// Those with something to say, each once. `head` is the first that was not taken.
    private var queue: [BudgetID] = []
    private var head = 0
    private var flight: Flight?
    private var sequence: UInt64 = 0
    private var lastSent: UInt64?
    /// Among how many nodes credit is shared; before the first answer more than there are.
    private var members: UInt32 = 8
    /// What was counted.
    public private(set) var counters = BudgetCounters()

    /// Buckets that are kept.
    public static let bucketsMaxDefault = 65_536
    /// Drawers that are looked at for a batch of claims.
    private static let looksMax = 4 * BudgetClaims.countMax
    /// How long a slice may be used, in nanoseconds.
    public static let sliceNanoseconds: UInt64 = 500_000_000
    /// How long an answer is waited for, in nanoseconds.
    public static let answerNanoseconds: UInt64 = 250_000_000
    /// How often a node without claims says that it listens, in nanoseconds.
    public static let listenNanoseconds: UInt64 = 1_000_000_000

    public init(bucketsMax: Int = bucketsMaxDefault) {
        drawers = BudgetTable(countMax: bucketsMax)
    }

    /// Buckets that are kept.
    public var count: Int { drawers.count }

    /// Counts a request against each of its budgets, if all have room.
    ///
    /// - Parameter now: nanoseconds of a steady clock.
    public mutating func take(_ budgets: [Budget], now: UInt64) -> BudgetVerdict {
        for budget in budgets {
            guard let position = find(budget, now) else {
                counters.refused += 1
                return .refused(
                    BudgetStanding(budget: budget, remaining: 0, resetNanoseconds: 0),
                    retryNanoseconds: Self.answerNanoseconds)
            }
            let demand = drawers[position].demand
            drawers[position].demand = demand == .max ? demand : demand + 1
            enqueue(position)
        }
        for budget in budgets {
            guard let position = drawers.position(of: budget.id) else { continue }
            let drawer = drawers[position]
            guard drawer.room(members: members) == 0 else { continue }
            counters.refused += 1
            var refused = standing(budget, drawer)
            // What the others may have, this node has not.
            refused.remaining = 0
            return .refused(
                refused,
                retryNanoseconds: max(1, drawer.known.nanoseconds(until: 1)))
        }
        var tightest: BudgetStanding?
        for budget in budgets {
            guard let position = drawers.position(of: budget.id) else { continue }
            if drawers[position].slice > 0 {
                drawers[position].slice -= 1
            } else {
                drawers[position].owed += 1
            }
            let standing = standing(budget, drawers[position])
            if tightest.map({ standing.remaining < $0.remaining }) ?? true { tightest = standing }
        }
        counters.passed += 1
        return .passed(tightest)
    }

    /// What the leader is to be told now; nil when there is nothing, or an answer is waited for.
    public mutating func claims(now: UInt64) -> BudgetClaims? {
        giveUpFlight(now)
        guard flight == nil else { return nil }
        var claims: [BudgetClaim] = []
        let waiting = min(queue.count - head, Self.looksMax)
        var looked = 0
        while looked < waiting, claims.count < BudgetClaims.countMax {
            let id = queue[head]
            head += 1
            looked += 1
            guard let position = drawers.position(of: id) else { continue }
            drawers[position].isQueued = false
            if let claim = claim(at: position, now) { claims.append(claim) }
        }
        if head > 4_096 || head == queue.count {
            queue.removeFirst(head)
            head = 0
        }
        let isSilent = lastSent.map { now >= $0 + Self.listenNanoseconds } ?? true
        guard !claims.isEmpty || isSilent else { return nil }
        sequence += 1
        lastSent = now
        counters.claims += UInt64(claims.count)
        flight = Flight(sequence: sequence, at: now, ids: claims.map(\.budget.id))
        return BudgetClaims(sequence: sequence, claims: claims)
    }

    /// Takes the leader's answer.
    ///
    /// - Parameter members: how many nodes share what is left on credit.
    public mutating func answered(_ answer: BudgetGrants, members: Int, now: UInt64) {
        self.members = UInt32(max(1, min(members, 1_024)))
        // What comes late was charged and is not used: to count it twice would be worse.
        guard let flight, flight.sequence == answer.sequence else { return }
        self.flight = nil
        for grant in answer.grants {
            guard let position = drawers.position(of: grant.id) else { continue }
            let rate = drawers[position].known.rate
            drawers[position].known = Fill(rate, microRequests: grant.level, at: now)
            drawers[position].told = 0
            guard grant.granted > 0 else { continue }
            // A leader grants no more, and whoever says so else must not make this overflow.
            let granted = min(grant.granted, rate.sliceMax)
            counters.granted += UInt64(granted)
            drawers[position].slice = min(drawers[position].slice, rate.sliceMax) + granted
            drawers[position].sliceEnd = now + Self.sliceNanoseconds
            // So that it is given back when it has lapsed.
            enqueue(position)
        }
    }

    private func standing(_ budget: Budget, _ drawer: Drawer) -> BudgetStanding {
        BudgetStanding(
            budget: budget, remaining: min(budget.rate.burst, drawer.room(members: 1)),
            resetNanoseconds: drawer.known.nanoseconds(until: budget.rate.burst))
    }

    private mutating func find(_ budget: Budget, _ now: UInt64) -> Int? {
        if let position = drawers.position(of: budget.id) {
            drawers[position].advance(to: now)
            drawers[position].known.adopt(budget.rate)
            return position
        }
        let drawer = Drawer(known: Fill(full: budget.rate, at: now))
        return drawers.place(budget.id, drawer) { other in
            other.advance(to: now)
            return other.isIdle
        }
    }

    private mutating func enqueue(_ position: Int) {
        guard !drawers[position].isQueued else { return }
        drawers[position].isQueued = true
        queue.append(drawers.id(at: position))
    }

    /// What there is to say of one bucket; puts it back into the queue if that is for later.
    private mutating func claim(at position: Int, _ now: UInt64) -> BudgetClaim? {
        drawers[position].advance(to: now)
        let drawer = drawers[position]
        let rate = drawer.known.rate
        let missing = drawer.demand > drawer.slice ? drawer.demand - drawer.slice : 0
        // Where nothing can be there yet, nothing is asked for.
        let wanted = drawer.known.whole > 0 ? min(missing, rate.sliceMax) : 0
        guard drawer.owed > 0 || drawer.lapsed > 0 || wanted > 0 else {
            if drawer.slice > 0 || missing > 0 { enqueue(position) }
            if drawer.slice == 0 && missing == 0 { drawers[position].demand = 0 }
            return nil
        }
        drawers[position].demand = 0
        drawers[position].told = drawer.owed
        drawers[position].owed = 0
        drawers[position].lapsed = 0
        if drawer.slice > 0 { enqueue(position) }
        return BudgetClaim(
            budget: Budget(drawers.id(at: position), rate), spent: drawer.owed,
            returned: drawer.lapsed, wanted: wanted)
    }

    /// Without an answer nobody knows whether anything was charged: it is charged anew.
    private mutating func giveUpFlight(_ now: UInt64) {
        guard let lost = flight, now >= lost.at + Self.answerNanoseconds else { return }
        flight = nil
        counters.unanswered += 1
        for id in lost.ids {
            guard let position = drawers.position(of: id) else { continue }
            drawers[position].owed += drawers[position].told
            drawers[position].told = 0
            if drawers[position].owed > 0 { enqueue(position) }
        }
    }
}

/// What a till has counted since its node started.
public struct BudgetCounters: Equatable, Sendable {
    /// Requests that passed under a limit.
    public var passed: UInt64 = 0
    /// Requests that were refused.
    public var refused: UInt64 = 0
    /// Claims that were made.
    public var claims: UInt64 = 0
    /// Requests that were granted in slices.
    public var granted: UInt64 = 0
    /// Batches of claims without an answer.
    public var unanswered: UInt64 = 0
    public init() {}
}
