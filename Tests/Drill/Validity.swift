import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import WatchwordClient

/// What validations of one token on every node said.
struct Answers: Sendable {
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
func validate(_ token: String, on urls: [String], _ bench: Bench) async -> Answers {
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
func makeSession(
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
final class Counter: Sendable {
    private let value = Atomic(0)
    var now: Int { value.load(ordering: .relaxed) }
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Something that several tasks change in turn.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    var now: Value { value.withLock { $0 } }
    func change(_ body: (inout Value) -> Void) { value.withLock { body(&$0) } }
}

/// What befalls a follower while rounds go on.
struct Disturbance: Sendable {
    let name: String
    /// Begins it; the answer ends it.
    let begin: @Sendable (String) async throws -> @Sendable () throws -> Void

    /// The process stands still, as when its machine is out of breath.
    static func paused(_ bench: Bench) -> Disturbance {
        Disturbance(name: "paused") { follower in
            try bench.cluster.signal(follower, SIGSTOP)
            return { try bench.cluster.signal(follower, SIGCONT) }
        }
    }

    /// No byte comes through between it and the others, while clients still reach it.
    static func cutOff(_ relay: PeerRelay) -> Disturbance {
        Disturbance(name: "cut off") { follower in
            relay.cut(follower)
            return { relay.heal() }
        }
    }
}

/// Runs `count` rounds over several tasks; a disturbance takes a follower in the middle of them.
private func rounds(
    _ bench: Bench, count: Int, _ disturbance: Disturbance?, workers: Int = 8,
    _ round: @Sendable @escaping (Int) async throws -> Void
) async throws {
    let next = Counter()
    let disturber = Task {
        guard let disturbance else { return }
        while next.now < count / 3 { try await Task.sleep(for: .milliseconds(20)) }
        let leader = try await bench.leader()
        guard let follower = bench.cluster.nodes.map(\.id).first(where: { $0 != leader }) else {
            return
        }
        let end = try await disturbance.begin(follower)
        while next.now < count / 3 + max(40, count / 50) {
            try await Task.sleep(for: .milliseconds(20))
        }
        try end()
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<workers {
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
    try await disturber.value
}

/// Revokes sessions, each validated on every node as soon as the revocation is acknowledged.
func revocations(
    _ bench: Bench, count: Int, _ disturbance: Disturbance? = nil, isInStorm: Bool = false
) async throws -> Verdict {
    let user = try await bench.makeUser("revoked")
    let urls = bench.cluster.nodes.map(\.url)
    let total = Shared((answers: Answers(), acknowledged: 0, before: Answers()))
    // In a storm nearly all of the time is waiting: for leaders, and for leases to end.
    let workers = isInStorm ? 64 : 8
    try await rounds(bench, count: count, disturbance, workers: workers) { number in
        let url = urls[number % urls.count]
        guard let session = try await makeSession(of: user, through: url, bench) else { return }
        let before = await validate(session.token, on: [url], bench)
        guard await revoke(session, through: urls[(number + 1) % urls.count], urls, bench) else {
            return
        }
        let after = await validate(session.token, on: urls, bench)
        total.change {
            $0.acknowledged += 1
            $0.answers.add(after)
            $0.before.add(before)
        }
    }
    let result = total.now
    return Verdict(
        name: "revocations, each validated at once on every node"
            + (isInStorm ? ", in a storm" : suffix(disturbance)),
        figures: [
            "\(result.acknowledged) of \(count) acknowledged; before: \(result.before.allowed) allows",
            "after: \(result.answers.allowed) allows, \(result.answers.refused) refusals, "
                + "\(result.answers.unavailable) unavailable",
        ],
        passed: result.answers.allowed == 0
            && result.acknowledged > count * (isInStorm ? 5 : 9) / 10
            && result.before.allowed > count * (isInStorm ? 4 : 8) / 10)
}

/// Revokes a session while every node is asked about it. Says whether it was acknowledged.
private func revoke(
    _ session: (id: String, token: String), through url: String, _ urls: [String], _ bench: Bench
) async -> Bool {
    // Who asks before the acknowledgement may hear either.
    async let inFlight = validate(session.token, on: urls, bench)
    do {
        let status = try await bench.http.send(
            .DELETE, "\(url)/v1/sessions/\(session.id)", token: bench.token
        ).status
        _ = await inFlight
        return status == 204 || status == 200
    } catch { return false }
}

/// The same while nodes are paused, cut off and killed, one after the other, without a rest.
func revocationsInStorm(
    _ bench: Bench, _ relay: PeerRelay, count: Int
) async throws -> Verdict {
    let isOver = Shared(false)
    let storm = Task {
        var blows = 0
        while !isOver.now {
            let node = bench.cluster.nodes[blows % bench.cluster.nodes.count].id
            switch blows % 4 {
            case 0:
                try bench.cluster.signal(node, SIGSTOP)
                try await Task.sleep(for: .milliseconds(800))
                try bench.cluster.signal(node, SIGCONT)
            case 1:
                relay.cut(node)
                try await Task.sleep(for: .milliseconds(800))
                relay.heal()
            case 2:
                try bench.cluster.signal(node, SIGKILL)
                try await Task.sleep(for: .milliseconds(300))
                try await bench.cluster.start(node)
                try await bench.ready([node])
            default:
                // Longer than a lease lasts.
                relay.cut(node)
                try await Task.sleep(for: .milliseconds(3000))
                relay.heal()
            }
            blows += 1
            try await Task.sleep(for: .milliseconds(400))
        }
        return blows
    }
    var verdict: Verdict
    do {
        verdict = try await revocations(bench, count: count, isInStorm: true)
    } catch {
        isOver.change { $0 = true }
        _ = try await storm.value
        throw error
    }
    isOver.change { $0 = true }
    let blows = try await storm.value
    verdict.figures.append("\(blows) pauses, cuts and kills meanwhile")
    return verdict
}

private func suffix(_ disturbance: Disturbance?) -> String {
    disturbance.map { ", a follower \($0.name) in the middle" } ?? ""
}

/// Logs in with a password, each session validated at once on the other nodes.
func logins(
    _ bench: Bench, count: Int, _ disturbance: Disturbance? = nil
) async throws -> Verdict {
    let password = "drill-\(UUID().uuidString)"
    let name = try await bench.makeNamedUser("fresh", password: password)
    let urls = bench.cluster.nodes.map(\.url)
    let total = Shared((answers: Answers(), made: 0))
    try await rounds(bench, count: count, disturbance) { number in
        let url = urls[number % urls.count]
        let answer: Answer
        do {
            answer = try await bench.http.send(
                .POST, "\(url)/v1/auth/login",
                body: ["username": .string(name), "password": .string(password)])
        } catch { return }
        guard let token = answer.body["session_token"]?.text else { return }
        let answers = await validate(token, on: urls.filter { $0 != url }, bench)
        total.change {
            $0.made += 1
            $0.answers.add(answers)
        }
    }
    let result = total.now
    return Verdict(
        name: "log-ins, each validated at once on the other nodes" + suffix(disturbance),
        figures: [
            "\(result.made) of \(count) succeeded; \(result.answers.allowed) allows, "
                + "\(result.answers.refused) refusals, \(result.answers.unavailable) unavailable"
        ],
        passed: result.answers.refused == 0 && result.made > count * 9 / 10
            && result.answers.allowed > count)
}
