internal import APITypes
public import AuthCore
public import AuthService

/// What an operator may choose about the HTTP interface.
public struct APIOptions: Sendable {
    /// Proxies whose `X-Forwarded-For` counts.
    public var trustedProxies: [AddressRange] = []
    /// Origins from whose pages a cookie counts everywhere, as `https://console.example.com`.
    public var origins: [PageOrigin] = []
    /// The key that `X-Metrics-Key` must have; nil: only `metrics:read` opens `/metrics` here.
    public var metricsKey: String?
    /// Serves `/metrics` and nothing else, to everybody: for a listener of its own.
    public var servesOnlyMetrics = false
    /// The most that a body may hold, where a route says nothing smaller.
    public var bodyBytesMax = 128 << 10
    /// The deadline of a request that names none, in milliseconds.
    public var timeoutMilliseconds: UInt64 = 5_000
    /// The shortest deadline that a request gets, in milliseconds: one that no quorum can keep
    /// would only make the outcome of writes unknown.
    public var timeoutMillisecondsMin: UInt64 = 100
    /// The longest deadline that a request may name, in milliseconds.
    public var timeoutMillisecondsMax: UInt64 = 30_000

    public init() {}
}

/// What surrounds the API: gives the world of this moment, and the figures of the process.
public protocol APIEnvironment: Sendable {
    /// Time, node facts and ports as they are now. Called at each step of each request.
    func world() -> World
    /// The figures of the process in Prometheus' text format.
    func metricsText() -> [UInt8]
}
