import Foundation
import Glibc
import Testing

@testable import Server

// One after the other: they change what this process may have open.
@Suite("A node's process", .serialized) struct NodeProcessTests {
    @Test("may have as many files open as the system lets it, and says so")
    func descriptorLimit() throws {
        let before = DescriptorLimit.current
        try #require(before.hard > 64)
        // One less than it may be: no other test misses it.
        var lowered = rlimit(rlim_cur: rlim_t(before.hard - 1), rlim_max: rlim_t(before.hard))
        // The proof: the call reads one value, which it is given.
        #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lowered) == 0)
        #expect(
            DescriptorLimit.current == DescriptorLimit(soft: before.hard - 1, hard: before.hard))
        #expect(DescriptorLimit.raise() == DescriptorLimit(soft: before.hard, hard: before.hard))
        #expect(DescriptorLimit.current.soft == before.hard)
    }

    @Test("warns where that is less than the configured connections may need")
    func shortage() throws {
        for (connections, isEnough) in [(4_096, true), (100_000, false)] {
            let needed = DescriptorLimit.needed(by: try configuration(connections))
            #expect(needed > UInt64(connections) + 128)
            let limit = DescriptorLimit(soft: 8_192, hard: 8_192)
            #expect((limit.shortage(of: needed) == nil) == isEnough)
        }
        let exact = DescriptorLimit(soft: 5_000, hard: 5_000)
        #expect(exact.shortage(of: 5_000) == nil && exact.shortage(of: 5_001) == 1)
    }

    private func configuration(_ connections: Int) throws -> NodeConfiguration {
        var sources = ConfigurationSources()
        sources.add(yaml: ConfigurationTests.file)
        sources.add(setting: "http.connections_max=\(connections)")
        return try NodeConfiguration(sources, folder: "/etc/watchword")
    }

    @Test("that begins anew can be told to end before it listens to signals")
    func signals() {
        defer { for number in [SIGTERM, SIGINT, SIGHUP] { signal(number, SIG_DFL) } }
        for number in [SIGTERM, SIGINT, SIGHUP] { signal(number, SIG_IGN) }
        Renewal.letSignalsEnd()
        #expect(!isIgnored(SIGTERM) && !isIgnored(SIGINT) && isIgnored(SIGHUP))
    }

    /// As the kernel has it, a bit for each signal.
    private func isIgnored(_ number: Int32) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("SigIgn:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" }, radix: 16) } ?? 0
        return mask & (1 << UInt64(number - 1)) != 0
    }

    @Test(
        "that begins anew keeps no descriptor but the standard streams, however high its number is")
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
