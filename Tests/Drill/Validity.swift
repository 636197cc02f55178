import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import WatchwordClient

/// What validations of one token on every node said.
private struct Answers: Sendable {
    var allowed = 0
    var refused = 0
    var unavailable = 0

    mutating func count(_ status: Int) {
        switch status {
        case 200: allowed += 1
        case 401, 403: refused += 1
        default: unavailable += 1
        }
    }

    mutating func add(_ other: Answers) {
        allowed += other.allowed
        refused += other.refused
        unavailable += other.unavailable
    }
}

/// Validates a token on the given nodes at once. A node that does not answer counts as
/// unavailable, as a gateway would take it.
private func validate(_ token: String, on urls: [String], _ bench: Bench) async -> Answers {
    await withTaskGroup(of: Int.self) { group in
        for url in urls {
            group.addTask {
                do {
                    return try await bench.http.send(
                        .GET, "\(url)/v1/validate", token: token, milliseconds: 3000
                    ).status
                } catch { return 0 }
            }
        }
        var answers = Answers()
        for await status in group { answers.count(status) }
        return answers
    }
}

/// A session for the user, made through one node.
private func makeSession(
    of user: String, through url: String, _ bench: Bench
) async throws -> (id: String, token: String)? {
    let answer: Answer
    do {
        answer = try await bench.http.send(
            .POST, "\(url)/v1/sessions", token: bench.token, body: ["user_id": .string(user)])
    } catch { return nil }
    guard let token = answer.body["session_token"]?.text,
        let id = answer.body["session"]?["id"]?.text
    else { return nil }
    return (id, token)
}

/// A number that several tasks raise.
private final class Counter: Sendable {
    private let value = Atomic(0)
    var now: Int { value.load(ordering: .relaxed) }
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Something that several tasks change in turn.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    var now: Value { value.withLock { $0 } }
    func change(_ body: (inout Value) -> Void) { value.withLock { body(&$0) } }
}

/// Runs `count` rounds over several tasks, with a follower paused in the middle third.
private func rounds(
    _ bench: Bench, count: Int, _ round: @Sendable @escaping (Int) async throws -> Void
) async throws {
    let next = Counter()
    let pauser = Task {
        while next.now < count / 3 {
            try await Task.sleep(for: .milliseconds(20))
        }
        let leader = try await bench.leader()
        guard let follower = bench.cluster.nodes.map(\.id).first(where: { $0 != leader }) else {
            return
        }
        try bench.cluster.signal(follower, SIGSTOP)
        while next.now < count / 3 + max(20, count / 20) {
            try await Task.sleep(for: .milliseconds(20))
        }
        try bench.cluster.signal(follower, SIGCONT)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
            group.addTask {
                while true {
                    let number = next.next()
                    guard number < count else { return }
                    try await round(number)
                }
            }
        }
        try await group.waitForAll()
    }
    try await pauser.value
}

/// Revokes sessions, each validated on every node as soon as the revocation is acknowledged.
func revocations(_ bench: Bench, count: Int) async throws -> Verdict {
    let user = try await bench.makeUser("revoked")
    let urls = bench.cluster.nodes.map(\.url)
    let total = Shared((answers: Answers(), acknowledged: 0, before: Answers()))
    try await rounds(bench, count: count) { number in
        let url = urls[number % urls.count]
        guard let session = try await makeSession(of: user, through: url, bench) else { return }
        let before = await validate(session.token, on: [url], bench)
        let status: Int
        do {
            status = try await bench.http.send(
                .DELETE, "\(urls[(number + 1) % urls.count])/v1/sessions/\(session.id)",
                token: bench.token
            ).status
        } catch { return }
        guard status == 204 || status == 200 else { return }
        let after = await validate(session.token, on: urls, bench)
        total.change {
            $0.acknowledged += 1
            $0.answers.add(after)
            $0.before.add(before)
        }
    }
    let result = total.now
    return Verdict(
        name: "revocations, each validated at once on every node, a follower paused meanwhile",
        figures: [
            "\(result.acknowledged) of \(count) acknowledged; before: \(result.before.allowed) allows",
            "after: \(result.answers.allowed) allows, \(result.answers.refused) refusals, "
                + "\(result.answers.unavailable) unavailable",
        ],
        passed: result.answers.allowed == 0 && result.acknowledged > count * 9 / 10
            && result.before.allowed > count * 8 / 10)
}

