import Foundation

/// Kills the leader again and again under writers.
func leaderKills(_ bench: Bench, times: Int) async throws -> Verdict {
    let load = try await WriteLoad(
        bench: bench, writers: 4, interval: .milliseconds(1), urls: bench.cluster.nodes.map(\.url))
    let gaps: [Duration] = try await load.run {
        var gaps: [Duration] = []
        for _ in 0..<times {
            try await Task.sleep(for: .milliseconds(300))
            let leader = try await bench.leader()
            let moment = ContinuousClock.now
            try bench.cluster.signal(leader, SIGKILL)
            _ = try await bench.leader(besides: leader)
            try await Task.sleep(for: .milliseconds(400))
            gaps.append(load.ledger.gap(around: moment))
            try await bench.cluster.start(leader)
            try await bench.ready([leader])
        }
        return gaps
    }
    let account = try await load.account()
    let times = Milliseconds(gaps)
    return Verdict(
        name: "leader killed with -9, \(gaps.count) times",
        figures: [account.sentence, "gap without an acknowledged write: \(times.sentence)"],
        passed: account.isClean)
}

/// Kills all nodes at once under load, and starts them again.
func totalKills(_ bench: Bench, times: Int) async throws -> Verdict {
    let load = try await WriteLoad(
        bench: bench, writers: 8, interval: .milliseconds(1), urls: bench.cluster.nodes.map(\.url))
    let ids = bench.cluster.nodes.map(\.id)
    let recoveries: [Duration] = try await load.run {
        var recoveries: [Duration] = []
        for _ in 0..<times {
            try await Task.sleep(for: .milliseconds(500))
            for id in ids { try bench.cluster.signal(id, SIGKILL) }
            let moment = ContinuousClock.now
            for id in ids { try await bench.cluster.start(id) }
            try await bench.ready(ids)
            recoveries.append(moment.duration(to: .now))
        }
        return recoveries
    }
    let account = try await load.account()
    return Verdict(
        name: "all nodes killed with -9 at once, \(times) times",
        figures: [
            account.sentence, "until all are ready again: \(Milliseconds(recoveries).sentence)",
        ],
        passed: account.isClean)
}

/// Stops the leader politely again and again under load through the load balancer.
func handovers(_ bench: Bench, times: Int) async throws -> Verdict {
    guard let balancer = bench.cluster.balancer else {
        throw DrillFailure("hand-overs need the load balancer")
    }
    let load = try await WriteLoad(
        bench: bench, writers: 8, interval: .milliseconds(2), urls: [balancer])
    let stops: [Duration] = try await load.run {
        var stops: [Duration] = []
        for _ in 0..<times {
            try await Task.sleep(for: .milliseconds(500))
            let leader = try await bench.leader()
            let moment = ContinuousClock.now
            try bench.cluster.signal(leader, SIGTERM)
            while try bench.cluster.isRunning(leader) {
                guard moment.duration(to: .now) < .seconds(10) else {
                    throw DrillFailure("\(leader) did not end")
                }
                try await Task.sleep(for: .milliseconds(10))
            }
            stops.append(moment.duration(to: .now))
            try await bench.cluster.start(leader)
            try await bench.ready([leader])
        }
        return stops
    }
    let account = try await load.account()
    let failed = account.failures.values.reduce(0, +)
    let slowest = Milliseconds(stops).sorted.last ?? 0
    return Verdict(
        name: "leader told to stop, \(times) times, through the load balancer",
        figures: [
            account.sentence, "failed requests: \(failed) \(account.failures)",
            "process gone: \(Milliseconds(stops).sentence)",
        ], passed: account.isClean && failed == 0 && slowest < 5000)
}
