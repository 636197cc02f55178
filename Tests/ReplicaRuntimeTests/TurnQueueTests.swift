import Dispatch
import Foundation
import RaftCore
import Replica
import Synchronization
import Testing

@testable import ReplicaRuntime

@Suite("Whoever has something takes the turn") struct TurnQueueTests {
    /// What turns have seen.
    private struct Seen {
        /// The indexes of each turn, in order.
        var turns: [[UInt64]] = []
        var threads: [ObjectIdentifier] = []
        /// How many turns there were without anything.
        var empty = 0
    }

    /// A queue whose loop runs on a thread of its own, and what its turns see.
    private final class Bench: Sendable {
        let clock = NodeClock()
        let queue: TurnQueue
        let seen = Mutex(Seen())
        private let isInside = Atomic(false)
        private let ended = DispatchSemaphore(value: 0)

        /// - Parameter outcome: called in each turn with its indexes.
        init(
            limit: Int = 100, outcome: @escaping @Sendable (Bench, [UInt64]) -> TurnQueue.Outcome
        ) {
            queue = TurnQueue(limit: limit, clock: clock)
            queue.begin { [unowned self] batch in
                let isSecond = isInside.exchange(true, ordering: .acquiringAndReleasing)
                #expect(!isSecond, "two turns at once")
                defer { isInside.store(false, ordering: .releasing) }
                let indexes = batch.map(Bench.index)
                seen.withLock { seen in
                    if indexes.isEmpty { seen.empty += 1 } else { seen.turns.append(indexes) }
                    seen.threads.append(ObjectIdentifier(Thread.current))
                }
                return outcome(self, indexes)
            }
        }

        static func item(_ index: UInt64) -> RuntimeRequest {
            .awaitIndex(LogIndex(index), deadline: SteadyTime(nanoseconds: 0)) { _ in
                // Nobody waits.
            }
        }

        static func index(of item: RuntimeRequest) -> UInt64 {
            guard case .awaitIndex(let index, _, _) = item else { return .max }
            return index.rawValue
        }

        func startLoop() {
            Thread { [self] in
                queue.loop()
                ended.signal()
            }.start()
        }

        /// Whether the loop has come to its end.
        func awaitEnd() -> Bool { ended.wait(timeout: .now() + .seconds(60)) == .success }
    }

    private static let nothing = TurnQueue.Outcome(deadline: nil, isStopped: false)

    @Test("one at a time, each sender's items in order, and none is left behind")
    func everything() {
        let bench = Bench(limit: .max) { _, _ in Self.nothing }
        bench.startLoop()
        let (senders, each) = (4, 5_000)
        let done = DispatchGroup()
        for sender in 0..<senders {
            done.enter()
            Thread {
                for number in 0..<each {
                    let item = Bench.item(UInt64(sender * each + number))
                    if (sender + number) % 5 == 0 {
                        bench.queue.putForLoop(item)
                    } else {
                        bench.queue.put(item)
                        bench.queue.takeTurn()
                    }
                }
                done.leave()
            }.start()
        }
        #expect(done.wait(timeout: .now() + .seconds(60)) == .success)
        bench.queue.close()
        #expect(bench.awaitEnd())
        let all = bench.seen.withLock { $0.turns.flatMap { $0 } }
        #expect(all.count == senders * each)
        for sender in 0..<senders {
            let own = all.filter { Int($0) / each == sender }
            #expect(own == own.sorted())
        }
    }

    @Test("refuses what is over its limit, and everything once it is closed")
    func limit() {
        let bench = Bench(limit: 2) { _, _ in Self.nothing }
        #expect(bench.queue.put(Bench.item(1)))
        #expect(bench.queue.putForLoop(Bench.item(2)))
        #expect(!bench.queue.put(Bench.item(3)))
        #expect(!bench.queue.putForLoop(Bench.item(3)))
        #expect(bench.queue.put(Bench.item(4), evenIfFull: true))
        bench.queue.close()
        #expect(!bench.queue.put(Bench.item(5), evenIfFull: true))
        bench.queue.loop()
        #expect(bench.seen.withLock { $0.turns } == [[1, 2, 4]])
        // Behind the end there are no turns.
        bench.queue.takeTurn()
        #expect(bench.seen.withLock { $0.turns.count } == 1)
    }

