import Foundation
import WatchwordClient

/// Fills the disk of a follower, and then of the leader: a small file system of its own, so that
/// nothing else of the machine suffers.
func diskFull(_ bench: Bench) async throws -> [Verdict] {
    let leader = try await bench.leader()
    guard let follower = bench.cluster.nodes.map(\.id).first(where: { $0 != leader }) else {
        throw DrillFailure("no follower")
    }
    return [
        try await diskFull(bench, of: follower, role: "a follower"),
        try await diskFull(bench, of: try await bench.leader(), role: "the leader"),
    ]
}

private func diskFull(_ bench: Bench, of id: String, role: String) async throws -> Verdict {
    let cluster = bench.cluster
    let disk = SmallDisk(folder: "\(cluster.folder)/\(id)/small")
    let name = "the disk of \(role) fills"
    // Room for what the drills before have left, and as much again.
    let mebibytes = 768 + 2 * (try mebibytes(in: cluster.node(id).dataFolder))
    do { try await disk.mount(mebibytes: mebibytes) } catch let failure as DrillFailure {
        return Verdict(name: name, figures: ["not run: \(failure)"], outcome: .notRun)
    }
    guard let balancer = cluster.balancer else {
        throw DrillFailure("the drill of a full disk needs the load balancer")
    }
    let load = try await WriteLoad(
        bench: bench, writers: 4, interval: .milliseconds(20), urls: [balancer])
    guard let setting = try cluster.setting(id, "node", "data_dir") else {
        throw DrillFailure("\(id) has no data directory in its file")
    }
    let figures: [String]
    do { figures = try await runFull(bench, load, id, disk, role: role, setting: setting) } catch {
        // Nothing stays mounted; who still writes there is ended first.
        if try cluster.isRunning(id) { try cluster.signal(id, SIGKILL) }
        try await disk.unmount()
        try cluster.set(id, "node", "data_dir", setting)
        throw error
    }
    try await disk.unmount()
    let account = try await load.account()
    return Verdict(
        name: name, figures: [account.sentence, "failed tries: \(account.failures)"] + figures,
        passed: account.isClean)
}

/// What the files in a folder take, at most.
private func mebibytes(in folder: String) throws -> Int {
    let files = FileManager.default
    var bytes = 0
    for path in try files.subpathsOfDirectory(atPath: folder) {
        do {
            let size = try files.attributesOfItem(atPath: "\(folder)/\(path)")[.size]
            bytes += (size as? NSNumber)?.intValue ?? 0
        } catch {
            // Gone since the folder was listed: a running node trims its log.
            continue
        }
    }
    return bytes >> 20
}

/// Of the node's own listener for figures, while the drill goes on.
private let metricsPort = 9390

private func runFull(
    _ bench: Bench, _ load: WriteLoad, _ id: String, _ disk: SmallDisk, role: String,
    setting: String
) async throws -> [String] {
    let cluster = bench.cluster
    return try await load.run {
        let home = cluster.node(id).dataFolder
        try await cluster.stop(id)
        try await Command.run("cp", "-a", home, "\(disk.mountPoint)/data")
        try cluster.set(id, "node", "data_dir", "\"\(disk.mountPoint)/data\"")
        try cluster.set(id, "metrics", "listen", "\"127.0.0.1:\(metricsPort)\"")
        try await cluster.start(id)
        try await bench.ready([id])
        if role == "the leader" { try await makeLeader(id, bench) }
        let before = load.ledger.acknowledgedCount
        try await disk.fill()
        let noticed = try await fillUp(id, bench)
        let during = load.ledger.acknowledgedCount - before
        let leads = try await bench.leader()
        let after = load.ledger.acknowledgedCount
        try await Task.sleep(for: .seconds(3))
        let whileFull = load.ledger.acknowledgedCount - after
        let runs = try cluster.isRunning(id)
        try await disk.empty()
        try await recovered(id, bench)
        try await cluster.stop(id)
        try cluster.unset(id, "metrics")
        try await Command.run("rm", "-rf", home)
        try await Command.run("cp", "-a", "\(disk.mountPoint)/data", home)
        try cluster.set(id, "node", "data_dir", setting)
        try await cluster.start(id)
        try await bench.ready([id])
        guard runs else { throw DrillFailure("\(id) ended when its disk was full") }
        guard leads != id else { throw DrillFailure("\(id) leads with a full disk") }
        guard whileFull > 0 else { throw DrillFailure("the cluster stood still") }
        return [
            "no room after \(noticed) large writes, \(during) small ones meanwhile; "
                + "leader then: \(leads == id ? "still it" : "another"); "
                + "\(whileFull) writes in 3 s while it was full",
            "with room again it caught up and followed",
        ]
    }
}

