import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import StateStore

/// One set of scripts against the store on the disk and the model, compared row by row.
@Suite("Conformance of the disk's store and the model")
struct ConformanceTests {
    /// Both stores, which are asked the same.
    private final class Pair {
        let directory: TemporaryDirectory
        var disk: LMDBStateStore
        var memory: MemoryStateStore
        /// What was applied since the last sync.
        var unsynced: [[Entry]] = []

        init() throws {
            directory = try TemporaryDirectory()
            disk = try diskStore(directory)
            memory = memoryStore()
        }

        func apply(_ entries: [Entry], _ comment: Comment) throws {
            unsynced.append(entries)
            let onDisk = try disk.apply(entries)
            let inMemory = try memory.apply(entries)
            #expect(onDisk.entries == inMemory.entries, comment)
            #expect(onDisk.meta == inMemory.meta, comment)
            #expect(onDisk.durable == inMemory.durable, comment)
            #expect(onDisk.applied == inMemory.applied, comment)
        }

        func compare(_ comment: Comment) throws {
            #expect(disk.applied == memory.applied, comment)
            #expect(disk.installedSnapshot == memory.installedSnapshot, comment)
            #expect(disk.durableAppliedIndex == memory.durableAppliedIndex, comment)
            #expect(try disk.dump() == memory.dump(), comment)
        }

        func synchronize(_ comment: Comment) throws {
            #expect(try disk.synchronize() == memory.synchronize(), comment)
            unsynced = []
        }

        /// Ends as a crash does, and applies again what it has undone.
        func reopen(_ comment: Comment) throws {
            // Closed before it is opened again: a process opens an environment once.
            disk = try LMDBStateStore.reopening(&disk, directory)
            memory = memory.afterCrash()
            try compare(comment)
            let again = unsynced
            unsynced = []
            for batch in again { try apply(batch, comment) }
        }
    }

    @Test("random scripts leave the same state", arguments: 1...6)
    func scripts(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        var entries = EntryMaker(seed: UInt64(seed))
        let pair = try Pair()
        for step in 0..<40 {
            let comment: Comment = "seed \(seed), step \(step)"
            switch random.next(below: 8) {
            case 0:
                try pair.synchronize(comment)
            case 1:
                try pair.reopen(comment)
            case 2:
                try isolated(pair, entries.batch(3), comment)
            case 3:
                try exchange(pair, entries.batch(2), comment)
            default:
                try pair.apply(entries.batch(1 + Int(random.next(below: 30))), comment)
            }
            try pair.compare(comment)
        }
    }

    /// Views are not reached by what is applied while they are open.
    private func isolated(_ pair: Pair, _ batch: [Entry], _ comment: Comment) throws {
        let before = try pair.disk.dump()
        try pair.disk.read { onDisk in
            try pair.memory.read { inMemory in
                try pair.apply(batch, comment)
                let (diskDump, memoryDump) = (try Dump(onDisk), try Dump(inMemory))
                #expect(diskDump == before, comment)
                #expect(memoryDump == before, comment)
            }
        }
        #expect(try pair.disk.dump() != before, comment)
    }

    /// Snapshots bring other stores to the same state, whatever is applied meanwhile.
    private func exchange(_ pair: Pair, _ batch: [Entry], _ comment: Comment) throws {
        guard pair.disk.appliedIndex > .zero else { return try pair.apply(batch, comment) }
        let before = try pair.disk.dump()
        let sources = [try pair.disk.exportSnapshot(), try pair.memory.exportSnapshot()]
        try pair.apply(batch, comment)
        let directory = try TemporaryDirectory()
        let receivers: [any StateStore] = [try diskStore(directory), memoryStore()]
        for (source, receiver) in zip(sources, receivers) {
            #expect(source.manifest.metadata.last == before.meta.applied, comment)
            try transfer(source, to: receiver)
            let meta = try receiver.install(source.manifest)
            #expect(meta == before.meta, comment)
            #expect(try receiver.dump() == before, comment)
            #expect(receiver.durableAppliedIndex == before.meta.applied.index, comment)
            #expect(receiver.installedSnapshot == before.meta.applied, comment)
            _ = try receiver.apply(batch)
            #expect(try receiver.dump() == pair.memory.dump(), comment)
            source.close()
        }
    }

