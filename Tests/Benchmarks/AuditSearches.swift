import AuthCore
import ByteCodec
import StateStore

/// Searches of every kind, with what each had to look at, as a table.
struct AuditSearches {
    let machine: Machine

    private struct Search {
        let name: String
        let filter: AuditFilter
        var span = AuditSpan()
        /// How much of the trail's time is asked for: the last hundredth.
        var isOfLastDays = false
    }

    private static let pageLimit = 100
    private static let repetitions = 5

    func run() throws {
        print("")
        print("| filter | order | found | first page | rows of trail, index | all pages |")
        print("| --- | --- | --- | --- | --- | --- |")
        for search in try searches() {
            for isNewestFirst in [true, false] {
                print(try line(search, newestFirst: isNewestFirst))
            }
        }
        print("")
    }

    private func searches() throws -> [Search] {
        let frequent = AuditTrailMaker.user(0)
        let hot = AuditTarget.secret(try AuditTrailMaker.secret(0))
        let other = AuditTarget.secret(try AuditTrailMaker.secret(500))
        return [
            Search(name: "none", filter: .init()),
            Search(
                name: "actor, one row in 1,000,000", filter: .init(actor: AuditTrailMaker.rareUser)
            ),
            Search(name: "actor who does most", filter: .init(actor: frequent)),
            Search(
                name: "actor in the middle",
                filter: .init(actor: AuditTrailMaker.user(AuditTrailMaker.users / 2))),
            Search(name: "action, one row in 1,000,000", filter: .init(action: .roleDelete)),
            Search(name: "action, a quarter of all", filter: .init(action: .logIn)),
            Search(name: "target, one row in 2,000", filter: .init(target: other)),
            Search(name: "outcome denied, one row in 10,000", filter: .init(outcome: .denied)),
            Search(
                name: "target and denied", filter: .init(outcome: .denied, target: other)),
            Search(name: "actor and target", filter: .init(actor: frequent, target: hot)),
            Search(
                name: "actor of nobody", filter: .init(actor: UserID(bits: 3))),
            Search(
                name: "action and target, both frequent and never together",
                filter: .init(action: .logIn, target: hot)),
            Search(
                name: "target, of the last hundredth of the time", filter: .init(target: other),
                isOfLastDays: true),
        ]
    }

    private struct Cost {
        var items = 0
        var pages = 0
        var trail = 0
        var others = 0
        var microseconds = 0.0
    }

    private func line(_ search: Search, newestFirst: Bool) throws -> String {
        var first = Cost()
        for _ in 0..<Self.repetitions {
            let cost = try look(search, newestFirst: newestFirst, pagesMax: 1)
            if first.pages == 0 || cost.microseconds < first.microseconds { first = cost }
        }
        // As many pages as a patient reader might ask for.
        let all = try look(search, newestFirst: newestFirst, pagesMax: 2_000)
        let isWhole = all.pages < 2_000
        return "| \(search.name) | \(newestFirst ? "newest" : "oldest") | \(first.items) "
            + "| \(milliseconds(first.microseconds)) | \(first.trail), \(first.others) "
            + "| \(all.items) rows on \(all.pages) pages in \(milliseconds(all.microseconds))"
            + "\(isWhole ? "" : ", and more") |"
    }

    private func look(_ search: Search, newestFirst: Bool, pagesMax: Int) throws -> Cost {
        var cost = Cost()
        var span = search.span
        let clock = ContinuousClock()
        while cost.pages < pagesMax {
            cost.pages += 1
            let began = clock.now
            let (items, next, looks) = try machine.store.read { view in
                let rows = CountingRows(base: view, looks: .init())
                if search.isOfLastDays, cost.pages == 1 {
                    span.after = try since(view, rows)
                }
                let page = try Listing.audit(
                    .platform, in: span, newestFirst: newestFirst, limit: Self.pageLimit,
                    filter: search.filter, rows)
                return (page.items.count, page.next, rows.looks)
            }
            let spent = (clock.now - began).components
            cost.microseconds += Double(spent.attoseconds) / 1e12 + Double(spent.seconds) * 1e6
            cost.items += items
            cost.trail += looks.trail
            cost.others += looks.others
            guard let next else { break }
            if newestFirst { span.before = next } else { span.after = next }
        }
        return cost
    }

    private func since(_ view: ReadView, _ rows: some TableReader) throws -> UInt64 {
        guard let first = try AuditRow.read(view.meta.firstAudit, view) else {
            throw Mistake("an empty trail")
        }
        let age = machine.now.milliseconds(since: first.at)
        let time = first.at.advanced(milliseconds: age / 100 * 99)
        return try Listing.auditSequence(notBefore: time, rows) - 1
    }

    private func milliseconds(_ microseconds: Double) -> String {
        let hundredths = Int((microseconds / 10).rounded())
        let rest = String(hundredths % 100 + 100).dropFirst()
        return "\(hundredths / 100).\(rest) ms"
    }
}
