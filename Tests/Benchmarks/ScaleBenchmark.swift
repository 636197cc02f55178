import AuthCore
import ByteCodec
import Cryptography
import Foundation
import RaftCore
import StateStore

/// Fills a store with sessions, and measures what so many cost: on the disk, for a look-up, and
/// when the store is opened again.
struct ScaleBenchmark {
    let sessions: Int
    let requests: Int
    let directory: String

    /// What many sessions are held against.
    private static let few = 10_000
    /// As many tokens are kept, over all sessions.
    private static let tokensMax = 1_000_000

    func run() throws {
        let small = try measure(Self.few, directory + "/few")
        let large = try measure(sessions, directory + "/many")
        print("a look-up costs \(Self.rounded(large / small)) times what it does among \(Self.few)")
    }

    /// - Returns: the CPU time of a look-up, in microseconds.
    private func measure(_ count: Int, _ directory: String) throws -> Double {
        print("\(count) sessions")
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let cost = try fill(count, directory)
        try Self.open(directory)
        return cost
    }

    /// Opens a store that is there.
    static func open(_ directory: String) throws {
        let (spent, applied) = try timed {
            let store = try LMDBStateStore(
                directory: directory, machine: StateMachine(sha256: { SHA256.hash($0).bytes }),
                configuration: ConfState(voters: [NodeID(1)]))
            guard store.lost == nil else { throw Mistake("the state is lost") }
            return store.appliedIndex
        }
        print("  opened at \(applied.rawValue) in \(rounded(spent)) s")
    }

    private func fill(_ count: Int, _ directory: String) throws -> Double {
        let machine = try Machine(directory: directory)
        try machine.bootstrap(featureLevel: StateMachine.featureLevel)
        let (spent, tokens) = try Self.timed {
            let share = max(1, count / Self.tokensMax)
            return try SessionMaker(machine: machine).make(count, keepingOneIn: share)
        }
        try machine.store.synchronize()
        print("  filled in \(Self.rounded(spent)) s, 10 in a commit")
        try show(machine, count)
        let door = try Door(machine)
        var dice = Dice(seed: 5)
        func ask(_ count: Int) throws {
            for _ in 0..<count {
                let token = tokens[Int(dice.below(UInt64(tokens.count)))]
                try door.ask(Door.validation(token))
            }
        }
        let heap = Self.anonymousBytes()
        try ask(requests / 10)
        let before = Self.cpuSeconds()
        try ask(requests)
        let each = (Self.cpuSeconds() - before) / Double(requests) * 1e6
        print("  \(Self.rounded(each)) us of CPU a look-up, of \(requests) at random")
        print("  heap \(heap >> 20) MiB before, \(Self.anonymousBytes() >> 20) MiB behind them")
        return each
    }

    /// The memory of this process that is no file's.
    private static func anonymousBytes() -> Int {
        let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("RssAnon:") }
        return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }
            .map { $0 << 10 } ?? 0
    }

    private func show(_ machine: Machine, _ count: Int) throws {
        let statistics = try machine.store.statistics()
        let page = statistics.pageSizeBytes
        var all = 0
        for tree in statistics.trees where tree.entries > 0 {
            let bytes = tree.pages * page
            print(
                "  \(tree.name): \(tree.entries) rows, \(bytes >> 20) MiB, "
                    + "\(bytes / max(1, tree.entries)) bytes a row, "
                    + "\(bytes / count) a session")
            all += bytes
        }
        print(
            "  all trees \(all / count) bytes a session; \(statistics.freePages) free pages; file "
                + "\(statistics.fileSizeBytes >> 20) MiB")
    }

    private static func cpuSeconds() -> Double {
        Double(clock()) / Double(CLOCKS_PER_SEC)
    }

    private static func timed<R>(_ body: () throws -> R) throws -> (seconds: Double, R) {
        let begin = ContinuousClock.now
        let result = try body()
        return ((ContinuousClock.now - begin) / .seconds(1), result)
    }

    private static func rounded(_ value: Double) -> String { String(format: "%.2f", value) }
}
