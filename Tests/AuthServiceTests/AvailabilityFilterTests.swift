import AuthService
import RaftCore
import Testing

@Suite("what load balancers are told (api.md, lb)")
struct AvailabilityFilterTests {
    private func time(_ milliseconds: UInt64) -> SteadyTime {
        .zero.advanced(milliseconds: milliseconds + 1_000)
    }

    @Test("a load balancer is told yes only after a while, and no at once")
    func hysteresis() {
        var filter = AvailabilityFilter(settleMilliseconds: 500, toleranceMilliseconds: 0)
        #expect(filter.current == .unavailable("starting"))
        filter.observe(.available, now: time(0))
        #expect(filter.current == .unavailable("settling"))
        filter.observe(.available, now: time(499))
        #expect(filter.current != .available)
        filter.observe(.available, now: time(500))
        #expect(filter.current == .available)
        filter.observe(.unavailable("no quorum"), now: time(501))
        #expect(filter.current == .unavailable("no quorum"))
        filter.observe(.available, now: time(502))
        #expect(filter.current != .available)
        filter.observe(.available, now: time(1_002))
        #expect(filter.current == .available)
    }

    @Test("an election that all nodes see at once takes none of them from the balancer")
    func elections() {
        var filter = AvailabilityFilter(settleMilliseconds: 500, toleranceMilliseconds: 1_000)
        filter.observe(.available, now: time(0))
        filter.observe(.available, now: time(500))
        for moment in stride(from: UInt64(550), to: 1_550, by: 50) {
            filter.observe(.unavailable("no leader"), isPassing: true, now: time(moment))
            #expect(filter.current == .available)
        }
        filter.observe(.available, now: time(1_549))
        #expect(filter.current == .available)

        // Borne once more from its own beginning, and no longer than that.
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(1_600))
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(2_599))
        #expect(filter.current == .available)
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(2_600))
        #expect(filter.current == .unavailable("no leader"))
        filter.observe(.available, now: time(2_601))
        #expect(filter.current == .unavailable("settling"))
    }

    @Test(
        "what is borne is a second, and twice the longest election time-out where that is more",
        arguments: [(UInt64(1), UInt64(1_000)), (10, 4_800)])
    func profiles(factor: UInt64, tolerance: UInt64) {
        var raft = RaftOptions()
        raft.stretch(by: factor)
        var filter = AvailabilityFilter(elections: raft)
        #expect(filter.toleranceMilliseconds == tolerance)
        filter.observe(.available, now: time(0))
        filter.observe(.available, now: time(500))
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(550))
        // The longest that nobody campaigns, and the campaign.
        let campaign = raft.electionTimeoutMillisecondsMax + raft.campaignRetryMilliseconds
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(550 + campaign))
        #expect(filter.current == .available)
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(550 + tolerance))
        #expect(filter.current == .unavailable("no leader"))
    }

    @Test("what does not pass by itself counts at once, also in the middle of an election")
    func whatStays() {
        var filter = AvailabilityFilter(settleMilliseconds: 500, toleranceMilliseconds: 1_000)
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(0))
        #expect(filter.current == .unavailable("no leader"), "never available before it was once")
        filter.observe(.available, now: time(1))
        filter.observe(.available, now: time(501))
        filter.observe(.unavailable("no leader"), isPassing: true, now: time(550))
        filter.observe(.unavailable("draining"), now: time(600))
        #expect(filter.current == .unavailable("draining"))
    }
}
