import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The marks of a process (consensus recovery R1, rule D10)")
struct RunMarkerTests {
    static let boot = [UInt8](1...16)
    static let otherBoot = [UInt8](2...17)

    private func open(
        _ disk: FaultyFileSystem, boot: [UInt8] = boot
    ) throws(FileSystemError) -> RunMarker {
        try RunMarker.open(directory: "top", fileSystem: disk, boot: boot)
    }

    @Test("tell the next process how the last one ended, and whether the machine was restarted")
    func endings() throws {
        let disk = FaultyFileSystem(root: "top")
        #expect(try open(disk).last == LastRun(ending: .none, wasRebooted: false))
        let first = try open(disk.afterKill())
        #expect(first.last.ending == .none, "no mark was left")
        let running = disk.afterKill()
        try open(running).noteBegin()
        #expect(try open(running.afterKill()).last == .init(ending: .killed, wasRebooted: false))
        let rebooted = running.afterPowerCut(keeping: [])
        #expect(
            try open(rebooted, boot: Self.otherBoot).last
                == .init(ending: .killed, wasRebooted: true))
        let stopped = running.afterKill()
        let marker = try open(stopped)
        try marker.noteBegin()
        try marker.noteStopped()
        #expect(try open(stopped.afterKill()).last == .init(ending: .stopped, wasRebooted: false))
    }

    @Test("a failure is final, and stays until the next process begins")
    func failure() throws {
        let disk = FaultyFileSystem(root: "top")
        let marker = try open(disk)
        try marker.noteBegin()
        try marker.noteFailed()
        try marker.noteStopped()
        #expect(try open(disk.afterPowerCut(keeping: [])).last.ending == .failed)
        let next = disk.afterKill()
        #expect(try open(next).last.ending == .failed)
        #expect(try open(next.afterKill()).last.ending == .failed, "it did not begin")
        try open(next.afterKill()).noteBegin()
    }

    @Test("need no room on the disk once the file is made")
    func fullDisk() throws {
        let disk = FaultyFileSystem(root: "top")
        let marker = try open(disk)
        try marker.noteBegin()
        disk.fault = .full(from: 0)
        try marker.noteFailed()
        #expect(try open(disk.afterKill()).last.ending == .failed)
    }

    @Test("after a stop at any call the last mark that was durable is told, or the one after it")
    func everyCall() throws {
        var call = 1
        while true {
            let disk = FaultyFileSystem(root: "top")
            disk.fault = .stop(at: call)
            var allowed: Set<LastRun.Ending> = [.none]
            do {
                let marker = try open(disk)
                allowed = [.none, .killed]
                try marker.noteBegin()
                allowed = [.killed, .stopped]
                try marker.noteStopped()
                allowed = [.stopped]
            } catch {}
            let finished = !disk.hasStopped
            for kept in subsets(of: disk.unsynced) {
                let after = disk.afterPowerCut(keeping: kept)
                let found = try open(after).last.ending
                // A file that was being made may be half there: then the careful way is taken.
                let isHalfMade = allowed == [.none] && found == .failed
                #expect(allowed.contains(found) || isHalfMade, "call \(call), \(kept): \(found)")
            }
            if finished { break }
            call += 1
        }
        #expect(call > 8)
    }

    @Test("damage to one slot leaves the other, and damage to both is taken for a failure")
    func damage() throws {
        let disk = FaultyFileSystem(root: "top")
        let marker = try open(disk)
        try marker.noteBegin()
        try marker.noteStopped()
        for place in stride(from: 0, to: 8192, by: 61) {
            let hit = disk.afterKill()
            hit["top/RUN"]![place] ^= 4
            let found = try open(hit).last.ending
            #expect(found == (place < 4096 ? .killed : .stopped), "byte \(place)")
        }
        let hit = disk.afterKill()
        hit["top/RUN"]![9] ^= 4
        hit["top/RUN"]![4096 + 9] ^= 4
        #expect(try open(hit).last.ending == .failed)
    }

    @Test("reads the frozen example of docs/formats/run.md")
    func frozen() throws {
        let record = RunRecord(state: .stopped, sequence: 7, boot: Self.boot)
        let head = "575752554e000000" + "01000000" + "02000000" + "0700000000000000"
        #expect(
            hexadecimal(Array(record.encoded().prefix(40)))
                == head + "0102030405060708090a0b0c0d0e0f10")
        let file = [UInt8](repeating: 0, count: 4096) + record.encoded()
        #expect(hexadecimal(Array(file.suffix(4))) == "e514387c")
        #expect(RunRecord.read(file) == .record(record))
    }
}

