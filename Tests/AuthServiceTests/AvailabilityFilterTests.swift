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
        var filter = AvailabilityFilter(settleMilliseconds: 500)
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
}
