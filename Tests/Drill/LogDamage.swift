import Foundation
import WatchwordClient

/// Flips one bit in the log of a node that does not run, and starts it again: in a record, in the
/// header of a segment, in identifiers; of a follower and of the leader, while writes go on.
func logDamage(_ bench: Bench, times: Int) async throws -> Verdict {
    let cluster = bench.cluster
    guard let balancer = cluster.balancer else {
        throw DrillFailure("the drill of a damaged log needs the load balancer")
    }
    let load = try await WriteLoad(
        bench: bench, writers: 8, interval: .milliseconds(20), urls: [balancer])
    @Sendable func folder(_ id: String) -> String { "\(cluster.node(id).dataFolder)/wal" }
    let (figures, isMended): ([String], Bool) = try await load.run {
        var figures: [String] = []
        var isMended = true
        for number in 0..<times {
            for place in LogPlace.allCases {
                let leader = try await bench.leader()
                let follower = cluster.nodes.map(\.id).first { $0 != leader } ?? leader
                let id = number % 2 == 0 ? follower : leader
                try await LogPlace.awaitTarget(inFolder: folder(id))
                try cluster.signal(id, SIGKILL)
                while try cluster.isRunning(id) { try await Task.sleep(for: .milliseconds(1)) }
                let hit = try place.flip(inFolder: folder(id))
                let moment = ContinuousClock.now
                try await cluster.start(id)
                try await bench.ready([id], within: 60)
                let milliseconds = Int(moment.duration(to: .now) / .milliseconds(1))
                let isGone = try hit.isGone
                isMended = isMended && isGone
                figures.append(
                    "\(place.rawValue) of \(id)\(id == leader ? ", which led" : ""): "
                        + "ready after \(milliseconds) ms" + (isGone ? "" : ", STILL DAMAGED"))
            }
        }
        return (figures, isMended)
    }
    let account = try await load.account()
    return Verdict(
        name: "one flipped bit in the log of a stopped node",
        figures: [account.sentence] + figures, passed: account.isClean && isMended)
}

/// Where a bit is flipped.
private enum LogPlace: String, CaseIterable {
    case record, header, identifiers

    /// A bit that was flipped.
    struct Hit {
        let path: String
        let offset: UInt64
        let flipped: UInt8

        /// Whether the file is no part of the log any more, or the bit is as it was.
        var isGone: Bool {
            get throws {
                guard FileManager.default.fileExists(atPath: path) else { return true }
                let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
                defer { file.closeFile() }
                try file.seek(toOffset: offset)
                return try file.read(upToCount: 1)?.first != flipped
            }
        }
    }

    private static let blockBytes: UInt64 = 4096

    /// Waits until there is something to hit: the log may have begun just now.
    static func awaitTarget(inFolder folder: String) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try target(inFolder: folder) == nil {
            guard ContinuousClock.now < deadline else {
                throw DrillFailure(
                    "no segment with two groups in \(folder): \(try segments(inFolder: folder))")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // The newest segment with two groups: the last one may be torn anyway.
    private static func target(inFolder folder: String) throws -> String? {
        try segments(inFolder: folder).last { try hasTwoGroups($0) }
    }

    private static func segments(inFolder folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".wal") }.sorted().map { "\(folder)/\($0)" }
    }

    /// Flips a bit in the log of a node that does not run.
    func flip(inFolder folder: String) throws -> Hit {
        guard let path = try Self.target(inFolder: folder) else {
            throw DrillFailure("no segment with two groups in \(folder)")
        }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { file.closeFile() }
        let offset: UInt64
        switch self {
        case .header: offset = 100
        // The last block is the copy of the header, and the one before names the first group.
        case .identifiers: offset = try file.seekToEnd() - 2 * Self.blockBytes + 100
        // In the first group.
        case .record: offset = Self.blockBytes + 60
        }
        try file.seek(toOffset: offset)
        guard let byte = try file.read(upToCount: 1)?.first else {
            throw DrillFailure("\(path) ends before \(offset)")
        }
        let hit = Hit(path: path, offset: offset, flipped: byte ^ 4)
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data([hit.flipped]))
        try file.synchronize()
        return hit
    }

    // A group takes whole blocks, up to megabytes of them where a node caught up.
    private static func hasTwoGroups(_ path: String) throws -> Bool {
        // A segment may be gone since its name was read.
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { file.closeFile() }
        var groups = 0
        while let bytes = try file.read(upToCount: 256 * Int(blockBytes)), !bytes.isEmpty {
            let blocks = stride(from: bytes.startIndex, to: bytes.endIndex, by: Int(blockBytes))
            groups += blocks.count { bytes[$0...].starts(with: "WGRP".utf8) }
            if groups >= 2 { return true }
        }
        return false
    }
}
