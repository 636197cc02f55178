import AsyncHTTPClient
import Foundation
import NIOHTTP1
import WatchwordClient

// Whether a failed log-in tells who has a name: in its bytes, or in the time that it takes.

/// Fails to log in `count` times for each reason there is, one after another in random order, and
/// compares each kind of *no* with that for a name that nobody has.
func enumeration(_ bench: Bench, count: Int) async throws -> [Verdict] {
    [
        try await compare(
            "log-ins that fail", [.unknown, .wrongPassword, .disabled, .withoutPassword, .service],
            tries: 4, held: false, count: count, bench),
        try await compare(
            "log-ins that are held back", [.unknown, .wrongPassword, .disabled],
            tries: count / 10, held: true, count: count, bench),
    ] + (try await foreignObjects(count: count, bench))
}

/// Asks for users, sessions and keys by ids of another tenant and by ids that nobody has.
private func foreignObjects(count: Int, _ bench: Bench) async throws -> [Verdict] {
    let name = "drill-\(UUID().uuidString.prefix(8).lowercased())"
    let made = try await bench.demand("POST", "/v1/tenants", body: ["name": .string(name)])
    let tenant = "/v1/tenants/\(made["id"]?.text ?? "")"
    let user = try await bench.demand(
        "POST", "\(tenant)/users", body: ["username": "somebody", "roles": ["admin"]])
    let owner: [String: JSON] = ["user_id": user["id"] ?? .null]
    var verdicts: [Verdict] = []
    for (kind, prefix) in [("users", "usr"), ("sessions", "ses"), ("keys", "key")] {
        var foreign: [String] = []
        for number in 0..<50 {
            let object =
                switch kind {
                case "users":
                    try await bench.demand(
                        "POST", "\(tenant)/users", body: ["username": .string("u\(number)")])
                case "sessions":
                    try await bench.demand(
                        "POST", "\(tenant)/sessions", body: .object(owner))["session"] ?? .null
                default:
                    try await bench.demand(
                        "POST", "\(tenant)/keys",
                        body: ["owner_id": user["id"] ?? .null, "name": "k"])
                }
            guard let id = object["id"]?.text else { throw DrillFailure("no id: \(object)") }
            foreign.append(id)
        }
        var paths = [[String]](repeating: [], count: 2)
        for number in 0..<count {
            paths[0].append("/v1/\(kind)/\(randomID(prefix))")
            paths[1].append("/v1/\(kind)/\(foreign[number % foreign.count])")
        }
        let samples = try await inTurn(paths, over: bench.cluster.nodes.map(\.url)) {
            try await bench.http.send(.GET, $1 + $0, token: bench.token)
        }
        verdicts.append(
            judge(
                "\(kind) of another tenant", ["an id that nobody has", "one of another tenant"],
                samples, expected: 404))
    }
    return verdicts
}

/// An id that nobody has. The first digit keeps it below 2^128.
private func randomID(_ prefix: String) -> String {
    let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    let rest = (0..<21).map { _ in digits[Int.random(in: 0..<62)] }
    return "\(prefix)_\(digits[Int.random(in: 0..<7)])\(String(rest))"
}

/// Asks what each of the groups has, one after another in random order, and takes the times.
private func inTurn<Question: Sendable>(
    _ groups: [[Question]], over urls: [String],
    _ ask: (Question, String) async throws -> Answer
) async throws -> [Sample] {
    var order = groups.enumerated().flatMap { group, questions in questions.map { (group, $0) } }
    order.shuffle()
    var samples = groups.map { _ in Sample() }
    for (number, (group, question)) in order.enumerated() {
        // Every node in turn, so that what a node is slower at falls on all alike.
        let began = ContinuousClock.now
        let answer = try await ask(question, urls[number % urls.count])
        samples[group].times.append(began.duration(to: .now))
        samples[group].answers.insert(normalised(answer))
    }
    return samples
}

/// Why a log-in fails.
private enum Reason: String {
    case unknown = "no such user"
    case wrongPassword = "a wrong password"
    case disabled = "a disabled user and the right password"
    case withoutPassword = "a user who has no password"
    case service = "a service"
}

private let rightPassword = "quite the right password of somebody"

