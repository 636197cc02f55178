/// What a load is to be, within the bounds of what one process can do.
public struct LoadPlan: Equatable, Sendable {
    public static let connectionsAllowed = 1...20_000
    public static let ratesAllowed: ClosedRange<UInt64> = 1...1_000_000
    public static let sessionsAllowed = 1...100_000
    public static let usersAllowed = 1...10_000
    public static let queuesAllowed = 0...1_000_000
    public static let threadsAllowed = 1...64
    /// Shorter loads measure nothing, and intervals of the live view are no shorter either.
    public static let shortest = TimeSpan(milliseconds: 100)
    /// The longest load: six hours, half of what sessions live by default.
    public static let longest = TimeSpan(milliseconds: 6 * 3_600_000)
    public static let timeoutMax = TimeSpan(milliseconds: 60_000)

    public var mix: Mix
    /// Of all lanes together, as are all numbers here.
    public var connections: Int
    /// Requests in a second of an open loop; nil for a closed loop.
    public var ratePerSecond: UInt64?
    public var duration: TimeSpan
    /// Before `duration`, and not counted.
    public var warmUp: TimeSpan
    /// How often the live view tells how it goes.
    public var interval: TimeSpan
    /// How long an answer may take from the sending on.
    public var timeout: TimeSpan
    public var sessions: Int
    public var users: Int
    /// The most that waits in an open loop for a free connection.
    public var queueMax: Int
    /// Event loops.
    public var threads: Int
    /// Decides what is asked in which order, and about whom.
    public var seed: UInt64

    public init(
        mix: Mix, connections: Int, ratePerSecond: UInt64?, duration: TimeSpan, warmUp: TimeSpan,
        interval: TimeSpan, timeout: TimeSpan, sessions: Int, users: Int, queueMax: Int,
        threads: Int, seed: UInt64
    ) {
        self.mix = mix
        self.connections = connections
        self.ratePerSecond = ratePerSecond
        self.duration = duration
        self.warmUp = warmUp
        self.interval = interval
        self.timeout = timeout
        self.sessions = sessions
        self.users = users
        self.queueMax = queueMax
        self.threads = threads
        self.seed = seed
    }

    /// Holds every number against its bounds, and against the others.
    ///
    /// - Throws: with a sentence about the first that is not right.
    public func check() throws(LoadOptionsError) {
        try Self.check("--connections", connections, Self.connectionsAllowed)
        if let ratePerSecond { try Self.check("--rate", ratePerSecond, Self.ratesAllowed) }
        try Self.check("--sessions", sessions, Self.sessionsAllowed)
        try Self.check("--users", users, Self.usersAllowed)
        try Self.check("--queue", queueMax, Self.queuesAllowed)
        try Self.check("--threads", threads, Self.threadsAllowed)
        try Self.check("--duration", duration, Self.shortest...Self.longest)
        try Self.check("--warm-up", warmUp, TimeSpan(milliseconds: 0)...Self.longest)
        try Self.check("--interval", interval, Self.shortest...Self.longest)
        try Self.check("--timeout", timeout, Self.shortest...Self.timeoutMax)
        guard threads <= connections else {
            throw LoadOptionsError("--threads is at most --connections: each needs one")
        }
        guard threads <= sessions else {
            throw LoadOptionsError("--threads is at most --sessions: each needs one")
        }
        guard users <= sessions else {
            throw LoadOptionsError("--users is at most --sessions: each has one")
        }
    }

    private static func check<Value: CustomStringConvertible>(
        _ name: String, _ value: Value, _ allowed: ClosedRange<Value>
    ) throws(LoadOptionsError) {
        guard allowed.contains(value) else {
            throw LoadOptionsError(
                "\(name) is from \(allowed.lowerBound) to \(allowed.upperBound), not \(value)")
        }
    }

    /// Sessions that need a refresh token, and so a log-in each: as many as may be on their way.
    public var refreshersCount: Int {
        mix.has(.refresh) ? min(sessions, max(connections, 64)) : 0
    }

    /// Whether the users need passwords.
    public var needsPasswords: Bool { mix.has(.login) || mix.has(.refresh) }

    /// The numbers of a lane's share of `count` things: as equal as can be, in order.
    public static func share(of count: Int, lane: Int, of lanes: Int) -> Range<Int> {
        count * lane / lanes..<count * (lane + 1) / lanes
    }

    /// What is done to the cluster, in a sentence for the operator.
    public var announcement: String {
        var parts = ["\(users) users bench-…", "\(sessions) sessions"]
        if refreshersCount > 0 { parts[1] += " (\(refreshersCount) by log-in)" }
        if mix.has(.secret) { parts.append("one secret bench/…") }
        return parts.dropLast().joined(separator: ", ") + " and " + (parts.last ?? "")
    }

    /// The kind of loop, for the head of reports.
    public var loop: String {
        ratePerSecond.map { "open loop, \(Fixed.grouped($0)) requests/s" } ?? "closed loop"
    }
}
