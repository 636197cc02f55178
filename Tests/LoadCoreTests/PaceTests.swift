import LoadCore
import Testing

@Suite("The pace of an open loop") struct PaceTests {
    @Test("means to send the n-th request n / rate after the beginning, without drift")
    func exact() {
        var pace = Pace(begin: moment(0), ratePerSecond: 3, lane: 0, of: 1)
        let end = moment(86_400_000)
        var taken: [Moment] = []
        while let due = pace.take(at: end), taken.count < 3 * 86_400 { taken.append(due) }
        #expect(taken[1].nanoseconds - taken[0].nanoseconds == 333_333_333)
        #expect(taken[3] == moment(1_000))
        #expect(taken.last == Moment(nanoseconds: moment(86_400_000).nanoseconds - 333_333_334))
    }

    @Test("gives nothing before its moment, and all that is due after a pause")
    func waits() {
        var pace = Pace(begin: moment(0), ratePerSecond: 100, lane: 0, of: 1)
        #expect(pace.take(at: moment(0)) == moment(0))
        #expect(pace.take(at: moment(9)) == nil)
        #expect(pace.next == moment(10))
        var due = 0
        while pace.take(at: moment(100)) != nil { due += 1 }
        #expect(due == 10)
    }

    @Test("is shared by lanes without a gap and without doubles")
    func shared() {
        var lanes = (0..<3).map { Pace(begin: moment(0), ratePerSecond: 7, lane: $0, of: 3) }
        var one = Pace(begin: moment(0), ratePerSecond: 7, lane: 0, of: 1)
        var (together, alone): ([Moment], [Moment]) = ([], [])
        for index in lanes.indices {
            while let due = lanes[index].take(at: moment(9_999)) { together.append(due) }
        }
        while let due = one.take(at: moment(9_999)) { alone.append(due) }
        #expect(together.sorted() == alone)
    }

    @Test("holds at the highest rate to the end of the longest load")
    func bounds() {
        let rate = LoadPlan.ratesAllowed.upperBound
        let pace = Pace(begin: moment(0), ratePerSecond: rate, lane: 63, of: 64)
        #expect(pace.next == Moment(nanoseconds: moment(0).nanoseconds + 63_000))
    }
}

@Suite("Times as operators write them") struct TimeSpanTests {
    @Test(
        "are numbers with a unit, or seconds",
        arguments: [
            ("30", UInt64(30_000)), ("30s", 30_000), ("500ms", 500), ("5m", 300_000),
            ("1h", 3_600_000), ("0", 0), ("604800", 604_800_000),
        ])
    func reads(_ text: String, _ milliseconds: UInt64) {
        #expect(TimeSpan(parsing: text)?.milliseconds == milliseconds)
    }

    @Test(
        "are nothing else",
        arguments: [
            "", "s", "-1", "1.5s", "1 s", "1d", "1S", "99999999999999999999", "604801",
            "18446744073709551615h",
        ])
    func refuses(_ text: String) { #expect(TimeSpan(parsing: text) == nil) }

    @Test("say themselves in seconds")
    func says() {
        #expect(TimeSpan(milliseconds: 30_000).description == "30 s")
        #expect(TimeSpan(milliseconds: 1_500).description == "1.5 s")
        #expect(TimeSpan(milliseconds: 1_025).description == "1.025 s")
    }
}

@Suite("A bounded queue") struct BoundedQueueTests {
    @Test("gives in the order of coming, over many turns")
    func ordered() {
        var queue = BoundedQueue<Int>(capacity: 50)
        var (next, given) = (0, 0)
        for _ in 0..<500 {
            for _ in 0..<7 where queue.append(next) { next += 1 }
            for _ in 0..<5 {
                guard let first = queue.popFirst() else { continue }
                #expect(first == given)
                given += 1
            }
            #expect(queue.count == next - given)
        }
    }

    @Test("takes no more than its capacity")
    func bounded() {
        var queue = BoundedQueue<Int>(capacity: 2)
        #expect((1...3).map { queue.append($0) } == [true, true, false])
        #expect(queue.popFirst() == 1)
        #expect((4...5).map { queue.append($0) } == [true, false])
        #expect(queue.count == 2)
    }

    @Test("loses those that are taken out of it, and no other")
    func removes() {
        var queue = BoundedQueue<Int>(capacity: 10)
        for number in 0..<6 { queue.append(number) }
        #expect(queue.popFirst() == 0)
        queue.removeAll { $0 % 2 == 0 }
        #expect(
            [queue.popFirst(), queue.popFirst(), queue.popFirst(), queue.popFirst()]
                == [1, 3, 5, nil])
    }
}
