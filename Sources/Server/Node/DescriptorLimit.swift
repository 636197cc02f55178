internal import AuthCore
internal import Glibc
internal import Logging
internal import PeerTransport

/// How many files and connections this process may have open at once.
///
/// Systems give a process few, for the sake of programs that use `select`, and allow it many more.
/// A node whose descriptors are used up can neither accept anybody nor read its own files.
struct DescriptorLimit: Equatable {
    /// What counts now.
    var soft: UInt64
    /// What the process may raise it to.
    var hard: UInt64

    /// Log segments, the state and its copies, certificates, and what event loops wait with.
    static let filesMax: UInt64 = 512

    /// What a node may need at most, by its configuration.
    static func needed(by configuration: NodeConfiguration) -> UInt64 {
        let peers = PeerTransportOptions()
        return UInt64(configuration.connectionsMax)
            + (configuration.metricsListen == nil ? 0 : UInt64(HTTPFrontend.metricsConnectionsMax))
            + UInt64(Limits.members * peers.connectionsPerPeerMax + peers.pendingConnectionsMax)
            + filesMax
    }

    /// The limit of this process as it is.
    static var current: DescriptorLimit {
        var limit = rlimit()
        // The proof: the call fills one value, which it is given.
        let code = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        precondition(code == 0, "getrlimit: errno \(errno)")
        return DescriptorLimit(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
    }

    /// Raises the soft limit of this process as far as it may be.
    ///
    /// - Returns: the limit as it is then. A system that refuses leaves it as it was, which shows.
    static func raise() -> DescriptorLimit {
        var wanted = rlimit()
        wanted.rlim_max = rlim_t(current.hard)
        wanted.rlim_cur = wanted.rlim_max
        // The proof: the call reads one value, which it is given.
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted)
        return current
    }

    /// How many are missing of so many; nil if none is.
    func shortage(of needed: UInt64) -> UInt64? { soft < needed ? needed - soft : nil }

    /// Raises the limit, and tells what came of it.
    static func raise(for configuration: NodeConfiguration, _ logger: Logger) {
        let before = current
        let now = raise()
        logger.info(
            "open files are limited",
            metadata: [
                "soft_before": "\(before.soft)", "soft": "\(now.soft)", "hard": "\(now.hard)",
            ])
        let needed = needed(by: configuration)
        guard let missing = now.shortage(of: needed) else { return }
        logger.warning(
            "fewer open files are allowed than the configured connections may need",
            metadata: [
                "soft": "\(now.soft)", "needed": "\(needed)", "missing": "\(missing)",
                "connections_max": "\(configuration.connectionsMax)",
            ])
    }
}
