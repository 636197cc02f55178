import Foundation
import NIOHTTP1
import WatchwordClient

// When sessions were used last: what that costs the log, and those who look sessions up.

/// Looks up a few sessions, and then all of many, at one rate, and compares the times and what was
/// written meanwhile.
func touches(_ bench: Bench, count: Int) async throws -> Verdict {
    let tokens = try await makeSessions(count, bench)
    // What was made is applied everywhere, and what nobody asked for is written all the time.
    try await Task.sleep(for: .seconds(10))
    let idle = try await entriesPerSecond(bench) { try await Task.sleep(for: .seconds(30)) }
    let few = try await lookUps(Array(tokens.prefix(100)), bench)
    let many = try await lookUps(tokens, bench)
    let touched = many.entriesPerSecond - idle
    return Verdict(
        name: "\(count) sessions are looked up and touched",
        figures: [
            "entries a second: \(rounded(idle)) when nobody asks, "
                + "\(rounded(few.entriesPerSecond)) with look-ups of 100 sessions, "
                + "\(rounded(many.entriesPerSecond)) with look-ups of all",
            "look-ups of 100 sessions: \(few.times.sentence)",
            "look-ups of all: \(many.times.sentence)",
            "other answers than 200: \(few.failures + many.failures)",
        ],
        passed: touched <= 1 && few.failures + many.failures == 0
            && many.times.percentile(0.5) <= few.times.percentile(0.5) * 1.2
            && many.times.percentile(0.99) <= few.times.percentile(0.99) * 1.5)
}

private func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

/// Sessions of as many users as it takes for 1,000 each.
private func makeSessions(_ count: Int, _ bench: Bench) async throws -> [String] {
    let workers = 96
    let next = Counter()
    return try await withThrowingTaskGroup(of: [String].self) { group in
        for worker in 0..<workers {
            group.addTask {
                let urls = bench.cluster.nodes.map(\.url)
                var tokens: [String] = []
                var user = ""
                while next.next() < count {
                    if tokens.count % 1_000 == 0 { user = try await bench.makeUser("touched") }
                    var made: String?
                    for attempt in 0..<100 where made == nil {
                        made = try await makeSession(
                            of: user, through: urls[(worker + attempt) % urls.count], bench)?.token
                    }
                    guard let made else { throw DrillFailure("a session cannot be made") }
                    tokens.append(made)
                }
                return tokens
            }
        }
        return try await group.reduce(into: []) { $0 += $1 }
    }
}

private struct LookUps {
    var times: Milliseconds
    var failures: Int
    var entriesPerSecond: Double
}

/// 1,200 look-ups a second over all nodes, of sessions that are drawn at random, for a minute.
private func lookUps(_ tokens: [String], _ bench: Bench) async throws -> LookUps {
    let workers = 24
    let times = Shared<[Duration]>([])
    let failures = Counter()
    let rate = try await entriesPerSecond(bench) {
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    let node = bench.cluster.nodes[worker % bench.cluster.nodes.count]
                    var own: [Duration] = []
                    for number in 0..<(60 * 50) {
                        // By the clock and not by the answer before, which may be late.
                        let due =
                            begin + .milliseconds(20 * number) + .microseconds(833 * worker)
                        try await Task.sleep(until: due, clock: .continuous)
                        guard let token = tokens.randomElement() else { return }
                        let answer = try await bench.http.send(
                            .GET, "\(node.url)/v1/validate", token: token)
                        own.append(due.duration(to: .now))
                        if answer.status != 200 { _ = failures.next() }
                    }
                    times.change { $0 += own }
                }
            }
            try await group.waitForAll()
        }
    }
    return LookUps(
        times: Milliseconds(times.now), failures: failures.now, entriesPerSecond: rate)
}

/// How many entries the log grows by in a second while something goes on.
private func entriesPerSecond(
    _ bench: Bench, during work: () async throws -> Void
) async throws -> Double {
    let leader = try await bench.leader()
    let begin = ContinuousClock.now
    let before = try await bench.metric("watchword_raft_last_index", of: leader)
    try await work()
    let after = try await bench.metric("watchword_raft_last_index", of: leader)
    return (after - before) / (begin.duration(to: .now) / .seconds(1))
}
