import AuthCore
import Foundation
import RaftCore
import Testing

@testable import StateStore

/// A fault at the N-th call to the file system, for every N.
@Suite("Crashes and faults of the disk's store")
struct CrashTests {
    @Test("a crash at any call of the first opening leaves a directory that opens (etcd #16596)")
    func firstOpening() throws {
        let calls = try forEveryCall(isCrash: true) { plan, number in
            let directory = try TemporaryDirectory()
            do {
                let store = try diskStore(directory, options: plan.options)
                #expect(try store.dump().meta.configuration == threeNodes)
            } catch is FaultPlan.Injected {}
            let store = try diskStore(directory)
            #expect(store.appliedIndex == .zero, "call \(number)")
            #expect(try directory.names == ["CURRENT", "state.0000000000000001"])
            var entries = EntryMaker()
            _ = try store.apply(entries.batch(3))
        }
        #expect(calls > 8)
    }

    @Test("a crash at any call of a later opening loses nothing and leaves nothing behind")
    func laterOpening() throws {
        let calls = try forEveryCall(isCrash: true) { plan, number in
            let directory = try TemporaryDirectory()
            let expected = try fill(directory)
            try makeLeftovers(directory)
            do {
                let store = try diskStore(directory, options: plan.options)
                #expect(try store.dump() == expected)
            } catch is FaultPlan.Injected {}
            let store = try diskStore(directory)
            #expect(try store.dump() == expected, "call \(number)")
            #expect(try directory.names == ["CURRENT", "snap", "state.0000000000000001", "wal"])
        }
        #expect(calls > 10)
    }

    private func fill(_ directory: TemporaryDirectory) throws -> Dump {
        let store = try diskStore(directory)
        var entries = EntryMaker()
        _ = try store.apply(entries.batch(20))
        try store.synchronize()
        return try store.dump()
    }

