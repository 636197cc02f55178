import Budgets
import Testing

private let second: UInt64 = 1_000_000_000
private let rate = BudgetRate(count: 600, seconds: 60)

private func claim(
    _ id: UInt128, spent: UInt32 = 0, returned: UInt32 = 0, wanted: UInt32 = 0,
    rate: BudgetRate = rate
) -> BudgetClaims {
    BudgetClaims(
        sequence: 1,
        claims: [
            BudgetClaim(
                budget: Budget(BudgetID(.key, id), rate), spent: spent, returned: returned,
                wanted: wanted)
        ])
}

@Suite("The ledger of limits") struct LedgerTests {
    @Test("the burst is ten, a sixtieth, or half a second, and never more than the limit")
    func bursts() {
        #expect(BudgetRate(count: 5, seconds: 60).burst == 5)
        #expect(BudgetRate(count: 600, seconds: 60).burst == 10)
        #expect(BudgetRate(count: 6_000, seconds: 60).burst == 100)
        #expect(BudgetRate(count: 100, seconds: 1).burst == 50)
        #expect(BudgetRate(count: 999_999_999, seconds: 86_400).burst == 16_666_666)
        #expect(BudgetRate(count: 600, seconds: 60).sliceMax == 6)
        #expect(BudgetRate(count: 5, seconds: 60).sliceMax == 1)
        #expect(BudgetRate(count: 1_000, seconds: 1).sliceMax == 100)
    }

