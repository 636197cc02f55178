import LoadCore
import Testing

@Suite("The plan of a load") struct LoadPlanTests {
    @Test("one within its bounds is right")
    func right() throws { try plan().check() }

    /// An option, and how it comes to be out of its bounds.
    private static let spoilt: [(option: String, spoil: @Sendable (inout LoadPlan) -> Void)] = [
        ("--connections", { $0.connections = 0 }), ("--connections", { $0.connections = 20_001 }),
        ("--rate", { $0.ratePerSecond = 0 }), ("--rate", { $0.ratePerSecond = 1_000_001 }),
        ("--sessions", { $0.sessions = 0 }), ("--sessions", { $0.sessions = 100_001 }),
        ("--users", { $0.users = 0 }), ("--users", { $0.users = 101 }),
        ("--queue", { $0.queueMax = -1 }), ("--threads", { $0.threads = 0 }),
        ("--threads", { $0.threads = 9 }),
        ("--duration", { $0.duration = TimeSpan(milliseconds: 0) }),
        ("--duration", { $0.duration = TimeSpan(milliseconds: 21_600_001) }),
        ("--warm-up", { $0.warmUp = TimeSpan(milliseconds: 21_600_001) }),
        ("--interval", { $0.interval = TimeSpan(milliseconds: 99) }),
        ("--timeout", { $0.timeout = TimeSpan(milliseconds: 60_001) }),
    ]

    @Test("names the option that is out of bounds", arguments: spoilt.indices)
    func bounds(_ index: Int) throws {
        let (option, spoil) = Self.spoilt[index]
        var spoilt = try plan()
        spoil(&spoilt)
        let plan = spoilt
        let error = #expect(throws: LoadOptionsError.self) { try plan.check() }
        #expect(error?.description.hasPrefix(option) == true)
    }

    @Test("shares are as equal as can be, without a gap")
    func shares() {
        let shares = (0..<3).map { LoadPlan.share(of: 8, lane: $0, of: 3) }
        #expect(shares == [0..<2, 2..<5, 5..<8])
    }

    @Test("only refreshes need refresh tokens, and no more than may be on their way")
    func refreshers() throws {
        #expect(try plan().refreshersCount == 0)
        var plan = try plan("refresh=1")
        #expect(plan.refreshersCount == 64)
        plan.connections = 90
        #expect(plan.refreshersCount == 90)
        plan.sessions = 20
        #expect(plan.refreshersCount == 20)
        #expect(plan.needsPasswords)
    }

    @Test("says what will be made")
    func announces() throws {
        #expect(try plan().announcement == "10 users bench-… and 100 sessions")
        #expect(
            try plan("refresh=1,secret=1").announcement
                == "10 users bench-…, 100 sessions (64 by log-in) and one secret bench/…")
    }
}
