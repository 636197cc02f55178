import Foundation
import Testing

@testable import LMDB

/// What a power loss may leave of a file: of every page what was synced, or any of what was written
/// since, and of the end of the file as much as there was at any time.
private struct CrashImages {
    let file: String
    private var synced: [UInt8]
    private var written: [Int: [[UInt8]]] = [:]
    private var last: [UInt8]

    init(file: String) throws {
        self.file = file
        last = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        synced = last
    }

    private static let page = 4096

    private static func pages(_ bytes: [UInt8]) -> Int { bytes.count / page }

    private static func get(_ bytes: [UInt8], _ number: Int) -> [UInt8] {
        Array(bytes[number * page..<(number + 1) * page])
    }

    /// Looks at what a commit has written.
    mutating func look() throws {
        let now = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        for number in 0..<Self.pages(now) {
            let page = Self.get(now, number)
            if number < Self.pages(last), Self.get(last, number) == page { continue }
            written[number, default: []].append(page)
        }
        last = now
    }

    /// A sync has ended that began behind everything that was seen.
    mutating func sync() {
        synced = last
        written = [:]
    }

    /// One of the images.
    func draw(_ random: inout Dice) -> [UInt8] {
        let count = Self.pages(synced) + random.below(Self.pages(last) - Self.pages(synced) + 1)
        var image = synced
        image += [UInt8](repeating: 0, count: count * Self.page - image.count)
        for (number, versions) in written.sorted(by: { $0.key < $1.key }) where number < count {
            let choice = random.below(versions.count + 1)
            guard choice > 0 else { continue }
            image.replaceSubrange(
                number * Self.page..<(number + 1) * Self.page, with: versions[choice - 1])
        }
        return image
    }
}

/// Repeatable chance (SplitMix64).
private struct Dice {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(limit))
    }
}

@Suite("Commits that are kept")
struct KeptCommitTests {
    private typealias Rows = [String: [UInt8]]

    /// What can be gone back to.
    private struct Checkpoint {
        /// nil: dropped too early, on purpose.
        var kept: KeptCommit?
        let metaPage: [UInt8]
        let rows: Rows
    }

    /// An environment under changes, whose crashes are looked at.
    private struct Bench {
        let directory: TemporaryDirectory
        let environment: Environment
        var images: CrashImages
        var rows: Rows = [:]
        var random: Dice
        /// Crash images that were not what they should be.
        var damaged = 0
        var looked = 0

        init(seed: UInt64) throws {
            directory = try TemporaryDirectory()
            environment = try makeEnvironment(directory)
            random = Dice(state: seed)
            try environment.synchronize()
            images = try CrashImages(file: directory.path + "/data.mdb")
        }

        mutating func commits(_ most: Int) throws {
            for _ in 0..<random.below(most + 1) {
                try environment.write { transaction in
                    for _ in 0...random.below(30) {
                        let key = "key \(random.below(400))"
                        if random.below(3) == 0 {
                            try transaction.delete(environment.a, Array(key.utf8))
                            rows[key] = nil
                        } else {
                            let value = [UInt8](
                                repeating: UInt8(random.below(256)),
                                count: random.below(random.below(8) == 0 ? 9_000 : 300))
                            try transaction.put(environment.a, Array(key.utf8), value)
                            rows[key] = value
                        }
                    }
                }
                try images.look()
            }
        }

        func keep(dropsEarly: Bool) throws -> Checkpoint {
            let kept = try environment.keepCommit()
            return Checkpoint(
                kept: dropsEarly ? nil : kept, metaPage: kept.metaPage, rows: rows)
        }

        /// Looks at what crashes at this moment leave, and what opening makes of it.
        mutating func crash(_ checkpoint: Checkpoint, restores: Bool) throws {
            for _ in 0..<4 {
                let path = try directory.make("crash \(looked)")
                let file = path + "/data.mdb"
                try Data(images.draw(&random)).write(to: URL(fileURLWithPath: file))
                if restores { try MetaPages.restore(file: file, to: checkpoint.metaPage) }
                looked += 1
                if try !isWhole(path, checkpoint.rows) { damaged += 1 }
                try FileManager.default.removeItem(atPath: path)
            }
        }

        private func isWhole(_ path: String, _ rows: Rows) throws -> Bool {
            do {
                let check = try FileCheck(path: path + "/data.mdb", databases: ["a", "b"])
                _ = try check.run { RowSizes() }
            } catch is FileDamage {
                return false
            }
            let opened = try Environment(
                path: path, databases: ["a", "b"], options: smallOptions())
            guard try Self.read(opened) == rows else { return false }
            // It can be written on, and back again.
            let before = try opened.keepCommit()
            try opened.put(opened.a, "new", "value")
            return try Self.read(opened).count == rows.count + 1 && before.number > 0
        }

        private static func read(_ environment: Environment) throws -> Rows {
            var rows: Rows = [:]
            try environment.read { view in
                try view.scan(environment.a, from: [], upTo: nil) { key, value in
                    rows[String(decoding: key.array, as: UTF8.self)] = value.array
                    return true
                }
            }
            return rows
        }
    }

    /// Checkpoints under commits, with crashes at every step between.
    private func run(
        seed: UInt64, rounds: Int, restores: Bool = true, dropsEarly: Bool = false
    ) throws -> Bench {
        var bench = try Bench(seed: seed)
        try bench.commits(3)
        var durable = try bench.keep(dropsEarly: dropsEarly)
        try bench.environment.synchronize()
        bench.images.sync()
        for _ in 0..<rounds {
            try bench.commits(6)
            try bench.crash(durable, restores: restores)
            let next = try bench.keep(dropsEarly: dropsEarly)
            try bench.commits(4)
            try bench.crash(durable, restores: restores)
            try bench.environment.synchronize()
            bench.images.sync()
            try bench.commits(4)
            // The next one is durable, and nobody has noted it yet: either may count.
            try bench.crash(durable, restores: restores)
            try bench.crash(next, restores: restores)
            durable = next
        }
        return bench
    }

    @Test("a crash takes the file back to the commit that was kept, whole", arguments: 1...6)
    func crashes(seed: UInt64) throws {
        let bench = try run(seed: seed, rounds: 12)
        #expect(bench.damaged == 0)
        #expect(bench.looked == 192)
    }

    @Test("without its meta page, or without being kept, it is not whole: the images are hard")
    func control() throws {
        #expect(try run(seed: 1, rounds: 6, restores: false).damaged > 20)
        #expect(try run(seed: 1, rounds: 6, dropsEarly: true).damaged > 5)
    }

    @Test("a page that names no commit is not written to a file")
    func invalid() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        let file = directory.path + "/data.mdb"
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        for page in [[], [UInt8](repeating: 0, count: 4096), Array(before.prefix(4095))] {
            #expect(throws: LMDBError.self) { try MetaPages.restore(file: file, to: page) }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
        _ = environment
    }
}
