import Foundation
import NIOHTTP1
import WatchwordClient

/// Validates one live session on every node without a pause, and counts each answer of a node that
/// was not killed which is not an allow.
final class ValidationLoad: Sendable {
    private struct Contents {
        var down: Set<String> = []
        var allowed = 0
        var failures: [String: Int] = [:]
        var slowest = Duration.zero
        var isStopped = false
    }

    private let contents = Shared(Contents())
    private let bench: Bench
    private let token: String

    init(bench: Bench, token: String) {
        self.bench = bench
        self.token = token
    }

    /// Answers of this node do not count from now on: it is about to be killed.
    func leaveOut(_ node: String) { contents.change { $0.down.insert(node) } }

    /// Answers of this node count again.
    func include(_ node: String) { contents.change { $0.down.remove(node) } }

    /// Validates until the body returns.
    func run(_ body: @Sendable @escaping () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in bench.cluster.nodes {
                group.addTask { await self.validate(on: node.id, node.url) }
            }
            do {
                try await body()
            } catch {
                contents.change { $0.isStopped = true }
                throw error
            }
            contents.change { $0.isStopped = true }
            try await group.waitForAll()
        }
    }

    private func validate(on node: String, _ url: String) async {
        while true {
            let before = contents.now
            guard !before.isStopped else { return }
            let begin = ContinuousClock.now
            var word = "no answer"
            do {
                guard !before.down.contains(node) else {
                    try await Task.sleep(for: .milliseconds(2))
                    continue
                }
                let answer = try await bench.http.send(
                    .GET, "\(url)/v1/validate", token: token, milliseconds: 3000)
                word = "\(answer.status) \(answer.code)"
                if answer.status == 200 { word = "" }
            } catch is CancellationError { return } catch { word = "no answer: \(error)" }
            let result = word
            contents.change { contents in
                // Killed while it was asked: nobody can expect an answer of it.
                guard !contents.down.contains(node) else { return }
                if result.isEmpty {
                    contents.allowed += 1
                    contents.slowest = max(contents.slowest, begin.duration(to: .now))
                } else {
                    contents.failures["\(node): \(result)", default: 0] += 1
                }
            }
        }
    }

    /// What was counted.
    var account: (allowed: Int, failures: [String: Int], slowest: Duration) {
        let contents = contents.now
        return (contents.allowed, contents.failures, contents.slowest)
    }
}

/// Kills the leader again and again; the other nodes must go on saying yes.
func validationsThroughKills(_ bench: Bench, times: Int) async throws -> Verdict {
    let user = try await bench.makeUser("validated")
    guard let session = try await makeSession(of: user, through: bench.cluster.nodes[0].url, bench)
    else { throw DrillFailure("no session to validate") }
    // Known everywhere before the first kill.
    try await Task.sleep(for: .milliseconds(500))
    let load = ValidationLoad(bench: bench, token: session.token)
    try await load.run {
        for _ in 0..<times {
            try await Task.sleep(for: .milliseconds(200))
            let leader = try await bench.leader()
            load.leaveOut(leader)
            try bench.cluster.signal(leader, SIGKILL)
            _ = try await bench.leader(besides: leader)
            try await Task.sleep(for: .milliseconds(200))
            try await bench.cluster.start(leader)
            try await bench.ready([leader])
            load.include(leader)
        }
    }
    let account = load.account
    let failed = account.failures.values.reduce(0, +)
    return Verdict(
        name: "validations on the other nodes while the leader was killed, \(times) times",
        figures: [
            "\(account.allowed) allows, \(failed) failures \(account.failures)",
            "slowest allow: \(Milliseconds([account.slowest]).sentence)",
        ], passed: failed == 0 && account.allowed > times * 100)
}

/// How long revocations take beside ordinary writes, with all nodes and with one of them dead.
func revocationLatency(_ bench: Bench, count: Int) async throws -> [Verdict] {
    let user = try await bench.makeUser("timed")
    let urls = bench.cluster.nodes.map(\.url)
    let healthy = try await timeRevocations(bench, user: user, urls: urls, count: count)
    let leader = try await bench.leader()
    guard let dead = bench.cluster.nodes.first(where: { $0.id != leader }) else {
        throw DrillFailure("no follower to kill")
    }
    try bench.cluster.signal(dead.id, SIGKILL)
    let alive = bench.cluster.nodes.filter { $0.id != dead.id }.map(\.url)
    let lonely = try await timeRevocations(bench, user: user, urls: alive, count: count)
    try await bench.cluster.start(dead.id)
    try await bench.ready([dead.id])
    let first = lonely.revocations.first ?? .seconds(60)
    let rest = Times(writes: lonely.writes, revocations: Array(lonely.revocations.dropFirst()))
    return [
        Verdict(
            name: "revocations beside session starts, all nodes up", figures: healthy.figures,
            passed: healthy.ratio(0.5) <= 2 && healthy.ratio(0.99) <= 2),
        Verdict(
            name: "revocations beside session starts, one follower killed before",
            figures: ["the first revocation: \(Milliseconds([first]).sentence)"] + rest.figures,
            passed: first <= .milliseconds(2600) && rest.ratio(0.5) <= 2 && rest.ratio(0.99) <= 2),
    ]
}

/// Times of interleaved operations.
private struct Times {
    var writes: [Duration] = []
    var revocations: [Duration] = []

    func ratio(_ share: Double) -> Double {
        Milliseconds(revocations).percentile(share) / Milliseconds(writes).percentile(share)
    }

    var figures: [String] {
        func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        return [
            "session starts: \(Milliseconds(writes).sentence)",
            "revocations: \(Milliseconds(revocations).sentence)",
            "ratio: p50 \(text(ratio(0.5))), p99 \(text(ratio(0.99)))",
        ]
    }
}

private func timeRevocations(
    _ bench: Bench, user: String, urls: [String], count: Int
) async throws -> Times {
    var times = Times()
    for number in 0..<count {
        let url = urls[number % urls.count]
        var begin = ContinuousClock.now
        guard let session = try await makeSession(of: user, through: url, bench) else {
            throw DrillFailure("a session could not be started")
        }
        times.writes.append(begin.duration(to: .now))
        begin = .now
        let answer = try await bench.http.send(
            .DELETE, "\(url)/v1/sessions/\(session.id)", token: bench.token)
        guard answer.status == 204 else {
            throw DrillFailure("a revocation was answered \(answer.status) \(answer.body)")
        }
        times.revocations.append(begin.duration(to: .now))
    }
    return times
}
