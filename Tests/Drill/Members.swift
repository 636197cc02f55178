import Foundation
import NIOHTTP1
import Synchronization
import WatchwordClient

// Members come and go under 500 writes/s through the load balancer.

/// A node loses its data for good; another one, with a number of its own, takes its place.
func replaceNode(_ bench: Bench) async throws -> Verdict {
    let load = try await membershipLoad(bench)
    try await bench.setAuthority()
    let leader = try await bench.leader()
    guard let lost = bench.cluster.nodes.map(\.id).first(where: { $0 != leader }) else {
        throw DrillFailure("no follower")
    }
    let (new, atKill, afterKill, took): (String, Int, Int, Duration) = try await load.run {
        try await Task.sleep(for: .seconds(2))
        let before = load.failedTries
        try bench.cluster.signal(lost, SIGKILL)
        try FileManager.default.removeItem(atPath: bench.cluster.node(lost).dataFolder)
        // What was on its way at that moment was cut off, and is tried again by its client.
        try await Task.sleep(for: .seconds(2))
        let atKill = load.failedTries - before
        let moment = ContinuousClock.now
        let new = try await bench.join(["role": "voter", "replaces": .string(lost)])
        try await bench.settled { members in
            members[new]?["voter"] == .bool(true) && members[lost] == nil
        }
        let took = moment.duration(to: .now)
        try await Task.sleep(for: .seconds(3))
        return (new, atKill, load.failedTries - before - atKill, took)
    }
    let account = try await load.account()
    let grown = try QuickstartCluster(folder: bench.cluster.folder, script: bench.cluster.script)
    let takesWrites = try await bench.answers("\(grown.node(new).url)/lb/write", within: 10)
    try await bench.cluster.quickstart(["forget", lost])
    return Verdict(
        name: "a node whose data directory is gone is replaced, through the load balancer",
        figures: [
            account.sentence,
            "\(lost) killed and emptied: \(atKill) tries cut off and made again by their clients",
            "failed tries from then on: \(afterKill) \(account.failures)",
            "from the token until \(new) votes and \(lost) is gone: \(took / .milliseconds(1)) ms",
            "writes/s: \(load.rate)", "\(new) takes writes: \(takesWrites)",
        ],
        passed: account.isClean && account.unknown == 0 && afterKill == 0 && takesWrites)
}

/// Two machines join and vote; then two voters go, one of them the leader.
func growAndShrink(_ bench: Bench) async throws -> Verdict {
    let load = try await membershipLoad(bench)
    try await bench.setAuthority()
    let old = bench.cluster.nodes.map(\.id)
    let (grown, shrunk, gone): (Duration, [Duration], [String]) = try await load.run {
        try await Task.sleep(for: .seconds(2))
        let moment = ContinuousClock.now
        let one = try await bench.join(["role": "voter"])
        let two = try await bench.join(["role": "voter"])
        try await bench.settled { members in
            [one, two].allSatisfy { members[$0]?["voter"] == .bool(true) } && members.count == 5
        }
        let grown = moment.duration(to: .now)
        try await Task.sleep(for: .seconds(3))
        let leader = try await bench.leader()
        guard let follower = old.first(where: { $0 != leader }) else {
            throw DrillFailure("no follower")
        }
        var times: [Duration] = []
        var gone: [String] = []
        for node in [follower, leader] {
            let moment = ContinuousClock.now
            _ = try await bench.demand("DELETE", "/v1/cluster/members/\(node)", besides: node)
            try await bench.settled(besides: gone + [node]) { $0[node] == nil }
            times.append(moment.duration(to: .now))
            gone.append(node)
            try await Task.sleep(for: .seconds(2))
        }
        return (grown, times, gone)
    }
    let account = try await load.account()
    let failed = account.failures.values.reduce(0, +)
    let remaining = try await bench.members(besides: gone)
    for node in gone {
        let status = try await bench.http.send(
            .GET, "\(bench.cluster.node(node).url)/lb/read"
        ).status
        guard status == 503 else { throw DrillFailure("\(node) answers \(status), and is gone") }
        try await bench.cluster.quickstart(["forget", node])
    }
    return Verdict(
        name: "three nodes become five and three again, through the load balancer",
        figures: [
            account.sentence, "failed tries: \(failed) \(account.failures)",
            "from the first token until five vote: \(grown / .milliseconds(1)) ms",
            "removals (\(gone.joined(separator: ", the leader "))): "
                + shrunk.map { "\($0 / .milliseconds(1)) ms" }.joined(separator: ", "),
            "writes/s: \(load.rate)", "left: \(remaining.keys.sorted())",
        ],
        passed: account.isClean && account.unknown == 0 && failed == 0 && remaining.count == 3)
}