@Suite("A file after a failed sync (Rebello et al., ATC '20)")
struct CachedFileTests {
    private let path = "top/f"

    // A file whose second block was written by a sync that failed: the cache shows it, the disk
    // does not have it, and no later sync brings it there.
    private func failedDisk() throws -> FaultyFileSystem {
        let disk = FaultyFileSystem(root: "top")
        let file = try disk.open(path, .create)
        try disk.write(file, [UInt8](repeating: 1, count: 5 * 4096), at: 0)
        try disk.synchronizeData(file)
        try disk.synchronizeDirectory("top")
        try disk.write(file, [UInt8](repeating: 2, count: 4096), at: 4096)
        disk.fault = .fail(at: disk.calls + 1, errno: 5)
        #expect(throws: FileSystemError.self) { try disk.synchronizeData(file) }
        disk.fault = nil
        try disk.synchronizeData(file)
        return disk
    }

    @Test("is made what it seems to be, block by block")
    func makeDurable() throws {
        let disk = try failedDisk()
        let seen = disk[path]!
        #expect(disk.afterPowerCut(keeping: [])[path] != seen, "the failure is modelled")
        let next = disk.afterKill()
        #expect(try CachedFile.makeDurable(path, fileSystem: next) == 1)
        #expect(next.afterPowerCut(keeping: [])[path] == seen)
        #expect(try CachedFile.makeDurable(path, fileSystem: next.afterKill()) == 0)
    }

    @Test("is written whole where the disk cannot be read past the cache")
    func withoutDirectReads() throws {
        let disk = try failedDisk()
        let seen = disk[path]!
        let next = disk.afterKill()
        next.readsPastCache = false
        #expect(try CachedFile.makeDurable(path, fileSystem: next) == 5)
        #expect(next.afterPowerCut(keeping: [])[path] == seen)
    }

    @Test("is mended around a block that cannot be read, which its next reader finds damaged")
    func unreadable() throws {
        for pastCache in [true, false] {
            let disk = try failedDisk()
            let seen = disk[path]!
            let next = disk.afterKill()
            next.readsPastCache = pastCache
            next.ruin(path, block: 3)
            #expect(try CachedFile.makeDurable(path, fileSystem: next) == (pastCache ? 1 : 4))
            let after = next.afterPowerCut(keeping: [])[path]!
            #expect(after.prefix(3 * 4096) == seen.prefix(3 * 4096))
        }
    }

    @Test("after a fault at any call of that it can be done again")
    func everyCall() throws {
        var call = 1
        while true {
            let next = try failedDisk().afterKill()
            let seen = next[path]!
            // Not EIO, which a block that cannot be read gives.
            next.fault = .fail(at: call, errno: 12)
            do {
                _ = try CachedFile.makeDurable(path, fileSystem: next)
                #expect(next.calls < call, "a failure at call \(call) was passed over")
            } catch {}
            let finished = next.calls < call
            let again = next.afterKill()
            _ = try CachedFile.makeDurable(path, fileSystem: again)
            #expect(again.afterPowerCut(keeping: [])[path] == seen, "call \(call)")
            if finished { break }
            call += 1
        }
        #expect(call > 5)
    }
}
