import Glibc

/// How many files and connections this process may have open at once.
enum OpenFiles {
    /// Beside the connections: standard streams, event loops, certificates.
    private static let others: UInt64 = 128

    /// Raises the limit for so many connections.
    ///
    /// - Throws: `CommandFailure` when the system does not let it.
    static func allow(connections: Int) throws {
        var limit = rlimit()
        // The proof: the call fills one value, which it is given.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw CommandFailure.file("getrlimit", errno)
        }
        let needed = UInt64(connections) + others
        guard UInt64(limit.rlim_cur) < needed else { return }
        guard UInt64(limit.rlim_max) >= needed else {
            throw CommandFailure(
                .configuration,
                "--connections \(connections) needs \(needed) open files, and the system allows "
                    + "\(limit.rlim_max) (ulimit -Hn)")
        }
        limit.rlim_cur = rlim_t(needed)
        // The proof: the call reads one value, which it is given.
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw CommandFailure.file("setrlimit", errno)
        }
    }
}
