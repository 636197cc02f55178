import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("Quotas and usage (docs/decisions/0013-quotas-are-counted-in-the-log.md)")
struct UsageTests {
    private let key = UsageSubject(.key, 7)
    private let user = UsageSubject(.user, 8)
    private let day = UsagePeriod.day(of: House.start)

    private func use(
        _ subject: UsageSubject, _ count: UInt32, day: UInt32? = nil
    ) -> Usage { Usage(tenant: .platform, subject: subject, day: day ?? self.day, count: count) }

    private func add(
        _ house: inout House, _ sequence: UInt64, _ uses: [Usage], by actor: Actor = .node
    ) throws -> Outcome {
        try house.apply(.addUsage(.init(sequence: sequence, uses: uses)), by: actor)
    }

    private func recorded(
        _ house: House, _ subject: UsageSubject, _ period: UsagePeriod? = nil
    ) throws -> UInt64 {
        try recordedUsage(of: subject, in: .platform, period ?? .day(day), house.tables)
    }

    @Test("A quota is spelt with days, months or both, each once")
    func spelling() {
        #expect(Quota("10000/day")?.day == 10_000)
        #expect(Quota("1000000/month")?.month == 1_000_000)
        #expect(Quota("1000000/month,10000/day")?.description == "10000/day,1000000/month")
        #expect(Quota("999999999999/day")?.day == Quota.countMax)
        for wrong in [
            "", "0/day", "01/day", "1/hour", "1/day,2/day", "1/day,", ",1/day", "1", "/day",
            "1000000000000/day", "1/day,1/month,1/day", "-1/day", "1 /day",
        ] {
            #expect(Quota(wrong) == nil, "\(wrong)")
        }
        #expect(Quota(stored: .empty) == .none)
        let both = Quota("5/day,90/month")
        #expect(both?.raised(to: Quota("7/day") ?? .none).description == "7/day,90/month")
    }

    @Test("Months and days are those of the calendar, leap days included")
    func calendar() {
        #expect(UsagePeriod.civil(ofDay: 0) == (1970, 1, 1))
        #expect(UsagePeriod.civil(ofDay: 19_782) == (2024, 2, 29))
        #expect(UsagePeriod.day(year: 2024, month: 2, day: 29) == 19_782)
        #expect(UsagePeriod.month(ofDay: 19_782).endDay == 19_783)
        var month = UsagePeriod.month(ofDay: 0)
        var last: (year: UInt32, month: UInt32, day: UInt32) = (1969, 12, 31)
        for day in 0..<(60 * 366) as Range<UInt32> {
            let (year, number, ofMonth) = UsagePeriod.civil(ofDay: day)
            #expect(UsagePeriod.day(year: year, month: number, day: ofMonth) == day)
            if ofMonth == 1 {
                month = .month(ofDay: day)
                #expect(number == last.month % 12 + 1)
                #expect(last.day >= 28)
            } else {
                #expect((last.year, last.month, last.day + 1) == (year, number, ofMonth))
            }
            #expect(UsagePeriod.month(ofDay: day) == month)
            #expect(month.endDay > day && month.endDay <= day + 31)
            last = (year, number, ofMonth)
        }
    }

