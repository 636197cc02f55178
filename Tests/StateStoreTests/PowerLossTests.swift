import AuthCore
import ByteCodec
import Foundation
import RaftCore
import Synchronization
import Testing

@testable import LMDB
@testable import StateStore

/// Files as the end of a process, or of the machine, leaves them: of each page what was synced, or
/// what was written since.
@Suite("Power loss")
struct PowerLossTests {
    private static let pageBytes = 4096
    private static let state = "state.0000000000000001"

    /// What a sync has left, and what was written behind it.
    private struct Moment {
        var dump: Dump
        /// The file then.
        var bytes: [UInt8]
        /// The syncs' own file then.
        var synced: [UInt8]
        var applied: [Entry] = []
    }

    @Test(
        "the state that was synced is whole, whatever was written since (D6)",
        arguments: 1...4)
    func crashImages(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        var entries = EntryMaker(seed: UInt64(seed))
        let directory = try TemporaryDirectory()
        let store = try diskStore(directory)
        let path = directory.path + "/" + Self.state
        func read(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
        }
        func moment() throws -> Moment {
            Moment(dump: try store.dump(), bytes: try read("data.mdb"), synced: try read("SYNCED"))
        }
        var last = try moment()
        for step in 0..<60 {
            let comment: Comment = "seed \(seed), step \(step)"
            if random.next(below: 4) == 0 {
                let before = last
                let durable = try store.synchronize()
                last = try moment()
                #expect(durable == last.dump.meta.applied.index, comment)
                // The last step of a sync may be torn: then the one before counts.
                try check(last, try read("data.mdb"), torn: before, &random, comment)
            } else {
                let batch = entries.batch(1 + Int(random.next(below: 40)))
                last.applied += batch
                _ = try store.apply(batch)
            }
            #expect(store.durableAppliedIndex == last.dump.meta.applied.index, comment)
            try check(last, try read("data.mdb"), torn: nil, &random, comment)
        }
    }

