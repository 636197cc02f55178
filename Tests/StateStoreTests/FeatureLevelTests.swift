import AuthCore
import ByteCodec
import Foundation
import RaftCore
import Synchronization
import Testing

@testable import LMDB
@testable import StateStore

@Suite("Stores of a release that is too old (docs/decisions/0004-feature-levels.md)")
struct FeatureLevelTests {
    private let firstNames = DiskTables.names.filter { !DiskTables.later.contains($0) }

    @Test("A node can go back to the first release until the cluster uses what is newer")
    func wayBack() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/state.0000000000000001/data.mdb"
        var maker = EntryMaker(seed: 4)
        let first = maker.founding(level: 1)
        do {
            let store = try diskStore(directory)
            _ = try store.apply(first)
            try store.synchronize()
        }
        _ = try diskStore(directory).scrub()
        // As the first release looks at a state before it opens it.
        let check = try FileCheck(path: file, databases: firstNames)
        _ = try check.run { AllRows() }
    }

    @Test("Trees of a level are made before its first row, and views never see half of it")
    func treesOfALevel() throws {
        let directory = try TemporaryDirectory()
        let disk = try diskStore(directory)
        let memory = memoryStore()
        var maker = EntryMaker(seed: 4)
        let first = maker.founding(level: 1)
        let second = maker.usingKeys()
        for store in [disk, memory] as [any StateStore] {
            _ = try store.apply(first)
            try store.read { before in
                let result = try store.apply(second)
                #expect(result.entries.count == second.count)
                #expect(result.meta.featureLevel == 2)
                for table in Table.allCases where table.featureLevel == 2 {
                    let count = try rows(before, table)
                    #expect(count == 0)
                }
            }
            #expect(try store.read { try rows($0, .keys) } == 1)
        }
        #expect(try disk.dump() == memory.dump())
        let report = try disk.scrub()
        #expect(report.applied == maker.last.index)
        let trees = try disk.statistics().trees.map(\.name)
        #expect(trees.sorted() == DiskTables.names)
    }

    @Test("Views that are begun while the trees are made miss no row of what they show")
    func viewsMeanwhile() throws {
        for seed in UInt64(0)..<20 {
            let directory = try TemporaryDirectory()
            let store = try diskStore(directory)
            var maker = EntryMaker(seed: seed)
            _ = try store.apply(maker.founding(level: 1))
            let batches = maker.usingKeys().map { [$0] }
            let end = maker.last.index
            let looks = Mutex(0)
            DispatchQueue.concurrentPerform(iterations: 3) { worker in
                do {
                    if worker == 0 {
                        for batch in batches { _ = try store.apply(batch) }
                        return
                    }
                    var applied = LogIndex.zero
                    while applied < end {
                        try store.read { view in
                            applied = view.meta.applied.index
                            let expected = applied >= batches[1][0].index ? 1 : 0
                            let keys = try rows(view, .keys)
                            let owners = try rows(view, .keysByOwner)
                            #expect(keys == expected && owners == expected)
                        }
                        looks.withLock { $0 += 1 }
                    }
                } catch {
                    Issue.record(error)
                }
            }
            #expect(looks.withLock { $0 } >= 2)
        }
    }

    private func rows(_ view: ReadView, _ table: Table) throws -> Int {
        var count = 0
        try view.scan(table, from: [], upTo: nil) { _, _ in
            count += 1
            return true
        }
        return count
    }

    @Test("A state without the trees of keys is whole and is opened, and none without others")
    func olderTrees() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/state.0000000000000001"
        let before: Dump
        do {
            let store = try diskStore(directory)
            var maker = EntryMaker(seed: 4)
            for _ in 0..<10 { _ = try store.apply(maker.batch(20)) }
            try store.synchronize()
            before = try store.dump()
        }
        let check = try #require(try StateCheck.run(file: path + "/data.mdb"))
        #expect(check.rows == UInt64(before.rows.count))
        do {
            let store = try diskStore(directory)
            #expect(store.damage == nil && store.lost == nil)
            #expect(try store.dump() == before)
        }
        // A tree that every release had must be there.
        try drop("t01", at: path)
        #expect(throws: (any Error).self) { try StateCheck.run(file: path + "/data.mdb") }
    }

    /// Makes the file anew without a tree.
    private func drop(_ tree: String, at path: String) throws {
        let names = DiskTables.names.filter { $0 != tree }
        let old = path + "/data.mdb"
        let check = try FileCheck(
            path: old, databases: DiskTables.names, mayLack: DiskTables.later)
        let rows = try #require(try check.run { AllRows() }).visitors.flatMap(\.rows)
        for file in ["data.mdb", "lock.mdb"] {
            try FileManager.default.removeItem(atPath: path + "/" + file)
        }
        let environment = try Environment(
            path: path, databases: names, options: .init(mapSizeBytes: 64 << 20))
        try environment.write { transaction in
            for (place, key, value) in rows {
                guard let index = names.firstIndex(of: DiskTables.names[place]) else { continue }
                try transaction.put(environment.databases[index], key, value)
            }
        }
        try environment.synchronize()
    }

    private let level = StateMachine.featureLevel + 1

    @Test("a batch is applied up to the entry that is too new, and the next release goes on there")
    func halts() throws {
        let directory = try TemporaryDirectory()
        // Closed before it is opened again: a process opens an environment once.
        let elsewhere = try TemporaryDirectory()
        var entries = EntryMaker(seed: 1)
        let batch = entries.raising(to: level)
        var disk = try diskStore(directory)
        let memory = memoryStore()
        for store in [disk, memory] as [any StateStore] {
            let result = try store.apply(batch)
            #expect(result.levelBeyond == level)
            #expect(result.entries.count == 3)
            #expect(result.applied == EntryID(index: batch[2].index, term: batch[2].term))
            #expect(store.applied == result.applied)
            let again = try store.apply(Array(batch[3...]))
            #expect(again.levelBeyond == level)
            #expect(again.entries.isEmpty)
            #expect(again.applied == result.applied)
        }
        #expect(try disk.dump() == memory.dump())
        #expect(try disk.synchronize() == memory.synchronize())
        disk = try diskStore(elsewhere)
        let next = machineOfRelease(supporting: level)
        disk = try diskStore(directory, machine: next)
        let upgraded = memory.afterCrash(machine: next)
        for store in [disk, upgraded] as [any StateStore] {
            let result = try store.apply(Array(batch[3...]))
            #expect(result.levelBeyond == nil)
            #expect(result.entries.count == 2)
            #expect(result.meta.featureLevel == level)
        }
        #expect(try disk.dump() == upgraded.dump())
        // The way back is closed.
        try disk.synchronize()
        disk = try diskStore(elsewhere)
        let error = #expect(throws: StateStoreError.self) { try diskStore(directory) }
        #expect(error?.code == .tooOld)
    }

    @Test("a snapshot of a state that is too new is not installed, and the old state stays")
    func snapshot() throws {
        var entries = EntryMaker(seed: 2)
        let batch = entries.raising(to: level)
        let next = machineOfRelease(supporting: level)
        let directories = [try TemporaryDirectory(), try TemporaryDirectory()]
        defer { withExtendedLifetime(directories) {} }
        let sources: [any StateStore] = [
            try diskStore(directories[0], machine: next), memoryStore(machine: next),
        ]
        let sinks: [any StateStore] = [try diskStore(directories[1]), memoryStore()]
        for (source, sink) in zip(sources, sinks) {
            _ = try source.apply(batch)
            try source.synchronize()
            let snapshot = try source.exportSnapshot()
            defer { snapshot.close() }
            try transfer(snapshot, to: sink)
            let error = #expect(throws: StateStoreError.self) {
                try sink.install(snapshot.manifest)
            }
            #expect(error?.code == .tooOld)
            #expect(sink.applied == .zero)
            let again = #expect(throws: StateStoreError.self) {
                try sink.receiveSnapshot(snapshot.manifest)
            }
            #expect(again?.code == .tooOld, "it is not sent for nothing")
        }
    }
}

/// Keeps every row.
private struct AllRows: FileCheck.Visitor {
    var rows: [(Int, [UInt8], [UInt8])] = []
    mutating func visit(database: Int, key: Span<UInt8>, value: Span<UInt8>) {
        rows.append((database, [UInt8](copying: key), [UInt8](copying: value)))
    }
}
