/// What became of the requests of some time.
public struct Tally: Equatable, Sendable {
    /// Ways to fail that are told apart; what comes beyond counts as `other`.
    static let failuresMax = 200

    /// One way in which requests failed.
    public struct Failure: Hashable, Sendable {
        public let kind: RequestKind
        /// The HTTP status; 0 when there was no answer.
        public let status: Int
        /// The server's `code`, or a word of ours.
        public let code: String
    }

    /// Of requests that succeeded, by the raw value of their kind.
    private(set) var latencies = Array(
        repeating: LatencyHistogram(), count: RequestKind.allCases.count)
    /// Of requests that failed, whatever they asked for.
    public private(set) var failedLatency = LatencyHistogram()
    /// How often requests failed in which way.
    public private(set) var failures: [Failure: UInt64] = [:]
    /// Requests of an open loop for which there was no room in the queue, or no time at the end.
    private var notSent: [UInt64] = Array(repeating: 0, count: RequestKind.allCases.count)
    /// Requests of an open loop for which no connection was free in their moment.
    public var waited: UInt64 = 0
    /// The most that waited at once in one lane.
    public var longestQueue: UInt64 = 0
    /// Connections that ended while the load went on.
    public var connectionsLost: UInt64 = 0
    /// Refresh tokens that are not used any more because their outcome is not known.
    public var tokensGivenUp: UInt64 = 0

    public init() {}

    /// Counts an answer.
    mutating func count(_ answer: LoadAnswer, to kind: RequestKind, microseconds: UInt64) {
        if answer.isGood {
            latencies[kind.rawValue].record(microseconds: microseconds)
        } else {
            count(failure: answer.code, status: answer.status, of: kind, microseconds)
        }
    }

    /// Counts a request that failed.
    mutating func count(
        failure code: String, status: Int = 0, of kind: RequestKind, _ microseconds: UInt64
    ) {
        failedLatency.record(microseconds: microseconds)
        add(1, to: Failure(kind: kind, status: status, code: code))
    }

    /// Counts a request that was never sent.
    mutating func countNotSent(_ kind: RequestKind) { notSent[kind.rawValue] += 1 }

    private mutating func add(_ count: UInt64, to failure: Failure) {
        if failures[failure] == nil, failures.count >= Self.failuresMax {
            failures[Failure(kind: failure.kind, status: 0, code: "other"), default: 0] += count
        } else {
            failures[failure, default: 0] += count
        }
    }

    /// Adds what another tally has counted.
    public mutating func merge(_ other: Tally) {
        for kind in RequestKind.allCases {
            latencies[kind.rawValue].merge(other.latencies[kind.rawValue])
            notSent[kind.rawValue] += other.notSent[kind.rawValue]
        }
        failedLatency.merge(other.failedLatency)
        for (failure, count) in other.failures { add(count, to: failure) }
        waited += other.waited
        longestQueue = max(longestQueue, other.longestQueue)
        connectionsLost += other.connectionsLost
        tokensGivenUp += other.tokensGivenUp
    }

    /// How long those took that succeeded; of all kinds together without one.
    public func latency(of kind: RequestKind? = nil) -> LatencyHistogram {
        if let kind { return latencies[kind.rawValue] }
        var all = LatencyHistogram()
        for one in latencies { all.merge(one) }
        return all
    }

    /// How many succeeded.
    public func succeeded(_ kind: RequestKind? = nil) -> UInt64 {
        kind.map { latencies[$0.rawValue].total } ?? latencies.reduce(0) { $0 + $1.total }
    }

    /// How many failed.
    public func failed(_ kind: RequestKind? = nil) -> UInt64 {
        failures.reduce(0) { sum, entry in
            kind == nil || entry.key.kind == kind ? sum + entry.value : sum
        }
    }

    /// How many were never sent.
    public func notSent(_ kind: RequestKind? = nil) -> UInt64 {
        kind.map { notSent[$0.rawValue] } ?? notSent.reduce(0, +)
    }
}
