import Foundation
import NIOHTTP1
import Synchronization
import WatchwordClient

/// What became of every write of a load, for the account at the end.
final class Ledger: Sendable {
    struct Contents {
        /// When each acknowledgement came.
        var acknowledged: [(at: ContinuousClock.Instant, label: String)] = []
        /// Whose outcome is not known: they may be there once, or not.
        var unknown: Set<String> = []
        /// Surely not done.
        var refused: Set<String> = []
        var requests = 0
        var failures: [String: Int] = [:]
    }

    let contents = Mutex(Contents())

    func acknowledge(_ label: String) {
        contents.withLock { $0.acknowledged.append((.now, label)) }
    }

    func count(failure: String) {
        contents.withLock { $0.failures[failure, default: 0] += 1 }
    }

    /// The longest time without an acknowledgement from the last one before a moment until now.
    func gap(around moment: ContinuousClock.Instant) -> Duration {
        contents.withLock { contents in
            var longest = Duration.zero
            var later = ContinuousClock.now
            for (at, _) in contents.acknowledged.reversed() {
                longest = max(longest, at.duration(to: later))
                if at < moment { break }
                later = at
            }
            return longest
        }
    }

    var acknowledgedCount: Int { contents.withLock { $0.acknowledged.count } }
}

/// Writers that make one session after another, each with its own label, until told to stop.
///
/// A write is tried again, over the next node, under the same idempotency key until its outcome
/// is known.
final class WriteLoad: Sendable {
    let ledger = Ledger()
    private let bench: Bench
    private let users: [String]
    /// Whoever writes, in turn: the server keeps 10,000 idempotency keys for each.
    private let tokens: [String]
    private let urls: [String]
    private let interval: Duration
    private let stopped = Atomic(false)

    /// - Parameters:
    ///   - interval: between the starts of one writer's writes, at least.
    ///   - urls: where to write, in turn; all nodes, or the load balancer alone.
    init(bench: Bench, writers: Int, interval: Duration, urls: [String]) async throws {
        self.bench = bench
        self.urls = urls
        self.interval = interval
        var users: [String] = []
        for _ in 0..<writers { users.append(try await bench.makeUser("writer")) }
        self.users = users
        var tokens: [String] = []
        for _ in 0..<Self.callers { tokens.append(try await bench.makeCaller()) }
        self.tokens = tokens
    }

    private static let callers = 48

    /// Writes until the body returns, then waits for the writers.
    func run<Result: Sendable>(
        _ body: @Sendable @escaping () async throws -> Result
    ) async throws -> Result {
        let writers = users.enumerated().map { number, user in
            Task { await self.write(as: number, user: user) }
        }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        stopped.store(true, ordering: .relaxed)
        for writer in writers { await writer.value }
        return try result.get()
    }

    private func write(as number: Int, user: String) async {
        var count = 0
        while !stopped.load(ordering: .relaxed) {
            count += 1
            let next = ContinuousClock.now + interval
            await write(
                label: "w\(number)-\(count)", user: user, first: number + count,
                token: tokens[count % tokens.count])
            if ContinuousClock.now < next {
                do { try await Task.sleep(until: next) } catch { return }
            }
        }
    }

    private func write(label: String, user: String, first: Int, token: String) async {
        let deadline = ContinuousClock.now + .seconds(30)
        var attempt = first
        while ContinuousClock.now < deadline {
            let url = urls[attempt % urls.count]
            attempt += 1
            ledger.contents.withLock { $0.requests += 1 }
            do {
                let answer = try await bench.http.send(
                    .POST, "\(url)/v1/sessions", token: token,
                    body: ["user_id": .string(user), "label": .string(label)],
                    headers: [("Idempotency-Key", "\(user)-\(label)")])
                switch answer.status {
                case 201:
                    return ledger.acknowledge(label)
                case 503, 409, 429, 502, 504, 507:
                    ledger.count(failure: "\(answer.status) \(answer.code)")
                default:
                    ledger.count(failure: "\(answer.status) \(answer.code)")
                    ledger.contents.withLock { _ = $0.unknown.insert(label) }
                    return
                }
            } catch {
                ledger.count(failure: "no answer")
            }
            do { try await Task.sleep(for: .milliseconds(2)) } catch { return }
        }
        ledger.contents.withLock { _ = $0.unknown.insert(label) }
    }

    /// Compares what is in the store with what was acknowledged.
    func account() async throws -> Account {
        var found: [String: Int] = [:]
        for (number, user) in users.enumerated() {
            var cursor = ""
            repeat {
                let page = try await bench.demand(
                    "GET", "/v1/sessions?user_id=\(user)&limit=1000\(cursor)")
                for session in page["items"]?.elements ?? [] {
                    let label = session["label"]?.text ?? "?"
                    found[
                        label.hasPrefix("w\(number)-") ? label : "\(user)?\(label)", default: 0] +=
                        1
                }
                cursor = page["next_cursor"]?.text.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
        }
        return ledger.contents.withLock { contents in
            let acknowledged = Set(contents.acknowledged.map(\.label))
            var account = Account(acknowledged: acknowledged.count, unknown: contents.unknown.count)
            account.lost = acknowledged.filter { found[$0] == nil }.count
            account.duplicated = found.values.filter { $0 > 1 }.count
            account.phantom =
                found.keys.filter {
                    !acknowledged.contains($0) && !contents.unknown.contains($0)
                }.count
            account.failures = contents.failures
            return account
        }
    }
}

/// The result of a comparison.
struct Account: Sendable {
    var acknowledged: Int
    var unknown: Int
    var lost = 0
    var duplicated = 0
    var phantom = 0
    var failures: [String: Int] = [:]

    var isClean: Bool { lost == 0 && duplicated == 0 && phantom == 0 && acknowledged > 0 }

    var sentence: String {
        "\(acknowledged) acknowledged, \(lost) lost, \(duplicated) duplicated, "
            + "\(phantom) phantom, \(unknown) unknown"
    }
}
