import Foundation
import WatchwordClient

/// Holds a follower back until the log is trimmed past it, and lets it catch up while writes go
/// on.
func snapshotCatchUp(_ bench: Bench) async throws -> Verdict {
    let cluster = bench.cluster
    // Little is retained, so that the drill need not write for minutes.
    for node in cluster.nodes {
        try await cluster.stop(node.id)
        try cluster.set(node.id, "raft", "retained_log_bytes", "1048576")
        try await cluster.start(node.id)
        try await bench.ready([node.id])
    }
    let leader = try await bench.leader()
    guard let follower = cluster.nodes.map(\.id).first(where: { $0 != leader }) else {
        throw DrillFailure("no follower")
    }
    let load = try await WriteLoad(
        bench: bench, writers: 16, interval: .milliseconds(24),
        urls: cluster.nodes.filter { $0.id != follower }.map(\.url))
    let held = try await bench.metric("watchword_raft_last_index", of: follower)
    try cluster.signal(follower, SIGKILL)
    let (caughtUp, written): (Duration, Int) = try await load.run {
        // Until the leader has let go of what the follower would need next.
        for number in 0..<4800 {
            if number % 50 == 0 {
                let first = try await bench.metric("watchword_raft_log_first_index", of: leader)
                if first > held + 1 { break }
            }
            _ = try await bench.demand(
                "PUT", "/v1/secrets/drill/filler-\(number % 40)",
                body: ["value": .string(String(repeating: "x", count: 48 << 10))])
        }
        let before = load.ledger.acknowledgedCount
        let moment = ContinuousClock.now
        try await cluster.start(follower)
        try await bench.ready([follower], within: 300)
        let caughtUp = moment.duration(to: .now)
        // The rate is that of at least some seconds.
        if caughtUp < .seconds(5) { try await Task.sleep(for: .seconds(5) - caughtUp) }
        let seconds = max(caughtUp, .seconds(5)) / .seconds(1)
        return (caughtUp, Int(Double(load.ledger.acknowledgedCount - before) / seconds))
    }
    let installed = try await bench.metric(
        "watchword_raft_snapshots_installed_total", of: follower)
    let account = try await load.account()
    return Verdict(
        name: "a follower behind the trimmed log catches up by snapshot under load",
        figures: [
            account.sentence, "snapshots installed: \(Int(installed))",
            "ready \(caughtUp / .milliseconds(1)) ms after its start, "
                + "while \(written) writes/s went on",
        ], passed: account.isClean && installed >= 1)
}
