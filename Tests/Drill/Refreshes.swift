import Foundation
import NIOHTTP1
import WatchwordClient

// One refresh token, redeemed by many at once over all nodes.

/// Redeems each of a family's tokens a thousand times at once, while nothing happens, while the
/// leader is killed, and while all nodes are killed and started again; then uses an old one again.
func refreshes(_ bench: Bench, times: Int) async throws -> Verdict {
    var figures: [String] = []
    var isRight = true
    for number in 1...times {
        let family = try await TokenFamily(bench)
        for event in RefreshEvent.allCases {
            let found = try await family.redeem(times: 1_000, during: event)
            isRight = isRight && found.isRight
            figures.append("\(number), \(event.rawValue): \(found.sentence)")
        }
        let isEnded = try await family.endsByReuse()
        isRight = isRight && isEnded
        figures.append("\(number), an old token again: \(isEnded ? "all has ended" : "NOT ENDED")")
    }
    return Verdict(
        name: "1,000 redemptions of one refresh token at once, over all nodes",
        figures: figures, passed: isRight)
}

/// What happens while a token is redeemed.
private enum RefreshEvent: String, CaseIterable {
    case nothing = "undisturbed"
    case leaderKill = "the leader killed"
    case totalKill = "all nodes killed and started again"
}

/// A session with the refresh tokens that it had so far.
private final class TokenFamily {
    /// What came of one token.
    struct Redemptions {
        /// Every successor that anybody was given.
        var successors: Set<String> = []
        var given = 0
        var refused = 0
        /// Tries that gave nothing and were made again, by code.
        var failures: [String: Int] = [:]
        var took = Duration.zero

        /// One new generation, and the same for everybody.
        var isRight: Bool { successors.count == 1 && refused == 0 && given == 1_000 }
        var sentence: String {
            "\(given) got \(successors.count) successor, \(refused) refusals, tried again "
                + "after \(failures), \(Int(took / .milliseconds(1))) ms"
        }
    }

    private let bench: Bench
    private let first: String
    private let sessionToken: String
    private var newest: String

    init(_ bench: Bench) async throws {
        self.bench = bench
        let password = "drill-\(UUID().uuidString)"
        let name = try await bench.makeNamedUser("refresher", password: password)
        let answer = try await bench.demand(
            "POST", "/v1/auth/login",
            body: [
                "username": .string(name), "password": .string(password), "tokens": true,
            ])
        guard let token = answer["refresh_token"]?.text,
            let sessionToken = answer["session_token"]?.text
        else { throw DrillFailure("a log-in without tokens") }
        first = token
        newest = token
        self.sessionToken = sessionToken
    }

    /// Redeems the newest token so many times at once. Who gets no answer asks another node.
    func redeem(times: Int, during event: RefreshEvent) async throws -> Redemptions {
        let (bench, token) = (bench, newest)
        let urls = bench.cluster.nodes.map(\.url)
        let total = Shared(Redemptions())
        let begun = ContinuousClock.now
        // The successor is given for 10 s after it was made.
        let deadline = begun + .seconds(9)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<times {
                group.addTask {
                    var attempt = number
                    while ContinuousClock.now < deadline {
                        let answer = await Self.redeem(
                            token, through: urls[attempt % urls.count], bench)
                        if let successor = answer?.body["refresh_token"]?.text {
                            return total.change {
                                $0.given += 1
                                $0.successors.insert(successor)
                            }
                        }
                        if let answer, answer.status == 401 {
                            return total.change { $0.refused += 1 }
                        }
                        let code = answer?.code ?? "no answer"
                        total.change { $0.failures[code, default: 0] += 1 }
                        attempt += 1
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
            }
            try await Self.strike(event, bench)
            try await group.waitForAll()
        }
        var found = total.now
        found.took = begun.duration(to: .now)
        if let successor = found.successors.first { newest = successor }
        try await bench.ready(bench.cluster.nodes.map(\.id))
        return found
    }

    private static func redeem(
        _ token: String, through url: String, _ bench: Bench
    ) async -> Answer? {
        do {
            return try await bench.http.send(
                .POST, "\(url)/v1/auth/refresh", body: ["refresh_token": .string(token)],
                milliseconds: 3000)
        } catch { return nil }
    }

    private static func strike(_ event: RefreshEvent, _ bench: Bench) async throws {
        let struck: [String]
        switch event {
        case .nothing: return
        case .leaderKill: struck = [try await bench.leader()]
        case .totalKill: struck = bench.cluster.nodes.map(\.id)
        }
        try await Task.sleep(for: .milliseconds(30))
        for id in struck { try bench.cluster.signal(id, SIGKILL) }
        for id in struck { try await bench.cluster.start(id) }
    }

    /// Whether the session lives, and ends with all its tokens when a token is used again that
    /// others have followed.
    func endsByReuse() async throws -> Bool {
        let urls = bench.cluster.nodes.map(\.url)
        let before = await validate(sessionToken, on: urls, bench)
        guard before.allowed == urls.count else { return false }
        let reused = await Self.redeem(first, through: urls[0], bench)
        guard reused?.status == 401 else { return false }
        let after = await validate(sessionToken, on: urls, bench)
        let current = await Self.redeem(newest, through: urls[1], bench)
        return after.refused == urls.count && current?.status == 401
    }
}
