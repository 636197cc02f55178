import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("What becomes of a group in recovery (consensus recovery R4)")
struct GroupVerdictTests {
    /// The whole table: good, identified, blank, known durable, and the verdict.
    static let table: [(Bool, Bool, Bool, Bool, GroupVerdict)] = [
        (true, true, true, true, .good),
        (true, true, true, false, .good),
        (true, true, false, true, .good),
        (true, true, false, false, .good),
        (true, false, true, true, .repairIdentifiers),
        (true, false, true, false, .repairIdentifiers),
        (true, false, false, true, .repairIdentifiers),
        (true, false, false, false, .repairIdentifiers),
        (false, true, true, true, .corrupt(identified: true)),
        (false, true, false, true, .corrupt(identified: true)),
        (false, false, true, true, .corrupt(identified: false)),
        (false, false, false, true, .corrupt(identified: false)),
        (false, true, true, false, .end),
        (false, false, true, false, .end),
        (false, true, false, false, .torn),
        (false, false, false, false, .torn),
    ]

    @Test("follows the table in every case", arguments: table.indices)
    func cases(_ row: Int) {
        let (good, identified, blank, durable, verdict) = Self.table[row]
        let evidence = GroupEvidence(
            groupIsGood: good, identifiersAreGood: identified, isBlank: blank,
            isKnownDurable: durable)
        #expect(GroupVerdict(evidence) == verdict)
    }

    @Test("has a row for every case")
    func complete() {
        let rows = Set(
            Self.table.map {
                GroupEvidence(
                    groupIsGood: $0.0, identifiersAreGood: $0.1, isBlank: $0.2,
                    isKnownDurable: $0.3)
            })
        #expect(rows.count == 16)
    }
}

@Suite("Dividing records into groups and segments")
struct GroupPlannerTests {
    private var options: WALOptions {
        var options = WALOptions()
        options.segmentBytes = 8 * 4096
        options.groupBytesMax = 10_000
        return options
    }

    @Test("puts what fits into one group")
    func oneGroup() {
        var planner = GroupPlanner(freeBlocks: 7, spares: 0, options: options)
        for _ in 0..<10 {
            let fits = planner.add(recordBytes: 100)
            #expect(fits)
        }
        #expect(planner.groups.count == 1)
        #expect(planner.groups[0].records == 10)
        #expect(planner.freeBlocks == 5)
    }

    @Test("begins another group over the limit, and another segment when one is full")
    func more() {
        var planner = GroupPlanner(freeBlocks: 7, spares: 1, options: options)
        for _ in 0..<4 {
            let fits = planner.add(recordBytes: 6000)
            #expect(fits)
        }
        #expect(planner.groups.map(\.segment) == [0, 0, 1, 1])
        let full = planner
        let fits1 = planner.add(recordBytes: 6000)
        #expect(!fits1)
        #expect(planner == full)
        planner.spareAdded()
        let fits2 = planner.add(recordBytes: 6000)
        #expect(fits2)
        #expect(planner.groups.last?.segment == 2)
    }

    @Test("gives each group a block for identifiers, and more for many records")
    func identifiers() {
        var planner = GroupPlanner(freeBlocks: 7, spares: 0, options: options)
        for _ in 0..<101 {
            let fits = planner.add(recordBytes: 50)
            #expect(fits)
        }
        #expect(planner.groups.count == 1)
        #expect(planner.groups[0].blocks == 4)
    }

    @Test("finds room for a frame without records, once")
    func frame() {
        var planner = GroupPlanner(freeBlocks: 2, spares: 0, options: options)
        let fits3 = planner.addFrame()
        #expect(fits3)
        let fits4 = planner.addFrame()
        #expect(fits4)
        #expect(planner.groups.count == 1 && planner.freeBlocks == 0)
        let fits5 = planner.add(recordBytes: 5000)
        #expect(!fits5)
        let fits6 = planner.add(recordBytes: 50)
        #expect(fits6)
    }
}

@Suite("The terms of a log that is not kept in memory")
struct LogTermsTests {
    @Test("follow appends, truncations and trimming")
    func terms() {
        var terms = LogTerms(startingAfter: .zero)
        for (index, term) in [(1, 1), (2, 1), (3, 2), (4, 5), (5, 5)] as [(UInt64, UInt64)] {
            terms.append(EntryID(index, term))
        }
        #expect(terms.last == EntryID(5, 5))
        terms.forget(before: EntryID(2, 0).index)
        let before7 = terms.truncate(from: EntryID(4, 0).index)
        #expect(before7 == EntryID(3, 2))
        terms.append(EntryID(4, 6))
        let before8 = terms.truncate(from: EntryID(3, 0).index)
        #expect(before8 == EntryID(2, 1))
        #expect(terms.first == EntryID(2, 0).index)
        terms.forget(before: EntryID(99, 0).index)
        #expect(terms.last == EntryID(2, 1) && terms.first == terms.lastIndex)
    }
}
