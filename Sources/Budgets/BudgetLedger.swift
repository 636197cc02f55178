internal import ByteCodec

/// The leader's side: what each bucket holds. Every other node keeps a copy as it is told, and goes
/// on with it when it leads (docs/decisions/0012-limits-are-leased-in-slices.md).
public struct BudgetLedger: Sendable {
    private var buckets: BudgetTable<Fill>
    private let bucketsMax: Int
    /// What each node was answered last, so that a batch which comes again is charged once.
    private var answers: [(peer: UInt64, answer: BudgetGrants)] = []

    /// Nodes whose last answer is kept.
    private static let answersMax = 64
    /// Buckets that are kept; full ones may be let go.
    public static let bucketsMaxDefault = 131_072

    public init(bucketsMax: Int = bucketsMaxDefault) {
        self.bucketsMax = bucketsMax
        buckets = BudgetTable(countMax: bucketsMax)
    }

    /// Buckets that are kept.
    public var count: Int { buckets.count }

    /// Settles a batch of a node, once however often it comes.
    ///
    /// - Returns: the answer, nil for a batch from before a later one of the same run; and what the
    ///   others are to be told.
    public mutating func answer(
        _ claims: BudgetClaims, by peer: UInt64, now: UInt64
    ) -> (answer: BudgetGrants?, levels: [BudgetLevel]) {
        let place = answers.firstIndex { $0.peer == peer }
        if let place {
            let last = answers[place].answer
            if claims.sequence == last.sequence { return (repeated(last, now), []) }
            let isSameRun = claims.sequence >> 32 == last.sequence >> 32
            if isSameRun, claims.sequence < last.sequence { return (nil, []) }
            answers.remove(at: place)
        } else if answers.count == Self.answersMax {
            answers.removeFirst()
        }
        let (answer, levels) = settle(claims, now: now)
        answers.append((peer, answer))
        return (answer, levels)
    }

    /// An answer once more, with what the buckets hold now.
    private mutating func repeated(_ answer: BudgetGrants, _ now: UInt64) -> BudgetGrants {
        var answer = answer
        for index in answer.grants.indices {
            let known = level(of: answer.grants[index].id, now: now)
            if let known { answer.grants[index].level = known }
        }
        return answer
    }

    /// Charges what a node owes, takes back what it did not use, and grants what there is. What
    /// there is no room to count has no grant.
    ///
    /// - Returns: the answer, and what the others are to be told.
    public mutating func settle(
        _ claims: BudgetClaims, now: UInt64
    ) -> (answer: BudgetGrants, levels: [BudgetLevel]) {
        var grants: [BudgetGrant] = []
        var levels: [BudgetLevel] = []
        for claim in claims.claims {
            let id = claim.budget.id
            // Where every bucket that is kept is in use, what cannot be counted does not pass.
            guard let position = find(claim.budget, now) else { continue }
            let granted = buckets[position].settle(claim)
            let level = buckets[position].microRequests
            grants.append(BudgetGrant(id: id, granted: granted, level: level))
            levels.append(BudgetLevel(budget: claim.budget, level: level))
        }
        return (BudgetGrants(sequence: claims.sequence, grants: grants), levels)
    }

    /// Takes over what the leader says.
    public mutating func learn(_ levels: [BudgetLevel], now: UInt64) {
        for level in levels {
            let fill = Fill(level.budget.rate, microRequests: level.level, at: now)
            if let position = buckets.position(of: level.budget.id) {
                buckets[position] = fill
            } else {
                place(level.budget.id, fill, now)
            }
        }
    }

    /// Hears what another node knows: of two levels the lower one holds, since what a node has not
    /// heard of leaves its copy too full.
    public mutating func learnLeast(_ levels: [BudgetLevel], now: UInt64) {
        for level in levels {
            let fill = Fill(level.budget.rate, microRequests: level.level, at: now)
            guard let position = buckets.position(of: level.budget.id) else {
                place(level.budget.id, fill, now)
                continue
            }
            buckets[position].advance(to: now)
            if fill.microRequests < buckets[position].microRequests { buckets[position] = fill }
        }
    }

    /// The buckets that are not full, in parts that a message holds; of very many some are left
    /// out. Complexity: O(n).
    public mutating func levels(now: UInt64) -> [[BudgetLevel]] {
        var parts: [[BudgetLevel]] = []
        for position in 0..<buckets.count {
            buckets[position].advance(to: now)
            let fill = buckets[position]
            guard !fill.isFull else { continue }
            let level = BudgetLevel(
                budget: Budget(buckets.id(at: position), fill.rate), level: fill.microRequests)
            if parts.last.map({ $0.count < BudgetClaims.countMax }) == true {
                parts[parts.count - 1].append(level)
            } else {
                guard parts.count < Self.partsMax else { break }
                parts.append([level])
            }
        }
        return parts
    }

    /// Messages in which a node is told everything.
    private static let partsMax = 16

    /// This node leads from now on.
    public mutating func begin() {
        guard Planted.limitsForgottenByLeader.isOn else { return }
        self = BudgetLedger(bucketsMax: bucketsMax)
    }

    /// What a bucket holds, in millionths of a request; nil for one that is not kept: it is full.
    public func level(of id: BudgetID, now: UInt64) -> Int64? {
        buckets.position(of: id).map { position in
            var fill = buckets[position]
            fill.advance(to: now)
            return fill.microRequests
        }
    }

    private mutating func find(_ budget: Budget, _ now: UInt64) -> Int? {
        guard let position = buckets.position(of: budget.id) else {
            return place(budget.id, Fill(full: budget.rate, at: now), now)
        }
        buckets[position].advance(to: now)
        buckets[position].adopt(budget.rate)
        return position
    }

    @discardableResult
    private mutating func place(_ id: BudgetID, _ fill: Fill, _ now: UInt64) -> Int? {
        buckets.place(id, fill) { other in
            other.advance(to: now)
            return other.isFull
        }
    }
}

extension Fill {
    /// Settles one claim, and says how much is granted.
    fileprivate mutating func settle(_ claim: BudgetClaim) -> UInt32 {
        if !Planted.slicesNotCharged.isOn { take(claim.spent) }
        putBack(claim.returned)
        let granted = min(claim.wanted, rate.sliceMax, whole)
        if !Planted.slicesNotCharged.isOn { take(granted) }
        return granted
    }
}