    @Test("a state does not depend on how entries are cut into batches (C7)", arguments: 1...3)
    func batching(seed: Int) throws {
        var maker = EntryMaker(seed: UInt64(seed))
        let entries = maker.batch(120)
        var random = RandomSource(seed: UInt64(seed) + 100)
        let whole = memoryStore()
        _ = try whole.apply(entries)
        let pieces = memoryStore()
        var rest = entries[...]
        while !rest.isEmpty {
            let count = min(rest.count, 1 + Int(random.next(below: 9)))
            _ = try pieces.apply(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try whole.dump() == pieces.dump(), "seed \(seed)")
    }

    @Test("a new store begins with its configuration and nothing applied")
    func empty() throws {
        let pair = try Pair()
        try pair.compare("empty")
        #expect(pair.disk.appliedIndex == .zero)
        #expect(try pair.disk.dump().meta.configuration == threeNodes)
        #expect(!pair.disk.isShortOfSpace && !pair.memory.isShortOfSpace)
    }

    @Test("the durable index is that of the last sync (D6)")
    func durableLag() throws {
        let pair = try Pair()
        var entries = EntryMaker()
        for store in [pair.disk as any StateStore, pair.memory] {
            var entries = entries
            let first = try store.apply(entries.batch(3))
            #expect(first.durable == .zero && store.durableAppliedIndex == .zero)
            let second = try store.apply(entries.batch(2))
            #expect(second.durable == .zero && store.appliedIndex == LogIndex(5))
            #expect(try store.synchronize() == LogIndex(5))
            #expect(store.durableAppliedIndex == LogIndex(5))
            #expect(try store.apply(entries.batch(1)).durable == LogIndex(5))
        }
        _ = entries.next()
    }

    @Test("a snapshot that brings nothing new is refused, before and after it is received (S13)")
    func stale() throws {
        let pair = try Pair()
        var entries = EntryMaker()
        try pair.apply(entries.batch(10), "stale")
        for store in [pair.disk as any StateStore, pair.memory] {
            let source = try store.exportSnapshot()
            #expect(try code { _ = try store.receiveSnapshot(source.manifest) } == .stale)
        }
        let behindDirectory = try TemporaryDirectory()
        let behind: [any StateStore] = [try diskStore(behindDirectory), memoryStore()]
        var again = EntryMaker()
        let same = again.batch(10)
        for (store, source) in zip(
            behind, [try pair.disk.exportSnapshot(), try pair.memory.exportSnapshot()])
        {
            try transfer(source, to: store)
            _ = try store.apply(same)
            #expect(try code { try store.install(source.manifest) } == .stale)
            _ = try store.apply(again.batch(1))
            again = EntryMaker()
            _ = again.batch(10)
        }
    }

    @Test("a snapshot is received from where it stopped, and only whole")
    func resumes() throws {
        let pair = try Pair()
        var entries = EntryMaker()
        try pair.apply(entries.batch(50), "resumes")
        let directory = try TemporaryDirectory()
        let receivers: [any StateStore] = [try diskStore(directory), memoryStore()]
        for (store, source) in zip(
            receivers, [try pair.disk.exportSnapshot(), try pair.memory.exportSnapshot()])
        {
            let manifest = source.manifest
            let sink = try store.receiveSnapshot(manifest)
            try sink.write(offset: 0, try source.read(offset: 0, count: 1000))
            #expect(try code { try sink.write(offset: 999, [1]) } == .misplaced)
            #expect(try code { try sink.write(offset: 1001, [1]) } == .misplaced)
            #expect(try code { try sink.finish() } == .notReceived)
            #expect(try code { try store.install(manifest) } == .notReceived)
            let resumed = try store.receiveSnapshot(manifest)
            #expect(resumed.receivedBytes == 1000)
            try transfer(source, to: store, chunkBytes: 4097)
            #expect(
                try code { try resumed.write(offset: manifest.sizeBytes, [1]) } == .misplaced)
            try store.install(manifest)
            #expect(try store.dump() == pair.memory.dump())
            #expect(try code { try store.install(manifest) } == .notReceived)
        }
    }

