import ArgumentParser
import AsyncHTTPClient
import Foundation

/// What a drill showed.
struct Verdict: Sendable {
    let name: String
    let figures: [String]
    let passed: Bool
}

/// Breaks a quickstart cluster on purpose, and counts what its users would have noticed.
@main
struct Drill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Kill, stop, cut and fill the nodes of a quickstart cluster, and count.")

    @Option(help: "The folder that deploy/quickstart was given.") var dir: String
    @Option(help: "The quickstart script.") var script: String
    @Option(help: "Only these, as leader-kills; repeat for more.") var only: [String] = []
    @Flag(help: "A tenth of everything, for every change.") var short = false

    func run() async throws {
        let cluster = try QuickstartCluster(folder: dir, script: script)
        let bench = try await Bench(cluster: cluster)
        try await bench.ready(cluster.nodes.map(\.id))
        let scale = short ? 10 : 1
        let drills: [(String, () async throws -> Verdict)] = [
            ("leader-kills", { try await leaderKills(bench, times: 200 / scale) }),
            ("total-kills", { try await totalKills(bench, times: 50 / scale) }),
            ("handovers", { try await handovers(bench, times: 100 / scale) }),
            ("revocations", { try await revocations(bench, count: 10_000 / scale) }),
            ("logins", { try await logins(bench, count: 10_000 / scale) }),
            ("snapshot", { try await snapshotCatchUp(bench) }),
        ]
        var failures = 0
        // To fill the log so far that it is trimmed takes minutes.
        let tooLong = short ? ["snapshot"] : []
        for (name, drill) in drills
        where only.isEmpty ? !tooLong.contains(name) : only.contains(name) {
            let begin = ContinuousClock.now
            do {
                let verdict = try await drill()
                print("\(verdict.passed ? "ok" : "FAILED"): \(verdict.name)")
                for figure in verdict.figures { print("    \(figure)") }
                if !verdict.passed { failures += 1 }
            } catch {
                print("FAILED: \(name): \(error)")
                failures += 1
            }
            let seconds = begin.duration(to: .now).components.seconds
            print("    took \(seconds) s")
        }
        try await bench.http.client.shutdown()
        if failures > 0 { throw ExitCode(1) }
    }
}
