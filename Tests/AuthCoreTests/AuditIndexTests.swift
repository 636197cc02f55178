import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("The index of the audit trail (docs/audit.md)")
struct AuditIndexTests {
    private static let tenants = [TenantID.platform, TenantID(bits: 0x7E)]
    private static let actions: [AuditAction] = [.logIn, .secretRead, .userCreate, .requestDenied]
    private static let targets: [AuditTarget] = [
        .none, .user(UserID(bits: 1)), .secret(path("app/db")), .role(role("dev")),
        .member(NodeID(2)),
    ]

    private func actor(_ number: Int) -> Actor {
        switch number {
        case 0: .node
        case 1: .anonymous
        default:
            .user(
                UserActor(
                    tenant: .platform, user: UserID(bits: UInt128(number)),
                    session: SessionID(bits: 9)))
        }
    }

    private func event(_ dice: inout Dice) -> AuditEvent {
        AuditEvent(
            tenant: dice.chance(80) ? .platform : Self.tenants[1], actor: actor(dice.below(6)),
            action: dice.pick(Self.actions), target: dice.pick(Self.targets),
            outcome: dice.chance(70) ? .success : dice.chance(50) ? .denied : .error)
    }

    /// A cluster of the first feature level.
    private func older() throws -> House {
        var house = House()
        var bootstrap = House.bootstrap
        bootstrap.featureLevel = 1
        _ = try house.apply(.bootstrap(bootstrap), by: .node)
        let member = Command.RegisterMember(
            node: NodeID(1), incarnation: Incarnation(1), url: "https://n", peer: "n:1",
            version: "1", featureLevel: StateMachine.featureLevel)
        #expect(try house.apply(.registerMember(member), by: .node).refusal == nil)
        return house
    }

    private func raise(_ house: inout House) throws {
        let level = StateMachine.featureLevel
        let outcome = try house.apply(.raiseFeatureLevel(.init(level: level)), by: .node)
        #expect(outcome.refusal == nil)
    }

    private func record(
        _ count: Int, _ house: inout House, _ event: () -> AuditEvent
    ) throws {
        var left = count
        while left > 0 {
            let batch = min(left, Limits.auditBatch)
            let events = (0..<batch).map { _ in event() }
            #expect(try house.apply(.recordAudit(.init(events: events)), by: .node).refusal == nil)
            left -= batch
        }
    }

    private func rows(_ house: House) throws -> [AuditRow] {
        try (house.meta.firstAudit..<house.meta.nextAudit).map {
            try #require(try AuditRow.read($0, house.tables))
        }
    }

    /// Every page of a search.
    private func all(
        _ tenant: TenantID, _ filter: AuditFilter, _ span: AuditSpan, newestFirst: Bool,
        limit: Int, _ reader: some TableReader
    ) throws -> [AuditRow] {
        var found: [AuditRow] = []
        var span = span
        var pages = 0
        while true {
            let page = try Listing.audit(
                tenant, in: span, newestFirst: newestFirst, limit: limit, filter: filter, reader)
            #expect(page.items.count <= limit)
            found += page.items
            guard let next = page.next else { return found }
            #expect(newestFirst ? next < span.before : next > span.after, "a page that stands")
            if newestFirst { span.before = next } else { span.after = next }
            pages += 1
            try #require(pages < 10_000)
        }
    }

    private func filter(_ dice: inout Dice) -> AuditFilter {
        var filter = AuditFilter()
        if dice.chance(50) { filter.actor = UserID(bits: UInt128(dice.below(8))) }
        if dice.chance(50) { filter.action = dice.pick(Self.actions) }
        if dice.chance(40) { filter.target = dice.pick(Self.targets) }
        if dice.chance(30) { filter.outcome = dice.pick([.success, .denied, .error]) }
        return filter
    }

    private func fits(_ row: AuditRow, _ filter: AuditFilter) -> Bool {
        if let wanted = filter.actor {
            guard case .user(let who) = row.actor, who.user == wanted else { return false }
        }
        return (filter.action ?? row.action) == row.action
            && (filter.target ?? row.target) == row.target
            && (filter.outcome ?? row.outcome) == row.outcome
    }

    /// What the index should hold, from the rows alone.
    private func expected(_ house: House) throws -> [[UInt8]: [UInt16]] {
        let extent = try AuditIndexExtent.read(house.tables)
        var index: [[UInt8]: [UInt16]] = [:]
        for row in try rows(house) where extent?.sequences.contains(row.sequence) ?? false {
            for facet in row.facets {
                let block = AuditBlock(of: row.sequence)
                let key = AuditIndexRow.key(block, facet.digest(in: row.tenant))
                index[key, default: []].append(UInt16(row.sequence % 1_024))
            }
        }
        return index
    }