    @Test("a snapshot that is not what was announced is refused, and can be sent again")
    func mismatch() throws {
        let pair = try Pair()
        var entries = EntryMaker()
        try pair.apply(entries.batch(50), "mismatch")
        let directory = try TemporaryDirectory()
        let receivers: [any StateStore] = [try diskStore(directory), memoryStore()]
        for (store, source) in zip(
            receivers, [try pair.disk.exportSnapshot(), try pair.memory.exportSnapshot()])
        {
            let manifest = source.manifest
            let sink = try store.receiveSnapshot(manifest)
            var bytes = try source.read(offset: 0, count: Int(manifest.sizeBytes))
            bytes[bytes.count / 2] ^= 1
            try sink.write(offset: 0, bytes)
            #expect(try code { try sink.finish() } == .mismatch)
            #expect(try code { try store.install(manifest) } == .notReceived)
            // The right bytes under a manifest that says another state.
            let other = SnapshotManifest(
                kind: manifest.kind, last: manifest.last, configuration: manifest.configuration,
                stateHash: StateHash(low: 1, high: 2), sizeBytes: manifest.sizeBytes,
                checksum: manifest.checksum)
            let second = try store.receiveSnapshot(other)
            try second.write(
                offset: 0, try source.read(offset: 0, count: Int(manifest.sizeBytes)))
            #expect(try code { try second.finish() } == .mismatch)
            #expect(try code { try sink.write(offset: 0, [1]) } != nil)
            try transfer(source, to: store)
            try store.install(manifest)
            #expect(try store.dump() == pair.memory.dump())
        }
    }

    @Test("a snapshot of another kind of store is refused")
    func foreign() throws {
        let pair = try Pair()
        var entries = EntryMaker()
        try pair.apply(entries.batch(5), "foreign")
        let onDisk = try pair.disk.exportSnapshot()
        let inMemory = try pair.memory.exportSnapshot()
        #expect(try code { _ = try memoryStore().receiveSnapshot(onDisk.manifest) } == .foreign)
        let directory = try TemporaryDirectory()
        let empty = try diskStore(directory)
        #expect(try code { _ = try empty.receiveSnapshot(inMemory.manifest) } == .foreign)
    }

    @Test("views that are open while a snapshot is installed finish on the old state")
    func swapUnderViews() throws {
        let pair = try Pair()
        var entries = EntryMaker()
        try pair.apply(entries.batch(50), "swap")
        let directory = try TemporaryDirectory()
        let receivers: [any StateStore] = [try diskStore(directory), memoryStore()]
        for (store, source) in zip(
            receivers, [try pair.disk.exportSnapshot(), try pair.memory.exportSnapshot()])
        {
            var own = EntryMaker()
            _ = try store.apply(own.batch(2))
            let before = try store.dump()
            try transfer(source, to: store)
            try store.read { view in
                try store.install(source.manifest)
                let during = try Dump(view)
                #expect(during == before)
                let fresh = try store.dump()
                let expected = try pair.memory.dump()
                #expect(fresh == expected)
            }
            var more = entries
            _ = try store.apply(more.batch(1))
            #expect(store.appliedIndex == LogIndex(51))
        }
        #expect(try directory.names == ["CURRENT", "state.0000000000000002"])
    }
}

extension LMDBStateStore {
    /// Closes a store, and opens what it left.
    static func reopening(
        _ store: inout LMDBStateStore, _ directory: TemporaryDirectory
    ) throws -> LMDBStateStore {
        let elsewhere = try TemporaryDirectory()
        store = try diskStore(elsewhere)
        return try diskStore(directory)
    }
}