    @Test("a slice is charged, at most what there is is granted, and what is owed always counts")
    func charges() throws {
        var ledger = BudgetLedger()
        let id = BudgetID(.key, 1)
        let first = try #require(
            ledger.settle(claim(1, wanted: 50), now: second).answer.grants.first)
        #expect(first.granted == 6)
        #expect(first.level == 4_000_000)
        let next = try #require(
            ledger.settle(claim(1, wanted: 50), now: second).answer.grants.first)
        #expect(next.granted == 4)
        #expect(next.level == 0)
        _ = ledger.settle(claim(1, spent: 3), now: second)
        #expect(ledger.level(of: id, now: second) == -3_000_000)
        // Ten in each second.
        #expect(ledger.level(of: id, now: 2 * second) == 7_000_000)
        _ = ledger.settle(claim(1, returned: 9), now: 2 * second)
        #expect(ledger.level(of: id, now: 2 * second) == 10_000_000)
    }

    @Test("slow rates lose nothing however often they are looked at")
    func nothingIsRounded() {
        var ledger = BudgetLedger()
        let slow = BudgetRate(count: 7, seconds: 86_400)
        _ = ledger.settle(claim(1, spent: 7, rate: slow), now: 0)
        for step in 1...86_400 as ClosedRange<UInt64> {
            _ = ledger.settle(claim(1, rate: slow), now: step * 999_999_937)
        }
        let level = ledger.level(of: BudgetID(.key, 1), now: 86_400 * 999_999_937)
        #expect(level == 6_999_999)
    }

    @Test("a flood of new buckets pushes out full ones, and no spent one")
    func floods() {
        var ledger = BudgetLedger(bucketsMax: 64)
        for id in 0..<32 as Range<UInt128> {
            _ = ledger.settle(claim(id, spent: 600), now: 0)
        }
        for id in 1_000..<2_000 as Range<UInt128> {
            _ = ledger.settle(claim(id, spent: 1), now: UInt64(id - 1_000) * 10_000_000)
        }
        for id in 0..<32 as Range<UInt128> {
            let level = ledger.level(of: BudgetID(.key, id), now: 0)
            #expect(level.map { $0 < -400_000_000 } == true)
        }
        #expect(ledger.count == 64)
    }

    @Test("what cannot be counted does not pass, and is owed until it is counted")
    func fullOfSpent() throws {
        var ledger = BudgetLedger(bucketsMax: 8)
        for id in 0..<8 as Range<UInt128> { _ = ledger.settle(claim(id, spent: 600), now: 0) }
        var till = BudgetTill()
        let key = Budget(BudgetID(.key, 9), rate)
        let others = (0..<8).map { Budget(BudgetID(.key, $0), rate) }
        _ = till.take([others[0]], now: 0)
        _ = till.take([key], now: 0)
        for moment in [1, 2] as [UInt64] {
            let said = till.claims(now: moment)
            let claims = try #require(said)
            #expect(claims.claims.first { $0.budget == key }?.spent == 1)
            let answer = ledger.settle(claims, now: moment).answer
            #expect(!answer.grants.contains { $0.id == key.id })
            till.answered(answer, members: 3, now: moment)
            guard case .refused = till.take([key], now: moment) else {
                Issue.record("what was not counted passed")
                return
            }
        }
    }

    @Test("a batch that comes again is charged once; one of an earlier moment not at all")
    func repeated() {
        var ledger = BudgetLedger()
        let id = BudgetID(.key, 1)
        var batch = claim(1, spent: 4)
        batch.sequence = 7 << 32 | 1
        #expect(ledger.answer(batch, by: 1, now: 0).answer?.grants.first?.level == 6_000_000)
        let again = ledger.answer(batch, by: 1, now: second / 10)
        #expect(again.levels.isEmpty)
        #expect(again.answer?.sequence == batch.sequence)
        #expect(again.answer?.grants.first?.level == 7_000_000)
        // The same number of another node, and of another run, is another batch.
        #expect(ledger.answer(batch, by: 2, now: second / 10).levels.count == 1)
        #expect(ledger.level(of: id, now: second / 10) == 3_000_000)
        var later = claim(1, spent: 1)
        later.sequence = 7 << 32 | 2
        #expect(ledger.answer(later, by: 1, now: second / 10).levels.count == 1)
        #expect(ledger.answer(batch, by: 1, now: second / 10).answer == nil)
        batch.sequence = 8 << 32 | 1
        #expect(ledger.answer(batch, by: 1, now: second / 10).levels.count == 1)
        #expect(ledger.level(of: id, now: second / 10) == -2_000_000)
    }

    @Test("debts are carried, to what all nodes can owe")
    func debts() {
        var ledger = BudgetLedger()
        let daily = BudgetRate(count: 1, seconds: 86_400)
        for _ in 0..<5 { _ = ledger.settle(claim(1, spent: 1, rate: daily), now: 0) }
        #expect(ledger.level(of: BudgetID(.key, 1), now: 0) == -4_000_000)
        #expect(ledger.level(of: BudgetID(.key, 1), now: 4 * 86_400 * second) == 0)
        _ = ledger.settle(claim(2, spent: .max), now: 0)
        #expect(ledger.level(of: BudgetID(.key, 2), now: 0) == -674_000_000)
    }

    @Test("a copy goes on where the leader was")
    func copies() {
        var ledger = BudgetLedger()
        var copy = BudgetLedger()
        let (_, levels) = ledger.settle(claim(1, spent: 8), now: 5 * second)
        // Another machine's clock.
        copy.learn(levels, now: 900 * second)
        copy.begin()
        #expect(copy.level(of: BudgetID(.key, 1), now: 900 * second) == 2_000_000)
    }

    @Test("of what survivors know the lower level holds")
    func survivors() {
        var ledger = BudgetLedger()
        var others = [BudgetLedger(), BudgetLedger()]
        _ = others[0].settle(claim(1, spent: 4), now: 0)
        _ = others[1].settle(claim(1, spent: 9), now: 0)
        _ = others[1].settle(claim(2, spent: 1), now: 0)
        for index in others.indices {
            for part in others[index].levels(now: 0) { ledger.learnLeast(part, now: 7 * second) }
        }
        for part in others[0].levels(now: 0) { ledger.learnLeast(part, now: 7 * second) }
        #expect(ledger.level(of: BudgetID(.key, 1), now: 7 * second) == 1_000_000)
        #expect(ledger.level(of: BudgetID(.key, 2), now: 7 * second) == 9_000_000)
    }

    @Test("another limit keeps what was used")
    func changes() {
        var ledger = BudgetLedger()
        _ = ledger.settle(claim(1, spent: 10), now: 0)
        _ = ledger.settle(claim(1, rate: BudgetRate(count: 6_000, seconds: 60)), now: 0)
        #expect(ledger.level(of: BudgetID(.key, 1), now: 0) == 0)
        #expect(ledger.level(of: BudgetID(.key, 1), now: second) == 100_000_000)
    }
}

@Suite("The till of a node") struct TillTests {
    private let key = Budget(BudgetID(.key, 1), rate)
    private let user = Budget(BudgetID(.user, 2), BudgetRate(count: 5, seconds: 60))