/// - Parameter tries: how often each name is used; without a hold fewer than lead to one.
private func compare(
    _ what: String, _ reasons: [Reason], tries: Int, held: Bool, count: Int, _ bench: Bench
) async throws -> Verdict {
    var attempts: [[(reason: Reason, name: String)]] = []
    for reason in reasons {
        var own: [(Reason, String)] = []
        for number in 0..<(count / tries) {
            let name = try await makeName(reason, number, bench)
            own += Array(repeating: (reason, name), count: tries)
        }
        attempts.append(own)
    }
    if held { try await holdBack(Set(attempts.joined().map(\.name)), reasons, bench) }
    let samples = try await inTurn(attempts, over: bench.cluster.nodes.map(\.url)) {
        try await logIn($0.name, $0.reason, $1, bench)
    }
    return judge(what, reasons.map(\.rawValue), samples, expected: held ? 429 : 401)
}

private struct Sample {
    var times: [Duration] = []
    var answers: Set<String> = []
}

private func judge(
    _ what: String, _ reasons: [String], _ samples: [Sample], expected: Int
) -> Verdict {
    let base = Milliseconds(samples[0].times)
    let answers = samples.reduce(into: Set<String>()) { $0.formUnion($1.answers) }
    var isAlike = answers.count == 1 && answers.allSatisfy { $0.hasPrefix("\(expected) ") }
    var figures = [
        "\(answers.count) different answers: \(answers.sorted().joined(separator: " / "))"
    ]
    for (reason, sample) in zip(reasons, samples) {
        let times = Milliseconds(sample.times)
        var line = "\(reason): \(times.sentence)"
        if reason != reasons[0] {
            let gap = times.percentile(0.5) / base.percentile(0.5) - 1
            let chance = base.chanceOfSameSource(as: times)
            let percent = (gap * 1000).rounded() / 10
            line += ", median \(percent) % away, p = \((chance * 1000).rounded() / 1000)"
            // All comparisons together fail by chance alone in one run of a hundred.
            let level = 0.01 / Double(reasons.count - 1)
            isAlike = isAlike && abs(gap) < 0.02 && chance > level
        }
        figures.append(line)
    }
    return Verdict(
        name: "\(what), for one reason or another: the same bytes, and times of one source",
        figures: figures, passed: isAlike)
}

/// Everything of an answer but what differs between any two requests.
private func normalised(_ answer: Answer) -> String {
    let own: Set<String> = ["x-request-id", "date", "watchword-index", "retry-after"]
    let headers = answer.headers
        .map { ($0.name.lowercased(), $0.value) }
        .map { own.contains($0.0) ? "\($0.0)" : "\($0.0): \($0.1)" }
    guard case .object(var body) = answer.body else { return "\(answer.status) no object" }
    body["request_id"] = nil
    let fields = body.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return "\(answer.status) \(headers.joined(separator: "; ")) | \(fields.joined(separator: "; "))"
}

private func logIn(
    _ name: String, _ reason: Reason, _ url: String, _ bench: Bench
) async throws -> Answer {
    // Of the same length, as the names are.
    let password = reason == .disabled ? rightPassword : String(rightPassword.reversed())
    return try await bench.http.send(
        .POST, "\(url)/v1/auth/login",
        body: ["username": .string(name), "password": .string(password)])
}

private func makeName(_ reason: Reason, _ number: Int, _ bench: Bench) async throws -> String {
    let name = "name-\(UUID().uuidString.lowercased())"
    var user: [String: JSON] = ["username": .string(name)]
    switch reason {
    case .unknown: return name
    case .wrongPassword, .disabled: user["password"] = .string(rightPassword)
    case .withoutPassword: break
    case .service: user["kind"] = "service"
    }
    let made = try await bench.demand("POST", "/v1/users", body: .object(user))
    guard reason == .disabled else { return name }
    guard let id = made["id"]?.text else { throw DrillFailure("a user without an id: \(made)") }
    _ = try await bench.demand("PATCH", "/v1/users/\(id)", body: ["disabled": true])
    return name
}

/// Fails until each name is held back for 64 s, which takes as long.
private func holdBack(_ names: Set<String>, _ reasons: [Reason], _ bench: Bench) async throws {
    let node = bench.cluster.nodes[0]
    try await withThrowingTaskGroup(of: Void.self) { group in
        for name in names {
            group.addTask {
                var failures = 0
                while failures < 11 {
                    // The password of nobody: all names fail alike.
                    let answer = try await logIn(name, .unknown, node.url, bench)
                    if answer.status == 401 {
                        failures += 1
                    } else if answer.status == 429 {
                        try await Task.sleep(for: .milliseconds(200))
                    } else {
                        throw DrillFailure("a failed log-in: \(answer.status) \(answer.body)")
                    }
                }
            }
        }
        try await group.waitForAll()
    }
}
