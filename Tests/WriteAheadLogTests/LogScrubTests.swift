import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("A log looks through what it has synced")
struct LogScrubTests {
    private func log() throws -> (disk: FaultyFileSystem, log: WriteAheadLog, entries: [Entry]) {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        let entries = (1...6).map { entry(UInt64($0), 1, bytes: 3000) }
        for entry in entries {
            try log.append(request([entry], term: 1, vote: 1))
            try log.sync()
        }
        return (disk, log, entries)
    }

    private func find(_ log: WriteAheadLog) throws -> WALCorruption? {
        let round = log.status.scrubRounds
        while log.status.scrubRounds < round + 2 {
            if let place = try log.scrubStep() { return place }
        }
        return nil
    }

    // As `find`, with many steps at once.
    private func findAtOnce(_ log: WriteAheadLog) throws -> WALCorruption? {
        let round = log.status.scrubRounds
        while log.status.scrubRounds < round + 2 {
            if let place = try log.scrub(bytesMax: 16 << 10) { return place }
        }
        return nil
    }

    // What a step finds that may fail.
    private func step(_ log: WriteAheadLog) -> WALCorruption? {
        do {
            return try log.scrubStep()
        } catch {
            if case .fileSystem = error { return nil }
            Issue.record("\(error)")
            return nil
        }
    }

    @Test("what cannot be opened or asked now is no damage, and looked through later")
    func busyFiles() throws {
        let (disk, log, _) = try log()
        // EMFILE, at each of the first calls of a step.
        for call in 1...6 {
            disk.fault = .fail(at: disk.calls + call, errno: 24)
            #expect(step(log) == nil)
            disk.fault = nil
        }
        for _ in 0..<100 { #expect(try log.scrubStep() == nil) }
        try log.append(request([entry(7, 1)], term: 1, vote: 1))
        try log.sync()
    }

    @Test("and finds nothing where there is nothing")
    func clean() throws {
        let (_, log, _) = try log()
        #expect(try findAtOnce(log) == nil)
        #expect(try find(log) == nil)
        #expect(log.status.scrubbedBytes > 20 * 4096)
    }

    @Test("and finds whatever block of it is hit; written anew it is whole")
    func damaged() throws {
        let (first, _, _) = try log()
        let paths = first.paths.filter { $0.hasSuffix(".wal") }
        #expect(paths.count >= 2)
        var found = 0
        for path in paths {
            for block in 0..<(first[path]!.count / 4096) {
                for isUnreadable in [true, false] {
                    let (disk, log, entries) = try log()
                    let bytes = disk[path]!
                    guard !bytes.isZero(in: (block * 4096)..<((block + 1) * 4096)) else { continue }
                    if isUnreadable {
                        disk.ruin(path, block: block)
                    } else {
                        disk[path]![block * 4096 + 20] ^= 8
                    }
                    let place = try block % 2 == 0 ? find(log) : findAtOnce(log)
                    #expect(place?.file == path, "block \(block) of \(path)")
                    let start = EntryID(2, 1)
                    #expect(
                        try log.rewrite(startingAfter: start, entries: Array(entries[2...])))
                    #expect(try find(log) == nil)
                    try log.append(request([entry(7, 2)], term: 2))
                    try log.sync()
                    let recovered = try openLog(
                        disk.afterPowerCut(keeping: []), state: DurableState(applied: start)
                    ).recovered
                    #expect(recovered.entries == Array(entries[2...]) + [entry(7, 2)])
                    #expect(recovered.hardState.term == Term(2))
                    #expect(recovered.report.damage.count == 0 && recovered.promised == .zero)
                    found += 1
                }
            }
        }
        #expect(found > 20)
    }

    @Test("a rewriting that is cut off at any call leaves one log or the other")
    func crashes() throws {
        var call = 1
        while true {
            let (disk, log, entries) = try log()
            disk.fault = .stop(at: disk.calls + call)
            do {
                #expect(
                    try log.rewrite(startingAfter: EntryID(4, 1), entries: Array(entries[4...])))
                break
            } catch {
                for kept in subsets(of: disk.unsynced, seed: UInt64(call)).prefix(40) {
                    let recovered = try openLog(
                        disk.afterPowerCut(keeping: kept),
                        state: DurableState(applied: EntryID(4, 1))
                    ).recovered
                    #expect(recovered.last == EntryID(6, 1) && recovered.promised == .zero)
                    #expect(recovered.report.damage.count == 0, "call \(call)")
                }
            }
            call += 1
        }
        #expect(call > 5)
    }

    @Test("what does not fit into one segment stays as it is")
    func tooLarge() throws {
        let (_, log, entries) = try log()
        #expect(try !log.rewrite(startingAfter: .zero, entries: entries))
        #expect(log.status.lastIndex == LogIndex(6))
    }
}
