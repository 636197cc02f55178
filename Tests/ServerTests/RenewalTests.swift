import Glibc
import Testing

@testable import Server

@Suite("A process that begins anew") struct RenewalTests {
    @Test("keeps no descriptor but the standard streams, however high its number is")
    func descriptors() throws {
        var limit = rlimit()
        // The proof: the calls fill and read one value, which they are given.
        #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        let wanted = rlimit(rlim_cur: 1 << 17, rlim_max: max(limit.rlim_max, 1 << 17))
        limit.rlim_cur = limit.rlim_max
        // Who may raise it does.
        var raised = wanted
        if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 {
            limit = wanted
        }
        #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        // Above what fits into 16 bits, if this machine allows as many.
        let high = fcntl(1, F_DUPFD, Int32(min(70_000, limit.rlim_cur - 1)))
        try #require(high > 2)
        defer { close(high) }
        #expect(fcntl(high, F_GETFD) & FD_CLOEXEC == 0)
        Renewal.letDescriptorsGo()
        #expect(fcntl(high, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(1, F_GETFD) & FD_CLOEXEC == 0)
    }
}
