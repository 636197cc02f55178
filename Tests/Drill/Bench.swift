import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WatchwordClient

/// What every drill needs: the cluster, a way to ask, and an administrator's session.
final class Bench: Sendable {
    let cluster: QuickstartCluster
    let http: HTTP
    let token: String

    /// - Parameter http: shut down by the caller.
    init(cluster: QuickstartCluster, http: HTTP) async throws {
        self.cluster = cluster
        self.http = http
        token = try await Self.logIn(cluster: cluster, http: http)
    }

    private static func logIn(cluster: QuickstartCluster, http: HTTP) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            for node in cluster.nodes {
                do {
                    let answer = try await http.send(
                        .POST, "\(node.url)/v1/auth/login",
                        body: [
                            "username": "admin", "password": .string(cluster.adminPassword),
                            "label": "drill",
                        ])
                    if let token = answer.body["session_token"]?.text { return token }
                } catch { continue }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw DrillFailure("nobody could log in")
    }

    /// Who leads, by the word of the nodes themselves.
    func leader(within seconds: Int = 20, besides former: String? = nil) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            for node in cluster.nodes where node.id != former {
                do {
                    let answer = try await http.send(
                        .GET, "\(node.url)/health/leader", milliseconds: 300)
                    if answer.status == 200 { return node.id }
                } catch { continue }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw DrillFailure("no leader within \(seconds) s")
    }

    /// Waits until these nodes serve linearizable reads.
    func ready(_ ids: [String], within seconds: Int = 60) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        for id in ids {
            let url = "\(cluster.node(id).url)/health/ready"
            guard try await answers(url, until: deadline) else {
                throw DrillFailure("\(id) not ready within \(seconds) s")
            }
        }
    }

    /// Whether the URL is answered with 200 in the end.
    func answers(_ url: String, within seconds: Int) async throws -> Bool {
        try await answers(url, until: ContinuousClock.now + .seconds(seconds))
    }

    private func answers(
        _ url: String, until deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        while ContinuousClock.now < deadline {
            do {
                if try await http.send(.GET, url, milliseconds: 500).status == 200 { return true }
            } catch {
                // It is still starting: asked again below.
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// A request that must succeed, tried over all nodes for a while.
    func demand(
        _ method: String, _ path: String, body: JSON? = nil, within seconds: Int = 20,
        besides avoided: String? = nil
    ) async throws -> JSON {
        let deadline = ContinuousClock.now + .seconds(seconds)
        let key = UUID().uuidString
        var last = "no answer"
        while ContinuousClock.now < deadline {
            for node in cluster.nodes where node.id != avoided {
                do {
                    let answer = try await http.send(
                        .init(rawValue: method), node.url + path, token: token, body: body,
                        headers: method == "GET" ? [] : [("Idempotency-Key", key)])
                    if (200..<300).contains(answer.status) { return answer.body }
                    last = "\(answer.status) \(answer.body)"
                    // A redirection: only the leader does this, and it comes in its turn.
                    if ![307, 409, 429].contains(answer.status) && answer.status < 500 {
                        throw DrillFailure("\(method) \(path): \(last)")
                    }
                } catch let failure as DrillFailure { throw failure } catch { last = "\(error)" }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw DrillFailure("\(method) \(path): \(last)")
    }

    /// A new administrator; the answer is a session's token.
    func makeCaller() async throws -> String {
        let name = "caller-\(UUID().uuidString.prefix(12).lowercased())"
        let user = try await demand(
            "POST", "/v1/users", body: ["username": .string(name), "roles": ["admin"]])
        let session = try await demand(
            "POST", "/v1/sessions", body: ["user_id": .string(user["id"]?.text ?? "")])
        guard let token = session["session_token"]?.text else {
            throw DrillFailure("a session without a token")
        }
        return token
    }

    /// A new user for this drill with a password; the answer is the name.
    func makeNamedUser(_ purpose: String, password: String) async throws -> String {
        let name = "\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        _ = try await demand(
            "POST", "/v1/users", body: ["username": .string(name), "password": .string(password)])
        return name
    }

    /// A new user for this drill, who cannot log in; the answer is the id.
    func makeUser(_ purpose: String) async throws -> String {
        let suffix = UUID().uuidString.prefix(8).lowercased()
        let user = try await demand(
            "POST", "/v1/users", body: ["username": .string("\(purpose)-\(suffix)")])
        guard let id = user["id"]?.text else { throw DrillFailure("a user without an id: \(user)") }
        return id
    }

    /// A figure of a node's `/metrics`, without labels; 0 when it is not there.
    func metric(_ name: String, of id: String) async throws -> Double {
        let text = try await metrics(of: id)
        for line in text.split(separator: "\n") where line.hasPrefix(name + " ") {
            return Double(line.dropFirst(name.count + 1)) ?? 0
        }
        return 0
    }

    private func metrics(of id: String) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do {
                // A listener of its own asks for no credential, which a node without room could
                // not confirm.
                let own = try cluster.setting(id, "metrics", "listen").map { "http://\($0)" }
                let url = "\(own ?? cluster.node(id).url)/metrics"
                var request = HTTPClientRequest(url: url)
                if own == nil {
                    request.headers.add(name: "Authorization", value: "Bearer \(token)")
                }
                let answer = try await http.client.execute(request, timeout: .seconds(3))
                guard answer.status == .ok else {
                    throw DrillFailure("\(url): \(answer.status.code)")
                }
                return String(buffer: try await answer.body.collect(upTo: 1 << 20))
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
