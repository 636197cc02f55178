import AuthCore
import ByteCodec
import Testing

@testable import AuthService

@Suite("What a node lets through, on its way into the log (decision 13)")
struct UsageTillTests {
    private let key = UsageSubject(.key, 1)
    private let user = UsageSubject(.user, 2)
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private var day: UInt32 { UsagePeriod.day(of: now) }

    private func request(
        _ subjects: [UsageSubject], _ limits: [Metering.Limit] = [], members: Int = 3,
        at moment: Timestamp? = nil
    ) -> Metering {
        Metering(
            tenant: .platform, now: moment ?? now, subjects: subjects, limits: limits,
            members: members)
    }

    private func limit(_ limit: UInt64, recorded: UInt64 = 0) -> Metering.Limit {
        Metering.Limit(subject: key, period: .day(day), limit: limit, recorded: recorded)
    }

    private func passes(_ till: inout UsageTill, _ request: Metering) -> Bool {
        if case .passed = till.count(request) { true } else { false }
    }

    @Test("A node lets no more pass than its share of what the log has left, nor a twentieth")
    func allowance() {
        #expect(UsageTill.allowance(of: 9, recorded: 0, members: 3) == 3)
        #expect(UsageTill.allowance(of: 9, recorded: 8, members: 3) == 1)
        #expect(UsageTill.allowance(of: 9, recorded: 9, members: 3) == 0)
        #expect(UsageTill.allowance(of: 9, recorded: 12, members: 3) == 0)
        #expect(UsageTill.allowance(of: 1_000, recorded: 0, members: 3) == 100)
        #expect(UsageTill.allowance(of: 10_000, recorded: 0, members: 3) == 500)
        #expect(UsageTill.allowance(of: 10_000, recorded: 9_994, members: 3) == 2)
        var till = UsageTill()
        var passed = 0
        for _ in 0..<1_000 where passes(&till, request([key], [limit(10_000)])) { passed += 1 }
        #expect(passed == 500)
        #expect(till.need == .pressing)
        guard case .refused(let standing, let seconds) = till.count(request([key], [limit(10_000)]))
        else {
            Issue.record("it passed")
            return
        }
        #expect(standing == QuotaStanding(limit: 10_000, remaining: 9_500))
        #expect(seconds == 1, "the log is told soon")
    }

    @Test("A spent quota is worth trying again when its period is over")
    func spent() {
        var till = UsageTill()
        guard case .refused(_, let seconds) = till.count(request([key], [limit(5, recorded: 5)]))
        else {
            Issue.record("it passed")
            return
        }
        let end = UsagePeriod.day(day).end
        #expect(seconds == (end.milliseconds(since: now) + 999) / 1_000)
        #expect(till.refused == [1, 0, 0])
        #expect(till.batch() == nil, "nothing was counted")
    }

    @Test("What is told and not known to be in the log counts on, and is told again as it was")
    func uncertain() throws {
        var till = UsageTill()
        for _ in 0..<3 { #expect(passes(&till, request([key, user], [limit(9)]))) }
        let said = till.batch()
        let first = try #require(said)
        #expect(first.sequence == 1)
        #expect(Set(first.uses.map(\.count)) == [3])
        #expect(till.batch() == nil, "one at a time")
        #expect(!passes(&till, request([key], [limit(9)])))
        till.failed(1)
        #expect(till.need == .full)
        #expect(till.batch() == first)
        till.recorded(1)
        #expect(till.count == 0)
        #expect(passes(&till, request([key], [limit(9, recorded: 3)])))
        #expect(till.batch()?.sequence == 2)
    }

    @Test("Every request is in exactly one batch, whatever presses and whatever fails")
    func property() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = Chance(state: seed)
            var till = UsageTill()
            var counted: [UsageSubject: UInt64] = [:]
            var recorded: [UsageSubject: UInt64] = [:]
            var flight: Command.AddUsage?
            func settle(_ batch: Command.AddUsage) {
                for use in batch.uses { recorded[use.subject, default: 0] += UInt64(use.count) }
            }
            for _ in 0..<20_000 {
                let subject = UsageSubject(.key, UInt128(random.next(below: 40)))
                let quota = Metering.Limit(
                    subject: subject, period: .day(day), limit: 400,
                    recorded: recorded[subject] ?? 0)
                let limits = subject.bits.isMultiple(of: 2) ? [quota] : []
                if passes(&till, request([subject], limits)) { counted[subject, default: 0] += 1 }
                guard random.next(below: 50) == 0 else { continue }
                if let batch = flight {
                    if random.next(below: 3) == 0 {
                        till.failed(batch.sequence)
                        #expect(till.batch() == batch)
                    } else {
                        settle(batch)
                        till.recorded(batch.sequence)
                        flight = nil
                    }
                } else {
                    flight = till.batch()
                }
            }
            if let batch = flight {
                settle(batch)
                till.recorded(batch.sequence)
            }
            while let batch = till.batch() {
                settle(batch)
                till.recorded(batch.sequence)
            }
            #expect(counted == recorded, "seed \(seed)")
            #expect(till.count == 0)
            // Alone it is as if there were three nodes: a quota holds, but for the rounding.
            for (subject, count) in counted where subject.bits.isMultiple(of: 2) {
                #expect(count <= 400, "seed \(seed)")
            }
        }
    }

    @Test("A month counts what is left of the day before")
    func midnight() {
        var till = UsageTill()
        let month = UsagePeriod.month(ofDay: day)
        let limit = Metering.Limit(subject: key, period: month, limit: 9, recorded: 0)
        for _ in 0..<2 { #expect(passes(&till, request([key], [limit]))) }
        let tomorrow = now.advanced(milliseconds: 86_400_000)
        #expect(passes(&till, request([key], [limit], at: tomorrow)))
        #expect(!passes(&till, request([key], [limit], at: tomorrow)))
    }

    @Test("It is bounded: what has no quota is not counted then, and what has one is refused")
    func bounded() {
        var till = UsageTill(placesMax: 10)
        for bits in 0..<15 as Range<UInt128> {
            #expect(passes(&till, request([UsageSubject(.user, bits)])))
        }
        #expect(till.count == 10)
        #expect(till.dropped == 5)
        var passed = 0
        for bits in 100..<130 as Range<UInt128> {
            let subject = UsageSubject(.key, bits)
            let limit = Metering.Limit(subject: subject, period: .day(day), limit: 9, recorded: 0)
            if passes(&till, request([subject], [limit])) { passed += 1 }
        }
        #expect(passed == 10)
        #expect(till.count == 20)
    }

    @Test("A batch has at most a thousand counts, those first that press")
    func batches() throws {
        var till = UsageTill()
        for bits in 0..<2_500 as Range<UInt128> {
            _ = till.count(request([UsageSubject(.user, bits)]))
        }
        for _ in 0..<2 { _ = till.count(request([key], [limit(9)])) }
        #expect(till.need == .pressing)
        let said = till.batch()
        let batch = try #require(said)
        #expect(batch.uses.count == Limits.usageBatch)
        #expect(batch.uses.first?.subject == key)
    }
}

/// Numbers of a seed.
private struct Chance {
    var state: UInt64
    mutating func next(below bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }
}
