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
        var claims: BudgetClaims
        let firstSentAt: UInt64
        var sentAt: UInt64
    }

    private var drawers: BudgetTable<Drawer>
    /// Those with something to say, each once. `head` is the first that was not taken.
    private var queue: [BudgetID] = []
    private var head = 0
    private var flight: Flight?
    /// Of the last batch: the number of this run, then that of the batch in it.
    private var sequence: UInt64
    /// How long answers take, evened out over some.
    private var roundTrip: UInt64 = 0
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
    /// How long an answer is waited for before the batch is sent again, in nanoseconds; or twice as
    /// long as answers took lately, where that is longer.
    public static let answerNanoseconds: UInt64 = 250_000_000
    /// The longest that is taken for how long answers take, in nanoseconds.
    private static let roundTripMax: UInt64 = 5_000_000_000
    /// How often a node without claims says that it listens, in nanoseconds.
    public static let listenNanoseconds: UInt64 = 1_000_000_000

    /// - Parameter run: another one at each start of the node, so that nobody takes its batches for
    ///   those of the run before.
    public init(bucketsMax: Int = bucketsMaxDefault, run: UInt32 = 0) {
        sequence = UInt64(run) << 32
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
                counters.refuse(budget.id.kind)
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
            counters.refuse(budget.id.kind)
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
    ///
    /// A batch that stays without an answer is sent again as it was: a leader that has settled it
    /// knows its number, and charges nothing twice.
    public mutating func claims(now: UInt64) -> BudgetClaims? {
        guard flight == nil else { return repeated(now) }
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
        let batch = BudgetClaims(sequence: sequence, claims: claims)
        flight = Flight(claims: batch, firstSentAt: now, sentAt: now)
        return batch
    }

    /// Takes the leader's answer.
    ///
    /// - Parameter members: how many nodes share what is left on credit.
    public mutating func answered(_ answer: BudgetGrants, members: Int, now: UInt64) {
        self.members = UInt32(max(1, min(members, 1_024)))
        guard let flight, flight.claims.sequence == answer.sequence else { return }
        self.flight = nil
        let sample = min(now - min(now, flight.firstSentAt), Self.roundTripMax)
        roundTrip = (3 * roundTrip + sample) / 4
        owe(flight.claims.claims, but: answer.grants, now)
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

    /// What the leader had no room to count is owed still, and nothing more passes until it has.
    private mutating func owe(
        _ claims: [BudgetClaim], but grants: [BudgetGrant], _ now: UInt64
    ) {
        var next = 0
        for claim in claims {
            if next < grants.count, grants[next].id == claim.budget.id {
                next += 1
                continue
            }
            guard let position = drawers.position(of: claim.budget.id) else { continue }
            drawers[position].owed += drawers[position].told
            drawers[position].told = 0
            drawers[position].known = Fill(
                drawers[position].known.rate, microRequests: 0, at: now)
            if drawers[position].owed > 0 { enqueue(position) }
        }
    }

    /// The batch that is under way, when its answer should have come.
    private mutating func repeated(_ now: UInt64) -> BudgetClaims? {
        let patience = max(Self.answerNanoseconds, 2 * roundTrip)
        guard var flight, now >= flight.sentAt + patience else { return nil }
        // A leader that knows the batch does not look at it again. Another one may have heard from
        // that leader what was given back: it is charged what is owed, and given nothing.
        for index in flight.claims.claims.indices { flight.claims.claims[index].returned = 0 }
        flight.sentAt = now
        self.flight = flight
        lastSent = now
        counters.unanswered += 1
        return flight.claims
    }
}

/// What a till has counted since its node started.
public struct BudgetCounters: Equatable, Sendable {
    /// Requests that passed under a limit.
    public var passed: UInt64 = 0
    /// Requests that were refused, by what was spent: a key's limit, a user's, a tenant's.
    public var refusedByKey: UInt64 = 0
    public var refusedByUser: UInt64 = 0
    public var refusedByTenant: UInt64 = 0
    /// Claims that were made.
    public var claims: UInt64 = 0
    /// Requests that were granted in slices.
    public var granted: UInt64 = 0
    /// Times that a batch of claims was sent again, because no answer came.
    public var unanswered: UInt64 = 0
    public init() {}

    /// All that were refused.
    public var refused: UInt64 { refusedByKey + refusedByUser + refusedByTenant }

    mutating func refuse(_ kind: BudgetID.Kind) {
        switch kind {
        case .key: refusedByKey += 1
        case .user: refusedByUser += 1
        case .tenant: refusedByTenant += 1
        }
    }
}
