import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("A damaged log keeps its promises, and gets its entries back (docs/decisions/0006)")
struct LogRepairTests {
    // A log with two terms, a suffix that was replaced, groups of several entries, two segments;
    // and, if it was opened again, a third, which holds nothing yet.
    private func original(
        isOpenedAgain: Bool = false
    ) throws -> (disk: FaultyFileSystem, entries: [Entry]) {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for requests in [
            [request((1...3).map { entry($0, 1, bytes: 40) }, term: 1, vote: 1)],
            [request([entry(4, 1, bytes: 5000), entry(5, 1)], term: 1, vote: 1, commit: 2)],
            [request([entry(5, 3)], term: 3, vote: 2, commit: 4)],
            [request([entry(6, 3), entry(7, 3, bytes: 100)], term: 3, vote: 2, commit: 5)],
            [request([], term: 4, vote: 3)],
        ] {
            for request in requests { try log.append(request) }
            try log.sync()
        }
        let entries =
            (1...3).map { entry($0, 1, bytes: 40) } + [entry(4, 1, bytes: 5000), entry(5, 3)]
            + [entry(6, 3), entry(7, 3, bytes: 100)]
        guard isOpenedAgain else { return (disk.afterKill(), entries) }
        let again = disk.afterKill()
        let segments = again.paths.count { $0.hasSuffix(".wal") }
        #expect(try openLog(again).recovered.report.groupsWrittenAgain == 0)
        try #require(again.paths.count { $0.hasSuffix(".wal") } == segments + 1)
        return (again.afterKill(), entries)
    }

    @Test("a log that begins behind what is lost without a trace begins with no known term (R8)")
    func unknownStart() throws {
        let header = SegmentHeader(
            identity: identity, sequence: 1, segmentBytes: 32 << 10, continuesSequence: 0,
            continuesGroup: 0, firstGroup: 1, durableGroup: 0, chain: 0, startsAfter: .zero,
            generation: 0, hardState: HardState())
        var replay = LogReplay(header, floor: EntryID(6, 3))
        #expect(replay.term(at: .zero) == .zero)
        // Truncations were lost, so the entries before may have been others.
        let group = Group(
            number: 9, records: [.entry(entry(6, 3))],
            frame: CommitFrame(
                hardState: HardState(term: Term(4)), generation: 2, last: EntryID(6, 3),
                durableGroup: 8, durableIndex: LogIndex(5)))
        replay.bridge(to: group)
        #expect(replay.logStart.index == LogIndex(5))
        #expect(replay.term(at: LogIndex(5)) == nil, "it agrees with a snapshot of any term")
        #expect(replay.lastTerm == nil)
        try replay.apply(group)
        #expect(replay.last == EntryID(6, 3))
    }