    /// What crashes leave, and a directory of somebody else's.
    private func makeLeftovers(_ directory: TemporaryDirectory) throws {
        for name in ["incoming", "snap/1", "state.0000000000000007", "wal"] {
            let path = directory.path + "/" + name
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(atPath: path + "/data.mdb", contents: Data()))
        }
        let switching = directory.path + "/CURRENT.tmp"
        #expect(FileManager.default.createFile(atPath: switching, contents: Data()))
    }

    @Test("a crash at any call of a sync leaves the state of the sync before, or of this one")
    func syncCrash() throws {
        var found: Set<UInt64> = []
        let calls = try forEveryCall(isCrash: true) { plan, number in
            let directory = try TemporaryDirectory()
            plan.arm(false)
            do {
                let store = try diskStore(directory, options: plan.options)
                var entries = EntryMaker()
                _ = try store.apply(entries.batch(3))
                try store.synchronize()
                _ = try store.apply(entries.batch(5))
                plan.arm()
                do {
                    #expect(try store.synchronize() == LogIndex(8))
                } catch let error as StateStoreError {
                    #expect(error.code == .failed && store.durableAppliedIndex == LogIndex(3))
                    // The first failure is final.
                    #expect(try code { try store.synchronize() } == .failed)
                    #expect(try code { _ = try store.apply(entries.batch(1)) } == .failed)
                }
            }
            let store = try diskStore(directory)
            #expect(store.durableAppliedIndex == store.appliedIndex)
            found.insert(store.appliedIndex.rawValue)
        }
        #expect(calls == 3)
        #expect(found == [3, 8])
    }

    @Test("a failed call of an export leaves the store as it was", arguments: [false, true])
    func export(isCrash: Bool) throws {
        let calls = try forEveryCall(isCrash: isCrash) { plan, number in
            let directory = try TemporaryDirectory()
            plan.arm(false)
            do {
                let store = try diskStore(directory, options: plan.options)
                var entries = EntryMaker()
                _ = try store.apply(entries.batch(20))
                plan.arm()
                do {
                    try store.exportSnapshot().close()
                } catch is FaultPlan.Injected {
                } catch let error as StateStoreError {
                    #expect(error.detail.contains("Injected"))
                }
                _ = try store.apply(entries.batch(1))
                // A crash of the system ends all calls, and a sync with them.
                plan.arm(false)
                try store.synchronize()
                if !isCrash && plan.hasFired {
                    #expect(try store.exportSnapshot().manifest.last.index == LogIndex(21))
                }
            }
            let store = try diskStore(directory)
            #expect(store.appliedIndex == LogIndex(21), "call \(number)")
            #expect(
                try FileManager.default.subpathsOfDirectory(atPath: directory.path)
                    .filter { $0.hasPrefix("snap/") }.isEmpty)
        }
        #expect(calls > 5)
    }

    @Test("a crash at any call of receiving and installing leaves the old state or the new one")
    func installCrash() throws {
        let sender = memoryDiskPair()
        let source = try sender.store.exportSnapshot()
        let new = try sender.store.dump()
        var outcomes: Set<String> = []
        let calls = try forEveryCall(isCrash: true) { plan, number in
            let directory = try TemporaryDirectory()
            let old = try self.receive(source, directory, plan) { _, _ in }
            let store = try diskStore(directory)
            let found = try store.dump()
            #expect(found == old || found == new, "call \(number)")
            outcomes.insert(found == old ? "old" : "new")
            let names = try directory.names
            #expect(names.count == 2, "call \(number): \(names)")
            // Whichever it is, the node goes on from there.
            if found == old {
                try transfer(source, to: store)
                try store.install(source.manifest)
            }
            #expect(try store.dump() == new)
        }
        #expect(outcomes == ["old", "new"])
        #expect(calls > 20)
    }

    @Test("a crash at any call of replacing a lost state leaves none, or the new one (decision 7)")
    func lostInstallCrash() throws {
        let sender = memoryDiskPair()
        let source = try sender.store.exportSnapshot()
        let new = try sender.store.dump()
        var outcomes: Set<String> = []
        let calls = try forEveryCall(isCrash: true) { plan, number in
            let directory = try TemporaryDirectory()
            try self.lose(directory)
            plan.arm(false)
            do {
                let store = try diskStore(directory, options: plan.options)
                #expect(store.lost != nil)
                plan.arm()
                do {
                    try transfer(source, to: store)
                    try store.install(source.manifest)
                } catch {
                    try #require("\(error)".contains("Injected"), "\(error)")
                }
            }
            // Twice, for a crash may come again before anything else is done.
            _ = try diskStore(directory)
            let store = try diskStore(directory)
            outcomes.insert(store.lost == nil ? "new" : "lost")
            let names = try directory.names
            #expect(names.count == 2, "call \(number): \(names)")
            // Whichever it is, the node goes on from there.
            if store.lost != nil {
                try transfer(source, to: store)
                try store.install(source.manifest)
            }
            #expect(try store.dump() == new, "call \(number)")
        }
        #expect(outcomes == ["lost", "new"])
        #expect(calls > 20)
    }

    @Test("a state is given up, and a damaged one found, also where there is no room for a note")
    func noRoomForTheNote() throws {
        let directory = try TemporaryDirectory()
        var options = smallOptions()
        options.beforeFileCall = { step in
            if step.path.hasSuffix("/DAMAGED"), step.operation == "write" {
                throw StateStoreError(.failed, "no room")
            }
        }
        do {
            let store = try diskStore(directory, options: options)
            var entries = EntryMaker()
            _ = try store.apply(entries.batch(20))
            try store.giveUp()
        }
        #expect(try diskStore(directory).lost != nil)
        let other = try TemporaryDirectory()
        _ = try fill(other)
        let path = other.path + "/state.0000000000000001/data.mdb"
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        for _ in 0..<2 {
            let store = try diskStore(other, options: options)
            #expect(store.lost != nil && store.damage?.code == .damaged)
        }
    }

    /// Makes a state and gives it up.
    private func lose(_ directory: TemporaryDirectory) throws {
        let store = try diskStore(directory)
        var entries = EntryMaker()
        _ = try store.apply(entries.batch(4))
        try store.giveUp()
    }

    @Test("a failed call of receiving and installing changes nothing, or is final")
    func installFault() throws {
        let sender = memoryDiskPair()
        let source = try sender.store.exportSnapshot()
        let new = try sender.store.dump()
        var finals = 0
        var retries = 0
        try forEveryCall(isCrash: false) { plan, number in
            let directory = try TemporaryDirectory()
            let old = try self.receive(source, directory, plan) { store, old in
                do {
                    let now = try store.dump()
                    #expect(now == old, "call \(number)")
                    try transfer(source, to: store)
                    try store.install(source.manifest)
                    let then = try store.dump()
                    #expect(then == new, "call \(number)")
                    retries += 1
                } catch let error as StateStoreError {
                    #expect(error.code == .failed, "call \(number): \(error)")
                    let again = try code { _ = try store.apply([]) }
                    #expect(again == .failed)
                    finals += 1
                }
            }
            let store = try diskStore(directory)
            let found = try store.dump()
            #expect(found == old || found == new, "call \(number)")
        }
        #expect(finals > 0 && retries > 5, "\(finals) final, \(retries) retried")
    }

    private struct Sender {
        let directory: TemporaryDirectory
        let store: LMDBStateStore
    }

    private func memoryDiskPair() -> Sender {
        do {
            let directory = try TemporaryDirectory()
            let store = try diskStore(directory)
            var entries = EntryMaker(seed: 5)
            _ = try store.apply(entries.batch(60))
            return Sender(directory: directory, store: store)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// Receives and installs under a plan, and answers the state before.
    private func receive(
        _ source: any SnapshotSource, _ directory: TemporaryDirectory, _ plan: FaultPlan,
        onFault: (LMDBStateStore, Dump) throws -> Void
    ) throws -> Dump {
        plan.arm(false)
        let store = try diskStore(directory, options: plan.options)
        var entries = EntryMaker()
        _ = try store.apply(entries.batch(4))
        try store.synchronize()
        let old = try store.dump()
        plan.arm()
        do {
            try transfer(source, to: store)
            try store.install(source.manifest)
        } catch {
            try #require("\(error)".contains("Injected"), "\(error)")
            try onFault(store, old)
        }
        return old
    }

    @Test("each step of an installation is durable before the next (D8, D9)")
    func installOrder() throws {
        let sender = memoryDiskPair()
        let source = try sender.store.exportSnapshot()
        let directory = try TemporaryDirectory()
        let plan = FaultPlan()
        let store = try diskStore(directory, options: plan.options)
        plan.arm()
        try transfer(source, to: store, chunkBytes: .max >> 8)
        try store.install(source.manifest)
        let old = "state.0000000000000001"
        let new = "state.0000000000000002"
        #expect(
            plan.calls(under: directory.path) == [
                "list incoming", "mkdir incoming", "create incoming/data.mdb",
                "write incoming/data.mdb", "fsync incoming/data.mdb",
                "check incoming/data.mdb", "fsync incoming",
                "rename \(new)", "create \(new)/ORIGIN", "write \(new)/ORIGIN",
                "fsync \(new)/ORIGIN", "fsync \(new)", "fsync /",
                "check \(new)/data.mdb", "create \(new)/SYNCED.tmp", "write \(new)/SYNCED.tmp",
                "fsync \(new)/SYNCED.tmp", "rename \(new)/SYNCED", "fsync \(new)",
                "read \(new)/SYNCED", "open \(new)/SYNCED", "write \(new)/SYNCED",
                "fdatasync \(new)/SYNCED", "restore \(new)", "open environment \(new)",
                "read \(new)/ORIGIN", "create CURRENT.tmp",
                "write CURRENT.tmp",
                "fsync CURRENT.tmp",
                "rename CURRENT", "fsync /",
                "list \(old)", "unlink \(old)/SYNCED", "unlink \(old)/data.mdb",
                "unlink \(old)/lock.mdb",
                "rmdir \(old)", "fsync /",
            ])
    }

    @Test("a damaged CURRENT, or one whose state is gone, is a lost state and no empty one")
    func damagedPointer() throws {
        for damage in 0..<3 {
            let directory = try TemporaryDirectory()
            _ = try fill(directory)
            let pointer = directory.path + "/CURRENT"
            if damage == 0 {
                let text = "state.0000000000000001 00000000\n"
                try text.write(toFile: pointer, atomically: false, encoding: .utf8)
            } else if damage == 1 {
                try "".write(toFile: pointer, atomically: false, encoding: .utf8)
            } else {
                try FileManager.default.removeItem(
                    atPath: directory.path + "/state.0000000000000001")
            }
            let store = try diskStore(directory)
            #expect(store.damage?.code == .damaged && store.lost != nil, "\(damage)")
            #expect(try code { _ = try store.dump() } == .damaged, "\(damage)")
        }
    }

    @Test("every flipped bit of a value that is read is noticed (G4)")
    func rot() throws {
        let directory = try TemporaryDirectory()
        _ = try fill(directory)
        let path = directory.path + "/state.0000000000000001/data.mdb"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let needle = Array("http://".utf8)
        var found = 0
        for start in 0..<(bytes.count - needle.count)
        where Array(bytes[start..<(start + needle.count)]) == needle {
            bytes[start] ^= 0x10
            found += 1
        }
        #expect(found > 0)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let store = try diskStore(directory)
        #expect(try code { _ = try store.dump() } == .damaged)
    }
}