    @Test("a request passes only when every budget has room, and is counted in all or none")
    func allOrNone() {
        var till = BudgetTill()
        #expect(till.take([], now: 0) == .passed(nil))
        guard case .passed = till.take([key, user], now: 0) else {
            Issue.record("the first did not pass")
            return
        }
        // A share of five among eight is one.
        guard case .refused(let standing, let retry) = till.take([key, user], now: 0) else {
            Issue.record("more than a share passed")
            return
        }
        #expect(standing.budget == user)
        #expect(standing.remaining == 0)
        #expect(retry > 0)
        let claims = till.claims(now: 0)
        #expect(claims?.claims.map(\.spent) == [1, 1])
    }

    @Test("a batch without an answer is sent again as it was, and one batch is under way")
    func lostBatch() throws {
        var till = BudgetTill(run: 3)
        _ = till.take([key], now: 0)
        let batch = till.claims(now: 0)
        #expect(batch?.claims.first?.spent == 1)
        #expect(batch?.sequence == 3 << 32 | 1)
        _ = till.take([key], now: 50_000_000)
        #expect(till.claims(now: 100_000_000) == nil)
        #expect(till.claims(now: 250_000_000) == batch)
        #expect(till.claims(now: 499_000_000) == nil)
        #expect(till.claims(now: 500_000_000) == batch)
        #expect(till.counters.unanswered == 2)
    }

    @Test("what was given back is not given back again, and a slow answer is waited for longer")
    func slowAnswers() throws {
        var till = BudgetTill()
        var now: UInt64 = 0
        _ = till.take([key], now: now)
        for _ in 0..<20 {
            let said = till.claims(now: now)
            let claims = try #require(said)
            now += 600_000_000
            let grants = claims.claims.map { claim in
                BudgetGrant(id: claim.budget.id, granted: 2, level: 8_000_000)
            }
            let answer = BudgetGrants(sequence: claims.sequence, grants: grants)
            till.answered(answer, members: 3, now: now)
            now += 600_000_000
            _ = till.take([key], now: now)
        }
        let said = till.claims(now: now)
        let claims = try #require(said)
        #expect(claims.claims.first?.returned == 2)
        #expect(till.claims(now: now + 1_100_000_000) == nil)
        #expect(till.claims(now: now + 1_300_000_000)?.claims.first?.returned == 0)
    }

    @Test("refusals are told by whose limit it is")
    func kinds() {
        var till = BudgetTill()
        let tenant = Budget(BudgetID(.tenant, 1), BudgetRate(count: 1, seconds: 60))
        for _ in 0..<3 { _ = till.take([user], now: 0) }
        for _ in 0..<4 { _ = till.take([key, tenant], now: 0) }
        #expect(till.counters.refusedByUser == 2)
        #expect(till.counters.refusedByTenant == 3)
        #expect(till.counters.refusedByKey == 0)
        #expect(till.counters.refused == 5)
    }

    @Test("a slice that is not used in time is given back, and used no more")
    func lapses() throws {
        var till = BudgetTill()
        _ = till.take([key], now: 0)
        let claimsSaid = till.claims(now: 0)
        let claims = try #require(claimsSaid)
        let grant = BudgetGrant(id: key.id, granted: 5, level: 0)
        till.answered(
            BudgetGrants(sequence: claims.sequence, grants: [grant]), members: 3, now: 0)
        _ = till.take([key], now: 1)
        #expect(till.claims(now: 400_000_000) == nil)
        let laterSaid = till.claims(now: 600_000_000)
        let later = try #require(laterSaid)
        #expect(later.claims.first?.returned == 4)
        #expect(later.claims.first?.spent == 0)
    }

    @Test("an answer that comes twice gives once")
    func lateAnswer() throws {
        var till = BudgetTill()
        _ = till.take([key], now: 0)
        let firstSaid = till.claims(now: 0)
        let first = try #require(firstSaid)
        #expect(till.claims(now: 300_000_000) != nil)
        let grant = BudgetGrant(id: key.id, granted: 5, level: 0)
        for _ in 0..<2 {
            till.answered(
                BudgetGrants(sequence: first.sequence, grants: [grant]), members: 3,
                now: 300_000_000)
        }
        #expect(till.counters.granted == 5)
    }

    @Test("a flood of buckets is bounded, and does not push out what is owed")
    func floods() {
        var till = BudgetTill(bucketsMax: 16)
        for id in 0..<100 as Range<UInt128> {
            _ = till.take([Budget(BudgetID(.key, id), rate)], now: 0)
        }
        #expect(till.count == 16)
        #expect(till.claims(now: 0)?.claims.reduce(0) { $0 + $1.spent } == 16)
    }
}
