import Foundation
import NIOHTTP1
import WatchwordClient

// One limit for all nodes: how much passes while the load is uneven, and a follower and then the
// leader is killed.

/// What a key of 600 requests a minute lets through, asked far more often on every node, and how
/// far that is from 600 in any minute.
func limits(_ bench: Bench) async throws -> Verdict {
    let limit = 600
    let made = try await bench.demand(
        "POST", "/v1/keys",
        body: ["name": "drill-limit", "rate_limit": .string("\(limit)/minute")])
    guard let key = made["key"]?.text else { throw DrillFailure("a key without a key: \(made)") }
    let leader = try await bench.leader()
    guard let follower = bench.cluster.nodes.map(\.id).first(where: { $0 != leader }) else {
        throw DrillFailure("no follower")
    }
    let passed = Shared<[ContinuousClock.Instant]>([])
    let other = Shared<[Int: Int]>([:])
    let begin = ContinuousClock.now
    func wait(until second: Int) async throws {
        try await Task.sleep(until: begin + .seconds(second), clock: .continuous)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        // Any two of them ask for more than the limit.
        for (node, pause) in zip(bench.cluster.nodes, [25, 67, 83]) {
            group.addTask {
                while begin.duration(to: .now) < .seconds(Minutes.all * 60) {
                    async let next: Void = Task.sleep(for: .milliseconds(pause))
                    let status = await ask(key, node.url, bench)
                    if status == 200 {
                        passed.change { $0.append(.now) }
                    } else {
                        other.change { $0[status, default: 0] += 1 }
                    }
                    try await next
                }
            }
        }
        for (id, second) in [(follower, 70), (leader, 130)] {
            try await wait(until: second)
            try bench.cluster.signal(id, SIGKILL)
            try await wait(until: second + 20)
            try await bench.cluster.start(id)
            try await bench.ready([id])
        }
        try await group.waitForAll()
    }
    let minutes = Minutes(passed.now.map { begin.duration(to: $0) / .seconds(1) })
    let refused = other.now.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return Verdict(
        name: "one limit of \(limit) a minute over three nodes, \(follower) killed at 70 s and the "
            + "leader \(leader) at 130 s",
        figures: [
            "let through in each minute: \(minutes.counts.map(String.init).joined(separator: ", "))",
            "at most in any 60 s: \(minutes.most), and at least: \(minutes.least)",
            "other answers: \(refused.joined(separator: ", ")) (0: none)",
        ],
        passed: minutes.most <= limit * 105 / 100 && minutes.least >= limit * 95 / 100)
}

private func ask(_ key: String, _ url: String, _ bench: Bench) async -> Int {
    do {
        return try await bench.http.send(
            .GET, "\(url)/v1/validate", headers: [("X-API-Key", key)], milliseconds: 1_000
        ).status
    } catch { return 0 }
}

/// How many of some moments lie in a minute.
private struct Minutes {
    static let all = 4

    /// In each minute from the beginning on.
    let counts: [Int]
    /// In the 60 s in which most lie.
    let most: Int
    /// In the 60 s in which fewest lie.
    let least: Int

    /// - Parameter seconds: from the beginning on.
    init(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        func count(from begin: Double) -> Int {
            sorted.count { begin <= $0 && $0 < begin + 60 }
        }
        counts = (0..<Self.all).map { count(from: Double($0) * 60) }
        most = sorted.map(count).max() ?? 0
        // By tenths of a second, in whole minutes only.
        least =
            (0...(Self.all - 1) * 600).map { count(from: Double($0) / 10) }.min() ?? 0
    }
}
