import ByteCodec
import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The log on a disk that damages what it holds")
struct DamageTests {
    // Three entries in three groups, synced one by one, in the newest segment; then the directory
    // as a killed process leaves it.
    private func smallLog(
        bytes: Int = 20, options: WALOptions = tinyOptions
    ) throws -> (disk: FaultyFileSystem, segment: String) {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk, options: options).log
        for index in UInt64(1)...3 {
            try log.append(request([entry(index, 1, bytes: bytes)], term: 1, vote: 1))
            try log.sync()
        }
        return (disk.afterKill(), disk.paths.last { $0.hasSuffix(".wal") }!)
    }

    private var entries: [Entry] { (1...3).map { entry($0, 1) } }

    @Test("detects a flipped bit in any byte of a segment, and never serves it")
    func everyByte() throws {
        var options = tinyOptions
        // Header, three groups, nothing, three blocks of identifiers, and the header again.
        options.segmentBytes = 9 * 4096
        let (disk, path) = try smallLog(options: options)
        let whole = disk[path]!
        let header = try SegmentHeader(decoding: Array(whole.prefix(4096)))
        let bound = SegmentScan.Bound(group: 3, index: .zero)
        let expected = SegmentScan(whole, header: header, bound: bound, lastGroup: nil).groups
        #expect(expected.count == 3)
        var random = RandomSource(seed: 3)
        for place in whole.indices {
            var image = whole
            image[place] ^= 1 << UInt8(random.next(below: 8))
            if place / 4096 == 0 || place / 4096 == 8 {
                let block = place / 4096 * 4096
                #expect(throws: (any Error).self) {
                    try SegmentHeader(decoding: Array(image[block..<(block + 4096)]))
                }
                continue
            }
            let scan = SegmentScan(image, header: header, bound: bound, lastGroup: nil)
            switch place / 4096 {
            case 1...3:
                #expect(scan.damage.count == 1, "byte \(place)")
                #expect(scan.damage.first?.number == UInt64(place / 4096), "byte \(place)")
                #expect(scan.groups == expected.filter { $0.block != place / 4096 })
                guard case .lost(let lost) = scan.pieces[place / 4096 - 1] else {
                    Issue.record("byte \(place)")
                    continue
                }
                // The record itself is hit, or nothing is lost.
                let id = EntryID(UInt64(place / 4096), 1)
                #expect(lost.isComplete && !scan.isEndUnknown)
                #expect(
                    lost.records == [.lostEntry(id)]
                        || lost.records == [.whole(.entry(entry(id.index.rawValue, 1)))])
            case 4:
                #expect(scan.isTorn && scan.groups == expected, "byte \(place)")
            default:
                #expect(scan.repairs.count == 1 && scan.groups == expected, "byte \(place)")
                #expect(whole.matches(scan.repairs[0].bytes, at: scan.repairs[0].offset))
            }
        }
    }

    @Test("a group that a later sync came after was durable: its damage is never cut")
    func middle() throws {
        let (disk, path) = try smallLog()
        disk[path]![2 * 4096 + 110] ^= 1
        disk.lose("data/wal/WATERMARK")
        let expected = WALCorruption(
            file: path, offset: 2 * 4096, index: LogIndex(2), term: Term(1), reason: .group)
        let recovered = try openLog(disk).recovered
        #expect(recovered.report.damage == WALDamage([expected]))
        #expect(recovered.entries == Array(entries.prefix(1)))
        #expect(recovered.promised == EntryID(3, 1) && recovered.report.entriesLost == 2)
        #expect(recovered.hardState.vote == NodeID(1))
        // And it says so as long as it is true.
        for _ in 0..<3 {
            let again = try openLog(disk.afterKill()).recovered
            #expect(again.entries == recovered.entries && again.promised == recovered.promised)
            #expect(again.report.damage.count == 0)
        }
    }

    @Test("what the state has applied is not missed: the log begins anew behind it, whole")
    func applied() throws {
        let (disk, path) = try smallLog()
        disk[path]![2 * 4096 + 110] ^= 1
        let state = DurableState(applied: EntryID(2, 1))
        let recovered = try openLog(disk, state: state).recovered
        #expect(recovered.logStart == EntryID(2, 1) && recovered.entries == [entries[2]])
        #expect(recovered.promised == .zero && recovered.report.damage.count == 1)
        let again = try openLog(disk.afterPowerCut(keeping: []), state: state).recovered
        #expect(again.entries == [entries[2]] && again.report.damage.count == 0)
    }

    @Test("the last group is torn when nothing says that it was durable, and is dropped whole")
    func tornTail() throws {
        let (disk, path) = try smallLog()
        disk[path]![3 * 4096 + 110] ^= 1
        disk.lose("data/wal/WATERMARK")
        let recovered = try openLog(disk).recovered
        #expect(recovered.tornTail && recovered.promised == .zero)
        #expect(recovered.entries == Array(entries.prefix(2)))
        #expect(!(try openLog(disk.afterKill()).recovered.tornTail))
    }

    @Test("the last group is corrupt when the watermark, or the state, says that it was durable")
    func knownDurable() throws {
        let (disk, path) = try smallLog()
        disk[path]![3 * 4096 + 110] ^= 1
        let expected = WALCorruption(
            file: path, offset: 3 * 4096, index: LogIndex(3), term: Term(1), reason: .group)
        let recovered = try openLog(disk.afterKill()).recovered
        #expect(recovered.report.damage == WALDamage([expected]))
        #expect(recovered.promised == EntryID(3, 1))
        disk.lose("data/wal/WATERMARK")
        let state = DurableState(applied: EntryID(3, 1))
        let applied = try openLog(disk, state: state).recovered
        #expect(applied.report.damage == WALDamage([expected]) && applied.promised == .zero)
        #expect(applied.logStart == EntryID(3, 1))
    }

    @Test("a damaged group without identifiers has unknown entries between known bounds")
    func unidentified() throws {
        let (disk, path) = try smallLog()
        disk[path]![2 * 4096 + 110] ^= 1
        disk[path]![disk[path]!.count - 3 * 4096 + 9] ^= 1
        let expected = WALCorruption(file: path, offset: 2 * 4096, reason: .group)
        let recovered = try openLog(disk).recovered
        #expect(recovered.report.damage == WALDamage([expected]))
        #expect(recovered.entries == [entries[0]] && recovered.promised == EntryID(3, 1))
    }

    @Test("without the newest term and vote a node does not know what it promised, and refuses")
    func promisesLost() throws {
        let (disk, path) = try smallLog()
        disk[path]![3 * 4096 + 110] ^= 1
        disk[path]![disk[path]!.count - 4 * 4096 + 9] ^= 1
        let before = disk.paths.map { disk[$0] }
        let expected = WALCorruption(file: path, offset: 3 * 4096, reason: .group)
        #expect(throws: WALError.promisesLost(WALDamage([expected]))) { try openLog(disk) }
        // And nothing was changed.
        #expect(disk.paths.map { disk[$0] } == before)
    }

    @Test("a lost write is noticed: blocks of zeros where a synced group was")
    func lostWrite() throws {
        let (disk, path) = try smallLog()
        disk[path]!.replaceSubrange(
            (3 * 4096)..<(4 * 4096), with: [UInt8](repeating: 0, count: 4096))
        let expected = WALCorruption(
            file: path, offset: 3 * 4096, index: LogIndex(3), term: Term(1), reason: .groupMissing)
        let recovered = try openLog(disk).recovered
        #expect(recovered.report.damage == WALDamage([expected]))
        #expect(recovered.promised == EntryID(3, 1))
    }

    @Test("damaged identifiers are written again from their group")
    func identifiers() throws {
        let (disk, path) = try smallLog(bytes: 3500)
        let size = disk[path]!.count
        for block in 1...3 { disk[path]![size - block * 4096 + 80] ^= 4 }
        let recovered = try openLog(disk).recovered
        #expect(recovered.report.identifiersRepaired == 3)
        #expect(recovered.entries == (1...3).map { entry($0, 1, bytes: 3500) })
        #expect(try openLog(disk.afterKill()).recovered.report.identifiersRepaired == 0)
    }

    @Test("a segment that is lost is noticed, wherever it stood")
    func lostSegment() throws {
        let (disk, segments) = try manySegments()
        // One entry in each, so that the state has all that the first two hold.
        #expect(segments.count == 9)
        let state = DurableState(applied: EntryID(2, 1))
        for (place, path) in segments.enumerated() {
            let hit = disk.afterKill()
            hit.lose(path)
            do {
                let recovered = try openLog(hit, state: state).recovered
                if place == 0 {
                    // A log may begin here.
                    #expect(recovered.report.damage.count == 0 && recovered.promised == .zero)
                    #expect(recovered.entries.map(\.index.rawValue) == Array(2...9))
                    continue
                }
                #expect(recovered.report.damage.count == 1, "\(path)")
                #expect(recovered.report.damage.places[0].reason == .segmentMissing)
                #expect(recovered.logStart == EntryID(2, 1), "\(path)")
                if place == 1 {
                    #expect(recovered.entries.map(\.index.rawValue) == Array(3...9))
                    #expect(recovered.promised == .zero)
                } else {
                    #expect(recovered.promised == EntryID(9, 1) && recovered.entries.isEmpty)
                }
            } catch {
                // With the newest one the newest term and vote are gone.
                guard case .promisesLost(let damage) = error else {
                    Issue.record("\(path): \(error)")
                    continue
                }
                #expect(place == segments.count - 1 && damage.count == 1, "\(path)")
                #expect(damage.places[0].reason == .groupMissing)
            }
        }
        let hit = disk.afterKill()
        hit.lose(segments[0])
        #expect(
            throws: WALError.beginsBehindState(applied: .zero, logStart: EntryID(1, 1))
        ) { try openLog(hit) }
    }

    // Nine entries in as many groups and at least four segments.
    private func manySegments() throws -> (disk: FaultyFileSystem, segments: [String]) {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for index in UInt64(1)...9 {
            try log.append(request([entry(index, 1, bytes: 9000)], term: 1))
            try log.sync()
        }
        let segments = disk.paths.filter { $0.hasSuffix(".wal") }
        #expect(segments.count >= 4)
        return (disk.afterKill(), segments)
    }

    @Test("all damage is told at once, segment by segment, and no more than an operator can read")
    func everything() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for index in UInt64(1)...9 {
            try log.append(request([entry(index, 1)], term: 1))
            try log.sync()
        }
        let segments = disk.paths.filter { $0.hasSuffix(".wal") }
        #expect(segments.count >= 3)
        let hit = disk.afterKill()
        for path in segments.dropLast() {
            hit[path]![4096 + 110] ^= 1
            hit[path]![3 * 4096 + 110] ^= 1
        }
        let damage = try openLog(hit).recovered.report.damage
        #expect(Set(damage.places.map(\.file)) == Set(segments.dropLast()))
        #expect(damage.count == damage.places.count)
        #expect(damage.count == 2 * (segments.count - 1))
        #expect(damage.places.allSatisfy { $0.reason == .group })
        var many = WALDamage()
        for offset in 0..<100 {
            many.add(WALCorruption(file: "f", offset: offset, reason: .group))
        }
        #expect(many.count == 100 && many.places.count == WALDamage.placesMax)
    }

    @Test("a damaged header is written again from its copy, whichever segment it is")
    func header() throws {
        let (disk, segments) = try manySegments()
        for path in segments {
            for block in [0, disk[path]!.count / 4096 - 1] {
                let hit = disk.afterKill()
                hit[path]![block * 4096 + 33] ^= 1
                let recovered = try openLog(hit).recovered
                #expect(recovered.entries.count == 9 && recovered.report.damage.count == 0)
                #expect(recovered.report.identifiersRepaired == 1)
                #expect(try openLog(hit.afterKill()).recovered.report.identifiersRepaired == 0)
            }
        }
    }

    @Test("a segment without a header is lost, and what lies before it continues nothing")
    func bothHeaders() throws {
        let (disk, segments) = try manySegments()
        for (place, path) in segments.enumerated() {
            let hit = disk.afterKill()
            hit[path]![33] ^= 1
            hit[path]![hit[path]!.count - 4096 + 33] ^= 1
            let expected = WALCorruption(file: path, offset: 0, reason: .segmentHeader)
            if place == segments.count - 1 {
                #expect(throws: WALError.promisesLost(WALDamage([expected]))) { try openLog(hit) }
                continue
            }
            let recovered = try openLog(hit).recovered
            #expect(recovered.report.damage == WALDamage([expected]))
            #expect(recovered.entries.isEmpty && recovered.promised == EntryID(9, 1))
            #expect(hit.paths.filter { $0.hasSuffix(".wal") }.count == 1)
        }
    }

    @Test("a log of another release is not taken for a damaged one")
    func otherVersion() throws {
        let (disk, path) = try smallLog()
        var block = Array(disk[path]!.prefix(4092))
        block[8] = 1
        let checksum = CRC32C.checksum(of: block)
        block += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
        disk[path]!.replaceSubrange(0..<4096, with: block)
        #expect(throws: WALError.unsupported(file: path, version: 1)) { try openLog(disk) }
    }

    @Test("blocks that cannot be read are damage like any other")
    func unreadable() throws {
        let (disk, path) = try smallLog()
        for block in 0..<(disk[path]!.count / 4096) {
            let hit = disk.afterKill()
            hit.ruin(path, block: block)
            let recovered = try openLog(hit).recovered
            let isGroup = (1...3).contains(block)
            #expect(recovered.promised == (isGroup ? EntryID(3, 1) : .zero), "block \(block)")
            #expect(recovered.entries == Array(entries.prefix(isGroup ? block - 1 : 3)))
        }
    }

    @Test("random bytes in place of a segment never trap")
    func noise() throws {
        let (disk, path) = try smallLog()
        let whole = disk[path]!
        let header = try SegmentHeader(decoding: Array(whole.prefix(4096)))
        for seed in UInt64(1)...200 {
            var random = RandomSource(seed: seed)
            var image = whole
            for _ in 0..<(1 + random.next(below: 40)) {
                let start = Int(random.next(below: UInt64(image.count)))
                let count = min(Int(random.next(below: 300)), image.count - start)
                let from = Int(random.next(below: UInt64(image.count - count)))
                let piece = Array(image[from..<(from + count)])
                image.replaceSubrange(start..<(start + count), with: piece)
            }
            let bound = SegmentScan.Bound(group: random.next(below: 5), index: .zero)
            let scan = SegmentScan(image, header: header, bound: bound, lastGroup: nil)
            // Copies of the log's own bytes are still only whole in their own places.
            for located in scan.groups {
                #expect(located.group.records[0] == .entry(entry(located.group.number, 1)))
            }
        }
    }
}
