import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService

@Suite("Uses of sessions on their way into the log (security §3.4)")
struct UseGatheringTests {
    private static let start = Timestamp(milliseconds: 1_790_000_000_000)

    private func touch(_ number: UInt64, seconds: UInt64 = 0) -> SessionTouch {
        SessionTouch(
            session: SessionID(number: CredentialNumber(number), nonce: 1),
            lastSeen: Self.start.advanced(milliseconds: seconds * 1_000), uses: 1)
    }

    private func end(_ minutes: UInt64) -> Timestamp {
        Self.start.advanced(milliseconds: minutes * 60_000)
    }

    private func batch(
        _ uses: inout UseGathering, idleEnd: (SessionID) -> Timestamp?
    ) -> [SessionTouch]? {
        let operation = UseGathering.sessionBatch(locked: { $0(&uses) }, idleEnd: idleEnd)
        guard case .touchSessions(let body)? = operation else { return nil }
        return body.touches
    }

    @Test("1,000,000 sessions in use take bounded memory, and one batch in each turn")
    func million() throws {
        var uses = UseGathering()
        // Each is used twice, and ends within the next half hour.
        for round in 0..<2 as Range<UInt64> {
            for number in 1...1_000_000 as ClosedRange<UInt64> {
                uses.add(touch(number, seconds: round), idleEnd: end(1 + number % 30))
            }
        }
        #expect(uses.count == UseGathering.usesMax)
        #expect(uses.dropped > 0)
        var told: Set<UInt64> = []
        for _ in 0..<50 {
            let batch = try #require(batch(&uses) { end(1 + $0.number.rawValue % 30) })
            #expect(batch.count == Limits.touchBatch)
            // What ends first goes first: there are 33,333 of each minute.
            #expect(batch.allSatisfy { $0.session.number.rawValue % 30 <= 1 })
            told.formUnion(batch.map(\.session.number.rawValue))
        }
        #expect(told.count == 50 * Limits.touchBatch, "each once")
    }

    @Test("Uses of one session are summed up, and go out in the order of the rows")
    func sums() throws {
        var uses = UseGathering()
        for number in [5, 3, 9, 3, 3] as [UInt64] {
            uses.add(touch(number, seconds: number), idleEnd: end(30))
        }
        uses.add(touch(9, seconds: 1), idleEnd: end(30))
        let batch = try #require(batch(&uses) { _ in end(30) })
        #expect(batch.map(\.session.number.rawValue) == [3, 5, 9])
        #expect(batch.map(\.uses) == [3, 1, 2])
        #expect(batch[2].lastSeen == touch(9, seconds: 9).lastSeen, "the last use counts")
        #expect(self.batch(&uses) { _ in end(30) } == nil)
    }

    @Test("What can wait longest gives way to what cannot")
    func givesWay() {
        var uses = UseGathering(usesMax: 3)
        for number in 1...3 as ClosedRange<UInt64> { uses.add(touch(number), idleEnd: end(20)) }
        uses.add(touch(4), idleEnd: end(20))
        uses.add(touch(5), idleEnd: end(25))
        #expect(uses.dropped == 2)
        uses.add(touch(6), idleEnd: end(10))
        #expect(uses.dropped == 3 && uses.count == 3)
        let numbers = batch(&uses) { _ in end(10) }?.map(\.session.number.rawValue)
        #expect(numbers == [1, 2, 6])
    }

    @Test("What another node has told of meanwhile waits, and what has ended is forgotten")
    func deferred() throws {
        var uses = UseGathering()
        for number in 1...2_500 as ClosedRange<UInt64> { uses.add(touch(number), idleEnd: end(5)) }
        // Of the first 1,500 another node has told; the next 100 have ended.
        func now(_ id: SessionID) -> Timestamp? {
            switch id.number.rawValue {
            case 1...1_500: end(35)
            case 1_501...1_600: nil
            default: end(5)
            }
        }
        let first = try #require(batch(&uses, idleEnd: now))
        #expect(first.count == 900 + 100, "what there is room for goes with them")
        #expect(first.filter { $0.session.number.rawValue > 1_600 }.count == 900)
        #expect(uses.count == 1_400)
        let second = try #require(batch(&uses, idleEnd: now))
        #expect(second.count == 1_000)
        #expect(second.allSatisfy { (1...1_500).contains($0.session.number.rawValue) })
    }

    @Test("No session that is used idles out, though three nodes share one entry a second for all")
    func nobodyIdlesOut() throws {
        // A hundredth of so many sessions, in batches of a hundredth. Quotas press all the time,
        // and there is always a batch of keys.
        let idle: UInt64 = 30 * 60_000
        let count: UInt64 = 1_000_000 / 100
        var nodes = [UseGathering](repeating: UseGathering(batchMax: 10), count: 3)
        var turns = [TellingTurns](repeating: TellingTurns(), count: 3)
        var told: [TellingTurns.Kind: Int] = [:]
        var ends = [Timestamp](repeating: Self.start.advanced(milliseconds: idle), count: 10_001)
        for second in 0..<4_000 as Range<UInt64> {
            let now = Self.start.advanced(milliseconds: second * 1_000)
            // Each is used once in a minute, on one node or another.
            for number in 1...count where number % 60 == second % 60 {
                try #require(now < ends[Int(number)], "session \(number) idles out")
                nodes[Int((number / 60 + second / 60) % 3)].add(
                    touch(number, seconds: second), idleEnd: ends[Int(number)])
            }
            var left = 10
            let turn = Int(second % 3)
            let next = turns[turn].next(
                at: SteadyTime(nanoseconds: second * 1_000_000_000), nodes: 3,
                needs: .init(sessions: nodes[turn].sessionNeed, keys: .full, usage: .pressing))
            let kind = try #require(next)
            told[kind, default: 0] += 1
            guard kind == .sessions else { continue }
            while left > 0 {
                let taken = nodes[turn].takeSessions(atMost: left)
                guard !taken.isEmpty else { break }
                for use in taken {
                    let number = Int(use.touch.session.number.rawValue)
                    if ends[number].rawValue / 60_000 > use.minute {
                        nodes[turn].add(use.touch, idleEnd: ends[number])
                    } else {
                        ends[number] = use.touch.lastSeen.advanced(milliseconds: idle)
                        left -= 1
                    }
                }
            }
        }
        #expect(told[.usage, default: 0] > 4_000 / 8)
        #expect(told[.keys, default: 0] > 4_000 / 16)
    }

    @Test("A batch of keys, in the order of their rows")
    func keys() throws {
        var uses = UseGathering(batchMax: 2)
        #expect(uses.keyBatch() == nil && uses.keyNeed == .none)
        func touch(_ number: UInt64) -> KeyTouch {
            KeyTouch(
                key: KeyID(number: CredentialNumber(number), nonce: 1), lastUsed: Self.start,
                address: .empty)
        }
        uses.add(touch(7))
        #expect(uses.keyNeed == .patient)
        for number in [3, 5, 7] as [UInt64] { uses.add(touch(number)) }
        #expect(uses.keyNeed == .full && uses.sessionNeed == .none)
        #expect(uses.keyBatch() == .touchKeys(.init(touches: [touch(3), touch(5)])))
        // Those that were told of just now come again, and do not keep the others out.
        for number in [3, 5] as [UInt64] { uses.add(touch(number)) }
        #expect(uses.keyBatch() == .touchKeys(.init(touches: [touch(3), touch(7)])))
        #expect(uses.keyBatch() == .touchKeys(.init(touches: [touch(5)])))
        #expect(uses.keyBatch() == nil)
    }
}
