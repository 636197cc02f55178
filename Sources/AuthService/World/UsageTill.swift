public import AuthCore
internal import ByteCodec

/// Requests that this node let through, on their way into the log
/// (docs/decisions/0013-quotas-are-counted-in-the-log.md).
///
/// Under a quota a node lets only as many pass as its share of what the log has left, and no more
/// until the log knows of them: so what a crash forgets is bounded by a number of requests.
public struct UsageTill: Sendable {
    private struct Place: Hashable, Sendable {
        let tenant: TenantID
        let subject: UsageSubject
        let day: UInt32

        // Ids are drawn, so half of one tells nearly all apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(UInt64(truncatingIfNeeded: subject.bits ^ subject.bits >> 64))
            hasher.combine(day)
        }
    }

    private struct Entry: Sendable {
        /// Not told yet.
        var waiting: UInt32 = 0
        /// Told in the batch that is under way.
        var told: UInt32 = 0
        /// Whether it stands in each of the two queues, once.
        var isQueued = false
        var isPressing = false

        /// Counts a request; answers whether the entry was queued already, as it is then.
        mutating func countOne() -> Bool {
            waiting = waiting == .max ? .max : waiting + 1
            defer { isQueued = true }
            return isQueued
        }

        var isDone: Bool { waiting == 0 && told == 0 && !isQueued && !isPressing }
    }

    private struct Flight: Sendable {
        let batch: Command.AddUsage
        /// Whether an answer may still come; else it is to be told again.
        var isUnderWay = true
    }

    /// Places in the order in which they came.
    private struct Queue: Sendable {
        private var places: [Place] = []
        private var head = 0
        var count: Int { places.count - head }

        mutating func append(_ place: Place) { places.append(place) }

        mutating func next() -> Place? {
            guard head < places.count else { return nil }
            defer { head += 1 }
            if head > 4_096, head * 2 > places.count {
                places.removeFirst(head)
                head = 0
            }
            return places[head]
        }
    }

    /// Subjects and days that are kept.
    public static let placesMax = 250_000
    /// The least that a node may let pass before the log knows of it, where there is so much left.
    public static let allowanceMin: UInt64 = 100
    /// The part of a quota that a node may let pass so: a twentieth.
    public static let allowanceParts: UInt64 = 20

    private let placesMax: Int
    // Looked up, and summed up; the order of nothing depends on it.
    private var entries: [Place: Entry] = [:]
    private var queue = Queue()
    /// Those of which a node may not let much more pass before they are told.
    private var pressing = Queue()
    private var flight: Flight?
    private var sequence: UInt64 = 0
    /// Requests that were not counted, because too many others were.
    public private(set) var dropped: UInt64 = 0
    /// Requests that a quota refused: of keys, users and tenants.
    public private(set) var refused: [UInt64] = [0, 0, 0]

    public init(placesMax: Int = placesMax) { self.placesMax = placesMax }

    /// Subjects and days of which something is to be told.
    public var count: Int { entries.count }
    /// How much usage wants to be told: nothing before it is known what became of the last batch.
    public var need: TellingTurns.Need {
        guard flight?.isUnderWay != true else { return .none }
        if pressing.count > 0 { return .pressing }
        if flight != nil || queue.count >= Limits.usageBatch { return .full }
        return queue.count > 0 ? .patient : .none
    }

    /// How many requests a node may let pass under a quota before the log knows of them.
    public static func allowance(of limit: UInt64, recorded: UInt64, members: Int) -> UInt64 {
        let left = limit - min(limit, recorded)
        let parts = UInt64(max(1, members))
        return min((left + parts - 1) / parts, max(allowanceMin, limit / allowanceParts))
    }

    /// Counts a request for each of its subjects, if every quota has room.
    public mutating func count(_ request: Metering) -> QuotaVerdict {
        var tightest: QuotaStanding?
        for limit in request.limits {
            let own = untold(limit, request)
            let left = limit.limit - min(limit.limit, limit.recorded)
            let allowance = Self.allowance(
                of: limit.limit, recorded: limit.recorded, members: request.members)
            let place = Place(tenant: request.tenant, subject: limit.subject, day: request.day)
            let room = left - min(left, own)
            guard own < allowance, entries[place] != nil || entries.count < 2 * placesMax else {
                refused[Int(limit.subject.kind.rawValue) - 1] += 1
                press(place)
                return .refused(
                    QuotaStanding(limit: limit.limit, remaining: room),
                    seconds: room == 0 ? Self.seconds(request, until: limit.period) : 1)
            }
            if tightest.map({ room - 1 < $0.remaining }) ?? true {
                tightest = QuotaStanding(limit: limit.limit, remaining: room - 1)
            }
        }
        for subject in request.subjects {
            let place = Place(tenant: request.tenant, subject: subject, day: request.day)
            // What a quota holds for is always counted; it was refused above where it cannot be.
            guard
                entries.count < placesMax || entries[place] != nil
                    || request.limits.contains(where: { $0.subject == subject })
            else {
                dropped += 1
                continue
            }
            if !entries[place, default: Entry()].countOne() { queue.append(place) }
        }
        for limit in request.limits {
            let allowance = Self.allowance(
                of: limit.limit, recorded: limit.recorded, members: request.members)
            guard untold(limit, request) * 2 > allowance else { continue }
            press(Place(tenant: request.tenant, subject: limit.subject, day: request.day))
        }
        return .passed(tightest)
    }

    /// What is to be proposed now: the batch of which nobody knows whether it was taken, or the
    /// next one. Then nothing until one of the two below is called.
    public mutating func batch() -> Command.AddUsage? {
        if flight != nil {
            guard flight?.isUnderWay == false else { return nil }
            flight?.isUnderWay = true
            return flight?.batch
        }
        var uses: [Usage] = []
        while uses.count < Limits.usageBatch, let place = pressing.next() {
            entries[place]?.isPressing = false
            take(place, &uses)
        }
        while uses.count < Limits.usageBatch, let place = queue.next() {
            entries[place]?.isQueued = false
            take(place, &uses)
        }
        guard !uses.isEmpty else { return nil }
        sequence += 1
        let batch = Command.AddUsage(sequence: sequence, uses: uses)
        flight = Flight(batch: batch)
        return batch
    }

    /// The log has a batch, and this node's state too.
    public mutating func recorded(_ sequence: UInt64) {
        guard let flight, flight.batch.sequence == sequence else { return }
        self.flight = nil
        for use in flight.batch.uses {
            let place = Place(tenant: use.tenant, subject: use.subject, day: use.day)
            entries[place]?.told = 0
            forgetIfDone(place)
        }
    }

    /// Nobody knows whether the log has a batch: it is told again, and counts once.
    public mutating func failed(_ sequence: UInt64) {
        guard flight?.batch.sequence == sequence else { return }
        flight?.isUnderWay = false
    }

    /// What was let through of a subject in all days, and may not be in the log. For tests.
    ///
    /// Complexity: O(n).
    public func untold(of subject: UsageSubject) -> UInt64 {
        entries.reduce(0) { sum, entry in
            entry.key.subject == subject
                ? sum + UInt64(entry.value.waiting) + UInt64(entry.value.told) : sum
        }
    }

    private mutating func take(_ place: Place, _ uses: inout [Usage]) {
        guard let entry = entries[place], entry.waiting > 0 else { return forgetIfDone(place) }
        uses.append(
            Usage(
                tenant: place.tenant, subject: place.subject, day: place.day,
                count: entry.waiting))
        entries[place]?.told = entry.waiting
        entries[place]?.waiting = 0
    }

    private mutating func forgetIfDone(_ place: Place) {
        if entries[place]?.isDone == true { entries[place] = nil }
    }

    /// What this node let pass of a quota, and the log may not know.
    private func untold(_ limit: Metering.Limit, _ request: Metering) -> UInt64 {
        var sum: UInt64 = 0
        // Of a month also what is left of the days before: a batch may wait over midnight.
        for back in 0..<3 as Range<UInt32> where request.day >= back {
            let day = request.day - back
            switch limit.period {
            case .day: guard back == 0 else { continue }
            case .month: guard limit.period == .month(ofDay: day) else { continue }
            }
            let place = Place(tenant: request.tenant, subject: limit.subject, day: day)
            guard let entry = entries[place] else { continue }
            sum += UInt64(entry.waiting) + UInt64(entry.told)
        }
        return sum
    }

    private mutating func press(_ place: Place) {
        guard let entry = entries[place], entry.waiting > 0, !entry.isPressing else { return }
        entries[place]?.isPressing = true
        pressing.append(place)
    }

    private static func seconds(_ request: Metering, until period: UsagePeriod) -> UInt64 {
        max(1, (period.end.milliseconds(since: request.now) + 999) / 1_000)
    }
}