    private func check(
        _ moment: Moment, _ now: [UInt8], torn before: Moment?, _ random: inout RandomSource,
        _ comment: Comment
    ) throws {
        let image = try TemporaryDirectory()
        do { _ = try diskStore(image) }
        let path = image.path + "/" + Self.state
        var bytes = now
        var synced = moment.synced
        let found = before ?? moment
        for page in 0..<(found.bytes.count / Self.pageBytes) where random.chance(1, in: 2) {
            let place = page * Self.pageBytes..<(page + 1) * Self.pageBytes
            bytes.replaceSubrange(place, with: found.bytes[place])
        }
        if let before {
            // Both slots differ from those before, or one does; what differs is torn.
            for index in synced.indices where synced[index] != before.synced[index] {
                if random.chance(1, in: 2) { synced[index] = before.synced[index] }
            }
            if synced == moment.synced { synced = before.synced }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/data.mdb"))
        try Data(synced).write(to: URL(fileURLWithPath: path + "/SYNCED"))
        // Looked into without being opened, it is the same.
        let inspected = try StateInspection.read(directory: image.path)
        #expect(inspected.meta == found.dump.meta, comment)
        let opened = try diskStore(image)
        #expect(try opened.dump() == found.dump, comment)
        #expect(opened.durableAppliedIndex == found.dump.meta.applied.index, comment)
        // The log replays the rest.
        if !found.applied.isEmpty { _ = try opened.apply(found.applied) }
    }

    /// What the disk has of `SYNCED`, where the file has what was written too.
    private final class SyncedDisk: Sendable {
        struct Killed: Error {}
        private let state = Mutex((bytes: [UInt8](), endsNext: false))

        /// A kill comes in front of the next sync.
        func endNext() { state.withLock { $0.endsNext = true } }

        var bytes: [UInt8] { state.withLock { $0.bytes } }

        var options: LMDBStateStoreOptions {
            var options = smallOptions()
            options.beforeFileCall = { [self] step in
                guard step.path.hasSuffix("/SYNCED"), step.operation == "fdatasync" else { return }
                let now = [UInt8](try Data(contentsOf: URL(fileURLWithPath: step.path)))
                try state.withLock { state in
                    if state.endsNext {
                        state.endsNext = false
                        throw Killed()
                    }
                    state.bytes = now
                }
            }
            return options
        }
    }

    @Test(
        "a sync that a kill has cut short is on the disk before anything is built on it",
        arguments: 1...4)
    func killedInSync(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        var entries = EntryMaker(seed: UInt64(seed))
        let (directory, disk) = (try TemporaryDirectory(), SyncedDisk())
        let data = URL(fileURLWithPath: directory.path + "/" + Self.state + "/data.mdb")
        for _ in 0..<6 {
            var moment: Moment
            do {
                let store = try diskStore(directory, options: disk.options)
                for _ in 0..<3 {
                    _ = try store.apply(entries.batch(20))
                    try store.synchronize()
                }
                // What is synced now is written over before long, unless it is kept.
                for _ in 0..<4 { _ = try store.apply(entries.batch(20)) }
                moment = Moment(dump: try store.dump(), bytes: [], synced: [])
                disk.endNext()
                #expect(try code { try store.synchronize() } == .failed)
            }
            // The page cache has the new one, and the disk has the one before.
            let store = try diskStore(directory, options: disk.options)
            #expect(try store.dump() == moment.dump)
            moment.bytes = [UInt8](try Data(contentsOf: data))
            var rest = entries
            for _ in 0..<30 {
                let batch = rest.batch(20)
                moment.applied += batch
                _ = try store.apply(batch)
                moment.synced = disk.bytes
                try check(
                    moment, [UInt8](try Data(contentsOf: data)), torn: nil, &random,
                    "seed \(seed)")
            }
        }
    }

    @Test("a state of which nothing says what is durable is damaged, and not taken as it is")
    func nothingSynced() throws {
        let directory = try TemporaryDirectory()
        do { _ = try diskStore(directory) }
        let file = directory.path + "/" + Self.state + "/SYNCED"
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        for index in [0, 5, 2_000, 4_108] {
            var hurt = bytes
            hurt[index] ^= 1
            #expect(SyncedCommit(slot: Array(hurt.prefix(SyncedCommit.slotBytes))) == nil)
        }
        try Data(repeating: 0, count: bytes.count).write(to: URL(fileURLWithPath: file))
        #expect(try diskStore(directory).lost != nil)
    }

    @Test("a state of the release before, which synced each commit, is taken as it is")
    func releaseBefore() throws {
        let directory = try TemporaryDirectory()
        var entries = EntryMaker()
        let expected: Dump
        do {
            let store = try diskStore(directory)
            _ = try store.apply(entries.batch(30))
            try store.synchronize()
            _ = try store.apply(entries.batch(30))
            expected = try store.dump()
        }
        // With a SYNCED from before that release wrote, or with none.
        let pointer = StoreDirectory.Pointer(number: 1, layout: .eachCommit)
        let current = URL(fileURLWithPath: directory.path + "/CURRENT")
        let new = try Data(contentsOf: current)
        for isThere in [true, false] {
            try Data(StoreDirectory.encode(pointer)).write(to: current)
            let file = directory.path + "/" + Self.state + "/SYNCED"
            if !isThere { try FileManager.default.removeItem(atPath: file) }
            #expect(try StateInspection.read(directory: directory.path).meta == expected.meta)
            for _ in 0..<2 {
                let store = try diskStore(directory)
                #expect(try store.dump() == expected)
                #expect(store.durableAppliedIndex == LogIndex(60))
            }
            #expect(FileManager.default.fileExists(atPath: file))
            // The release before does not know this, and refuses it.
            #expect(try Data(contentsOf: current) == new)
        }
    }

    @Test("what was not synced is undone in the model too, and nothing else")
    func model() throws {
        var entries = EntryMaker()
        let store = memoryStore()
        _ = try store.apply(entries.batch(3))
        let first = try store.dump()
        #expect(try store.synchronize() == LogIndex(3))
        _ = try store.apply(entries.batch(2))
        _ = try store.apply(entries.batch(4))
        let second = try store.dump()
        #expect(try store.copy().dump() == second)
        let found = store.afterCrash()
        #expect(try found.dump() == first)
        #expect(found.durableAppliedIndex == LogIndex(3))
        #expect(try store.dump() == second)
        try store.synchronize()
        #expect(try store.afterCrash().dump() == second)
    }

    @Test("a failed commit of the model is final, and is not seen after the crash")
    func modelFailure() throws {
        var entries = EntryMaker()
        let store = memoryStore()
        _ = try store.apply(entries.batch(3))
        let before = try store.dump()
        store.failNextCommit()
        #expect(try code { _ = try store.apply(entries.batch(1)) } == .failed)
        #expect(try code { _ = try store.dump() } == .failed)
        #expect(try store.copy().dump() == before)
    }

    @Test("a full map refuses a batch and nothing else")
    func full() throws {
        let directory = try TemporaryDirectory()
        var options = smallOptions()
        options.mapSizeBytes = 1 << 20
        options.mapFillPercentMax = 50
        let store = try diskStore(directory, options: options)
        var entries = EntryMaker()
        var before = try store.dump()
        var refused: [Entry] = []
        while refused.isEmpty {
            let batch = entries.batch(200)
            do {
                _ = try store.apply(batch)
                before = try store.dump()
            } catch let error as StateStoreError {
                #expect(error.code == .full)
                refused = batch
            }
        }
        #expect(store.isShortOfSpace)
        #expect(try store.dump() == before)
        // What the commit before the last sync has left free can be used behind it.
        try store.synchronize()
        _ = try store.apply(Array(refused.prefix(1)))
    }

    #if PLANTED_DEFECTS
    @Test("the planted defect commits the applied index before the data (S16)")
    func appliedIndexApart() throws {
        var entries = EntryMaker()
        let batch = entries.batch(20)
        let right = memoryStore()
        _ = try right.apply(batch)
        unsafe Planted.active = .appliedIndexApart
        defer { unsafe Planted.active = nil }
        let store = memoryStore()
        _ = try store.apply(batch)
        #expect(try store.dump() == right.dump())
        let found = store.afterCrash()
        #expect(found.appliedIndex == LogIndex(20))
        #expect(try found.dump() != right.dump())
    }
    #endif
}