/// Makes sessions, each validated at once on the other nodes.
func logins(_ bench: Bench, count: Int) async throws -> Verdict {
    let user = try await bench.makeUser("fresh")
    let urls = bench.cluster.nodes.map(\.url)
    let total = Shared((answers: Answers(), made: 0))
    try await rounds(bench, count: count) { number in
        let url = urls[number % urls.count]
        guard let session = try await makeSession(of: user, through: url, bench) else { return }
        let others = urls.filter { $0 != url }
        let answers = await validate(session.token, on: others, bench)
        total.change {
            $0.made += 1
            $0.answers.add(answers)
        }
    }
    let result = total.now
    return Verdict(
        name:
            "new sessions, each validated at once on the other nodes, a follower paused meanwhile",
        figures: [
            "\(result.made) of \(count) made; \(result.answers.allowed) allows, "
                + "\(result.answers.refused) refusals, \(result.answers.unavailable) unavailable"
        ],
        passed: result.answers.refused == 0 && result.made > count * 9 / 10
            && result.answers.allowed > count)
}

/// Holds a follower back until the log is trimmed past it, and lets it catch up under load.
func snapshotCatchUp(_ bench: Bench) async throws -> Verdict {
    let leader = try await bench.leader()
    guard let follower = bench.cluster.nodes.first(where: { $0.id != leader }) else {
        throw DrillFailure("no follower")
    }
    let load = try await WriteLoad(
        bench: bench, writers: 16, interval: .milliseconds(30),
        urls: bench.cluster.nodes.filter { $0.id != follower.id }.map(\.url))
    let held = try await figure("watchword_raft_last_index", of: follower.id, bench)
    try bench.cluster.signal(follower.id, SIGKILL)
    let caughtUp: Duration = try await load.run {
        // Until the leader has let go of what the follower would need next; the limit is more than
        // twice what the log keeps for slow followers by default.
        for number in 0..<4800 {
            if number % 50 == 0,
                try await figure("watchword_raft_log_first_index", of: leader, bench) > held + 1
            {
                break
            }
            _ = try await bench.demand(
                "PUT", "/v1/secrets/drill/filler-\(number % 40)",
                body: ["value": .string(String(repeating: "x", count: 48 << 10))])
        }
        try await bench.cluster.start(follower.id)
        let moment = ContinuousClock.now
        try await bench.ready([follower.id], within: 120)
        return moment.duration(to: .now)
    }
    // Counts from the start of the process.
    let installed = try await figure(
        "watchword_raft_snapshots_installed_total", of: follower.id, bench)
    let account = try await load.account()
    return Verdict(
        name: "a follower behind the trimmed log catches up under load",
        figures: [
            account.sentence, "snapshots installed since its start: \(installed)",
            "ready again after \(caughtUp / .milliseconds(1)) ms",
        ], passed: account.isClean && installed >= 1)
}

/// A figure of a node's metrics, which only who may read them sees.
private func figure(_ name: String, of node: String, _ bench: Bench) async throws -> Int {
    var request = HTTPClientRequest(url: "\(bench.cluster.node(node).url)/metrics")
    request.headers.add(name: "Authorization", value: "Bearer \(bench.token)")
    let response = try await bench.http.client.execute(request, timeout: .seconds(5))
    guard response.status == .ok else {
        throw DrillFailure("metrics of \(node): \(response.status.code)")
    }
    let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
    for line in text.split(separator: "\n") where line.hasPrefix("\(name) ") {
        if let value = Double(line.dropFirst(name.count + 1)) { return Int(value) }
    }
    throw DrillFailure("\(node) has no \(name)")
}
