internal import APITypes
internal import AuthService
internal import ByteCodec
internal import HTTPAPI
internal import Logging
internal import RaftCore

/// What all connections share.
struct HTTPServices: Sendable {
    /// Carries out one need until the deadline, and completes exactly once, on any thread. Whoever
    /// calls it calls `takeTurn` soon.
    typealias CarryOut =
        @Sendable (Need, SteadyTime, @escaping @Sendable (Completion) -> Void) -> Void

    let api: API
    let carryOut: CarryOut
    /// Goes on with what needs have asked for, on this thread, unless another one does.
    let takeTurn: @Sendable () -> Void
    let clock: @Sendable () -> (steady: SteadyTime, wall: Timestamp)
    let limits: ConnectionLimits
    let times: ConnectionTimes
    let metrics: HTTPMetrics
    let connections: ConnectionRegistry
    let logger: Logger

    /// Counts an answered request, and writes it down when it is worth that.
    func note(_ record: Exchange.Record, nanoseconds: UInt64) {
        metrics.count(route: record.route, status: record.status, nanoseconds: nanoseconds)
        let level = Self.level(of: record)
        guard logger.logLevel <= level else { return }
        // These fields and no others: nothing of a body, a query or a credential is among them.
        var metadata: Logger.Metadata = [
            "request_id": "\(record.requestID)", "method": "\(record.method)",
            "status": "\(record.status)", "address": "\(record.address)",
            "microseconds": "\(nanoseconds / 1000)",
        ]
        if let route = record.route { metadata["route"] = "\(route)" }
        if let code = record.code { metadata["code"] = "\(code.rawValue)" }
        if let actor = record.actor { metadata["actor"] = "\(actor)" }
        if let trace = record.trace { metadata["trace"] = "\(trace)" }
        if let detail = record.internalDetail { metadata["error"] = "\(detail)" }
        logger.log(level: level, "request", metadata: metadata)
    }

    /// What gateways and load balancers ask millions of times is counted, not written down; a
    /// probe that is answered with no has no error code, and is what was asked for.
    private static func level(of record: Exchange.Record) -> Logger.Level {
        if record.status >= 500, record.code != nil { return .warning }
        return record.method == "GET" ? .debug : .info
    }
}
