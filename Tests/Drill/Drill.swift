import ArgumentParser
import AsyncHTTPClient
import Foundation

/// What a drill showed.
struct Verdict: Sendable {
    enum Outcome: Sendable { case passed, failed, notRun }

    let name: String
    var figures: [String]
    let outcome: Outcome

    init(name: String, figures: [String], outcome: Outcome) {
        self.name = name
        self.figures = figures
        self.outcome = outcome
    }

    init(name: String, figures: [String], passed: Bool) {
        self.init(name: name, figures: figures, outcome: passed ? .passed : .failed)
    }

    func tell() {
        let word =
            switch outcome {
            case .passed: "ok"
            case .failed: "FAILED"
            case .notRun: "not run"
            }
        say("\(word): \(name)")
        for figure in figures { say("    \(figure)") }
    }
}

/// Prints a line at once, also into a pipe.
private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// Breaks a quickstart cluster on purpose, and counts what its users would have noticed.
@main
struct Drill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Kill, stop, cut and fill the nodes of a quickstart cluster, and count.")

    @Option(help: "The folder that deploy/quickstart was given.") var dir: String
    @Option(help: "The quickstart script.") var script: String
    @Option(help: "Only these, as leader-kills; repeat for more.") var only: [String] = []
    @Flag(help: "A tenth of everything that compares no times, for every change.") var short = false
    @Flag(help: "Ten times the log-ins: 100,000, which take a core about an hour.") var long = false

    func run() async throws {
        var failures = 0
        let http = HTTP()
        let names = drills(try await bench(http)).map(\.name)
        for unknown in only where !names.contains(unknown) {
            throw ValidationError("no drill is called \(unknown)")
        }
        for name in names where isWanted(name) {
            // The drill before may have left other nodes.
            let bench = try await bench(http)
            guard let drill = drills(bench).first(where: { $0.name == name })?.work else { break }
            try await bench.ready(bench.cluster.nodes.map(\.id))
            let begin = ContinuousClock.now
            do {
                for verdict in try await drill() {
                    verdict.tell()
                    if verdict.outcome == .failed { failures += 1 }
                }
            } catch {
                say("FAILED: \(name): \(error)")
                failures += 1
            }
            say("    took \(begin.duration(to: .now).components.seconds) s")
        }
        try await http.client.shutdown()
        if failures > 0 { throw ExitCode(1) }
    }

    private func bench(_ http: HTTP) async throws -> Bench {
        try await Bench(cluster: QuickstartCluster(folder: dir, script: script), http: http)
    }

    /// What compares times, or takes long, is not part of the short form: it is asked for by name.
    private func isWanted(_ name: String) -> Bool {
        guard only.isEmpty else { return only.contains(name) }
        return !short || !Self.byNameAlone.contains(name)
    }

    private static let byNameAlone: Set = [
        "revocation-latency", "enumeration", "limits", "touches", "storm", "state-damage",
    ]

    private typealias Work = () async throws -> [Verdict]

    private func drills(_ bench: Bench) -> [(name: String, work: Work)] {
        let scale = short ? 10 : 1
        return [
            // First what starts nodes often: a start reads the whole state, which others make
            // large.
            (
                "validations", { [try await validationsThroughKills(bench, times: 200 / scale)] }
            ),
            ("total-kills", { [try await totalKills(bench, times: 50 / scale)] }),
            ("leader-kills", { [try await leaderKills(bench, times: 200 / scale)] }),
            ("handovers", { [try await handovers(bench, times: 100 / scale)] }),
            ("revocations", { [try await revocations(bench, count: 10_000 / scale)] }),
            ("revocation-latency", { try await revocationLatency(bench, count: 3_000 / scale) }),
            ("enumeration", { try await enumeration(bench, count: 2_000) }),
            ("limits", { [try await limits(bench)] }),
            ("touches", { [try await touches(bench, count: 1_000_000 / scale / scale)] }),
            ("logins", { [try await logins(bench, count: long ? 100_000 : 10_000 / scale)] }),
            ("refreshes", { [try await refreshes(bench, times: short ? 1 : 5)] }),
            ("paused", { try await disturbed(bench, scale: scale, .paused(bench)) }),
            (
                "cut",
                {
                    let relay = try await PeerRelay.insert(into: bench.cluster)
                    try await bench.ready(bench.cluster.nodes.map(\.id))
                    let verdicts = try await disturbed(bench, scale: scale, .cutOff(relay))
                    try await relay.remove()
                    try await bench.ready(bench.cluster.nodes.map(\.id))
                    return verdicts
                }
            ),
            (
                "storm",
                {
                    let relay = try await PeerRelay.insert(into: bench.cluster)
                    try await bench.ready(bench.cluster.nodes.map(\.id))
                    let verdict = try await revocationsInStorm(
                        bench, relay, count: 100_000 / scale / scale)
                    try await relay.remove()
                    try await bench.ready(bench.cluster.nodes.map(\.id))
                    return [verdict]
                }
            ),
            ("disk", { try await diskFull(bench) }),
            ("log-damage", { [try await logDamage(bench, times: short ? 2 : 10)] }),
            ("state-damage", { [try await stateDamage(bench, times: short ? 1 : 5)] }),
            ("snapshot", { [try await snapshotCatchUp(bench)] }),
            ("replace-node", { [try await replaceNode(bench)] }),
            ("grow-and-shrink", { [try await growAndShrink(bench)] }),
        ]
    }

    private func disturbed(
        _ bench: Bench, scale: Int, _ disturbance: Disturbance
    ) async throws -> [Verdict] {
        [
            try await revocations(bench, count: 10_000 / scale, disturbance),
            try await logins(bench, count: 10_000 / scale, disturbance),
        ]
    }
}
