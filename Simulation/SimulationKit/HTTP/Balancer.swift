/// A load balancer with the rules of `deploy/haproxy/watchword.cfg`: two backends of all nodes,
/// each asked for its own health; least connections; only what never reached a node is tried at
/// another one.
struct Balancer {
    /// Which nodes a request may go to.
    enum Backend: Int, CaseIterable {
        case read, write

        /// What its checks ask for.
        var path: String {
            switch self {
            case .read: "/lb/read"
            case .write: "/lb/write"
            }
        }
    }

    /// How often each server is looked at, in microseconds.
    static let inter: UInt64 = 200_000
    /// The same while what was found is not certain yet.
    static let fastInter: UInt64 = 100_000
    /// So many failures in a row take a server out; one success brings it back.
    static let fall = 2
    /// How often a request that reached nobody is tried again.
    static let retries = 3
    /// How long a connection may take to stand, in microseconds.
    static let connectTimeout: UInt64 = 1_000_000

    private struct Server {
        var isUp = false
        var failures = 0
        var active = 0
    }

    private var servers: [[Server]]
    private var turn = 0

    init(nodes: Int) {
        servers = Backend.allCases.map { _ in [Server](repeating: Server(), count: nodes) }
    }

    /// A check has ended. Returns whether the next one should come sooner.
    mutating func checked(_ node: Int, _ backend: Backend, isGood: Bool) -> Bool {
        var server = servers[backend.rawValue][node]
        server.failures = isGood ? 0 : server.failures + 1
        if isGood { server.isUp = true }
        if server.failures >= Self.fall { server.isUp = false }
        servers[backend.rawValue][node] = server
        return server.isUp && server.failures > 0
    }

    /// The server that takes the next request, not one of those that could not be reached with it;
    /// nil when none is up.
    mutating func choose(_ backend: Backend, except failed: [Int]) -> Int? {
        let up = servers[backend.rawValue].indices.filter {
            servers[backend.rawValue][$0].isUp
        }
        let fresh = up.filter { !failed.contains($0) }
        let candidates = fresh.isEmpty ? up : fresh
        guard
            let least = candidates.map({ servers[backend.rawValue][$0].active }).min()
        else { return nil }
        let idle = candidates.filter { servers[backend.rawValue][$0].active == least }
        turn += 1
        let node = idle[turn % idle.count]
        servers[backend.rawValue][node].active += 1
        return node
    }

    /// A request has ended at its server, or never reached it.
    mutating func ended(_ node: Int, _ backend: Backend) {
        servers[backend.rawValue][node].active -= 1
    }
}
