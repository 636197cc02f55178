import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The log on a disk that works")
struct WriteAheadLogTests {
    @Test("makes an empty log where there is none, and finds it again")
    func empty() throws {
        let disk = FaultyFileSystem(root: root)
        let (log, recovered) = try openLog(disk)
        #expect(recovered.report.isNew)
        #expect(recovered.entries.isEmpty && recovered.logStart == .zero)
        #expect(recovered.hardState == HardState())
        try log.close()
        #expect(disk.openFiles == 0)
        let again = try openLog(disk.afterKill()).recovered
        #expect(!again.report.isNew && again.entries.isEmpty && !again.tornTail)
    }

    @Test("gives back entries, term and vote as they were synced")
    func roundTrip() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        try log.append(request([], term: 1, vote: 2))
        try log.sync()
        try log.append(request([entry(1, 1), entry(2, 1)], term: 1, vote: 2, commit: 1))
        try log.append(request([entry(3, 1)]))
        try log.sync()
        let recovered = try openLog(disk.afterPowerCut(keeping: [])).recovered
        #expect(recovered.entries == [entry(1, 1), entry(2, 1), entry(3, 1)])
        #expect(
            recovered.hardState == HardState(term: Term(1), vote: NodeID(2), commit: LogIndex(1)))
        #expect(!recovered.tornTail)
    }

    @Test("syncs a group with one fdatasync, and nothing when there is nothing")
    func oneSync() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        let before = disk.synchronizations
        for index in UInt64(1)...9 { try log.append(request([entry(index, 1)])) }
        try log.sync()
        #expect(disk.synchronizations == before + 1)
        try log.sync()
        #expect(disk.synchronizations == before + 1)
        #expect(log.status.durableIndex == LogIndex(9))
    }

    @Test("replaces a conflicting suffix, and no phantom of it comes back (Raft §5.3)")
    func truncation() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        try log.append(request((1...5).map { entry($0, 1) }, term: 1))
        try log.sync()
        try log.append(request([entry(3, 2)], term: 2))
        try log.sync()
        let recovered = try openLog(disk.afterPowerCut(keeping: [])).recovered
        #expect(recovered.entries == [entry(1, 1), entry(2, 1), entry(3, 2)])
    }

    @Test("goes on over many segments, truncations and starts, like a plain array")
    func longRun() throws {
        let seed: UInt64 = 20_261
        var random = RandomSource(seed: seed)
        var disk = FaultyFileSystem(root: root)
        var log = try openLog(disk).log
        var model: [Entry] = []
        var trimmed: UInt64 = 0
        var term: UInt64 = 1
        for _ in 0..<400 {
            switch random.next(below: 10) {
            case 0:
                // Ends and starts again, at times by a power cut.
                let state = DurableState(
                    applied: trimmed == 0 ? .zero : model[Int(trimmed) - 1].id)
                disk =
                    random.chance(1, in: 2) ? disk.afterKill() : disk.afterPowerCut(keeping: [])
                let opened = try openLog(disk, state: state)
                log = opened.log
                let start = Int(opened.recovered.logStart.index.rawValue)
                #expect(start <= trimmed, "seed \(seed)")
                #expect(opened.recovered.entries == Array(model[start...]), "seed \(seed)")
                #expect(opened.recovered.hardState.term == Term(term), "seed \(seed)")
            case 1:
                trimmed = max(trimmed, random.next(below: UInt64(model.count) + 1))
                try log.trim(upTo: LogIndex(trimmed), durable: LogIndex(trimmed))
                #expect(log.status.segments < 100, "seed \(seed)")
            case 2 where model.count > trimmed:
                term += 1
                let kept = trimmed + random.next(below: UInt64(model.count) - trimmed)
                model.removeSubrange(Int(kept)...)
                model.append(entry(kept + 1, term))
                try log.append(request([model[Int(kept)]], term: term))
            default:
                let first = UInt64(model.count) + 1
                let new = (0..<(1 + random.next(below: 4))).map {
                    entry(first + $0, term, bytes: Int(random.next(below: 5000)))
                }
                model += new
                try log.append(request(new, term: term))
            }
            try log.sync()
            _ = try log.prepareReserve()
        }
        #expect(model.count > 100)
    }

    @Test("gives segments back up to the durable applied entry and no further (D6)")
    func trim() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for index in UInt64(1)...30 {
            try log.append(request([entry(index, 1, bytes: 3000)], term: 1))
            try log.sync()
            while try log.prepareReserve() != .ready {}
        }
        let before = log.status.segments
        #expect(before > 5)
        try log.trim(upTo: LogIndex(20), durable: .zero)
        #expect(log.status.segments == before)
        try log.trim(upTo: LogIndex(20), durable: LogIndex(10))
        #expect(log.status.segments < before)
        let recovered = try openLog(
            disk.afterPowerCut(keeping: []), state: DurableState(applied: EntryID(10, 1))
        ).recovered
        #expect(recovered.logStart.index <= LogIndex(10))
        #expect(recovered.entries.last == entry(30, 1, bytes: 3000))
    }

    @Test("begins anew behind a snapshot, and gives back what came before (D8)")
    func reset() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for index in UInt64(1)...20 {
            try log.append(request([entry(index, 1, bytes: 3000)], term: 1))
            try log.sync()
        }
        try log.reset(to: EntryID(100, 3), hardState: HardState(term: Term(4)))
        #expect(log.status.segments == 1)
        try log.append(request([entry(101, 4)]))
        try log.sync()
        let state = DurableState(applied: EntryID(100, 3), snapshot: EntryID(100, 3))
        let recovered = try openLog(disk.afterPowerCut(keeping: []), state: state).recovered
        #expect(recovered.logStart == EntryID(100, 3))
        #expect(recovered.entries == [entry(101, 4)])
        #expect(recovered.hardState.term == Term(4))
        #expect(!recovered.report.discardedForSnapshot)
    }

    @Test("does not collect segments when it only starts again and again")
    func restarts() throws {
        var disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        try log.append(request([entry(1, 1)], term: 1))
        try log.sync()
        for _ in 0..<20 {
            disk = disk.afterKill()
            let opened = try openLog(disk)
            #expect(opened.recovered.entries == [entry(1, 1)])
            #expect(opened.log.status.segments == 1)
        }
        #expect(disk.paths.count <= 5)
    }

    @Test("refuses an entry that fits into no segment, and takes nothing of the request")
    func tooLarge() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        #expect(throws: WALError.entryTooLarge(index: LogIndex(2), limitBytes: 4 * 4096)) {
            try log.append(request([entry(1, 1), entry(2, 1, bytes: 40_000)]))
        }
        try log.append(request([entry(1, 1)], term: 1))
        try log.sync()
        #expect(try openLog(disk.afterKill()).recovered.entries == [entry(1, 1)])
    }
}
