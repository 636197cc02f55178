internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    private static let dayParameters = [
        QueryParameter(
            "from", .text(.day), "The first day, of UTC; 29 days before the last by default."),
        QueryParameter("to", .text(.day), "The last day, which is included; today by default."),
    ]

    static let usage: [Route] = [
        Route(
            "getUsage", "GET", "/v1/usage", gate: .permission(.usageRead),
            query: [
                QueryParameter(
                    "by", .text(.oneOf(["key", "user", "day"])), required: true,
                    "What is told for itself.")
            ] + dayParameters + [
                QueryParameter("key_id", .text(.objectID("key")), "Only of this key."),
                QueryParameter("user_id", .text(.objectID("usr")), "Only of this user."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of usage.", .page(.usage))],
            summary: "How many requests were let through, by key, user or day.",
            handler: .read(stale: true) { call, caller, view, world in
                try listUsage(call, caller, view, world)
            }),
        Route(
            "getOwnUsage", "GET", "/v1/usage/self", gate: .anyCredential,
            query: dayParameters + [.limit, .cursor],
            answers: [Answer(200, "A page of days.", .page(.usage))],
            summary: "The calling user's own requests by day, or the calling key's.",
            handler: .read(stale: true) { call, caller, view, world in
                let own = caller.key.map { UsageSubject(.key, $0.id.bits) }
                let subject = own ?? UsageSubject(.user, caller.user.id.bits)
                return try days(of: subject, call, caller, view, world)
            }),
    ]

    private static func listUsage(
        _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        guard case .success(let codec) = world.tokenCodec else { return .failure(.noLeader) }
        let key = call.query["key_id"].map { codec.readKeyID($0) }
        let user = call.query["user_id"].map { ObjectText.read($0, as: UserID.self) }
        switch (call.query["by"], key, user) {
        case (_, _?, _?): return .failure(.invalid("key_id or user_id, not both"))
        case ("key", _, _?): return .failure(.invalid("user_id: with by=user or by=day"))
        case ("user", _?, _): return .failure(.invalid("key_id: with by=key or by=day"))
        case (_, .some(nil), nil), (_, nil, .some(nil)):
            // Nobody has this id.
            return .success(.json(Objects.page([], next: nil)))
        case ("day", _, _):
            let subject =
                key.flatMap { $0 }.map { UsageSubject(.key, $0.bits) }
                ?? user.flatMap { $0 }.map { UsageSubject(.user, $0.bits) }
                ?? UsageSubject(.tenant, caller.tenant.bits)
            return try days(of: subject, call, caller, view, world)
        case (let kind, .some(let id?), nil):
            return try total(UsageSubject(.key, id.bits), kind, codec, call, caller, view)
        case (let kind, nil, .some(let id?)):
            return try total(UsageSubject(.user, id.bits), kind, codec, call, caller, view)
        case (let kind, nil, nil):
            return try subjects(kind == "key" ? .key : .user, codec, call, caller, view, world)
        }
    }

    /// Every key or user with its sum.
    private static func subjects(
        _ kind: UsageSubject.Kind, _ codec: TokenCodec, _ call: Call, _ caller: Caller,
        _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        try span(call, view).flatMapTrying { span in
            try page(call, caller, world, filters: span.filters + ["\(kind)"]) { after, limit in
                try Listing.usage(
                    caller.tenant, by: kind, in: span.days, after: after, limit: limit,
                    view.tables)
            } show: { usage in
                Objects.usage(of: usage.subject, usage.count, codec)
            }
        }
    }

    /// One key or user with its sum; nothing where there is none.
    private static func total(
        _ subject: UsageSubject, _ kind: String?, _ codec: TokenCodec, _ call: Call,
        _ caller: Caller, _ view: StateView
    ) throws -> Result<Reply, ServiceFailure> {
        try span(call, view).flatMapTrying { span in
            let days = try Listing.usage(
                of: subject, caller.tenant, in: span.days, limit: Limits.pageRows, view.tables)
            let sum = days.items.reduce(UInt64(0)) { sum, day in
                let (sum, isTooMuch) = sum.addingReportingOverflow(day.count)
                return isTooMuch ? .max : sum
            }
            let items = sum == 0 ? [] : [Objects.usage(of: subject, sum, codec)]
            return .success(.json(Objects.page(items, next: nil)))
        }
    }

    private static func days(
        of subject: UsageSubject, _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        try span(call, view).flatMapTrying { span in
            let filters = span.filters + ["\(subject.kind)", "\(subject.bits)"]
            return try page(call, caller, world, filters: filters) { after, limit in
                try Listing.usage(
                    of: subject, caller.tenant, in: span.days, after: after, limit: limit,
                    view.tables)
            } show: { usage in
                .object([
                    "day": .string(DayText.show(usage.day)), "requests": .unsigned(usage.count),
                ])
            }
        }
    }

    /// The days that are asked for.
    private struct Span {
        let days: ClosedRange<UInt32>
        /// What a cursor is bound to: days by default are others tomorrow, which is no harm.
        let filters: [String]
    }

    private static func span(_ call: Call, _ view: StateView) -> Result<Span, ServiceFailure> {
        let today = UsagePeriod.day(of: view.meta.lastStamp)
        let last = call.query["to"].flatMap { DayText.read($0) } ?? today
        let first = call.query["from"].flatMap { DayText.read($0) } ?? (last < 29 ? 0 : last - 29)
        guard first <= last else { return .failure(.invalid("from: after to")) }
        return .success(
            Span(
                days: first...last,
                filters: [call.query["from"] ?? "", call.query["to"] ?? ""]))
    }
}

extension Result where Failure == ServiceFailure {
    fileprivate func flatMapTrying<New>(
        _ body: (Success) throws -> Result<New, Failure>
    ) throws -> Result<New, Failure> {
        switch self {
        case .success(let value): try body(value)
        case .failure(let failure): .failure(failure)
        }
    }
}

extension Objects {
    /// What a key or a user was counted for.
    static func usage(
        of subject: UsageSubject, _ count: UInt64, _ codec: TokenCodec
    ) -> JSONValue {
        let member: JSONMember =
            switch subject.kind {
            case .key: JSONMember("key_id", .string(codec.show(KeyID(bits: subject.bits))))
            case .user:
                JSONMember("user_id", .string(ObjectText.show(UserID(bits: subject.bits))))
            case .tenant: preconditionFailure("a list of tenants")
            }
        return .object([member, JSONMember("requests", .unsigned(count))])
    }
}

/// A day as the API spells it: `2026-11-23`.
enum DayText {
    static func show(_ day: UInt32) -> String {
        let (year, month, ofMonth) = UsagePeriod.civil(ofDay: day)
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(ofMonth, 2))"
    }

    /// Days since the Unix epoch; nil for what is no day since then. One behind the end of its
    /// month is the month's last.
    static func read(_ text: String) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2] else { return nil }
        var numbers: [UInt32] = []
        for part in parts {
            guard part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                return nil
            }
            numbers.append(part.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) })
        }
        guard numbers[0] >= 1970, (1...12).contains(numbers[1]), (1...31).contains(numbers[2])
        else { return nil }
        let first = UsagePeriod.day(year: numbers[0], month: numbers[1])
        return min(first + numbers[2] - 1, UsagePeriod.month(ofDay: first).endDay - 1)
    }

    private static func pad(_ number: UInt32, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension TextRule {
    /// A day of UTC.
    static let day = TextRule(
        10...10, pattern: "^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        example: "2026-11-23", isSatisfied: { DayText.read($0) != nil })

    /// A quota.
    static let quota = TextRule(
        0...40,
        pattern: {
            let count = "[1-9][0-9]{0,11}"
            return "^(\(count)/day(,\(count)/month)?|\(count)/month(,\(count)/day)?)?$"
        }(), example: "10000/day,1000000/month"
    ) { text in text.isEmpty || Quota(text) != nil }
}

extension Schema {
    static let usage = Schema.object(
        ObjectSchema(
            "Usage",
            [
                Property("key_id", .text(.objectID("key")), required: false, "With by=key."),
                Property("user_id", .text(.objectID("usr")), required: false, "With by=user."),
                Property("day", .text(.day), required: false, "With by=day."),
                Property(
                    "requests", .integer(0...UInt64(Int64.max)),
                    "Let through, or refused for lack of a permission (403)."),
            ]))
}