    private func checkIndex(_ house: House) throws {
        let held = house.tables.rows(.auditIndex)
        let expected = try expected(house)
        #expect(held.count == expected.count)
        for row in held {
            let index = try AuditIndexRow(key: row.key, value: row.value)
            #expect(expected[row.key] == index.offsets)
        }
    }

    @Test(
        "A search finds just the rows that fit, by any filter, page and order, old rows and new",
        arguments: 1...4 as ClosedRange<UInt64>)
    func searches(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var house = try older()
        try record(dice.below(3_500), &house) { event(&dice) }
        try raise(&house)
        for _ in 0..<5 {
            try record(dice.below(1_000), &house) { event(&dice) }
            if dice.chance(40) { _ = try house.apply(.sweep(.init(limit: 1)), by: .node) }
            // So that rows of before go, some at a time.
            if dice.chance(30) { house.now = house.now.advanced(milliseconds: 31 * 86_400_000) }
            if dice.chance(30) { _ = try house.apply(.sweep(.init(limit: 100)), by: .node) }
            try checkIndex(house)
            let rows = try rows(house)
            for _ in 0..<12 {
                let (filter, tenant) = (filter(&dice), dice.pick(Self.tenants))
                let next = Int(try house.meta.nextAudit)
                let after = dice.chance(50) ? 0 : UInt64(dice.below(next))
                let span = AuditSpan(
                    after: after,
                    before: dice.chance(50) ? .max : after + 1 + UInt64(dice.below(next)))
                let wanted = rows.filter {
                    $0.tenant == tenant && fits($0, filter) && $0.sequence > span.after
                        && $0.sequence < span.before
                }
                for newestFirst in [false, true] {
                    let found = try all(
                        tenant, filter, span, newestFirst: newestFirst,
                        limit: dice.pick([1, 7, 100]), house.tables)
                    let isRight = found == (newestFirst ? wanted.reversed() : wanted)
                    #expect(isRight, "seed \(seed): \(filter) \(span) \(newestFirst)")
                }
            }
        }
    }

    /// 12,000 rows of one user, among which one of another stands every 2,000.
    private func long(_ house: inout House) throws {
        var number = 0
        try record(12_000, &house) {
            number += 1
            return AuditEvent(
                actor: actor(number % 2_000 == 0 ? 3 : 2),
                action: number % 2_000 == 1 ? .userCreate : .secretRead,
                target: .secret(path("app/\(number % 10)")), outcome: .success)
        }
    }

