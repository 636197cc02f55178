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
    let idle = try await logGrowth(bench) { try await Task.sleep(for: .seconds(30)) }
    let few = try await lookUps(Array(tokens.prefix(100)), bench)
    let many = try await lookUps(tokens, bench)
    return Verdict(
        name: "\(count) sessions are looked up and touched",
        figures: [
            "entries a second when nobody asks: \(idle.sentence)",
            "with look-ups of 100 sessions: \(few.entries.sentence)",
            "with look-ups of all: \(many.entries.sentence)",
            "look-ups of 100 sessions: \(few.times.sentence)",
            "look-ups of all: \(many.times.sentence)",
            "other answers than 200: \(few.failures + many.failures)",
        ],
        passed: many.entries.all - idle.all <= 1 && few.failures + many.failures == 0
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
    var entries: Entries
}

/// How many entries the log grew by in a second, and those of them that told of uses (when a
/// session or key was used last) and of usage (how many requests were let through).
private struct Entries {
    var all = 0.0
    var uses = 0.0
    var usage = 0.0

    var sentence: String {
        "\(rounded(all)), of which \(rounded(uses)) of uses and \(rounded(usage)) of usage"
    }
}

/// 1,200 look-ups a second over all nodes, of sessions that are drawn at random, for a minute.
private func lookUps(_ tokens: [String], _ bench: Bench) async throws -> LookUps {
    let workers = 24
    let times = Shared<[Duration]>([])
    let failures = Counter()
    let entries = try await logGrowth(bench) {
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
        times: Milliseconds(times.now), failures: failures.now, entries: entries)
}

/// How many entries the log grows by in a second while something goes on.
private func logGrowth(
    _ bench: Bench, during work: () async throws -> Void
) async throws -> Entries {
    let leader = try await bench.leader()
    let begin = ContinuousClock.now
    let before = try await counted(leader, bench)
    try await work()
    let after = try await counted(leader, bench)
    let seconds = begin.duration(to: .now) / .seconds(1)
    return Entries(
        all: (after.all - before.all) / seconds, uses: (after.uses - before.uses) / seconds,
        usage: (after.usage - before.usage) / seconds)
}

private func counted(_ leader: String, _ bench: Bench) async throws -> Entries {
    var counted = Entries()
    counted.all = try await bench.metric("watchword_raft_last_index", of: leader)
    let proposed = "watchword_journal_entries_total"
    for node in bench.cluster.nodes {
        counted.uses += try await bench.metric("\(proposed){kind=\"uses\"}", of: node.id)
        counted.usage += try await bench.metric("\(proposed){kind=\"usage\"}", of: node.id)
    }
    return counted
}