/// Leadership goes to a node.
private func makeLeader(_ id: String, _ bench: Bench) async throws {
    for _ in 0..<20 {
        if try await bench.leader() == id { return }
        _ = try await bench.demand("POST", "/v1/cluster/transfer", body: ["to": .string(id)])
        try await Task.sleep(for: .milliseconds(300))
    }
    throw DrillFailure("\(id) did not become leader")
}

/// Writes secrets until the node says that its disk has no room.
private func fillUp(_ id: String, _ bench: Bench) async throws -> Int {
    for number in 0..<20_000 {
        if try await bench.metric("watchword_storage_full", of: id) == 1 { return number }
        _ = try await bench.demand(
            "PUT", "/v1/secrets/drill/filler-\(number)",
            body: ["value": .string(String(repeating: "x", count: 48 << 10))], besides: id)
    }
    throw DrillFailure("the disk of \(id) did not fill")
}

/// Waits until the node has room and has applied what the leader has.
private func recovered(_ id: String, _ bench: Bench) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    var standing = ""
    while ContinuousClock.now < deadline {
        let leader = try await bench.leader()
        let isFull = try await bench.metric("watchword_storage_full", of: id)
        let applied = try await bench.metric("watchword_raft_applied_index", of: id)
        let ahead = try await bench.metric("watchword_raft_applied_index", of: leader)
        if isFull == 0, applied + 200 >= ahead { return }
        standing = "full: \(isFull), applied \(applied) of \(ahead)"
        try await Task.sleep(for: .milliseconds(200))
    }
    throw DrillFailure("\(id) did not recover within 60 s: \(standing)")
}

/// A file system of its own in a file, made and mounted.
private struct SmallDisk: Sendable {
    let folder: String
    var mountPoint: String { "\(folder)/mount" }

    /// - Throws: `DrillFailure` where mounting is not allowed.
    func mount(mebibytes: Int) async throws {
        try await Command.run("mkdir", "-p", mountPoint)
        try await Command.run("truncate", "-s", "\(mebibytes)M", "\(folder)/image")
        try await Command.run("mkfs.ext4", "-q", "-F", "-m", "0", "\(folder)/image")
        try await Command.run("mount", "-o", "loop", "\(folder)/image", mountPoint)
    }

    /// Takes all room but little.
    func fill() async throws {
        let free = try FileManager.default.attributesOfFileSystem(forPath: mountPoint)[
            .systemFreeSize]
        guard let bytes = (free as? NSNumber)?.intValue, bytes > 64 << 20 else {
            throw DrillFailure("the small disk has no room to begin with")
        }
        try await Command.run("fallocate", "-l", "\(bytes - 48 << 20)", "\(mountPoint)/filler")
    }

    func empty() async throws { try await Command.run("rm", "\(mountPoint)/filler") }

    func unmount() async throws {
        // Lazily: a process that was killed may need a moment to end.
        try await Command.run("umount", "-l", mountPoint)
    }
}

/// Another program, run to its end.
private enum Command {
    static func run(_ words: String...) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else {
            throw DrillFailure("\(words.joined(separator: " ")): status \(status)")
        }
    }
}
