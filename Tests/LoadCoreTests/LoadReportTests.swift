import APITypes
import Testing

@testable import LoadCore

@Suite("The report of a load") struct LoadReportTests {
    /// 1,000 validations of 1 to 1,000 µs and one refusal of 2 ms in 2 s, and one straggler.
    private func report(open: Bool = false) throws -> LoadReport {
        var (tally, late) = (Tally(), Tally())
        for number in UInt64(1)...1_000 {
            tally.count(good(.validate(session: 0)), to: .validate, microseconds: number)
        }
        tally.count(refusal(503, "no_leader", to: .secret), to: .secret, microseconds: 2_000)
        tally.waited = open ? 1_234 : 0
        late.count(good(.validate(session: 0)), to: .validate, microseconds: 5_000)
        return LoadReport(
            plan: try plan("validate=9,secret=1", ratePerSecond: open ? 600 : nil), inTime: tally,
            stragglers: late, milliseconds: 2_000, isInterrupted: false)
    }

    @Test("shows a row for each kind, all of them, and what failed")
    func text() throws {
        #expect(
            try report().lines == [
                "closed loop, 8 connections, 2.0 s after 2 s of warm-up",
                "mix validate=9,secret=1, seed 42", "",
                "KIND      SUCCEEDED  FAILED  PER SECOND      MEAN       P50       P90       P99"
                    + "     P99.9       MAX",
                "validate      1,001       0       500.0  0.505 ms  0.501 ms  0.901 ms  0.991 ms"
                    + "  1.000 ms  5.000 ms",
                "secret            0       1         0.0         -         -         -         -"
                    + "         -         -",
                "all           1,001       1       500.0  0.505 ms  0.501 ms  0.901 ms  0.991 ms"
                    + "  1.000 ms  5.000 ms",
                "failed                                   2.000 ms  2.000 ms  2.000 ms  2.000 ms"
                    + "  2.000 ms  2.000 ms",
                "", "FAILED  STATUS  CODE       COUNT", "secret  503     no_leader      1",
            ])
    }

    @Test("of an open loop it tells of the queue")
    func open() throws {
        #expect(
            try report(open: true).lines.contains(
                "1,234 requests waited for a connection, 0 at once in one event loop; 0 were never sent; latency "
                    + "counts from the intended moment"))
    }

    @Test("as JSON has the same figures, times in milliseconds")
    func json() throws {
        let json = try report(open: true).json
        #expect(try JSONValue(parsing: json.bytes) == json)
        #expect(json["loop"] == .string("open"))
        #expect(json["rate"] == .integer(600))
        let validate = json["kinds"]?["validate"]
        #expect(validate?["succeeded"] == .integer(1_001))
        #expect(validate?["per_second"] == .decimal("500.000"))
        #expect(validate?["latency_ms"]?["p99_9"] == .decimal("1.000"))
        #expect(validate?["latency_ms"]?["max"] == .decimal("5.000"))
        #expect(json["kinds"]?["secret"]?["latency_ms"] == .null)
        #expect(json["failures"]?.array?.first?["code"] == .string("no_leader"))
    }

    @Test("the live block has the same number of lines whatever happens")
    func live() throws {
        let plan = try plan("validate=9,secret=1", ratePerSecond: 600)
        var busy = Tally()
        busy.count(good(.validate(session: 0)), to: .validate, microseconds: 1_500)
        busy.count(refusal(503, "no_leader"), to: .validate, microseconds: 10)
        let views = [Tally(), busy].map {
            LiveView(
                plan: plan, tally: $0, intervalMilliseconds: 500, elapsedMilliseconds: 1_000)
        }
        #expect(Set(views.map(\.block.count)) == [6])
        #expect(views[1].block.last == "0 waited, 0 not sent, mostly validate: 503 no_leader")
        #expect(views[1].block[0].hasSuffix("1.0 s of 12.0 s (warm-up)"))
        #expect(
            views[1].line
                == "1.0 s of 12.0 s (warm-up): 2/s, p50 1.500 ms, p99 1.500 ms, max 1.500 ms, "
                + "failed 1, 0 waited, 0 not sent, mostly validate: 503 no_leader")
        #expect(
            views[0].line
                == "1.0 s of 12.0 s (warm-up): 0/s, p50 -, p99 -, max -, failed 0, 0 waited, "
                + "0 not sent")
    }

    @Test("ways to fail are bounded: the rest counts as other")
    func boundedFailures() {
        var tally = Tally()
        for number in 0..<1_000 {
            tally.count(refusal(500, "code\(number)"), to: .validate, microseconds: 1)
        }
        let most = Tally.failuresMax + RequestKind.allCases.count
        #expect(tally.failures.count <= most)
        #expect(tally.failed() == 1_000)
        var merged = Tally()
        for _ in 0..<3 { merged.merge(tally) }
        #expect(merged.failures.count <= most)
        #expect(merged.failed() == 3_000)
    }

    @Test("numbers have the digits that are asked for, rounded half up")
    func digits() {
        #expect(Fixed.text(1, of: 3, digits: 4) == "0.3333")
        #expect(Fixed.text(2, of: 3, digits: 2) == "0.67")
        #expect(Fixed.text(1_005, of: 1_000, digits: 2) == "1.01")
        #expect(Fixed.text(7, of: 2, digits: 0) == "4")
        #expect(Fixed.grouped(999) == "999")
        #expect(Fixed.grouped(1_000) == "1,000")
        #expect(Fixed.grouped(1_234_567) == "1,234,567")
    }
}