    // Opens a log that was hit, checks what it holds and promises, lets it be repaired, and opens
    // it again.
    private func check(
        _ hit: FaultyFileSystem, _ entries: [Entry], applied: EntryID, _ place: String
    ) throws -> Bool {
        let state = DurableState(applied: applied)
        let (log, recovered) = try openLog(hit, state: state)
        let base = Int(recovered.logStart.index.rawValue)
        #expect(recovered.logStart.index <= applied.index, "\(place)")
        #expect(
            recovered.entries == Array(entries[base...].prefix(recovered.entries.count)),
            "\(place)")
        #expect(recovered.last.index >= applied.index, "\(place)")
        #expect(
            recovered.hardState.term == Term(4) && recovered.hardState.vote == NodeID(3),
            "\(place)")
        #expect(recovered.hardState.commit <= recovered.last.index, "\(place)")
        let isRepairing = recovered.last.index < entries.last!.index
        // Never silently shorter.
        #expect(
            recovered.promised == (isRepairing ? EntryID(7, 3) : .zero),
            "\(place): \(recovered.last), promised \(recovered.promised)")
        // Entry by entry, with a restart before each.
        var reopened = log
        for index in Int(recovered.last.index.rawValue)..<entries.count {
            try reopened.append(request([entries[index]]))
            try reopened.sync()
            guard index % 2 == 0 else { continue }
            let again = try openLog(hit.afterKill(), state: state).recovered
            let isWhole = index == entries.count - 1
            #expect(again.promised == (isWhole ? .zero : EntryID(7, 3)), "\(place), \(index)")
            #expect(again.report.damage.count == 0, "\(place), \(index)")
        }
        let end = try openLog(hit.afterPowerCut(keeping: []), state: state)
        reopened = end.log
        #expect(end.recovered.promised == .zero, "\(place)")
        #expect(
            end.recovered.entries == Array(entries[Int(end.recovered.logStart.index.rawValue)...]),
            "\(place)")
        return isRepairing
    }

    @Test("whatever byte is hit, nothing is wrong, nothing silently shorter, and all comes back")
    func everyByte() throws {
        let (disk, entries) = try original()
        let seed: UInt64 = 11
        var random = RandomSource(seed: seed)
        var repairs = 0
        var places = 0
        for path in disk.paths {
            let whole = disk[path]!
            for place in whole.indices {
                // Of the zeros between only some.
                let isBlank = whole.isZero(in: place / 4096 * 4096..<place / 4096 * 4096 + 4096)
                guard !isBlank || place % 1021 == 0 else { continue }
                // Within a block of mostly zeros most places are alike.
                let isDense = !whole.isZero(in: place..<min(place + 16, whole.count))
                guard isDense || place % 127 == 0 else { continue }
                let hit = disk.afterKill()
                hit[path]![place] ^= 1 << UInt8(random.next(below: 8))
                let applied = [EntryID.zero, EntryID(4, 1), EntryID(5, 3), EntryID(7, 3)]
                let state = applied[Int(random.next(below: 4))]
                places += 1
                if try check(hit, entries, applied: state, "\(path) byte \(place), seed \(seed)") {
                    repairs += 1
                }
            }
        }
        #expect(places > 1000 && repairs > 50, "\(repairs) of \(places)")
    }

    @Test(
        "whatever two blocks are gone, nothing is wrong, or the node refuses",
        arguments: [false, true])
    func twoBlocks(isOpenedAgain: Bool) throws {
        let (disk, entries) = try original(isOpenedAgain: isOpenedAgain)
        let segments = disk.paths.filter { $0.hasSuffix(".wal") }
        var blocks: [(path: String, block: Int)] = []
        for path in segments {
            for block in 0..<(disk[path]!.count / 4096) { blocks.append((path, block)) }
        }
        var refusals = 0
        for first in blocks.indices {
            for second in blocks.indices where second > first {
                let hit = disk.afterKill()
                for (path, block) in [blocks[first], blocks[second]] {
                    hit.ruin(path, block: block)
                }
                do {
                    _ = try check(
                        hit, entries, applied: .zero, "\(blocks[first]), \(blocks[second])")
                } catch WALError.promisesLost {
                    refusals += 1
                }
            }
        }
        // Both copies of the newest header; and the last group with its identifiers, unless the
        // header of a segment behind it has its term and vote (simulated seed 1246).
        #expect(
            refusals == (isOpenedAgain ? 1 : 2),
            "\(refusals) of \(blocks.count * (blocks.count - 1) / 2)")
    }

    // A copy of a later group, or of its identifiers, is as whole as these (simulated seed 5015).
    @Test("whatever block stands in the place of another, nothing is wrong, nothing shorter")
    func misdirected() throws {
        let (disk, entries) = try original()
        let segments = disk.paths.filter { $0.hasSuffix(".wal") }
        var copies = 0
        for path in segments {
            let bytes = disk[path]!
            let blocks = 0..<(bytes.count / 4096)
            func block(_ number: Int) -> ArraySlice<UInt8> {
                bytes[(number * 4096)..<((number + 1) * 4096)]
            }
            let written = blocks.filter { !bytes.isZero(in: ($0 * 4096)..<(($0 + 1) * 4096)) }
            let lastGroup = written.last { block($0).starts(with: Array("WGRP".utf8)) }
            for (place, source) in written.flatMap({ place in written.map { (place, $0) } })
            where block(place) != block(source) {
                for hasWatermark in [true, false] {
                    // Without it nothing tells that the last group of all was ever durable.
                    let isLast = path == segments.last && place == lastGroup
                    guard hasWatermark || !isLast else { continue }
                    let hit = disk.afterKill()
                    hit[path]!.replaceSubrange(
                        (place * 4096)..<((place + 1) * 4096), with: block(source))
                    if !hasWatermark {
                        for mark in hit.paths where mark.hasSuffix("WATERMARK") {
                            hit[mark] = [UInt8](repeating: 0, count: 2 * 4096)
                        }
                    }
                    _ = try check(
                        hit, entries, applied: .zero, "\(source) in place of \(place), \(path)")
                    copies += 1
                }
            }
        }
        #expect(copies > 60, "\(copies)")
    }

    @Test("a suffix that another leader replaces ends the repair when it is newer (R8 v)")
    func replaced() throws {
        let (disk, entries) = try original()
        let path = disk.paths.first { $0.hasSuffix(".wal") }!
        disk[path]![4096 + 60] ^= 1
        let (log, recovered) = try openLog(disk)
        #expect(recovered.entries.isEmpty && recovered.promised == EntryID(7, 3))
        try log.append(request([entries[0], entries[1], entry(3, 2)], term: 5, vote: nil))
        try log.sync()
        #expect(try openLog(disk.afterKill()).recovered.promised == EntryID(7, 3))
        try log.append(request([entry(3, 5)], term: 5))
        try log.sync()
        let again = try openLog(disk.afterKill()).recovered
        #expect(again.promised == .zero && again.last == EntryID(3, 5))
    }

    @Test("a snapshot that is newer than the promise ends the repair, an older one does not")
    func snapshots() throws {
        for (snapshot, isEnd) in [(EntryID(9, 3), true), (EntryID(5, 3), false)] {
            let (disk, _) = try original()
            let path = disk.paths.first { $0.hasSuffix(".wal") }!
            disk[path]![4096 + 60] ^= 1
            let log = try openLog(disk).log
            try log.reset(
                to: snapshot, hardState: HardState(term: Term(4), vote: NodeID(3), commit: .zero))
            let state = DurableState(applied: snapshot, snapshot: snapshot)
            let again = try openLog(disk.afterKill(), state: state).recovered
            #expect(again.last == snapshot)
            #expect(again.promised == (isEnd ? .zero : EntryID(7, 3)))
        }
    }

    // A log that begins far from the first entry, as every log does in time.
    private func farLog(commit: UInt64) throws -> (FaultyFileSystem, first: UInt64, [Entry]) {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        let start = EntryID(100_000_000, 3)
        try log.reset(
            to: start, hardState: HardState(term: Term(3), vote: nil, commit: LogIndex(commit)))
        let entries = (1...9).map { entry(start.index.rawValue + $0, 3, bytes: 3000) }
        for entry in entries {
            try log.append(request([entry], term: 3, vote: 2, commit: commit))
            try log.sync()
        }
        return (disk.afterKill(), start.index.rawValue, entries)
    }

    // nil: it is refused.
    private func opened(_ disk: FaultyFileSystem) throws -> RecoveredLog? {
        do {
            return try openLog(disk, state: DurableState(applied: .zero, isLost: true)).recovered
        } catch {
            switch error {
            case .promisesLost, .beginningUnknown: return nil
            default: throw error
            }
        }
    }

    @Test("a damaged log beside a lost state goes on where it began, however far that is")
    func withoutState() throws {
        let (disk, first, entries) = try farLog(commit: 100_000_002)
        var cuts = Set<Int>()
        for path in disk.paths.filter({ $0.hasSuffix(".wal") }) {
            for blocks in [[1], [2], [0, disk[path]!.count / 4096 - 1]] {
                let hit = disk.afterKill()
                for block in blocks { hit.ruin(path, block: block) }
                // Refused where the newest header is gone, or the oldest that is left lies behind
                // what is known to be committed.
                guard let recovered = try opened(hit) else { continue }
                try #require(recovered.logStart.index.rawValue >= first, "\(path) \(blocks)")
                let base = Int(recovered.logStart.index.rawValue - first)
                #expect(
                    recovered.entries
                        == Array(entries[base...].prefix(recovered.entries.count)))
                let isShorter = recovered.last.index < entries.last!.index
                #expect(recovered.promised == (isShorter ? EntryID(first + 9, 3) : .zero))
                cuts.insert(recovered.entries.count)
            }
        }
        #expect(cuts.count > 2, "\(cuts)")
    }

    @Test("a damaged log beside a lost state is refused if its beginning may not be the cluster's")
    func unknownBeginning() throws {
        let (disk, _, _) = try farLog(commit: 0)
        let path = disk.paths.filter { $0.hasSuffix(".wal") }.dropFirst().first!
        disk.ruin(path, block: 1)
        let before = disk[path]
        #expect {
            _ = try openLog(disk, state: DurableState(applied: .zero, isLost: true))
        } throws: { error in
            guard case WALError.beginningUnknown(let damage) = error else { return false }
            return damage.count > 0
        }
        #expect(disk[path] == before)
    }

    @Test("a stop at any moment of a damaged log's opening leaves it as damaged, or mended")
    func crashes() throws {
        let (disk, entries) = try original()
        let path = disk.paths.first { $0.hasSuffix(".wal") }!
        for place in [4096 + 60, 33] {
            var call = 1
            while true {
                let hit = disk.afterKill()
                hit[path]![place] ^= 1
                hit.fault = .stop(at: call)
                do {
                    _ = try openLog(hit)
                    break
                } catch {
                    for kept in subsets(of: hit.unsynced, seed: UInt64(call)).prefix(40) {
                        let after = hit.afterPowerCut(keeping: kept)
                        let recovered = try openLog(after).recovered
                        let isLost = place > 4096
                        #expect(recovered.promised == (isLost ? EntryID(7, 3) : .zero))
                        #expect(recovered.entries == (isLost ? [] : entries), "call \(call)")
                        #expect(recovered.hardState.vote == NodeID(3))
                    }
                }
                call += 1
            }
            #expect(call > 10)
        }
    }
}