    @Test("Counts add up by day and month, for each subject")
    func adds() throws {
        var house = try House.open()
        #expect(try add(&house, 1, [use(key, 3), use(user, 4)]).result == .done)
        #expect(try add(&house, 2, [use(key, 5), use(key, 2, day: day - 1)]).result == .done)
        #expect(try recorded(house, key) == 8)
        #expect(try recorded(house, key, .day(day - 1)) == 2)
        #expect(try recorded(house, key, .month(ofDay: day)) == 10)
        #expect(try recorded(house, user) == 4)
        #expect(try UsageCountRow.read(house.tables).rows == 5)
        let other = TenantID(bits: 5)
        #expect(
            try recordedUsage(of: key, in: other, .day(day), house.tables) == 0)
    }

    @Test("A batch that is told again counts once, and so does what a process that is gone told")
    func onceOnly() throws {
        var house = try House.open()
        for _ in 0..<3 { #expect(try add(&house, 1, [use(key, 3)]).result == .done) }
        #expect(try recorded(house, key) == 3)
        _ = try add(&house, 2, [use(key, 1)])
        _ = try add(&house, 1, [use(key, 3)])
        #expect(try recorded(house, key) == 4)
        // Another node, and another process of the first, count for themselves.
        let command = Command(
            .addUsage(.init(sequence: 1, uses: [use(key, 10)])),
            header: CommandHeader(actor: .node)
        ).encoded()
        for (node, run) in [(2, 1), (1, 78), (1, 77)] as [(UInt64, UInt64)] {
            let id = ProposalID(node: NodeID(node), run: run, counter: 900)
            _ = try house.apply(id, oldestPending: 900, command)
        }
        // What comes late from the first process is forgotten: at most a batch.
        #expect(try recorded(house, key) == 24)
    }

    @Test("Only nodes tell of usage, and nothing of days to come or long over is taken")
    func refuses() throws {
        var house = try House.open()
        let refused = try add(&house, 1, [use(key, 3)], by: house.admin)
        #expect(refused.refusal == .insufficientPermissions)
        let outside = [day + 1, day - Limits.usageDays, .max, 0]
        _ = try add(&house, 1, outside.map { use(key, 3, day: $0) } + [use(user, 0)])
        #expect(try UsageCountRow.read(house.tables).rows == 0)
        _ = try add(&house, 2, [use(key, 3, day: day - Limits.usageDays + 1)])
        #expect(try UsageCountRow.read(house.tables).rows == 2)
    }

    @Test("A count that would overflow stays at the most that there is")
    func saturates() throws {
        var house = try House.open()
        try UsageRow(tenant: .platform, subject: key, period: .day(day), count: .max - 1)
            .put(house.tables)
        _ = try add(&house, 1, [use(key, 3)])
        #expect(try recorded(house, key) == .max)
    }

    @Test("Counts go 400 days after their day or month is over, in bounded steps")
    func sweeps() throws {
        var house = try House.open()
        let users = (0..<5).map { UsageSubject(.user, $0) }
        _ = try add(&house, 1, users.map { use($0, 1) })
        house.now = Timestamp(milliseconds: UInt64(day + 402) * 86_400_000)
        _ = try house.apply(.sweep(.init(limit: 3)), by: .node)
        #expect(try UsageCountRow.read(house.tables).rows == 7)
        _ = try house.apply(.sweep(.init(limit: 3)), by: .node)
        #expect(try UsageCountRow.read(house.tables).rows == 5, "months are kept")
        #expect(try recorded(house, users[0], .month(ofDay: day)) == 1)
        house.now = Timestamp(milliseconds: UInt64(day + 440) * 86_400_000)
        _ = try house.apply(.sweep(.init(limit: 100)), by: .node)
        #expect(try UsageCountRow.read(house.tables).rows == 0)
        var left = 0
        for table in [Table.usage, .usageLists] {
            try house.tables.scan(table, from: [], upTo: nil) { _, _ in
                left += 1
                return true
            }
        }
        #expect(left == 2, "the count, and who has told")
    }

    @Test("When there are too many, days that are over give way, and what still counts does not")
    func fullTable() throws {
        var house = try House.open()
        _ = try add(&house, 1, [use(user, 1, day: day - 40)])
        try UsageCountRow(rows: Limits.usageRows).put(house.tables)
        _ = try add(&house, 2, [use(key, 1)])
        #expect(try recorded(house, user, .day(day - 40)) == 0)
        #expect(try recorded(house, user, .month(ofDay: day - 40)) == 0)
        #expect(try recorded(house, key) == 1)
        #expect(try recorded(house, key, .month(ofDay: day)) == 1)
        #expect(try UsageCountRow.read(house.tables).rows == Limits.usageRows)
        // Nothing old is left: a new subject is not counted, a known one is.
        _ = try add(&house, 3, [use(UsageSubject(.key, 99), 1), use(key, 1)])
        #expect(try recorded(house, UsageSubject(.key, 99)) == 0)
        #expect(try recorded(house, key) == 2)
    }

    @Test("Lists add up the days that are asked for, in pages, and see their own tenant only")
    func lists() throws {
        var house = try House.open()
        let users = (1...7).map { UsageSubject(.user, $0) }
        _ = try add(
            &house, 1,
            users.map { use($0, UInt32($0.bits)) }
                + users.map { use($0, 100, day: day - 5) } + [use(key, 1)])
        var seen: [SubjectUsage] = []
        var cursor: [UInt8]?
        repeat {
            let page = try Listing.usage(
                .platform, by: .user, in: day - 1...day, after: cursor, limit: 3, house.tables)
            seen += page.items
            #expect(page.items.count <= 3)
            cursor = page.next
        } while cursor != nil
        #expect(seen.map(\.count) == [1, 2, 3, 4, 5, 6, 7])
        let all = try Listing.usage(
            .platform, by: .user, in: 0...day, limit: 100, house.tables)
        #expect(all.items.map(\.count) == [101, 102, 103, 104, 105, 106, 107])
        #expect(all.next == nil)
        let none = try Listing.usage(
            TenantID(bits: 5), by: .user, in: 0...day, limit: 100, house.tables)
        #expect(none.items.isEmpty)
        let days = try Listing.usage(
            of: users[2], .platform, in: 0...day, limit: 1, house.tables)
        #expect(days.items.map(\.count) == [100])
        let rest = try Listing.usage(
            of: users[2], .platform, in: 0...day, after: days.next, limit: 5, house.tables)
        #expect(rest.items == [DayUsage(day: day, count: 3)])
        #expect(rest.next == nil)
    }

    @Test("Roles, users, keys and tenants keep their quotas, and the highest of all roles counts")
    func fields() throws {
        var house = try House.open()
        for (name, quota, inherits) in [
            ("low", "5/day", []), ("base", "9/day,50/month", []), ("high", "", ["base"]),
        ] as [(String, String, [String])] {
            var body = Command.PutRole(
                name: role(name), permissions: [], inherits: inherits.map(role))
            body.quota = Text(quota)
            #expect(try house.apply(.putRole(body), by: house.admin).refusal == nil)
        }
        let id = try house.makeUser(9, ["low", "high"])
        let row = try #require(try UserRow.read(.platform, id, house.tables))
        let held = try EffectivePermissions.resolve(row, house.tables)
        #expect(held.quota.description == "9/day,50/month")
        var change = Command.UpdateUser(id: id)
        change.quota = "3/day"
        let changed = try house.apply(.updateUser(change), by: house.admin)
        guard case .user(let user) = changed.result else {
            Issue.record("\(changed)")
            return
        }
        #expect(user.quota == "3/day")
        #expect(try house.lastAudit()?.details.contains(.changed([.quota])) == true)
        change.quota = .empty
        _ = try house.apply(.updateUser(change), by: house.admin)
        #expect(try UserRow.read(.platform, id, house.tables)?.quota == .empty)
        var settings = Command.UpdateSettings()
        settings.quota = "1000/month"
        _ = try house.apply(.updateSettings(settings), by: house.admin)
        #expect(try SettingsRow.read(.platform, house.tables).quota == "1000/month")
        // A role that is put without one has none any more.
        _ = try house.apply(
            .putRole(.init(name: role("base"), permissions: [])), by: house.admin)
        #expect(try EffectivePermissions.resolve(row, house.tables).quota.description == "5/day")
    }
}
