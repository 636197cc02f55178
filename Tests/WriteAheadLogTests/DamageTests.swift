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

    // What opening says is damaged.
    private func damage(of disk: FaultyFileSystem) -> WALDamage {
        do {
            _ = try openLog(disk)
            return WALDamage()
        } catch {
            guard case .corrupt(let damage) = error else { return WALDamage() }
            return damage
        }
    }

    private var entries: [Entry] { (1...3).map { entry($0, 1) } }

    @Test("detects a flipped bit in any byte of a segment, and never serves it")
    func everyByte() throws {
        var options = tinyOptions
        // Header, three groups, nothing, three blocks of identifiers.
        options.segmentBytes = 8 * 4096
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
            if place < 4096 {
                #expect(throws: (any Error).self) {
                    try SegmentHeader(decoding: Array(image.prefix(4096)))
                }
                continue
            }
            let scan = SegmentScan(image, header: header, bound: bound, lastGroup: nil)
            switch place / 4096 {
            case 1...3:
                #expect(scan.damage.count == 1, "byte \(place)")
                #expect(scan.damage.first?.number == UInt64(place / 4096), "byte \(place)")
                #expect(scan.damage.first?.slots.first?.index.rawValue == UInt64(place / 4096))
                #expect(scan.groups == expected.filter { $0.block != place / 4096 })
            case 4:
                #expect(scan.isTorn && scan.groups == expected, "byte \(place)")
            default:
                #expect(scan.repairs.count == 1 && scan.groups == expected, "byte \(place)")
                #expect(whole.matches(scan.repairs[0].bytes, at: scan.repairs[0].offset))
            }
        }
    }

    @Test("never serves anything else when a bit flips in any file")
    func anyFile() throws {
        let (disk, _) = try smallLog(bytes: 9000)
        let seed: UInt64 = 17
        var random = RandomSource(seed: seed)
        let paths = disk.paths
        #expect(paths.filter { $0.hasSuffix(".wal") }.count >= 2)
        for path in paths {
            let count = disk[path]!.count
            for place in stride(from: 0, to: count, by: 131) {
                let hit = disk.afterKill()
                hit[path]![place] ^= 1 << UInt8(random.next(below: 8))
                do {
                    let recovered = try openLog(hit).recovered
                    #expect(
                        recovered.entries == (1...3).map { entry($0, 1, bytes: 9000) }
                            && recovered.hardState.vote == NodeID(1),
                        "\(path) byte \(place), seed \(seed)")
                } catch {
                    guard case .corrupt = error else {
                        Issue.record("\(path) byte \(place), seed \(seed): \(error)")
                        continue
                    }
                }
            }
        }
    }

    @Test("a group that a later sync came after was durable: its damage is never cut")
    func middle() throws {
        let (disk, path) = try smallLog()
        disk[path]![2 * 4096 + 100] ^= 1
        disk.lose("data/wal/WATERMARK")
        let expected = WALCorruption(
            file: path, offset: 2 * 4096, index: LogIndex(2), term: Term(1), reason: .group)
        let before = disk.paths.map { disk[$0] }
        #expect(throws: WALError.corrupt(WALDamage([expected]))) { try openLog(disk) }
        // And nothing was changed.
        #expect(disk.paths.map { disk[$0] } == before)
    }

    @Test("the last group is torn when nothing says that it was durable, and is dropped whole")
    func tornTail() throws {
        let (disk, path) = try smallLog()
        disk[path]![3 * 4096 + 100] ^= 1
        disk.lose("data/wal/WATERMARK")
        let recovered = try openLog(disk).recovered
        #expect(recovered.tornTail)
        #expect(recovered.entries == Array(entries.prefix(2)))
        #expect(!(try openLog(disk.afterKill()).recovered.tornTail))
    }

    @Test("the last group is corrupt when the watermark, or the state, says that it was durable")
    func knownDurable() throws {
        let (disk, path) = try smallLog()
        disk[path]![3 * 4096 + 100] ^= 1
        let expected = WALCorruption(
            file: path, offset: 3 * 4096, index: LogIndex(3), term: Term(1), reason: .group)
        #expect(throws: WALError.corrupt(WALDamage([expected]))) { try openLog(disk) }
        disk.lose("data/wal/WATERMARK")
        #expect(throws: WALError.corrupt(WALDamage([expected]))) {
            try openLog(disk, state: DurableState(applied: EntryID(3, 1)))
        }
    }

    @Test("a damaged group without identifiers is corrupt with an unknown term")
    func unidentified() throws {
        let (disk, path) = try smallLog()
        disk[path]![2 * 4096 + 100] ^= 1
        disk[path]![disk[path]!.count - 2 * 4096 + 9] ^= 1
        let expected = WALCorruption(file: path, offset: 2 * 4096, reason: .group)
        #expect(throws: WALError.corrupt(WALDamage([expected]))) { try openLog(disk) }
    }

    @Test("a lost write is noticed: blocks of zeros where a synced group was")
    func lostWrite() throws {
        let (disk, path) = try smallLog()
        disk[path]!.replaceSubrange(
            (3 * 4096)..<(4 * 4096), with: [UInt8](repeating: 0, count: 4096))
        let expected = WALCorruption(
            file: path, offset: 3 * 4096, index: LogIndex(3), term: Term(1), reason: .groupMissing)
        #expect(throws: WALError.corrupt(WALDamage([expected]))) { try openLog(disk) }
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
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for index in UInt64(1)...9 {
            try log.append(request([entry(index, 1, bytes: 9000)], term: 1))
            try log.sync()
        }
        let segments = disk.paths.filter { $0.hasSuffix(".wal") }
        #expect(segments.count >= 4)
        let state = DurableState(applied: EntryID(2, 1))
        for (place, path) in segments.enumerated() {
            let hit = disk.afterKill()
            hit.lose(path)
            do {
                let recovered = try openLog(hit, state: state).recovered
                // Only the first may go: the state has what was in it.
                #expect(place == 0 && recovered.logStart.index <= LogIndex(2), "\(path)")
            } catch {
                guard case .corrupt(let damage) = error, let corruption = damage.places.first
                else {
                    Issue.record("\(path): \(error)")
                    continue
                }
                #expect(damage.count == 1, "\(path): \(damage)")
                #expect(
                    corruption.reason == .segmentMissing || corruption.reason == .groupMissing,
                    "\(path)")
                #expect(place > 0)
            }
        }
        let hit = disk.afterKill()
        hit.lose(segments[0])
        #expect(
            throws: WALError.beginsBehindState(applied: .zero, logStart: EntryID(1, 1))
        ) { try openLog(hit) }
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
        #expect(segments.count >= 2)
        let hit = disk.afterKill()
        for path in segments {
            hit[path]![4096 + 100] ^= 1
            hit[path]![3 * 4096 + 100] ^= 1
        }
        let before = hit.paths.map { hit[$0] }
        let damage = damage(of: hit)
        #expect(Set(damage.places.map(\.file)) == Set(segments))
        #expect(damage.count == damage.places.count)
        #expect(damage.count >= 2 * segments.count - 1)
        #expect(damage.places.allSatisfy { $0.reason == .group })
        #expect(hit.paths.map { hit[$0] } == before)
        var many = WALDamage()
        for offset in 0..<100 {
            many.add(WALCorruption(file: "f", offset: offset, reason: .group))
        }
        #expect(many.count == 100 && many.places.count == WALDamage.placesMax)
    }

    @Test("a damaged header does not hide damage elsewhere")
    func headerAndMore() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        for index in UInt64(1)...9 {
            try log.append(request([entry(index, 1, bytes: 9000)], term: 1))
            try log.sync()
        }
        let segments = disk.paths.filter { $0.hasSuffix(".wal") }
        #expect(segments.count >= 4)
        let hit = disk.afterKill()
        hit[segments[1]]![33] ^= 1
        hit[segments[2]]![4096 + 100] ^= 1
        let damage = damage(of: hit)
        #expect(damage.places.map(\.file) == [segments[1], segments[2]])
        #expect(damage.places.map(\.reason) == [.segmentHeader, .group])
    }

    @Test("a header that is damaged is corruption, whichever segment it is")
    func header() throws {
        let (disk, _) = try smallLog(bytes: 9000)
        for path in disk.paths where path.hasSuffix(".wal") {
            let hit = disk.afterKill()
            hit[path]![33] ^= 1
            let expected = WALCorruption(file: path, offset: 0, reason: .segmentHeader)
            #expect(throws: WALError.corrupt(WALDamage([expected]))) { try openLog(hit) }
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