private func membershipLoad(_ bench: Bench) async throws -> WriteLoad {
    guard let balancer = bench.cluster.balancer else {
        throw DrillFailure("changes of members need the load balancer")
    }
    return try await WriteLoad(
        bench: bench, writers: 12, interval: .milliseconds(24), urls: [balancer])
}

extension WriteLoad {
    /// Tries that were not answered with success so far.
    fileprivate var failedTries: Int {
        ledger.contents.withLock { $0.failures.values.reduce(0, +) }
    }

    /// Acknowledged writes per second, from the first to the last.
    fileprivate var rate: Int {
        ledger.contents.withLock { contents in
            guard let first = contents.acknowledged.first?.at,
                let last = contents.acknowledged.last?.at, first < last
            else { return 0 }
            return Int(
                Double(contents.acknowledged.count) / (first.duration(to: last) / .seconds(1)))
        }
    }
}

extension Bench {
    /// Gives the cluster the authority that `watchword init` left beside its nodes.
    fileprivate func setAuthority() async throws {
        let folder = "\(cluster.folder)/authority"
        _ = try await demand(
            "PUT", "/v1/cluster/authority",
            body: [
                "certificate": .string(
                    try String(contentsOfFile: "\(folder)/ca.crt", encoding: .utf8)),
                "key": .string(try String(contentsOfFile: "\(folder)/ca.key", encoding: .utf8)),
            ])
    }

    /// Makes a token and a machine that joins with it; the answer is its id.
    fileprivate func join(_ fields: [String: JSON]) async throws -> String {
        let answer = try await demand("POST", "/v1/cluster/join-tokens", body: .object(fields))
        guard let token = answer["token"]?.text, let node = answer["node"]?.text else {
            throw DrillFailure("no token: \(answer)")
        }
        let file = "\(cluster.folder)/join-token"
        try token.write(toFile: file, atomically: true, encoding: .utf8)
        try await cluster.quickstart(["join", node, file])
        return node
    }

    /// The members by id, as a node says that is not among those avoided.
    fileprivate func members(besides avoided: [String] = []) async throws -> [String: JSON] {
        let now = try QuickstartCluster(folder: cluster.folder, script: cluster.script)
        for node in now.nodes where !avoided.contains(node.id) {
            do {
                let answer = try await http.send(
                    .GET, "\(node.url)/v1/cluster", token: token, milliseconds: 2000)
                guard answer.status == 200 else { continue }
                let members = answer.body["members"]?.elements ?? []
                return members.reduce(into: [:]) { $0[$1["id"]?.text ?? ""] = $1 }
            } catch { continue }
        }
        return [:]
    }

    /// Waits until the members are so, and nothing is ordered of them.
    fileprivate func settled(
        besides avoided: [String] = [], within seconds: Int = 60,
        _ isReached: ([String: JSON]) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var last: [String: JSON] = [:]
        while ContinuousClock.now < deadline {
            last = try await members(besides: avoided)
            let isQuiet = last.values.allSatisfy { ($0["plan"] ?? .null) == .null }
            if !last.isEmpty, isQuiet, isReached(last) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw DrillFailure("the members are not what they should be: \(last)")
    }
}