    @Test("What a few rows have is found by looking at little more than these")
    func looks() throws {
        var house = try House.open()
        try long(&house)
        for newestFirst in [false, true] {
            for filter in [
                AuditFilter(actor: UserID(bits: 3)), AuditFilter(action: .userCreate),
                AuditFilter(actor: UserID(bits: 2), action: .userCreate),
                AuditFilter(actor: UserID(bits: 3), action: .secretRead),
            ] {
                let reader = CountingReader(tables: house.tables)
                let page = try Listing.audit(
                    .platform, newestFirst: newestFirst, limit: 100, filter: filter, reader)
                #expect(page.items.count == 6 && page.next == nil)
                // The last block, which is not full; the six; and what the index was asked.
                #expect(reader.looks.all <= 1_024 + 6 + 2 * 2 * 12 + 4, "\(filter)")
            }
        }
        // Both are frequent, and there is no row that has both.
        let reader = CountingReader(tables: house.tables)
        let none = AuditFilter(actor: UserID(bits: 3), action: .userCreate)
        let page = try Listing.audit(.platform, limit: 100, filter: none, reader)
        #expect(
            page.items.isEmpty && page.next == nil && reader.looks.all <= 1_024 + 2 * 2 * 12 + 4)
    }

    @Test("Where no index reaches, a page looks at 10,000 rows and says where to go on")
    func withoutIndex() throws {
        var house = try older()
        try long(&house)
        #expect(house.tables.count(.auditIndex) == 0 && house.tables.count(.auditIndexExtent) == 0)
        let filter = AuditFilter(actor: UserID(bits: 3))
        let reader = CountingReader(tables: house.tables)
        let page = try Listing.audit(.platform, limit: 100, filter: filter, reader)
        #expect(page.items.count == 4 && page.next == 10_000)
        #expect(reader.looks.scanned == 1 + Listing.rowsLookedAt + 1)
        #expect(
            try all(.platform, filter, .init(), newestFirst: true, limit: 100, house.tables).count
                == 6)
    }

    @Test("Sweeps take what there was before level 2 in, a block at a time, the newest first")
    func backwards() throws {
        var house = try older()
        try long(&house)
        try raise(&house)
        try record(1_024, &house) {
            AuditEvent(actor: .node, action: .secretRead, outcome: .success)
        }
        let first = try #require(try AuditIndexExtent.read(house.tables))
        #expect(first.end.number - first.begin.number == 1)
        var sweeps = 0
        var isMoreDue = true
        while isMoreDue {
            sweeps += 1
            guard
                case .swept(_, let due) = try house.apply(.sweep(.init(limit: 1_000)), by: .node)
                    .result
            else { return #expect(Bool(false)) }
            isMoreDue = due
            let begin = try #require(try AuditIndexExtent.read(house.tables)).begin.number
            #expect(begin == Int(first.begin.number) - sweeps)
        }
        #expect(sweeps == Int(first.begin.number))
        try checkIndex(house)
        let reader = CountingReader(tables: house.tables)
        let page = try Listing.audit(
            .platform, limit: 100, filter: .init(actor: UserID(bits: 3)), reader)
        #expect(page.items.count == 6 && reader.looks.all <= 1_024 + 6 + 2 * 12 + 4)
    }

    @Test("A block that has lost a row is taken in no more, however many sweeps trim it")
    func trimmed() throws {
        var house = try House.open()
        let event = AuditEvent(actor: actor(3), action: .secretRead, outcome: .success)
        try record(2_000, &house) { event }
        house.now = house.now.advanced(milliseconds: Limits.auditMilliseconds)
        try record(1_000, &house) { event }
        #expect(try AuditIndexExtent.read(house.tables)?.begin == AuditBlock(0))
        house.now = house.now.advanced(milliseconds: 1)
        for _ in 1...3 {
            _ = try house.apply(.sweep(.init(limit: 5)), by: .node)
            #expect(try AuditIndexExtent.read(house.tables)?.begin == AuditBlock(1))
            try checkIndex(house)
        }
        #expect(try house.meta.firstAudit == 16)
        let rows = try rows(house).filter { $0.action == .secretRead }
        let found = try all(
            .platform, AuditFilter(action: .secretRead), .init(), newestFirst: false, limit: 100,
            house.tables)
        #expect(found == rows)
        // At the beginning of a block it is whole, and stays in.
        while try house.meta.firstAudit < 1_024 {
            let left = UInt32(1_024 - (try house.meta.firstAudit))
            _ = try house.apply(.sweep(.init(limit: min(left, 100))), by: .node)
        }
        #expect(try house.meta.firstAudit == 1_024)
        #expect(try AuditIndexExtent.read(house.tables)?.begin == AuditBlock(1))
        _ = try house.apply(.sweep(.init(limit: 1)), by: .node)
        #expect(try AuditIndexExtent.read(house.tables)?.begin == AuditBlock(2))
        try checkIndex(house)
    }

    @Test("The entry that fills a block writes a row for each facet in it, and others none")
    func writes() throws {
        var house = try House.open()
        let event = AuditEvent(
            actor: actor(3), action: .secretRead, target: .secret(path("a")), outcome: .success)
        while try house.meta.nextAudit < 2_047 {
            try record(1, &house) { event }
        }
        let before = house.tables.count(.auditIndex)
        try record(1, &house) { event }
        // Of the actor, the action and the target.
        #expect(house.tables.count(.auditIndex) == before + 3)
        try record(1_023, &house) { event }
        #expect(house.tables.count(.auditIndex) == before + 3)
    }

    @Test("Whoever finds a row by an index row that lies looks at it, and a missing one is damage")
    func lies() throws {
        var house = try House.open()
        try long(&house)
        let facet = AuditFacet.actor(UserID(bits: 77)).digest(in: .platform)
        let lie = AuditIndexRow(block: AuditBlock(3), facet: facet, offsets: [1, 2])
        try house.tables.put(.auditIndex, lie.key, lie.value)
        let filter = AuditFilter(actor: UserID(bits: 77))
        let page = try Listing.audit(.platform, limit: 9, filter: filter, house.tables)
        #expect(page.items.isEmpty && page.next == nil)
        try house.tables.delete(.audit, Key.of(3 * 1_024 + 1))
        #expect(throws: StateDamage.self) {
            try Listing.audit(.platform, limit: 9, filter: filter, house.tables)
        }
        for value in [[], [1], [2, 5, 0], [1, 5, 0, 5, 0], [1, 6, 0, 5, 0], [1, 0, 4], [1, 5]]
            as [[UInt8]]
        {
            #expect(throws: StateDamage.self) { try AuditIndexRow(key: lie.key, value: value) }
        }
    }
}