    @Test("what comes during a turn is of the next one, which the loop takes")
    func duringATurn() {
        let bench = Bench { bench, indexes in
            if indexes == [1] {
                bench.queue.put(Bench.item(2))
                // Nobody waits for a turn, and none is taken inside another.
                bench.queue.takeTurn()
                bench.queue.putForLoop(Bench.item(3))
            }
            return Self.nothing
        }
        bench.queue.put(Bench.item(1))
        bench.queue.takeTurn()
        #expect(bench.seen.withLock { $0.turns } == [[1]])
        // It is the loop's, which is woken for it or awake: nobody else gets in between.
        bench.queue.takeTurn()
        #expect(bench.seen.withLock { $0.turns } == [[1]])
        bench.queue.close()
        bench.queue.loop()
        #expect(bench.seen.withLock { $0.turns } == [[1], [2, 3]])
        #expect(bench.queue.wakeUps == 0)
    }

    @Test("a thread with work of its own takes one turn, and the loop goes on")
    func borrowed() {
        let last: UInt64 = 20
        let all = DispatchSemaphore(value: 0)
        let bench = Bench { bench, indexes in
            if indexes.last == last { all.signal() }
            if let index = indexes.last, index < last { bench.queue.put(Bench.item(index + 1)) }
            return Self.nothing
        }
        bench.startLoop()
        bench.queue.put(Bench.item(1))
        bench.queue.takeTurn()
        let own = ObjectIdentifier(Thread.current)
        #expect(all.wait(timeout: .now() + .seconds(60)) == .success)
        bench.queue.close()
        #expect(bench.awaitEnd())
        let (turns, threads) = bench.seen.withLock { ($0.turns, $0.threads) }
        #expect(turns == (1...last).map { [$0] })
        // The loop may have been there first.
        #expect(threads.count(where: { $0 == own }) <= 1)
        #expect(threads.last != own)
    }

    @Test("a turn with very much in it is left to the loop")
    func large() {
        let bench = Bench(limit: .max) { _, _ in Self.nothing }
        for index in 1...2_000 { bench.queue.put(Bench.item(UInt64(index))) }
        bench.queue.takeTurn()
        #expect(bench.seen.withLock { $0.turns.isEmpty })
        bench.queue.close()
        bench.queue.loop()
        #expect(bench.seen.withLock { $0.turns.map(\.count) } == [2_000])
    }

    @Test("the loop wakes for a deadline that another thread's turn has brought nearer")
    func deadline() {
        let due = DispatchSemaphore(value: 0)
        let bench = Bench { bench, indexes in
            guard !indexes.isEmpty else {
                due.signal()
                return Self.nothing
            }
            let wait: UInt64 = indexes == [1] ? 3_600_000 : 5
            return .init(
                deadline: bench.clock.steady.advanced(milliseconds: wait), isStopped: false)
        }
        bench.startLoop()
        for index: UInt64 in [1, 2] {
            bench.queue.put(Bench.item(index))
            bench.queue.takeTurn()
        }
        #expect(due.wait(timeout: .now() + .seconds(60)) == .success)
        bench.queue.close()
        #expect(bench.awaitEnd())
        #expect(bench.seen.withLock { $0.empty } == 1)
    }

    @Test("once the replica has stopped, the loop alone takes what is left, and ends")
    func stopped() {
        let bench = Bench { bench, indexes in
            if indexes == [1] { bench.queue.put(Bench.item(2)) }
            return .init(deadline: nil, isStopped: true)
        }
        bench.queue.put(Bench.item(1))
        bench.queue.takeTurn()
        bench.queue.takeTurn()
        #expect(bench.seen.withLock { $0.turns } == [[1]])
        bench.queue.loop()
        #expect(bench.seen.withLock { $0.turns } == [[1], [2]])
        #expect(!bench.queue.put(Bench.item(3), evenIfFull: true))
    }
}
