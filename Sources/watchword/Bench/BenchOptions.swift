import ArgumentParser
import Foundation
import LoadCore

/// What a load is to be, as an operator writes it.
struct BenchOptions: ParsableArguments {
    @Option(help: "What to ask for, by weight: validate, refresh, start, revoke, login, secret.")
    var mix = "validate=95,refresh=3,start=1,revoke=1"

    @Option(help: "Connections in all; each has one request on its way at a time.")
    var connections = 64

    @Option(
        help: """
            Requests per second, for an open loop: they are sent in their moments whether others \
            are answered or not. Without it, each connection sends when its last is answered.
            """)
    var rate: UInt64?

    @Option(help: "How long to measure: 30s, 500ms, 5m, 1h.")
    var duration = "30s"

    @Option(help: "How long to load before that, without counting.")
    var warmUp = "2s"

    @Option(help: "How many sessions to make before.")
    var sessions = 1_000

    @Option(help: "How many users to make for them. (default: 50, or one for each session)")
    var users: Int?

    @Option(help: "Open loop: how many may wait for a connection; what finds no room is not sent.")
    var queue = 10_000

    @Option(help: "When a request without an answer has failed.")
    var timeout = "10s"

    @Option(help: "How often to say how it goes.")
    var interval = "1s"

    @Option(help: "Event loops. (default: one for each processor, 4 at most)")
    var threads: Int?

    @Option(help: "Decides the order of requests; the same gives the same. (default: drawn)")
    var seed: UInt64?

    @Option(
        help: """
            Also write the latencies as HdrHistogram's percentile text (.hgrm), in milliseconds: \
            all kinds together, and each kind to a file of its own with the kind in its name.
            """,
        completion: .file())
    var histogram: String?

    @Flag(help: "Leave the users, sessions and the secret in the cluster.")
    var keep = false

    /// The plan that these options make.
    ///
    /// - Throws: `ValidationError` when they are not right.
    func plan() throws -> LoadPlan {
        do {
            let processors = ProcessInfo.processInfo.activeProcessorCount
            let plan = LoadPlan(
                mix: try Mix(parsing: mix), connections: connections, ratePerSecond: rate,
                duration: try time("--duration", duration), warmUp: try time("--warm-up", warmUp),
                interval: try time("--interval", interval),
                timeout: try time("--timeout", timeout), sessions: sessions,
                users: users ?? max(1, min(50, sessions)), queueMax: queue,
                threads: threads ?? max(1, min(processors, 4, connections, sessions)),
                seed: seed ?? UInt64.random(in: 0...UInt64(UInt32.max)))
            try plan.check()
            return plan
        } catch let error as LoadOptionsError {
            throw ValidationError(error.description)
        }
    }

    private func time(_ name: String, _ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(parsing: text) else {
            throw ValidationError("\(name) is a time as 30s, 500ms, 5m or 1h, not \"\(text)\"")
        }
        return span
    }
}
